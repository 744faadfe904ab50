// An answer on the same wire that is too large to be gathered: passed on as it comes, and no faster than the client reads,
// so that two hundred of them that nobody reads hold no more memory than their first bytes.

import { largeBodyBytes } from '../core/bodySize';
import { GatewayError } from '../core/errors';
import { toClient } from '../upstream/headers';
import type { UpstreamResponse } from '../upstream/exchange';
import { areWholeJson, mayBeWhole } from '../upstream/readAll';
import { writeToClient } from './clientConnection';
import type { ResponseContext } from './responseContext';
import { noteWait, type ResponseProgress } from './responseProgress';

/** Bytes that are gathered of an answer, where its key may hold so much: then it is looked at for failures before it is sent. */
const mostGathered = 2 * 1024 * 1024;
/** Bytes of an answer's end that are kept, to find its usage in. */
const tailBytes = 64 * 1024;

/** An answer that was gathered, or the end of one that has been passed on. */
export type Gathered = { readonly whole: Buffer } | { readonly tail: Buffer };

export interface PassOptions {
  /** Told of the bytes of a larger one. */
  readonly passing?: (bytes: Buffer) => void;
  /** Whether those that were told are a whole answer. */
  readonly isWhole?: () => boolean;
  /** They are output that is paid for by its length. */
  readonly isOutput: boolean;
}

/**
 * Gathers an answer of ordinary size, for others to look at; passes on a larger one.
 * @returns undefined where it broke off before anything was sent, and another target is tried
 * @throws GatewayError where it broke off, or ended in the middle; a client that has got a part of it sees its connection close
 */
export async function gatherOrPass(
  response: UpstreamResponse,
  context: ResponseContext,
  progress: ResponseProgress,
  { passing, isWhole, isOutput }: PassOptions,
): Promise<Gathered | undefined> {
  const { raw, turn, memory, now } = context;
  let parts: Buffer[] = [];
  let size = 0;
  let tail: Buffer | undefined;
  try {
    await response.forEachChunk((chunk) => {
      size += chunk.length;
      if (tail === undefined) {
        parts.push(chunk);
        if (size <= largeBodyBytes || (size <= mostGathered && memory.takeSpare(chunk.length))) return undefined;
        sendHead(response, context, progress);
      }
      const passed = tail === undefined ? parts : [chunk];
      parts = [];
      for (const part of passed) {
        passing?.(part);
        tail = endOf(tail, part);
      }
      if (isOutput) progress.estimatedOutput = Math.ceil(size / 4);
      return noteWait(progress, now, writeAll(passed, context));
    });
  } catch (error) {
    // Told as a failure, what came whole would be asked and paid for once more.
    const hasAll = () => (tail === undefined ? areWholeJson(parts) : isWhole?.() === true);
    if (!mayBeWhole(error, response) || !(await hasAll())) {
      if (tail !== undefined) raw.destroy();
      else if (error instanceof GatewayError && (await turn.moveOn(error))) return undefined;
      throw error;
    }
  }
  progress.complete = true;
  if (tail === undefined) return { whole: parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, size) }; // prettier-ignore
  raw.end();
  if (endsWhole(tail)) return { tail };
  progress.complete = false;
  throw new GatewayError('upstream_died');
}

// ---

function endOf(before: Buffer | undefined, part: Buffer): Buffer {
  if (before === undefined || part.length >= tailBytes) return part.subarray(-tailBytes);
  return Buffer.concat([before.subarray(-(tailBytes - part.length)), part]);
}

// One by one: those of two hundred answers that nobody reads, put together, would be held twice.
function writeAll(parts: readonly Buffer[], { raw, limits, client }: ResponseContext): Promise<void> | undefined {
  for (const part of parts.slice(0, -1)) raw.write(part);
  return writeToClient(raw, parts.at(-1) ?? Buffer.alloc(0), limits.reader_stall_ms, client);
}

// Whether a JSON text may end here. What its provider ended in the middle has been sent as it is, and is booked as what it was.
function endsWhole(tail: Buffer): boolean {
  return /[}\]]$/.test(tail.toString('latin1').trimEnd());
}

function sendHead(
  response: UpstreamResponse,
  { raw, headers: ours, ownKeys }: ResponseContext,
  progress: ResponseProgress,
): void {
  const headers = toClient(response.headers, ownKeys, ours);
  const length = response.headers['content-length'];
  if (length !== undefined) headers.push('content-length', length);
  raw.writeHead(response.status, headers);
  progress.begun = true;
  progress.status = response.status;
}
