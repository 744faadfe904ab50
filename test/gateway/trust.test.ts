// What must not cross: headers of one connection, the gateway's own keys in a provider's error, pages of a proxy in between;
// and names that the gateway does not answer under.

import { askRaw, produced } from '../support/errorScene';
import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { masterKey, startTestGateway, type TestGateway } from '../support/gateway';
import { say } from '../support/sim';

const ownKey = 'sk-upstream/own+key';
const otherKey = 'sk-ant-another-of-ours';
const hi = { model: 'own/m', max_tokens: 9, messages: say('hi') };
const clients = {
  'the same wire': '/v1/chat/completions',
  'another wire': '/anthropic/v1/messages',
} as const;

let upstream: FakeUpstream;
let gateway: TestGateway;
let key: string;
beforeAll(async () => {
  upstream = await startFakeUpstream();
  gateway = await startTestGateway({
    config: `http: {hosts: [Gateway.Example]}\nproviders:\n  own: {base_url: "${upstream.url}/v1", wire: openai, api_key_env: OWN_KEY}\n  responding: {base_url: "${upstream.url}/v1", wire: openai, responses: true, api_key_env: OWN_KEY}\n  gemini: {base_url: "${upstream.url}", wire: gemini, api_key_env: OWN_KEY}\n`,
    keys: { OWN_KEY: ownKey, ANTHROPIC_API_KEY: otherKey },
  });
  key = await gateway.mint();
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const post = (path: string, body: object = hi) =>
  produced(
    fetch(gateway.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify(body),
    }),
  );

describe('headers of one connection', () => {
  test('those that a client nominates never reach the provider, the others do [A8]', async () => {
    upstream.answer = { body: '{"choices":[]}' };
    upstream.calls.length = 0;
    const body = JSON.stringify(hi);
    await askRaw(
      gateway.url,
      `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${key}\r\n` +
        `connection: close, X-Secret-Hop ,openai-beta\r\nx-secret-hop: 1\r\nopenai-beta: b\r\nx-kept: 2\r\nte: trailers\r\n` +
        `content-length: ${body.length}\r\n\r\n${body}`,
    );
    const { headers } = upstream.calls[0]!;
    expect(headers).toMatchObject({ 'x-kept': '2' });
    for (const name of ['x-secret-hop', 'openai-beta', 'te']) expect(headers[name]).toBeUndefined();
    expect(headers.connection ?? '').not.toContain('secret');
  });

  test('nor those that a provider nominates the client [A8]', async () => {
    upstream.answer = {
      headers: { connection: 'close, x-hop', 'x-hop': '1', 'x-kept': '2' },
      body: '{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}',
    };
    const { headers } = await post('/v1/chat/completions');
    expect([headers.get('x-hop'), headers.get('x-kept')]).toEqual([null, '2']);
  });
});

describe('an error that repeats a key of the gateway [A6 L11]', () => {
  const said = `Cannot go on: Incorrect API key provided: ${ownKey}, ${ownKey.replace('/', '\\/')}, ${encodeURIComponent(ownKey)}, ${otherKey}, ${masterKey}.`;
  const expectClean = (text: string) => {
    for (const secret of [ownKey, encodeURIComponent(ownKey), otherKey, masterKey, 'own+key', 'own%2Bkey'])
      expect(text).not.toContain(secret);
  };
  const statuses = [400, 401, 402, 403, 404, 409, 413, 422, 429, 500, 502, 503, 529];
  test.each(Object.entries(clients).flatMap(([name, path]) => statuses.map((status) => [status, name, path] as const)))(
    '%d on %s',
    async (status, name, path) => {
      upstream.answer = {
        status,
        headers: { 'x-echo': `Bearer ${ownKey}` },
        body: `{"error":{"message":"${said}","type":"invalid_request_error","code":null}}`,
      };
      const answer = await post(path);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expectClean(answer.text + JSON.stringify([...answer.headers]));
      expect(() => JSON.parse(answer.text) as unknown).not.toThrow();
      if (name === 'the same wire') expect(answer.text).toContain('Incorrect API key provided: [key]');
    },
  );

  test('which is in a header of an account’s own, whole or a word of it', async () => {
    const headers =
      '{X-Proxy-Token: "proxy-secret-1", X-Team: "research-team", Helicone-Auth: "Bearer s3cr3t-proxy-token", ' +
      'X-Session: "a=1; id=abcdefabcdefabcdef", X-Auth-Mode: "production"}';
    const words = 'for research-team in production (Beautiful... prose...)';
    const config = `providers: {own: {base_url: "${upstream.url}/v1", wire: openai, accounts: {a: {api_key_env: OWN_KEY, headers: ${headers}}}}}`;
    const other = await startTestGateway({ config, keys: { OWN_KEY: ownKey } });
    try {
      const secrets = 'no proxy-secret-1, s3cr3t-proxy-token, abcdefabcdefabcdef';
      upstream.answer = { status: 400, body: `{"error":{"message":"${secrets} ${words}"}}` };
      const answer = await fetch(`${other.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${await other.mint()}` },
        body: JSON.stringify(hi),
      });
      expect(await answer.text()).toContain(`no [key], [key], [key] ${words}`);
    } finally {
      await other.close();
    }
  });

  test('that comes as a 200', async () => {
    upstream.answer = { body: `{"error":{"message":"${said}"}}` };
    for (const path of Object.values(clients)) expectClean((await post(path)).text);
  });

  test.each(Object.entries(clients))('inside a stream on %s', async (_name, path) => {
    upstream.answer = {
      headers: { 'content-type': 'text/event-stream' },
      body: `data: {"id":"c","choices":[{"index":0,"delta":{"content":"a word"}}]}\n\ndata: {"error":{"message":"${said}","type":"invalid_request_error"}}\n\n`,
    };
    const { text } = await post(path, { ...hi, stream: true });
    expect(text).toContain('Incorrect API key provided');
    expectClean(text);
  });

  const embed = { model: 'own/m', input: 'hi' };

  test('inside a 200 about embeddings, in the answer and in the log', async () => {
    upstream.answer = { body: `{"error":{"message":"${said}","type":"invalid_request_error"}}` };
    gateway.requests.length = 0;
    expectClean((await post('/v1/embeddings', embed)).text);
    const [line] = gateway.requests;
    expect((line!.failure as Error).message).toContain('Incorrect API key provided: [key]');
    expectClean((line!.failure as Error).message);
  });

  test('inside a 200 of another wire about embeddings', async () => {
    upstream.answer = { body: `{"error":{"message":"${said}","status":"INVALID_ARGUMENT"}}` };
    const answer = await post('/v1/embeddings', { model: 'gemini/m', input: 'hi' });
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('Incorrect API key provided: [key]')]);
    expectClean(answer.text);
  });

  test.each([
    ['/v1/responses/input_tokens', embed],
    ['/anthropic/v1/messages/count_tokens', hi],
  ])('inside a 200 that should count tokens, which is no count (%s)', async (path, body) => {
    upstream.answer = { body: `{"error":{"message":"${said}"}}` };
    for (const model of ['responding/m', 'own/m']) expectClean((await post(path, { ...body, model })).text);
    const answer = await post('/anthropic/v1/messages/count_tokens', { ...hi, model: 'responding/m' });
    expect(answer.status).toBe(502);
  });

  const chunks = [
    { index: 0, delta: { role: 'assistant', content: 'hi' }, finish_reason: null },
    { index: 0, delta: {}, finish_reason: 'stop' },
  ].map((choice) => `data: ${JSON.stringify({ id: 'c', choices: [choice] })}\n\n`);
  const good = {
    whole: '{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}',
    stream: `${chunks.join('')}data: [DONE]\n\n`,
  };
  test.each(Object.entries(clients).flatMap(([name, path]) => [true, false].map((stream) => ({ name, path, stream }))))(
    'in the headers of an answer on $name (stream: $stream)',
    async ({ path, stream }) => {
      upstream.answer = {
        headers: {
          'x-echo': `Bearer ${ownKey}`,
          'x-masked': 'sk-upst...+key',
          'x-short': 'ok',
          'retry-after': `2026-11-26 ${ownKey}`,
          'x-ratelimit-remaining-requests': ownKey,
          'content-type': stream ? 'text/event-stream' : 'application/json',
        },
        body: stream ? good.stream : good.whole,
      };
      const answer = await post(path, { ...hi, stream });
      expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('hi')]);
      expectClean(JSON.stringify([...answer.headers]));
      if (path.includes('chat'))
        expect([answer.headers.get('x-echo'), answer.headers.get('x-short')]).toEqual(['Bearer [key]', 'ok']);
    },
  );

  test('in the headers of a large answer, and of one about embeddings', async () => {
    const headers = { 'x-echo': `Bearer ${ownKey}`, 'content-type': 'application/json' };
    upstream.answer = { headers, body: good.whole.replace('"hi"', JSON.stringify('x'.repeat(3_000_000))) };
    expect((await post('/v1/chat/completions')).headers.get('x-echo')).toBe('Bearer [key]');
    upstream.answer = { headers, body: '{"object":"list","data":[{"embedding":[1]}]}' };
    expect((await post('/v1/embeddings', embed)).headers.get('x-echo')).toBe('Bearer [key]');
  });

  test.each([
    ['events', '/v1/chat/completions', { ...hi, stream: true }, (json: string) => `data: ${json}\n\n`],
    [
      'a list',
      '/v1beta/models/gemini%2Fm:streamGenerateContent',
      { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
      (json: string) => `[${json}]`,
    ],
  ])('cut in two by the packets of a stream (%s)', async (_name, path, body, framed) => {
    const whole = framed(`{"error":{"message":"${said}","code":400,"status":"INVALID_ARGUMENT"}}`);
    const middle = whole.indexOf(ownKey) + 5;
    upstream.answer = async (_call, response) => {
      response.writeHead(200, {
        'content-type': framed('').startsWith('[') ? 'application/json' : 'text/event-stream',
      });
      response.write(whole.slice(0, middle));
      await new Promise((resolve) => setTimeout(resolve, 50)); // a packet of its own
      response.end(whole.slice(middle));
    };
    const { text } = await post(path, body);
    expect(text).toContain('Incorrect API key provided: [key]');
    expectClean(text);
  });

  test('in a token count, and in an answer about embeddings', async () => {
    upstream.answer = { status: 422, body: `{"error":{"message":"${said}"}}` };
    for (const [path, body] of [
      ['/v1/embeddings', { model: 'own/m', input: 'hi' }],
      ['/v1/responses/input_tokens', { model: 'own/m', input: 'hi' }],
      ['/anthropic/v1/messages/count_tokens', hi],
    ] as const)
      expectClean((await post(path, body)).text);
    expect(JSON.stringify(gateway.lines)).not.toContain(ownKey);
  });
});

