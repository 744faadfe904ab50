// The gateway connects only to what its configuration names, whatever a client or a provider says, and only where the other
// side can prove who it is.

import { createServer as createTlsServer } from 'node:https';
import { createServer, type AddressInfo, type Server } from 'node:net';
import fc from 'fast-check';
import { askRaw } from '../support/errorScene';
import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { say } from '../support/sim';
import { bodies, type Kind, paths } from '../support/translation';
import { selfSigned } from '../support/selfSigned';

const answers: Readonly<Record<string, object>> = {
  'gpt-5.5': { id: 'c', choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }] },
  'claude-opus-4-7': { id: 'm', type: 'message', role: 'assistant', model: 'm', content: [{ type: 'text', text: 'hi' }], stop_reason: 'end_turn', usage: { input_tokens: 1, output_tokens: 1 } },
  'gemini-3.5-flash': { candidates: [{ content: { role: 'model', parts: [{ text: 'hi' }] }, finishReason: 'STOP', index: 0 }] },
}; // prettier-ignore
const models = Object.keys(answers);

let upstream: FakeUpstream;
let evil: Server;
let evilUrl: string;
let connections: number;
let gateway: TestGateway;
let key: string;
beforeAll(async () => {
  upstream = await startFakeUpstream();
  connections = 0;
  evil = createServer((socket) => {
    connections++;
    socket.on('error', () => undefined).destroy();
  });
  await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
  evilUrl = `http://127.0.0.1:${(evil.address() as AddressInfo).port}`;
  gateway = await startTestGateway({
    config: `providers:\n  openai: {base_url: "${upstream.url}/v1"}\n  anthropic: {base_url: "${upstream.url}"}\n  google: {base_url: "${upstream.url}"}\n`,
  });
  key = await gateway.mint();
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
  await new Promise((resolve) => evil.close(resolve));
});
beforeEach(() => {
  upstream.calls.length = 0;
  connections = 0;
});

const ask = (kind: Kind, model: string, more: object = {}, headers: Record<string, string> = {}) =>
  fetch(gateway.url + paths(model, false)[kind], {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify({ ...bodies(model, false)[kind], ...more }),
  });
const kinds = ['chat', 'responses', 'messages', 'generate'] as const satisfies Kind[];
const pairs = kinds.flatMap((kind) => models.map((model) => ({ kind, model })));

describe.each(pairs)('$kind to $model', ({ kind, model }) => {
  test('no field or header of a request says where it goes [C1]', async () => {
    upstream.answer = { body: JSON.stringify(answers[model]) };
    const fields = {
      api_base: evilUrl, base_url: evilUrl, baseURL: evilUrl, api_url: evilUrl, endpoint: evilUrl, host: evilUrl, proxy: evilUrl,
      callback_url: evilUrl, webhook: evilUrl, custom_llm_provider: 'openai', user_config: { api_base: evilUrl },
      litellm_params: { api_base: evilUrl }, extra_body: { base_url: evilUrl }, model_config: { custom_host: evilUrl },
    }; // prettier-ignore
    const headers = Object.fromEntries(
      ['x-portkey-custom-host', 'x-base-url', 'x-forwarded-host', 'x-target-url', 'x-upstream', 'x-original-url', 'forwarded', 'x-litellm-api-base', 'helicone-target-url', 'x-api-base'].map((name) => [name, evilUrl]),
    ); // prettier-ignore
    await (await ask(kind, model, fields, headers)).text();
    expect(upstream.calls.length).toBeLessThanOrEqual(1);
    expect(connections).toBe(0);
  });

  test('what a request names is not fetched [C2]', async () => {
    upstream.answer = { body: JSON.stringify(answers[model]) };
    const url = `${evilUrl}/cat.png`;
    const media: Readonly<Record<Kind, object>> = {
      chat: { messages: [{ role: 'user', content: [{ type: 'text', text: 'what is it?' }, { type: 'image_url', image_url: { url } }] }] },
      responses: { input: [{ role: 'user', content: [{ type: 'input_text', text: 'what is it?' }, { type: 'input_image', image_url: url }, { type: 'input_file', file_url: url }] }] },
      messages: { messages: [{ role: 'user', content: [{ type: 'text', text: 'what is it?' }, { type: 'image', source: { type: 'url', url } }, { type: 'document', source: { type: 'url', url } }] }] },
      generate: { contents: [{ role: 'user', parts: [{ text: 'what is it?' }, { fileData: { mimeType: 'image/png', fileUri: url } }] }] },
    }; // prettier-ignore
    await (await ask(kind, model, media[kind])).text();
    expect(connections).toBe(0);
  });

  test('a redirect is followed nowhere [C3]', async () => {
    upstream.answer = { status: 302, headers: { location: evilUrl }, body: '' };
    const answer = await ask(kind, model);
    expect(answer.status).toBe(502);
    expect(await answer.text()).not.toContain(evilUrl);
    expect([upstream.calls.length, connections]).toEqual([1, 0]);
  });

  test('the key of a provider stands in a header, and in no URL [A7]', async () => {
    upstream.answer = { body: JSON.stringify(answers[model]) };
    await (await ask(kind, model)).text();
    const [call] = upstream.calls;
    expect(call?.path).not.toMatch(/key|upstream/i);
    expect(Object.values(call?.headers ?? {}).filter((value) => String(value).includes('upstream'))).toHaveLength(1);
  });
});

test('the path of a call is one of its provider’s, however a client spells its own [B3]', async () => {
  upstream.answer = { body: JSON.stringify(answers['gpt-5.5']) };
  const pieces = ['..', '.', '%2e%2e', '%2f', '/', '//', '%5c', '\\', '%00', '%252f', ';', '@', '#', '?', 'v1', 'chat', 'completions', 'messages', 'admin', 'keys', ':', 'v1beta', 'models', 'gpt-5.5:generateContent']; // prettier-ignore
  const body = JSON.stringify({ ...bodies('gpt-5.5', false).chat });
  const known =
    /^\/v1(\/chat\/completions|\/completions|\/responses|\/embeddings|\/responses\/input_tokens|\/messages(\/count_tokens)?)$/;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 9 }), async (parts) => {
      const path = `/${parts.join('/')}`.replace(/ /g, '');
      const answer = await askRaw(
        gateway.url,
        `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${key}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
      expect([path, answer.status < 500 || answer.status === 501]).toEqual([path, true]);
    }),
    { numRuns: 300, examples: [[['v1', 'chat', 'completions']], [['v1', '..', 'v1', 'chat', 'completions']]] },
  );
  expect(upstream.calls.length).toBeGreaterThan(0);
  for (const { path } of upstream.calls) expect(path).toMatch(known);
  expect(connections).toBe(0);
});

test('a provider that cannot prove its name gets no request [C4]', async () => {
  const received: string[] = [];
  const server = createTlsServer(selfSigned, (request, response) => {
    received.push(request.url ?? '');
    response.end('{}');
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const own = await startTestGateway({
    config: `providers: {own: {base_url: "https://127.0.0.1:${port}/v1", wire: openai, api_key_env: OWN_KEY}}\n`,
    keys: { OWN_KEY: 'sk-own' },
  });
  try {
    const answer = await fetch(`${own.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await own.mint()}` },
      body: JSON.stringify({ model: 'own/m', messages: say('hi') }),
    });
    expect(answer.status).toBe(502);
    expect(await answer.json()).toMatchObject({ error: { code: 'upstream_unreachable' } });
    expect(received).toEqual([]);
  } finally {
    await own.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
