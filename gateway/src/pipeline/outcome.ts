// How a request ended, what is booked for it, and its record.

import {
  costOf,
  countedTokens,
  type NamedRates,
  nameRates,
  rawTokens,
  ratesOf,
  type TargetRates,
  uncachedCost,
} from '../accounting/pricing';
import type { Target } from '../../../config/target';
import type { Reservation } from '../accounting/ledger';
import type { Pace, RequestRecord } from '../accounting/record';
import { type ErrorCode, GatewayError } from '../core/errors';
import { noUsage, saturatingAdd, type Usage } from '../core/usage';
import type { Outcome } from '../storage/rows';
import { maxOutputOf } from './admit';
import { ClientGone } from './clientConnection';
import type { Candidate, Exchange } from './context';
import { clientProgram } from './clientProgram';
import { sessionOf } from './session';
import type { Needs } from './inspect';
import type { ResponseProgress } from './responseProgress';

/**
 * The record of a request that has ended.
 * @param first the candidate it was admitted for
 * @param failure what went wrong; undefined where nothing did
 * @param reservation what it held: output tokens, and the shadow limits that would have refused it
 * @param now milliseconds since 1970
 */
export function recordOf<T>(
  exchange: Exchange,
  first: Candidate<T>,
  progress: ResponseProgress,
  failure: unknown,
  { output: reserved, shadowed }: Pick<Reservation, 'output' | 'shadowed'>,
  now: number,
): RequestRecord {
  const { services, incoming, facts, plan, day } = exchange;
  const outcome = outcomeOf(failure, progress);
  const { usage, estimated } = bookedUsage(exchange, progress, outcome, isCut(failure, progress), { reserved, now });
  const target = progress.target ?? first.target;
  const rates = ratesOf(target, day);
  const { id: ratesId, json } = nameRates(rates);
  const paid = paidFor(exchange, progress, usage, rates);
  const { uncached, dearest, dearestCost, dearestRates } = comparisons(exchange, usage, rates, paid.cost);
  const cause = failure instanceof GatewayError ? failure : (progress.failure ?? failure);
  return {
    row: {
      id: incoming.id,
      instance: services.instance,
      kind: 'request',
      corrects: null,
      key: incoming.key.id,
      user: incoming.key.user,
      tags: incoming.key.tags,
      session: sessionOf(incoming.headers, facts.session) ?? null,
      client: clientProgram(incoming.headers['user-agent']) ?? null,
      end_user: facts.endUser ?? null,
      address: incoming.address,
      app_title: null,
      route: plan.route,
      requested: facts.model,
      provider: target.provider,
      account: (progress.account ?? first.account).name,
      model: target.model,
      wire_in: incoming.format,
      wire_out: progress.format ?? null,
      stream: facts.stream ? 1 : 0,
      started_at: incoming.startedAt,
      first_byte_at: progress.firstByteAt ?? null,
      first_token_at: progress.firstTokenAt ?? null,
      ended_at: now,
      status: progress.status,
      outcome,
      error: cause instanceof GatewayError && outcome !== 'ok' ? cause.code : null,
      attempts: JSON.stringify(progress.attempts),
      input_estimate: facts.needs.input,
      max_output: maxOutputOf(facts.needs) ?? null,
      needs: facts.needs.capabilities.length === 0 ? '[]' : JSON.stringify(facts.needs.capabilities),
      prefix_hash: null,
      // Named one by one: a spread within so large a literal costs 2 µs more than the literal.
      input: usage.input,
      cache_read: usage.cacheRead,
      cache_write_5m: usage.cacheWrite5m,
      cache_write_1h: usage.cacheWrite1h,
      output: usage.output,
      reasoning: usage.reasoning,
      audio: usage.inputAudio ?? 0,
      searches: usage.searches ?? 0,
      counted: paid.counted,
      raw: paid.raw,
      cost: paid.cost,
      provider_cost: null,
      rates: ratesId,
      estimated: estimated ? 1 : 0,
      dropped: progress.dropped.length === 0 ? '[]' : JSON.stringify(progress.dropped),
      shadowed: shadowed.length === 0 ? '[]' : JSON.stringify(shadowed),
      uncached,
      dearest,
      dearest_rates: dearestRates?.id ?? null,
      dearest_cost: dearestCost,
      hash: null,
    },
    rates: json,
    dearestRates: dearestRates?.json,
    usage,
    pace: outcome === 'ok' && !estimated ? paceOf(facts.needs, progress, usage, now) : undefined,
    keyLabel: incoming.key.label,
    oldKey: incoming.oldKeyUntil !== undefined,
    strategy: plan.strategy,
    attempts: progress.attempts.length,
    dropped: progress.dropped,
    lost: progress.lost,
    repaired: progress.repaired,
    warning: plan.warning,
    failure: outcome === 'ok' ? undefined : cause,
  };
}

