// Translates one request from a client's format into the one a provider is spoken to in. Pure, so that it may run in a
// worker thread.

import type { Provider } from '../../../config/load';
import type { Target } from '../../../config/target';
import { hugeBodyBytes } from '../core/bodySize';
import type { ResponseFixups } from './codec';
import { mostGrowth, refuseGrown } from './requestGrowth';
import { codecs, type Learnt, upstreamFormat } from './index';
import type { Json } from './jsonObject';
import { objectOr } from './shared/json';
import { encodeRepaired } from './repairRequest';
import { parseBody, printRequest } from './shared/jsonBytes';
import type { Repair } from './shared/repairs';
import type { Format, NeutralRequest } from './neutral';
import {
  hasOpaqueReasoning,
  type ReasoningLookup,
  Restoring,
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
  readonly learnt: Learnt;
  readonly target: Target;
  /** Leave out the opaque reasoning of earlier turns: the provider has refused it. */
  readonly withoutOpaqueReasoning: boolean;
  /** Ask for no summary of reasoning: the provider gives this account none. */
  readonly withoutSummary?: boolean;
}

export interface TranslatedRequest {
  /** The format of `body`. */
  readonly spoken: Format;
  readonly body: Uint8Array;
  readonly dropped: readonly string[];
  readonly repaired: readonly Repair[];
  readonly fixups: ResponseFixups | undefined;
  /** The body holds opaque reasoning of the provider's own, which it may refuse. */
  readonly hasOpaqueReasoning: boolean;
  /** The body asks for a summary of reasoning, which its provider may refuse. */
  readonly asksForSummary: boolean;
  /** The client's request without its messages: what the response needs to know of it. */
  readonly request: NeutralRequest;
}

/**
 * Translates a request.
 * @param earlier what earlier turns of the conversation left
 * @param collect called where much has become garbage: the text that a huge body was parsed from is as large as the body
 * @throws GatewayError bad_json, bad_request naming the field, cannot_translate
 */
export function translateRequest(
  task: RequestTranslationTask,
  earlier: ReasoningLookup,
  collect?: () => void,
): TranslatedRequest {
  const { from, body, stream, provider, learnt, target } = task;
  const asked: NeutralRequest = { ...codecs[from].decodeRequest(parseBody(body, codecs[from].objectArgs)), stream };
  const restoring = new Restoring(earlier);
  const request = withReferencedItems(asked, restoring);
  const spoken = upstreamFormat(provider, target, from, learnt, () => request);
  const codec = codecs[spoken];
  const full = task.withoutOpaqueReasoning ? withoutOpaqueReasoning(request) : withReasoning(request, codec, restoring);
  const { body: whole, dropped, repaired = [], fixups } = encodeRepaired(codec, full, target);
  const asks = codec.summarySetting !== undefined && hasPath(whole, codec.summarySetting);
  const leftOut = asks && task.withoutSummary === true ? codec.summarySetting : undefined;
  const encoded = leftOut === undefined ? whole : withoutPath(whole, leftOut);
  if (body.length >= hugeBodyBytes) collect?.();
  const printed = printRequest(encoded);
  const { bytes } = printed;
  refuseGrown(bytes.length, body.length, target, mostGrowth * restoring.bytes); // what a short name stands for is no growth
  return {
    spoken,
    body: bytes,
    dropped: leftOut === undefined ? dropped : [...dropped, leftOut.join('.')],
    repaired: printed.repaired ? [...new Set<Repair>([...repaired, 'lone-surrogate'])] : repaired,
    fixups,
    hasOpaqueReasoning: hasOpaqueReasoning(full, spoken),
    asksForSummary: asks && leftOut === undefined,
    request: { ...request, messages: [] },
  };
}

// ---

type SettingPath = readonly [string, string];

function hasPath(body: Json, [outer, inner]: SettingPath): boolean {
  return objectOr(body[outer])[inner] !== undefined;
}

function withoutPath(body: Json, [outer, inner]: SettingPath): Json {
  const { [inner]: _left, ...kept } = objectOr(body[outer]);
  return { ...body, [outer]: Object.keys(kept).length > 0 ? kept : undefined };
}
