// What an answer used and what it costs: tokens as integers, money as integer nano-USD.

import type { Rates } from '../../../config/catalogue';
import { rateOn, type Target } from '../../../config/target';

/** Token counts of one answer. `input` excludes everything cached, on every wire. */
export interface Usage {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  /** Includes reasoning. */
  readonly output: number;
  readonly reasoning: number;
  /** Of `input`, tokens of sound, where the provider prices them apart. */
  readonly inputAudio?: number;
  /** Input or output was not reported, or was no count: it stands here as 0 and is estimated where it is booked. */
  readonly incomplete?: true;
}

/**
 * Most tokens that one request may reserve or one answer report. No model's window is a hundredth of it; what is above is
 * a mistake or an attack, and would take sums in the ledger beyond 2^53, where a number no longer holds every integer.
 */
export const maxTokensPerRequest = 1_000_000_000;

/** A provider's count of tokens: 0 where there is none, NaN for what is no count (negative, fractional, a text, absurd). */
export function tokenCount(value: unknown): number {
  if (value === undefined || value === null) return 0;
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= maxTokensPerRequest
    ? value
    : NaN;
}

type Counts = Omit<Usage, 'incomplete'>;

/** The fields of a report that are counts. What is left out was not reported: it is estimated, and booked as such. */
export function validCounts(reported: { readonly [K in keyof Counts]?: number | undefined }): Partial<Usage> {
  const out: Partial<Record<keyof Counts, number>> = {};
  for (const [name, value] of Object.entries(reported) as [keyof Counts, number | undefined][])
    if (value !== undefined && value >= 0 && value <= maxTokensPerRequest) out[name] = value;
  return out;
}

/** The sum, at most what a number holds exactly: a counter that is full refuses, and stays readable. */
export function saturatingAdd(a: number, b: number): number {
  return Math.min(a + b, Number.MAX_SAFE_INTEGER);
}

/** What was reported, with 0 for what was not. */
export function usageOf(reported: Partial<Usage>): Usage {
  const missing = reported.input === undefined || reported.output === undefined;
  return { ...noUsage, ...reported, ...(missing ? { incomplete: true as const } : {}) };
}

export const noUsage: Usage = { input: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, reasoning: 0 };

/** All tokens, each counting one. */
export function rawTokens(usage: Usage): number {
  return usage.input + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h + usage.output;
}

/** Tokens as a quota counts them: a cache read weighs a tenth, unless the operator counts raw. */
export function countedTokens(usage: Usage, count: 'weighted' | 'raw'): number {
  const raw = rawTokens(usage);
  return count === 'raw' ? raw : raw - usage.cacheRead + Math.ceil(usage.cacheRead / 10);
}

/**
 * Nano-USD of an answer at rates fixed when it was admitted. Above a long-context threshold the whole request is
 * charged at the higher rates, as all three providers do.
 */
export function costOf(usage: Usage, rates: TargetRates): number {
  const prompt = rawTokens(usage) - usage.output;
  const held = rates.long !== undefined && prompt > rates.long.above ? rates.long.rates : rates.base;
  const audio = Math.min(usage.inputAudio ?? 0, usage.input);
  return (
    (usage.input - audio) * held.input +
    audio * (held.input_audio ?? held.input) +
    usage.cacheRead * held.cache_read +
    usage.cacheWrite5m * held.cache_write_5m +
    usage.cacheWrite1h * held.cache_write_1h +
    usage.output * held.output
  );
}

export interface TargetRates {
  readonly base: Rates;
  readonly long: { readonly above: number; readonly rates: Rates } | undefined;
}

/** The rates of a target on a day. @param day ISO date. */
export function ratesOf(target: Target, day: string): TargetRates {
  const price = rateOn(target, day);
  const long = price.long_context;
  return { base: price, long: long === undefined ? undefined : { above: long.above, rates: long } };
}
