// Decodes GenerateContentResponses, whole and streamed: each piece of a stream has the fields of a whole response. Source:
// https://ai.google.dev/api/generate-content (2026-11).

import { validCounts, searchCount, tokenCount, type Usage } from '../../core/usage';
import { decodeGeminiLogprobs } from '../shared/logprobs';
import type { Decoder, Frame } from '../codec';
import type { Json } from '../jsonObject';
import { completion, finishReasons } from './completion';
import { citationsIn, joinGrounding, pagesIn, queriesIn } from './grounding';
import { countOr, isObject, listOr, objectOr, parseEvent, textOr } from '../shared/json';
import type { StreamEvent, TokenLogprob } from '../neutral';
import { openEventBuilder, type EventBuilder } from '../shared/eventBuilder';

/** The usage in a response; undefined where it has none. Reasoning is counted apart from candidates, the cache in the prompt. */
export function usageIn(value: Json): Partial<Usage> | undefined {
  const usage = value['usageMetadata'];
  const searches = searchesIn(value);
  if (!isObject(usage)) return searches === undefined ? undefined : validCounts({ searches });
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
    searches,
  });
}

/** A whole response as neutral events; only the first candidate. */
export function decodeResponse(body: Json): readonly StreamEvent[] {
  const builder = openEventBuilder();
  const state = openState(builder, true);
  decodePiece(body, state);
  endAnswer(state);
  builder.done(completion.failureIn(body, true));
  return builder.take();
}

/** A decoder of one stream. */
export function openDecoder(): Decoder {
  const builder = openEventBuilder();
  const state = openState(builder, false);
  return {
    push({ data }: Frame) {
      const piece = parseEvent(data);
      if (piece === undefined || builder.finished) return [];
      const failure = completion.failureIn(piece, false);
      decodePiece(piece, state);
      if (failure !== undefined) builder.failure(failure);
      return builder.take();
    },
    // Gemini's stream has no end mark, and usage may come after the finish reason.
    end: () => {
      if (!builder.finished) endAnswer(state);
      builder.done();
      return builder.take();
    },
    get ending() {
      return builder.ending;
    },
  };
}

// ---

interface AnswerState {
  readonly builder: EventBuilder;
  id: string;
  model: string;
  /** The words of the answer so far, in pieces, and their length. */
  readonly text: string[];
  length: number;
  /** Of the words before the open text. */
  partStart: number;
  /** The signature of the last text, until something follows it: citations stand in the text, and come last. */
  signature: string;
  /** What a search has found, as far as it is told. */
  grounding: Json | undefined;
  /** The answer is at hand as a whole: its search is told before its text. That of a stream is told at its end. */
  readonly whole: boolean;
  /** The search has been told. */
  told: boolean;
}

function openState(builder: EventBuilder, whole: boolean): AnswerState {
  return {
    builder, id: '', model: '', text: [], length: 0, partStart: 0, signature: '', grounding: undefined, whole, told: false,
  }; // prettier-ignore
}

function decodePiece(body: Json, state: AnswerState): void {
  const { builder } = state;
  state.id = textOr(body['responseId']);
  state.model = textOr(body['modelVersion']);
  builder.start(state.id, state.model);
  const candidates = listOr(body['candidates']);
  if (candidates.length > 1) builder.lost('candidates[1…]');
  const candidate = objectOr(candidates[0]);
  if (isObject(candidate['groundingMetadata']))
    state.grounding = joinGrounding(state.grounding, candidate['groundingMetadata']);
  // Log probabilities stand on the candidate; they are passed on with its first text.
  let logprobs = decodeGeminiLogprobs(candidate['logprobsResult']);
  for (const raw of listOr(objectOr(candidate['content'])['parts'])) {
    const part = objectOr(raw);
    const isAnswer = isAnswerText(part);
    if (isAnswer && state.whole) tellSearch(state);
    decodePart(part, state, logprobs);
    if (isAnswer) logprobs = [];
  }
  for (const raw of listOr(objectOr(candidate['citationMetadata'])['citationSources'])) {
    const source = objectOr(raw);
    if (textOr(source['uri']) !== '') builder.citation({ url: textOr(source['uri']), ...rangeOf(source) });
  }
  builder.usage(usageIn(body));
  const blocked = textOr(objectOr(body['promptFeedback'])['blockReason']);
  const reason = finishReasons.get(textOr(candidate['finishReason']));
  if (blocked !== '') builder.finish('refusal');
  else if (reason !== undefined) builder.finish(reason);
}

