// What the strings of a prompt's body show beside its text, found while they are scanned: reasoning in our envelopes, and how
// long a provider's cache is asked to keep the prompt. To search the bytes for both took twice as long as the scan itself.

import { standsAt } from '../core/standsAt';
import { beginsEnvelope } from '../wire/reasoning/envelope';

/** Told of each string of a body. */
export class PromptMarks {
  /** The body has reasoning of another provider, in our envelopes. */
  hasEnvelopes = false;
  /** How long a provider's cache is asked to keep the prompt, at most; undefined where it is not asked. */
  cacheWrite: '5m' | '1h' | undefined;
  readonly #body: Buffer;
  #cacheMarks = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  /** @param start of the string's characters @param end after the last of them */
  string(start: number, end: number): void {
    const body = this.#body;
    if (!this.hasEnvelopes && beginsEnvelope(body, start, end)) this.hasEnvelopes = true;
    if (end - start === cacheField.length && standsAt(body, start, cacheField)) this.#mark(end + 1);
  }

  #mark(from: number): void {
    if (++this.#cacheMarks > mostMarks) return;
    if (this.#body.subarray(from, from + bytesOfLifetime).includes('"1h"')) this.cacheWrite = '1h';
    else this.cacheWrite ??= '5m';
  }
}

// ---

/** The field by which a prompt is written to Anthropic's cache. */
const cacheField = 'cache_control';
/** Bytes after it in which its lifetime stands: `{"type":"ephemeral","ttl":"1h"}`, with room for blanks. */
const bytesOfLifetime = 100;
/** Marks that are looked at. The provider takes four. Source: Anthropic, "Prompt caching". */
const mostMarks = 8;
