// Older completions, filling in the middle, and compaction: passed to hosts with OpenAI's API as they are, with all that
// other inference has (admission, ledger, failover), and refused by name elsewhere.

import { produced } from '../support/errorScene';
import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { say } from '../support/sim';

let a: FakeUpstream;
let b: FakeUpstream;
let gateway: TestGateway;
let key: string;
let config: string;
beforeAll(async () => {
  [a, b] = [await startFakeUpstream(), await startFakeUpstream()];
  config = `
routes: {code: {models: [a/coder, b/coder]}, mixed: {models: [claudish/m, b/coder]}}
providers:
  a: {base_url: "${a.url}/v1", wire: openai, responses: true, models: {coder: {input: 1, output: 2}}}
  b: {base_url: "${b.url}/v1", wire: openai, models: {coder: {input: 1, output: 2}}}
  claudish: {base_url: "${a.url}", wire: anthropic, models: {m: {}}}
  geminish: {base_url: "${a.url}", wire: gemini}
`;
});
afterAll(async () => {
  await a.close();
  await b.close();
});
// Each with its own, so that no target rests for what it did in another test.
afterEach(() => gateway.close());
beforeEach(async () => {
  gateway = await startTestGateway({ config, keys: { OPENAI_API_KEY: 'sk-openai' } });
  key = await gateway.mint();
  for (const fake of [a, b]) {
    fake.calls.length = 0;
    fake.answer = { status: 500, body: '{"error":{"message":"not this one"}}' };
  }
});

const post = (path: string, body: object | string) =>
  produced(
    fetch(gateway.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  );
const rowOf = (headers: Headers) => gateway.row(headers.get('x-request-id')!);
const events = (...list: (object | string)[]) => ({
  headers: { 'content-type': 'text/event-stream' },
  body: list.map((one) => `data: ${typeof one === 'string' ? one : JSON.stringify(one)}\n\n`).join(''),
});
const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };
const text = (value: string, finish_reason: string | null = null) => ({
  object: 'text_completion',
  choices: [{ text: value, index: 0, logprobs: null, finish_reason }],
});
const whole = JSON.stringify({ ...text('b\n', 'stop'), usage });
const fim = (content: string, finish_reason: string | null = null) => ({
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta: { content }, finish_reason }],
});

// Odd spacing, number and unknown field: whatever is read and printed again would differ.
const completion = (model: string) =>
  `{ "prompt":"a\\u0062",  "model" : "${model}", "suffix":"c","max_tokens":5e0,"future_field":[1.0] }`;

describe.each([
  ['/v1/completions', '/v1/completions'],
  ['/v1/fim/completions', '/v1/fim/completions'],
  ['/completions', '/v1/completions'],
  ['/api/v1/completions', '/v1/completions'],
  ['/api/v1/fim/completions', '/v1/fim/completions'],
])('POST %s', (path, upstreamPath) => {
  test('passes byte for byte, but for the model’s name, and is booked as its host says', async () => {
    a.answer = { headers: { 'x-host': 'a' }, body: whole };
    const answer = await post(path, completion('a/coder'));
    expect([answer.status, answer.text]).toEqual([200, whole]);
    expect(answer.headers.get('x-host')).toBe('a');
    expect(answer.headers.get('x-ovth-route')).toContain('a/coder -> a/coder; strategy=direct');
    expect([a.calls[0]?.path, a.calls[0]?.body.toString()]).toEqual([upstreamPath, completion('coder')]);
    expect(await rowOf(answer.headers)).toMatchObject({ input: 7, output: 3, outcome: 'ok', estimated: false });
  });

  test.each([
    ['texts', [text('b'), text(''), text('\n', 'stop')]],
    ['deltas, as Mistral sends them', [fim(''), fim('b'), fim('\n', 'stop')]],
  ])('a stream of %s passes as it is, and is booked by its usage, or else by an estimate', async (_name, list) => {
    const body = completion('coder').replace('{', '{"stream":true,');
    for (const reports of [true, false]) {
      const sent = events(...list, ...(reports ? [{ choices: [], usage }] : []), '[DONE]');
      a.answer = sent;
      const answer = await post(path, body);
      expect([answer.status, answer.text]).toEqual([200, sent.body]);
      expect(a.calls.at(-1)?.body.toString()).toBe(body); // also no usage is asked for
      const row = await rowOf(answer.headers);
      expect(row).toMatchObject({ outcome: 'ok', stream: true, estimated: !reports });
      if (reports) expect(row).toMatchObject({ input: 7, output: 3 });
      else expect(row.output).toBeGreaterThan(0);
    }
  });

  test.each([
    ['texts', [text('b')]],
    ['deltas', [fim('b')]],
  ])('a stream of %s that gives no reason to end is complete at its end word', async (_name, list) => {
    const sent = events(...list, '[DONE]');
    a.answer = sent;
    const answer = await post(path, { model: 'coder', prompt: 'a', stream: true });
    expect(answer.text).toBe(sent.body);
    expect(await rowOf(answer.headers)).toMatchObject({ outcome: 'ok' });
  });

  test('a stream that breaks off is an error, and never a clean end', async () => {
    a.answer = events(text('b'));
    const answer = await post(path, { model: 'coder', prompt: 'a', stream: true });
    expect(answer.text).toContain('"error"');
    expect(answer.text).not.toContain('[DONE]');
    expect((await rowOf(answer.headers)).outcome).not.toBe('ok');
  });

  test.each([
    ['a status', { status: 503, body: '{"error":{"message":"busy"}}' }],
    ['a 200', { body: '{"error":{"message":"busy","code":503}}' }],
    ['an answer without choices', { body: '{"choices":[]}' }],
    ['the first event', events({ error: { message: 'busy', code: 503 } })],
  ])('a failure in %s goes to the next target of a route', async (_name, failure) => {
    a.answer = failure;
    b.answer = { body: whole };
    const answer = await post(path, completion('code'));
    expect([answer.status, answer.text]).toEqual([200, whole]);
    expect(answer.headers.get('x-ovth-route')).toContain('code -> b/coder');
  });

  test('a limit holds before anything is sent', async () => {
    key = await gateway.mint({ label: 'poor', quota: { daily_tokens: 3 } });
    const answer = await post(path, completion('a/coder'));
    expect([answer.status, a.calls.length]).toEqual([429, 0]);
  });

  test.each(['claudish/m', 'geminish/m'])('%s is refused by name', async (model) => {
    const answer = await post(path, completion(model));
    expect([answer.status, a.calls.length]).toEqual([400, 0]);
    expect(answer.text).toContain(`${model} has no`);
    expect(answer.text).toContain(upstreamPath.replace('/v1', ''));
  });

  test('a route passes over what cannot take it', async () => {
    b.answer = { body: whole };
    const answer = await post(path, completion('mixed'));
    expect([answer.status, answer.headers.get('x-ovth-route')]).toEqual([200, expect.stringContaining('b/coder')]);
  });
});

