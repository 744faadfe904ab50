// What a reload applies, and what it says it cannot.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { say } from '../support/sim';

let upstream: FakeUpstream;
let gateway: TestGateway;
beforeEach(async () => {
  upstream = await startFakeUpstream();
  gateway = await startTestGateway({ config: config('') });
});
afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

const config = (limits: string) => `limits: {${limits}}\nproviders:\n  openai: {base_url: "${upstream.url}/v1"}\n`;
const post = (key: string, more: object = {}) =>
  fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'gpt-5.5', messages: say('hi'), ...more }),
  });
/** A key whose provider has been asked before: there are connections to it. */
const usedKey = async (): Promise<string> => {
  const key = await gateway.mint();
  upstream.answer = { status: 400, body: '{}' };
  await (await post(key)).text();
  return key;
};
const warnings = () =>
  gateway.lines.filter(({ kind }) => kind === 'warn').map(({ fields }) => String(fields['message']));

test('a time-out of providers that is changed holds for the next request [F2]', async () => {
  const key = await usedKey();
  upstream.answer = () => undefined; // never answers
  await gateway.reload(config('first_byte_ms: 1000'));
  expect((await post(key)).status).toBe(504);
});

test('so does how long one may be silent in the middle [F3]', async () => {
  const key = await usedKey();
  upstream.answer = (_call, response) => {
    const chunk = { id: 'c', choices: [{ index: 0, delta: { content: 'half' }, finish_reason: null }] };
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  await gateway.reload(config('silence_ms: 1000'));
  expect(await (await post(key, { stream: true })).text()).toMatch(/half[^]*"error"/);
});

test('so does the time to connect, TLS included', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket.on('error', () => undefined))); // accepts, and says nothing of TLS
  await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
  const { port } = silent.address() as AddressInfo;
  const hosts = (ms: number) =>
    `limits: {connect_ms: ${ms}}\nproviders: {host: {base_url: "https://127.0.0.1:${port}/v1", wire: openai, api_key_env: OPENAI_API_KEY}}\n`;
  await gateway.reload(hosts(60_000));
  const key = await gateway.mint();
  const left = new AbortController();
  const first = fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'host/m', messages: say('hi') }),
    signal: left.signal,
  }).catch(() => undefined);
  await once(silent, 'connection');
  await gateway.reload(hosts(100));
  const answer = await post(key, { model: 'host/m' });
  expect([answer.status, await answer.text()]).toEqual([502, expect.stringContaining('"error"')]);
  left.abort();
  await first;
  for (const socket of sockets) socket.destroy();
  silent.close();
}, 30_000);

test('so does what is kept of earlier turns', async () => {
  const provider = `providers: {anthropic: {base_url: "${upstream.url}"}}\n`;
  await gateway.reload(provider);
  const key = await gateway.mint();
  const said = { type: 'message', id: 'msg_1', role: 'assistant', model: 'm', content: [{ type: 'text', text: 'hi' }] };
  upstream.answer = { body: JSON.stringify({ ...said, stop_reason: 'end_turn', usage: { input_tokens: 1, output_tokens: 1 } }) }; // prettier-ignore
  const ask = (input: object[]) =>
    fetch(`${gateway.url}/v1/responses`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: 'claude-opus-4.7', input }),
    });
  const user = { role: 'user', content: [{ type: 'input_text', text: 'hi' }] };
  const first = (await (await ask([user])).json()) as { output: { id: string }[] };
  const turns = [user, { type: 'item_reference', id: first.output[0]?.id }, user];
  expect((await ask(turns)).status).toBe(200);
  await gateway.reload(`limits: {reasoning_cache_bytes: 0}\n${provider}`);
  await (await ask([user])).text(); // what is kept goes when something is to be kept
  const refused = await ask(turns);
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('no longer, held here')]);
});

test.each(['body_ms: 1000', 'headers_ms: 1000'])('limits of connections hold at once: %s [D1]', async (limit) => {
  await gateway.reload(config(limit));
  const { hostname, port } = new URL(gateway.url);
  const said = await new Promise<string>((resolve) => {
    const socket = connect(Number(port), hostname, () =>
      socket.write('POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n'),
    );
    let text = '';
    socket.on('data', (part: Buffer) => (text += part.toString()));
    socket.on('close', () => resolve(text));
  });
  expect(said).toMatch(/^HTTP\/1\.1 408/);
});

test('the number of connections does too', async () => {
  await gateway.reload(config('connections: 16'));
  const { hostname, port } = new URL(gateway.url);
  const sockets = Array.from({ length: 20 }, () => connect(Number(port), hostname).on('error', () => undefined));
  const closes = sockets.map((socket) => once(socket, 'close'));
  let left = 4;
  const fourAreClosed = new Promise<void>((resolve) => {
    for (const close of closes) void close.then(() => --left === 0 && resolve());
  });
  await Promise.race([fourAreClosed, later(5_000)]);
  const kept = sockets.filter(({ destroyed }) => !destroyed);
  kept[0]!.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
  const [said] = await once(kept[0]!, 'data');
  for (const socket of sockets) socket.destroy();
  expect([kept.length, String(said)]).toEqual([16, expect.stringContaining('200')]);
});

test('what waits for the next start is said by name', async () => {
  await gateway.reload(config('header_bytes: 65536'));
  expect(warnings()).toContain('limits.header_bytes takes effect at the next start');
  await gateway.reload(`storage: {durability: process}\n${config('header_bytes: 65536')}`);
  expect(warnings()).toContain('storage.durability takes effect at the next start');
});

test('a broken configuration changes nothing and says why [I3]', async () => {
  await gateway.reload(config('body_bytes: nonsense'));
  expect(warnings()).toContain('the changed configuration cannot be used; the old one goes on');
  expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
});
