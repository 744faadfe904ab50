// How large an answer may become in its client's format. A provider's answer can be made to grow without end: an address of
// 20 KB that is said once, and that each of 500 citations names by two digits, was 80 MB of a stream.

import { GatewayError } from '../core/errors';
import type { Codec } from './codec';
import { freeGrowth, mostGrowth } from './growth';
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

/** Keeps one answer's translation within its bounds. */
export interface AnswerGrowth {
  /** More of the provider's answer has come. @param events that were in it */
  came(bytes: number, events?: readonly { readonly data: string }[]): void;
  /** @param bytes that the translation has, or certainly will have @throws GatewayError upstream_garbage */
  allow(bytes: number): void;
}

/**
 * The bounds of one answer: four times what came and 64 KiB, and for the events at a stream's end that repeat the answer once
 * more what came for each. What an answer repeats of its request counts as having come.
 */
export function openAnswerGrowth(
  { repeatsAnswer }: Pick<Codec, 'repeatsAnswer'>,
  stream: boolean,
  request: NeutralRequest,
): AnswerGrowth {
  const most = mostGrowth + (stream && repeatsAnswer ? repeatsAtEnd : 0);
  let came = 0;
  let asked: number | undefined; // bytes of the request's settings, which are printed only where they matter
  return {
    came(bytes, events = []) {
      came += bytes;
      for (const { data } of events) came += Math.max(0, shortestEvent - data.length);
    },
    allow(bytes) {
      if (bytes <= most * came + freeGrowth) return;
      asked ??= Buffer.byteLength(JSON.stringify({ ...request, messages: [] }));
      if (bytes <= most * (came + asked) + freeGrowth) return;
      throw new GatewayError('upstream_garbage', {
        message: `The provider's answer of ${came} bytes would have more than ${most} times as many in this format.`,
      });
    },
  };
}

/** Characters that events surely have in whatever format, where one may be told of again and again. */
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
