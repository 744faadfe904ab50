// JSON whose numbers keep their digits. A number of more than 15 digits, or written with an exponent or a zero at its end, is
// printed otherwise than it came by `JSON.stringify(JSON.parse(…))`: ids in tool arguments would become others. Sources:
// https://tc39.es/proposal-json-parse-with-source/ and, for ids of 64 bits, https://docs.x.com/fundamentals/x-ids (2026-11).

import { parseLoose } from '../../core/looseJson';
import type { Json } from '../jsonObject';
import { isObject } from './json';

interface JsonWithSource {
  rawJSON(text: string): object;
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
}

const json = JSON as unknown as JsonWithSource;

/** Stands in every text with a number that may be printed otherwise than it came. */
const mayChange = /\d(?:[\d.]{15}|[eE]|\.\d*0(?!\d))|-0/;

/** A JSON value that prints its numbers as they came. @throws SyntaxError */
export function parseExact(text: string): unknown {
  if (!mayChange.test(text)) return JSON.parse(text) as unknown;
  return json.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? json.rawJSON(source) : value,
  );
}

/** The key under which a text is sent that is no JSON object. Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming, "Handling invalid JSON in tool responses" (2026-11). */
const invalidKey = 'INVALID_JSON';

/**
 * A tool call's arguments as an object, for formats that take nothing else; an empty text is an empty object. A text that is
 * no JSON object, because its answer was cut or its model made a mistake, is sent inside one: an empty object would be
 * another call.
 * @param broken called for such a text
 */
export function argsObject(text: string, broken: () => void): Json {
  if (text.trim() === '') return {};
  try {
    const value = parseExact(text);
    if (isObject(value) && !json.isRawJSON(value)) return value;
  } catch {
    // told below
  }
  broken();
  return { [invalidKey]: text };
}

/** JSON text whose escapes are whole characters; itself where they are. */
export function withWholeEscapes(text: string): string {
  if (!text.includes('\\u')) return text;
  return text.replace(
    /(\\\\|\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2})|\\u[dD][89a-fA-F][\da-fA-F]{2}/g,
    (_found, whole: string | undefined) => whole ?? '\\ufffd',
  );
}

/** Whether arguments are no JSON object. */
export function areBroken(args: string): boolean {
  let broken = false;
  argsObject(args, () => (broken = true));
  return broken;
}

/** What is said of an answer's arguments that are no JSON object. @param tool its name */
export function brokenArgs(tool: string): string {
  return `arguments of ${tool} (no JSON object)`;
}

/**
 * A body whose numbers keep their digits in some fields, and are plain numbers everywhere else.
 * @param fields names of fields whose values, where they are objects, are printed again; not of the body's `tools`
 * @throws SyntaxError
 */
export function parseWithExact(text: string, fields: readonly string[]): unknown {
  if (fields.length === 0 || !changesWithin(text, fields)) return JSON.parse(text) as unknown;
  const body = parseExact(text);
  if (!isObject(body)) return settled(body, fields, false);
  return Object.fromEntries(
    Object.entries(body).map(([key, value]) => [
      key,
      settled(value, key === 'tools' ? [] : fields, fields.includes(key)),
    ]),
  );
}

/** `parseEvent`, with numbers in some fields that keep their digits. */
export function parseExactEvent(data: string, fields: readonly string[]): Json | undefined {
  try {
    const value = parseLoose(data, (text) => parseWithExact(text, fields));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

// ---

// Whether the value of one of the fields, where it is an object, holds such a number outside of its strings.
function changesWithin(text: string, fields: readonly string[]): boolean {
  const opens = openingOf(fields);
  opens.lastIndex = 0;
  for (let found = opens.exec(text); found !== null; found = opens.exec(text)) {
    if (text[found.index - 1] === '\\') continue; // within a string
    const end = endOfSame(text, opens.lastIndex);
    if (end < 0) return true;
    opens.lastIndex = end; // what is inside has been looked at
  }
  return false;
}

const openings = new Map<readonly string[], RegExp>();

// Where one of the fields begins with an object; the lists of fields are constants, and few.
function openingOf(fields: readonly string[]): RegExp {
  const known = openings.get(fields);
  if (known !== undefined) return known;
  const opening = new RegExp(`"(?:${fields.join('|')})"\\s*:\\s*\\{`, 'g');
  openings.set(fields, opening);
  return opening;
}

// The end of an object whose numbers are printed as they came; -1 where one may not be.
// @param at after the brace that opens it
function endOfSame(text: string, at: number): number {
  let from = at;
  for (let depth = 1, i = at; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (character === quote) {
      if (mayChange.test(text.slice(from, i))) return -1;
      i = endOfString(text, i);
      from = i + 1;
    } else if (character === openBrace) depth++;
    else if (character === closeBrace && --depth === 0) return mayChange.test(text.slice(from, i)) ? -1 : i;
  }
  return text.length;
}

const quote = 0x22;
const openBrace = 0x7b;
const closeBrace = 0x7d;

// @param at the opening quote @returns the closing one
function endOfString(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

function settled(value: unknown, fields: readonly string[], inside: boolean): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (json.isRawJSON(value)) return inside ? value : Number(value.rawJSON);
  if (Array.isArray(value)) return value.map((item: unknown) => settled(item, fields, inside));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, settled(item, fields, inside || fields.includes(key))]),
  );
}
