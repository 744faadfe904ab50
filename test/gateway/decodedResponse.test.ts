// A body on its way through its decoder: its taker is waited for to the end, what came is given once, and its provider is let go.

import { setTimeout as later } from 'node:timers/promises';
import { constants, gzipSync } from 'node:zlib';
import { decoded } from '../../gateway/src/upstream/contentEncoding';

/** An answer whose provider sends parts and then does not end it, until it is released or cancelled. */
function openAnswer(parts: readonly Buffer[]) {
  const told = { released: 0, cancelled: 0, taken: 0 };
  let end: (error?: Error) => void = () => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    end = (error) => (error === undefined ? resolve() : reject(error));
  });
  ended.catch(() => undefined);
  const response = decoded({
    status: 200,
    headers: { 'content-encoding': 'gzip' },
    forEachChunk: async (give) => {
      for (const part of parts) {
        await Promise.race([give(part), ended]);
        told.taken++;
      }
      await ended;
    },
    release: () => (told.released++, end()),
    cancel: () => (told.cancelled++, end(new Error('cancelled'))),
  });
  return { response, told, end };
}

const failed = new Error('of the taker');

test.each([
  { when: 'at once', fail: () => Promise.reject(failed) },
  { when: 'later', fail: () => later(5).then(() => Promise.reject(failed)) },
])('a taker that releases it and fails $when has failed', async ({ fail }) => {
  const { response } = openAnswer([gzipSync('text')]);
  const all = response.forEachChunk(() => {
    response.release();
    return fail();
  });
  await expect(all).rejects.toBe(failed);
});

test.each(['inside', 'meanwhile'])('a taker that is waited for when it releases it (%s) ends first', async (when) => {
  const { response } = openAnswer([gzipSync('text')]);
  let done = false;
  await response.forEachChunk(() => {
    if (when === 'inside') response.release();
    else setTimeout(() => response.release(), 1);
    return later(20).then(() => void (done = true));
  });
  expect(done).toBe(true);
});

test('a released one gives nothing more', async () => {
  const { response } = openAnswer([gzipSync('text '.repeat(50_000))]);
  let given = 0;
  await response.forEachChunk(() => {
    if (given++ === 0) setTimeout(() => response.release(), 1);
    return given === 1 ? later(20) : undefined;
  });
  expect(given).toBe(1);
});

test.each([1, 100, 200_000])(
  'one that ends before its provider does is released (%d bytes behind it)',
  async (size) => {
    const { response, told } = openAnswer([gzipSync('text'), Buffer.alloc(size)]);
    const given: Buffer[] = [];
    await response.forEachChunk((chunk) => void given.push(chunk));
    expect(Buffer.concat(given).toString()).toBe('text');
    expect(told.released).toBe(1);
  },
);

test('several members are one body, however they are cut', async () => {
  const members = Buffer.concat([gzipSync('one '), gzipSync('two '), gzipSync('three')]);
  for (let cut = 1; cut < members.length; cut++) {
    const { response, end } = openAnswer([members.subarray(0, cut), members.subarray(cut)]);
    const given: Buffer[] = [];
    const all = response.forEachChunk((chunk) => void given.push(chunk));
    setTimeout(end, 2);
    await all;
    expect(Buffer.concat(given).toString()).toBe('one two three');
  }
});

test.each([{ wait: 0 }, { wait: 20 }])(
  'what came before its bytes were broken is given first (taker waits $wait ms)',
  async ({ wait }) => {
    const { response } = openAnswer([
      gzipSync('text '.repeat(9_000), { finishFlush: constants.Z_SYNC_FLUSH }),
      Buffer.from('no such thing at all, really'),
    ]);
    let given = '';
    let busy = false;
    const all = response.forEachChunk((chunk) => {
      expect(busy).toBe(false);
      given += chunk.toString();
      if (wait === 0) return undefined;
      busy = true;
      return later(wait).then(() => void (busy = false));
    });
    await expect(all).rejects.toMatchObject({ code: 'upstream_garbage' });
    expect(busy).toBe(false);
    expect(given).toBe('text '.repeat(9_000));
  },
);
