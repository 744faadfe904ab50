// Models end on announced days. A gateway that runs on asks their successors from that day on, by a route as by their own names.

import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { wholeAnswer } from '../support/routeScene';
import { say } from '../support/sim';

const lastDay = Date.UTC(2026, 11, 11); // of gpt-5
let upstream: FakeUpstream;
let gateway: TestGateway;
let key: string;
let now: number;
const config = () => `
routes: {smart: {models: [gpt-5]}, other: {models: [gpt-5.5]}}
providers: {openai: {base_url: "${upstream.url}/v1"}}
`;
beforeEach(async () => {
  now = lastDay - 60_000;
  upstream = await startFakeUpstream();
  upstream.answer = { body: JSON.stringify(wholeAnswer('chat', 'hi')) };
  gateway = await startTestGateway({ config: config(), now: () => now });
  key = await gateway.mint();
});
afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

const asked = async (model: string) => {
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model, messages: say('hi') }),
  });
  expect(answer.status).toBe(200);
  return (JSON.parse(upstream.calls.at(-1)!.body.toString()) as { model: string }).model;
};
const told = () => gateway.lines.filter(({ fields }) => String(fields['message']).includes('routes.smart'));

test('of a gateway that runs', async () => {
  for (const name of ['smart', 'gpt-5']) expect(await asked(name)).toBe('gpt-5');
  expect(told()).toEqual([]);
  const { digest } = gateway.running.config;
  now = lastDay;
  while (told().length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  for (const name of ['smart', 'gpt-5']) expect(await asked(name)).toBe('gpt-6.1-sol');
  expect(await asked('other')).toBe('gpt-5.5');
  expect(gateway.running.config.digest).toBe(digest); // nobody has changed anything
  now += 86_400_000;
  while (gateway.running.config.day !== '2026-12-12') await new Promise((resolve) => setTimeout(resolve, 20));
  expect(told()).toHaveLength(1);
});

test('of one whose configuration is read again', async () => {
  now = lastDay;
  await gateway.reload(`${config()}limits: {attempts: 2}\n`);
  expect(await asked('smart')).toBe('gpt-6.1-sol');
});
