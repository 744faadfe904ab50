// Pages of other origins: those of `http.cors_origins` may call inference and model paths, the administration is for none.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { endpoints } from '../../gateway/src/http/endpoints';
import { unservedPaths } from '../../gateway/src/http/unserved';
import { askRaw, produced } from '../support/errorScene';
import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { masterKey, startTestGateway, type TestGateway } from '../support/gateway';
import { say } from '../support/sim';

const page = 'https://app.example';
const chat = '/v1/chat/completions';
const answer =
  '{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}';

let upstream: FakeUpstream;
let gateway: TestGateway;
let key: string;
const configured = (http: string) =>
  `http: ${http}\nproviders:\n  own: {base_url: "${upstream.url}/v1", wire: openai}\n`;
beforeAll(async () => {
  upstream = await startFakeUpstream();
  gateway = await startTestGateway({
    config: configured('{cors_origins: ["https://App.example", "http://localhost:3000"]}'),
    keys: {},
  });
  key = await gateway.mint();
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.answer = { body: answer };
});

const ask = (path: string, method: string, headers: Record<string, string>, body?: object) =>
  produced(
    fetch(gateway.url + path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }),
  );
const preflight = (path: string, origin: string, more: Record<string, string> = {}) =>
  ask(path, 'OPTIONS', {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type,x-stainless-os',
    ...more,
  });
const corsOf = (headers: Headers) => [...headers.keys()].filter((name) => name.startsWith('access-control-'));
const hi = { model: 'own/m', messages: say('hi') };

const paths = [
  ...new Set(endpoints.map(({ path }) => path.replace('*', 'own/m'))),
  ...unservedPaths.map(({ path }) => path.replace('*', 'x')),
  '/v1beta/models/m:generateContent',
  '/chat/completions',
  '/v1//chat/completions/',
  '/v1/models/%zz',
];

describe('what a browser asks first', () => {
  test.each(paths)('is answered for %s without a credential', async (path) => {
    const { status, headers, text } = await preflight(path, page);
    expect([status, text]).toEqual([204, '']);
    expect(headers.get('access-control-allow-origin')).toBe(page);
    expect(headers.get('access-control-allow-methods')).toContain('POST');
    expect(headers.get('access-control-allow-headers')).toBe('authorization,content-type,x-stainless-os');
    expect(headers.get('access-control-max-age')).toMatch(/^\d+$/);
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    expect(headers.get('access-control-allow-private-network')).toBeNull();
    expect(headers.get('vary')).toContain('origin');
  });

  test('whether the gateway may be reached from a public page is answered too', async () => {
    const { headers } = await preflight(chat, page, { 'access-control-request-private-network': 'true' });
    expect(headers.get('access-control-allow-private-network')).toBe('true');
  });

  test.each([
    'https://evil.example',
    'http://app.example',
    'https://app.example:8443',
    'https://x.app.example',
    'null',
  ])('a page of %s is refused', async (origin) => {
    const { status, headers, text } = await preflight(chat, origin, {
      'access-control-request-private-network': 'true',
    });
    expect([status, corsOf(headers)]).toEqual([403, []]);
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'unknown_origin' } });
  });

  test.each([
    '/admin/keys',
    '/admin',
    '/%61dmin/keys',
    '//admin//keys/',
    '/admin/nothing',
    '/admin/%zz',
    '/%61dmin/%zz',
    '/livez',
    '/readyz',
  ])('nobody may call %s', async (path) => {
    const { status, headers } = await preflight(path, page);
    expect([status, corsOf(headers)]).toEqual([403, []]);
  });

  test('an OPTIONS that no browser asked is a wrong method', async () => {
    expect((await ask(chat, 'OPTIONS', {})).status).toBe(405);
    expect((await ask(chat, 'OPTIONS', { origin: page })).status).toBe(405);
  });
});

