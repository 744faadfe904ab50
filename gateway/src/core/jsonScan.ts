// One pass over the bytes of a request: what routing and admission must know, without parsing, and where the
// model name stands so that it alone can be replaced. Also the guard against bodies that are costly to parse.

import { GatewayError } from './errors';

/** Half-open byte range of a top-level value. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface JsonScan {
  /** Raw spans of the top-level values by key. */
  readonly fields: ReadonlyMap<string, Span>;
  /** Where the object's closing brace stands. */
  readonly close: number;
  /** Bytes of text, without what looks like encoded media. */
  readonly textBytes: number;
  /** Images, documents and sound, as far as their type names are seen. */
  readonly media: ReadonlySet<Medium>;
  /** How many encoded or linked media the body seems to hold. */
  readonly mediaCount: number;
  /** A string of the body begins with the bytes to look for. */
  readonly marked: boolean;
}

export interface ScanBounds {
  readonly depth: number;
  readonly nodes: number;
  /** Bytes to look for at the beginning of strings. */
  readonly mark?: Buffer;
}

/** What a prompt may hold beside text, as capabilities name it. */
export type Medium = 'images' | 'pdf' | 'audio' | 'video';

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;

/** Bytes that are walked without a pause: what else waits for the event loop waits a millisecond at most. */
const sliceBytes = 64 * 1024;
/** Blanks around a top-level key or value. More is no JSON that anyone prints, and is walked without a pause. */
const maxBlanks = 4_096;

/**
 * Walks a JSON document once. Strings are skipped with the engine's own byte search, so that large images are nearly
 * free. It is no validator: what it lets through may still fail to parse, what it refuses never parses to a request.
 * @throws GatewayError bad_json, too_complex, or bad_request for a top-level key that stands twice or is written with
 *   escapes (a parser would read another value than the one we bill).
 */
export function scanJson(body: Buffer, bounds: ScanBounds): JsonScan {
  const seen = new Scanner(body, bounds).go(Infinity);
  if (seen === undefined) throw new GatewayError('internal');
  return seen;
}

/** The same, a large body in several turns of the event loop. @throws as peek() */
export function scanJsonInSlices(body: Buffer, bounds: ScanBounds, turn = sliceBytes): JsonScan | Promise<JsonScan> {
  const walk = new Scanner(body, bounds);
  return walk.go(turn) ?? scanOn(walk, turn);
}

async function scanOn(walk: Scanner, turn: number): Promise<JsonScan> {
  for (;;) {
    await new Promise(setImmediate);
    const seen = walk.go(walk.at + turn);
    if (seen !== undefined) return seen;
  }
}

/** How far a body has been walked, and what was seen on the way. */
class Scanner {
  at = 0;
  readonly #body: Buffer;
  readonly #bounds: ScanBounds;
  readonly #fields = new Map<string, Span>();
  readonly #media = new Set<Medium>();
  #depth = 0;
  #nodes = 0;
  #mediaCount = 0;
  #mediaBytes = 0;
  /** The top-level key whose value is being walked. */
  #key = '';
  #valueStart = -1;
  /** At depth 1, is the next string a key? */
  #expectKey = false;
  #marked = false;
  /** The first byte of the string that a pause cut in two. */
  #openString = -1;

  constructor(body: Buffer, bounds: ScanBounds) {
    this.#body = body;
    this.#bounds = bounds;
    this.at = skipBlank(body, 0);
    if (body[this.at] !== 0x7b)
      throw new GatewayError('bad_json', {
        message:
          body.length === 0 ? 'The body is empty; a JSON object is expected.' : 'The body must be a JSON object.',
      });
  }

