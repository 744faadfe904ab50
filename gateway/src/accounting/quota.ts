// Which limits a key's request must fit into, and what is said where it does not. What fits is decided by the storage,
// within the transaction that reserves (storage/admission.ts).

import { windowReset, windowStart } from '../../../config/calendar';
import { type LimitRule, writtenRules } from '../../../config/limitRule';
import type { QuotaSettings } from '../../../config/schema';
import { GatewayError } from '../core/errors';
import type { KeyRow, LimitState, LimitSubject, LimitWindow } from '../storage/storage';

/** A limit that a request falls under, with the words for a refusal. */
export interface QuotaLimit extends LimitWindow {
  readonly rule: LimitRule;
  /** Whose limit it is. */
  readonly whose: string;
  /** When its window ends, milliseconds since 1970; undefined for `lifetime`. */
  readonly resetsAt: number | undefined;
}

/** What is left of a limit after a reservation, for the answer's headers. */
export interface Headroom {
  readonly limit: QuotaLimit;
  readonly left: number;
}

/**
 * Every limit that a key's request must fit into at a moment: the key's own, its user's, and everybody's.
 * @param now milliseconds since 1970
 */
export function quotaLimitsOf(key: KeyRow, quota: QuotaSettings | undefined, now: number): readonly QuotaLimit[] {
  const known = remembered.get(key);
  if (known !== undefined && known.quota === quota && now >= known.from && now < known.until) return known.limits;
  const limits = limitsOf(key, quota, now);
  const until = Math.min(...limits.map((limit) => limit.resetsAt ?? Infinity));
  remembered.set(key, { quota, from: now, until, limits });
  return limits;
}

/** Limits as the storage is asked about them. */
export function limitWindows(limits: readonly QuotaLimit[]): readonly LimitWindow[] {
  let plain = windows.get(limits);
  if (plain === undefined) {
    plain = limits.map(({ id, subject, measure, window, amount }) => ({ id, subject, measure, window, amount }));
    windows.set(limits, plain);
  }
  return plain;
}

/**
 * Limits of an open request with the amounts of today: one that was lowered refuses more, one that was raised lets more in.
 * One that no longer applies to its key keeps its amount, since the request still counts in it.
 */
export function withAmountsOf(admitted: readonly QuotaLimit[], current: readonly QuotaLimit[]): readonly QuotaLimit[] {
  if (current === admitted) return admitted;
  return admitted.map((limit) => current.find(({ id, window }) => id === limit.id && window === limit.window) ?? limit);
}

/** The refusal of a request that does not fit. @param now milliseconds since 1970 */
export function overQuota(limit: QuotaLimit, state: LimitState, wanted: number, now: number): GatewayError {
  const { spent, reserved, left } = state;
  const reset = limit.resetsAt === undefined ? '' : ` It resets at ${new Date(limit.resetsAt).toISOString()}.`;
  const held = reserved > 0 ? ` and ${amount(limit, reserved)} held by requests in flight` : '';
  return new GatewayError('over_quota', {
    message:
      `${titles[limit.rule.per]} ${names[limit.measure]} quota reached for ${limit.whose}: ${amount(limit, spent)} of ${amount(limit, limit.amount)} ${units[limit.measure]} spent${held}, ` +
      `this request needs ${amount(limit, wanted)}.${reset}${left > 0 && limit.measure !== 'requests' ? ' A lower maximum of output tokens may fit.' : ''}`,
    headers: {
      'retry-after': String(secondsUntilReset(limit, now)),
      ...rateLimitHeaders({ limit, left }, now),
    },
  });
}

/** `x-ratelimit-*` as OpenAI's clients read them. Source: https://platform.openai.com/docs/guides/rate-limits */
export function rateLimitHeaders({ limit, left }: Headroom, now: number): Record<string, string> {
  const unit = limit.measure === 'requests' ? 'requests' : 'tokens';
  if (limit.measure === 'usd') return {};
  return {
    [`x-ratelimit-limit-${unit}`]: String(limit.amount),
    [`x-ratelimit-remaining-${unit}`]: String(Math.max(0, left)),
    [`x-ratelimit-reset-${unit}`]: `${secondsUntilReset(limit, now)}s`,
  };
}

// ---

const windows = new WeakMap<readonly QuotaLimit[], readonly LimitWindow[]>();

// Limits are the same for all requests of a key until a window ends or the settings change.
const remembered = new WeakMap<
  KeyRow,
  { quota: QuotaSettings | undefined; from: number; until: number; limits: readonly QuotaLimit[] }
>();

const titles = { minute: 'Minute', day: 'Daily', week: 'Weekly', month: 'Monthly', lifetime: 'Lifetime' } as const;
const names = { tokens: 'token', usd: 'dollar', requests: 'request' } as const;
const units = { tokens: 'tokens', usd: 'USD', requests: 'requests' } as const;

function limitsOf(key: KeyRow, quota: QuotaSettings | undefined, now: number): QuotaLimit[] {
  const rules = (budget: Parameters<typeof writtenRules>[0]) =>
    writtenRules(budget)
      .map(({ rule }) => rule)
      .filter((rule) => rule.enforce);
  const limits = (whose: string, name: string, subject: LimitSubject, all: readonly LimitRule[]): QuotaLimit[] =>
    all.map((rule) => ({
      id: `${name} ${rule.measure} ${rule.per}`,
      subject,
      measure: rule.measure,
      window: windowStart(rule.per, now),
      amount: rule.amount,
      rule,
      whose,
      resetsAt: windowReset(rule.per, now),
    }));
  const byKey: LimitSubject = { kind: 'key', name: key.id };
  const shared = rules(quota);
  const found = limits(`key "${key.label}"`, `key:${key.id}`, byKey, JSON.parse(key.limits) as LimitRule[]);
  if (key.user !== null) {
    const own = rules(quota?.users[key.user]);
    const subject: LimitSubject = { kind: 'user', name: key.user };
    const applied = own.length > 0 ? own : quota?.per_user === true ? shared : [];
    found.push(...limits(`user "${key.user}" (key "${key.label}")`, `user:${key.user}`, subject, applied));
  } else if (quota?.per_user === true) {
    const whose = `each user, which key "${key.label}" is by itself`;
    found.push(...limits(whose, `user-of-key:${key.id}`, byKey, shared));
  }
  if (quota?.per_user === false)
    found.push(...limits(`all keys together (key "${key.label}")`, 'all', { kind: 'all' }, shared));
  return found;
}

function amount({ measure }: Pick<QuotaLimit, 'measure'>, value: number): string {
  return measure === 'usd' ? `$${(value / 1e9).toFixed(6)}` : String(value);
}

function secondsUntilReset({ resetsAt }: QuotaLimit, now: number): number {
  return resetsAt === undefined ? 86_400 : Math.ceil((resetsAt - now) / 1_000);
}
