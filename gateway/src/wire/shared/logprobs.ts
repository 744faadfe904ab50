// Log probabilities of tokens, as OpenAI's two formats have them, and as Gemini has them. Sources:
// https://platform.openai.com/docs/api-reference/chat/object, "logprobs"; https://ai.google.dev/api/generate-content,
// "LogprobsResult" (2026-11).

import type { Json } from '../jsonObject';
import { defined, listOr, objectOr, optionalWithin, textOr } from './json';
import type { Logprob, TokenLogprob } from '../neutral';

/** The most alternatives that may be asked for with each token. */
const mostAlternatives = 20;

/** The number of alternatives asked for. @throws GatewayError bad_request naming the field */
export function decodeTopLogprobs(value: unknown, field: string): number | undefined {
  return optionalWithin(value, field, 0, mostAlternatives);
}

/** The items of `logprobs.content`; none where there is none, as in nearly every event. */
export function decodeOpenaiLogprobs(value: unknown): readonly TokenLogprob[] {
  return Array.isArray(value) ? value.map(decodeTokenLogprob) : none;
}

const none: readonly TokenLogprob[] = [];

function decodeTokenLogprob(raw: unknown): TokenLogprob {
  const item = objectOr(raw);
  return {
    ...logprobOf(item),
    top: listOr(item['top_logprobs']).map((alternative) => logprobOf(objectOr(alternative))),
  };
}

/** The items of `logprobs.content`. */
export function encodeOpenaiLogprobs(logprobs: readonly TokenLogprob[]): Json[] {
  const encode = ({ token, logprob, bytes }: Logprob) => ({
    token,
    logprob,
    bytes: bytes ?? [...Buffer.from(token)],
  });
  return logprobs.map((logprob) => ({ ...encode(logprob), top_logprobs: logprob.top.map(encode) }));
}

/** A candidate's `logprobsResult`. */
export function decodeGeminiLogprobs(value: unknown): TokenLogprob[] {
  const result = objectOr(value);
  const tops = listOr(result['topCandidates']).map((top) => listOr(objectOr(top)['candidates']));
  return listOr(result['chosenCandidates']).map((raw, i) => ({
    ...geminiLogprob(objectOr(raw)),
    top: (tops[i] ?? []).map((alternative) => geminiLogprob(objectOr(alternative))),
  }));
}

/** A candidate's `logprobsResult`. */
export function encodeGeminiLogprobs(logprobs: readonly TokenLogprob[]): Json {
  const encode = ({ token, logprob }: Logprob) => ({ token, logProbability: logprob });
  return {
    chosenCandidates: logprobs.map(encode),
    topCandidates: logprobs.map(({ top }) => ({ candidates: top.map(encode) })),
  };
}

// ---

function logprobOf(item: Json): Logprob {
  const bytes = Array.isArray(item['bytes']) ? (item['bytes'] as number[]) : undefined;
  return { token: textOr(item['token']), logprob: numberOr(item['logprob']), ...defined({ bytes }) };
}

function geminiLogprob(item: Json): Logprob {
  return { token: textOr(item['token']), logprob: numberOr(item['logProbability']) };
}

function numberOr(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
