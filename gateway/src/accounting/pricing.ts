// What an answer counts and costs: tokens as a quota counts them, money as integer nano-USD.

import { hash } from 'node:crypto';
import type { Rates } from '../../../config/catalogue';
import { rateOn, type Target } from '../../../config/target';
import { saturatingAdd, type Usage } from '../core/usage';

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
  const held = ratesAbove(rates, rawTokens(usage) - usage.output);
  const audio = Math.min(usage.inputAudio ?? 0, usage.input);
  return saturatingAdd(
    (usage.input - audio) * held.input +
      audio * (held.input_audio ?? held.input) +
      usage.cacheRead * held.cache_read +
      usage.cacheWrite5m * held.cache_write_5m +
      usage.cacheWrite1h * held.cache_write_1h +
      usage.output * held.output,
    searchCost(usage, rates.base),
  );
}

/** What a cost is made of, nano-USD. */
export interface CostParts {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly output: number;
  readonly searches: number;
}

/** The parts of `costOf`, which is their sum. */
export function costParts(usage: Usage, rates: TargetRates): CostParts {
  const held = ratesAbove(rates, rawTokens(usage) - usage.output);
  const audio = Math.min(usage.inputAudio ?? 0, usage.input);
  return {
    input: (usage.input - audio) * held.input + audio * (held.input_audio ?? held.input),
    cacheRead: usage.cacheRead * held.cache_read,
    cacheWrite: usage.cacheWrite5m * held.cache_write_5m + usage.cacheWrite1h * held.cache_write_1h,
    output: usage.output * held.output,
    searches: searchCost(usage, rates.base),
  };
}

/** Nano-USD of the same tokens if none had been read from a cache or written to one. */
export function uncachedCost(usage: Usage, rates: TargetRates): number {
  const { input, cacheRead, cacheWrite5m, cacheWrite1h } = usage;
  if (cacheRead + cacheWrite5m + cacheWrite1h === 0) return costOf(usage, rates);
  const plain = input + cacheRead + cacheWrite5m + cacheWrite1h;
  return costOf({ ...usage, input: plain, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0 }, rates);
}

/** The rates of a whole request by its length: those of a long context above its threshold. @param prompt input tokens */
export function ratesAbove({ base, long }: TargetRates, prompt: number): Rates {
  return long !== undefined && prompt > long.above ? long.rates : base;
}

export interface TargetRates {
  readonly base: Rates;
  readonly long: { readonly above: number; readonly rates: Rates } | undefined;
}

/** Rates as the ledger keeps them: an id for the same rates, and what it stands for. */
export interface NamedRates {
  readonly id: string;
  readonly json: string;
}

/** The id of rates: 16 hex digits of a hash of their JSON. */
export function nameRates(rates: TargetRates): NamedRates {
  let known = namedRates.get(rates);
  if (known === undefined) {
    const json = JSON.stringify(rates);
    namedRates.set(rates, (known = { id: hash('sha256', json).slice(0, 16), json }));
  }
  return known;
}

/** The rates of a target on a day. @param day ISO date. */
export function ratesOf(target: Target, day: string): TargetRates {
  const known = knownRates.get(target);
  if (known?.day === day) return known.rates;
  const rates = findRates(target, day);
  knownRates.set(target, { day, rates });
  return rates;
}

// ---

// Asked for several times a request, and the same all day.
const knownRates = new WeakMap<Target, { day: string; rates: TargetRates }>();
const namedRates = new WeakMap<TargetRates, NamedRates>();

// OpenAI prices the older of its two tools apart on some models.
function searchCost(
  { searches = 0, previewSearches = 0 }: Usage,
  { search = 0, search_preview: preview = search }: Rates,
): number {
  const older = Math.min(searches, previewSearches);
  return (searches - older) * search + older * preview;
}

function findRates(target: Target, day: string): TargetRates {
  const price = rateOn(target, day);
  const long = price.long_context;
  return { base: price, long: long === undefined ? undefined : { above: long.above, rates: long } };
}
