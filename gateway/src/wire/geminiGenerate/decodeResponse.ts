// Decodes GenerateContentResponses, whole and streamed: each piece of a stream has the fields of a whole response. Source:
// https://ai.google.dev/api/generate-content (2026-11).

import { validCounts, tokenCount, type Usage } from '../../core/usage';
import { decodeGeminiLogprobs } from '../shared/logprobs';
import type { Decoder, Frame } from '../codec';
import type { Json } from '../jsonObject';
import { chargedFor, openTally, searchesIn } from './charges';
import { completion, finishReasons } from './completion';
import { citationsIn, groundingBytes, joinGrounding, pagesIn, queriesIn } from './grounding';
import { isHostedPart, isSearchPart, opaqueParts, queriesOfCall } from './hostedParts';
import { parseExactEvent } from '../shared/exactJson';
import { countOr, isObject, listOr, objectOr, textOr } from '../shared/json';
import type { StreamEvent, TokenLogprob } from '../neutral';
import { AnswerBuilders } from '../shared/answers';
import type { EventBuilder } from '../shared/eventBuilder';
import type { SearchTally } from '../shared/searchCounter';

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

/** A whole response as neutral events. @param answers how many candidates were asked for */
export function decodeResponse(body: Json, answers = 1): readonly StreamEvent[] {
  const decoding = openAnswers(answers, true);
  const { builders } = decoding;
  decodePiece(body, decoding);
  endAnswers(decoding);
  const failure = completion.failureIn(body, true);
  for (const builder of builders.all) builder.done(failure);
  return builders.take();
}

const argsFields = ['args'];

/** A decoder of one stream. @param answers how many candidates were asked for */
export function openDecoder(answers = 1): Decoder {
  const decoding = openAnswers(answers, false);
  const { builders } = decoding;
  return {
    push({ data }: Frame) {
      const piece = parseExactEvent(data, argsFields);
      if (piece === undefined || builders.first.finished) return [];
      const failure = completion.failureIn(piece, false);
      decodePiece(piece, decoding);
      if (failure !== undefined) builders.first.failure(failure);
      return builders.take();
    },
    // Gemini's stream has no end mark, and usage may come after the finish reason.
    end() {
      if (!builders.first.finished) endAnswers(decoding);
      builders.done();
      return builders.take();
    },
    get ending() {
      return builders.ending;
    },
    get usage() {
      return builders.first.reported;
    },
    get kept() {
      let kept = 0;
      for (const state of decoding.states) if (state !== undefined) kept += state.kept;
      return kept;
    },
    get searches() {
      return decoding.tally.charged(undefined);
    },
  };
}

// ---

interface Answers {
  readonly builders: AnswerBuilders;
  /** Of the candidates that have come, by their index. */
  readonly states: (AnswerState | undefined)[];
  /** The answer is at hand as a whole: its search is told before its text. That of a stream is told at its end. */
  readonly whole: boolean;
  /** The searches of all pieces. */
  readonly tally: SearchTally;
  /** The response's, which some pieces of a stream lack. */
  id: string;
  model: string;
}

/** What is known of one candidate. */
interface AnswerState {
  readonly builder: EventBuilder;
  /** The response's, and for several answers each its own: ids of calls and searches are made of it. */
  id: string;
  /** The response's. */
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
  /** Parts of tools that Google has run and wants back, until something follows them. */
  hosted: Json[];
  /** The queries in them and in what a search has found, of the whole answer, each once; and those that are not yet told. */
  readonly queries: Set<string>;
  untold: string[];
  /** A search has been told; and how many of the places for pages had come then. */
  told: boolean;
  toldPages: number;
  /** About how many bytes of words and of the search are held until the end. */
  kept: number;
}

/** What a piece costs beside its text. */
const pieceCost = 32;

function openAnswers(asked: number, whole: boolean): Answers {
  return { builders: new AnswerBuilders(asked), states: [], whole, tally: openTally(), id: '', model: '' };
}

// The state of a candidate; undefined for one that was not asked for.
function stateOf({ builders, states }: Answers, index: number): AnswerState | undefined {
  const builder = builders.of(index);
  if (builder === undefined) return undefined;
  return (states[index] ??= {
    builder, id: '', model: '', text: [], length: 0, partStart: 0, signature: '', grounding: undefined, hosted: [],
    queries: new Set(), untold: [], told: false, toldPages: 0, kept: 0,
  }); // prettier-ignore
}

function decodePiece(body: Json, answers: Answers): void {
  const { first } = answers.builders;
  answers.tally.add(body);
  answers.id = textOr(body['responseId']) || answers.id;
  answers.model = textOr(body['modelVersion']) || answers.model;
  const { id, model } = answers;
  first.start(id, model);
  for (const [place, raw] of listOr(body['candidates']).entries()) {
    const candidate = objectOr(raw);
    const index = countOr(candidate['index'], place);
    const state = stateOf(answers, index);
    if (state === undefined) {
      first.lost('candidates[1…]');
      continue;
    }
    state.id = index === 0 ? id : `${id}_${index}`;
    state.model = model;
    state.builder.start(id, model);
    decodeCandidate(candidate, state, answers.whole);
  }
  first.usage(usageIn(body));
  const blocked = textOr(objectOr(body['promptFeedback'])['blockReason']);
  if (blocked !== '') first.finish('refusal');
}

