// The JSON strings in the events of a stream, found in one pass over its bytes without parsing them. An event of 250 bytes has
// some 14 strings: to search it for each of a format's 15 words took five times as long.

import { beginsWithMark, bytesOfMark } from '../../core/byteOrderMark';
import { stringEnd } from '../../core/jsonString';
import { standsAt } from '../../core/standsAt';

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

/** Strings of ASCII to be found, each with what it stands for. */
export class WordTable<T> {
  readonly #byLength: { readonly word: string; readonly meaning: T }[][] = [];

  constructor(words: Iterable<readonly [string, T]>) {
    for (const [word, meaning] of words) (this.#byLength[word.length] ??= []).push({ word, meaning });
  }

  /** What the string stands for; undefined for every other. @param start of its characters @param end after the last of them */
  find(text: Buffer, start: number, end: number): T | undefined {
    const words = this.#byLength[end - start];
    if (words === undefined) return undefined;
    for (const { word, meaning } of words) if (standsAt(text, start, word)) return meaning;
    return undefined;
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
    const found = stringEnd(events, at, at, lineEnd);
    const end = found < 0 || found > lineEnd ? lineEnd : found;
    at = visitor.string(at, end, valueAfter(events, end + 1, lineEnd));
    if (events[at] === quote) at++;
  }
  return at;
}

const quote = 0x22;
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
