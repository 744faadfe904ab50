// What a provider or a proxy before it says that a client must not take for its own: pages, whatever they are called, and
// refusals of the gateway's key.

import { produced } from '../support/errorScene';
import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { say } from '../support/sim';

const page = '\n<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1>cloud-proxy-7</body></html>';
const paths = {
  '/v1/chat/completions': { messages: say('hi') },
  '/v1/responses': { input: 'hi' },
  '/v1/completions': { prompt: 'hi' },
  '/v1/embeddings': { input: 'hi' },
  '/v1/responses/input_tokens': { input: 'hi' },
  '/anthropic/v1/messages': { messages: say('hi'), max_tokens: 9 },
  '/anthropic/v1/messages/count_tokens': { messages: say('hi') },
};

let upstream: FakeUpstream;
let gateway: TestGateway;
let key: string;
beforeAll(async () => {
  upstream = await startFakeUpstream();
});
afterAll(() => upstream.close());
afterEach(() => gateway.close());
beforeEach(async () => {
  gateway = await startTestGateway({
    config: `
routes: {auto: {models: [own/m]}, claude: {models: [claudish/m]}, two: {models: [own/m, claudish/m]}}
providers:
  own: {base_url: "${upstream.url}/v1", wire: openai, responses: true, api_key_env: OWN_KEY, models: {m: {}}}
  claudish: {base_url: "${upstream.url}", wire: anthropic, api_key_env: CLAUDISH_KEY, models: {m: {}}}
`,
    keys: { OWN_KEY: 'sk-own-key-of-the-gateway', CLAUDISH_KEY: 'sk-ant-key-of-the-gateway' },
  });
  key = await gateway.mint();
});
const post = (path: string, model: string, more: object = {}) =>
  produced(
    fetch(gateway.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ model, ...paths[path as keyof typeof paths], ...more }),
    }),
  );
const sameWire = (path: string) => (path.startsWith('/anthropic') ? 'claudish/m' : 'own/m');

describe('a page', () => {
  const types = ['text/html', 'application/xhtml+xml', 'TEXT/HTML; charset=utf-8', 'text/plain', 'application/json'];
  const statuses = [200, 403, 429, 500, 502, 503, 520];
  test.each(Object.keys(paths).flatMap((path) => types.map((type) => [type, path] as const)))(
    'that calls itself %s never passes on %s',
    async (type, path) => {
      for (const status of statuses) {
        upstream.answer = { status, headers: { 'content-type': type }, body: page };
        const answer = await post(path, sameWire(path));
        expect([status, answer.status]).toEqual([status, expect.any(Number)]);
        expect(answer.status).toBeGreaterThanOrEqual(400);
        expect(answer.headers.get('content-type')).toContain('application/json');
        expect(answer.text).not.toMatch(/html|cloud-proxy/i);
        expect(JSON.parse(answer.text)).toHaveProperty('error.message');
      }
    },
  );
});

describe('a refusal of the gateway’s own key', () => {
  const refusals = [
    [
      401,
      '{"error":{"message":"Incorrect API key provided.","type":"invalid_request_error","code":"invalid_api_key"}}',
    ],
    [401, '{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}'],
    [403, '{"error":{"message":"Your account may not do this.","type":"permission_error"}}'],
    [401, ''],
  ] as const;
  const routes = { '/v1/chat/completions': 'auto', '/v1/responses': 'auto', '/v1/completions': 'auto', '/v1/embeddings': 'auto', '/anthropic/v1/messages': 'claude' } as const; // prettier-ignore

  test.each(Object.entries(routes).flatMap(([path, route]) => refusals.map((refusal) => [path, route, ...refusal])))(
    '%s, route %s: %d %s is told as ours',
    async (path, route, status, body) => {
      upstream.answer = { status: status as number, body: body as string };
      const answer = await post(path as string, route as string);
      expect([answer.status, answer.headers.get('x-should-retry')]).toEqual([502, 'false']);
      expect(answer.text).toMatch(/operator/);
      expect(answer.text).not.toMatch(/invalid_api_key|authentication_error|permission_error|Incorrect API key/);
      const row = await gateway.row(answer.headers.get('x-request-id')!);
      expect(row).toMatchObject({ status: 502, input: 0, output: 0 });
    },
  );

  test('the last of a route’s targets too, whoever it is', async () => {
    upstream.answer = { status: 401, body: '{"error":{"message":"No.","code":"invalid_api_key"}}' };
    for (const path of ['/v1/chat/completions', '/anthropic/v1/messages'])
      expect((await post(path, 'two')).status).toBe(502);
  });

  test('a provider’s own model, named as such, has the provider’s own words', async () => {
    const body = '{"error":{"message":"Incorrect API key provided.","code":"invalid_api_key"}}';
    upstream.answer = { status: 401, body };
    const answer = await post('/v1/chat/completions', 'own/m');
    expect([answer.status, answer.text]).toEqual([401, body]);
  });

  test('the client’s own mistake stays its own, on a route too', async () => {
    const body = '{"error":{"message":"messages: must be a list","type":"invalid_request_error"}}';
    upstream.answer = { status: 400, body };
    const answer = await post('/v1/chat/completions', 'auto');
    expect([answer.status, answer.text]).toEqual([400, body]);
  });
});
