// The simulators' answers, lists and records, byte by byte over plain HTTP. The SDKs' view is in clients.test.ts.
import { call, open, PROVIDERS, weatherTools } from './caller';
import { startSimulators, type Simulators } from './index';
import { documentsIn } from './shape';
import type { Provider } from './wire';

let simulators: Simulators;
beforeAll(async () => void (simulators = await startSimulators()));
afterEach(() => simulators.reset());
afterAll(() => simulators.close());

describe('Google', () => {
  test('streams an array where no events are asked for', async () => {
    const path = '/v1beta/models/gemini-2.5-flash:streamGenerateContent';
    const array = await call(simulators, 'google', 'Say it in 20 words', { path });
    const events = await call(simulators, 'google', 'Say it in 20 words', { stream: true });
    expect(textOf('google', array.text)).toBe(textOf('google', events.text));
    const counts = documentsIn(events.text).map((chunk) => (chunk as Chunk).usageMetadata.candidatesTokenCount);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(array.headers.get('content-type')).toBe('application/json; charset=UTF-8');
  });

  test('names and signs the calls of its third generation', async () => {
    const path = '/v1beta/models/gemini-3-flash-preview:generateContent';
    const { text } = await call(simulators, 'google', 'Call both f and g', {
      path,
      body: weatherTools('google', 'f', 'g'),
    });
    const parts = JSON.parse(text).candidates[0].content.parts;
    expect(parts).toMatchObject([
      { functionCall: { name: 'f', id: expect.any(String) } },
      { functionCall: { name: 'g' } },
    ]);
    expect(parts.map((part: object) => 'thoughtSignature' in part)).toEqual([true, false]);
  });

  test('takes snake_case as well', async () => {
    const body = { system_instruction: { parts: [{ text: 'Be brief' }] }, generation_config: { max_output_tokens: 2 } };
    const { text } = await call(simulators, 'google', 'Hello', { body });
    expect(JSON.parse(text).candidates[0]).toMatchObject({
      finishReason: 'MAX_TOKENS',
      content: { parts: [{ text: 'You said' }] },
    });
  });

  test('lists models', async () => {
    const headers = { 'x-goog-api-key': simulators.google.key };
    const get = async (path: string) =>
      (await fetch(simulators.google.baseUrl + path, { headers })).json() as Promise<ModelAnswer>;
    expect((await get('/v1beta/models')).models?.[0]).toMatchObject({
      name: 'models/gemini-3.5-flash',
      inputTokenLimit: 1_048_576,
    });
    expect((await get('/v1beta/models?pageSize=2')).nextPageToken).toBe('2');
    expect((await get('/v1beta/models/gemini-2.5-pro')).outputTokenLimit).toBe(65_536);
    expect((await get('/v1beta/models/gemini-unknown')).error?.status).toBe('NOT_FOUND');
  });
});

