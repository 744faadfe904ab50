// The JSON strings in the events of a stream, found in one pass over its bytes without parsing them. An event of 250 bytes has
// some 14 strings: to search it for each of a format's 15 words took five times as long.

import { beginsWithMark, bytesOfMark } from '../../core/byteOrderMark';

/** Told of what stands in events. */
export interface EventVisitor {
  /**
   * A string. A name within a text is none: its quotes are escaped there.
   * @param start of its characters
   * @param end after the last of them
   * @param value where the value begins of the field that the string names; -1 where it names none
   * @returns where to go on: `end`, or the end of the value where the visitor has read it
   */
  string(start: number, end: number, value: number): number;
  /** A line begins, perhaps with the name of a field of an event stream. */
  line(start: number): void;
}

/** Goes through whole events, or items of a JSON list. A string ends with its line, where it has no end of its own. */
export function visitEvents(events: Buffer, visitor: EventVisitor): void {
  const { length } = events;
  let at = beginsWithMark(events) ? bytesOfMark : 0;
  let lineBegins = true;
  while (at < length) {
    if (lineBegins) {
      lineBegins = false;
      if (events[at] === colon) {
        at = lineEnd(events, at); // a comment
        continue;
      }
      visitor.line(at);
    }
    const byte = events[at++];
    if (byte === quote) {
      const end = stringEnd(events, at);
      at = visitor.string(at, end, valueAfter(events, end + 1));
      if (events[at] === quote) at++;
    } else if (byte === lf || byte === cr) lineBegins = true;
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

/** Where the string ends that begins here: its closing quote, or the end of its line. @param start of its characters */
export function stringEnd(text: Buffer, start: number): number {
  let at = start;
  for (; at < text.length; at++) {
    const byte = text[at];
    if (byte === quote || byte === lf || byte === cr) return at;
    if (byte === backslash) at++;
  }
  return text.length;
}

// ---

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const lf = 0x0a;
const cr = 0x0d;

// Where the value begins behind a name's closing quote; -1 where no colon follows.
function valueAfter(text: Buffer, from: number): number {
  const at = skipBlank(text, from);
  return text[at] === colon ? skipBlank(text, at + 1) : -1;
}

function skipBlank(text: Buffer, from: number): number {
  let at = from;
  while (text[at] === 0x20 || text[at] === lf || text[at] === cr || text[at] === 0x09) at++;
  return at;
}

function lineEnd(text: Buffer, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== lf && text[at] !== cr) at++;
  return at;
}
