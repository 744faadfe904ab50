// Reading a request's body: bounded one by one and all together, so that no burst of large prompts can fill the memory.

import { largeBodyBytes } from '../core/bodySize';
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../core/errors';
import type { MemoryShare } from '../core/memoryBudget';

/**
 * The whole body. Its bytes are taken from the share as announced, or as they come: of more uploads than fit some are read
 * and the others are refused at once. Whoever opened the share closes it.
 * @throws GatewayError body_too_large, encoded_body, overloaded
 */
export function readBody(request: IncomingMessage, limit: number, share: MemoryShare): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') throw new GatewayError('encoded_body');
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > limit) throw tooLarge(limit);
    if (announced > 0) share.take(announced);
    // Its events have been and gone while its key was looked up: nobody would ever be told.
    if (request.destroyed && !request.readableEnded) throw cutOff();
    let held: Buffer | undefined;
    let size = 0;
    let done = false;
    const fail = (error: Error) => {
      if (done) return;
      done = true;
      request.off('data', onData).pause();
      reject(error);
    };
    // Plain events: an async iterator over the request costs more than all else that is done with a small body.
    const onData = (part: Buffer) => {
      try {
        if (size + part.length > limit) throw tooLarge(limit);
        if (size + part.length > announced) share.take(part.length);
      } catch (error) {
        fail(error as Error);
        return;
      }
      held = held === undefined && part.length >= announced ? part : added(held, size, part, announced);
      size += part.length;
    };
    request.on('data', onData);
    request.once('end', () => {
      if (done) return;
      done = true;
      resolve(held === undefined ? Buffer.alloc(0) : held.subarray(0, size));
    });
    request.once('error', fail);
    request.once('close', () => {
      // Every request closes: an error is only made for those that had not ended.
      if (!done) fail(cutOff());
    });
  });
}

// ---

// Put together as it comes: to join megabytes at the end would hold the event loop. Room is made for all that is announced:
// the system gives a large room its memory page by page, as it is written to.
function added(held: Buffer | undefined, size: number, part: Buffer, announced: number): Buffer {
  const needed = size + part.length;
  let room = held;
  if (room === undefined || needed > room.length) {
    room = newRoom(needed <= announced ? announced : 2 * needed);
    held?.copy(room, 0, 0, size);
  }
  part.copy(room, size);
  return room;
}

// Shared where it is large, so that a worker reads it without a copy.
function newRoom(size: number): Buffer {
  return size < largeBodyBytes ? Buffer.allocUnsafe(size) : Buffer.from(new SharedArrayBuffer(size));
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
