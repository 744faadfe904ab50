// A host that compresses its answers although it was asked not to: they are read and passed on as if it had not.

import {
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createDeflate,
  createDeflateRaw,
  createGzip,
  createZstdCompress,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Transform } from 'node:stream';
import { GatewayError } from '../../gateway/src/core/errors';
import { decoded } from '../../gateway/src/upstream/contentEncoding';
import type { UpstreamResponse } from '../../gateway/src/upstream/exchange';
import type { FakeCall } from '../support/fakeUpstream';
import {
  fieldsFor,
  formats,
  goodAnswer,
  otherFormat,
  streamOf,
  streamParts,
  useRouteScene,
  wholeAnswer,
} from '../support/routeScene';

const scene = useRouteScene('limits: {end_ms: 100}\n');
const { ask } = scene;

interface Encoding {
  readonly name: string;
  readonly whole: (text: string | Buffer) => Buffer;
  readonly open: () => Transform;
}
const encodings: readonly Encoding[] = [
  { name: 'gzip', whole: gzipSync, open: createGzip },
  { name: 'X-GZIP', whole: gzipSync, open: createGzip },
  { name: 'deflate', whole: deflateSync, open: createDeflate },
  { name: 'deflate (raw)', whole: deflateRawSync, open: createDeflateRaw },
  { name: 'br', whole: brotliCompressSync, open: createBrotliCompress },
  { name: 'zstd', whole: zstdCompressSync, open: createZstdCompress },
];
const headerOf = ({ name }: Pick<Encoding, 'name'>) => name.replace(' (raw)', '');

const clients = formats.flatMap((kind) => [
  { kind, client: kind, fields: {} },
  { kind, client: otherFormat(kind), fields: fieldsFor(kind) },
]);

describe.each(encodings)('$name', (encoding) => {
  const headers = { 'content-encoding': headerOf(encoding) };

  test.each(clients)('a whole answer of $kind to a $client client', async ({ kind, client, fields }) => {
    const body = JSON.stringify(wholeAnswer(kind, 'Hello'));
    scene.a.answer = { headers, body: encoding.whole(body) };
    const answer = await ask(client, `a-${kind}/m`, false, fields);
    const text = await answer.text();
    expect([answer.status, answer.headers.get('content-encoding')]).toEqual([200, null]);
    if (client === kind) expect(text).toBe(body);
    expect(text).toContain('Hello');
    expect(await scene.lastRow()).toMatchObject({ outcome: 'ok', input: 5, output: 2, estimated: false });
  });

  test.each(clients)('a stream of $kind to a $client client, as it comes', async ({ kind, client, fields }) => {
    const { preamble, content, end } = streamParts(kind, 'Hello');
    let go: () => void = () => undefined;
    scene.a.answer = (_call: FakeCall, response: ServerResponse) => {
      response.writeHead(200, { ...headers, 'content-type': 'text/event-stream' });
      const into = encoding.open();
      into.pipe(response);
      into.write(preamble + content);
      flush(into, encoding);
      go = () => into.end(end);
    };
    const answer = await ask(client, `a-${kind}/m`, true, fields);
    expect([answer.status, answer.headers.get('content-encoding')]).toEqual([200, null]);
    const reader = answer.body!.getReader();
    let text = '';
    const read = async () => {
      const { value, done } = await reader.read();
      text += Buffer.from(value ?? []).toString();
      return !done;
    };
    while (!text.includes('Hello')) await read(); // before the provider says more
    go();
    while (await read());
    if (client === kind) expect(text).toBe(preamble + content + end);
    expect(text).not.toContain('"error":{');
    expect(await scene.lastRow()).toMatchObject({ outcome: 'ok', estimated: kind === 'chat' });
  });

  test('failures are seen: with a status, in a 200, in a stream', async () => {
    const error = '{"error":{"message":"m","code":503}}';
    scene.b.answer = goodAnswer('chat', 'from B');
    for (const [status, stream] of [
      [503, false],
      [200, false],
      [200, true],
    ] as const) {
      const body = encoding.whole(stream ? `data: ${error}\n\n` : error);
      const type = stream ? 'text/event-stream' : 'application/json';
      scene.a.answer = { status, headers: { ...headers, 'content-type': type }, body };
      expect(await (await ask('chat', 'to-chat', stream)).text()).toContain('from B');
      const own = await ask('chat', 'a-chat/m', stream);
      expect([own.status, own.headers.get('content-encoding'), (await own.text()).trim()]).toEqual([
        status,
        null,
        expect.stringContaining(error),
      ]);
      expect(await scene.lastRow()).toMatchObject({ outcome: 'error', error: 'upstream_overloaded' });
    }
  });

  test('a body that is none, or is cut, is a failure', async () => {
    const body = JSON.stringify(wholeAnswer('chat', 'Hello '.repeat(5_000)));
    scene.b.answer = goodAnswer('chat', 'from B');
    for (const bad of [Buffer.from('no such thing at all, really'), encoding.whole(body).subarray(0, -12)]) {
      scene.a.answer = { headers, body: bad };
      for (const client of ['chat', 'messages'] as const) {
        expect(await (await ask(client, 'to-chat', false)).text()).toContain('from B');
        const answer = await ask(client, 'a-chat/m', false);
        expect([answer.status, await answer.text()]).toEqual([502, expect.stringMatching(/"error"/)]);
        expect((await scene.lastRow()).error).toMatch(/^upstream_(garbage|died)$/);
      }
    }
  });

  test('an empty body stays one', async () => {
    scene.a.answer = { status: 503, headers, body: '' };
    const answer = await ask('chat', 'a-chat/m', false);
    expect([answer.status, await answer.text()]).toEqual([503, '']);
  });
});

