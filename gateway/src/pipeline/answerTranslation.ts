// What the translation of an answer takes from the translation of its request.

import type { EncodeContext, ResponseFixups } from '../wire/codec';
import type { NeutralRequest } from '../wire/neutral';
import type { ResponseContext } from './responseContext';

/** What translating an answer needs to know of its request. */
export interface AnswerTranslation {
  /** What encoding did to the request, to be undone in the answer. */
  readonly fixups: ResponseFixups | undefined;
  /** The request as it was understood, but for its messages. */
  readonly request: NeutralRequest;
  /** The request holds opaque reasoning of the provider's own, which it may refuse. */
  readonly hasOpaqueReasoning: boolean;
  /** What the request has been put in other words for. */
  readonly words: Rewording;
}

/** What a request is put in other words for. Each is done once, and what was done stays: the rewordings of a request end. */
export interface Rewording {
  /** Without the opaque reasoning, which the provider refused. */
  readonly withoutOpaqueReasoning: boolean;
  /** In the provider's other format, because it refused this one. */
  readonly chatRefused: boolean;
}

/** What an encoder of the client's format needs to know. */
export function encodeContextOf(
  { request }: AnswerTranslation,
  context: Pick<ResponseContext, 'requestId' | 'created' | 'includeUsage'>,
): Omit<EncodeContext, 'onItem'> {
  const { requestId, created, includeUsage } = context;
  return { requestId, created, includeUsage, request };
}
