// How large an answer may become in its client's format. A provider's answer can be made to grow without end: an address of
// 20 KB that is said once, and that each of 500 citations names by two digits, was 80 MB of a stream.

import { GatewayError } from '../core/errors';
import type { Codec } from './codec';
import { freeGrowth, mostGrowth } from './requestGrowth';
import type { NeutralRequest, StreamEvent } from './neutral';

/**
 * The end of a stream of Responses says all that it has said four times more, as each of its events is defined: a text in
 * `response.output_text.done`, `response.content_part.done`, `response.output_item.done` and `response.completed`
 * (https://platform.openai.com/docs/api-reference/responses-streaming, 2026-11). Clients read each of them, so that none can
 * be left empty: OpenAI's SDK takes the text of the first two in place of its own, Codex and the AI SDK take items from the
 * third, the Agents SDK takes the answer from the last.
 */
const repeatsAtEnd = 4;

/** Bytes of a provider's event at least, as it is counted: a client's event has names of its own, however short that one is. */
const shortestEvent = 64;

/**
 * Bytes of a citation of ordinary length count as having come with each citation, because Gemini says a page's address once
 * and names it by its index from every sentence that stands on it: 150 sentences with six pages each are no attack. Addresses
 * of `grounding-api-redirect` have 150 to 340 characters; what is longer than this counts once, where it stands.
 */
const ordinaryAddress = 512;
/** What a client's format says of a citation beside its address: its name, its place, a title. */
const besideAddress = 200;
/** Citations of one answer that count so; a model's answer has some hundred. */
const mostCitations = 1_500;

/** Keeps one answer's translation within its bounds. */
export interface AnswerGrowth {
  /** More of the provider's answer has come. @param events that were in it */
  came(bytes: number, events?: readonly { readonly data: string }[]): void;
  /** An event has been decoded from what came; its citations may have come by their index alone. */
  decoded(event: StreamEvent): void;
  /** @param bytes that the translation has at least @throws GatewayError upstream_garbage */
  allow(bytes: number): void;
}

/**
 * The bounds of one answer: four times what came and 64 KiB, and for the events at a stream's end that repeat the answer once
 * more what came for each. What an answer repeats of its request counts as having come, and so does each of its citations.
 */
export function openAnswerGrowth(
  { repeatsAnswer }: Pick<Codec, 'repeatsAnswer'>,
  stream: boolean,
  request: NeutralRequest,
): AnswerGrowth {
  const most = mostGrowth + (stream && repeatsAnswer ? repeatsAtEnd : 0);
  let came = 0;
  let counted = 0; // bytes that count as having come beside those that did
  let citations = 0;
  let asked: number | undefined; // bytes of the request's settings, which are printed only where they matter
  return {
    came(bytes, events = []) {
      came += bytes;
      for (const { data } of events) counted += Math.max(0, shortestEvent - data.length);
    },
    decoded(event) {
      if (event.type !== 'citation' || ++citations > mostCitations) return;
      counted += Math.min(event.citation.url.length, ordinaryAddress) + besideAddress;
    },
    allow(bytes) {
      if (bytes <= most * (came + counted) + freeGrowth) return;
      asked ??= Buffer.byteLength(JSON.stringify({ ...request, messages: [] }));
      const bound = most * (came + counted + asked) + freeGrowth;
      if (bytes <= bound) return;
      throw new GatewayError('upstream_garbage', {
        message: `The provider's answer of ${came} bytes would have at least ${bytes} in this format, and may have ${bound} there.`,
      });
    },
  };
}

/**
 * Characters that events have at least in a format that tells each citation with its address, as all but Gemini's do. There
 * citations name their pages by index, so that for a client of Gemini's this may be more than the translation has; its
 * provider has sent each of those addresses, so that they are never beyond the bound.
 */
export function charactersOf(events: readonly StreamEvent[]): number {
  let sum = 0;
  for (const event of events) {
    if (event.type === 'delta') sum += event.text.length;
    else if (event.type === 'citation') sum += event.citation.url.length;
    else if (event.type === 'open' && event.part.type === 'webSearch')
      for (const query of event.part.queries) sum += query.length;
  }
  return sum;
}
