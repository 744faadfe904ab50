// Answers that the gateway itself cuts, because it must end: what their clients are told, and what is booked.

import type { ServerResponse } from 'node:http';
import { startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway } from '../support/gateway';
import { say } from '../support/sim';

const sse = { 'content-type': 'text/event-stream' };
const word = (text: string) =>
  `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content: text } }] })}\n\n`;

const cases: [string, boolean, (response: ServerResponse) => void, { status: number; booked: boolean }][] = [
  ['before the provider answers', false, () => undefined, { status: 503, booked: true }],
  [
    'within a whole answer',
    false,
    (response) =>
      void response.writeHead(200, { 'content-type': 'application/json' }).write('{"id":"c","choices":[{"me'),
    { status: 503, booked: true },
  ],
  [
    'within a stream',
    true,
    (response) => void response.writeHead(200, sse).write(word('some words of an answer')),
    { status: 503, booked: true },
  ],
  [
    'within a provider’s refusal, which costs nothing',
    false,
    (response) => void response.writeHead(400, { 'content-type': 'application/json' }).write('{"error":'),
    { status: 503, booked: false },
  ],
];

test.each(cases)('an answer cut by draining %s', async (_name, stream, provider, { status, booked }) => {
  const upstream = await startFakeUpstream();
  upstream.answer = (_call, response) => provider(response);
  const gateway = await startTestGateway({
    config: `limits: {drain_ms: 300}\nproviders:\n  openai: {base_url: "${upstream.url}/v1"}\n`,
  });
  const key = await gateway.mint();
  const answer = fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'gpt-5.5', stream, max_completion_tokens: 300, messages: say('hi') }),
  });
  await upstream.arrived(1);
  await gateway.close();
  const told = await answer;
  expect(told.status).toBe(stream ? 200 : 503);
  const text = await told.text();
  expect(text).toContain('shutting down');
  expect(text).not.toContain('[DONE]');
  const [line] = gateway.requests;
  expect(line).toMatchObject({ outcome: 'error', status, estimated: booked });
  expect(line!.usage.input > 0).toBe(booked);
  expect(line!.cost_nano_usd > 0).toBe(booked);
  if (stream) expect(line!.usage.output).toBeGreaterThan(0);
  await upstream.close();
});
