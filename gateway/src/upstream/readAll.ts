// A provider's answer as a whole.

import { bodyRoom } from '../core/bodyRoom';
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
  const room = bodyRoom(limit); // a provider may announce whatever it likes
  try {
    await response.forEachChunk((chunk) => {
      if (room.size + chunk.length > limit)
        throw new GatewayError('upstream_garbage', { message: `The provider's answer is larger than ${limit} bytes.` });
      if (room.size + chunk.length > largeBodyBytes) take?.(chunk.length);
      room.add(chunk);
      return undefined;
    });
  } catch (error) {
    if (mayBeWhole(error, response)) {
      const body = await room.take();
      if (await areWholeJson([body])) return body;
    } else room.drop();
    throw error;
  }
  return room.take();
}

/** Whether the connection of an answer broke. */
export function isDeath(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'upstream_died';
}

/** Whether an answer may have come whole though its connection broke: of one whose length was announced something is missing. */
export function mayBeWhole(error: unknown, { headers }: Pick<UpstreamResponse, 'headers'>): boolean {
  return isDeath(error) && headers['content-length'] === undefined;
}

/** Whether these are a whole JSON object. A large one is looked through a piece at a time. */
export async function areWholeJson(parts: readonly Buffer[]): Promise<boolean> {
  if (!endsWithBrace(Buffer.concat(parts.slice(-4)))) return false;
  const skeleton = openJsonSkeleton();
  let looked = 0;
  for (const part of parts.flatMap(piecesOf)) {
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

function piecesOf(part: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < part.length; at += turnBytes) pieces.push(part.subarray(at, at + turnBytes));
  return pieces;
}

/** Bytes that are looked through in one turn of the event loop: at worst 2 ms. */
const turnBytes = 64 * 1024;
