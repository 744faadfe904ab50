// One request from a client's format into the one a provider is spoken to in. Pure: it may as well run in a worker.

import type { Provider } from '../../../config/load';
import type { Target } from '../../../config/target';
import { GatewayError } from '../core/errors';
import { codecs, upstreamFormat } from './index';
import type { Json, ResponseFixups } from './codec';
import { isObject } from './shared/json';
import type { Format, NeutralRequest } from './neutral';
import {
  hasOpaqueReasoning,
  reasoningNames,
  type ReasoningLookup,
  withReferencedItems,
  withoutOpaqueReasoning,
  withReasoning,
} from './reasoning/restore';

export interface RequestTranslationTask {
  readonly from: Format;
  /** JSON. */
  readonly body: Uint8Array;
  readonly stream: boolean;
  readonly provider: Pick<Provider, 'wire' | 'responses'>;
  /** The host has turned out not to serve Responses. */
  readonly chatOnly: boolean;
  readonly target: Target;
  /** Without the sealed thoughts of earlier turns: the provider has refused them. */
  readonly unthought: boolean;
}

/** Work that goes on when it has the thoughts it needs. */
export class Halfway<T> {
  constructor(
    /** Their names. */
    readonly needs: readonly string[],
    readonly finish: (thoughts: ReasoningLookup) => T,
  ) {}
}

export interface TranslatedRequest {
  readonly spoken: Format;
  readonly body: Uint8Array;
  readonly dropped: readonly string[];
  readonly fixups: ResponseFixups | undefined;
  /** Sealed thoughts of the provider's own are in it, which it may refuse. */
  readonly thought: boolean;
  /** The request as it was understood, but for its messages: what the answer needs to know of it. */
  readonly request: NeutralRequest;
}

/** A translation is at most so many times as large as what it translates, and some: what grows more was made to. */
const mostGrowth = 4;
const freeGrowth = 64 * 1024;

/** @throws GatewayError bad_json, bad_request naming the field, cannot_translate (as its end may) */
export function translateRequest({
  from,
  body,
  stream,
  provider,
  chatOnly,
  target,
  unthought,
}: RequestTranslationTask): Halfway<TranslatedRequest> {
  const asked: NeutralRequest = { ...codecs[from].decodeRequest(parseBody(body)), stream };
  return new Halfway(reasoningNames(asked), (thoughts) => {
    const request = withReferencedItems(asked, thoughts);
    const spoken = upstreamFormat(provider, target, from, chatOnly, () => request);
    const whole = unthought ? withoutOpaqueReasoning(request) : withReasoning(request, spoken, thoughts);
    const { body: encoded, dropped, fixups } = codecs[spoken].encodeRequest(whole, target);
    const written = bytesOf(encoded);
    if (written.length > mostGrowth * body.length + freeGrowth + restoredBytes(asked, thoughts))
      throw new GatewayError('cannot_translate', {
        message: `In the format of ${target.label} this request of ${body.length} bytes would have ${written.length}; make its tool schemas smaller.`,
      });
    return {
      spoken,
      body: written,
      dropped,
      fixups,
      thought: hasOpaqueReasoning(whole, spoken),
      request: { ...request, messages: [] },
    };
  });
}

// What earlier turns left and a short reference brings back is no growth.
function restoredBytes(asked: NeutralRequest, thoughts: ReasoningLookup): number {
  return reasoningNames(asked).reduce(
    (sum, name) => sum + mostGrowth * JSON.stringify(thoughts.get(name) ?? '').length,
    0,
  );
}

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

const encoder = new TextEncoder();

/** JSON as bytes in memory of their own, which can be handed to another thread. */
export function bytesOf(json: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(json));
}
