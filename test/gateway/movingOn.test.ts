// Failover by cause: what moves a request to the next target of its route, what does not, and who rests after it.

import type { ServerResponse } from 'node:http';
import type { FakeCall, Script } from '../support/fakeUpstream';
import {
  fieldsFor,
  formats,
  goodAnswer,
  otherFormat,
  providerKeys,
  streamAnswer,
  streamParts,
  useRouteScene,
  wholeAnswer,
} from '../support/routeScene';
import { type Kind, until } from '../support/translation';

const scene = useRouteScene('limits: {preamble_ms: 300}\n');
const { ask } = scene;

const error = (message: string, more: object = {}) => JSON.stringify({ error: { message, ...more } });

/** The client on the host's own wire and one on another. */
const clientsOf = (kind: Kind) => [
  { client: kind, fields: {} },
  { client: otherFormat(kind), fields: fieldsFor(kind) },
];
const clients = formats.flatMap((kind) => clientsOf(kind).map((each) => ({ kind, ...each })));

describe.each(clients)('a stream of $kind to a $client client: B answers where A', ({ kind, client, fields }) => {
  const { preamble, content, end } = streamParts(kind, 'from A');
  const failures: Record<Kind, string> = {
    chat: 'data: {"error":{"message":"m","code":503}}\n\n',
    responses:
      'event: response.failed\ndata: {"type":"response.failed","response":{"status":"failed","error":{"code":"insufficient_quota","message":"m"}}}\n\n',
    messages: 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"m"}}\n\n',
    generate: 'data: {"candidates":[{"content":{"role":"model"},"finishReason":"MALFORMED_FUNCTION_CALL"}]}\n\n',
  };
  const cases: Record<string, Script> = {
    'fails in its first event': streamAnswer(failures[kind]),
    'fails after its preamble': streamAnswer(preamble + failures[kind]),
    'fails after its preamble, byte by byte': streamAnswer(preamble + failures[kind], 1),
    'is empty': streamAnswer(''),
    'ends after its preamble': streamAnswer(preamble),
    'dies after its preamble': (_call: FakeCall, response: ServerResponse) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(preamble, () => response.destroy());
    },
    'answers with an error instead of events': { body: error('m', { code: 429, type: 'rate_limit_error' }) },
  };

  test.each(Object.entries(cases))('%s', async (_name, answer) => {
    scene.a.answer = answer;
    scene.b.answer = goodAnswer(kind, 'from B');
    const got = await ask(client, `to-${kind}`, true, fields);
    const text = await got.text();
    expect([got.status, got.headers.get('x-ovth-route')]).toEqual([200, expect.stringMatching(/-> b-.*attempt=2/)]);
    expect(text).toContain('from B');
    expect(text).not.toMatch(/from A|"error":\{/);
    expect([scene.a.calls.length, scene.b.calls.length]).toEqual([1, 1]);
    const row = await scene.lastRow();
    expect(row).toMatchObject({ outcome: 'ok', provider: `b-${kind}` });
    expect(row.attempts).toMatchObject([{ cause: expect.stringMatching(/^upstream_/) }, { status: 200 }]);
  });

  test('not where content has come before [F4]', async () => {
    scene.a.answer = streamAnswer(preamble + content + failures[kind]);
    const text = await (await ask(client, `to-${kind}`, true, fields)).text();
    expect(text).toContain('from A');
    expect(scene.b.calls).toHaveLength(0);
  });

  test('not where the time of the preamble is over', async () => {
    let release: () => void = () => undefined;
    scene.a.answer = (_call: FakeCall, response: ServerResponse) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(preamble);
      release = () => response.end(content + end);
    };
    const got = await ask(client, `to-${kind}`, true, fields); // it has its head before any content
    expect(got.headers.get('x-ovth-route')).toMatch(/-> a-/);
    release();
    expect(await got.text()).toContain('from A');
    expect(scene.b.calls).toHaveLength(0);
  });

  test('where both fail, the last failure is told', async () => {
    scene.a.answer = streamAnswer(preamble + failures[kind]);
    scene.b.answer = streamAnswer(preamble + failures[kind]);
    const got = await ask(client, `to-${kind}`, true, fields);
    expect(await got.text()).toMatch(/"error"|MALFORMED/);
    expect([scene.a.calls.length, scene.b.calls.length]).toEqual([1, 1]);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'error', provider: `b-${kind}` });
  });
});

