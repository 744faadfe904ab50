// A failure inside an answer with status 200 is a failure: to the client on another wire, in the ledger, and to the route.

import type { Kind } from '../support/translation';
import {
  fieldsFor,
  formats,
  goodAnswer,
  otherFormat,
  streamAnswer,
  streamParts,
  useRouteScene,
  wholeAnswer,
} from '../support/routeScene';

const scene = useRouteScene();
const { ask } = scene;

/** Whole answers that are none: the format they are in, the body, and the status that a client of another wire gets. */
const failures: [Kind, string, object, number][] = [
  ['chat', 'a rate limit', { error: { message: 'Rate limit', code: 429 } }, 429],
  ['chat', 'an overload', { error: { message: 'm', type: 'overloaded' } }, 503],
  ['chat', 'an error as text', { error: 'the model crashed' }, 502],
  ['chat', 'no choice', { id: 'c', choices: [] }, 502],
  ['chat', 'choices that are null', { id: 'c', choices: null }, 502],
  ['chat', 'an empty message without a reason', { choices: [{ index: 0, message: { content: '' } }] }, 502],
  ['chat', 'an error on its choice', { choices: [{ error: { code: 502, message: 'm' }, finish_reason: 'error' }] }, 502],
  ['chat', 'an unknown reason', { choices: [{ message: { content: 'x' }, finish_reason: 'abort' }] }, 502],
  ['chat', 'a reason that every object has', { choices: [{ message: {}, finish_reason: 'constructor' }] }, 502],
  ['messages', 'an overload', { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 503],
  ['messages', 'a rate limit', { type: 'error', error: { type: 'rate_limit_error', message: 'm' } }, 429],
  ['messages', 'a wrong key', { type: 'error', error: { type: 'authentication_error', message: 'm' } }, 502],
  ['messages', 'an error as text', { error: 'the model crashed' }, 502],
  ['messages', 'no content', { type: 'message', stop_reason: null }, 502],
  ['messages', 'an unknown reason', { type: 'message', content: [], stop_reason: 'exploded' }, 502],
  ['responses', 'a failed status', { id: 'r', status: 'failed', error: null, output: [] }, 502],
  ['responses', 'a rate limit', { status: 'failed', error: { code: 'rate_limit_exceeded', message: 'm' } }, 429],
  ['responses', 'no output', { id: 'r', status: 'completed' }, 502],
  ...['in_progress', 'queued', 'exploded'].map((status): [Kind, string, object, number] => [
    'responses',
    `a status ${status}, with a text`,
    { id: 'r', status, output: [{ type: 'message', content: [{ type: 'output_text', text: 'x' }] }] },
    502,
  ]),
  ['responses', 'an unknown incompleteness', { status: 'incomplete', incomplete_details: { reason: 'x' }, output: [] }, 502],
  ['generate', 'an overload', { error: { code: 503, message: 'm', status: 'UNAVAILABLE' } }, 503],
  ['generate', 'a rate limit without its name', { error: { code: 429, message: 'm' } }, 429],
  ['generate', 'an error as text', { error: 'the model crashed' }, 502],
  ['generate', 'no candidate', { usageMetadata: { promptTokenCount: 3 } }, 502],
  ...['MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL', 'OTHER', 'MISSING_THOUGHT_SIGNATURE', 'NEW_REASON'].map(
    (finishReason): [Kind, string, object, number] => [
      'generate',
      finishReason,
      { candidates: [{ content: { role: 'model' }, finishReason }] },
      502,
    ],
  ),
]; // prettier-ignore

describe.each(failures)('%s: %s', (kind, _name, body, status) => {
  test('translated: the error, and nothing is booked [F10]', async () => {
    scene.a.answer = { body: JSON.stringify(body) };
    const answer = await ask(otherFormat(kind), `a-${kind}/m`, false, fieldsFor(kind));
    expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining('"error"')]);
    const row = await scene.lastRow();
    expect(row).toMatchObject({ outcome: 'error', status, output: 0 });
    expect(row.error).toMatch(/^upstream_/);
  });

  test('on its own wire: the provider’s bytes, booked as a failure [F10]', async () => {
    scene.a.answer = { body: JSON.stringify(body) };
    const answer = await ask(kind, `a-${kind}/m`, false);
    expect([answer.status, await answer.json()]).toEqual([200, body]);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'error', error: expect.stringMatching(/^upstream_/) });
  });

  test.each([kind, otherFormat(kind)])('a route goes on to its next target (%s client)', async (client) => {
    scene.a.answer = { body: JSON.stringify(body) };
    scene.b.answer = goodAnswer(kind, 'from B');
    const answer = await ask(client, `to-${kind}`, false, client === kind ? {} : fieldsFor(kind));
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('from B')]);
    expect([scene.a.calls.length, scene.b.calls.length]).toEqual([1, 1]);
    const row = await scene.lastRow();
    expect(row).toMatchObject({ outcome: 'ok', provider: `b-${kind}`, estimated: false, input: 5, output: 2 });
    expect(row.attempts).toMatchObject([{ status: 200, cause: expect.stringMatching(/^upstream_/) }, { status: 200 }]);
  });
});

