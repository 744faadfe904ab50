// Bodies between bytes and JSON.

import { textOf } from '../../core/byteOrderMark';
import { GatewayError } from '../../core/errors';
import { parseLoose } from '../../core/looseJson';
import type { Json } from '../jsonObject';
import { parseExact, parseWithExact } from './exactJson';
import { isObject } from './json';

/** A body's JSON object. @param exact fields in which numbers keep their digits @throws GatewayError bad_json */
export function parseBody(body: Uint8Array, exact: readonly string[] = []): Json {
  return parsed(body, (text) => parseWithExact(text, exact));
}

function parsed(body: Uint8Array, parse: (text: string) => unknown): Json {
  let json: unknown;
  try {
    json = parse(textOf(body));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.slice(0, 200) : 'unreadable';
    throw new GatewayError('bad_json', { message: `The body is not valid JSON: ${why}.`, cause });
  }
  if (!isObject(json)) throw new GatewayError('bad_json');
  return json;
}

/** A body's JSON object, whose numbers are all printed as they came, and are not to be read. @throws GatewayError bad_json */
export function parseToPrint(body: Uint8Array): Json {
  return parsed(body, parseExact);
}

/** A provider's JSON object. @param exact fields in which numbers keep their digits @throws GatewayError upstream_garbage */
export function parseResponse(bytes: Uint8Array, exact: readonly string[] = []): Json {
  try {
    return parsed(bytes, (text) => parseLoose(text, (loose) => parseWithExact(loose, exact)));
  } catch (cause) {
    throw new GatewayError('upstream_garbage', { cause });
  }
}

const encoder = new TextEncoder();

/** JSON as bytes in a buffer of no other use, which can be handed to another thread without a copy. */
export function bytesOf(json: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(json));
}

/** A request as bytes that every provider can parse; `repaired` where halves of characters had to be replaced. */
export function printRequest(json: unknown): { bytes: Uint8Array; repaired: boolean } {
  const text = JSON.stringify(json);
  // Printing writes a lone surrogate as an escape, and nothing else so: `\\ud83d` in a text has its backslash doubled.
  // The pattern is found three times as fast as its first three characters, among the backslashes of quoted code.
  if (!/\\ud[89a-f]/.test(text)) return { bytes: encoder.encode(text), repaired: false };
  const whole = text.replace(
    /(\\\\)|\\ud[89a-f][0-9a-f]{2}/g,
    (_found, backslash: string | undefined) => backslash ?? '\\ufffd',
  );
  return { bytes: encoder.encode(whole), repaired: whole !== text };
}
