// Decodes GenerateContentResponses, whole and streamed: each piece of a stream has the fields of a whole response. Source:
// https://ai.google.dev/api/generate-content (2026-11).

import { validCounts, tokenCount, type Usage } from '../../core/usage';
import { decodeGeminiLogprobs } from '../shared/logprobs';
import type { Decoder, Frame } from '../codec';
import type { Json } from '../jsonObject';
import { completion, finishReasons } from './completion';
import { parseExactEvent } from '../shared/exactJson';
import { countOr, defined, isObject, listOr, objectOr, textOr } from '../shared/json';
import type { StreamEvent, TokenLogprob } from '../neutral';
import { AnswerBuilders } from '../shared/answers';
import type { EventBuilder } from '../shared/eventBuilder';

/** The usage in a response; undefined where it has none. Reasoning is counted apart from candidates, the cache in the prompt. */
export function usageIn(value: Json): Partial<Usage> | undefined {
  const usage = value['usageMetadata'];
  if (!isObject(usage)) return undefined;
  const prompt = tokenCount(usage['promptTokenCount']) + tokenCount(usage['toolUsePromptTokenCount']);
  const cacheRead = Math.min(prompt, tokenCount(usage['cachedContentTokenCount']));
  const reasoning = tokenCount(usage['thoughtsTokenCount']);
  const audio = listOr(usage['promptTokensDetails'])
    .map(objectOr)
    .find((detail) => detail['modality'] === 'AUDIO');
  return validCounts({
    input: prompt - cacheRead,
    cacheRead,
    output: tokenCount(usage['candidatesTokenCount']) + reasoning,
    reasoning,
    inputAudio: tokenCount(audio?.['tokenCount']),
  });
}

/** A whole response as neutral events. @param answers how many candidates were asked for */
export function decodeResponse(body: Json, answers = 1): readonly StreamEvent[] {
  const builders = new AnswerBuilders(answers);
  decodePiece(body, builders);
  const failure = completion.failureIn(body, true);
  for (const builder of builders.all) builder.done(failure);
  return builders.take();
}

const argsFields = ['args'];

/** A decoder of one stream. @param answers how many candidates were asked for */
export function openDecoder(answers = 1): Decoder {
  const builders = new AnswerBuilders(answers);
  return {
    push({ data }: Frame) {
      const piece = parseExactEvent(data, argsFields);
      if (piece === undefined || builders.first.finished) return [];
      const failure = completion.failureIn(piece, false);
      decodePiece(piece, builders);
      if (failure !== undefined) builders.first.failure(failure);
      return builders.take();
    },
    // Gemini's stream has no end mark, and usage may come after the finish reason.
    end: () => (builders.done(), builders.take()),
    get ending() {
      return builders.ending;
    },
  };
}

// ---

function decodePiece(body: Json, builders: AnswerBuilders): void {
  const { first } = builders;
  first.start(textOr(body['responseId']), textOr(body['modelVersion']));
  for (const [place, raw] of listOr(body['candidates']).entries()) {
    const candidate = objectOr(raw);
    const index = countOr(candidate['index'], place);
    const builder = builders.of(index);
    if (builder === undefined) first.lost('candidates[1…]');
    else decodeCandidate(candidate, builder, body, index);
  }
  first.usage(usageIn(body));
  const blocked = textOr(objectOr(body['promptFeedback'])['blockReason']);
  if (blocked !== '') first.finish('refusal');
}

function decodeCandidate(candidate: Json, builder: EventBuilder, body: Json, index: number): void {
  const response = textOr(body['responseId']);
  builder.start(response, textOr(body['modelVersion']));
  // Calls without an id get one of the response's, and those of several answers must differ.
  const id = index === 0 ? response : `${response}_${index}`;
  // Log probabilities stand on the candidate; they are passed on with its first text.
  let logprobs = decodeGeminiLogprobs(candidate['logprobsResult']);
  for (const raw of listOr(objectOr(candidate['content'])['parts'])) {
    const part = objectOr(raw);
    decodePart(part, id, builder, logprobs);
    if (isAnswerText(part)) logprobs = [];
  }
  decodeCitations(candidate, builder);
  const reason = finishReasons.get(textOr(candidate['finishReason']));
  if (reason !== undefined) builder.finish(reason);
}

function isAnswerText(part: Json): boolean {
  return typeof part['text'] === 'string' && part['text'] !== '' && part['thought'] !== true;
}

function decodePart(part: Json, id: string, builder: EventBuilder, logprobs: readonly TokenLogprob[]): void {
  const text = textOr(part['text']);
  const signature = textOr(part['thoughtSignature']);
  const addSignature = () => {
    if (signature !== '') builder.opaqueReasoning({ format: 'generate', value: signature });
  };
  if (isObject(part['functionCall'])) {
    const call = part['functionCall'];
    builder.close(); // the signature is the call's, not that of the reasoning before it
    addSignature();
    builder.call(textOr(call['id']) || `call_${id || 'gemini'}_${builder.calls + 1}`, textOr(call['name']));
    builder.args(JSON.stringify(call['args'] ?? {}));
    builder.close();
  } else if (part['thought'] === true) {
    builder.reasoning(text);
    addSignature();
  } else if (part['text'] !== undefined) {
    builder.text(text, logprobs);
    if (signature !== '') builder.close();
    addSignature();
  } else {
    addSignature();
    const kind = Object.keys(part).find((key) => key !== 'thoughtSignature');
    if (kind !== undefined) builder.lost(kind);
  }
}

function decodeCitations(candidate: Json, builder: EventBuilder): void {
  for (const raw of listOr(objectOr(candidate['citationMetadata'])['citationSources'])) {
    const source = objectOr(raw);
    if (textOr(source['uri']) !== '') builder.citation({ url: textOr(source['uri']), ...rangeOf(source) });
  }
  const grounding = objectOr(candidate['groundingMetadata']);
  const chunks = listOr(grounding['groundingChunks']).map((chunk) => objectOr(objectOr(chunk)['web']));
  for (const raw of listOr(grounding['groundingSupports'])) {
    const support = objectOr(raw);
    for (const index of listOr(support['groundingChunkIndices'])) {
      const web = typeof index === 'number' ? chunks[index] : undefined;
      const url = textOr(web?.['uri']);
      const title = web?.['title'];
      if (url !== '')
        builder.citation({
          url,
          ...defined({ title: typeof title === 'string' ? title : undefined }),
          ...rangeOf(objectOr(support['segment'])),
        });
    }
  }
}

function rangeOf(source: Json): { start?: number; end?: number } {
  return typeof source['endIndex'] === 'number'
    ? { start: countOr(source['startIndex']), end: source['endIndex'] }
    : {};
}
