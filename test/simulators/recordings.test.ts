// The simulators beside real traffic: the same shapes, the same refusals, and no request refused that was accepted.
import { call, PROVIDERS, weatherTools } from './caller';
import { startSimulators, type Simulators } from './index';
import { differences, documentsIn, recordings, shapeOf, type Recording } from './shape';
import type { Provider } from './wire';

const chat = recordings('openai-chat');
const messages = recordings('anthropic-messages');
const generate = recordings('gemini-generateContent');
const streamGenerate = recordings('gemini-streamGenerateContent');
const responses = recordings('openai-responses');
const openrouter = recordings('openrouter-chat');
const present = chat && messages && generate && streamGenerate && responses && openrouter;

const HOSTED: Record<Provider, Recording[]> = {
  openai: (chat ?? []).filter((one) => one.path.includes('api.openai.com')),
  anthropic: messages ?? [],
  google: [...(generate ?? []), ...(streamGenerate ?? [])],
};
const TOOL_CALL = /tool_calls"|tool_use"|"functionCall"/;
// What only OpenRouter says is no excuse for saying it here.
const FOREIGN = /\.(?:provider|native_finish_reason|cost|cost_details|is_byok)\b/;

// Thoughts that the real ones signed are strangers' thoughts to a simulator.
const FOREIGN_THOUGHT = /Invalid `signature` in `thinking` block|Corrupted thought signature/;

let simulators: Simulators;
beforeAll(async () => void (simulators = await startSimulators()));
afterEach(() => simulators.reset());
afterAll(() => simulators.close());

