// How likely each token of a text was, and what else was: in OpenAI's shape, which chat completions and Responses share, and
// in Gemini's. Sources: OpenAI API reference, `logprobs`; Gemini API reference, "LogprobsResult".

import type { Json } from '../codec';
import { defined, listOr, objectOr, optionalWithin, textOr } from './json';
import type { Chance, TokenChance } from '../neutral';

/** How many other tokens may be asked for. */
const mostOthers = 20;

/** The number of other tokens asked for. @throws GatewayError bad_request */
export function readOthers(value: unknown, field: string): number | undefined {
  return optionalWithin(value, field, 0, mostOthers);
}

export function chancesOfOpenai(value: unknown): TokenChance[] {
  return listOr(value).map((raw) => {
    const item = objectOr(raw);
    return { ...chanceOf(item), top: listOr(item['top_logprobs']).map((other) => chanceOf(objectOr(other))) };
  });
}

export function chancesForOpenai(chances: readonly TokenChance[]): Json[] {
  const written = ({ token, logprob, bytes }: Chance) => ({
    token,
    logprob,
    bytes: bytes ?? [...Buffer.from(token)],
  });
  return chances.map((chance) => ({ ...written(chance), top_logprobs: chance.top.map(written) }));
}

export function chancesOfGemini(value: unknown): TokenChance[] {
  const result = objectOr(value);
  const tops = listOr(result['topCandidates']).map((top) => listOr(objectOr(top)['candidates']));
  return listOr(result['chosenCandidates']).map((raw, i) => ({
    ...geminiChance(objectOr(raw)),
    top: (tops[i] ?? []).map((other) => geminiChance(objectOr(other))),
  }));
}

export function chancesForGemini(chances: readonly TokenChance[]): Json {
  const written = ({ token, logprob }: Chance) => ({ token, logProbability: logprob });
  return {
    chosenCandidates: chances.map(written),
    topCandidates: chances.map(({ top }) => ({ candidates: top.map(written) })),
  };
}

// ---

function chanceOf(item: Json): Chance {
  const bytes = Array.isArray(item['bytes']) ? (item['bytes'] as number[]) : undefined;
  return { token: textOr(item['token']), logprob: numberOr(item['logprob']), ...defined({ bytes }) };
}

function geminiChance(item: Json): Chance {
  return { token: textOr(item['token']), logprob: numberOr(item['logProbability']) };
}

function numberOr(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