describe('what is no failure', () => {
  const whole = (kind: Kind, body: object) => {
    scene.a.answer = { body: JSON.stringify(body) };
    return ask(otherFormat(kind), `a-${kind}/m`, false);
  };

  test.each(['SAFETY', 'RECITATION', 'PROHIBITED_CONTENT', 'ESCALATION'])(
    'a filter of Gemini’s is a refusal: %s',
    async (finishReason) => {
      const answer = await whole('generate', { candidates: [{ finishReason }] });
      expect([answer.status, await answer.json()]).toMatchObject([200, { stop_reason: 'refusal' }]);
    },
  );

  test('a blocked prompt', async () => {
    const answer = await whole('generate', { promptFeedback: { blockReason: 'OTHER' } });
    expect([answer.status, await answer.json()]).toMatchObject([200, { stop_reason: 'refusal' }]);
  });

  test('an empty turn with its reason', async () => {
    const answer = await whole('messages', { ...wholeAnswer('messages', ''), content: [] });
    expect([answer.status, await answer.json()]).toMatchObject([200, { choices: [{ finish_reason: 'stop' }] }]);
  });

  test.each(['eos_token', 'stop', 'STOP'])('the reason of a host’s own: %s', async (finish_reason) => {
    const choices = [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason }];
    expect(await (await whole('chat', { id: 'c', choices })).json()).toMatchObject({ stop_reason: 'end_turn' });
  });

  test.each([false, true])('calls that end with "stop" are calls (stream: %s)', async (stream) => {
    const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } };
    const choice = { index: 0, finish_reason: 'stop', [stream ? 'delta' : 'message']: { tool_calls: [call] } };
    const body = { id: 'c', model: 'm', choices: [choice] };
    scene.a.answer = stream
      ? streamAnswer(`data: ${JSON.stringify(body)}\n\ndata: [DONE]\n\n`)
      : { body: JSON.stringify(body) };
    const text = await (await ask('messages', 'a-chat/m', stream)).text();
    expect(text).toContain('"stop_reason":"tool_use"');
  });
});

describe('a failure after text', () => {
  const told: Record<Kind, string> = {
    chat: `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error', error: { code: 502, message: 'm' } }] })}\n\n`,
    responses: `event: error\ndata: {"type":"error","code":"server_error","message":"m","param":null,"sequence_number":4}\n\n`,
    messages: `event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"m"}}\n\n`,
    generate: `data: {"candidates":[{"content":{"role":"model"},"finishReason":"MALFORMED_FUNCTION_CALL"}]}\n\n`,
  };
  const cleanEnds = /message_stop|\[DONE\]|response\.completed|"finishReason":"(STOP|SAFETY)"/;

  test.each(formats)('%s, translated: the text, the error event, and no clean end', async (kind) => {
    const { preamble, content } = streamParts(kind, 'Hello');
    scene.a.answer = streamAnswer(preamble + content + told[kind]);
    const text = await (await ask(otherFormat(kind), `a-${kind}/m`, true, fieldsFor(kind))).text();
    expect(text).toContain('Hello');
    expect(text).toMatch(/"error":\{/);
    expect(text).not.toMatch(cleanEnds);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'error', error: expect.stringMatching(/^upstream_/) });
  });

  test.each(formats)('%s, on its own wire: the bytes, booked as a failure', async (kind) => {
    const { preamble, content } = streamParts(kind, 'Hello');
    const body = preamble + content + told[kind];
    scene.a.answer = streamAnswer(body);
    expect(await (await ask(kind, `a-${kind}/m`, true)).text()).toBe(body);
    const row = await scene.lastRow();
    expect(row).toMatchObject({ outcome: 'error', error: expect.stringMatching(/^upstream_/), estimated: true });
    expect(row.output).toBeGreaterThan(0); // what came before may be charged
  });
});