test('no more targets are tried for one request than limits.attempts', async () => {
  const models = ['a-chat/m', 'b-chat/m', 'a-chat/n', 'b-chat/n', 'a-chat/o'];
  for (const [setting, most] of [['', 3], ['limits: {attempts: 1}\n', 1], ['limits: {attempts: 5}\n', 5]] as const) {
    await scene.gateway.reload(`${setting}routes: {many: {models: [${models.join(', ')}]}}\n${configOf(scene.a.url, scene.b.url)}`);
    scene.a.calls.length = scene.b.calls.length = 0;
    scene.a.answer = scene.b.answer = { status: 500, body: error('m') };
    const got = await ask('chat', 'many', false);
    expect([got.status, scene.a.calls.length + scene.b.calls.length]).toEqual([500, most]);
    await got.text();
  }
}); // prettier-ignore

test('no more than 64 KB are held back: then the answer is this target’s, long before the time of the preamble', async () => {
  await scene.gateway.reload(
    `limits: {preamble_ms: 60000}\nroutes: {both: {models: [a-chat/m, b-chat/m]}}\n${configOf(scene.a.url, scene.b.url)}`,
  );
  const { preamble, content, end } = streamParts('chat', 'from A');
  const empty = `data: ${JSON.stringify({ id: 'c', choices: [], padding: 'x'.repeat(1_000) })}\n\n`;
  scene.b.answer = goodAnswer('chat', 'from B');
  scene.a.answer = streamAnswer(preamble + empty.repeat(50));
  expect(await (await ask('chat', 'both', true)).text()).toContain('from B');
  let release: () => void = () => undefined;
  scene.a.answer = (_call: FakeCall, response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(preamble + empty.repeat(70));
    release = () => response.end(content + end);
  };
  const got = await ask('chat', 'both', true);
  expect(got.headers.get('x-ovth-route')).toMatch(/-> a-/);
  release();
  expect(await got.text()).toContain('from A');
});

test('an exact model is not held back', async () => {
  const { preamble, content, end } = streamParts('chat', 'from A');
  let release: () => void = () => undefined;
  scene.a.answer = (_call: FakeCall, response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(preamble);
    release = () => response.end(content + end);
  };
  const got = await ask('chat', 'a-chat/m', true);
  const first = await got.body!.getReader().read();
  expect(Buffer.from(first.value).toString()).toBe(preamble);
  release();
});

test('a client that leaves while its stream is held back ends the call', async () => {
  scene.a.answer = (_call: FakeCall, response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(streamParts('chat', '').preamble);
  };
  const leave = new AbortController();
  const answer = fetch(`${scene.gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${scene.key}` },
    body: JSON.stringify({ model: 'to-chat', stream: true, messages: [{ role: 'user', content: 'hi' }] }),
    signal: leave.signal,
  });
  await scene.a.arrived(1);
  leave.abort();
  await expect(answer).rejects.toThrow();
  await expect(scene.a.calls[0]!.closed).resolves.toBe('gone');
  expect(await scene.lastRow()).toMatchObject({ outcome: 'client_gone' });
  expect(scene.b.calls).toHaveLength(0);
});

