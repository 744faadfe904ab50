// What a stream holds of the memory that its key may hold: an event that is not whole yet, the part of an answer that its
// encoder keeps, and what the client has not read.

import { GatewayError } from '../core/errors';
import type { MemoryShare } from '../core/memoryBudget';

/** Bytes that a stream may hold without being counted, so that the many streams of small events cost nothing. */
export const uncountedBytes = 64 * 1024;

/**
 * Bytes that may come between two counts: an event of some bytes is not worth one. What is kept of them may be counted as 70
 * times as much (a piece of reasoning of three bytes has a cost of its own), which is no more than goes uncounted anyway.
 */
const countEvery = 1_024;

/** The count of one stream, in its request's share. */
export class StreamMemory {
  #came = 0;
  #gathered = 0;
  #unread = 0;
  #counted = 0;
  readonly #share: MemoryShare;

  constructor(share: MemoryShare) {
    this.#share = share;
  }

  /** More of the stream has come. */
  came(bytes: number): void {
    this.#came += bytes;
  }

  /** Something is counted, or enough has come since the last count that something may have to be. */
  get isDue(): boolean {
    return this.#counted > 0 || this.#came >= countEvery;
  }

  /**
   * Counts what is gathered for what is still to be sent.
   * @param bytes all together
   * @returns why there is no room for it, which is told after what came before it; undefined where there is
   */
  gathers(bytes: number): GatewayError | undefined {
    this.#came = 0;
    if (bytes <= uncountedBytes && this.#counted === 0) return undefined;
    try {
      this.#count(bytes, this.#unread);
      return undefined;
    } catch (error) {
      if (error instanceof GatewayError) return error;
      throw error;
    }
  }

  /** @param bytes on their way to the client. @throws GatewayError overloaded */
  sends(bytes: number): void {
    this.#count(this.#gathered, bytes);
  }

  /** Gives back what is still counted. */
  close(): void {
    this.#count(0, 0);
  }

  #count(gathered: number, unread: number): void {
    const counted = Math.max(0, gathered + unread - uncountedBytes);
    if (counted > this.#counted) this.#share.take(counted - this.#counted);
    else if (counted < this.#counted) this.#share.give(this.#counted - counted);
    this.#gathered = gathered;
    this.#unread = unread;
    this.#counted = counted;
  }
}
