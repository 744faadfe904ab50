// A limit that changes while a stream is open: an extension must fit into what the limit is now.

import { setTimeout as later } from 'node:timers/promises';
import { useTranslationScene } from '../support/translation';

const scene = useTranslationScene();

const event = (n: number) =>
  `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content: `${n} ${'word '.repeat(60)}` } }] })}\n\n`;
const settings = (daily: number) =>
  `quota: {default_output_tokens: 100, per_user: false, daily_tokens: ${daily}}\nproviders: {openai: {base_url: "${scene.fake.url}/v1"}}\n`;
const patchKey = async (id: string, daily: number) => {
  const { status } = await scene.gateway.admin('PATCH', `/admin/keys/${id}`, { quota: { daily_tokens: daily } });
  expect(status).toBe(200);
};
// The change is made once the first events are through; then come as many as need thousands of tokens.
const streamed = async (key: string, change: () => Promise<void>) => {
  let seen = () => undefined as void;
  const first = new Promise<void>((resolve) => (seen = resolve));
  scene.fake.answer = async (_call, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content: '' } }] })}\n\n`);
    await first;
    await change();
    for (let n = 1; n < 200; n++) {
      response.write(event(n));
      await later(1);
      if (response.destroyed) return;
    }
    response.end('data: [DONE]\n\n');
  };
  const answer = await fetch(`${scene.gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'gpt-4.1', stream: true, messages: [{ role: 'user', content: 'hi' }] }),
  });
  let text = '';
  for await (const chunk of answer.body ?? []) {
    text += Buffer.from(chunk).toString();
    seen();
  }
  return text;
};

test.each([
  ['one key', patchKey],
  ['everybody', (_id: string, daily: number) => scene.gateway.reload(settings(daily))],
])('of %s: lowered it refuses more, raised it lets in more', async (whose, change) => {
  const wide = 1_000_000;
  await scene.gateway.reload(settings(whose === 'one key' ? wide : 900));
  const quota = { daily_tokens: whose === 'one key' ? 900 : wide };
  const { key, id } = (await scene.gateway.admin('POST', '/admin/keys', { label: 'changing', quota })).body;
  expect(await streamed(key, () => Promise.resolve())).toContain('insufficient_quota');
  await change(id, wide);
  expect(await streamed(key, () => change(id, 10))).toContain('insufficient_quota');
  await change(id, 100_000);
  expect(await streamed(key, () => change(id, wide))).toMatch(/data: \[DONE\]\n\n$/);
});
