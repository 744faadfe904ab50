// Scans the bytes of a JSON body once, without parsing it: what routing and admission need, and where each top-level value
// stands, so that the model's name alone can be replaced. Bodies that are costly to parse are refused.

import { GatewayError } from './errors';
import { stringEnd } from './jsonString';
import { type FoundMedia, MediaSearch } from './mediaSearch';

export type { Medium } from './jsonMedia';

/** Half-open byte range of a value. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Of a top-level value. */
export interface FieldSpan extends Span {
  /** Where the last object in a list begins; before `start` where there is none. */
  readonly lastObject: number;
}

export interface JsonScan extends FoundMedia {
  /** Spans of the top-level values by key. */
  readonly fields: ReadonlyMap<string, FieldSpan>;
  /** Position of the object's closing brace. */
  readonly close: number;
  /** Objects, lists and commas: about the number of values. */
  readonly values: number;
}

export interface ScanBounds {
  /** Levels of nesting. */
  readonly depth: number;
  /** Objects, lists and commas: about the number of values. */
  readonly nodes: number;
  /** Told of each string, keys included: the half-open range of its characters. */
  readonly onString?: (start: number, end: number) => void;
}

const quote = 0x22;
const colon = 0x3a;

/** Bytes that are scanned without a pause: they take at most about a millisecond, for which the event loop waits. */
const sliceBytes = 64 * 1024;
/** Fields of a body. No API has a hundred; those that nobody knows are copied from step to step of a translation. */
const mostFields = 1_000;
/** Blanks around a top-level key or value, which are scanned without a pause; no printer of JSON writes more. */
const maxBlanks = 4_096;

/**
 * Scans a whole body at once. Strings are skipped with the engine's own byte search, so that large images cost next to
 * nothing. This is no validator: what is accepted may still fail to parse, while what is refused never parses to a request.
 * @throws GatewayError bad_json, too_complex, or bad_request for a top-level key that stands twice or is written with
 *   escapes (a parser would read another value than the one we bill).
 */
export function scanJson(body: Buffer, bounds: ScanBounds): JsonScan {
  const scan = new Scanner(body, bounds).scanTo(Infinity);
  if (scan === undefined) throw new GatewayError('internal');
  return scan;
}

/**
 * Scans a body slice by slice, letting the event loop run between them.
 * @param slice bytes
 * @returns a promise only where the body has more than one slice
 * @throws GatewayError as scanJson
 */
export function scanJsonInSlices(body: Buffer, bounds: ScanBounds, slice = sliceBytes): JsonScan | Promise<JsonScan> {
  const scanner = new Scanner(body, bounds);
  return scanner.scanTo(slice) ?? scanRest(scanner, slice);
}

async function scanRest(scanner: Scanner, slice: number): Promise<JsonScan> {
  for (;;) {
    await new Promise(setImmediate);
    const scan = scanner.scanTo(scanner.at + slice);
    if (scan !== undefined) return scan;
  }
}

/** How far a body has been scanned, and what was found so far. */
class Scanner {
  at = 0;
  readonly #body: Buffer;
  readonly #bounds: ScanBounds;
  readonly #fields = new Map<string, FieldSpan>();
  readonly #media: MediaSearch;
  #depth = 0;
  #nodes = 0;
  /** The top-level key whose value is being scanned. */
  #key = '';
  #valueStart = -1;
  /** At depth 1, is the next string a key? */
  #expectKey = false;
  /** Position of the first byte of a string that a pause cut in two; -1 for none. */
  #openString = -1;

  constructor(body: Buffer, bounds: ScanBounds) {
    this.#body = body;
    this.#bounds = bounds;
    this.#media = new MediaSearch(body);
    this.at = skipBlank(body, 0);
    if (body[this.at] !== 0x7b)
      throw new GatewayError('bad_json', {
        message:
          body.length === 0 ? 'The body is empty; a JSON object is expected.' : 'The body must be a JSON object.',
      });
  }

  /** Scans on to about `until`; the result once the document has ended. */
  scanTo(until: number): JsonScan | undefined {
    const body = this.#body;
    const bounds = this.#bounds;
    const length = body.length;
    const pause = Math.min(length, until);
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
          this.#media.open(depth, at);
          if (depth === 1) this.#expectKey = true;
          break;
        case 0x7d: // }
        case 0x5d: // ]
          if (depth === 1) {
            if (body[at] !== 0x7d) throw new GatewayError('bad_json');
            this.#endValue(at);
            return this.#end(at, nodes);
          }
          this.#media.close(depth, at);
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

  // From inside a string to the byte after it, or, where a pause comes first, to where the scan is to go on.
  #string(start: number, from: number, depth: number, pause: number): number {
    const body = this.#body;
    const end = stringEnd(body, start, from, pause);
    if (end < 0) {
      this.#openString = start;
      return ~end;
    }
    this.#openString = -1;
    this.#bounds.onString?.(start, end);
    if (depth === 1 && this.#expectKey) return this.#startValue(start, end);
    this.#media.string(start, end, depth, this.#key);
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
    if (start < 0) return;
    const lastObject = this.#media.openedAt(3); // the list's own bracket is at depth 2
    this.#fields.set(this.#key, { start, end: trimEnd(this.#body, start, at), lastObject });
    if (this.#fields.size > mostFields)
      throw new GatewayError('too_complex', { message: `The body has more than ${mostFields} fields.` });
    this.#valueStart = -1;
  }

  #end(close: number, values: number): JsonScan {
    const body = this.#body;
    const rest = skipBlank(body, close + 1);
    if (rest < body.length)
      throw new GatewayError('bad_json', { message: `The body goes on after its JSON object, at byte ${rest}.` });
    return { fields: this.#fields, close, values, ...this.#media.found() };
  }
}

/** Bytes of a setting, which is parsed at once. No provider takes a schema half as large. */
export const settingBytes = 1024 * 1024;

/** The parsed value of a top-level setting; undefined where it is absent. @throws GatewayError bad_json, bad_request */
export function field(body: Buffer, scan: JsonScan, name: string): unknown {
  const span = scan.fields.get(name);
  if (span === undefined) return undefined;
  if (span.end - span.start > settingBytes)
    throw new GatewayError('bad_request', { field: name, message: `"${name}" is larger than ${settingBytes} bytes.` });
  try {
    return JSON.parse(body.toString('utf8', span.start, span.end)) as unknown;
  } catch (cause) {
    throw new GatewayError('bad_json', { field: name, message: `The value of "${name}" is not valid JSON.`, cause });
  }
}

/**
 * The last object in a list that is a top-level value; undefined where there is none.
 * @returns its own bytes, not a copy
 */
export function lastObjectIn(body: Buffer, span: FieldSpan | undefined): Buffer | undefined {
  if (span === undefined || span.lastObject <= span.start || body[span.start] !== 0x5b) return undefined;
  const end = trimEnd(body, span.lastObject, span.end - 1);
  return body[end - 1] === 0x7d ? body.subarray(span.lastObject, end) : undefined;
}

export interface Edit extends Span {
  readonly text: string;
}

/** The body with some ranges replaced and every other byte unchanged. Edits must not overlap. */
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

// Blanks beyond the bound stay with the value; a parser skips them.
function trimEnd(body: Buffer, start: number, end: number): number {
  const least = Math.max(start, end - maxBlanks);
  while (end > least) {
    const byte = body[end - 1];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    end--;
  }
  return end;
}
