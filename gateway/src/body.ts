// Reading a request's body: bounded one by one and all together, so that no burst of large prompts can fill the memory.

import type { IncomingMessage } from 'node:http';
import { GatewayError } from './errors';

/** Bytes of all bodies that are held at this moment. */
export interface BodyBudget {
  readonly held: number;
  /** Takes bytes, or refuses. @throws GatewayError overloaded */
  take(bytes: number): void;
  give(bytes: number): void;
}

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
    if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
    const parts: Buffer[] = [];
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
      size += part.length;
      parts.push(part);
    };
    request.on('data', onData);
    request.once('end', () => {
      if (done) return;
      done = true;
      resolve(parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, size));
    });
    request.once('error', fail);
    request.once('close', () => {
      // Every request closes: an error is only made for those that had not ended.
      if (!done) fail(new GatewayError('bad_request', { message: 'The body ended before it was complete.' }));
    });
  });
}

// ---

function tooLarge(limit: number): GatewayError {
  return new GatewayError('body_too_large', {
    message: `The body is larger than ${limit} bytes (limits.body_bytes).`,
    headers: { connection: 'close' },
  });
}
