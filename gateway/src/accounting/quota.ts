// Which limits a key's request must fit into. What fits is decided by the storage, within the transaction that reserves
// (storage/admission.ts).

import { windowReset, windowStart } from '../../../config/calendar';
import { ownValue } from '../../../config/forms';
import { type LimitRule, writtenRules } from '../../../config/limitRule';
import type { QuotaSettings } from '../../../config/schema';
import { amountAt, unadjusted } from '../storage/administration';
import { type BudgetCounters, isSameWindow, type LimitSubject, type LimitWindow } from '../storage/entries';
import type { KeyRow } from '../storage/rows';

/** A limit that a request falls under, with the words for a refusal. */
export interface QuotaLimit extends LimitWindow {
  readonly rule: LimitRule | ParallelRule;
  /** Whose limit it is. */
  readonly whose: string;
  /** When its window ends, milliseconds since 1970; undefined for `lifetime`. */
  readonly resetsAt: number | undefined;
}

/** A key's `parallel`: requests in flight, whatever the period. */
export interface ParallelRule {
  readonly measure: 'parallel';
  readonly amount: number;
  readonly per: 'lifetime';
  readonly enforce: true;
}

/** What is left of a limit after a reservation, for the answer's headers. */
export interface Headroom {
  readonly limit: QuotaLimit;
  readonly left: number;
  /** What may be spent and reserved now: the limit's own amount, or what the administration put in its place. */
  readonly amount: number;
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

/** Whether a limit is one on what may be spent, which is enforced; not a rate by the minute, and not requests in flight. */
export function isBudget({ rule, shadow }: QuotaLimit): boolean {
  return rule.measure !== 'parallel' && rule.per !== 'minute' && shadow !== true;
}

/** How much of a budget is spent, in per cent. What is reserved may come back. @param now milliseconds since 1970 */
export function percentSpent(limit: QuotaLimit, counters: BudgetCounters | undefined, now: number): number {
  if (limit.measure === 'parallel' || counters === undefined) return 0;
  const spent = counters.spent[limit.measure === 'usd' ? 'nano' : limit.measure];
  return (100 * spent) / Math.max(1, amountAt(limit, counters.adjustment ?? unadjusted, now));
}

/** Limits as the storage is asked about them. */
export function limitWindows(limits: readonly QuotaLimit[]): readonly LimitWindow[] {
  let plain = windows.get(limits);
  if (plain === undefined) {
    plain = limits.map(({ id, subject, measure, window, amount, shadow }) => ({
      id,
      subject,
      measure,
      window,
      amount,
      ...(shadow === true ? { shadow } : {}),
    }));
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
  return admitted.map((limit) => current.find((each) => isSameWindow(each, limit)) ?? limit);
}

/** What a limit is called: `monthly dollar`. */
export function titleOf({ rule, measure }: QuotaLimit): string {
  return `${titles[rule.per]} ${names[measure]}`;
}

/** An amount as people read it: dollars with six decimals. */
export function amountText({ measure }: Pick<QuotaLimit, 'measure'>, value: number): string {
  return measure === 'usd' ? `$${(value / 1e9).toFixed(6)}` : String(value);
}

/** Whole seconds until a window ends; a day for what never resets. @param now milliseconds since 1970 */
export function secondsUntilReset({ resetsAt }: QuotaLimit, now: number): number {
  return resetsAt === undefined ? 86_400 : Math.ceil((resetsAt - now) / 1_000);
}

// ---

const windows = new WeakMap<readonly QuotaLimit[], readonly LimitWindow[]>();

// Limits are the same for all requests of a key until a window ends or the settings change.
const remembered = new WeakMap<
  KeyRow,
  { quota: QuotaSettings | undefined; from: number; until: number; limits: readonly QuotaLimit[] }
>();

const titles = { minute: 'minute', day: 'daily', week: 'weekly', month: 'monthly', lifetime: 'lifetime' } as const;
const names = { tokens: 'token', usd: 'dollar', requests: 'request', parallel: 'request' } as const;

function limitsOf(key: KeyRow, quota: QuotaSettings | undefined, now: number): QuotaLimit[] {
  const rules = (budget: Parameters<typeof writtenRules>[0]) => writtenRules(budget).map(({ rule }) => rule);
  const limits = (
    whose: string,
    name: string,
    subject: LimitSubject,
    all: readonly QuotaLimit['rule'][],
  ): QuotaLimit[] =>
    all.map((rule) => ({
      // A shadow counts apart from the limit of the same kind that is enforced.
      id: `${name} ${rule.measure} ${rule.per}${rule.enforce ? '' : ' shadow'}`,
      subject,
      measure: rule.measure,
      window: windowStart(rule.per, now),
      amount: rule.amount,
      ...(rule.enforce ? {} : { shadow: true }),
      rule,
      whose,
      resetsAt: windowReset(rule.per, now),
    }));
  const byKey: LimitSubject = { kind: 'key', name: key.id };
  const shared = rules(quota);
  const own: QuotaLimit['rule'][] = JSON.parse(key.limits) as LimitRule[];
  if (key.parallel !== null) own.push({ measure: 'parallel', amount: key.parallel, per: 'lifetime', enforce: true });
  const found = limits(`key "${key.label}"`, `key:${key.id}`, byKey, own);
  if (key.user !== null) {
    const usersOwn = rules(quota?.users[key.user]);
    const subject: LimitSubject = { kind: 'user', name: key.user };
    const applied = usersOwn.length > 0 ? usersOwn : quota?.per_user === true ? shared : [];
    found.push(...limits(`user "${key.user}" (key "${key.label}")`, `user:${key.user}`, subject, applied));
  } else if (quota?.per_user === true) {
    const whose = `each user, which key "${key.label}" is by itself`;
    found.push(...limits(whose, `user-of-key:${key.id}`, byKey, shared));
  }
  for (const tag of tagsOf(key)) {
    const subject: LimitSubject = { kind: 'tag', name: tag };
    found.push(
      ...limits(`tag "${tag}" (key "${key.label}")`, `tag:${tag}`, subject, rules(ownValue(quota?.tags ?? {}, tag))),
    );
  }
  if (quota?.per_user === false)
    found.push(...limits(`all keys together (key "${key.label}")`, 'all', { kind: 'all' }, shared));
  return found;
}

/** The key's tags, each once. */
function tagsOf({ tags }: KeyRow): string[] {
  return tags === '[]' ? [] : [...new Set(JSON.parse(tags) as string[])];
}
