// Bodies as clients write them: compressed, with a byte order mark, damaged, or made to fill the memory.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import {
  brotliCompressSync,
  constants,
  createZstdCompress,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib';
import type { MemoryShare } from '../../gateway/src/core/memoryBudget';
import { unpack, unpackerOf } from '../../gateway/src/http/unpack';
import { produced } from '../support/errorScene';
import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { masterKey, startTestGateway, type TestGateway } from '../support/gateway';
import { say } from '../support/sim';

const chat = '/v1/chat/completions';
const answer =
  '{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}';
const MiB = 1024 * 1024;

let upstream: FakeUpstream;
let gateway: TestGateway;
let key: string;
beforeAll(async () => {
  upstream = await startFakeUpstream();
  gateway = await startTestGateway({
    config: `limits: {body_bytes: ${8 * MiB}, bodies_in_memory_bytes: ${32 * MiB}}\nproviders:\n  own: {base_url: "${upstream.url}/v1", wire: openai}\n`,
    keys: {},
  });
  key = await gateway.mint();
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.calls.length = 0;
  upstream.answer = { body: answer };
});

const post = (encoding: string | undefined, body: Buffer | string, path = chat) =>
  produced(
    fetch(gateway.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, ...(encoding === undefined ? {} : { 'content-encoding': encoding }) },
      body,
    }),
  );
const bodyOf = (prompt: string) => JSON.stringify({ model: 'own/m', messages: say(prompt) });
const words = (bytes: number) => {
  let text = '';
  for (let i = 0; text.length < bytes; i++) text += `word${(i * 7919) % 104_729} `;
  return text;
};
const encodings: readonly [name: string, pack: (body: Buffer | string) => Buffer][] = [
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', (body) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })],
  ['zstd', zstdCompressSync],
];

describe.each(encodings)('%s', (encoding, pack) => {
  test('reaches the provider unpacked, byte for byte, whatever its size', async () => {
    for (const prompt of ['hi', words(50_000), words(3 * MiB)]) {
      const body = `{"model":"own/m", "messages":${JSON.stringify(say(prompt))},"x":1.0}`;
      const { status } = await post(encoding, pack(body));
      const call = upstream.calls.at(-1)!;
      expect([status, call.body.toString() === body.replace('own/m', 'm')]).toEqual([200, true]);
      expect(call.headers['content-encoding']).toBeUndefined();
      expect(call.headers['content-length']).toBe(String(call.body.length));
    }
  });

  test.each([
    ['cut off', (packed: Buffer) => packed.subarray(0, packed.length - 3)],
    ['cut off early', (packed: Buffer) => packed.subarray(0, 6)],
    ['followed by something', (packed: Buffer) => Buffer.concat([packed, Buffer.from('{}')])],
    ['not compressed at all', () => Buffer.from(bodyOf('hi'))],
  ])('%s: a 400 that says so', async (_name, spoil) => {
    const { status, text } = await post(encoding, spoil(pack(bodyOf(words(5_000)))));
    expect([status, upstream.calls.length]).toEqual([400, 0]);
    expect(text).toContain('content-encoding');
  });

  test('[B10] what unpacks to more than a body may have is refused by the limit’s name', async () => {
    const { status, text } = await post(encoding, pack(bodyOf(words(9 * MiB))));
    expect([status, upstream.calls.length]).toEqual([413, 0]);
    expect(text).toContain('limits.body_bytes');
  });

  test('[B10] what unpacks to hundreds of times its size is refused by the limit’s name', async () => {
    const { status, text } = await post(encoding, pack(bodyOf('x'.repeat(7 * MiB))));
    expect([status, upstream.calls.length]).toEqual([413, 0]);
    expect(text).toContain('limits.unpack_ratio');
    // A small one may hold next to nothing.
    expect((await post(encoding, pack(bodyOf('x'.repeat(MiB - 1_000))))).status).toBe(200);
  });

  test('nothing of it stays in the budget', async () => {
    const [fits, above, damaged] = [words(6 * MiB), words(9 * MiB), words(MiB)].map((text) => pack(bodyOf(text)));
    for (let i = 0; i < 8; i++) {
      expect((await post(encoding, fits!)).status).toBe(200);
      expect((await post(encoding, above!)).status).toBe(413);
      expect((await post(encoding, damaged!.subarray(5))).status).toBe(400);
    }
  }, 60_000);
});

test('unpacked bytes count in the memory that a key may hold', async () => {
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  upstream.answer = async (_call, response) => {
    await gate;
    response.end(answer);
  };
  const large = gzipSync(bodyOf(words(7 * MiB)));
  expect(large.length).toBeLessThan(3 * MiB); // packed, all of them would fit
  const all = Array.from({ length: 6 }, () => post('gzip', large));
  const first = await Promise.race(all);
  expect([first.status, first.headers.get('retry-after')]).toEqual([503, '1']);
  expect(first.text).toContain('limits.bodies_in_memory_bytes');
  release();
  const statuses = (await Promise.all(all)).map(({ status }) => status);
  expect(statuses).toEqual(expect.arrayContaining([200, 503]));
}, 60_000);

test('many at once are all unpacked', async () => {
  const all = await Promise.all(
    Array.from({ length: 40 }, (_, i) => post(encodings[i % 4]![0], encodings[i % 4]![1](bodyOf(words(20_000))))),
  );
  expect(all.map(({ status }) => status)).toEqual(all.map(() => 200));
});

