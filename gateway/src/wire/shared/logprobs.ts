// How likely each token of a text was, and what else was: in OpenAI's shape, which chat completions and Responses share, and
// in Gemini's. Sources: OpenAI API reference, `logprobs`; Gemini API reference, "LogprobsResult".

import type { Json } from '../codec';
import { defined, listOr, objectOr, optionalWithin, textOr } from './json';
import type { Logprob, TokenLogprob } from '../neutral';

/** How many other tokens may be asked for. */
const mostOthers = 20;

/** The number of other tokens asked for. @throws GatewayError bad_request */
export function decodeTopLogprobs(value: unknown, field: string): number | undefined {
  return optionalWithin(value, field, 0, mostOthers);
}

export function decodeOpenaiLogprobs(value: unknown): TokenLogprob[] {
  return listOr(value).map((raw) => {
    const item = objectOr(raw);
    return { ...logprobOf(item), top: listOr(item['top_logprobs']).map((other) => logprobOf(objectOr(other))) };
  });
}

export function encodeOpenaiLogprobs(logprobs: readonly TokenLogprob[]): Json[] {
  const written = ({ token, logprob, bytes }: Logprob) => ({
    token,
    logprob,
    bytes: bytes ?? [...Buffer.from(token)],
  });
  return logprobs.map((logprob) => ({ ...written(logprob), top_logprobs: logprob.top.map(written) }));
}

export function decodeGeminiLogprobs(value: unknown): TokenLogprob[] {
  const result = objectOr(value);
  const tops = listOr(result['topCandidates']).map((top) => listOr(objectOr(top)['candidates']));
  return listOr(result['chosenCandidates']).map((raw, i) => ({
    ...geminiChance(objectOr(raw)),
    top: (tops[i] ?? []).map((other) => geminiChance(objectOr(other))),
  }));
}

export function encodeGeminiLogprobs(logprobs: readonly TokenLogprob[]): Json {
  const written = ({ token, logprob }: Logprob) => ({ token, logProbability: logprob });
  return {
    chosenCandidates: logprobs.map(written),
    topCandidates: logprobs.map(({ top }) => ({ candidates: top.map(written) })),
  };
}

// ---

function logprobOf(item: Json): Logprob {
  const bytes = Array.isArray(item['bytes']) ? (item['bytes'] as number[]) : undefined;
  return { token: textOr(item['token']), logprob: numberOr(item['logprob']), ...defined({ bytes }) };
}

function geminiChance(item: Json): Logprob {
  return { token: textOr(item['token']), logprob: numberOr(item['logProbability']) };
}

function numberOr(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