test('a stream that is cut tells what came before', async () => {
  const { preamble, content } = streamParts('messages', 'Hello');
  scene.a.answer = (_call: FakeCall, response: ServerResponse) => {
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/event-stream' });
    const into = createGzip();
    into.on('data', (part: Buffer) => response.write(part));
    into.write(preamble + content);
    into.flush(() => setImmediate(() => response.destroy()));
  };
  for (const client of ['messages', 'chat'] as const) {
    const text = await (await ask(client, 'a-messages/m', true)).text();
    expect(text).toContain('Hello');
    expect(text).toMatch(/"error":/);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'upstream_died' });
  }
});

describe.each([
  ...encodings.map(({ name, whole }) => ({
    name,
    body: (text: string) => whole(text).subarray(0, -40),
    held: 140_000,
  })),
  { name: 'gzip', body: (text: string) => gzipSync(text, { finishFlush: constants.Z_SYNC_FLUSH }), held: 0 },
])('$name that is cut', ({ name, body, held }) => {
  const died = new GatewayError('upstream_died');

  // Its head comes first, so that the decoder still works on that when the rest comes, and the end.
  const answerOf = (bytes: Buffer): UpstreamResponse =>
    decoded({
      status: 200,
      headers: { 'content-encoding': headerOf({ name }) },
      forEachChunk: async (give) => {
        await give(bytes.subarray(0, 10));
        await give(bytes.subarray(10));
        throw died;
      },
      release: () => undefined,
      cancel: () => undefined,
    });

  test.each([
    { words: 20, taker: 'at once', take: () => undefined },
    { words: 20_000, taker: 'at once', take: () => undefined },
    { words: 20_000, taker: 'after a while', take: () => new Promise<void>((done) => setTimeout(done, 2)) },
  ])('$words words before it are given to one that takes them $taker', async ({ words, take }) => {
    const text = JSON.stringify(Array.from({ length: words }, (_, i) => `number ${i * 7919}`));
    const given: Buffer[] = [];
    const all = answerOf(body(text)).forEachChunk((chunk) => (given.push(chunk), take()));
    await expect(all).rejects.toBe(died);
    const got = Buffer.concat(given).toString();
    expect(text.startsWith(got)).toBe(true);
    expect(got.length).toBeGreaterThanOrEqual(text.length - held); // a block of zstd may hold 128 KB
  });
});

test.each(['chat', 'messages'] as const)('ends at its end word (%s client)', async (client) => {
  scene.a.answer = (_call: FakeCall, response: ServerResponse) => {
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/event-stream' });
    const into = createGzip();
    into.pipe(response);
    into.write(streamOf('chat', 'Hello'));
    into.flush(); // and its end never comes
  };
  expect(await (await ask(client, 'a-chat/m', true)).text()).not.toContain('"error":{');
  expect(await scene.lastRow()).toMatchObject({ outcome: 'ok' });
  await expect(scene.a.calls[0]!.closed).resolves.toBe('gone');
});