test('packed bytes count no longer once they are unpacked', async () => {
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  upstream.answer = async (_call, response) => {
    await gate;
    response.end(answer);
  };
  // A key may hold 16 MiB here: two of these as they are, and not with what they were unpacked from.
  const packed = gzipSync(bodyOf(randomBytes(4.1 * MiB).toString('base64')));
  const first = post('gzip', packed);
  await upstream.arrived(1);
  const second = post('gzip', packed);
  await Promise.race([second, upstream.arrived(2)]);
  release();
  expect([(await first).status, (await second).status]).toEqual([200, 200]);
});

test('keys take turns: many bodies of one do not hold up another’s', async () => {
  const share: MemoryShare = {
    take: () => undefined,
    takeSpare: () => true,
    takeOnce: () => undefined,
    give: () => undefined,
    close: () => undefined,
  };
  const packed = gzipSync(words(MiB));
  const ended: string[] = [];
  const unpackFor = (owner: string) =>
    unpack(packed, unpackerOf('gzip')!, { bytes: 2 * MiB, ratio: 100 }, share, owner).then(() => ended.push(owner));
  await Promise.all([...Array.from({ length: 12 }, () => unpackFor('many')), unpackFor('one')]);
  expect(ended).toHaveLength(13);
  expect(ended.indexOf('one')).toBeLessThan(5); // two were begun before it came
});

describe('an encoding', () => {
  test.each(['compress', 'snappy', 'gzip, gzip', 'gzip, br', 'x'.repeat(100)])(
    '%s is refused by name',
    async (name) => {
      const { status, headers, text } = await post(name, bodyOf('hi'));
      expect([status, upstream.calls.length]).toEqual([415, 0]);
      expect(text).toContain(name.slice(0, 60));
      expect(headers.get('accept-encoding')).toBe('gzip, deflate, br, zstd'); // RFC 9110 section 15.5.16
    },
  );

  test.each([
    ['identity', (body: string) => Buffer.from(body)],
    ['GZIP', (body: string) => gzipSync(body)],
    ['x-gzip', (body: string) => gzipSync(body)],
    ['deflate', (body: string) => deflateRawSync(body)], // as some clients write it
    ['gzip', (body: string) => Buffer.concat([gzipSync(body.slice(0, 9)), gzipSync(body.slice(9))])],
  ])('%s is understood', async (name, pack) => {
    expect((await post(name, pack(bodyOf('hi')))).status).toBe(200);
  });

  test('a window that zstd would make too much room for is refused', async () => {
    // Of a stream the size is not known, so that the whole window must be made room for.
    const packing = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: 27 } });
    const packed: Buffer[] = [];
    packing.on('data', (part: Buffer) => packed.push(part));
    packing.write(bodyOf('hi').slice(0, 5));
    packing.end(bodyOf('hi').slice(5));
    await once(packing, 'end');
    const { status } = await post('zstd', Buffer.concat(packed));
    expect(status).toBe(400);
  });

  test('the administration reads them too, within its own bound', async () => {
    const mint = (body: string) =>
      fetch(`${gateway.url}/admin/keys`, {
        method: 'POST',
        headers: { authorization: `Bearer ${masterKey}`, 'content-encoding': 'gzip' },
        body: gzipSync(body),
      });
    expect((await mint('{"label":"packed"}')).status).toBe(201);
    expect((await mint(JSON.stringify({ label: words(70_000) }))).status).toBe(413);
  });

  test('an empty body is told as empty', async () => {
    const { status, text } = await post('gzip', '');
    expect([status, text]).toEqual([400, expect.stringContaining('The body is empty')]);
  });

  test('one that is not known is refused before its body is read', async () => {
    const said = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1', () =>
        socket.write(
          `POST ${chat} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-encoding: lzma\r\ncontent-length: 1000000\r\n\r\n`,
        ),
      );
      socket.on('error', reject);
      socket.on('data', (part) => resolve(part.toString()));
    });
    expect(said).toMatch(/^HTTP\/1\.1 415/);
  });
});

describe('a byte order mark', () => {
  const mark = Buffer.from([0xef, 0xbb, 0xbf]);
  test.each([
    [undefined, chat],
    ['gzip', chat],
    [undefined, '/v1/messages'],
    [undefined, '/v1/messages/count_tokens'],
  ])('before the JSON is no part of it (%s, %s)', async (encoding, path) => {
    const body = JSON.stringify({ model: 'own/m', max_tokens: 5, messages: say('hi') });
    const marked = Buffer.concat([mark, Buffer.from(body)]);
    const { status } = await post(encoding, encoding === undefined ? marked : gzipSync(marked), path);
    expect(status).toBe(200);
    if (path === chat) expect(upstream.calls[0]?.body.toString()).toBe(body.replace('own/m', 'm'));
  });

  test('before a large body, which a worker reads', async () => {
    const marked = Buffer.concat([mark, Buffer.from(bodyOf(words(2 * MiB)))]);
    expect((await post(undefined, marked, '/v1/messages')).status).toBe(400); // no max_tokens: it has been read
    expect((await post(undefined, marked)).status).toBe(200);
  });

  test('twice is none', async () => {
    expect((await post(undefined, Buffer.concat([mark, mark, Buffer.from(bodyOf('hi'))]))).status).toBe(400);
  });
});
