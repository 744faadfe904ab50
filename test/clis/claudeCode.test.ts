import { hashKey, mintKey } from '../../config/appKey';
import { describeIf } from '../support/shared';
import { claudeCode } from './clis/claudeCode';
import { declareContract } from './contract';
import { perform, runMs } from './perform';
import { makeHome, run } from './run';
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

describeIf(claudeCode.program !== undefined)('Claude Code with a budget of which most is spent', () => {
  // It takes a token whose audience is `claude-gateway` for that of a gateway, and reads limits from nobody else's answers
  // but Anthropic's own (2.1.330).
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = `${part({ alg: 'none' })}.${part({ aud: 'claude-gateway', jti: 'f6b1e2a09c' })}.${part({})}`;
  const plain = mintKey();
  const declared = (secret: string) => `{sha256: ${hashKey(secret)}, quota: {limits: [{requests: 4, per: day}]}}`;

  test.each([
    ['warns where its key is a token of a gateway', token, ['allowed_warning', 'rejected']],
    ['does not where it is another', plain, []],
  ])(
    '%s',
    async (_, key, warnings) => {
      const stage = await startStage(`keys: {cc: ${declared(key)}}\n`);
      const home = makeHome({});
      try {
        for (let i = 0; i < 3; i++) await (await askOnce(stage.url, key)).text();
        const task = { url: stage.url, key, model: 'claude-sonnet-4-6', prompt: 'hi', home: home.path, resumes: false };
        const { args, env } = claudeCode.invoke(task);
        const words = ['--output-format', 'stream-json', '--verbose', ...args];
        const { stdout } = await run(claudeCode.program!, { args: words, env }, home, runMs);
        const events = stdout.split('\n').filter((line) => line.includes('"type":"rate_limit_event"'));
        const said = key === plain ? 'Daily request quota reached for key' : "You've hit your 5-hour limit";
        expect(stdout.includes(said)).toBe(true);
        expect(events.map((line) => (JSON.parse(line) as RateLimitEvent).rate_limit_info.status)).toEqual(warnings);
      } finally {
        home.remove();
        await stage.close();
      }
    },
    runMs + 20_000,
  );
});

interface RateLimitEvent {
  readonly rate_limit_info: { readonly status: string };
}

const askOnce = (url: string, key: string) =>
  fetch(`${url}/anthropic/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': key },
    body: '{"model":"claude-sonnet-4-6","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}',
  });