test('every prompt of a list, and every answer to it, is reserved', async () => {
  a.answer = { body: whole };
  const reserved = async (more: object) => {
    const answer = await post('/v1/completions', { model: 'a/coder', max_tokens: 100, prompt: 'a', ...more });
    return (await rowOf(answer.headers)).max_output as number;
  };
  expect(await reserved({})).toBe(100);
  expect(await reserved({ prompt: ['a', 'b', 'c'] })).toBe(300);
  expect(await reserved({ prompt: [1, 2, 3] })).toBe(100);
  expect(await reserved({ prompt: [[1, 2], [3]], n: 2 })).toBe(400);
  expect(await reserved({ n: 2, best_of: 5 })).toBe(500);
});

test('OpenAI itself fills in no middle', async () => {
  const answer = await post('/v1/fim/completions', { model: 'gpt-5.5', prompt: 'a' });
  expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('openai/gpt-5.5 has no fill-in')]);
});

describe('a host that lacks the path', () => {
  const missing = { status: 404, body: '{"detail":"Not Found"}' };
  test.each(['/v1/completions', '/v1/fim/completions', '/v1/embeddings', '/v1/responses/compact'])(
    '%s: says so itself, and goes on with what it has',
    async (path) => {
      for (let i = 0; i < 8; i++) {
        a.answer = missing;
        const answer = await post(path, { model: 'a/coder', prompt: 'a', input: 'a' });
        expect([answer.status, answer.text]).toEqual([404, missing.body]);
      }
      a.calls.length = 0;
      a.answer = {
        body: '{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}',
      };
      const answer = await post('/v1/chat/completions', { model: 'code', messages: say('hi') });
      expect([answer.status, answer.headers.get('x-ovth-route')]).toEqual([200, expect.stringContaining('a/coder')]);
    },
  );

  test('a route goes to its next target', async () => {
    a.answer = missing;
    b.answer = { body: whole };
    const answer = await post('/v1/fim/completions', completion('code'));
    expect([answer.status, answer.headers.get('x-ovth-route')]).toEqual([200, expect.stringContaining('b/coder')]);
  });
});

describe('POST /v1/responses/compact', () => {
  const compacted = JSON.stringify({
    id: 'resp_1',
    object: 'response.compaction',
    output: [{ type: 'compaction', id: 'cmp_1', encrypted_content: 'opaque' }],
    usage: { input_tokens: 9, input_tokens_details: { cached_tokens: 4 }, output_tokens: 2 },
  });
  const body = (model: string) =>
    `{"model":"${model}", "instructions":"be short","input":[ {"role":"user","content":"hi"} ]}`;

  test('passes byte for byte, but for the model’s name, and is booked', async () => {
    a.answer = { body: compacted };
    const answer = await post('/v1/responses/compact', body('a/coder'));
    expect([answer.status, answer.text]).toEqual([200, compacted]);
    expect([a.calls[0]?.path, a.calls[0]?.body.toString()]).toEqual(['/v1/responses/compact', body('coder')]);
    expect(await rowOf(answer.headers)).toMatchObject({ input: 5, cache_read: 4, output: 2, estimated: false });
  });

  test('also under OpenRouter’s base', async () => {
    a.answer = { body: compacted };
    expect((await post('/api/v1/responses/compact', body('a/coder'))).status).toBe(200);
  });

  test.each(['b/coder', 'claudish/m', 'geminish/m'])('%s is refused by name', async (model) => {
    const answer = await post('/v1/responses/compact', body(model));
    expect([answer.status, a.calls.length + b.calls.length]).toEqual([400, 0]);
    expect(answer.text).toContain(`${model} has no compaction`);
  });
});
