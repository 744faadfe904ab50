// A stream's way to the client: its head is held back while another target may still answer, and it is never ahead of what
// was reserved.

import { GatewayError } from '../core/errors';
import type { HeaderList } from '../upstream/headers';
import { writeToClient } from './clientConnection';
import type { ResponseContext } from './responseContext';
import { noteWait, type ResponseProgress } from './responseProgress';
import { type StreamMemory, uncountedBytes } from './streamMemory';

/** Bytes of events without content that are held back at most; no provider's preamble is a tenth of it. */
const heldBytes = 64 * 1024;

/** Writes to the client as long as the quota lasts. */
export class StreamOutput {
  /** The number of the event that follows those that were written, where the client's format numbers them. */
  next = 0;
  /** What was written before the head could be sent; undefined once it is. */
  #held: (Buffer | string)[] | undefined = [];
  #heldBytes = 0;
  #waiting: NodeJS.Timeout | undefined;
  #flush: NodeJS.Immediate | undefined;
  readonly #headers: HeaderList;
  readonly #context: ResponseContext;
  readonly #progress: ResponseProgress;
  readonly #memory: StreamMemory;

  /** @param headers of the response. @param memory is told of what is large and has not been read */
  constructor(headers: HeaderList, context: ResponseContext, progress: ResponseProgress, memory: StreamMemory) {
    this.#memory = memory;
    this.#headers = headers;
    this.#context = context;
    this.#progress = progress;
    if (context.turn.held) this.#waiting = setTimeout(() => this.commit(), context.limits.preamble_ms);
    else this.commit();
  }

  /** Sends the head, and what was held back: from here on the answer is this target's. */
  commit(): void {
    this.#commit(false);
  }

  // @param isFollowed something is written at once, and takes the head along
  #commit(isFollowed: boolean): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    clearTimeout(this.#waiting);
    const { raw } = this.#context;
    if (raw.destroyed) return;
    raw.writeHead(200, this.#headers);
    this.#progress.begun = true;
    for (const bytes of held) raw.write(bytes);
    if (held.length === 0 && !isFollowed) this.#flush = setImmediate(() => raw.flushHeaders()); // unless the first event takes them along
  }

  /**
   * Writes, or holds back; gives a promise only where it must be waited for.
   * @param estimate output tokens so far
   * @param said content has come, or the end
   * @param next number of the event that follows these bytes, where they have one
   * @throws GatewayError overloaded, over_quota, reader_stalled as request_timeout
   */
  write(bytes: Buffer | string | undefined, estimate: number, said: boolean, next?: number): Promise<void> | undefined {
    const progress = this.#progress;
    if (said && progress.firstTokenAt === undefined) {
      progress.firstTokenAt = this.#context.now();
      this.#context.turn.succeeded();
    }
    const size = bytes?.length ?? 0;
    if (this.#held !== undefined && !said && this.#heldBytes + size <= heldBytes) {
      if (bytes !== undefined && size > 0) this.#held.push(bytes);
      this.#heldBytes += size;
      this.next = next ?? this.next;
      return undefined;
    }
    if (bytes !== undefined && size > uncountedBytes) this.#memory.sends(Buffer.byteLength(bytes));
    return this.#reserved(estimate, bytes, next);
  }

  /** No more is written by this. */
  close(): void {
    clearTimeout(this.#waiting);
    clearImmediate(this.#flush);
  }

  // Writes when what is to be written is reserved.
  #reserved(estimate: number, bytes: Buffer | string | undefined, next?: number): Promise<void> | undefined {
    const progress = this.#progress;
    const { reservation, extendBy } = this.#context;
    if (estimate <= progress.estimatedOutput) return this.#put(bytes, next);
    progress.estimatedOutput = estimate;
    if (estimate <= reservation.output) return this.#put(bytes, next);
    return reservation.extend(Math.max(extendBy, estimate - reservation.output)).then((granted) => {
      if (!granted)
        throw new GatewayError('over_quota', { message: 'The quota was used up in the middle of this answer.' });
      return this.#put(bytes, next);
    });
  }

  #put(bytes: Buffer | string | undefined, next = this.next): Promise<void> | undefined {
    const isEmpty = bytes === undefined || bytes.length === 0;
    if (this.#held !== undefined) this.#commit(!isEmpty);
    if (isEmpty) return undefined;
    const { raw, limits, client, now } = this.#context;
    const written = noteWait(this.#progress, now, writeToClient(raw, bytes, limits.reader_stall_ms, client));
    this.next = next;
    if (bytes.length <= uncountedBytes) return written;
    const read = () => this.#memory.sends(0);
    if (written !== undefined) return written.then(read);
    read();
    return undefined;
  }
}
