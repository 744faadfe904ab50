import { describeIf } from '../support/shared';
import { claudeCode } from './clis/claudeCode';
import { declareContract } from './contract';
import { perform, runMs } from './perform';
import { makeHome } from './run';
import { searchOf } from '../simulators/webSearch';
import { startStage } from './stage';

declareContract(claudeCode);

describeIf(claudeCode.program !== undefined)('Claude Code with the name of a route', () => {
  // It lets the system speak in mid-conversation to any model it does not know; this one takes no such words.
  test(
    'is answered by an older Claude',
    async () => {
      const stage = await startStage('routes: {smart: {models: [claude-opus-4.7, gpt-5]}}\n');
      const home = makeHome({ 'note.txt': 'HERON-7' });
      try {
        const { stdout, turns, dropped } = await perform(stage, {
          cli: claudeCode,
          upstream: { model: 'smart', provider: 'anthropic' },
          home,
          prompt: 'Read note.txt',
          script: ([result]) =>
            result === undefined ? [claudeCode.tools.read(`${home.folder}/note.txt`)] : `It says ${result}`,
        });
        expect(stdout).toContain('HERON-7');
        expect(turns[0]!.body.toString()).toContain('<system>\\n# Environment');
        expect(dropped).toEqual([]);
      } finally {
        home.remove();
        await stage.close();
      }
    },
    runMs + 20_000,
  );
});

const searchers = [
  { model: 'claude-sonnet-4-6', provider: 'anthropic' },
  { model: 'gpt-5.5', provider: 'openai' },
  { model: 'gemini-3.5-flash', provider: 'google' },
] as const;

describeIf(claudeCode.program !== undefined)('Claude Code searches the web', () => {
  let stage: Awaited<ReturnType<typeof startStage>>;
  beforeAll(async () => {
    stage = await startStage();
  });
  afterAll(() => stage.close());

  // It puts the query to the model in a request of its own, whose only tool is the provider's search.
  test.each(searchers)(
    'at $provider',
    async (upstream) => {
      const home = makeHome({});
      const query = 'tidal power in Wales';
      const { pages } = searchOf('auto', `Search for ${query}`)!;
      try {
        const { stdout, turns } = await perform(stage, {
          cli: claudeCode,
          upstream,
          home,
          prompt: 'What is new?',
          script: ([result], tools) => {
            if (tools.length === 0) return undefined; // the simulator's own search
            return result === undefined ? [{ name: 'WebSearch', args: { query } }] : `It says ${result}`;
          },
          loses: upstream.provider === 'google' ? ['searchEntryPoint'] : [],
        });
        const [search, ...more] = turns.filter(({ body }) =>
          /"(?:web_search_\d|googleSearch)|"type":"web_search"/.test(body.toString()),
        );
        expect([search?.body.toString(), more]).toEqual([expect.stringContaining(query), []]);
        for (const { url } of pages) expect(stdout).toContain(url);
      } finally {
        home.remove();
      }
    },
    runMs + 20_000,
  );
});
