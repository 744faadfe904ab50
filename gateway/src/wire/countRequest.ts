// Requests to count tokens, as a provider's counter takes them, and the responses to them. What differs between formats
// stands in their facts (`count`).

import type { Target } from '../../../config/target';
import { GatewayError } from '../core/errors';
import { tokenCount } from '../core/usage';
import type { Json } from './jsonObject';
import { refuseGrown } from './requestGrowth';
import { codecs } from './index';
import { encodeRepaired } from './repairRequest';
import { bytesOf, parseBody, parseResponse, parseToPrint, printRequest } from './shared/jsonBytes';
import type { Format, NeutralRequest } from './neutral';
import { objectOr } from './shared/json';

/** The formats whose providers count tokens. */
export type CountFormat = Exclude<Format, 'chat'>;

export interface CountTask {
  readonly from: Format;
  /** JSON. */
  readonly body: Uint8Array;
  readonly to: CountFormat;
  readonly target: Target;
  /** The gateway chose the model: what that model would refuse is changed as in the request that is counted. */
  readonly chosen: boolean;
}

/** A client's count request as the target's counter takes it. @throws GatewayError bad_json, bad_request naming the field, cannot_translate */
export function encodeCountRequest({ from, body, to, target, chosen }: CountTask): Uint8Array {
  const counter = counterOf(to);
  if (from === to) {
    const own = parseToPrint(body);
    return bytesOf(counter.withModel(chosen ? mended(own, from, target) : own, target.model));
  }
  const asked = parseBody(body, codecs[from].objectArgs);
  const { body: encoded } = encodeRepaired(codecs[to], decodeCountRequest(from, asked), target);
  const { bytes } = printRequest(counter.fromRequest(encoded, target.model));
  refuseGrown(bytes.length, body.length, target);
  return bytes;
}

/** Checks a count request that no provider counts. @throws GatewayError bad_json, bad_request naming the field */
export function checkCountRequest({ from, body }: Pick<CountTask, 'from' | 'body'>): void {
  decodeCountRequest(from, parseBody(body));
}

/**
 * The tokens in a counter's response: no request has none, and what names none is no count.
 * @throws GatewayError upstream_garbage, upstream_error where it is a failure
 */
export function decodeCountResponse(format: CountFormat, bytes: Uint8Array): number {
  const response = parseResponse(bytes);
  if (codecs[format].failureIn(response, false) !== undefined) throw new GatewayError('upstream_error');
  const counted = tokenCount(response[counterOf(format).tokensField]);
  if (!(counted > 0)) throw new GatewayError('upstream_garbage');
  return counted;
}

/** A count as a client of the format reads it. */
export function encodeCountResponse(format: Format, tokens: number): Uint8Array {
  return bytesOf(codecs[format].count.response(tokens));
}

// ---

function mended(body: Json, format: Format, target: Target): Json {
  const changed = new Map(Object.entries(body));
  for (const { at, value } of codecs[format].passthrough.mend((name) => body[name], target)) {
    const [name, inner] = at;
    const next = inner === undefined ? value : { ...objectOr(changed.get(name)), [inner]: value };
    if (next === undefined) changed.delete(name);
    else changed.set(name, next);
  }
  return Object.fromEntries(changed);
}

function counterOf(format: CountFormat) {
  const { counter } = codecs[format].count;
  if (counter === undefined) throw new GatewayError('internal');
  return counter;
}

function decodeCountRequest(format: Format, body: Json): NeutralRequest {
  const codec = codecs[format];
  return codec.decodeRequest(codec.count.requestOf(body), true);
}
