// One request never ends service for the others: numbers, names and schemas that no honest client sends.

import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { say } from '../support/sim';

const chat = '/v1/chat/completions';
const answered = (usage: unknown) =>
  JSON.stringify({
    id: 'c1',
    object: 'chat.completion',
    created: 1,
    model: 'gpt-5.5',
    choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
    usage,
  });
const honest = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

let upstream: FakeUpstream;
let folder: string;
let gateway: TestGateway;
let key: string;

const start = async () => {
  gateway = await startTestGateway({
    dataPath: folder,
    config:
      'routes: {}\nquota: {daily_tokens: 1000000000000}\nproviders:\n' +
      `  openai: {base_url: "${upstream.url}/v1"}\n  anthropic: {base_url: "${upstream.url}"}\n  google: {base_url: "${upstream.url}"}\n`,
  });
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ovth-hostile-'));
  upstream = await startFakeUpstream();
  upstream.answer = { body: answered(honest) };
  await start();
  key = await gateway.mint();
});
afterEach(async () => {
  await gateway.close();
  await upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

const post = (body: object | string, path = chat, credential = key) =>
  fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${credential}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const hi = { model: 'gpt-5.5', messages: say('hi') };

/** Everybody else is served, and nothing in the ledger is beyond what a number can hold. */
const othersAreServed = async () => {
  const other = await gateway.mint({ label: 'other' });
  upstream.answer = { body: answered(honest) };
  const answer = await post(hi, chat, other);
  expect(answer.status).toBe(200);
  const row = await gateway.row(answer.headers.get('x-request-id') ?? '');
  expect(row).toMatchObject({ input: 10, output: 5, outcome: 'ok', estimated: false });
  expect((await gateway.admin('GET', '/admin/keys')).status).toBe(200);
  expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
};

describe('numbers of a request [D6 L1]', () => {
  test.each([
    ['max_tokens', 9_007_199_254_740_991],
    ['max_completion_tokens', 9_007_199_254_740_991],
    ['max_tokens', 1e30],
    ['max_tokens', -5],
    ['max_tokens', 1.5],
    ['n', 1.5],
    ['n', 9_007_199_254_740_991],
    ['n', -1],
  ])('%s: %d', async (field, value) => {
    const several = Array.from({ length: 20 }, (_, i) =>
      post(i === 7 ? { ...hi, max_tokens: 4_000, [field]: value } : hi),
    );
    const statuses = (await Promise.all(several)).map((answer) => answer.status);
    expect(statuses.filter((status, i) => i !== 7 && status !== 200)).toEqual([]);
    await othersAreServed();
  });

  test('a huge maximum of Gemini and of Anthropic [G3]', async () => {
    const contents = [{ role: 'user', parts: [{ text: 'hi' }] }];
    await post(
      { contents, generationConfig: { maxOutputTokens: 9_007_199_254_740_991 } },
      '/v1beta/models/gemini-3.5-flash:generateContent',
    );
    await post({ model: 'claude-opus-4-7', max_tokens: 2 ** 53 - 1, messages: say('hi') }, '/v1/messages');
    await othersAreServed();
  });
});

describe('numbers of a provider', () => {
  const bad = [-5, 1.5, '"abc"', 1e30, 9_007_199_254_740_991, '[]', '{}'];
  const fields = ['prompt_tokens', 'completion_tokens'];
  test.each(bad.flatMap((value) => fields.map((field) => [field, value] as const)))(
    'usage %s of %s is not believed [G9 G10]',
    async (field, value) => {
      const usage = JSON.stringify(honest).replace(new RegExp(`("${field}":)\\d+`), `$1${value}`);
      upstream.answer = { body: answered('USAGE').replace('"USAGE"', usage) };
      const answer = await post(hi);
      expect(answer.status).toBe(200);
      const row = await gateway.row(answer.headers.get('x-request-id') ?? '');
      expect(row).toMatchObject({ outcome: 'ok', estimated: true });
      expect(row.input).toBeGreaterThanOrEqual(0);
      expect(row.input).toBeLessThan(1e9);
      expect(row.output).toBeLessThan(1e9);
      await othersAreServed();
    },
  );

  test('the same in a stream, from every wire, and from embeddings', async () => {
    const stream = (...events: object[]) => ({
      headers: { 'content-type': 'text/event-stream' },
      body: events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''),
    });
    upstream.answer = stream(
      {
        id: 'c',
        object: 'chat.completion.chunk',
        choices: [{ index: 0, delta: { content: 'x' }, finish_reason: 'stop' }],
      },
      { id: 'c', choices: [], usage: { prompt_tokens: 1e30, completion_tokens: -1 } },
    );
    await (await post({ ...hi, stream: true })).text();
    await (await post({ model: 'gpt-5.5', max_tokens: 9, messages: say('hi'), stream: true }, '/v1/messages')).text();
    upstream.answer = {
      body: JSON.stringify({
        candidates: [{ content: { role: 'model', parts: [{ text: 'x' }] }, finishReason: 'STOP' }],
        usageMetadata: { promptTokenCount: 1e30, candidatesTokenCount: 2 ** 53 - 1, thoughtsTokenCount: 2 ** 53 - 1 },
      }),
    };
    const gemini = await post(
      { contents: [{ parts: [{ text: 'hi' }] }] },
      '/v1beta/models/gemini-3.5-flash:generateContent',
    );
    expect(await gateway.row(gemini.headers.get('x-request-id') ?? '')).toMatchObject({ estimated: true });
    upstream.answer = {
      body: JSON.stringify({
        object: 'list',
        data: [{ object: 'embedding', index: 0, embedding: [1] }],
        model: 'm',
        usage: { prompt_tokens: -5, total_tokens: 1.5 },
      }),
    };
    const embedded = await post({ model: 'text-embedding-3-small', input: 'hi' }, '/v1/embeddings');
    expect(await gateway.row(embedded.headers.get('x-request-id') ?? '')).toMatchObject({ estimated: true });
    await othersAreServed();
  });
});

test('the dearest price times the most tokens is the most that a row holds, and the request is booked as what it was [G10]', async () => {
  await gateway.reload(
    `providers: {own: {base_url: "${upstream.url}/v1", wire: openai, models: {m: {context: 9007199254740991, max_output: 9007199254740991, input: 10000, output: 10000}}}}\n`,
  );
  upstream.answer = { body: answered({ prompt_tokens: 1e9, completion_tokens: 1e9 }) };
  const answer = await post({ ...hi, model: 'own/m', max_tokens: 5 });
  expect(answer.status).toBe(200);
  expect(await gateway.row(answer.headers.get('x-request-id') ?? '')).toMatchObject({
    ...{ outcome: 'ok', estimated: false, input: 1e9, output: 1e9 },
    cost_usd: Number.MAX_SAFE_INTEGER / 1e9,
  });
  expect(gateway.lines.filter(({ kind }) => kind === 'error')).toEqual([]);
  for (const path of ['/admin/usage?group_by=model', '/admin/requests'])
    expect((await gateway.admin('GET', path)).status).toBe(200);
  await gateway.reload(`providers: {openai: {base_url: "${upstream.url}/v1"}}\n`);
  await othersAreServed();
});

test('a ledger with numbers beyond 2^53 heals at the next start, and says so', async () => {
  await (await post(hi)).text();
  await gateway.running.stop();
  const db = new DatabaseSync(join(folder, 'ledger.db'));
  db.exec('pragma ignore_check_constraints = on');
  db.exec('update budgets set reserved_tokens = 9223372036854775807, spent_tokens = 9223372036854775806');
  db.exec('update requests set counted = 9223372036854775807, cost = -9223372036854775807');
  db.exec('update usage_hours set counted = 9223372036854775807');
  db.close();
  await start();
  expect(gateway.lines.filter((line) => line.kind === 'warn').map((line) => String(line.fields['message']))).toEqual(
    expect.arrayContaining([expect.stringMatching(/ledger.*repaired/)]),
  );
  await othersAreServed();
  expect((await post(hi)).status).toBe(200);
});

describe('names', () => {
  const long = `openai/${'x'.repeat(1024 * 1024)}`;
  test.each([
    ['chat', chat, { ...hi, model: long }],
    ['messages', '/v1/messages', { model: long, max_tokens: 9, messages: say('hi') }],
    ['embeddings', '/v1/embeddings', { model: long, input: 'hi' }],
    ['count', '/v1/messages/count_tokens', { model: long, messages: say('hi') }],
  ])('a model name of a megabyte is refused: %s [L3]', async (_name, path, body) => {
    const answer = await post(body, path);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toMatch(/model.*at most 256/);
    expect(upstream.calls).toHaveLength(0);
  });

  test('many different names leave nothing behind that grows', async () => {
    for (let i = 0; i < 300; i++) expect((await post({ ...hi, model: `openai/m${i}` })).status).toBe(200);
    const rows = async () =>
      ((await gateway.admin('GET', '/admin/usage?group_by=model')).body as { data: object[] }).data;
    while ((await rows()).length < 101) await new Promise((resolve) => setImmediate(resolve));
    expect(await rows()).toHaveLength(101); // a hundred models of a key and hour, and all others together
  });
});

describe('schemas that grow', () => {
  const nested = (word: string, depth: number): object =>
    depth === 0 ? { type: 'string' } : { [word]: nested(word, depth - 1), if: { minLength: depth } };
  const tool = (schema: object, strict = false) => [
    { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: { a: schema } }, strict } },
  ];

  test.each(['gemini-3.5-flash', 'claude-opus-4.7', 'gpt-5.5'])(
    'keywords nested 23 deep, to %s [L2]',
    async (model) => {
      const body = JSON.stringify({ ...hi, model, tools: tool(nested('not', 23), true) });
      const { status } = await post(body);
      expect(upstream.calls.length > 0 || status === 400).toBe(true); // sent within its bounds, or refused by name
      for (const call of upstream.calls) expect(call.body.length).toBeLessThanOrEqual(4 * body.length + 65_536);
      await othersAreServed();
    },
  );

  test.each(['gemini-3.5-flash', 'gpt-5.5'])(
    'the same where only its tokens are counted, by %s [L2]',
    async (model) => {
      const tools = [
        { name: 'f', input_schema: { type: 'object', properties: { a: nested('not', 23) } }, strict: true },
      ];
      const body = JSON.stringify({ model, messages: say('hi'), tools });
      await (await post(JSON.parse(body) as object, '/v1/messages/count_tokens')).text();
      expect(upstream.calls.length).toBeGreaterThan(0);
      for (const call of upstream.calls) expect(call.body.length).toBeLessThanOrEqual(4 * body.length + 65_536);
      await othersAreServed();
    },
  );

  test.each(['gemini-3.5-flash', 'claude-opus-4.7'])('references that multiply, to %s [L2]', async (model) => {
    const $defs: Record<string, object> = {
      d0: { type: 'object', properties: { x: { description: 'y'.repeat(2_000) } } },
    };
    for (let i = 1; i < 40; i++)
      $defs[`d${i}`] = { allOf: [{ $ref: `#/$defs/d${i - 1}` }, { $ref: `#/$defs/d${i - 1}` }] };
    const parameters = { anyOf: Array.from({ length: 60 }, () => ({ $ref: '#/$defs/d39' })), $defs };
    const body = JSON.stringify({ ...hi, model, tools: [{ type: 'function', function: { name: 'f', parameters } }] });
    const { status } = await post(body);
    expect(upstream.calls.length > 0 || status === 400).toBe(true);
    for (const call of upstream.calls) expect(call.body.length).toBeLessThanOrEqual(4 * body.length + 65_536);
    await othersAreServed();
  });
});

