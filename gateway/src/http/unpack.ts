// Bodies that clients compress, as Codex does: unpacked piece by piece, and no further than a plain body could have grown.

import { bodyDecoders, codingIn, type OpenDecoder } from '../core/contentCodings';
import { withoutMark } from '../core/byteOrderMark';
import { GatewayError } from '../core/errors';
import type { MemoryShare } from '../core/memoryBudget';
import { openOwnerQueue } from '../core/ownerQueue';
import { bodyRoom } from '../core/bodyRoom';

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
export function unpackerOf(encoding: string | undefined): OpenDecoder | undefined {
  const name = codingIn(encoding);
  if (name === undefined) return undefined;
  const found = bodyDecoders.get(name);
  if (found !== undefined) return found;
  throw new GatewayError('encoded_body', {
    message: `The content-encoding "${name.slice(0, 60)}" is not known here; gzip, deflate, br and zstd are, one at a time.`,
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
  unpacker: OpenDecoder,
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

function unpackNow(packed: Buffer, unpacker: OpenDecoder, bounds: UnpackBounds, share: MemoryShare): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stream = unpacker(packed);
    const room = bodyRoom(bounds.bytes);
    const fail = (error: Error) => {
      stream.destroy();
      room.drop();
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
      if (stream.bytesWritten === packed.length)
        void Promise.resolve(room.take()).then((body) => resolve(withoutMark(body)), reject);
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
