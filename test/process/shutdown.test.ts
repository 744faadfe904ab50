// SIGTERM ends the gateway whatever its clients do, and answers that have begun are delivered whole.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ask, bundle, makeFolder, mint, node, startChild } from '../support/child';
import { startFakeUpstream } from '../support/fakeUpstream';
import { masterKey, startTestGateway } from '../support/gateway';
import { describeIf } from '../support/shared';

const config = (url: string) => `limits: {drain_ms: 2000}\nproviders:\n  openai: {base_url: "${url}/v1"}\n`;
const open = async (url: string, bytes: string): Promise<Socket> => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  await new Promise<void>((written) => socket.write(bytes, () => written()));
  return socket;
};
/** Stops a gateway, which ends within its time to drain and two seconds. @returns its exit code */
const stopped = async (child: Pick<Awaited<ReturnType<typeof startChild>>, 'process' | 'ended'>, drainMs: number) => {
  const told = performance.now();
  child.process.kill('SIGTERM');
  const { code } = await child.ended;
  expect(performance.now() - told).toBeLessThan(drainMs + 2_000);
  return code;
};

describe('a client that has not finished its request [L7]', () => {
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
    expect(await stopped(child, 2_000)).toBe(0);
    socket.destroy();
    folder.remove();
    await upstream.close();
  });
});

