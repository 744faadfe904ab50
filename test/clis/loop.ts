// A whole tool loop through the gateway: a CLI reads two files, writes a third, and runs a command, each because the model
// asked it to, and tells what came of it. What the model does next depends on what the tools answered.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Script } from '../simulators';
import { describeIf } from '../support/shared';
import { type Upstream, upstreams } from '../support/upstreams';
import type { Cli } from './cli';
import { makeHome, run } from './run';
import { type Stage, startStage } from './stage';

/** Longest run of one CLI. */
const runMs = 90_000;

/** Declares the tests of one CLI. */
export function declareLoop(cli: Cli): void {
  describeIf(cli.program !== undefined)(cli.name, () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await startStage();
    }, 30_000);
    afterAll(() => stage.close());
    beforeEach(() => stage.reset());

    test.each(upstreams)(
      'reads, writes and runs with $model',
      async (upstream) => {
        const { model } = upstream;
        const tokens = [tokenOf('HERON'), tokenOf('OTTER')] as const;
        const home = makeHome({ 'left.txt': `${tokens[0]}\n`, 'right.txt': `${tokens[1]}\n` });
        try {
          stage.simulator(upstream).always({ script: played(cli, home.folder) });
          const task = { url: stage.url, key: stage.key, model, prompt, home: home.path, folder: home.folder };
          const ended = await run(cli.program!, cli.invoke(task), home, runMs);

          const { calls } = stage.simulator(upstream);
          const said = { code: ended.code, signal: ended.signal, all: ended.stdout + ended.stderr };
          expect(said).toEqual({ code: 0, signal: null, all: expect.any(String) });
          expect(ended.stdout).toContain(`The command says ${tokens[0]}+${tokens[1]}.`);
          expect(readFileSync(join(home.folder, 'both.txt'), 'utf8').trim()).toBe(tokens.join(' '));

          expect(calls.filter(({ status }) => status !== 200)).toEqual([]);
          const turns = calls.filter(({ body }) => body.includes('"tools"')); // the others are titles and the like
          expect(new Set(turns.map(({ path }) => path))).toEqual(new Set([pathOf(cli, upstream)]));
          for (const token of tokens) expect(turns.at(-1)!.body.toString()).toContain(token);

          const logged = await stage.logged();
          expect(logged).toHaveLength(calls.length);
          for (const line of logged)
            expect(line).toMatchObject({ path: cli.format(model), status: 200, outcome: 'ok', attempts: 1 });
          const dropped = logged.flatMap((line) => line.dropped ?? []);
          expect([...new Set(dropped)].sort()).toEqual([...cli.dropped(model)].sort());
          expect(logged.flatMap((line) => line.lost ?? [])).toEqual([]);
        } finally {
          home.remove();
        }
      },
      runMs + 20_000,
    );
  });
}

// ---

const prompt = 'Put what left.txt and right.txt hold into both.txt, and check it';

const tokenOf = (name: string) => `${name}-${String(Math.floor(Math.random() * 1e6)).padStart(6, '0')}`;

/** What the model does: both files at once, then the third, then a command, then words. */
function played({ tools }: Cli, folder: string): Script {
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

/** Where a request of the CLI has to arrive: on its own wire at its own path, else at the one that the provider prefers. */
function pathOf({ format, renames }: Cli, { model, provider, own }: Upstream): string {
  if (provider === 'anthropic') return '/v1/messages';
  if (provider === 'google') return `/v1beta/models/${renames?.[model] ?? model}:streamGenerateContent?alt=sse`;
  return own === true || format(model) === 'chat' ? '/v1/chat/completions' : '/v1/responses';
}
