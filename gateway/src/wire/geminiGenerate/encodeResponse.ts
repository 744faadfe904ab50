// Encodes a neutral response as a whole GenerateContentResponse. Source: https://ai.google.dev/api/generate-content (2026-11).

import { pushAll } from '../../core/pushAll';
import type { EncodeContext } from '../codec';
import type { Json } from '../jsonObject';
import type { NeutralRequest, NeutralResponse, Opaque, TokenLogprob, WebSearch } from '../neutral';
import { argsObject } from '../shared/exactJson';
import type { PlacedCitation } from './grounding';
import { hostedParts } from './hostedParts';
import { encodeLogprobs, encodeSignature, encodeSources, encodeThought, encodeUsage, finishReasons } from './responseParts'; // prettier-ignore

export { openEncoder } from './encodeStream';

/** The whole response, with a candidate for each answer. */
export function encodeResponse(response: NeutralResponse, context: EncodeContext): Json {
  return {
    candidates: [response, ...(response.others ?? [])].map((answer, index) =>
      encodeCandidate(answer, index, context.request),
    ),
    ...(response.usage === undefined ? {} : { usageMetadata: encodeUsage(response.usage) }),
    modelVersion: response.model,
    responseId: response.id === '' ? context.requestId : response.id,
  };
}

// ---

function encodeCandidate(response: NeutralResponse, index: number, request: NeutralRequest): Json {
  const parts: Json[] = [];
  const searches: WebSearch[] = [];
  const citations: PlacedCitation[] = [];
  let text = '';
  const logprobs: TokenLogprob[] = [];
  let pending: Opaque | undefined; // a signature of the part that follows
  for (const part of response.parts) {
    const signature = encodeSignature(pending);
    switch (part.type) {
      case 'reasoning':
        if (hostedParts(part.opaque) !== undefined) {
          pushAll(parts, hostedParts(part.opaque) ?? []);
          continue;
        }
        if (pending !== undefined) parts.push({ text: '', ...signature });
        pending = part.text === '' ? part.opaque : undefined;
        if (part.text !== '') parts.push(encodeThought(part.text, part.opaque));
        continue;
      case 'text':
        for (const citation of part.citations ?? [])
          citations.push({ citation, from: text.length, to: text.length + part.text.length });
        text += part.text;
        pushAll(logprobs, part.logprobs ?? []);
        parts.push({ text: part.text, ...signature });
        break;
      case 'refusal':
        parts.push({ text: part.text, ...signature });
        break;
      case 'webSearch':
        searches.push(part);
        continue;
      case 'toolCall':
        parts.push({
          functionCall: { id: part.id, name: part.name, args: argsObject(part.args, () => undefined) },
          ...signature,
        });
        break;
    }
    pending = undefined;
  }
  if (pending !== undefined) parts.push({ text: '', ...encodeSignature(pending) });
  return {
    content: { role: 'model', parts },
    finishReason: finishReasons[response.reason],
    index,
    ...encodeSources(request, { searches, citations, text }),
    ...encodeLogprobs(logprobs),
  };
}