describe('a page instead of an API [F11]', () => {
  test.each(
    Object.entries(clients).flatMap(([name, path]) =>
      (
        [
          [502, 502],
          [503, 503],
          [404, 502],
          [403, 502],
        ] as const
      ).map(([sent, told]) => [sent, name, path, told] as const),
    ),
  )('%d on %s is told in the client’s own shape', async (status, _name, path, told) => {
    upstream.answer = {
      status,
      headers: { 'content-type': 'text/html; charset=utf-8' },
      body: '<html><body><h1>502 Bad Gateway</h1>cloud-proxy-7</body></html>',
    };
    const answer = await post(path);
    expect(answer.status).toBe(told);
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(answer.text).not.toMatch(/html|cloud-proxy/);
    expect(JSON.parse(answer.text)).toHaveProperty('error.message');
  });
});

describe('http.hosts [B2]', () => {
  const get = (path: string, host: string) =>
    askRaw(gateway.url, `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
  test.each([
    'gateway.example',
    'GATEWAY.example:8443',
    'gateway.example.',
    'localhost:1',
    '127.0.0.1',
    '127.9.9.9:80',
    '[::1]:80',
  ])('%s is answered', async (host) => expect((await get('/v1/models', host)).status).toBe(200));
  test.each([
    'evil.example',
    'gateway.example.evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '203.0.113.7',
    'evil.example:443',
  ])('%s is not, but for its health', async (host) => {
    for (const path of ['/v1/models', '/admin/keys', '/nothing', '/livez/../v1/models'])
      expect((await get(path, host)).status).toBe(421);
    for (const path of ['/livez', '/readyz']) expect((await get(path, host)).status).toBe(200);
  });
});