describe.each(formats)('%s: a failure that stands before a good end [F10]', (kind) => {
  const { preamble, content, end } = streamParts(kind, 'Hello');
  const told: Readonly<Record<string, string>> = {
    'an event that is named an error': 'event: error\ndata: {"message":"m","code":429}\n\n',
    'the same without JSON': 'event:error\ndata: upstream connect error\n\n',
    'an error that is a text': 'data: {"error":"the model crashed"}\n\n',
    ...(kind === 'chat'
      ? { 'an error object itself': 'data: {"object":"error","message":"m","type":"InternalServerError","code":500}\n\n' }
      : {}),
  };
  test.each(Object.keys(told))('%s', async (name) => {
    const body = preamble + content + told[name]! + end;
    for (const slice of [undefined, 5]) {
      scene.a.answer = streamAnswer(body, slice);
      const text = await (await ask(otherFormat(kind), `a-${kind}/m`, true, fieldsFor(kind))).text();
      expect(text).toContain('Hello');
      expect(text).toMatch(/"error":\{/);
      expect(text).not.toMatch(/message_stop|\[DONE\]/);
      const code = name.includes('named') ? 'upstream_rate_limited' : 'upstream_error';
      expect(await scene.lastRow()).toMatchObject({ outcome: 'error', error: code });
      expect(await (await ask(kind, `a-${kind}/m`, true)).text()).toBe(body);
      expect(await scene.lastRow()).toMatchObject({ outcome: 'error', error: code });
    }
    scene.a.answer = streamAnswer(preamble + told[name]! + end);
    scene.b.answer = goodAnswer(kind, 'from B');
    for (const client of [kind, otherFormat(kind)]) {
      scene.now += 60_000;
      const fields = client === kind ? {} : fieldsFor(kind);
      expect(await (await ask(client, `to-${kind}`, true, fields)).text()).toContain('from B');
    }
  });
}); // prettier-ignore

test('a reason to stop that is a failure is seen without a usage beside it', async () => {
  const { preamble, content } = streamParts('messages', 'Hello');
  const end = 'data: {"type":"message_delta","delta":{"stop_reason":"exploded"}}\n\ndata: {"type":"message_stop"}\n\n';
  scene.a.answer = streamAnswer(preamble + content + end);
  for (const client of ['messages', 'chat'] as const) {
    await (await ask(client, 'a-messages/m', true)).text();
    expect(await scene.lastRow()).toMatchObject({ outcome: 'error', error: 'upstream_error' });
  }
});

test('an end word without a reason ends what has been said, for every client', async () => {
  const { preamble, content } = streamParts('messages', 'Hello');
  scene.a.answer = streamAnswer(`${preamble}${content}data: {"type":"message_stop"}\n\n`);
  expect(await (await ask('messages', 'a-messages/m', true)).text()).not.toContain('"error"');
  expect(await scene.lastRow()).toMatchObject({ outcome: 'ok' });
  expect(await (await ask('chat', 'a-messages/m', true)).text()).toMatch(/Hello[^]*"finish_reason":"stop"[^]*\[DONE\]/);
  expect(await scene.lastRow()).toMatchObject({ outcome: 'ok' });
});

test.each([
  ['an incompleteness without a status', { type: 'response.incomplete', response: { output: [] } }, 'upstream_error'],
  ['an error event without an error object', { type: 'error', code: 'rate_limit_exceeded', message: 'm' }, 'upstream_rate_limited'],
  ['a failed response', { type: 'response.failed', response: { status: 'failed', error: null } }, 'upstream_error'],
  ['a response without credit', { type: 'response.failed', response: { status: 'failed', error: { code: 'insufficient_quota', message: 'm' } } }, 'upstream_credential'],
  ['an unknown incompleteness', { type: 'response.incomplete', response: { status: 'incomplete', incomplete_details: null } }, 'upstream_error'],
])('Responses on its own wire: %s', async (_name, event, error) => {
  const body = `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
  scene.a.answer = streamAnswer(body);
  expect(await (await ask('responses', 'a-responses/m', true)).text()).toBe(body);
  expect(await scene.lastRow()).toMatchObject({ outcome: 'error', error });
}); // prettier-ignore

test('Responses that reached its maximum is an answer', async () => {
  const { preamble, content } = streamParts('responses', 'Hello');
  const usage = { input_tokens: 5, output_tokens: 2 };
  const response = { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, usage };
  scene.a.answer = streamAnswer(
    `${preamble}${content}data: ${JSON.stringify({ type: 'response.incomplete', response })}\n\n`,
  );
  await (await ask('responses', 'a-responses/m', true)).text();
  expect(await scene.lastRow()).toMatchObject({ outcome: 'ok', input: 5, output: 2, estimated: false });
});

test.each(formats)('events of %s are no whole answer to a client of another wire: B [F11]', async (kind) => {
  scene.a.answer = streamAnswer(Object.values(streamParts(kind, 'from A')).join(''));
  const answer = await ask(otherFormat(kind), `a-${kind}/m`, false, fieldsFor(kind));
  expect([answer.status, await answer.text()]).toEqual([502, expect.stringContaining('although a whole answer')]);
  expect(await scene.lastRow()).toMatchObject({ outcome: 'error', error: 'upstream_garbage' });
  scene.b.answer = goodAnswer(kind, 'from B');
  expect(await (await ask(otherFormat(kind), `to-${kind}`, false, fieldsFor(kind))).text()).toContain('from B');
});

test('a page for people is not passed on as an answer [F11]', async () => {
  const page = { headers: { 'content-type': 'text/html' }, body: '<html>Bad gateway</html>' };
  scene.a.answer = { status: 502, ...page };
  for (const kind of formats) {
    const answer = await ask(kind, `a-${kind}/m`, false);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([502, expect.stringContaining('json')]);
    expect(await answer.text()).not.toContain('html');
  }
});

test('what is no JSON passes on its own wire, booked as a failure [F11]', async () => {
  scene.a.answer = { body: '{"choices": [{"mess' };
  expect(await (await ask('chat', 'a-chat/m', false)).text()).toBe('{"choices": [{"mess');
  expect(await scene.lastRow()).toMatchObject({ outcome: 'error', error: 'upstream_garbage' });
});

describe('embeddings', () => {
  const embed = (model: string) =>
    fetch(`${scene.gateway.url}/v1/embeddings`, {
      method: 'POST',
      headers: { authorization: `Bearer ${scene.key}` },
      body: JSON.stringify({ model, input: 'hi' }),
    });
  const good = { object: 'list', data: [{ embedding: [1] }], usage: { prompt_tokens: 3 } };

  test.each([
    { error: { message: 'm', code: 503 } },
    { object: 'list' },
    { data: null },
    { object: 'list', data: [] },
    { object: 'list', data: [{ object: 'embedding', index: 0 }] },
    { object: 'list', data: [{ object: 'embedding', index: 0, embedding: [] }], usage: { prompt_tokens: 3 } },
    { object: 'list', data: [{ object: 'embedding', index: 0, embedding: '' }] },
    { object: 'list', data: [{ object: 'embedding', index: 0, embedding: null }] },
  ])('%j is none', async (body: { usage?: object }) => {
    scene.a.answer = { body: JSON.stringify(body) };
    const answer = await embed('a-chat/m');
    expect([answer.status, await answer.json()]).toEqual([200, body]);
    expect(await scene.lastRow()).toMatchObject({
      outcome: 'error',
      error: expect.stringMatching(/^upstream_/),
      input: body.usage === undefined ? 0 : 3, // what the provider says it charges
    });
    scene.b.answer = { body: JSON.stringify(good) };
    expect(await (await embed('to-chat')).json()).toEqual(good);
  });

  test.each(['[-0.5]', '[ 1]', '"AACAPw=="'])('%s is one, wherever it stands', async (numbers) => {
    const body = `{"data":[{"object":"embedding","note":"\\"embedding\\": []","embedding" : ${numbers}}]}`;
    scene.a.answer = { body };
    expect(await (await embed('a-chat/m')).text()).toBe(body);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'ok' });
  });

  test.each([
    ['four spaces', JSON.stringify(good, null, 4)],
    ['tabs', JSON.stringify(good, null, '\t')],
    ['lines as Windows ends them', JSON.stringify(good, null, 2).replaceAll('\n', '\r\n')],
  ])('an answer that is printed for people is one: %s', async (_name, body) => {
    scene.a.answer = { body };
    expect(await (await embed('a-chat/m')).text()).toBe(body);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'ok', input: 3 });
  });

  test.each([
    { embeddings: [] },
    { embeddings: [{}] },
    { embeddings: [{ values: [] }] },
    { embeddings: [{ values: ['x'] }] },
    { embeddings: [{ values: [1, null] }] },
    { embeddings: [{ values: [1] }, { values: [2] }] },
  ])('%j of Gemini is none', async (body) => {
    scene.a.answer = { body: JSON.stringify(body) };
    expect((await embed('a-generate/m')).status).toBe(502);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'error', error: 'upstream_garbage', input: 0 });
    scene.b.answer = { body: '{"embeddings":[{"values":[1]}]}' };
    expect(await (await embed('to-generate')).json()).toMatchObject({ data: [{ embedding: [1] }] });
  });
});
