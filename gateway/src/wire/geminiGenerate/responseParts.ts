// The parts of a GenerateContentResponse that whole and streamed responses share. Source:
// https://ai.google.dev/api/generate-content (2026-11).

import type { Usage } from '../../core/usage';
import type { Json } from '../jsonObject';
import type { Citation, FinishReason, NeutralRequest, Opaque, TokenLogprob, WebSearch } from '../neutral';
import { wrapEnvelope } from '../reasoning/envelope';
import { encodeGrounding, type PlacedCitation } from './grounding';
import { encodeGeminiLogprobs } from '../shared/logprobs';

/** Gemini's finish reasons; it says STOP for tool calls too. */
export const finishReasons: Readonly<Record<FinishReason, string>> = {
  stop: 'STOP',
  length: 'MAX_TOKENS',
  tool_calls: 'STOP',
  refusal: 'SAFETY',
  pause: 'STOP',
  other: 'OTHER',
};

/** A signature as a part's field to be spread; no field where there is none. */
export function encodeSignature(opaque: Opaque | undefined): Json {
  return opaque === undefined ? {} : { thoughtSignature: wrapEnvelope(opaque) };
}

/** A part that holds reasoning. */
export function encodeThought(text: string, opaque: Opaque | undefined): Json {
  return { text, thought: true, ...encodeSignature(opaque) };
}

/** What an answer stands on. */
export interface Sources {
  readonly searches: readonly WebSearch[];
  readonly citations: readonly PlacedCitation[];
  /** All words of the answer. */
  readonly text: string;
}

/** Whether sources are told as those of a Google Search: there was one, or the client has asked for one. */
export function isGrounded({ tools }: NeutralRequest, searches: readonly WebSearch[]): boolean {
  return searches.length > 0 || tools?.some((tool) => tool.type === 'webSearch') === true;
}

/** Sources as a candidate's field to be spread; no field where there are none. */
export function encodeSources(request: NeutralRequest, { searches, citations, text }: Sources): Json {
  if (searches.length === 0 && citations.length === 0) return {};
  if (isGrounded(request, searches)) return encodeGrounding(searches, citations, text);
  return encodeCitations(citations.map(({ citation }) => citation));
}

function encodeCitations(citations: readonly Citation[]): Json {
  return {
    citationMetadata: {
      citationSources: citations.map(({ url, start, end }) => ({
        uri: url,
        ...(end === undefined ? {} : { startIndex: start ?? 0, endIndex: end }),
      })),
    },
  };
}

/** Log probabilities as a candidate's field to be spread; no field where there are none. */
export function encodeLogprobs(logprobs: readonly TokenLogprob[]): Json {
  return logprobs.length === 0 ? {} : { logprobsResult: encodeGeminiLogprobs(logprobs) };
}

/** Token counts; the prompt's includes everything cached, reasoning is counted apart from candidates. */
export function encodeUsage(usage: Usage): Json {
  const prompt = usage.input + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
  return {
    promptTokenCount: prompt,
    candidatesTokenCount: Math.max(0, usage.output - usage.reasoning),
    totalTokenCount: prompt + usage.output,
    ...(usage.cacheRead > 0 ? { cachedContentTokenCount: usage.cacheRead } : {}),
    ...(usage.reasoning > 0 ? { thoughtsTokenCount: usage.reasoning } : {}),
  };
}