function decodeCandidate(candidate: Json, state: AnswerState, whole: boolean): void {
  const { builder } = state;
  if (isObject(candidate['groundingMetadata'])) {
    addQueries(queriesIn(candidate['groundingMetadata']), state);
    state.grounding = joinGrounding(state.grounding, candidate['groundingMetadata']);
    if (!whole) state.kept += groundingBytes(candidate['groundingMetadata']);
  }
  // Log probabilities stand on the candidate; they are passed on with its first text.
  let logprobs = decodeGeminiLogprobs(candidate['logprobsResult']);
  for (const raw of listOr(objectOr(candidate['content'])['parts'])) {
    const part = objectOr(raw);
    const isAnswer = isAnswerText(part);
    if (isAnswer && whole) tellSearch(state);
    decodePart(part, state, logprobs);
    if (isAnswer) logprobs = [];
  }
  for (const raw of listOr(objectOr(candidate['citationMetadata'])['citationSources'])) {
    const source = objectOr(raw);
    if (textOr(source['uri']) !== '') builder.citation({ url: textOr(source['uri']), ...rangeOf(source) });
  }
  const reason = finishReasons.get(textOr(candidate['finishReason']));
  if (reason !== undefined) builder.finish(reason);
}

// The answers have come: what was found is told with all of their words, and all searches are counted.
function endAnswers({ builders, states, tally }: Answers): void {
  const searches = tally.charged(undefined);
  if (searches !== (builders.first.reported?.searches ?? 0)) builders.first.usage({ searches });
  for (const state of states) if (state !== undefined) endAnswer(state);
}

function endAnswer(state: AnswerState): void {
  const { builder, grounding, partStart } = state;
  if (grounding !== undefined) {
    for (const { start = 0, end, ...citation } of citationsIn(grounding, state.text.join(''))) {
      const isInPart = end !== undefined && start >= partStart;
      builder.citation(isInPart ? { ...citation, start: start - partStart, end: end - partStart } : citation);
    }
    // Google's own page of further searches, which is HTML.
    if (isObject(grounding['searchEntryPoint'])) builder.lost('searchEntryPoint');
  }
  endText(state);
  endHosted(state);
  tellSearch(state);
}

function addQueries(queries: readonly string[], state: AnswerState): void {
  for (const query of queries) {
    if (state.queries.has(query)) continue;
    state.queries.add(query);
    state.untold.push(query);
  }
}

// Tells what was searched for and found, as far as it is known and has not been told. Without functions beside it all of it
// comes at the end; beside them the queries come first. Each call asks for it, so that it is looked only at what is new.
function tellSearch(state: AnswerState): void {
  const { builder, grounding, id, queries, untold } = state;
  const pages = grounding === undefined ? [] : pagesIn(grounding, state.toldPages);
  if (queries.size === 0 || (untold.length === 0 && pages.length === 0)) return;
  endHosted(state);
  const charged = chargedFor(untold.length, state.model);
  builder.search({
    id: `search_${id || 'gemini'}${state.told ? '_more' : ''}`,
    queries: untold.length === 0 ? [...queries] : untold,
    ...(grounding === undefined || (state.told && pages.length === 0) ? {} : { results: pages }),
    ...(charged === 1 ? {} : { charged }),
  });
  state.untold = [];
  state.told = true;
  state.toldPages = grounding === undefined ? 0 : listOr(grounding['groundingChunks']).length;
}

// Closes the parts of Google's own tools.
function endHosted(state: AnswerState): void {
  if (state.hosted.length === 0) return;
  state.builder.close();
  state.builder.opaqueReasoning(opaqueParts(state.hosted));
  state.hosted = [];
}

function addHosted(part: Json, state: AnswerState): void {
  endText(state);
  state.hosted.push(part);
  addQueries(queriesOfCall(part), state);
  state.kept += pieceCost + JSON.stringify(part).length;
  if (!isSearchPart(part)) state.builder.lost(Object.keys(part).find((key) => key !== 'thoughtSignature') ?? '');
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
  if (isHostedPart(part)) return addHosted(part, state);
  const text = textOr(part['text']);
  const signature = textOr(part['thoughtSignature']);
  const isText = part['text'] !== undefined && part['thought'] !== true && !isObject(part['functionCall']);
  if (!isText || text !== '' || signature !== '') {
    endText(state);
    endHosted(state);
  }
  const addSignature = () => {
    if (signature !== '') builder.opaqueReasoning({ format: 'generate', value: signature });
  };
  if (isText) {
    if (builder.open !== 'text') state.partStart = state.length;
    builder.text(text, logprobs);
    state.text.push(text);
    state.length += text.length;
    state.kept += pieceCost + text.length;
    state.signature = signature || state.signature;
  } else if (isObject(part['functionCall'])) {
    const call = part['functionCall'];
    tellSearch(state);
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

function rangeOf(source: Json): { start?: number; end?: number } {
  return typeof source['endIndex'] === 'number'
    ? { start: countOr(source['startIndex']), end: source['endIndex'] }
    : {};
}