describe.each(clientsOf('chat'))('A answers a $client client with a status: B [F7]', ({ client, fields }) => {
  const moving: [number, string][] = [
    ...[401, 402, 403, 408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529].map((status): [number, string] => [
      status,
      error('m'),
    ]),
    [520, '<html>error code: 520</html>'],
    [404, error('The model `m` does not exist or you do not have access to it.', { code: 'model_not_found' })],
    [404, error('model: m', { type: 'not_found_error' })],
    [404, error('models/m is not found for API version v1beta', { status: 'NOT_FOUND' })],
    [400, error('The model `m` has been decommissioned.', { code: 'model_decommissioned' })],
    [400, error('Your credit balance is too low to access the API.', { type: 'invalid_request_error' })],
    [400, error('API key not valid. Please pass a valid API key.', { details: [{ reason: 'API_KEY_INVALID' }] })],
    [400, error('User location is not supported for the API use.', { status: 'FAILED_PRECONDITION' })],
    [429, error('You exceeded your current quota.', { code: 'insufficient_quota' })],
    [400, error('m', { code: 'context_length_exceeded' })],
    [413, error('Request too large')],
    [404, '404 page not found'],
  ];
  test.each(moving)('%d %s', async (status, body) => {
    scene.a.answer = { status, body, ...(body.startsWith('<') ? { headers: { 'content-type': 'text/html' } } : {}) };
    scene.b.answer = goodAnswer('chat', 'from B');
    const got = await ask(client, 'to-chat', false, fields);
    expect([got.status, await got.text()]).toEqual([200, expect.stringContaining('from B')]);
  });

  test.each([
    [400, error('temperature must be at most 2', { type: 'invalid_request_error' })],
    [404, error('Item with id rs_1 not found.', { type: 'invalid_request_error' })],
    [422, error('no')],
    [403, error('Input was flagged by moderation')],
    [403, error('You do not have permission to access the File abc or it may not exist.')],
    [400, error("Invalid value: 'insufficient_quota'. Supported values are: 'user'.")],
    [400, error('Invalid value: Your credit balance is too low')],
    [400, error("Unknown parameter: 'API key not valid'.")],
    [404, error("Item with id 'The model m does not exist' not found.")],
    [404, error("Item with id 'url' not found.")],
  ])('not after %d %s', async (status, body) => {
    scene.a.answer = { status, body };
    for (let i = 0; i < 6; i++) {
      const got = await ask(client, 'to-chat', false, fields);
      expect(got.status).toBe(client === 'chat' ? status : status === 404 ? 404 : 400);
      await got.text();
    }
    expect([scene.a.calls.length, scene.b.calls.length]).toEqual([6, 0]); // and A does not rest
  });
});

test.each<[Kind, object]>([
  ['chat', { code: 403, message: 'Your input was flagged by moderation' }],
  [
    'generate',
    { code: 403, status: 'PERMISSION_DENIED', message: 'You do not have permission to access the File abc.' },
  ],
])('what %s refuses of a client inside its answer rests nobody', async (kind, failure) => {
  scene.a.answer = { body: JSON.stringify({ error: failure }) };
  for (const client of [kind, otherFormat(kind)]) {
    const got = await ask(client, `to-${kind}`, false);
    expect(await got.text()).toMatch(/flagged|access the File/);
    expect((await scene.lastRow()).error).toBe('bad_request');
  }
  expect([scene.a.calls.length, scene.b.calls.length]).toEqual([2, 0]);
});

test.each<[string, Script]>([
  ['is no JSON', { body: '{"choices": [{"mess' }],
  ['is a page', { headers: { 'content-type': 'text/html' }, body: '<html>' }],
  ['redirects', { status: 302, headers: { location: 'http://127.0.0.1/' }, body: '' }],
  [
    'breaks off',
    (_call, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      response.write('{"id":', () => response.destroy());
    },
  ],
])('a whole answer that %s: B', async (_name, answer) => {
  scene.a.answer = answer;
  scene.b.answer = goodAnswer('chat', 'from B');
  for (const client of ['chat', 'messages'] as const) {
    const got = await ask(client, 'to-chat', false);
    expect([got.status, await got.text()]).toEqual([200, expect.stringContaining('from B')]);
  }
});

describe('a prompt that is too long [F7]', () => {
  const tooLong = { status: 400, body: error('m', { code: 'context_length_exceeded' }) };

  test('goes to a larger target only', async () => {
    await scene.gateway.reload(
      `routes: {shrinking: {models: [b-chat/m, a-chat/m]}}\n${configOf(scene.a.url, scene.b.url)}`,
    );
    scene.b.answer = tooLong;
    scene.a.answer = goodAnswer('chat', 'from A');
    const got = await ask('chat', 'shrinking', false);
    expect([got.status, await got.text()]).toEqual([400, tooLong.body]);
    expect(scene.a.calls).toHaveLength(0);
  });

  test('counts against nobody', async () => {
    scene.a.answer = tooLong;
    scene.b.answer = goodAnswer('chat', 'from B');
    for (let i = 0; i < 6; i++) await (await ask('chat', 'to-chat', false)).text();
    expect(scene.a.calls).toHaveLength(6);
  });
});

