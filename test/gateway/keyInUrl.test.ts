// Gemini's clients may put their key into the URL (`?key=`): it is taken there, and goes nowhere from there.

import { askRaw, produced } from '../support/errorScene';
import { masterKey } from '../support/gateway';
import { say, type Scene, startScene } from '../support/sim';

let scene: Scene;
let key: string;
beforeAll(async () => {
  scene = await startScene();
  key = await scene.gateway.mint();
});
afterAll(() => scene.close());
beforeEach(() => scene.simulators.reset());

const generate = JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'hi' }] }] });
const post = (path: string, headers: Record<string, string> = {}) =>
  produced(fetch(scene.gateway.url + path, { method: 'POST', headers, body: generate }));
const model = '/v1beta/models/gemini-3.5-flash';

test.each([
  (k: string) => `${model}:generateContent?key=${k}`,
  (k: string) => `${model}:streamGenerateContent?alt=sse&key=${k}`,
  (k: string) => `${model}:streamGenerateContent?key=${k}`,
  (k: string) => `${model}:countTokens?key=${k}`,
  (k: string) => `/v1/models/gemini-3.5-flash:generateContent?key=${k}`,
  (k: string) => `/v1beta/models/gpt-5.5:generateContent?key=${k}&prettyPrint=false`,
])('%s', async (path) => {
  const { status, headers, text } = await post(path(key));
  expect([status, text]).toEqual([200, expect.any(String)]);
  const { openai, google } = scene.simulators;
  const calls = [...openai.calls, ...google.calls];
  expect(calls.length).toBe(1);
  expect(JSON.stringify([calls.map(({ path, headers: sent }) => [path, sent])])).not.toContain(key);
  expect(text + JSON.stringify([...headers])).not.toContain(key);
});

test('lists of models take it too, and refuse a wrong one', async () => {
  const get = async (query: string) => (await fetch(`${scene.gateway.url}/v1beta/models${query}`)).status;
  expect([await get(`?key=${key}&pageSize=50`), await get('?key=wrong'), await get('')]).toEqual([200, 401, 200]);
});

test('what a header says goes first, unless only the URL has a key of ours', async () => {
  const path = `${model}:generateContent?key=${key}`;
  expect((await post(path, { 'x-goog-api-key': 'dummy' })).status).toBe(200);
  expect((await post(`${model}:generateContent?key=dummy`, { 'x-goog-api-key': key })).status).toBe(200);
  expect((await post(path, { 'x-goog-api-key': 'ovth_live_wrong' })).status).toBe(401);
  expect((await post(`${model}:generateContent?key=${masterKey}`)).status).toBe(403);
  expect((await post(`${model}:generateContent?key=&key=${key}`)).status).toBe(401);
});

test('the other APIs have no key there, and the administration none', async () => {
  const headers = { 'content-type': 'application/json' };
  const chat = JSON.stringify({ model: 'gpt-5.5', messages: say('hi') });
  for (const path of ['/v1/chat/completions', '/anthropic/v1/messages', '/api/v1/chat/completions'])
    expect(
      (await fetch(`${scene.gateway.url}${path}?key=${key}`, { method: 'POST', headers, body: chat })).status,
    ).toBe(401);
  expect((await fetch(`${scene.gateway.url}/admin/keys?key=${masterKey}`)).status).toBe(401);
});

test('no answer and no line of the log repeats it, whatever is wrong', async () => {
  const secret = 'ovth_live_canarycanarycanarycanarycanarycanarycana';
  const urls = [
    `${model}:generateContent?key=${secret}`,
    `${model}:nothing?key=${secret}`,
    `/v1beta/nothing?key=${secret}`,
    `/nothing?key=${secret}`,
    `${model}%zz:generateContent?key=${secret}`,
    `/%zz?key=${secret}`,
    `/v1/images/generations?key=${secret}`,
    `/v1/responses?key=${secret}`,
  ];
  for (const url of urls)
    for (const method of ['GET', 'POST']) {
      const { status, headers, text } = await askRaw(
        scene.gateway.url,
        `${method} ${url} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}`,
      );
      expect(status).toBeGreaterThanOrEqual(400);
      expect(`${url} ${text} ${JSON.stringify([...headers])}`.replace(url, '')).not.toContain('canary');
      expect(() => JSON.parse(text) as unknown).not.toThrow();
    }
  expect(JSON.stringify(scene.gateway.lines)).not.toContain('canary');
});
