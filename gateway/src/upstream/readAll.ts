// A provider's answer as a whole.

import { largeBodyBytes } from '../core/bodySize';
import { GatewayError } from '../core/errors';
import { openJsonSkeleton } from '../core/jsonSkeleton';
import { isObject } from '../wire/shared/json';
import type { UpstreamResponse } from './exchange';

/**
 * The whole body of an answer. One whose connection breaks behind the last brace of its JSON has come whole: some servers close
 * it without the end that HTTP asks for, and what is asked for once more is paid for once more.
 * @param limit bytes
 * @param take told of what a large one holds as it comes; what it throws ends the exchange
 * @throws GatewayError upstream_died, upstream_timeout, upstream_garbage (above the limit)
 */
export async function readAll(
  response: Pick<UpstreamResponse, 'headers' | 'forEachChunk'>,
  limit: number,
  take?: (bytes: number) => void,
): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    await response.forEachChunk((chunk) => {
      parts.push(chunk);
      size += chunk.length;
      if (size > limit)
        throw new GatewayError('upstream_garbage', { message: `The provider's answer is larger than ${limit} bytes.` });
      if (size > largeBodyBytes) take?.(chunk.length);
      return undefined;
    });
  } catch (error) {
    if (!isDeath(error) || !(await hasComeWhole(response, parts))) throw error;
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, size);
}

/** Whether the connection of an answer broke. */
export function isDeath(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'upstream_died';
}

/**
 * Whether an answer that broke off had come whole: a JSON object. Of one with a length something is missing. A large one is
 * looked through a piece at a time.
 */
export async function hasComeWhole(
  { headers }: Pick<UpstreamResponse, 'headers'>,
  parts: readonly Buffer[],
): Promise<boolean> {
  if (headers['content-length'] !== undefined || !endsWithBrace(Buffer.concat(parts.slice(-4)))) return false;
  const skeleton = openJsonSkeleton();
  let looked = 0;
  for (const part of parts) {
    skeleton.add(part);
    looked += part.length;
    if (looked < turnBytes) continue;
    looked = 0;
    await new Promise(setImmediate);
  }
  return isObject(skeleton.value);
}

// ---

function endsWithBrace(bytes: Buffer): boolean {
  return bytes
    .toString('latin1', Math.max(0, bytes.length - 64))
    .trimEnd()
    .endsWith('}');
}

/** Bytes that are looked through in one turn of the event loop: at worst 2 ms. */
const turnBytes = 64 * 1024;
