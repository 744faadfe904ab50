// What an answer can be told to be: many calls, refusals, filters, sources, silences. Broken answers are in faults.test.ts.
import { call, open, PROVIDERS, weatherTools } from './caller';
import { startSimulators, type Simulators } from './index';
import { documentsIn } from './shape';
import { specs } from '../support/specs';
import type { Provider } from './wire';

let simulators: Simulators;
beforeAll(async () => void (simulators = await startSimulators()));
afterEach(() => simulators.reset());
afterAll(() => simulators.close());

const known = specs();
const SCHEMAS: Record<Provider, [whole: string, event: string]> = {
  openai: ['CreateChatCompletionResponse', 'CreateChatCompletionStreamResponse'],
  anthropic: ['Message', 'MessageStreamEvent'],
  google: ['GenerateContentResponse', 'GenerateContentResponse'],
};

/** The text of an answer, every document in it as the description wants it. */
async function ask(provider: Provider, prompt: string, stream: boolean, body: object = {}): Promise<string> {
  const { status, text } = await call(simulators, provider, prompt, { stream, body });
  expect(status).toBe(200);
  if (!known) return text;
  const validators = { openai: known.openai, anthropic: known.anthropic, google: known.gemini };
  const valid = validators[provider](SCHEMAS[provider][stream ? 1 : 0]);
  for (const one of documentsIn(text))
    if ((one as { type?: string }).type !== 'ping') expect([one, valid(one)]).toEqual([one, []]);
  return text;
}

describe.each([false, true])('streamed: %s', (stream) => {
  test.each(PROVIDERS)('calls=N calls so many tools of %s at once', async (provider) => {
    const tools = weatherTools(provider, 'f', 'g');
    const text = await ask(provider, 'Hello [[sim: calls=5]]', stream, tools);
    const names = [...text.matchAll(/"name": ?"([fg])"/g)].map((match) => match[1]);
    expect(names).toEqual(['f', 'g', 'f', 'g', 'f']);
    const ids = [...text.matchAll(/"id": ?"((?:call|toolu)_\w+)"/g)].map((match) => match[1]);
    if (provider !== 'google') expect(new Set(ids).size).toBe(5);
  });

  test('a custom tool is called with plain text', async () => {
    const tools = [{ type: 'custom', custom: { name: 'patch', description: 'A patch' } }];
    const text = await call(simulators, 'openai', 'Call patch with "*** Begin Patch"', { stream, body: { tools } });
    const calls = (documentsIn(text.text) as Chat[]).flatMap((one) => {
      const choice = one.choices[0];
      return choice?.message?.tool_calls ?? choice?.delta?.tool_calls ?? [];
    });
    expect(calls[0]).toMatchObject({ type: 'custom', custom: { name: 'patch' } });
    expect(calls.map((one) => one.custom.input).join('')).toBe('*** Begin Patch');
  });

  test.each<[Provider, string]>([
    ['openai', '"finish_reason": ?"stop"'],
    ['anthropic', '"stop_reason":"refusal".*"stop_details":\\{"type":"refusal"'],
    ['google', '"finishReason": ?"SAFETY"'],
  ])('refuse: %s declines', async (provider, ending) => {
    const text = await ask(provider, 'Hello [[sim: refuse]]', stream);
    expect(text).toMatch(new RegExp(ending));
    expect(text).not.toContain('You said');
  });

  test("refuse: OpenAI's refusal is a field of its own", async () => {
    const text = await ask('openai', 'Hello [[sim: refuse]]', stream);
    const refusals = (documentsIn(text) as Chat[]).map((one) => one.choices[0]?.message ?? one.choices[0]?.delta);
    expect(refusals.map((one) => one?.refusal ?? '').join('')).toBe("I'm sorry, but I can't help with that.");
  });

  test.each<[Provider, string]>([
    ['openai', '"finish_reason": ?"content_filter"'],
    ['anthropic', '"stop_reason":"refusal"'],
    ['google', '"finishReason": ?"SAFETY"'],
  ])('safety: %s is stopped half way', async (provider, ending) => {
    const text = await ask(provider, 'In 20 words [[sim: safety]]', stream);
    expect(text).toMatch(/You said/);
    expect(text).toMatch(new RegExp(ending));
  });

  test.each<[Provider, string]>([
    ['openai', '"type": ?"url_citation"'],
    ['anthropic', '"type":"web_search_result_location"'],
    ['google', '"groundingChunks": ?\\['],
  ])('cite: %s names a source', async (provider, source) => {
    expect(await ask(provider, 'Hello [[sim: cite]]', stream)).toMatch(new RegExp(source));
  });

  test('pause: the turn of Anthropic pauses, and of no one else', async () => {
    expect(await ask('anthropic', 'Hello [[sim: pause]]', stream)).toContain('"stop_reason":"pause_turn"');
    expect(await ask('openai', 'Hello [[sim: pause]]', stream)).toMatch(/"finish_reason": ?"stop"/);
  });

  test('block: Google answers nothing, the others refuse', async () => {
    const text = await ask('google', 'Hello [[sim: block]]', stream);
    expect(text).toMatch(/"promptFeedback": ?\{\s*"blockReason": ?"PROHIBITED_CONTENT"/);
    expect(text).not.toContain('candidates');
    const openai = await call(simulators, 'openai', 'Hello [[sim: block]]', { stream });
    expect([openai.status, openai.text]).toEqual([400, expect.stringContaining('"invalid_prompt"')]);
    const anthropic = await call(simulators, 'anthropic', 'Hello [[sim: block]]', { stream });
    expect([anthropic.status, anthropic.text]).toEqual([
      400,
      expect.stringContaining('Output blocked by content filtering policy'),
    ]);
  });
});

test.each(PROVIDERS)('silence: a stream of %s goes on after it', async (provider) => {
  const text = await ask(provider, 'In 20 words [[sim: silence_after=2 silence_ms=1]]', true);
  expect(text).toMatch(/\[DONE\]|message_stop|STOP/);
});

test.each(PROVIDERS)('a silence of %s ends when its client goes', async (provider) => {
  const abort = new AbortController();
  const prompt = 'In 20 words [[sim: silence_ms=60000]]';
  const response = await open(simulators, provider, prompt, { stream: true, signal: abort.signal });
  await response.body!.getReader().read();
  abort.abort();
  expect((await simulators[provider].waitForCalls(1))[0]).toMatchObject({ status: 200, aborted: true });
});

// ---

interface Chat {
  choices: { message?: Said; delta?: Said }[];
}

interface Said {
  refusal?: string | null;
  tool_calls?: { type?: string; custom: { name?: string; input: string } }[];
}