test('a client that leaves ends the call', async () => {
  scene.a.answer = (_call: FakeCall, response: ServerResponse) => {
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/event-stream' });
    const into = createGzip();
    into.pipe(response);
    into.write(Object.values(streamParts('chat', 'Hello')).slice(0, 2).join(''));
    into.flush();
  };
  const answer = await ask('chat', 'a-chat/m', true);
  const reader = answer.body!.getReader();
  await reader.read();
  await reader.cancel();
  await expect(scene.a.calls[0]!.closed).resolves.toBe('gone');
  expect(await scene.lastRow()).toMatchObject({ outcome: 'client_gone' });
});

test('a large answer passes, and what grows without measure does not', async () => {
  const words = Array.from({ length: 300_000 }, (_, i) => i.toString(36)).join(' ');
  const large = JSON.stringify(wholeAnswer('chat', words + words));
  scene.a.answer = { headers: { 'content-encoding': 'gzip' }, body: gzipSync(large) };
  expect(await (await ask('chat', 'a-chat/m', false)).text()).toBe(large);
  expect(await scene.lastRow()).toMatchObject({ outcome: 'ok', input: 5, output: 2 });
  const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, ' '));
  scene.a.answer = { headers: { 'content-encoding': 'gzip' }, body: bomb };
  expect((await ask('messages', 'a-chat/m', false)).status).toBe(502);
  const passed = async () => (await ask('chat', 'a-chat/m', false)).text();
  await expect(passed()).rejects.toThrow();
  expect(await scene.lastRow()).toMatchObject({ error: 'upstream_garbage' });
});

describe('an encoding that is not known', () => {
  const headers = { 'content-encoding': 'snappy' };

  test.each([true, false])('is named (stream: %s)', async (stream) => {
    scene.a.answer = { headers: { ...headers, ...(stream ? { 'content-type': 'text/event-stream' } : {}) }, body: 'x' };
    for (const client of ['chat', 'messages'] as const) {
      const answer = await ask(client, 'a-chat/m', stream);
      expect([answer.status, answer.headers.get('content-encoding')]).toEqual([502, null]);
      expect(await answer.text()).toContain('snappy');
      expect(await scene.lastRow()).toMatchObject({ outcome: 'error', error: 'upstream_garbage' });
    }
  });

  test('goes to the next target', async () => {
    scene.a.answer = { headers, body: 'x' };
    scene.b.answer = goodAnswer('chat', 'from B');
    expect(await (await ask('chat', 'to-chat', false)).text()).toContain('from B');
  });

  test('of a refusal leaves its status', async () => {
    scene.a.answer = { status: 429, headers, body: 'x' };
    const answer = await ask('chat', 'a-chat/m', false);
    expect([answer.status, answer.headers.get('content-encoding'), await answer.text()]).toEqual([429, null, '']);
  });

  test('"identity" is none', async () => {
    const body = JSON.stringify(wholeAnswer('chat', 'Hello'));
    scene.a.answer = { headers: { 'content-encoding': 'identity' }, body };
    expect(await (await ask('chat', 'a-chat/m', false)).text()).toBe(body);
  });
});

test.each([true, false])('a window that zstd would make too much room for is refused, stream: %s', async (stream) => {
  // Of a stream the size is not known, so that the whole window must be made room for.
  const packing = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: 27 } });
  const packed: Buffer[] = [];
  packing.on('data', (part: Buffer) => packed.push(part));
  const body = stream ? streamOf('chat', 'Hello') : JSON.stringify(wholeAnswer('chat', 'Hello'));
  packing.write(body.slice(0, 5));
  packing.end(body.slice(5));
  await once(packing, 'end');
  const headers = { 'content-encoding': 'zstd', 'content-type': stream ? 'text/event-stream' : 'application/json' };
  scene.a.answer = { headers, body: Buffer.concat(packed) };
  const text = await (await ask('chat', 'a-chat/m', stream)).text();
  expect(text).not.toContain('Hello');
  expect(await scene.lastRow()).toMatchObject({ outcome: expect.not.stringMatching('^ok$'), error: 'upstream_garbage' });
}); // prettier-ignore

// ---

function flush(into: Transform, { name }: Encoding): void {
  const kind =
    name === 'br'
      ? constants.BROTLI_OPERATION_FLUSH
      : name === 'zstd'
        ? constants.ZSTD_e_flush
        : constants.Z_SYNC_FLUSH;
  (into as unknown as { flush(kind: number): void }).flush(kind);
}
