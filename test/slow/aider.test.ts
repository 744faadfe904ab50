// Aider, which edits without tools: the model's words hold the edit, a command checks it, and what the command says goes back.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeHome, run } from '../clis/run';
import { type Stage, startStage } from '../clis/stage';
import { describeIf } from '../support/shared';
import { upstreams } from '../support/upstreams';
import { pythonWithPackages } from './python';

const python = pythonWithPackages('aider.requirements.txt');
const aider = join(dirname(python ?? ''), 'aider');
/** Python's packages are long in coming on a busy machine. */
const runMs = 240_000;

const apis = [
  { api: 'openai', format: 'chat' },
  { api: 'anthropic', format: 'messages' },
] as const;

describeIf(python !== undefined)('Aider', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage();
  });
  afterAll(() => stage.close());

  test.each(apis.flatMap((row) => upstreams.map((upstream) => ({ ...row, upstream, model: upstream.model }))))(
    'edits until its check passes, as a client of $api with $model',
    async ({ api, format, upstream, model }) => {
      await stage.reset();
      const home = makeHome({ 'note.txt': 'HERON\n' });
      try {
        const words = [edit('HERON', 'TERN'), edit('TERN', 'OTTER')];
        stage.simulator(upstream).always({ script: () => words.shift() ?? 'It is done.' });
        const ended = await run([aider], invocation(api, model, stage), home, runMs);
        expect({ code: ended.code, all: ended.stdout + ended.stderr }).toEqual({ code: 0, all: expect.any(String) });
        expect(readFileSync(join(home.folder, 'note.txt'), 'utf8')).toBe('OTTER\n');
        const logged = await stage.logged();
        expect(logged).toHaveLength(2);
        for (const line of logged) expect(line).toMatchObject({ path: format, status: 200, outcome: 'ok' });
        const [, second] = stage.simulator(upstream).calls;
        expect(second!.body.toString()).toContain('There is no otter.');
      } finally {
        home.remove();
      }
    },
  );
});

// ---

const edit = (from: string, to: string) => `note.txt
\`\`\`
<<<<<<< SEARCH
${from}
=======
${to}
>>>>>>> REPLACE
\`\`\`
`;

function invocation(api: string, model: string, { url, key }: Stage) {
  return {
    args: [
      ...['--model', `${api}/${model}`, '--edit-format', 'diff', '--message', 'Make it OTTER'],
      ...['--test-cmd', 'grep -q OTTER note.txt || { echo There is no otter.; exit 1; }', '--auto-test'],
      ...['--no-git', '--yes-always', '--no-auto-lint', '--no-pretty', '--no-check-update', '--analytics-disable'],
      ...['--no-show-model-warnings', '--no-show-release-notes', '--no-detect-urls', 'note.txt'],
    ],
    env: {
      OPENAI_API_BASE: `${url}/v1`,
      OPENAI_API_KEY: key,
      ANTHROPIC_API_BASE: `${url}/anthropic`,
      ANTHROPIC_API_KEY: key,
      LITELLM_LOCAL_MODEL_COST_MAP: 'True',
    },
  };
}
