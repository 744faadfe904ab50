// A provider's refusal that does not end, or whose connection breaks: what has come of its words is read and passed on.

import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { FakeCall } from '../support/fakeUpstream';
import { goodAnswer, useRouteScene } from '../support/routeScene';

const scene = useRouteScene('limits: {error_body_bytes: 65536}\n');
const { ask } = scene;

const words = 'seed must be a number';
const refusal = (message: string) => JSON.stringify({ error: { message, code: 400 } });

/** Sends a refusal whose end never comes: its connection breaks, or stays open. */
const without = (end: 'broken' | 'open', body: string | Buffer, headers: object = {}) => (_call: FakeCall, response: ServerResponse) => {
  response.writeHead(400, { 'content-type': 'application/json', ...headers });
  response.write(body, () => end === 'broken' && setTimeout(() => response.destroy(), 20));
}; // prettier-ignore

test.each(['broken', 'open'] as const)('its words are told (%s)', async (end) => {
  scene.a.answer = without(end, refusal(words));
  const own = await ask('chat', 'a-chat/m', false);
  expect([own.status, await own.text()]).toEqual([400, refusal(words)]);
  const other = await ask('messages', 'a-chat/m', false);
  expect([other.status, await other.text()]).toEqual([400, expect.stringContaining(words)]);
});

test('its words decide who is asked next', async () => {
  scene.a.answer = without('broken', refusal('The model `m` does not exist'));
  scene.b.answer = goodAnswer('chat', 'from B');
  expect(await (await ask('chat', 'to-chat', false)).text()).toContain('from B');
});

test('a compressed one is no other', async () => {
  scene.a.answer = without('broken', gzipSync(refusal(words)), { 'content-encoding': 'gzip' });
  expect(await (await ask('chat', 'a-chat/m', false)).text()).toBe(refusal(words));
});

test('one that is too large is not told', async () => {
  scene.a.answer = without('broken', refusal('x'.repeat(100_000)));
  const answer = await ask('chat', 'a-chat/m', false);
  expect([answer.status, await answer.text()]).toEqual([400, '']);
});
