// One pass over the bytes of a request: what routing and admission must know, without parsing, and where the
// model name stands so that it alone can be replaced. Also the guard against bodies that are costly to parse.

import { GatewayError } from './errors';

/** Half-open byte range of a top-level value. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Peek {
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
}

export interface PeekBounds {
  readonly depth: number;
  readonly nodes: number;
}

/** What a prompt may hold beside text, as capabilities name it. */
export type Medium = 'images' | 'pdf' | 'audio' | 'video';

const quote = 0x22;
const backslash = 0x5c;

/**
 * Walks a JSON document once. Strings are skipped with the engine's own byte search, so that large images are nearly
 * free. It is no validator: what it lets through may still fail to parse, what it refuses never parses to a request.
 * @throws GatewayError bad_json, too_complex, or bad_request for a top-level key that stands twice or is written with
 *   escapes (a parser would read another value than the one we bill).
 */
export function peek(body: Buffer, bounds: PeekBounds): Peek {
  const fields = new Map<string, Span>();
  const media = new Set<Medium>();
  const length = body.length;
  let at = skipBlank(body, 0);
  if (body[at] !== 0x7b)
    throw new GatewayError('bad_json', {
      message: length === 0 ? 'The body is empty; a JSON object is expected.' : 'The body must be a JSON object.',
    });
  let depth = 0;
  let nodes = 0;
  let mediaCount = 0;
  let mediaBytes = 0;
  let key = ''; // the top-level key whose value is being read
  let valueStart = -1;
  let expectKey = false; // at depth 1, is the next string a key?
  for (; at < length; at++) {
    switch (body[at] ?? 0) {
      case 0x7b: // {
      case 0x5b: // [
        nodes++;
        if (++depth > bounds.depth)
          throw new GatewayError('too_complex', { message: `The body is nested deeper than ${bounds.depth} levels.` });
        if (depth === 1) expectKey = true;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        if (depth === 1) {
          if (body[at] !== 0x7d) throw new GatewayError('bad_json');
          if (valueStart >= 0) fields.set(key, { start: valueStart, end: trimEnd(body, valueStart, at) });
          const rest = skipBlank(body, at + 1);
          if (rest < length)
            throw new GatewayError('bad_json', { message: `The body goes on after its JSON object, at byte ${rest}.` });
          return { fields, close: at, textBytes: length - mediaBytes, media, mediaCount };
        }
        depth--;
        break;
      case 0x2c: // ,
        if (++nodes > bounds.nodes)
          throw new GatewayError('too_complex', { message: `The body holds more than ${bounds.nodes} values.` });
        if (depth === 1) {
          if (valueStart >= 0) fields.set(key, { start: valueStart, end: trimEnd(body, valueStart, at) });
          valueStart = -1;
          expectKey = true;
        }
        break;
      case quote: {
        const end = stringEnd(body, at + 1);
        if (end < 0) throw new GatewayError('bad_json', { message: 'A string in the body has no end.' });
        const size = end - at - 1;
        if (depth === 1 && expectKey) {
          expectKey = false;
          key = body.toString('latin1', at + 1, end);
          if (key.includes('\\'))
            throw new GatewayError('bad_request', {
              message: `The top-level key "${key.slice(0, 60)}" is written with escapes; write it plainly.`,
            });
          if (fields.has(key))
            throw new GatewayError('bad_request', {
              field: key,
              message: `The key "${key.slice(0, 60)}" stands twice in the body; keep one.`,
            });
          at = skipBlank(body, end + 1);
          if (body[at] !== 0x3a)
            throw new GatewayError('bad_json', { message: `A colon is missing after "${key.slice(0, 60)}".` });
          valueStart = skipBlank(body, at + 1);
          at = valueStart - 1;
          break;
        }
        if (depth > 2) {
          if (size <= longestWord) {
            const kind = mediaKind(body, at + 1, size);
            if (kind !== undefined) media.add(kind);
          } else if (size > 512 && looksEncoded(body, at + 1)) {
            mediaCount++;
            mediaBytes += size;
          }
        }
        at = end;
        break;
      }
    }
  }
  throw new GatewayError('bad_json', { message: 'The body ends in the middle of its JSON.' });
}

/** The parsed top-level value of a key, or undefined. @throws GatewayError bad_json */
export function field(body: Buffer, seen: Peek, name: string): unknown {
  const span = seen.fields.get(name);
  if (span === undefined) return undefined;
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

function skipBlank(body: Buffer, at: number): number {
  for (;;) {
    const byte = body[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at++;
  }
}

function trimEnd(body: Buffer, start: number, end: number): number {
  while (end > start) {
    const byte = body[end - 1];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    end--;
  }
  return end;
}

// The position of the closing quote. Short strings are walked, long ones searched: a native call costs as much as ~24 steps.
function stringEnd(body: Buffer, from: number): number {
  const near = Math.min(from + 24, body.length);
  let at = from;
  for (; at < near; at++) {
    const byte = body[at];
    if (byte === quote) return at;
    if (byte === backslash) at++;
  }
  for (;;) {
    const end = body.indexOf(quote, at);
    if (end < 0) return -1;
    let slashes = end;
    while (slashes > from && body[slashes - 1] === backslash) slashes--;
    if ((end - slashes) % 2 === 0) return end;
    at = end + 1;
  }
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
  if (body[at] !== 0x3a) return '';
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
