// Bodies between bytes and JSON.

import { GatewayError } from '../../core/errors';
import type { Json } from '../jsonObject';
import { isObject } from './json';

/** A body's JSON object. @throws GatewayError bad_json */
export function parseBody(body: Uint8Array): Json {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.slice(0, 200) : 'unreadable';
    throw new GatewayError('bad_json', { message: `The body is not valid JSON: ${why}.`, cause });
  }
  if (!isObject(json)) throw new GatewayError('bad_json');
  return json;
}

/** A provider's JSON object. @throws GatewayError upstream_garbage */
export function parseResponse(bytes: Uint8Array): Json {
  try {
    return parseBody(bytes);
  } catch (cause) {
    throw new GatewayError('upstream_garbage', { cause });
  }
}

const encoder = new TextEncoder();

/** JSON as bytes in a buffer of no other use, which can be handed to another thread without a copy. */
export function bytesOf(json: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(json));
}
