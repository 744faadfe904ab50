// What a JSON text says beside its long strings, of a text that comes in pieces and is too long to be gathered: enough to see
// whether an answer is a finished one.

import { textOf } from './byteOrderMark';
import { parseLoose } from './looseJson';

export interface JsonSkeleton {
  /** Takes bytes as they come, however they are cut. */
  add(bytes: Buffer): void;
  /** The value, with a short string for each long one; undefined where it is no JSON, or is cut. */
  readonly value: unknown;
  /** It has too many values to be kept, so that nothing is known of it. */
  readonly full: boolean;
}

/** Bytes of a string that are kept; a longer one is replaced. */
const longestString = 256;
/** Bytes that are kept in all. */
const mostKept = 64 * 1024;

/** A skeleton of one text. */
export function openJsonSkeleton(): JsonSkeleton {
  return new Skeleton();
}

// ---

const quote = 0x22;
const backslash = 0x5c;
const replaced = Buffer.from('"x"');

class Skeleton implements JsonSkeleton {
  full = false;
  #parts: Buffer[] = [];
  #kept = 0;
  /** The open string so far, of which no more than can be kept is gathered; undefined outside of strings. */
  #string: { parts: Buffer[]; size: number } | undefined;
  /** The next byte is escaped: the last piece ended with a backslash. */
  #escaped = false;

  add(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && !this.full) at = this.#string === undefined ? this.#outside(bytes, at) : this.#inside(bytes, at);
  } // prettier-ignore

  get value(): unknown {
    if (this.full || this.#string !== undefined) return undefined;
    try {
      return parseLoose(textOf(Buffer.concat(this.#parts, this.#kept)));
    } catch {
      return undefined;
    }
  }

  // Up to the next string. @returns where it begins, behind its quote, or the end
  #outside(bytes: Buffer, from: number): number {
    const found = bytes.indexOf(quote, from);
    const end = found < 0 ? bytes.length : found;
    this.#keep(bytes.subarray(from, end));
    if (found < 0) return end;
    this.#string = { parts: [], size: 0 };
    return found + 1;
  }

  // Up to the end of the open string. @returns the position behind it, or the end
  #inside(bytes: Buffer, from: number): number {
    for (let look = from; ;) {
      const found = bytes.indexOf(quote, look);
      const end = found < 0 ? bytes.length : found;
      const isEscaped = this.#isEscaped(bytes, look, end);
      if (found >= 0 && isEscaped) {
        look = found + 1;
        this.#escaped = false;
        continue;
      }
      this.#gather(bytes.subarray(from, end));
      this.#escaped = found < 0 && isEscaped;
      if (found < 0) return end;
      this.#close();
      return found + 1;
    }
  }

  // Whether an odd number of backslashes stands before a position.
  #isEscaped(bytes: Buffer, from: number, end: number): boolean {
    let at = end;
    while (at > from && bytes[at - 1] === backslash) at--;
    const odd = (end - at) % 2 === 1;
    return at === from && this.#escaped ? !odd : odd;
  }

  #gather(bytes: Buffer): void {
    const string = this.#string;
    if (string === undefined) return;
    string.size += bytes.length;
    if (string.size <= longestString) string.parts.push(Buffer.from(bytes));
    else string.parts = [];
  }

  #close(): void {
    const string = this.#string;
    this.#string = undefined;
    if (string === undefined) return;
    if (string.size > longestString) return this.#keep(replaced);
    this.#keep(Buffer.concat([Buffer.from('"'), ...string.parts, Buffer.from('"')]));
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#kept += bytes.length;
    if (this.#kept > mostKept) {
      this.full = true;
      this.#parts = [];
    } else this.#parts.push(Buffer.from(bytes));
  }
}