describe.each(PROVIDERS)('an answer of %s', (provider) => {
  const limit = (tokens: number) =>
    ({
      openai: { max_tokens: tokens },
      anthropic: { max_tokens: tokens },
      google: { generationConfig: { maxOutputTokens: tokens } },
    })[provider];

  test.each([true, false])('is cut at the limit, and says so (stream: %s)', async (stream) => {
    const { text } = await call(simulators, provider, '500 words please', { stream, body: limit(7) });
    expect(Buffer.byteLength(textOf(provider, text))).toBe(28);
    expect(text).toMatch(/"length"|"max_tokens"|"MAX_TOKENS"/);
    expect((await simulators[provider].waitForCalls(1))[0]?.aborted).toBe(false);
  });

  test('ends before a stop sequence', async () => {
    const body = {
      openai: { stop: 'This' },
      anthropic: { stop_sequences: ['nowhere', 'This'] },
      google: { generationConfig: { stopSequences: ['This'] } },
    }[provider];
    const { text } = await call(simulators, provider, 'Hi', { body });
    expect(textOf(provider, text)).toBe('You said: "Hi". ');
    if (provider === 'anthropic')
      expect(JSON.parse(text)).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'This' });
  });

  test('has as many paragraphs as were wanted, and is the same every time', async () => {
    const texts = await Promise.all(
      [true, false].map(async (stream) => {
        const body = limit(10_000);
        return textOf(provider, (await call(simulators, provider, 'Write three paragraphs', { stream, body })).text);
      }),
    );
    expect(texts[0]?.split('\n\n')).toHaveLength(3);
    expect(texts[0]).toBe(texts[1]);
  });

  test('calls the tools that are mentioned, and none that is not wanted', async () => {
    const body = weatherTools(provider, 'get_weather', 'get_time', 'send_mail');
    const both = await call(simulators, provider, 'I need get weather and get_time in Oslo', { body });
    expect(both.text).toMatch(/get_weather/);
    expect(both.text).toMatch(/get_time/);
    expect(both.text).not.toMatch(/send_mail/);
    expect((await call(simulators, provider, 'Hello', { body })).text).not.toMatch(/get_weather/);
    const never = {
      openai: { tool_choice: 'none' },
      anthropic: { tool_choice: { type: 'none' } },
      google: { toolConfig: { functionCallingConfig: { mode: 'NONE' } } },
    }[provider];
    const none = await call(simulators, provider, 'Use get_weather', { body: { ...body, ...never } });
    expect(none.text).not.toMatch(/"tool_calls"|tool_use|functionCall"/);
    const must = {
      openai: { tool_choice: { type: 'function', function: { name: 'get_time' } } },
      anthropic: { tool_choice: { type: 'tool', name: 'get_time' } },
      google: { toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['get_time'] } } },
    }[provider];
    expect((await call(simulators, provider, 'Hello', { body: { ...body, ...must } })).text).toMatch(/get_time/);
  });

  test('carries text of any script whole', async () => {
    const prompt = 'Zażółć 🦔🦔🦔 日本語 [[sim: chunks=9]]';
    const streamed = await call(simulators, provider, prompt, { stream: true });
    expect(textOf(provider, streamed.text)).toContain('You said: "Zażółć 🦔🦔🦔 日本語".');
  });

  test('is recorded to the byte, with the request', async () => {
    const { text } = await call(simulators, provider, 'Hello', { stream: true, headers: { 'x-test': '1' } });
    const [seen] = await simulators[provider].waitForCalls(1);
    expect(seen?.answer.toString()).toBe(text);
    expect(seen).toMatchObject({
      provider,
      method: 'POST',
      stream: true,
      status: 200,
      aborted: false,
      headers: { 'x-test': '1' },
    });
    expect(seen?.body.toString()).toContain('Hello');
    expect(seen!.startedAt <= seen!.firstByteAt! && seen!.firstByteAt! <= seen!.endedAt!).toBe(true);
  });

  test('that nobody waits for is recorded as aborted', async () => {
    const abort = new AbortController();
    const response = await open(simulators, provider, 'Hi [[sim: gap_ms=1 chunks=100000]]', {
      stream: true,
      signal: abort.signal,
    });
    await response.body!.getReader().read();
    abort.abort();
    expect((await simulators[provider].waitForCalls(1))[0]).toMatchObject({ status: 200, aborted: true });
  });
});

test('without a record there are counters only, and keys and closing are as told', async () => {
  const quick = await startSimulators({ record: false, keys: { openai: 'sk-mine' } });
  expect(quick.openai.key).toBe('sk-mine');
  expect(new URL(quick.openai.baseUrl).pathname).toBe('/v1');
  expect((await call(quick, 'openai', 'Hello')).status).toBe(200);
  await quick.openai.waitForCalls(1);
  expect(quick.openai.counts).toEqual({ started: 1, ended: 1, aborted: 0 });
  expect(quick.openai.calls).toEqual([]);
  const held = call(quick, 'openai', '[[sim: hold=x]]');
  await quick.openai.waitForStarted(2);
  await Promise.all([quick.close(), expect(held).rejects.toThrow()]);
});

test('a taken port is an error, and nothing stays open behind it', async () => {
  const port = Number(new URL(simulators.openai.baseUrl).port);
  await expect(startSimulators({ ports: { anthropic: port } })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

// ---

interface Chunk {
  usageMetadata: { candidatesTokenCount: number };
}

interface ModelAnswer {
  models?: object[];
  nextPageToken?: string;
  outputTokenLimit?: number;
  error?: { status: string };
}

/** As much of the three answers as has text in it. */
interface Texts {
  choices?: { message?: { content: string }; delta?: { content?: string } }[];
  content?: { text?: string }[];
  delta?: { text?: string };
  candidates?: { content: { parts?: { text?: string }[] } }[];
}

function textOf(provider: Provider, body: string): string {
  const texts = (documentsIn(body) as Texts[]).map((one) => {
    if (provider === 'openai') return one.choices?.[0]?.message?.content ?? one.choices?.[0]?.delta?.content;
    if (provider === 'anthropic') return one.content ? one.content[0]?.text : one.delta?.text;
    return one.candidates?.[0]?.content.parts?.[0]?.text;
  });
  return texts.map((text) => text ?? '').join('');
}
