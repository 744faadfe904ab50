// Streams in the form of one JSON list: what Gemini sends to clients that do not ask for events (`alt=sse`).
// Source: https://ai.google.dev/api/generate-content, "models.streamGenerateContent" (2026-11).

import { GatewayError } from '../../core/errors';

/** Cuts the bytes of a JSON list into whole items and keeps what is incomplete. An object that comes instead is one item. */
export class JsonArrayCutter {
  /** The list's closing bracket has come, or the end of the object. */
  ended = false;
  #waiting: Buffer[] = [];
  #size = 0;
  #depth = 0;
  /** The depth at which an item ends: within a list, or beside none. */
  #itemDepth = 1;
  #inString = false;
  #escaped = false;
  readonly #limit: number;

  /** @param limit bytes one item may have */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes of an item that is not whole. */
  get waiting(): number {
    return this.#size;
  }

  /** The bytes up to the end of the last whole item; undefined while there is none. @throws GatewayError upstream_garbage */
  push(chunk: Buffer): Buffer | undefined {
    const cut = this.#scan(chunk);
    if (cut < 0) {
      this.#waiting.push(chunk);
      this.#size += chunk.length;
      if (this.#size > this.#limit)
        throw new GatewayError('upstream_garbage', {
          message: `The provider sent a piece larger than ${this.#limit} bytes.`,
        });
      return undefined;
    }
    const whole = Buffer.concat([...this.#waiting, chunk.subarray(0, cut)]);
    this.#waiting = [chunk.subarray(cut)];
    this.#size = chunk.length - cut;
    return whole;
  }

  /** The bytes after the last item. */
  rest(): Buffer {
    const rest = Buffer.concat(this.#waiting);
    this.#waiting = [];
    return rest;
  }

  // Where the last whole item in the chunk ends; -1 when none does.
  #scan(chunk: Buffer): number {
    let cut = -1;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (this.#escaped) this.#escaped = false;
      else if (this.#inString) {
        if (byte === 0x5c) this.#escaped = true;
        else if (byte === 0x22) this.#inString = false;
      } else if (byte === 0x22) this.#inString = true;
      else if (byte === 0x7b || byte === 0x5b) {
        if (this.#depth === 0 && byte === 0x7b) this.#itemDepth = 0;
        this.#depth++;
      } else if (byte === 0x7d || byte === 0x5d) {
        this.#depth--;
        if (this.#depth === this.#itemDepth) cut = at + 1;
        if (this.#depth === 0) this.ended = true;
      }
    }
    return cut;
  }
}