(present ? describe : describe.skip)('beside recordings', () => {
  describe.each(PROVIDERS)('%s', (provider) => {
    const good = HOSTED[provider].filter((one) => one.status === 200);

    test.each([
      ['a text', false, false],
      ['a tool call', false, true],
      ['a streamed text', true, false],
      ['a streamed tool call', true, true],
    ])('%s has the recorded shape', async (_, stream, tools) => {
      const prompt = tools ? 'Call get_weather for Paris' : 'Say something in twelve words';
      const body = {
        ...(tools && weatherTools(provider, 'get_weather')),
        ...(provider === 'openai' && stream && { stream_options: { include_usage: true } }),
      };
      const answer = await call(simulators, provider, prompt, { stream, body });
      expect(answer.status).toBe(200);
      // Streams of tool calls are recorded from OpenRouter only: its own fields aside, they are OpenAI's.
      const sameKind = [...good, ...(provider === 'openai' ? (openrouter ?? []) : [])].filter(
        (one) => isStream(one) === stream,
      );
      const known = sameKind.map((one) => shapeOf(documentsIn(one.response)));
      const alike = sameKind.filter((one) => isGenuine(one) && TOOL_CALL.test(JSON.stringify(one.response)) === tools);
      const found = differences(
        shapeOf(documentsIn(answer.text)),
        known.map((shape) => new Set([...shape].filter((path) => !FOREIGN.test(path)))),
        alike.map((one) => shapeOf(documentsIn(one.response))),
      );
      expect(found).toEqual({ invented: [], missing: [] });
    });

    test('accepts every request that the real one accepted', async () => {
      const refused: string[] = [];
      for (const one of good.filter((recorded) => !MEANT_FOR_OTHERS.test(JSON.stringify(recorded.request)))) {
        const answer = await replay(provider, one);
        if (answer.status !== 200 && !FOREIGN_THOUGHT.test(answer.text))
          refused.push(`${one.source} ${one.path}: ${answer.text}`);
      }
      expect(refused).toEqual([]);
      expect(good.length).toBeGreaterThan(50);
    });
  });

  test('OpenAI refuses as recorded', async () => {
    // Pictures are not looked at, so the refusals of bad ones are not simulated.
    const bad = HOSTED.openai.filter((one) => one.status !== 200 && !JSON.stringify(one.request).includes('image_url'));
    expect(bad.length).toBeGreaterThan(0);
    for (const one of bad) {
      const answer = await replay('openai', one);
      expect({ status: answer.status, body: JSON.parse(answer.text) }).toEqual({
        status: one.status,
        body: bodyOf(one),
      });
    }
  });

  test('OpenAI refuses a wrong key as recorded, all of a short one shown and the ends of a long one', async () => {
    for (const key of ['invalid-key', 'test-con-any-key']) {
      const answer = await call(simulators, 'openai', 'Hello', { headers: { authorization: `Bearer ${key}` } });
      const shown = key.replace('-any', '****');
      const recorded = responses!.find((one) => one.status === 401 && JSON.stringify(one.response).includes(shown));
      expect(answer.status).toBe(401);
      expect(JSON.parse(answer.text)).toEqual(bodyOf(recorded!));
    }
  });

  test('Anthropic refuses a wrong key and a long prompt as recorded', async () => {
    const wrongKey = await call(simulators, 'anthropic', 'Hello', { headers: { 'x-api-key': 'wrong' } });
    expectRefusal(
      wrongKey,
      HOSTED.anthropic.find((one) => one.status === 401)!,
    );
    const tooLong = await call(simulators, 'anthropic', '[[sim: too_long]]');
    expectRefusal(
      tooLong,
      HOSTED.anthropic.find((one) => one.status === 400)!,
    );
  });

  test('Google refuses a wrong key, a rate and a model as recorded', async () => {
    const wrongKey = await call(simulators, 'google', 'Hello', { headers: { 'x-goog-api-key': 'wrong' } });
    expect(JSON.parse(wrongKey.text)).toEqual(bodyOf(HOSTED.google.find((one) => one.status === 400)!));
    const limited = await call(simulators, 'google', '[[sim: status=429 retry_after=48]]');
    expectRefusal(
      limited,
      HOSTED.google.find((one) => one.status === 429)!,
    );
    const path = '/v1beta/models/gemini-unknown:streamGenerateContent?alt=sse';
    const missing = await call(simulators, 'google', 'Hello', { path });
    const [recorded] = bodyOf(HOSTED.google.find((one) => one.status === 404)!) as { error: Record<string, unknown> }[];
    const { message, status, code } = recorded!.error;
    const expected = { message: String(message).replace('custom-gemini-2.0-flash', 'gemini-unknown'), status, code };
    expect(JSON.parse(missing.text)).toEqual({ error: expected });
    expect(missing.headers.get('content-type')).toBe('text/event-stream');
  });

  test("Google's events are spaced as recorded", async () => {
    const { text } = await call(simulators, 'google', 'Hello', { stream: true });
    const recorded = HOSTED.google.find((one) => typeof one.response === 'string' && one.response.startsWith('data: '));
    const opening = /^data: \{"candidates": \[\{"content": \{"parts": \[\{"text": "/;
    expect(recorded!.response).toMatch(opening);
    expect(text).toMatch(opening);
    expect(text).toMatch(/\},"modelVersion": "gemini-2\.5-flash","responseId": "[^"]+"\}\r\n\r\n$/);
  });
});

// Not skipped with the others: it also keeps jest from dropping this file's warning, as it does where nothing runs.
test('the comparison sees what is invented, of another type, and missing', () => {
  const known = [
    { id: 'a', list: [{ n: 1 }] },
    { id: 'b', list: [], more: null },
  ].map((one) => shapeOf([one]));
  expect(differences(shapeOf([{ id: 'c', list: [{ n: 2 }] }]), known, known)).toEqual({ invented: [], missing: [] });
  expect(differences(shapeOf([{ list: [{ n: '2', x: 1 }] }]), known, known)).toEqual({
    invented: ['.list[].n:string', '.list[].x:number'],
    missing: ['.id'],
  });
  expect(documentsIn('event: a\ndata: {"a":1}\n\ndata: [DONE]\n\n')).toEqual([{ a: 1 }]);
});

// ---

/** Requests that were recorded at a gateway with models of its own. */
const MEANT_FOR_OTHERS = /muse-spark/;

function isStream(one: Recording): boolean {
  return one.contentType.includes('event-stream') || one.path.includes(':stream');
}

/** Some recordings at OpenAI's address come from others who speak its format; OpenAI's ids tell them apart. */
function isGenuine(one: Recording): boolean {
  return !one.path.includes('chat/completions') || /chatcmpl-[A-Za-z0-9]{29}\b/.test(JSON.stringify(one.response));
}

function bodyOf(one: Recording): unknown {
  return typeof one.response === 'string' ? JSON.parse(one.response) : one.response;
}

function replay(provider: Provider, one: Recording) {
  const body = (typeof one.request === 'string' ? JSON.parse(one.request) : one.request) as object;
  const path = one.path.slice(one.path.indexOf('/')).replace(provider === 'openai' ? '/v1' : '', '');
  // The smallest request's own fields are taken away again by undefined.
  const blank = {
    model: undefined,
    stream: undefined,
    messages: undefined,
    max_tokens: undefined,
    contents: undefined,
  };
  return call(simulators, provider, '', {
    path,
    body: { ...blank, ...body },
    headers: { 'anthropic-beta': 'recorded' },
  });
}

function expectRefusal(answer: { status: number; text: string }, recorded: Recording): void {
  expect(answer.status).toBe(recorded.status);
  const found = [...shapeOf([JSON.parse(answer.text)])].sort();
  expect(found).toEqual([...shapeOf([bodyOf(recorded)])].sort());
}
