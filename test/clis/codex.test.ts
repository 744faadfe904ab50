import { join } from 'node:path';
import { node } from '../support/child';
import { describeIf } from '../support/shared';
import { upstreams } from '../support/upstreams';
import type { Cli } from './cli';
import { codex } from './clis/codex';
import { declareContract } from './contract';
import { perform, runMs } from './perform';
import { makeHome, run } from './run';
import { type Stage, startStage } from './stage';

declareContract(codex);

// It declares a server's tools as a group, which only OpenAI knows (and there it searches for them).
describeIf(codex.program !== undefined)('Codex with an MCP server', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage();
  }, 30_000);
  afterAll(() => stage.close());

  test.each(upstreams.filter(({ model }) => !model.startsWith('gpt')))(
    'calls its tool with $model',
    async (upstream) => {
      const home = makeHome({});
      try {
        const { stdout, dropped } = await perform(stage, {
          cli: withServer,
          upstream,
          home,
          prompt: 'How deep is it?',
          script: ([result]) => (result === undefined ? [{ name: 'mcp__depth__sound', args: {} }] : `It is ${result}.`),
        });
        expect(stdout).toContain(depth);
        expect(dropped).not.toContainEqual(expect.stringMatching(/tools\[7\]/));
      } finally {
        home.remove();
      }
    },
    runMs + 20_000,
  );
});

// Its tools stand beside the search of the web. It sends a search back without its id.
describeIf(codex.program !== undefined)('Codex searches the web', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage();
  }, 30_000);
  afterAll(() => stage.close());

  test(
    'and calls its tools with what Gemini found',
    async () => {
      const home = makeHome({ 'note.txt': 'HERON-7' });
      try {
        const { stdout, turns } = await perform(stage, {
          cli: codex,
          upstream: { model: 'gemini-3.5-flash', provider: 'google' },
          home,
          prompt: 'Search the web for tidal power',
          script: (results) =>
            results.length === 0 ? [codex.tools.read(join(home.folder, 'note.txt'))] : `It says ${results[0]}`,
        });
        expect(stdout).toContain('HERON-7');
        const [first, second] = turns.map(({ body }) => body.toString());
        expect(first).toContain('"includeServerSideToolInvocations":true');
        expect(second).toMatch(/"toolCall":\{"toolType":"GOOGLE_SEARCH_WEB","args":\{"queries":\["tidal power/);
        expect(second).not.toContain('Searched the web for');
      } finally {
        home.remove();
      }
    },
    runMs + 20_000,
  );
});

// It asks for a WebSocket before its first POST, and goes on without it at once where it is told that there is none.
describeIf(codex.program !== undefined)('Codex that looks for a WebSocket', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage();
  }, 30_000);
  afterAll(() => stage.close());

  test(
    'is answered by POST, and tries no second time',
    async () => {
      const home = makeHome({});
      try {
        const [upstream] = upstreams;
        const { model } = upstream!;
        stage.simulator(upstream!).always({ script: () => 'It is all done.' });
        const task = { url: stage.url, key: stage.key, model, prompt: 'Do it', home: home.path, resumes: false };
        const { code, stdout, stderr } = await run(codex.program!, withSocket.invoke(task), home, runMs);
        expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('It is all done.') });
        expect(stdout + stderr).not.toMatch(/reconnecting/i);
        const logged = await stage.logged();
        expect(logged.map(({ status }) => status).sort()).toEqual([200, 426]);
      } finally {
        home.remove();
      }
    },
    runMs + 20_000,
  );
});

// ---

const withSocket: Cli = {
  ...codex,
  invoke(task) {
    const { files, ...rest } = codex.invoke(task);
    return { ...rest, files: { 'config.toml': `${files!['config.toml']!}supports_websockets = true\n` } };
  },
};

const depth = 'seven fathoms';

const withServer: Cli = {
  ...codex,
  invoke(task) {
    const { files, ...rest } = codex.invoke(task);
    const server = `
[mcp_servers.depth]
command = ${JSON.stringify(node)}
args = [${JSON.stringify(join(__dirname, 'mcpServer.mjs'))}]
env = {DEPTH = "${depth}"}
`;
    return { ...rest, files: { 'config.toml': files!['config.toml']! + server } };
  },
};