  /** Walks on to about `until`; gives what was seen once the document has ended. */
  go(until: number): JsonScan | undefined {
    const body = this.#body;
    const bounds = this.#bounds;
    const length = body.length;
    const pause = Math.min(length, until);
    const { mark } = bounds;
    if (mark !== undefined && !this.#marked)
      this.#marked = body.subarray(this.at, Math.min(length, until + mark.length)).includes(mark);
    let at = this.at;
    let depth = this.#depth;
    let nodes = this.#nodes;
    if (this.#openString >= 0) at = this.#string(this.#openString, at, depth, pause);
    for (; at < pause; at++) {
      switch (body[at] ?? 0) {
        case 0x7b: // {
        case 0x5b: // [
          nodes++;
          if (++depth > bounds.depth)
            throw new GatewayError('too_complex', {
              message: `The body is nested deeper than ${bounds.depth} levels.`,
            });
          if (depth === 1) this.#expectKey = true;
          break;
        case 0x7d: // }
        case 0x5d: // ]
          if (depth === 1) {
            if (body[at] !== 0x7d) throw new GatewayError('bad_json');
            this.#endValue(at);
            return this.#end(at);
          }
          depth--;
          break;
        case 0x2c: // ,
          if (++nodes > bounds.nodes)
            throw new GatewayError('too_complex', { message: `The body holds more than ${bounds.nodes} values.` });
          if (depth === 1) {
            this.#endValue(at);
            this.#expectKey = true;
          }
          break;
        case quote:
          at = this.#string(at + 1, at + 1, depth, pause) - 1;
          break;
      }
    }
    if (at >= length) {
      const what =
        this.#openString < 0 ? 'The body ends in the middle of its JSON.' : 'A string in the body has no end.';
      throw new GatewayError('bad_json', { message: what });
    }
    this.at = at;
    this.#depth = depth;
    this.#nodes = nodes;
    return undefined;
  }

  // From inside a string to the byte after it, or, where a pause comes first, to where it is to be gone on from.
  #string(start: number, from: number, depth: number, pause: number): number {
    const body = this.#body;
    const end = stringEnd(body, start, from, pause);
    if (end < 0) {
      this.#openString = start;
      return ~end;
    }
    this.#openString = -1;
    const size = end - start;
    if (depth === 1 && this.#expectKey) return this.#startValue(start, end);
    if (depth > 2) {
      if (size <= longestWord) {
        const kind = mediaKind(body, start, size);
        if (kind !== undefined) this.#media.add(kind);
      } else if (size > 512 && looksEncoded(body, start)) {
        this.#mediaCount++;
        this.#mediaBytes += size;
      }
    }
    return end + 1;
  }

  #startValue(start: number, end: number): number {
    const body = this.#body;
    this.#expectKey = false;
    const key = body.toString('latin1', start, end);
    if (key.includes('\\'))
      throw new GatewayError('bad_request', {
        message: `The top-level key "${key.slice(0, 60)}" is written with escapes; write it plainly.`,
      });
    if (this.#fields.has(key))
      throw new GatewayError('bad_request', {
        field: key,
        message: `The key "${key.slice(0, 60)}" stands twice in the body; keep one.`,
      });
    const at = skipBlank(body, end + 1);
    if (body[at] !== colon)
      throw new GatewayError('bad_json', { message: `A colon is missing after "${key.slice(0, 60)}".` });
    this.#key = key;
    this.#valueStart = skipBlank(body, at + 1);
    return this.#valueStart;
  }

  #endValue(at: number): void {
    const start = this.#valueStart;
    if (start >= 0) this.#fields.set(this.#key, { start, end: trimEnd(this.#body, start, at) });
    this.#valueStart = -1;
  }

  #end(close: number): JsonScan {
    const body = this.#body;
    const rest = skipBlank(body, close + 1);
    if (rest < body.length)
      throw new GatewayError('bad_json', { message: `The body goes on after its JSON object, at byte ${rest}.` });
    return {
      fields: this.#fields,
      close,
      textBytes: body.length - this.#mediaBytes,
      media: this.#media,
      mediaCount: this.#mediaCount,
      marked: this.#marked,
    };
  }
}

/** Bytes of a setting: it is parsed at once, whatever it holds. No provider takes a schema half as large. */
const settingBytes = 1024 * 1024;

/** The parsed top-level value of a key that holds a setting, or undefined. @throws GatewayError bad_json, bad_request */
export function field(body: Buffer, seen: JsonScan, name: string): unknown {
  const span = seen.fields.get(name);
  if (span === undefined) return undefined;
  if (span.end - span.start > settingBytes)
    throw new GatewayError('bad_request', { field: name, message: `"${name}" is larger than ${settingBytes} bytes.` });
  try {
    return JSON.parse(body.toString('utf8', span.start, span.end)) as unknown;
  } catch (cause) {
    throw new GatewayError('bad_json', { field: name, message: `The value of "${name}" is not valid JSON.`, cause });
  }
}

export interface Edit extends Span {
  readonly text: string;
}

