// A key that is revoked or expires: its open streams end with the right error in their dialect, and are booked.

import type { FakeUpstream } from '../support/fakeUpstream';
import { startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { requestOf } from '../support/errorScene';

const sse = { 'content-type': 'text/event-stream' };
const chatEvent = `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content: 'some words' } }] })}\n\n`;

let upstream: FakeUpstream;
let gateway: TestGateway;
let now: number;
let closed: boolean;
beforeEach(async () => {
  now = Date.now();
  closed = false;
  upstream = await startFakeUpstream();
  upstream.answer = (_call, response) => void response.writeHead(200, sse).write(chatEvent);
  gateway = await startTestGateway({ config: config(), now: () => now });
});
afterEach(async () => {
  if (!closed) await gateway.close();
  await upstream.close();
});
const config = () => `limits: {drain_ms: 500}\nproviders:\n  own: {base_url: "${upstream.url}/v1", wire: openai}\n`;

/** A key that has ended cuts its open streams within this time. */
const cutWithinMs = 5_000;

const dialects = ['openai', 'responses', 'anthropic', 'gemini', 'openrouter'] as const;

/** A stream that has begun; resolves with all of it when it ends. */
async function openStream(dialect: (typeof dialects)[number], key: string) {
  const { path, body } = requestOf(dialect, 'own/m');
  const answer = await fetch(
    gateway.url + (dialect === 'gemini' ? '/v1beta/models/own/m:streamGenerateContent?alt=sse' : path),
    {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ ...body, ...(dialect === 'gemini' ? {} : { stream: true }) }),
    },
  );
  const reader = answer.body!.getReader();
  const first = new TextDecoder().decode((await reader.read()).value);
  return {
    status: answer.status,
    rest: (async () => {
      let text = first;
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return text;
        text += new TextDecoder().decode(value);
      }
    })(),
  };
}

const errors: Record<(typeof dialects)[number], RegExp> = {
  openai:
    /data: \{"error":\{"message":"[^"]*revoked\.","type":"invalid_request_error","param":null,"code":"invalid_api_key"\}\}\n\n$/,
  responses: /event: error\ndata: \{"type":"error","code":"revoked_key","message":"[^"]*revoked\."/,
  anthropic: /event: error\ndata: \{"type":"error","error":\{"type":"authentication_error","message":"[^"]*revoked\."/,
  gemini: /data: \{"error":\{"code":401,"message":"[^"]*revoked\.","status":"UNAUTHENTICATED"\}\}/,
  openrouter: /data: \{"error":\{"code":401,"message":"[^"]*revoked\."/,
};

test.each(dialects)('a revoked key’s open stream ends with the error of %s, and is booked [A10]', async (dialect) => {
  const { body: key } = await gateway.admin('POST', '/admin/keys', { label: 'app' });
  const other = await gateway.mint({ label: 'other' });
  const stream = await openStream(dialect, key.key as string);
  const kept = await openStream(dialect, other);
  expect([stream.status, kept.status]).toEqual([200, 200]);
  await gateway.admin('DELETE', `/admin/keys/${key.id}`);
  const revoked = performance.now();
  const text = await stream.rest;
  expect(performance.now() - revoked).toBeLessThan(cutWithinMs);
  expect(text).toMatch(errors[dialect]);
  expect(text).not.toMatch(/\[DONE\]|message_stop|response\.completed|"finishReason":"STOP"/);
  expect(gateway.requests).toHaveLength(1); // the other key's goes on
  const row = await gateway.row(gateway.requests[0]!.id);
  expect(row).toMatchObject({
    outcome: 'error',
    error: 'revoked_key',
    status: 401,
    estimated: true,
    address: '127.0.0.1',
  });
  expect(row.input).toBeGreaterThan(0);
  expect(row.output).toBeGreaterThan(0);
  closed = true;
  await gateway.close();
  expect(await kept.rest).toContain('shutting down');
});

test('a revocation by another process on the same ledger cuts them too [A10]', async () => {
  const { body: key } = await gateway.admin('POST', '/admin/keys', { label: 'app' });
  const stream = await openStream('openai', key.key as string);
  const other = await startTestGateway({ config: config(), dataPath: gateway.dataPath });
  await other.admin('DELETE', `/admin/keys/${key.id}`);
  const revoked = performance.now();
  expect(await stream.rest).toMatch(errors.openai);
  expect(performance.now() - revoked).toBeLessThan(cutWithinMs);
  await other.close();
});

test('a key stops at its last moment, whole answers and new requests too; a later moment lets it go on', async () => {
  const { body: key } = await gateway.admin('POST', '/admin/keys', {
    label: 'app',
    expires_at: new Date(now + 60_000).toISOString(),
  });
  expect(key.expires_at).toBe(new Date(now + 60_000).toISOString());
  const stream = await openStream('openai', key.key as string);
  const whole = (() => {
    upstream.answer = (_call, response) =>
      void response.writeHead(200, { 'content-type': 'application/json' }).write('{');
    const { path, body } = requestOf('openai', 'own/m');
    const headers = { authorization: `Bearer ${key.key}` };
    return fetch(gateway.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  })();
  await upstream.arrived(2);
  now += 60_000;
  const expired = performance.now();
  expect(await stream.rest).toContain('expired');
  expect((await whole).status).toBe(401);
  expect(performance.now() - expired).toBeLessThan(cutWithinMs);
  const { path, body } = requestOf('openai', 'own/m');
  const ask = async () =>
    (
      await fetch(gateway.url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${key.key}` },
        body: JSON.stringify(body),
      })
    ).status;
  expect(await ask()).toBe(401);
  upstream.answer = {
    body: '{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}',
  };
  await gateway.admin('PATCH', `/admin/keys/${key.id}`, { expires_at: null });
  expect(await ask()).toBe(200);
});

test('two processes that change one key at once: it stays revoked, and no change is lost', async () => {
  const other = await startTestGateway({ config: config(), dataPath: gateway.dataPath });
  for (let round = 0; round < 10; round++) {
    const { body: key } = await gateway.admin('POST', '/admin/keys', { label: 'before' });
    const path = `/admin/keys/${key.id}`;
    const [, , rotated] = await Promise.all([
      gateway.admin('PATCH', path, { label: 'after' }),
      other.admin('PATCH', path, { user: 'ada' }),
      other.admin('POST', `${path}/rotate`),
    ]);
    expect((await gateway.admin('GET', path)).body).toMatchObject({
      label: 'after',
      user: 'ada',
      hint: rotated.body.hint,
    });
    await Promise.all([
      gateway.admin('PATCH', path, { label: 'x' }),
      other.admin('DELETE', path),
      gateway.admin('PATCH', path, { quota: { daily_tokens: 5 } }),
    ]);
    const { body: left } = await gateway.admin('GET', path);
    expect(left.revoked_at).not.toBeNull();
    expect(left).toMatchObject({ label: 'x', user: 'ada', quota: { daily_tokens: 5 } });
  }
  await other.close();
});
