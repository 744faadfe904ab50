// A stream under a quota: whole and in order though it waits for the ledger, and not ended for more than it holds.

import { setTimeout as later } from 'node:timers/promises';
import { useTranslationScene } from '../support/translation';

const scene = useTranslationScene();

const event = (n: number, more: object = {}) =>
  `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content: `${n} ${'word '.repeat(60)}` } }], ...more })}\n\n`;
// Far more than may wait unread (64 KiB), in many writes.
const events = [...Array.from({ length: 4_800 }, (_, n) => event(n)), 'data: [DONE]\n\n'];

test.each([1, 2, 3])('byte for byte, while reservations are extended (%d)', async () => {
  await scene.gateway.reload(
    `quota: {default_output_tokens: 50}\nproviders: {openai: {base_url: "${scene.fake.url}/v1"}}\n`,
  );
  const key = await scene.gateway.mint({ label: 'rich', quota: { daily_tokens: 100_000_000 } });
  scene.fake.answer = async (_call, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let from = 0; from < events.length; from += 40) {
      response.write(events.slice(from, from + 40).join(''));
      if (from % 200 === 0) await later(1);
    }
    response.end();
  };
  const answer = await fetch(`${scene.gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({
      model: 'gpt-4.1',
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content: 'hi' }],
    }),
  });
  const text = await answer.text();
  const numbers = (got: string) => [...got.matchAll(/"content":"(\d+) /g)].map((found) => Number(found[1]));
  expect(numbers(text)).toEqual(events.slice(0, -1).map((_, n) => n));
  expect(text).toBe(events.join(''));
});

test('its short last events are not taken for a measure of the others', async () => {
  await scene.gateway.reload(
    `quota: {default_output_tokens: 50}\nproviders: {openai: {base_url: "${scene.fake.url}/v1"}}\n`,
  );
  const key = await scene.gateway.mint({ label: 'modest', quota: { daily_tokens: 5_000 } });
  // 400 tokens in events of 300 bytes, as OpenAI sends them.
  const token = `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'gpt-4.1', system_fingerprint: 'x'.repeat(150), choices: [{ index: 0, delta: { content: ' word' }, finish_reason: null }] })}\n\n`;
  const usage = `data: ${JSON.stringify({ id: 'chatcmpl-1', choices: [], usage: { prompt_tokens: 10, completion_tokens: 400 } })}\n\n`;
  const short = 'data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n';
  scene.fake.answer = async (_call, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const part of [token.repeat(400), short, `${usage}data: [DONE]\n\n`]) {
      response.write(part);
      await later(20); // each part comes by itself
    }
    response.end();
  };
  const answer = await fetch(`${scene.gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'gpt-4.1', stream: true, messages: [{ role: 'user', content: 'hi' }] }),
  });
  expect(await answer.text()).toBe(`${token.repeat(400)}${short}data: [DONE]\n\n`);
});