// The answer has come: what was found is told with all of its words.
function endAnswer(state: AnswerState): void {
  const { builder, grounding, partStart } = state;
  if (grounding !== undefined) {
    for (const { start = 0, end, ...citation } of citationsIn(grounding, state.text.join(''))) {
      const isInPart = end !== undefined && start >= partStart;
      builder.citation(isInPart ? { ...citation, start: start - partStart, end: end - partStart } : citation);
    }
    builder.usage(validCounts({ searches: chargedFor(grounding, state.model) })); // of all pieces
    // Google's own page of further searches, which is HTML.
    if (isObject(grounding['searchEntryPoint'])) builder.lost('searchEntryPoint');
  }
  endText(state);
  tellSearch(state);
}

function tellSearch(state: AnswerState): void {
  const { builder, grounding, id, told } = state;
  if (grounding === undefined || told) return;
  state.told = true;
  const queries = queriesIn(grounding);
  if (queries.length > 0) builder.search({ id: `search_${id || 'gemini'}`, queries, results: pagesIn(grounding) });
}

// Closes a text that has a signature.
function endText(state: AnswerState): void {
  if (state.signature === '') return;
  state.builder.close();
  state.builder.opaqueReasoning({ format: 'generate', value: state.signature });
  state.signature = '';
}

function isAnswerText(part: Json): boolean {
  return typeof part['text'] === 'string' && part['text'] !== '' && part['thought'] !== true;
}

function decodePart(part: Json, state: AnswerState, logprobs: readonly TokenLogprob[]): void {
  const { builder } = state;
  const text = textOr(part['text']);
  const signature = textOr(part['thoughtSignature']);
  const isText = part['text'] !== undefined && part['thought'] !== true && !isObject(part['functionCall']);
  if (!isText || text !== '' || signature !== '') endText(state);
  const addSignature = () => {
    if (signature !== '') builder.opaqueReasoning({ format: 'generate', value: signature });
  };
  if (isText) {
    if (builder.open !== 'text') state.partStart = state.length;
    builder.text(text, logprobs);
    state.text.push(text);
    state.length += text.length;
    state.signature = signature || state.signature;
  } else if (isObject(part['functionCall'])) {
    const call = part['functionCall'];
    builder.close(); // the signature is the call's, not that of the reasoning before it
    addSignature();
    builder.call(textOr(call['id']) || `call_${state.id || 'gemini'}_${builder.calls + 1}`, textOr(call['name']));
    builder.args(JSON.stringify(call['args'] ?? {}));
    builder.close();
  } else if (part['thought'] === true) {
    builder.reasoning(text);
    addSignature();
  } else {
    addSignature();
    const kind = Object.keys(part).find((key) => key !== 'thoughtSignature');
    if (kind !== undefined) builder.lost(kind);
  }
}

// Gemini 3 is charged for by the search, older models by the prompt that was searched for.
// Source: https://ai.google.dev/gemini-api/docs/google-search, "Pricing" (2026-11).
function searchesIn(value: Json): number | undefined {
  const grounding = objectOr(listOr(value['candidates'])[0])['groundingMetadata'];
  return isObject(grounding) ? chargedFor(grounding, textOr(value['modelVersion'])) : undefined;
}

function chargedFor(grounding: Json, model: string): number | undefined {
  const queries = queriesIn(grounding).length;
  if (queries === 0) return undefined;
  return model.startsWith('gemini-2') ? 1 : searchCount(queries);
}

function rangeOf(source: Json): { start?: number; end?: number } {
  return typeof source['endIndex'] === 'number'
    ? { start: countOr(source['startIndex']), end: source['endIndex'] }
    : {};
}
