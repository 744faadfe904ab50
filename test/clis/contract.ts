// What every coding CLI can do through the gateway, whoever answers: a whole loop of its own tools, and a conversation that
// goes from provider to provider.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Script } from '../simulators';
import { describeIf } from '../support/shared';
import { upstreams } from '../support/upstreams';
import type { Cli } from './cli';
import { perform, runMs } from './perform';
import { makeHome } from './run';
import { type Stage, startStage } from './stage';

/** Declares the tests of one CLI. */
export function declareContract(cli: Cli): void {
  describeIf(cli.program !== undefined)(cli.name, () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await startStage();
    }, 30_000);
    afterAll(() => stage.close());

    test.each(upstreams)(
      'reads, writes and runs with $model',
      async (upstream) => {
        const [left, right] = [tokenOf('HERON'), tokenOf('OTTER')];
        const home = makeHome({ 'left.txt': left, 'right.txt': right });
        try {
          const prompt = 'Put what left.txt and right.txt hold into both.txt, and check it';
          const script = readWriteRun(cli, home.folder);
          const { stdout, turns, dropped } = await perform(stage, { cli, upstream, home, prompt, script });
          expect(stdout).toContain(`The command says ${left}+${right}.`);
          expect(readFileSync(join(home.folder, 'both.txt'), 'utf8').trim()).toBe(`${left} ${right}`);
          for (const token of [left, right]) expect(turns.at(-1)!.body.toString()).toContain(token);
          expect(dropped).toEqual([...cli.dropped(upstream.model)].sort());
        } finally {
          home.remove();
        }
      },
      runMs + 20_000,
    );

    const { look } = cli.tools;
    if (look !== undefined)
      test.each(upstreams)(
        'shows a picture to $model',
        async (upstream) => {
          const home = makeHome({ 'red.png': Buffer.from(picture, 'base64') });
          try {
            const path = join(home.folder, 'red.png');
            const script: Script = (results, given) =>
              given.length === 0 ? undefined : results.length === 0 ? [look(path)] : 'I see red.';
            const prompt = 'Look at red.png';
            const { stdout, turns } = await perform(stage, { cli, upstream, home, prompt, script });
            expect(stdout).toContain('I see red.');
            expect(turns.at(-1)!.body.toString()).toContain(picture);
          } finally {
            home.remove();
          }
        },
        runMs + 20_000,
      );

    if (cli.goesRound !== false)
      test(
        'goes on with the next provider where the last one stopped, all the way round',
        async () => {
          const willing = upstreams.filter(({ model }) => cli.refusedBy?.includes(model) !== true);
          const round = [...willing, willing[0]!];
          const tokens = round.map(() => tokenOf('HERON'));
          const home = makeHome(Object.fromEntries(tokens.map((token, i) => [`note-${i}.txt`, token])));
          try {
            for (const [i, upstream] of round.entries()) {
              const prompt = `Read note-${i}.txt`;
              const script = readOne(cli, join(home.folder, `note-${i}.txt`), tokens[i]!);
              const resumes = i > 0;
              const { stdout, turns } = await perform(stage, { cli, upstream, home, prompt, script, resumes });
              expect(stdout).toContain(`It says ${tokens[i]}.`);
              for (const token of tokens.slice(0, i + 1)) expect(turns.at(-1)!.body.toString()).toContain(token);
            }
          } finally {
            home.remove();
          }
        },
        runMs + 20_000,
      );
  });
}

// ---

/** One pixel. */
const picture = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const tokenOf = (name: string) => `${name}-${String(Math.floor(Math.random() * 1e6)).padStart(6, '0')}`;

/** Both files at once, then the third, then a command, then words; each from what the tools answered before. */
function readWriteRun({ tools }: Cli, folder: string): Script {
  return (results, given) => {
    if (given.length === 0) return undefined; // a title, or another matter beside the task
    const names = new Set(given.map(({ name }) => name));
    const path = (name: string) => join(folder, name);
    const tokens = results.flatMap((text) => text.match(/[A-Z]{5}-\d{6}/g) ?? []).sort(); // in the order they ended
    if (results.length === 0) return [tools.read(path('left.txt')), tools.read(path('right.txt'))];
    if (results.length === 1) return [tools.read(path('right.txt'))]; // one call at a time
    if (results.length === 2) return [tools.write(path('both.txt'), tokens.join(' '), names)];
    if (results.length === 3) return [tools.run(`tr ' ' + < both.txt`)];
    return `The command says ${/[A-Z]{5}-\d{6}\+[A-Z]{5}-\d{6}/.exec(results[3]!)?.[0] ?? results[3]}.`;
  };
}

function readOne({ tools }: Cli, path: string, token: string): Script {
  return (results, given) => {
    if (given.length === 0) return undefined;
    return results.some((text) => text.includes(token)) ? `It says ${token}.` : [tools.read(path)];
  };
}
