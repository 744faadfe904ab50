// Bodies that clients compress, as Codex does: unpacked piece by piece, and no further than a plain body could have grown.
// Sources: https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1, https://www.rfc-editor.org/rfc/rfc9659 (zstd's window).

import type { Transform } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib'; // prettier-ignore
import { GatewayError } from '../core/errors';
import type { MemoryShare } from '../core/memoryBudget';
import { openOwnerQueue } from '../core/ownerQueue';
import { bodyRoom, withoutMark } from './bodyRoom';

/** What opens one encoding. @param packed the whole body, whose first bytes may tell its form */
export type Unpacker = (packed: Buffer) => Transform & { readonly bytesWritten: number };

export interface UnpackBounds {
  /** Bytes of the unpacked body. */
  readonly bytes: number;
  /** Times its packed size that a body may unpack to. */
  readonly ratio: number;
}

/**
 * What opens the encoding that a request names; undefined for a plain body.
 * @throws GatewayError encoded_body, naming one that is not known
 */
export function unpackerOf(encoding: string | undefined): Unpacker | undefined {
  if (encoding === undefined) return undefined;
  const name = encoding.trim().toLowerCase();
  if (name === '' || name === 'identity') return undefined;
  const found = unpackers.get(name);
  if (found !== undefined) return found;
  throw new GatewayError('encoded_body', {
    message: `The content-encoding "${encoding.slice(0, 60)}" is not known here; gzip, deflate, br and zstd are, one at a time.`,
    headers: { 'accept-encoding': 'gzip, deflate, br, zstd' },
  });
}

/**
 * The body unpacked. Its bytes are taken from the share as they come, and those of the packed one are given back.
 * @param owner the id of its key: keys take turns
 * @throws GatewayError body_too_large, bad_request where it is damaged, overloaded
 */
export async function unpack(
  packed: Buffer,
  unpacker: Unpacker,
  bounds: UnpackBounds,
  share: MemoryShare,
  owner: string,
): Promise<Buffer> {
  if (packed.length === 0) return packed;
  if (running >= mostAtOnce) await new Promise<void>((resolve) => waiting.add(owner, resolve));
  else running++;
  try {
    const body = await unpackNow(packed, unpacker, bounds, share);
    share.give(packed.length);
    return body;
  } finally {
    const next = waiting.take();
    if (next === undefined) running--;
    else next(); // it takes this place
  }
}

// ---

/** Unpacked at once: each holds a window of up to 16 MiB that no budget counts, and a thread that look-ups of names need too. */
const mostAtOnce = 2;
let running = 0;
const waiting = openOwnerQueue<() => void>();

/** Bytes up to which no ratio is held against a body: small ones may well hold next to nothing. */
const freeBytes = 1024 * 1024;

// A window above 8 MiB (2^23), which zstd would make room for at once, is refused as RFC 9659 has it.
const zstdParams = { params: { [constants.ZSTD_d_windowLogMax]: 23 } };

const unpackers: ReadonlyMap<string, Unpacker> = new Map<string, Unpacker>([
  ['gzip', () => createGunzip()],
  ['x-gzip', () => createGunzip()],
  // Some clients leave the two bytes before the data out, the first of which says 8 for its method (RFC 1950 section 2.2).
  ['deflate', (packed) => (((packed[0] ?? 0) & 0x0f) === 8 ? createInflate() : createInflateRaw())],
  ['br', () => createBrotliDecompress()],
  ['zstd', () => createZstdDecompress(zstdParams)],
]);

function unpackNow(packed: Buffer, unpacker: Unpacker, bounds: UnpackBounds, share: MemoryShare): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stream = unpacker(packed);
    const room = bodyRoom();
    const fail = (error: Error) => {
      stream.destroy();
      reject(error);
    };
    stream.on('data', (part: Buffer) => {
      const size = room.size + part.length;
      try {
        if (size > bounds.bytes) throw tooLarge(`unpacks to more than ${bounds.bytes} bytes (limits.body_bytes)`);
        if (size > freeBytes && size > bounds.ratio * packed.length)
          throw tooLarge(`unpacks to more than ${bounds.ratio} times its size (limits.unpack_ratio)`);
        share.take(part.length);
      } catch (error) {
        fail(error as Error);
        return;
      }
      room.add(part);
    });
    stream.once('error', (cause) => fail(damaged(cause)));
    stream.once('end', () => {
      if (stream.bytesWritten === packed.length) resolve(withoutMark(room.take()));
      else fail(damaged(undefined)); // something else follows it
    });
    stream.end(packed);
  });
}

function tooLarge(how: string): GatewayError {
  return new GatewayError('body_too_large', { message: `The body ${how}.` });
}

function damaged(cause: unknown): GatewayError {
  return new GatewayError('bad_request', {
    message: 'The body is damaged, or is not compressed as its content-encoding says.',
    cause,
  });
}
