// Memory is bounded and shared whatever greedy clients do: answers and streams that nobody reads, and large uploads, from three
// keys at once, beside a fourth key that goes on as ever. The box has 512 MB for the gateway.

import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { ask, type ChildGateway, makeFolder, mint, startChild } from '../support/child';
import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';

const MiB = 1024 * 1024;
/** What the image runs it with (gateway/Dockerfile). */
const ofTheImage = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '1048576',
  NODE_OPTIONS: '--max-old-space-size=192 --max-semi-space-size=8',
};
const answered = '{"id":"c","object":"chat.completion","created":1,"model":"gpt-5.5","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}'; // prettier-ignore

let fake: FakeUpstream;
let folder: ReturnType<typeof makeFolder>;
let child: ChildGateway;
let keys: string[];
let modest: string;
const sockets: Socket[] = [];

describe.each([
  ['on the same wire', '/v1/chat/completions', 420, 200],
  ['translated', '/v1/messages', 512, 1],
])('greedy clients %s', (_wire, path, mostResident, leastSentOn) => {
  beforeAll(async () => {
    fake = await startFakeUpstream();
    const piece = Buffer.alloc(MiB, 0x20);
    const event = `data: {"id":"c","choices":[{"index":0,"delta":{"content":"${'word '.repeat(2_000)}"}}]}\n\n`;
    fake.answer = async (call, response) => {
      const asked = call.body.toString('utf8', 0, 400);
      const pour = async (bytes: Buffer | string, times: number) => {
        const closed = once(response, 'close');
        for (let i = 0; i < times && !response.destroyed; i++)
          if (!response.write(bytes)) {
            const waiting = new AbortController();
            await Promise.race([once(response, 'drain', { signal: waiting.signal }).catch(() => undefined), closed]);
            waiting.abort();
          }
        response.end();
      };
      if (asked.includes('a large answer')) {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 28 * MiB });
        await pour(piece, 28);
      } else if (asked.includes('a stream')) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        await pour(event, 2_000);
      } else response.writeHead(200, { 'content-type': 'application/json' }).end(answered);
    };
    folder = makeFolder(`providers: {openai: {base_url: "${fake.url}/v1"}}\n`);
    child = await startChild({ folder: folder.path, env: { OPENAI_API_KEY: 'sk-x', ...ofTheImage } });
    keys = await Promise.all(['a', 'b', 'c'].map((label) => mint(child.url, { label })));
    modest = await mint(child.url, { label: 'modest' });
  }, 30_000);
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    child.process.kill('SIGKILL');
    await child.ended;
    folder.remove();
    await fake.close();
  }, 30_000);
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await modestIsServed();
  });

  /** Megabytes that the gateway has had in memory at most, since it began. */
  const peak = () =>
    Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${child.process.pid}/status`, 'utf8'))?.[1]) / 1024;

  /** Sends a request and reads nothing. */
  const send = (key: string, head: string, body: string): Socket => {
    const socket = connect(Number(new URL(child.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n${head}\r\n\r\n${body}`);
    sockets.push(socket);
    return socket;
  };
  const greedy = (count: number, text: string, more: object = {}) => {
    for (let i = 0; i < count; i++) {
      const body = JSON.stringify({
        model: 'gpt-5.5',
        max_tokens: 100,
        ...more,
        messages: [{ role: 'user', content: text }],
      });
      send(keys[i % keys.length] ?? '', `content-length: ${body.length}`, body);
    }
  };
  const modestIsServed = async () => {
    for (const text of ['hi', 'word '.repeat(400_000), 'hi']) {
      const answer = await ask(child.url, modest, text);
      expect([answer.status, await answer.text()]).toEqual([200, answered]);
    }
  };
  // What is sent on has been, and what comes unasked has come. Of translated answers some are refused, as there is no room for them.
  const settled = async (calls: number) => {
    await fake.arrived(calls);
    for (let before = -1; before !== fake.calls.length;) {
      before = fake.calls.length;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  };

  test.each([
    ['200 answers of 28 MB that nobody reads', () => greedy(200, 'a large answer')],
    ['200 streams that nobody reads', () => greedy(200, 'a stream', { stream: true })],
  ])(
    '%s [E1 L5]',
    async (name, begin) => {
      const before = fake.calls.length;
      begin();
      await settled(before + leastSentOn);
      await modestIsServed();
      console.info(`${name}: at most ${peak().toFixed(0)} MB resident`);
      expect(peak()).toBeLessThan(mostResident);
    },
    60_000,
  );

  const text = Buffer.alloc(32 * MiB - 100, 0x61);
  const upload = (key: string, chunked: boolean): Promise<unknown> => {
    const [head, tail] = ['{"model":"gpt-5.5","max_tokens":100,"messages":[{"role":"user","content":"', '"}]}'];
    const size = head.length + text.length + tail.length;
    const socket = send(
      key,
      chunked ? 'transfer-encoding: chunked' : `content-length: ${size}`,
      chunked ? `${size.toString(16)}\r\n${head}` : head,
    );
    const answered = new Promise((resolve) => socket.once('data', resolve).once('close', resolve));
    socket.resume();
    socket.write(text);
    socket.write(chunked ? `${tail}\r\n0\r\n\r\n` : tail);
    return answered;
  };
  const uploads = (count: number, chunked: boolean) =>
    Array.from({ length: count }, (_, i) => upload(keys[i % keys.length] ?? '', chunked));

  test.each([
    ['200 uploads of 32 MiB [B4 D5]', false],
    ['200 uploads of 32 MiB that do not say how long they are [B4 D5]', true],
  ])(
    '%s',
    async (name, chunked) => {
      const answers = uploads(200, chunked);
      await Promise.race(answers);
      await modestIsServed();
      await Promise.all(answers);
      console.info(`${name}: at most ${peak().toFixed(0)} MB resident`);
      expect(peak()).toBeLessThan(mostResident);
    },
    120_000,
  );

  test('all of these at once [E1 L5 B4 D5]', async () => {
    const before = fake.calls.length;
    greedy(200, 'a large answer');
    greedy(200, 'a stream', { stream: true });
    const answers = [...uploads(100, false), ...uploads(100, true)];
    await Promise.race(answers);
    await modestIsServed();
    await Promise.all(answers);
    await modestIsServed();
    console.info(`all at once, ${fake.calls.length - before} sent on: at most ${peak().toFixed(0)} MB resident`);
    expect(peak()).toBeLessThan(mostResident);
  }, 180_000);
});