describe('an answer', () => {
  const from = (origin: string | undefined, body: object = hi, credential = key) =>
    ask(chat, 'POST', { authorization: `Bearer ${credential}`, ...(origin === undefined ? {} : { origin }) }, body);
  // Those that gateway/README.md tells of, but for what browsers read themselves.
  const table = readFileSync(join(__dirname, '../../gateway/README.md'), 'utf8').split('## Headers of an answer')[1]!;
  const ours = [...table.split('\n## ')[0]!.matchAll(/^\| (`[^|]*`) \|/gm)]
    .flatMap(([, names]) => names!.replaceAll('`', '').split(', '))
    .filter((name) => !/^(?:allow|vary|access-control-.*)$/.test(name));
  const expectReadable = (headers: Headers) => {
    expect(headers.get('access-control-allow-origin')).toBe(page);
    const exposed = headers.get('access-control-expose-headers')?.split(', ');
    expect(exposed).toEqual(expect.arrayContaining([...ours, '*']));
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    expect(headers.get('vary')).toContain('origin');
  };

  test('is readable, whole and streamed, whatever the provider says of origins', async () => {
    upstream.answer = { headers: { 'access-control-allow-origin': 'https://evil.example' }, body: answer };
    const whole = await from(page);
    expect([whole.status, whole.text]).toEqual([200, answer]);
    expectReadable(whole.headers);
    upstream.answer = {
      headers: { 'content-type': 'text/event-stream' },
      body: 'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
    };
    const streamed = await from(page, { ...hi, stream: true });
    expect([streamed.status, streamed.text]).toEqual([200, expect.stringContaining('[DONE]')]);
    expectReadable(streamed.headers);
  });

  test('so are a translated one, the models and every refusal', async () => {
    const anthropic = { model: 'own/m', max_tokens: 9, messages: say('hi') };
    const headers = { origin: page, 'x-api-key': key };
    const answers = [
      [200, await ask('/anthropic/v1/messages', 'POST', headers, anthropic)],
      [200, await ask('/v1/models', 'GET', { origin: page })],
      [401, await from(page, hi, 'ovth_live_wrong')],
      [404, await from(page, { ...hi, model: 'gtp' })],
      [400, await from(page, {})],
      [404, await ask('/v1/nothing', 'POST', headers, hi)],
      [405, await ask(chat, 'GET', headers)],
      [501, await ask('/v1/images/generations', 'POST', headers, {})],
      [415, await ask(chat, 'POST', { ...headers, 'content-encoding': 'compress' }, hi)],
      [400, await ask('/v1/models/%zz', 'GET', headers)],
      [431, await oversized(chat)],
    ] as const;
    for (const [status, got] of answers) {
      expect([got.status, got.text]).toEqual([status, expect.any(String)]);
      expectReadable(got.headers);
    }
    upstream.answer = { status: 400, body: '{"error":{"message":"No."}}' };
    const refused = await from(page);
    expect(refused.status).toBe(400);
    expectReadable(refused.headers);
  });

  // One write, as a browser's.
  const oversized = (path: string, origin = page) =>
    askRaw(
      gateway.url,
      `POST ${path} HTTP/1.1\r\nhost: x\r\nOrigin: ${origin}\r\nx-large: ${'x'.repeat(40_000)}\r\n\r\n`,
    );

  test('is not for a page that may not, and for no page of the administration', async () => {
    const evil = await from('https://evil.example');
    expect([evil.status, corsOf(evil.headers)]).toEqual([200, []]); // editors send an origin too, and read what they like
    for (const path of ['/admin/keys', '/%61dmin/keys', '/admin/nothing']) {
      const got = await ask(path, 'GET', { origin: page, authorization: `Bearer ${masterKey}` });
      expect([path, corsOf(got.headers)]).toEqual([path, []]);
    }
    for (const path of ['/admin/%zz', '/%61dmin/%zz'])
      expect(corsOf((await ask(path, 'GET', { origin: page })).headers)).toEqual([]);
    const large = [await oversized('/admin/keys'), await oversized(chat, 'https://evil.example')];
    expect(large.map(({ status, headers }) => [status, corsOf(headers)])).toEqual([
      [431, []],
      [431, []],
    ]);
  });

  test('has nothing of it where nobody asks', async () => {
    expect(corsOf((await from(undefined)).headers)).toEqual([]);
  });
});

test('`*` is for every page, without naming it; without the setting no page may', async () => {
  await gateway.reload(configured('{cors_origins: ["*"]}'));
  for (const origin of [page, 'null']) {
    const { status, headers } = await preflight(chat, origin);
    expect([status, headers.get('access-control-allow-origin')]).toEqual([204, '*']);
  }
  expect(corsOf((await preflight('/admin/keys', page)).headers)).toEqual([]);
  await gateway.reload(configured('{}'));
  expect([(await preflight(chat, page)).status, corsOf((await preflight(chat, page)).headers)]).toEqual([403, []]);
});

test('a name that the gateway does not answer under is refused before its page is asked about', async () => {
  await gateway.reload(configured('{cors_origins: ["*"], hosts: [gateway.example]}'));
  for (const method of ['OPTIONS', 'POST']) {
    const { status, headers } = await askRaw(
      gateway.url,
      `${method} ${chat} HTTP/1.1\r\nhost: rebound.example\r\norigin: http://rebound.example\r\naccess-control-request-method: POST\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
    );
    expect([status, corsOf(headers)]).toEqual([421, []]);
  }
});

describe('a request target with a host, as proxies get it', () => {
  const asked = (method: string, target: string) =>
    askRaw(
      gateway.url,
      `${method} ${target} HTTP/1.1\r\nhost: localhost\r\norigin: ${page}\r\naccess-control-request-method: POST\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
    );

  test.each(['http://localhost', 'HTTPS://evil.example:1', 'http://'])('%s: is judged by its path', async (host) => {
    const open = await asked('OPTIONS', `${host}/v1/models`);
    expect([open.status, corsOf(open.headers)]).toEqual([204, expect.arrayContaining(['access-control-allow-origin'])]);
    for (const path of ['/admin/v1/keys', '//admin/v1/keys', '/%61dmin/v1/keys', '/livez', '/readyz']) {
      const { status, headers } = await asked('OPTIONS', host + path);
      expect([path, status, corsOf(headers)]).toEqual([path, 403, []]);
      expect([path, corsOf((await asked('GET', host + path)).headers)]).toEqual([path, []]);
    }
    expect((await asked('GET', `${host}/livez`)).status).toBe(200); // and served, as by any server
  });
});
