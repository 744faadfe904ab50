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
export async function readBody(request: IncomingMessage, limit: number, budget: BodyBudget): Promise<Buffer> {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') throw new GatewayError('encoded_body');
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > limit) throw tooLarge(limit);
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      if (size + part.length > limit) throw tooLarge(limit);
      budget.take(part.length);
      size += part.length;
      parts.push(part);
    }
  } catch (error) {
    budget.give(size);
    throw error;
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, size);
}

// ---

function tooLarge(limit: number): GatewayError {
  return new GatewayError('body_too_large', {
    message: `The body is larger than ${limit} bytes (limits.body_bytes).`,
    headers: { connection: 'close' },
  });
}