describe('items and calls that are kept for the next turn [L2]', () => {
  const long = 'x'.repeat(200_000);
  const answer = (content: object[], stop_reason: string, id = 'msg_1') => ({
    body: JSON.stringify({
      id,
      type: 'message',
      role: 'assistant',
      model: 'claude-opus-4-7',
      content,
      stop_reason,
      stop_sequence: null,
      usage: { input_tokens: 10, output_tokens: 5 },
    }),
  });
  const responses = '/v1/responses';
  const message = (text: string) => ({ role: 'user', content: [{ type: 'input_text', text }] });
  const ask = (input: object[]) => post({ model: 'claude-opus-4.7', input }, responses);

  test('an item is put in place of its name once, and refused when it is named again', async () => {
    upstream.answer = answer([{ type: 'text', text: long }], 'end_turn');
    const first = (await (await ask([message('hi')])).json()) as { output: { id: string }[] };
    const reference = { type: 'item_reference', id: first.output[0]?.id };
    const calls = upstream.calls.length;
    expect((await ask([message('hi'), reference, message('on')])).status).toBe(200);
    expect(upstream.calls.at(-1)?.body.length).toBeGreaterThan(200_000);
    const many = await ask([message('hi'), ...Array.from({ length: 1_300 }, () => reference), message('on')]);
    expect(many.status).toBe(400);
    expect(await many.text()).toContain('Name each item once');
    expect(upstream.calls.length).toBe(calls + 1);
    await othersAreServed();
  });

  test('many items that are only named are refused where they are more than a request may be made of', async () => {
    const references: object[] = [];
    for (let i = 0; i < 3; i++) {
      upstream.answer = answer([{ type: 'text', text: 'y'.repeat(1_500_000) }], 'end_turn', `msg_${i}`);
      const made = (await (await ask([message(`hi ${i}`)])).json()) as { output: { id: string }[] };
      references.push({ type: 'item_reference', id: made.output[0]?.id });
    }
    expect((await ask([message('hi'), ...references.slice(0, 2), message('on')])).status).toBe(200);
    const many = await ask([message('hi'), ...references, message('on')]);
    expect(many.status).toBe(400);
    expect(await many.text()).toContain('only named');
    await othersAreServed();
  });

  test('of more reasoning than one request may have put back the newest goes, and what it grows by is held memory', async () => {
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }];
    const model = 'claude-opus-4.7';
    const turns: object[] = [];
    for (let i = 0; i < 5; i++) {
      const thought = `${i}`.repeat(1_500_000);
      const used = { type: 'tool_use', id: `toolu_n${i}`, name: 'f', input: {} };
      upstream.answer = answer([{ type: 'thinking', thinking: thought, signature: 'c2ln' }, used], 'tool_use');
      const made = (await (await post({ model, messages: say('hi'), tools })).json()) as {
        choices: { message: { tool_calls: { id: string }[] } }[];
      };
      const call = made.choices[0]?.message.tool_calls[0];
      turns.push({ role: 'assistant', content: null, tool_calls: [call] });
      turns.push({ role: 'tool', tool_call_id: call?.id, content: 'ok' });
    }
    upstream.answer = answer([{ type: 'text', text: 'done' }], 'end_turn');
    const body = { model, messages: [...say('hi'), ...turns], tools };
    expect((await post(body)).status).toBe(200);
    const sent = String(upstream.calls.at(-1)?.body);
    expect([...'01234'].filter((digit) => sent.includes(digit.repeat(1_500_000)))).toEqual(['3', '4']);
    // Fifty of them at once are as many large bodies: those for which there is no room are refused, and the others answered.
    let answerAll: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (answerAll = resolve));
    upstream.answer = (_call, response) => void released.then(() => response.writeHead(200).end(answer([{ type: 'text', text: 'done' }], 'end_turn').body)); // prettier-ignore
    const many = Array.from({ length: 50 }, () => post(body).then(({ status }) => status));
    await Promise.race(many); // the first that is refused
    answerAll();
    const statuses = await Promise.all(many);
    expect(new Set(statuses)).toEqual(new Set([200, 503]));
    await othersAreServed();
  });

  test('the reasoning of a call goes back once, however often its id comes', async () => {
    const thinking = [
      { type: 'thinking', thinking: long, signature: 'c2ln' },
      { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} },
    ];
    upstream.answer = answer(thinking, 'tool_use');
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }];
    const model = 'claude-opus-4.7';
    const made = (await (await post({ model, messages: say('hi'), tools })).json()) as {
      choices: { message: { tool_calls: { id: string }[] } }[];
    };
    const call = made.choices[0]?.message.tool_calls[0];
    const turn = [
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: call?.id, content: 'ok' },
    ];
    upstream.answer = answer([{ type: 'text', text: 'done' }], 'end_turn');
    const messages = [...say('hi'), ...Array.from({ length: 50 }, () => turn).flat()];
    expect((await post({ model, messages, tools })).status).toBe(200);
    const sent = upstream.calls.at(-1)?.body ?? '';
    expect(String(sent).split(long).length - 1).toBeLessThanOrEqual(1);
    expect(sent.length).toBeLessThan(400_000);
    await othersAreServed();
  });
});
