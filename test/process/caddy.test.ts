// A stream through real Caddy with the guide's own Caddyfile, compression and headers included, arrives as it is made.

import { type ChildProcess, spawn } from 'node:child_process';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { makeFolder } from '../support/child';
import { describeIf } from '../support/shared';
import { say, type Scene, startScene } from '../support/sim';
import { findTool } from '../support/tools';

const caddy = findTool('caddy');

describeIf(caddy !== undefined)('through Caddy', () => {
  let scene: Scene;
  let key: string;
  let server: ChildProcess;
  let url: string;
  let folder: ReturnType<typeof makeFolder>;

  beforeAll(async () => {
    scene = await startScene('http: {cors_origins: [https://app.example]}\n');
    key = await scene.gateway.mint();
    folder = makeFolder();
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    // The guide's file, on loopback instead of a domain.
    const file = join(folder.path, 'Caddyfile');
    writeFileSync(
      file,
      `{
  admin off
}
${url} {
  reverse_proxy ${scene.gateway.url.replace('http://', '')}
  encode gzip zstd
  header {
    Strict-Transport-Security "max-age=31536000"
    X-Frame-Options "DENY"
  }
}
`,
    );
    server = spawn(caddy ?? '', ['run', '--adapter', 'caddyfile', '--config', file], {
      env: { PATH: process.env['PATH'], HOME: folder.path },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await new Promise<void>((resolve, reject) => {
      let said = '';
      server.stderr?.on('data', (part: Buffer) => {
        said += part.toString();
        if (said.includes('serving initial configuration')) resolve();
      });
      server.once('exit', (code) => reject(new Error(`caddy ended with ${code}: ${said}`)));
    });
  });
  afterAll(async () => {
    server.removeAllListeners('exit');
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGKILL');
    await ended;
    await scene.close();
    folder.remove();
  });

  const ask = (body: object, signal?: AbortSignal) =>
    fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'accept-encoding': 'gzip, zstd' },
      body: JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
    });

  test('each token is there before the next is made [E5]', async () => {
    const answer = await ask({
      model: 'gpt-5.5',
      stream: true,
      messages: say('[[sim: hold_after=3 hold=caddy chunks=8]] hi'),
    });
    expect(answer.headers.get('content-encoding')).toBeNull();
    expect(answer.headers.get('x-frame-options')).toBe('DENY');
    const reader = answer.body!.getReader();
    let text = '';
    // The provider sends three events and then nothing until it is let go: they must all come through by themselves.
    while ((text.match(/^data:/gm) ?? []).length < 3) text += Buffer.from((await reader.read()).value ?? []).toString();
    expect(text).not.toContain('[DONE]');
    scene.simulators.release('caddy');
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += Buffer.from(value).toString();
    }
    expect(text).toContain('[DONE]');
  });

  test('a client that leaves Caddy is gone for the provider too [E3]', async () => {
    scene.simulators.reset();
    const abort = new AbortController();
    const answer = await ask(
      { model: 'gpt-5.5', stream: true, messages: say('[[sim: stall_after=2 chunks=8]] hi') },
      abort.signal,
    );
    await answer.body!.getReader().read();
    abort.abort();
    const [call] = await scene.simulators.openai.waitForCalls(1);
    expect(call?.aborted).toBe(true);
  });

  test('a page may ask from another origin, and what is compressed arrives as it was sent', async () => {
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' };
    const asked = await fetch(`${url}/v1/chat/completions`, { method: 'OPTIONS', headers });
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, 'https://app.example']);
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, origin: headers.origin, 'content-encoding': 'zstd' },
      body: zstdCompressSync(JSON.stringify({ model: 'gpt-5.5', messages: say('hi') })),
    });
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, 'https://app.example']);
    expect(answer.headers.get('vary')?.toLowerCase()).toContain('origin');
  });

  test('a WebSocket is refused with the status that clients understand', async () => {
    const headers = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }; // prettier-ignore
    const status = await new Promise((resolve, reject) => {
      const asked = request(`${url}/v1/responses`, { headers }, (answer) => resolve(answer.resume().statusCode));
      asked.once('error', reject).end();
    });
    expect(status).toBe(426);
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
