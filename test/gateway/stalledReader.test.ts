// A client that stops reading is cut, and holds nothing from then on.

import { once } from 'node:events';
import { connect } from 'node:net';
import { startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway } from '../support/gateway';

const content = 'x'.repeat(24 * 1024 * 1024);
const whole = JSON.stringify({
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
});
const event = `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content: 'word '.repeat(200) } }] })}\n\n`;

test.each([
  ['a whole answer', false, { body: whole }, 'client_gone'],
  ['a stream', true, { headers: { 'content-type': 'text/event-stream' }, body: event.repeat(20_000) }, 'client_gone'],
])('%s [E1]', async (_name, stream, answer, outcome) => {
  const upstream = await startFakeUpstream();
  upstream.answer = answer;
  const gateway = await startTestGateway({
    config: `limits: {reader_stall_ms: 1000}\nproviders:\n  openai: {base_url: "${upstream.url}/v1"}\n`,
  });
  const key = await gateway.mint();
  const body = JSON.stringify({ model: 'gpt-5.5', stream, messages: [{ role: 'user', content: 'hi' }] });
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.pause();
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nauthorization: Bearer ${key}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  await upstream.arrived(1);
  const inFlight = async () =>
    ((await (await fetch(`${gateway.url}/readyz`)).json()) as { in_flight: number }).in_flight;
  while (gateway.requests.length === 0 || (await inFlight()) > 0) await new Promise((wake) => setTimeout(wake, 50));
  expect(gateway.requests[0]).toMatchObject({ outcome });
  socket.destroy();
  await gateway.close();
  await upstream.close();
});