describe('a client that takes nothing of its answer [I1 L7]', () => {
  const words = `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content: 'word '.repeat(2_000) } }] })}\n\n`;
  test.each([
    ['a whole answer', false, { body: JSON.stringify({ choices: [], filler: 'x'.repeat(24 * 1024 * 1024) }) }],
    ['a stream', true, { headers: { 'content-type': 'text/event-stream' }, body: words.repeat(2_000) }],
  ])('%s', async (_name, stream, answer) => {
    const upstream = await startFakeUpstream();
    upstream.answer = answer;
    const folder = makeFolder(config(upstream.url).replace('2000', '500'));
    const child = await startChild({ folder: folder.path });
    const body = JSON.stringify({ model: 'gpt-5.5', stream, messages: [{ role: 'user', content: 'hi' }] });
    const socket = await open(
      child.url,
      `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nauthorization: Bearer ${await mint(child.url)}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    socket.pause();
    await upstream.arrived(1);
    expect(await stopped(child, 500)).toBe(0);
    socket.destroy();
    folder.remove();
    await upstream.close();
  });
});

test('a ledger that another program holds: it ends all the same, and the next start books what was open', async () => {
  const upstream = await startFakeUpstream();
  upstream.answer = (_call, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: {"id":"c","choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n');
  };
  const folder = makeFolder(config(upstream.url).replace('2000', '300'));
  const child = await startChild({ folder: folder.path });
  const stream = await ask(child.url, await mint(child.url), 'hi', { stream: true });
  const db = new DatabaseSync(join(folder.path, 'data/ledger.db'));
  db.exec('begin immediate');
  const code = stopped(child, 300);
  expect(await stream.text()).toContain('shutting down');
  expect(await code).toBe(1); // while the lock is held
  expect(child.output()).toContain('is booked as reserved at the next start');
  db.exec('rollback');
  db.close();
  const next = await startChild({ folder: folder.path });
  await next.says('settled 1 requests');
  next.process.kill('SIGTERM');
  expect(await next.ended).toMatchObject({ code: 0 });
  folder.remove();
  await upstream.close();
});

describe('a standard output that cannot be written [L8]', () => {
  test.each([
    ['a disk without room', ['sh', '-c', 'exec "$0" "$1" > /dev/full']],
    ['a reader that has gone', ['sh', '-c', 'exec "$0" "$1" | true']],
  ])('%s costs no request', async (_name, shell) => {
    const upstream = await startFakeUpstream();
    upstream.answer = {
      body: '{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}',
    };
    const folder = makeFolder(config(upstream.url));
    const free = await startFakeUpstream();
    const { port } = new URL(free.url);
    await free.close();
    const pidFile = join(folder.path, 'pid');
    const hook = join(folder.path, 'hook.js');
    writeFileSync(hook, `require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid))`);
    const [command = '', ...args] = [...shell, node, bundle()];
    const child = spawn(command, args, {
      cwd: folder.path,
      env: {
        PATH: process.env['PATH'],
        NODE_OPTIONS: `--require ${hook}`,
        OVTH_CONFIG: join(folder.path, 'config.yaml'),
        OVTH_DATA: join(folder.path, 'data'),
        OVTH_PORT: port,
        OVTH_MASTER_KEY: masterKey,
        OPENAI_API_KEY: 'sk-upstream',
      },
      stdio: 'ignore',
    });
    const url = `http://127.0.0.1:${port}`;
    while (
      !(await fetch(`${url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ))
    )
      await new Promise((wake) => setTimeout(wake, 50));
    const key = await mint(url);
    for (let i = 0; i < 20; i++) expect((await ask(url, key, 'hi')).status).toBe(200);
    const told = performance.now();
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGTERM');
    await once(child, 'exit');
    expect(performance.now() - told).toBeLessThan(2_000 + 2_000);
    const db = new DatabaseSync(join(folder.path, 'data/ledger.db'));
    expect(db.prepare('select count(*) n from open_requests').get()).toEqual({ n: 0 });
    expect(db.prepare('select count(*) n from requests').get()).toEqual({ n: 20 });
    db.close();
    folder.remove();
    await upstream.close();
  });
});

// A gateway of this folder, and what it said until it listened. From then on nobody reads its standard output.
async function startUnread(folder: string) {
  const child = spawn(node, [bundle()], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      OVTH_CONFIG: join(folder, 'config.yaml'),
      OVTH_DATA: join(folder, 'data'),
      OVTH_PORT: '0',
      OVTH_MASTER_KEY: masterKey,
      OPENAI_API_KEY: 'sk-upstream',
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let told = '';
  while (!told.includes('listening on')) told += String((await once(child.stdout, 'data'))[0]);
  child.stdout.pause();
  return { child, told, url: /listening on (http:[^"\s]+)/.exec(told)?.[1] ?? '' };
}

test('a standard output that nobody reads [L7 L8]', async () => {
  const upstream = await startFakeUpstream();
  const folder = makeFolder(config(upstream.url));
  const { child, url } = await startUnread(folder.path);
  // More lines than the pipe and the reader's buffer hold.
  const headers = { authorization: `Bearer ${await mint(url, { label: 'x'.repeat(200) })}` };
  for (let i = 0; i < 1_500; i++) await (await fetch(`${url}/v1/models/${'x'.repeat(180)}`, { headers })).arrayBuffer();
  child.kill('SIGTERM');
  const told = performance.now();
  const [code] = (await once(child, 'exit')) as [number];
  expect(code).toBe(0);
  expect(performance.now() - told).toBeLessThan(2_000 + 2_000);
  child.stdout.destroy();
  folder.remove();
  await upstream.close();
}, 60_000);

test('what nobody reads of the log costs bounded memory, and is counted [L8]', async () => {
  const upstream = await startFakeUpstream();
  const folder = makeFolder(config(upstream.url));
  const { child, url, told } = await startUnread(folder.path);
  const key = await mint(url, { label: 'x'.repeat(200) });
  const sockets = 10;
  const each = 1_200;
  const one = `GET /v1/models/${'x'.repeat(180)} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n\r\n`;
  await Promise.all(
    Array.from({ length: sockets }, async () => {
      const socket = await open(url, '');
      socket.resume();
      socket.write(one.repeat(each - 1) + one.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'));
      await once(socket, 'close');
    }),
  );
  let output = told;
  let read = 0; // bytes that had waited, or were in the pipe
  child.stdout.on('data', (part: Buffer) => {
    output += String(part);
    read += part.length;
  });
  child.stdout.resume();
  while (read === 0) await new Promise((wake) => setTimeout(wake, 50));
  for (let before = 0; before !== read;) {
    before = read;
    await new Promise((wake) => setTimeout(wake, 300));
  }
  const waited = read;
  await (await fetch(`${url}/v1/models/x`, { headers: { authorization: `Bearer ${key}` } })).arrayBuffer(); // a line more
  child.kill('SIGTERM');
  await once(child, 'close');
  const lines = output.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as { msg: string; dropped?: number });
  const dropped = lines.reduce((sum, line) => sum + (line.dropped ?? 0), 0);
  expect(dropped).toBeGreaterThan(0);
  expect(waited).toBeLessThan(6 * 1024 * 1024);
  expect(lines.filter(({ msg }) => msg === 'refused').length + dropped).toBe(sockets * each + 1);
  folder.remove();
  await upstream.close();
}, 60_000); // prettier-ignore

const script = '/usr/bin/script'; // of util-linux: runs a program in a terminal of its own
describeIf(process.platform === 'linux' && existsSync(script))('a terminal', () => {
  test('that is stopped holds no request and no end [L8]', async () => {
    const upstream = await startFakeUpstream();
    const folder = makeFolder(config(upstream.url));
    const pidFile = join(folder.path, 'pid');
    const hook = join(folder.path, 'hook.js');
    writeFileSync(hook, `require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid))`);
    const child = spawn(script, ['-qefc', `"${node}" --require "${hook}" "${bundle()}"`, '/dev/null'], {
      cwd: folder.path,
      env: {
        PATH: process.env['PATH'],
        SHELL: '/bin/sh',
        OVTH_CONFIG: join(folder.path, 'config.yaml'),
        OVTH_DATA: join(folder.path, 'data'),
        OVTH_PORT: '0',
        OVTH_MASTER_KEY: masterKey,
        OPENAI_API_KEY: 'sk-upstream',
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let output = '';
    while (!output.includes('listening on')) output += String((await once(child.stdout, 'data'))[0]);
    child.stdout.pause(); // so that nobody reads the terminal
    const url = /listening on (http:[^"\s]+)/.exec(output)?.[1] ?? '';
    const headers = { authorization: `Bearer ${await mint(url, { label: 'x'.repeat(200) })}` };
    for (let i = 0; i < 1_500; i++)
      await (await fetch(`${url}/v1/models/${'x'.repeat(180)}`, { headers })).arrayBuffer();
    const pid = Number(readFileSync(pidFile, 'utf8'));
    process.kill(pid, 'SIGTERM');
    const told = performance.now();
    while (existsSync(`/proc/${pid}/exe`)) await new Promise((wake) => setTimeout(wake, 50));
    expect(performance.now() - told).toBeLessThan(2_000 + 2_000);
    child.stdout.resume();
    await once(child, 'exit');
    folder.remove();
    await upstream.close();
  }, 60_000);
});

test('a log that goes to a file is whole [L8]', async () => {
  const upstream = await startFakeUpstream();
  upstream.answer = { body: '{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}' }; // prettier-ignore
  const folder = makeFolder(config(upstream.url));
  const path = join(folder.path, 'log');
  const file = openSync(path, 'a');
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
    stdio: ['ignore', file, 'ignore'],
  });
  const text = () => readFileSync(path, 'utf8');
  while (!text().includes('listening on')) await new Promise((wake) => setTimeout(wake, 20));
  const url = /listening on (http:[^"\s]+)/.exec(text())?.[1] ?? '';
  const key = await mint(url);
  for (let i = 0; i < 300; i++) expect((await ask(url, key, 'hi')).status).toBe(200);
  child.kill('SIGTERM');
  expect((await once(child, 'exit'))[0]).toBe(0);
  const lines = text().trimEnd().split('\n').map((line) => JSON.parse(line) as { msg: string });
  expect(lines.filter(({ msg }) => msg === 'request')).toHaveLength(300);
  closeSync(file);
  folder.remove();
  await upstream.close();
}, 60_000); // prettier-ignore

test('a slow reader of a whole answer gets all of it [E2 L7]', async () => {
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
  let got = 0;
  socket.on('data', (part: Buffer) => (got += part.length));
  await once(socket, 'data');
  socket.pause();
  const stopped = gateway.close();
  await new Promise((resolve) => setTimeout(resolve, 500)); // it reads nothing while the gateway wants to end
  socket.resume();
  await once(socket, 'close');
  await stopped;
  expect(got).toBeGreaterThan(answer.length);
  await upstream.close();
});
