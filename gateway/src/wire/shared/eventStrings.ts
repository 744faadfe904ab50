// The JSON strings in the events of a stream, found in one pass over its bytes without parsing them. An event of 250 bytes has
// some 14 strings: to search it for each of a format's 15 words took five times as long.

import { beginsWithMark, bytesOfMark } from '../../core/byteOrderMark';

/** Told of what stands in events. */
export interface EventVisitor {
  /**
   * A string, which ends with its line where it has no end of its own. A name within a text is none: its quotes are escaped.
   * @param start of its characters
   * @param end after the last of them
   * @param value where the value begins of the field that the string names; -1 where it names none
   * @returns where to go on: `end`, or the end of the value where the visitor has read it, perhaps in another line
   */
  string(start: number, end: number, value: number): number;
  /** A line begins, perhaps with the name of a field of an event stream. */
  line(start: number): void;
}

/** Goes through whole events, or items of a JSON list, line by line. */
export function visitEvents(events: Buffer, visitor: EventVisitor): void {
  const lineEnds = new LineEnds(events);
  let at = beginsWithMark(events) ? bytesOfMark : 0;
  while (at < events.length) {
    const lineEnd = lineEnds.after(at);
    let read = at;
    if (events[at] !== colon) {
      visitor.line(at);
      read = visitLine(events, at, lineEnd, visitor);
    } // else it is a comment
    at = Math.max(read, lineEnd + 1);
  }
}

/** Strings to be found, each with what it stands for. */
export class WordTable<T> {
  readonly #byLength: { readonly bytes: Buffer; readonly meaning: T }[][] = [];

  constructor(words: Iterable<readonly [string, T]>) {
    for (const [word, meaning] of words) {
      const bytes = Buffer.from(word);
      (this.#byLength[bytes.length] ??= []).push({ bytes, meaning });
    }
  }

  /** What the string stands for; undefined for every other. @param start of its characters @param end after the last of them */
  find(text: Buffer, start: number, end: number): T | undefined {
    const words = this.#byLength[end - start];
    if (words === undefined) return undefined;
    for (const { bytes, meaning } of words) if (startsWith(text, start, bytes)) return meaning;
    return undefined;
  }
}

/** Whether these bytes stand at a position. */
export function startsWith(text: Buffer, start: number, bytes: Buffer): boolean {
  for (let i = 0; i < bytes.length; i++) if (text[start + i] !== bytes[i]) return false;
  return true;
}

/**
 * Where a string ends: its closing quote, or the end of its line.
 * @param start of its characters
 * @param lineEnd of the line that it stands in
 */
export function stringEnd(text: Buffer, start: number, lineEnd: number): number {
  let at = start;
  for (;;) {
    // The first bytes are stepped through, as a search by the engine takes as long as some of them.
    for (const near = Math.min(at + 32, lineEnd); at < near; at++) {
      const byte = text[at];
      if (byte === quote) return at;
      if (byte === backslash) at++;
    }
    if (at >= lineEnd) return lineEnd;
    const end = text.indexOf(quote, at);
    if (end < 0 || end >= lineEnd) return lineEnd;
    let slashes = end;
    while (slashes > at && text[slashes - 1] === backslash) slashes--;
    if ((end - slashes) % 2 === 0) return end;
    at = end + 1;
  }
}

// ---

// Ends of lines, which are LF, CR LF or CR. What was found is kept: nothing is looked for twice.
class LineEnds {
  readonly #text: Buffer;
  #lf = -1;
  #cr = -1;

  constructor(text: Buffer) {
    this.#text = text;
  }

  /** Where the line ends, or the text. @param from a position that only grows */
  after(from: number): number {
    if (this.#lf < from) this.#lf = this.#next(lf, from);
    if (this.#cr < from) this.#cr = this.#next(cr, from);
    return Math.min(this.#lf, this.#cr);
  }

  #next(byte: number, from: number): number {
    const found = this.#text.indexOf(byte, from);
    return found < 0 ? this.#text.length : found;
  }
}

// @returns where it has read to
function visitLine(events: Buffer, start: number, lineEnd: number, visitor: EventVisitor): number {
  let at = start;
  while (at < lineEnd) {
    if (events[at++] !== quote) continue;
    const end = stringEnd(events, at, lineEnd);
    at = visitor.string(at, end, valueAfter(events, end + 1, lineEnd));
    if (events[at] === quote) at++;
  }
  return at;
}

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const lf = 0x0a;
const cr = 0x0d;

// Where the value begins behind a name's closing quote, or the line's end; -1 where no colon follows.
function valueAfter(text: Buffer, from: number, lineEnd: number): number {
  const at = skipBlank(text, from);
  return at < lineEnd && text[at] === colon ? skipBlank(text, at + 1) : -1;
}

function skipBlank(text: Buffer, from: number): number {
  let at = from;
  while (text[at] === 0x20 || text[at] === 0x09) at++;
  return at;
}
