// Admission: what a request may cost is reserved before it is sent.

import type { Rates } from '../../../config/catalogue';
import { defaultOutputTokens } from '../../../config/quotaSettings';
import type { Target } from '../../../config/target';
import type { Reservation, TokenRates } from '../accounting/ledger';
import { ratesAbove, ratesOf } from '../accounting/pricing';
import { quotaLimitsOf } from '../accounting/quota';
import { maxTokensPerRequest } from '../core/usage';
import type { Candidate, Exchange } from './context';
import type { Needs } from './inspect';

/** @throws GatewayError over_quota, over_rate, too_many_of_key, revoked_key, storage_failed */
export function admit<T>(exchange: Exchange, { target, account }: Candidate<T>): Promise<Reservation> {
  const { services, config, incoming, facts, plan, day } = exchange;
  const { id, key, startedAt } = incoming;
  const { quota } = config.settings;
  return services.ledger.reserve({
    id,
    key,
    limits: quotaLimitsOf(key, quota, startedAt),
    limitsNow: () => quotaLimitsOf(services.keys.byId(key.id) ?? key, services.config.settings.quota, startedAt),
    input: facts.needs.input,
    output: maxOutputOf(facts.needs),
    defaultOutput: Math.min(outputByDefault(exchange) * facts.needs.answers, maxTokensPerRequest),
    rates: ratesHeld(target, facts.needs, day),
    nanoBeside: searchCostAt(target, facts.needs, day),
    oldSecret: incoming.oldKeyUntil !== undefined,
    open: {
      key: key.id,
      user: key.user,
      tags: key.tags,
      route: plan.route,
      requested: facts.model,
      provider: target.provider,
      account: account.name,
      model: target.model,
      wire_in: incoming.format,
      stream: facts.stream ? 1 : 0,
      started_at: startedAt,
      input_estimate: facts.needs.input,
      max_output: maxOutputOf(facts.needs) ?? null,
    },
  });
}

/** The most output tokens that all answers to a request may have together; undefined where it names no maximum. */
export function maxOutputOf({ output, answers }: Needs): number | undefined {
  return output === undefined ? undefined : Math.min(output * answers, maxTokensPerRequest);
}

/**
 * Nano-USD a token of a request at a target, by the length that it is estimated at. What part of the input is sound, or is
 * written to a cache, only its provider knows: all of it is held at the dearest rate that it may come to.
 * @param day ISO date
 */
export function ratesHeld(target: Target, { input, capabilities, cacheWrite }: Needs, day: string): TokenRates {
  const rates = ratesAbove(ratesOf(target, day), input);
  const sound = capabilities.includes('audio') ? (rates.input_audio ?? 0) : 0;
  return { input: Math.max(rates.input, sound, cacheWriteRate(rates, input, cacheWrite)), output: rates.output };
}

/** Shorter prompts are not written to a cache unasked. Source: OpenAI, "Prompt caching". */
const leastCachedUnasked = 1_024;

// Where writes have one price, whatever their lifetime, the provider decides on them; else a request asks for them.
function cacheWriteRate(rates: Rates, input: number, asked: Needs['cacheWrite']): number {
  const unasked = rates.cache_write_5m === rates.cache_write_1h;
  if (unasked) return input < leastCachedUnasked ? 0 : rates.cache_write_5m;
  return asked === undefined ? 0 : asked === '1h' ? rates.cache_write_1h : rates.cache_write_5m;
}

/** Nano-USD of the searches of the web that a request may have made at a target; 0 where it has none. @param day ISO date */
export function searchCostAt(target: Target, { searches }: Needs, day: string): number {
  return target.capabilities.has('web_search') ? searches * (ratesOf(target, day).base.search ?? 0) : 0;
}

/** Output tokens reserved for one answer to a request that names no maximum, and by which a stream extends what it holds. */
export function outputByDefault({ config }: Exchange): number {
  return config.settings.quota?.default_output_tokens ?? defaultOutputTokens;
}

/** Stands for a reservation where nothing is booked: counting tokens costs nothing. */
export const unbooked: Reservation = {
  output: Infinity,
  headroom: undefined,
  warning: undefined,
  shadowed: [],
  extend: () => Promise.resolve(true),
  reprice: () => Promise.resolve(true),
  settle: () => undefined,
};