describe('a prompt against the size of a model', () => {
  const turns = (count: number, content: string) =>
    Array.from({ length: count }, (_, i) =>
      i % 2 === 1
        ? { role: 'tool', tool_call_id: `call_${i - 1}`, content }
        : { role: 'assistant', content: null, tool_calls: [{ id: `call_${i}`, type: 'function', function: { name: 'f', arguments: '{}' } }] },
    ); // prettier-ignore
  const prose = 'It was the best of times, it was the worst of times. ';

  // The smaller model holds 100,000 tokens.
  test.each([
    ['that surely does not fit goes to the larger at once', turns(20, prose.repeat(1_600)), [0, 1]],
    ['of many short calls, which takes more bytes than tokens, is tried at the smaller', turns(6_000, 'ok'), [1, 0]],
  ])('%s', async (_name, messages, calls) => {
    await scene.gateway.reload(
      `routes: {growing: {models: [a-chat/m, b-chat/m]}}\n${configOf(scene.a.url, scene.b.url)}`,
    );
    for (const upstream of [scene.a, scene.b]) upstream.answer = goodAnswer('chat', 'hi');
    const got = await ask('chat', 'growing', false, { messages });
    expect([got.status, scene.a.calls.length, scene.b.calls.length]).toEqual([200, ...calls]);
  });
});

describe('the operator’s trouble', () => {
  const models = (calls: readonly FakeCall[]) => calls.length;
  test.each([
    ['a key that is refused', 401, error('Incorrect API key provided'), 'upstream_credential'],
    ['an account without credit', 402, error('Insufficient credits'), 'upstream_credential'],
    ['a retired model', 404, error('model: m', { type: 'not_found_error' }), 'unknown_model'],
  ])('%s rests at once, is said in the log, and is tried again later', async (_name, status, body, code) => {
    scene.a.answer = { status, body };
    scene.b.answer = goodAnswer('chat', 'from B');
    for (let i = 0; i < 3; i++) expect((await ask('chat', 'to-chat', false)).status).toBe(200);
    expect([models(scene.a.calls), models(scene.b.calls)]).toEqual([1, 3]);
    const said = scene.gateway.lines.filter(({ kind, fields }) => kind === 'warn' && fields['code'] === code);
    expect(said).toEqual([
      { kind: 'warn', fields: expect.objectContaining({ name: expect.stringMatching(/^a-chat/) }) },
    ]);
    scene.now += 60_000;
    scene.a.answer = goodAnswer('chat', 'from A');
    expect(await (await ask('chat', 'to-chat', false)).text()).toContain('from A');
  });

  test.each([401, 402, 403])('a %d is never the client’s own on another wire', async (status) => {
    scene.a.answer = { status, body: error('Incorrect API key provided') };
    for (const kind of formats) {
      const got = await ask(otherFormat(kind), `a-${kind}/m`, false, fieldsFor(kind));
      expect([got.status, await got.text()]).toEqual([502, expect.not.stringMatching(/Incorrect|authentication/)]);
    }
  });

  test('an exact model on its own wire gets the provider’s own words and status', async () => {
    scene.a.answer = { status: 402, body: error('Insufficient credits') };
    const got = await ask('chat', 'a-chat/m', false);
    expect([got.status, await got.text()]).toEqual([402, error('Insufficient credits')]);
  });
});

