// A provider's answer as a whole.

import { largeBodyBytes } from '../core/bodySize';
import { GatewayError } from '../core/errors';
import { openJsonSkeleton } from '../core/jsonSkeleton';
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
    if (!isDeath(error) || !isWholeJson(parts)) throw error;
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, size);
}

/** Whether the connection of an answer broke. */
export function isDeath(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'upstream_died';
}

/** Whether an answer that broke off is a JSON object that had come whole. */
export function isWholeJson(parts: readonly Buffer[]): boolean {
  const skeleton = openJsonSkeleton();
  for (const part of parts) skeleton.add(part);
  return typeof skeleton.value === 'object' && skeleton.value !== null;
}