/** The body with some ranges replaced; every other byte stays. Edits must not overlap. */
export function splice(body: Buffer, edits: readonly Edit[]): Buffer {
  if (edits.length === 0) return body;
  const parts: Buffer[] = [];
  let from = 0;
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    parts.push(body.subarray(from, edit.start), Buffer.from(edit.text, 'utf8'));
    from = edit.end;
  }
  parts.push(body.subarray(from));
  return Buffer.concat(parts);
}

// ---

function skipBlank(body: Buffer, from: number): number {
  for (let at = from; at <= from + maxBlanks; at++) {
    const byte = body[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
  }
  throw new GatewayError('bad_json', { message: `More than ${maxBlanks} blanks stand at byte ${from} of the body.` });
}

// Blanks beyond the bound stay with the value: a parser skips them too.
function trimEnd(body: Buffer, start: number, end: number): number {
  const least = Math.max(start, end - maxBlanks);
  while (end > least) {
    const byte = body[end - 1];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    end--;
  }
  return end;
}

/** Backslashes before a quote that are counted backwards; of more, one walks on from where one was. */
const mostSlashes = 32;

// The position of the closing quote; or, as its complement (below zero), where to go on: a pause, or the body's end.
// Short strings are walked, long ones searched: a native call costs as much as some 24 steps. So does what follows an
// escaped quote, since strings that hold one (code) hold many.
function stringEnd(body: Buffer, start: number, from: number, pause: number): number {
  let at = from;
  for (;;) {
    for (const near = Math.min(at + 24, body.length); at < near; at++) {
      const byte = body[at];
      if (byte === quote) return at;
      if (byte === backslash) at++;
    }
    if (at >= pause) return ~Math.min(at, body.length);
    const end = body.indexOf(quote, at);
    if (end < 0) return ~body.length;
    const least = Math.max(start, end - mostSlashes);
    let slashes = end;
    while (slashes > least && body[slashes - 1] === backslash) slashes--;
    if (slashes > start && slashes === least) {
      at = walk(body, at, Math.min(end, pause)); // so many that where they begin is not known
      continue;
    }
    if ((end - slashes) % 2 === 0) return end;
    at = end + 1;
  }
}

// To `to`, or one beyond where an escape ends there.
function walk(body: Buffer, at: number, to: number): number {
  for (; at < to; at++) if (body[at] === backslash) at++;
  return at;
}

const mediaWords: Readonly<Record<string, Medium>> = {
  image_url: 'images',
  input_image: 'images',
  image: 'images',
  document: 'pdf',
  file: 'pdf',
  input_file: 'pdf',
  input_audio: 'audio',
};

// Gemini names no types: there the MIME type tells.
const mimeKinds: readonly (readonly [string, Medium])[] = [
  ['image/', 'images'],
  ['audio/', 'audio'],
  ['video/', 'video'],
  ['application/pdf', 'pdf'],
];
const longestWord = 'application/pdf'.length + 5;
const firstLetters = new Set(
  [...Object.keys(mediaWords), ...mimeKinds.map(([word]) => word)].map((word) => word.charCodeAt(0)),
);

function mediaKind(body: Buffer, start: number, size: number): Medium | undefined {
  if (!firstLetters.has(body[start] ?? 0)) return undefined;
  const key = keyBefore(body, start - 1);
  if (key !== 'type"' && key !== 'Type"') return undefined; // "type", or "mimeType" and "mime_type"
  const word = body.toString('latin1', start, start + size);
  if (Object.hasOwn(mediaWords, word)) return mediaWords[word];
  return mimeKinds.find(([prefix]) => word.startsWith(prefix))?.[1];
}

// The last letters of the key whose value opens at this quote, with its closing quote; empty where it is no value.
function keyBefore(body: Buffer, open: number): string {
  let at = open - 1;
  while (body[at] === 0x20 || body[at] === 0x0a) at--;
  if (body[at] !== colon) return '';
  at--;
  while (body[at] === 0x20) at--;
  return body.toString('latin1', at - 4, at + 1);
}

// Base64 and data URLs have no blanks; five hundred bytes of prose or code always have.
function looksEncoded(body: Buffer, start: number): boolean {
  for (let at = start; at < start + 256; at++) {
    const byte = body[at];
    if (byte === 0x20 || byte === backslash || byte === undefined || byte > 0x7e) return false;
  }
  return true;
}
