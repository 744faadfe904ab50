// SIGTERM ends the gateway whatever its clients do, and answers that have begun are delivered whole.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { bundle, makeFolder, node, startChild } from '../support/child';
import { startFakeUpstream } from '../support/fakeUpstream';
import { masterKey, startTestGateway } from '../support/gateway';

const config = (url: string) => `limits: {drain_ms: 2000}\nproviders:\n  openai: {base_url: "${url}/v1"}\n`;
const open = async (url: string, bytes: string): Promise<Socket> => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  await new Promise<void>((written) => socket.write(bytes, () => written()));
  return socket;
};
const mint = async (url: string) => {
  const answer = await fetch(`${url}/admin/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${masterKey}` },
    body: '{"label":"test"}',
  });
  return ((await answer.json()) as { key: string }).key;
};

describe('a client that has not finished its request', () => {
  test.each([
    ['half of its headers', () => 'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n'],
    ['nothing but a connection', () => ''],
    [
      'half of its body',
      (key: string) =>
        `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nauthorization: Bearer ${key}\r\ncontent-length: 100\r\n\r\n{"model":`,
    ],
    [
      'half of its body to an admin path',
      () =>
        `POST /admin/keys HTTP/1.1\r\nHost: x\r\nauthorization: Bearer ${masterKey}\r\ncontent-length: 100\r\n\r\n{"label":`,
    ],
  ])('%s', async (_name, request) => {
    const upstream = await startFakeUpstream();
    const folder = makeFolder(config(upstream.url));
    const child = await startChild({ folder: folder.path });
    const socket = await open(child.url, request(await mint(child.url)));
    await fetch(`${child.url}/livez`); // the bytes before have been read
    child.process.kill('SIGTERM');
    expect(await child.ended).toMatchObject({ code: 0 });
    socket.destroy();
    folder.remove();
    await upstream.close();
  });
});

test('a standard output that nobody reads', async () => {
  const upstream = await startFakeUpstream();
  const folder = makeFolder(config(upstream.url));
  const child = spawn(node, [bundle()], {
    cwd: folder.path,
    env: {
      PATH: process.env['PATH'],
      OVTH_CONFIG: join(folder.path, 'config.yaml'),
      OVTH_DATA: join(folder.path, 'data'),
      OVTH_PORT: '0',
      OVTH_MASTER_KEY: masterKey,
      OPENAI_API_KEY: 'sk-upstream',
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  while (!output.includes('listening on')) output += String((await once(child.stdout, 'data'))[0]);
  child.stdout.pause();
  const url = /listening on (http:[^"\s]+)/.exec(output)?.[1] ?? '';
  // More lines than the pipe and the reader's buffer hold.
  for (let i = 0; i < 1_500; i++) await (await fetch(`${url}/v1/${'x'.repeat(180)}`)).arrayBuffer();
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number];
  expect(code).toBe(0);
  child.stdout.destroy();
  folder.remove();
  await upstream.close();
}, 60_000);

test('a slow reader of a whole answer gets all of it', async () => {
  const upstream = await startFakeUpstream();
  const content = 'x'.repeat(24 * 1024 * 1024);
  const answer = JSON.stringify({
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  });
  upstream.answer = { body: answer };
  const gateway = await startTestGateway({ config: config(upstream.url).replace('2000', '20000') });
  const key = await gateway.mint();
  const body = JSON.stringify({ model: 'gpt-5.5', messages: [{ role: 'user', content: 'hi' }] });
  const socket = await open(
    gateway.url,
    `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nauthorization: Bearer ${key}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  socket.pause();
  await upstream.arrived(1);
  await upstream.calls[0]?.closed;
  const stopped = gateway.close();
  let got = 0;
  socket.on('data', (part: Buffer) => (got += part.length));
  socket.resume();
  await once(socket, 'close');
  await stopped;
  expect(got).toBeGreaterThan(answer.length);
  await upstream.close();
});