/**
 * Nano-USD of an answer that has come whole, as it will be booked; undefined where its provider has not said what it used.
 */
export function costOfAnswer(exchange: Exchange, progress: ResponseProgress): number | undefined {
  const used = toldUsage(progress.usage);
  const { target } = progress;
  if (used?.input === undefined || used.output === undefined || used.incomplete === true) return undefined;
  if (target === undefined) return undefined;
  return paidFor(exchange, progress, { ...noUsage, ...used }, ratesOf(target, exchange.day)).cost;
}

// ---

/** Failures by which the gateway itself ends an answer that its provider goes on with. */
const cutByUs: ReadonlySet<ErrorCode> = new Set(['draining', 'revoked_key', 'expired_key']);

/** Failures of a request that its provider had, if it took all of it, without an answer that began: it may have been at work. */
const silences: ReadonlySet<ErrorCode> = new Set(['upstream_timeout', 'upstream_died']);

// An answer is also cut where the memory for it, or for its events, is taken; and where the wait for its first byte ends.
function isCut(failure: unknown, { firstByteAt, delivered }: ResponseProgress): boolean {
  if (!(failure instanceof GatewayError)) return false;
  if (firstByteAt === undefined && delivered && silences.has(failure.code)) return true;
  return cutByUs.has(failure.code) || (failure.code === 'overloaded' && firstByteAt !== undefined);
}

function outcomeOf(failure: unknown, progress: ResponseProgress): Outcome {
  // Some clients hang up on the last event, without waiting for the stream's end.
  if (failure instanceof ClientGone)
    return progress.failure !== undefined ? 'error' : progress.complete ? 'ok' : 'client_gone';
  if (failure instanceof GatewayError) {
    if (failure.code === 'over_quota') return 'over_quota';
    if (isCut(failure, progress)) return 'error';
    if (failure.code === 'request_timeout' && progress.begun) return 'client_gone'; // it has stopped reading
    return progress.begun && progress.failure === undefined ? 'upstream_died' : 'error';
  }
  if (failure !== undefined || progress.failure !== undefined) return 'error';
  return 'ok';
}

const mayBeCharged: ReadonlySet<Outcome> = new Set(['ok', 'client_gone', 'over_quota', 'upstream_died']);

// What is booked: what the provider reported; else, once it had the request, our estimate. An error costs nothing, unless
// content came before it, or the provider says what it charges; an answer that was cut while the provider made it is paid for.
function bookedUsage(
  exchange: Exchange,
  progress: ResponseProgress,
  outcome: Outcome,
  cut: boolean,
  { reserved, now }: { readonly reserved: number; readonly now: number },
): { usage: Usage; estimated: boolean } {
  const { firstByteAt } = progress;
  const reported = toldUsage(progress.usage);
  const complete = reported?.input !== undefined && reported.output !== undefined && reported.incomplete !== true;
  if ((outcome === 'ok' || progress.complete) && complete)
    return { usage: { ...noUsage, ...reported }, estimated: false };
  // An attempt is noted when its answer begins: before that, the last one is of another target.
  const refused = firstByteAt !== undefined && (progress.attempts.at(-1)?.status ?? 0) >= 400;
  const working = cut && (progress.begun || progress.failure === undefined);
  const sent =
    firstByteAt !== undefined ? !refused : progress.sentAt !== undefined && (working || outcome === 'client_gone');
  if (!sent || !(working || mayBeCharged.has(outcome) || progress.firstTokenAt !== undefined))
    return { usage: noUsage, estimated: false };
  // A stream that broke off has reported its input at most, and its output so far at best. Of one that was left or cut the
  // provider was made to write more than was seen.
  const written = progress.estimatedOutput;
  const left = working || outcome === 'client_gone';
  const made = left ? Math.max(1, written + unseenOutput(exchange, progress, now)) : 0;
  const toldOutput = reported?.output ?? 0;
  const isFinal = progress.complete && toldOutput > 0;
  const output = isFinal ? toldOutput : Math.max(toldOutput, written, Math.min(made, reserved));
  const { input } = exchange.facts.needs;
  const { incomplete, ...told } = { ...noUsage, input, ...reported };
  const counted = incomplete === true && told.input === 0 ? input : told.input;
  return { usage: { ...told, input: counted, output }, estimated: true };
}

