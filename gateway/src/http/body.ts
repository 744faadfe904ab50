// Reading a request's body: bounded one by one and all together, so that no burst of large prompts can fill the memory.

import type { IncomingMessage } from 'node:http';
import { withoutMark } from '../core/byteOrderMark';
import { GatewayError } from '../core/errors';
import type { MemoryShare } from '../core/memoryBudget';
import { bodyRoom } from '../core/bodyRoom';
import { unpack, type UnpackBounds, unpackerOf } from './unpack';

/**
 * The whole body, unpacked where it is compressed. Its bytes are taken from the share as announced, or as they come: of more
 * uploads than fit some are read and the others are refused at once. Whoever opened the share closes it.
 * @param owner the id of its key
 * @throws GatewayError body_too_large, encoded_body, overloaded, bad_request where it is cut off or damaged
 */
export function readBody(
  request: IncomingMessage,
  bounds: UnpackBounds,
  share: MemoryShare,
  owner: string,
): Promise<Buffer> {
  const unpacker = unpackerOf(request.headers['content-encoding']);
  const reading = readBytes(request, bounds.bytes, share, unpacker === undefined);
  return unpacker === undefined ? reading : reading.then((packed) => unpack(packed, unpacker, bounds, share, owner));
}

// ---

function readBytes(request: IncomingMessage, limit: number, share: MemoryShare, isPlain: boolean): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > limit) throw tooLarge(limit);
    if (announced > 0) share.take(announced);
    // Its events have been and gone while its key was looked up: nobody would ever be told.
    if (request.destroyed && !request.readableEnded) throw cutOff();
    const room = bodyRoom(limit, announced);
    let done = false;
    const fail = (error: Error) => {
      if (done) return;
      done = true;
      request.off('data', onData).pause();
      room.drop();
      reject(error);
    };
    // Plain events: an async iterator over the request costs more than all else that is done with a small body.
    const onData = (part: Buffer) => {
      try {
        if (room.size + part.length > limit) throw tooLarge(limit);
        if (room.size + part.length > announced) share.take(part.length);
      } catch (error) {
        fail(error as Error);
        return;
      }
      room.add(part);
    };
    request.on('data', onData);
    request.on('end', () => {
      if (done) return;
      done = true;
      const body = room.take();
      if (body instanceof Promise) void body.then((all) => resolve(isPlain ? withoutMark(all) : all), reject);
      else resolve(isPlain ? withoutMark(body) : body);
    });
    request.on('error', fail);
    request.on('close', () => {
      // Every request closes: an error is only made for those that had not ended.
      if (!done) fail(cutOff());
    });
  });
}

function tooLarge(limit: number): GatewayError {
  return new GatewayError('body_too_large', {
    message: `The body is larger than ${limit} bytes (limits.body_bytes).`,
    headers: { connection: 'close' },
  });
}

function cutOff(): GatewayError {
  return new GatewayError('bad_request', { message: 'The body ended before it was complete.' });
}
