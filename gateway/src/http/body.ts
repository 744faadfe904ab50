// Reading a request's body: bounded one by one and all together, so that no burst of large prompts can fill the memory.

import { largeBodyBytes } from '../core/bodySize';
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../core/errors';

/** Bytes of all bodies that are held at this moment. */
export interface BodyBudget {
  readonly held: number;
  /** Takes bytes, or refuses. @throws GatewayError overloaded */
  take(bytes: number): void;
  give(bytes: number): void;
}

/** @param limit bytes that all bodies together may have at this moment */
export function openBodyBudget(limit: () => number): BodyBudget {
  let held = 0;
  return {
    get held() {
      return held;
    },
    take(bytes) {
      if (held + bytes > limit())
        throw new GatewayError('overloaded', {
          message: 'The gateway holds as many request bodies as it may; try again in a moment.',
          headers: { 'retry-after': '1' },
        });
      held += bytes;
    },
    give(bytes) {
      held -= bytes;
    },
  };
}

/**
 * The whole body. Its bytes count against the budget until `budget.give(body.length)`; after a refusal nothing does.
 * @throws GatewayError body_too_large, encoded_body, overloaded
 */
export function readBody(request: IncomingMessage, limit: number, budget: BodyBudget): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') throw new GatewayError('encoded_body');
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > limit) throw tooLarge(limit);
    // Its events have been and gone while its key was looked up: nobody would ever be told.
    if (request.destroyed && !request.readableEnded) throw cutOff();
    let held: Buffer | undefined;
    let size = 0;
    let done = false;
    const fail = (error: Error) => {
      if (done) return;
      done = true;
      request.off('data', onData).pause();
      budget.give(size);
      reject(error);
    };
    // Plain events: an async iterator over the request costs more than all else that is done with a small body.
    const onData = (part: Buffer) => {
      try {
        if (size + part.length > limit) throw tooLarge(limit);
        budget.take(part.length);
      } catch (error) {
        fail(error as Error);
        return;
      }
      held = held === undefined ? part : added(held, size, part, announced);
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

/** Bytes after which a body's announced length is believed, and room made for all of it. */
const believedBytes = 1024 * 1024;

// Put together as it comes: to join megabytes at the end would hold the event loop.
function added(held: Buffer, size: number, part: Buffer, announced: number): Buffer {
  const needed = size + part.length;
  let room = held;
  if (needed > held.length) {
    const believed = needed <= announced && (needed > believedBytes || 2 * needed > announced);
    room = newRoom(believed ? announced : 2 * needed);
    held.copy(room, 0, 0, size);
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
