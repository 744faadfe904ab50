// Who hangs up pays for what the provider was made to do, by the time it had; at most what was reserved, and never nothing.

import { type AddressInfo, createServer, type Socket } from 'node:net';
import { useTranslationScene } from '../support/translation';

const scene = useTranslationScene();

/** The row of the request that ends after so many others. */
const rowAfter = async (before: number) => {
  while (scene.gateway.requests.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
  return scene.gateway.row(scene.gateway.requests.at(-1)!.id);
};

// Leaves once the provider has the request, and gives the booked row.
const leave = async (ask: (signal: AbortSignal) => Promise<Response>, waitMs: number) => {
  const before = scene.gateway.requests.length;
  const left = new AbortController();
  const calls = scene.fake.calls.length;
  const asked = ask(left.signal).then(
    (answer) => answer.text(),
    () => '',
  );
  await scene.fake.arrived(calls + 1);
  await new Promise((resolve) => setTimeout(resolve, waitMs));
  left.abort();
  await asked.catch(() => '');
  return rowAfter(before);
};
const post = (model: string, stream: boolean, most: number) => (signal: AbortSignal) =>
  fetch(`${scene.gateway.url}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${scene.key}` },
    body: JSON.stringify({ model, stream, max_tokens: most, messages: [{ role: 'user', content: 'hi' }] }),
    signal,
  });

describe('before the first word [E4]', () => {
  beforeEach(() => {
    scene.fake.answer = () => undefined; // it thinks
  });

  test.each([
    ['of a model that thinks, as a stream', 'claude-opus-4-7', true],
    ['of any model, whole', 'claude-3-haiku-20240307', false],
  ])('%s', async (_name, model, stream) => {
    const row = await leave(post(model, stream, 4_000), 600);
    expect(row).toMatchObject({ outcome: 'client_gone', estimated: true });
    expect(row.input).toBeGreaterThan(0);
    expect(row.output).toBeGreaterThanOrEqual(30); // 50 tokens a second for at least 0.6 s
    expect(row.output).toBeLessThanOrEqual(4_000);
  });

  test('at most what was reserved', async () => {
    expect((await leave(post('claude-opus-4-7', true, 10), 600)).output).toBe(10);
  });

  // Neither the first token nor a thought has come: a prompt was read all the same.
  test.each(['claude-3-haiku-20240307', 'gpt-4.1'])('never nothing: %s [E4]', async (model) => {
    const row = await leave(post(model, true, 4_000), 1);
    expect(row).toMatchObject({ outcome: 'client_gone', estimated: true });
    expect(row.output).toBeGreaterThanOrEqual(1);
  });
});

test('by the speed that complete answers of the model had', async () => {
  scene.fake.answer = {
    body: JSON.stringify({
      id: 'm', type: 'message', role: 'assistant', model: 'claude-opus-4-7', stop_reason: 'end_turn', stop_sequence: null,
      content: [{ type: 'text', text: 'word '.repeat(1_000) }], usage: { input_tokens: 5, output_tokens: 100_000 },
    }),
  }; // prettier-ignore
  for (let i = 0; i < 3; i++) await (await post('claude-opus-4-7', false, 100_000)(AbortSignal.timeout(10_000))).text();
  scene.fake.answer = () => undefined;
  const row = await leave(post('claude-opus-4-7', true, 100_000), 300);
  expect(row.output).toBeGreaterThan(5_000); // far more than an unmeasured model's 15
});

describe('a provider that is silent until `first_byte_ms` may charge for what it made, as if its client had left', () => {
  const cut = async (model: string, stream: boolean) => {
    await scene.gateway.reload(
      `limits: {first_byte_ms: 1000}\nproviders: {anthropic: {base_url: "${scene.fake.url}"}, openai: {base_url: "${scene.fake.url}/v1"}}\n`,
    );
    const before = scene.gateway.requests.length;
    const answer = await post(model, stream, 4_000)(AbortSignal.timeout(10_000));
    expect(answer.status).toBe(504);
    await answer.text();
    return rowAfter(before);
  };

  test.each([
    ['a model that thinks, stream', 'claude-opus-4-7', true, 30],
    ['whole', 'claude-3-haiku-20240307', false, 30],
    ['one that speaks at once, stream', 'claude-3-haiku-20240307', true, 1],
  ])('%s', async (_name, model, stream, least) => {
    scene.fake.answer = () => undefined;
    const row = await cut(model, stream);
    expect(row).toMatchObject({ outcome: 'error', error: 'upstream_timeout', status: 504, estimated: true });
    expect(row.input).toBeGreaterThan(0);
    expect(row.output).toBeGreaterThanOrEqual(least);
    expect(row.output).toBeLessThanOrEqual(4_000);
  });

  test('and one whose connection breaks after a while', async () => {
    scene.fake.answer = (_call, response) => void setTimeout(() => response.destroy(), 500);
    const before = scene.gateway.requests.length;
    const answer = await post('claude-opus-4-7', true, 4_000)(AbortSignal.timeout(10_000));
    expect(answer.status).toBe(502);
    await answer.text();
    const row = await rowAfter(before);
    expect(row).toMatchObject({ outcome: 'error', error: 'upstream_died', estimated: true });
    expect(row.output).toBeGreaterThanOrEqual(20);
  });

  test.each([
    ['takes nothing of a large request', 504, 'upstream_timeout', () => undefined],
    ['breaks in the middle of one', 502, 'upstream_unreachable', (socket: Socket) => void setTimeout(() => socket.resetAndDestroy(), 600)], // prettier-ignore
  ])('but not one that %s', async (_name, status, error, then) => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket.on('error', () => undefined).pause());
      then(socket);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await scene.gateway.reload(`limits: {first_byte_ms: 1000}\nproviders: {anthropic: {base_url: "${url}"}}\n`);
    const before = scene.gateway.requests.length;
    const answer = await fetch(`${scene.gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${scene.key}` },
      body: JSON.stringify({ model: 'claude-opus-4-7', max_tokens: 10, messages: [{ role: 'user', content: 'word '.repeat(1_600_000) }] }), // prettier-ignore
    });
    expect([answer.status, await answer.text()]).toEqual([status, expect.any(String)]);
    const row = await rowAfter(before);
    expect(row).toMatchObject({ error, input: 0, output: 0 });
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  test('but not one that cannot be reached', async () => {
    scene.fake.answer = (_call, response) => void response.destroy();
    const before = scene.gateway.requests.length;
    await (await post('claude-opus-4-7', true, 4_000)(AbortSignal.timeout(10_000))).text();
    expect(await rowAfter(before)).toMatchObject({ input: 0, output: 0 });
  });
});

test('nothing, while it waits for a connection', async () => {
  await scene.gateway.reload(
    `limits: {upstream_connections: 1}\nproviders: {anthropic: {base_url: "${scene.fake.url}"}}\n`,
  );
  scene.fake.answer = () => undefined;
  const first = new AbortController();
  const held = post('claude-opus-4-7', true, 100)(first.signal).catch(() => undefined);
  await scene.fake.arrived(1);
  const left = new AbortController();
  const waiting = post('claude-opus-4-7', true, 100)(left.signal).catch(() => undefined);
  const inFlight = async () =>
    ((await (await fetch(`${scene.gateway.url}/readyz`)).json()) as { in_flight: number }).in_flight;
  while ((await inFlight()) < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 200)); // admitted, and before the pool
  const before = scene.gateway.requests.length;
  left.abort();
  await waiting;
  expect(await rowAfter(before)).toMatchObject({ input: 0, output: 0 });
  expect(scene.fake.calls).toHaveLength(1);
  first.abort();
  await held;
});