// The answer's sums, with those of answers that failed before it and that their providers charge for.
function paidFor(
  { config }: Pick<Exchange, 'config'>,
  { attempts }: ResponseProgress,
  usage: Usage,
  rates: TargetRates,
): { counted: number; raw: number; cost: number } {
  const count = config.settings.quota?.count ?? 'weighted';
  const sums = { counted: countedTokens(usage, count), raw: rawTokens(usage), cost: costOf(usage, rates) };
  for (const { usage: used, cost = 0 } of attempts) {
    if (used === undefined) continue;
    sums.counted = saturatingAdd(sums.counted, countedTokens(used, count));
    sums.raw = saturatingAdd(sums.raw, rawTokens(used));
    sums.cost = saturatingAdd(sums.cost, cost);
  }
  return sums;
}

interface Comparisons {
  readonly uncached: number;
  readonly dearest: string | null;
  readonly dearestCost: number;
  readonly dearestRates?: NamedRates;
}

// What the same tokens would have cost without a cache, and at the dearest candidate that could have taken the request. Other
// models count and write other numbers of tokens: what those would have been, nobody knows. Answers that failed before count
// at what they cost.
function comparisons({ plan, day }: Exchange, usage: Usage, rates: TargetRates, cost: number): Comparisons {
  const beside = cost - costOf(usage, rates);
  const uncached = saturatingAdd(beside, uncachedCost(usage, rates));
  if (plan.targets.length < 2) return { uncached, dearest: null, dearestCost: cost };
  let most = -1;
  let dearest: Target | undefined;
  for (const target of plan.targets) {
    const there = costOf(usage, ratesOf(target, day));
    if (there <= most) continue;
    most = there;
    dearest = target;
  }
  if (dearest === undefined) return { uncached, dearest: null, dearestCost: cost };
  const dearestRates = nameRates(ratesOf(dearest, day));
  return { uncached, dearest: dearest.label, dearestCost: saturatingAdd(beside, most), dearestRates };
}

// No prompt has no token: a host that reports zeros has not counted.
function toldUsage(reported: Partial<Usage> | undefined): Partial<Usage> | undefined {
  if (reported?.input !== 0) return reported;
  const { input, ...others } = reported;
  const { cacheRead = 0, cacheWrite5m = 0, cacheWrite1h = 0 } = others;
  return input + cacheRead + cacheWrite5m + cacheWrite1h > 0 ? reported : others;
}

/** Share of its time that an answer may have waited for its client, and still tell how fast its provider is. */
const mostWaited = 0.1;

// Who reads slowly holds the provider back: that must not make hang-ups of others cheap.
function paceOf(
  { answers }: Needs,
  { sentAt, waitedMs }: ResponseProgress,
  { output }: Usage,
  now: number,
): Pace | undefined {
  if (sentAt === undefined || waitedMs > mostWaited * (now - sentAt)) return undefined;
  return { tokens: output / answers, ms: now - sentAt };
}

// Output that a provider has made and nobody has seen, by the time it had for it: that of a model which thinks before it
// speaks, until it spoke; and that of every model whose answer comes whole. Of a model that is not in the catalogue nobody knows
// that it does not think: `capabilities` of the configuration tell what to send to it.
function unseenOutput({ services, facts }: Exchange, progress: ResponseProgress, now: number): number {
  const { sentAt, target, firstTokenAt } = progress;
  if (sentAt === undefined || target === undefined || progress.complete) return 0;
  if (facts.stream && target.row !== undefined && !target.capabilities.has('reasoning')) return 0;
  const until = facts.stream ? (firstTokenAt ?? now) : now;
  return facts.needs.answers * services.speed.tokensIn(target.label, until - sentAt); // several are written at once
}
