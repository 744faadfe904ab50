// What is counted before, after and less of: token counts, and the prompt caches of the three.
import { call, PROVIDERS, weatherTools } from './caller';
import { startSimulators, type Simulators } from './index';
import { recordings } from './shape';
import type { Provider } from './wire';

let simulators: Simulators;
beforeAll(async () => void (simulators = await startSimulators()));
afterEach(() => simulators.reset());
afterAll(() => simulators.close());

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const user = (content: unknown) => ({ role: 'user', content });
const LONG = 'a word and another '.repeat(400);

describe('counting', () => {
  const body = {
    system: [{ type: 'text', text: 'Be brief' }],
    messages: [
      user([
        { type: 'text', text: 'What is this?' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
      ]),
    ],
    ...weatherTools('anthropic', 'get_weather'),
  };

  test('Anthropic counts what its answer reports', async () => {
    const path = '/v1/messages/count_tokens?beta=true';
    const bare = { max_tokens: undefined, stream: undefined };
    const counted = await call(simulators, 'anthropic', '', { path, body: { ...body, ...bare } });
    const answered = await call(simulators, 'anthropic', '', { body });
    expect(JSON.parse(counted.text)).toEqual({
      input_tokens: (JSON.parse(answered.text) as Answer).usage!.input_tokens,
    });
    expect((JSON.parse(counted.text) as { input_tokens: number }).input_tokens).toBeGreaterThan(255);
    const extra = await call(simulators, 'anthropic', '', { path, body: { ...body, stream: undefined } });
    expect(extra.text).toContain('max_tokens: Extra inputs are not permitted');
  });

  test('Google counts what its answer reports, alone or with all that goes along', async () => {
    const contents = [
      { role: 'user', parts: [{ text: 'What is this?' }, { inlineData: { mimeType: 'image/png', data: PIXEL } }] },
    ];
    const whole = { contents, systemInstruction: { parts: [{ text: 'Be brief' }] }, ...weatherTools('google', 'f') };
    const count = async (asked: object) =>
      JSON.parse(
        (await call(simulators, 'google', '', { path: '/v1beta/models/gemini-2.5-flash:countTokens', body: asked }))
          .text,
      ) as Count;
    const counted = await count({
      contents: undefined,
      generateContentRequest: { model: 'models/gemini-2.5-flash', ...whole },
    });
    const answered = JSON.parse((await call(simulators, 'google', '', { body: whole })).text) as Answer;
    expect(counted.totalTokens).toBe(answered.usageMetadata!.promptTokenCount);
    expect(counted.promptTokensDetails).toEqual(answered.usageMetadata!.promptTokensDetails);
    expect(counted.promptTokensDetails[1]).toEqual({ modality: 'IMAGE', tokenCount: 258 });
    expect((await count({ contents })).totalTokens).toBeLessThan(counted.totalTokens);
    expect((await count({ contents, systemInstruction: {} })).error?.message).toContain(
      'Unknown name "systemInstruction"',
    );
  });

  const recorded = [...(recordings('anthropic-count_tokens') ?? []), ...(recordings('gemini-countTokens') ?? [])];
  (recorded.length > 0 ? test : test.skip)('counts every request that the real ones counted', async () => {
    for (const one of recorded) {
      const provider: Provider = one.path.includes('anthropic') ? 'anthropic' : 'google';
      const blank = {
        max_tokens: undefined,
        stream: undefined,
        messages: undefined,
        contents: undefined,
        model: undefined,
      };
      const path = one.path.slice(one.path.indexOf('/'));
      const { status, text } = await call(simulators, provider, '', {
        path,
        body: { ...blank, ...(one.request as object) },
      });
      expect([status, text]).toEqual([200, expect.stringMatching(/"(?:input_tokens|totalTokens)": ?\d/)]);
    }
  });
});

describe("Anthropic's cache", () => {
  const cached = (text: string, ttl?: string) => ({
    type: 'text',
    text,
    cache_control: { type: 'ephemeral', ...(ttl && { ttl }) },
  });
  const usage = async (body: object, prompt = 'Hello') =>
    (JSON.parse((await call(simulators, 'anthropic', prompt, { body })).text) as Answer).usage!;

  test('is written at a breakpoint and read there later, and the rest is plain input', async () => {
    const system = [cached(LONG)];
    const tokens = Math.ceil(LONG.length / 4);
    const first = await usage({ system }, 'Hello there');
    expect(first).toMatchObject({
      cache_creation_input_tokens: tokens,
      cache_read_input_tokens: 0,
      cache_creation: { ephemeral_5m_input_tokens: tokens, ephemeral_1h_input_tokens: 0 },
    });
    const second = await usage({ system }, 'Something else');
    expect(second).toMatchObject({ cache_creation_input_tokens: 0, cache_read_input_tokens: tokens });
    expect(second.input_tokens).toBeLessThan(10);
    const [call1, call2] = await simulators.anthropic.waitForCalls(2);
    expect(call1!.usage).toMatchObject({ written: tokens });
    expect(call2!.usage).toMatchObject({ cached: tokens, input: tokens + second.input_tokens });
    expect(await usage({ system: [cached(`Not ${LONG}`)] })).toMatchObject({ cache_read_input_tokens: 0 });
    expect(await usage({ system, model: 'claude-sonnet-4-5' })).toMatchObject({ cache_read_input_tokens: 0 });
    simulators.reset();
    expect(await usage({ system })).toMatchObject({ cache_read_input_tokens: 0 });
  });

  test('grows with the conversation, each lifetime counted apart', async () => {
    const system = [cached(LONG, '1h')];
    const turn = user([cached(LONG)]);
    const tokens = Math.ceil(LONG.length / 4);
    const first = await usage({ system, messages: [turn] });
    expect(first.cache_creation).toEqual({
      ephemeral_5m_input_tokens: expect.any(Number),
      ephemeral_1h_input_tokens: tokens,
    });
    expect(first.cache_creation.ephemeral_5m_input_tokens).toBeGreaterThan(tokens - 2);
    const plain = user([{ type: 'text', text: LONG }]);
    const more = [plain, { role: 'assistant', content: 'Yes' }, user([cached('And?')])];
    const second = await usage({ system, messages: more });
    expect(second.cache_read_input_tokens).toBe(first.cache_creation_input_tokens);
    expect(second.cache_creation_input_tokens).toBeLessThan(5);
    expect(second.input_tokens).toBe(0);
  });

  test('is not for short prompts, and can be asked for as a whole', async () => {
    expect(await usage({ system: [cached('Short')] })).toMatchObject({ cache_creation_input_tokens: 0 });
    expect(await usage({ system: LONG, cache_control: { type: 'ephemeral' } })).toMatchObject({ input_tokens: 0 });
    expect(await usage({ system: LONG, cache_control: { type: 'ephemeral' } })).toMatchObject({
      cache_creation_input_tokens: 0,
      input_tokens: 0,
    });
  });

  test.each<[object, string]>([
    [
      { system: Array.from({ length: 5 }, () => cached('x')) },
      'A maximum of 4 blocks with cache_control may be provided. Found 5.',
    ],
    [{ system: [cached('x', '2h')] }, "system.0.cache_control.ephemeral.ttl: Input should be '5m' or '1h'"],
    [
      { system: [cached('x'), cached('y', '1h')] },
      "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block",
    ],
    [{ system: [{ type: 'text', text: 'x', cache_control: { type: 'permanent' } }] }, "Input tag 'permanent' found"],
  ])('refuses %j', async (body, message) => {
    const { status, text } = await call(simulators, 'anthropic', 'Hello', { body });
    expect([status, text]).toEqual([400, expect.stringContaining(message)]);
  });
});

describe('the caches that nobody asks for', () => {
  const ask = async (provider: 'openai' | 'google', text: string, key?: string) => {
    const body = key === undefined ? {} : { prompt_cache_key: key };
    const answer = JSON.parse((await call(simulators, provider, text, { body })).text) as Answer;
    return answer.usage?.prompt_tokens_details?.cached_tokens ?? answer.usageMetadata?.cachedContentTokenCount ?? 0;
  };

  test.each(['openai', 'google'] as const)('%s reads a long prefix again, in steps', async (provider) => {
    expect(await ask(provider, LONG)).toBe(0);
    const again = await ask(provider, `${LONG} And now?`);
    expect(again).toBeGreaterThanOrEqual(1_024);
    expect(again % 128).toBe(0);
    expect(await ask(provider, `Now: ${LONG}`)).toBe(0);
    expect(await ask(provider, 'Hello')).toBe(0);
    expect(await ask(provider, 'Hello')).toBe(0);
  });

  test('OpenAI keeps apart what has another key', async () => {
    expect(await ask('openai', LONG, 'a')).toBe(0);
    expect(await ask('openai', LONG, 'b')).toBe(0);
    expect(await ask('openai', LONG, 'a')).toBeGreaterThan(0);
  });
});

test.each(PROVIDERS)('%s reports as much from its cache as it is told', async (provider) => {
  const { text } = await call(simulators, provider, 'Hello [[sim: usage=5000/7 cached=4000]]');
  expect(text).toMatch(/"(?:cached_tokens|cache_read_input_tokens|cachedContentTokenCount)": ?4000\b/);
  expect((await simulators[provider].waitForCalls(1))[0]!.usage).toEqual({ input: 5000, output: 7, cached: 4000 });
});

// ---

interface Answer {
  usage?: {
    input_tokens: number;
    cache_creation_input_tokens: number;
    cache_read_input_tokens: number;
    cache_creation: { ephemeral_5m_input_tokens: number; ephemeral_1h_input_tokens: number };
    prompt_tokens_details?: { cached_tokens: number };
  };
  usageMetadata?: { promptTokenCount: number; cachedContentTokenCount?: number; promptTokensDetails: object[] };
}

interface Count {
  totalTokens: number;
  promptTokensDetails: object[];
  error?: { message: string };
}