describe('a refusal of the gateway’s own key names what is to be mended', () => {
  test.each(formats)('to a client of another wire than %s, and of a route', async (kind) => {
    scene.a.answer = { status: 401, body: error('Incorrect API key provided', { code: 'invalid_api_key' }) };
    scene.b.answer = scene.a.answer;
    const asked = [
      [await ask(otherFormat(kind), `a-${kind}/m`, false, fieldsFor(kind)), 'a', 'A_KEY'],
      [await ask(kind, `to-${kind}`, false), 'b', 'B_KEY'],
    ] as const;
    for (const [got, letter, variable] of asked) {
      const text = await got.text();
      expect([got.status, got.headers.get('x-should-retry')]).toEqual([502, 'false']);
      for (const name of [`${letter}-${kind}`, 'account \\"default\\"', variable, 'operator'])
        expect(text).toContain(name);
    }
  });

  test('and what else is the account’s names it too', async () => {
    const told = async (status: number, body: string) => {
      scene.a.answer = { status, body };
      return (await ask('messages', 'a-chat/m', false)).text();
    };
    expect(await told(402, error('Insufficient credits'))).toMatch(/a-chat.*\\"default\\".*credit/);
    expect(await told(403, error('No'))).toMatch(/a-chat.*\\"default\\".*a-chat\/m/);
    expect(await told(403, error('No', { code: 'unsupported_country_region_territory' }))).toMatch(/a-chat.*region/);
  });
});

describe('our key in what a provider says', () => {
  const key = providerKeys.A_KEY;
  const echoes = [
    `Incorrect API key provided: ${key}. You can find your API key at https://host.example.`,
    `Incorrect API key provided: sk-proj-************************cdef.`,
    `Bad key ${key.slice(0, 10)}...cdef`,
  ];
  test.each(echoes.flatMap((words) => [400, 401, 404, 500].map((status): [number, string] => [status, words])))(
    '%d %s',
    async (status, words) => {
      scene.a.answer = { status, body: error(words) };
      for (const client of ['chat', 'messages'] as const) {
        const got = await ask(client, 'a-chat/m', false);
        const text = await got.text();
        expect(text).not.toMatch(/1234567890|cdef/);
        if (client === 'chat') expect([got.status, text]).toEqual([status, expect.stringContaining('key')]);
      }
    },
  );

  test('in a stream, and in an answer with status 200', async () => {
    scene.a.answer = streamAnswer(`data: ${error(echoes[0]!)}\n\n`);
    expect(await (await ask('chat', 'a-chat/m', true)).text()).not.toContain(key);
    scene.a.answer = { body: error(echoes[0]!) };
    expect(await (await ask('chat', 'a-chat/m', false)).text()).not.toContain(key);
  });
});

test('a text that arrives before a failure of the same write is not thrown away for another target', async () => {
  const { preamble, content } = streamParts('messages', 'from A');
  scene.a.answer = streamAnswer(
    `${preamble}${content}event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"m"}}\n\n`,
  );
  expect(await until(await ask('chat', 'to-messages', true), '"error"')).toContain('from A');
  expect(scene.b.calls).toHaveLength(0);
});

// ---

function configOf(a: string, b: string): string {
  const host = (url: string, env: string, context: number) =>
    `{base_url: "${url}/v1", wire: openai, api_key_env: ${env}, models: {m: {context: ${context}, max_output: 8000, capabilities: [tools]}}}`;
  return `providers: {a-chat: ${host(a, 'A_KEY', 100_000)}, b-chat: ${host(b, 'B_KEY', 200_000)}}\n`;
}

test('a refusal whose body never ends keeps no other target waiting for long', async () => {
  scene.a.answer = (_call, response) => {
    response.writeHead(503, { 'content-type': 'application/json' }).write('{"error":');
  };
  scene.b.answer = { body: JSON.stringify(wholeAnswer('chat', 'from B')) };
  const answer = await scene.ask('chat', 'to-chat', false);
  expect(answer.status).toBe(200);
}, 30_000);

test('media types are compared whatever their case', async () => {
  const body = JSON.stringify(wholeAnswer('chat', 'hi'));
  scene.a.answer = { headers: { 'content-type': 'Application/JSON; Charset=UTF-8' }, body };
  const answer = await scene.ask('chat', 'a-chat/m', false);
  expect([answer.status, await answer.text()]).toEqual([200, body]);
});
