// What a reload applies, and what it says it cannot.

import { connect } from 'node:net';
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
const warnings = () =>
  gateway.lines.filter(({ kind }) => kind === 'warn').map(({ fields }) => String(fields['message']));

test('a time-out of providers that is changed holds for the next request [F2]', async () => {
  const key = await gateway.mint();
  upstream.answer = () => undefined; // never answers
  await gateway.reload(config('first_byte_ms: 1000'));
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'gpt-5.5', messages: say('hi') }),
  });
  expect(answer.status).toBe(504);
});

test('limits of connections hold at once [D1]', async () => {
  await gateway.reload(config('body_ms: 1000'));
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
