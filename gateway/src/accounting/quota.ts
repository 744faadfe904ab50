// The arithmetic of budgets: which ones a request must fit into, and how much of them it takes. Pure.

import { dailyTokens } from '../../../config/limitRule';
import type { QuotaSettings } from '../../../config/schema';
import type { BudgetRow, KeyRow } from '../storage/sqlite/store';

export const dayMs = 86_400_000;

/** Days since 1970 in UTC: budgets reset at 00:00 UTC. */
export function dayOf(now: number): number {
  return Math.floor(now / dayMs);
}

/** One budget that a request is booked in, and the limit it may not pass, if it has one. */
export interface QuotaLimit {
  readonly subject: string;
  readonly limit: number | undefined;
  /** For the refusal: whose limit it is. */
  readonly whose: string;
}

export const poolSubject = 'pool';

/** Every budget a key's request is booked in; all limits hold together. */
export function quotaLimitsOf(key: KeyRow, quota: QuotaSettings | undefined): QuotaLimit[] {
  const own = `key:${key.id}`;
  const ceilings: QuotaLimit[] = [{ subject: own, limit: key.daily_tokens ?? undefined, whose: `key "${key.label}"` }];
  const user = key.owner;
  const shared = dailyTokens(quota);
  const userLimit = user === null ? undefined : dailyTokens(quota?.users[user]);
  if (user !== null) {
    const limit = userLimit ?? (quota?.per_user === true ? shared : undefined);
    ceilings.push({ subject: `user:${user}`, limit, whose: `user "${user}" (key "${key.label}")` });
  } else if (quota?.per_user === true && shared !== undefined) {
    ceilings.push({
      subject: own,
      limit: shared,
      whose: `each user, which key "${key.label}" is by itself`,
    });
  }
  if (quota?.per_user === false && shared !== undefined) {
    ceilings.push({ subject: poolSubject, limit: shared, whose: `all keys together (key "${key.label}")` });
  }
  return ceilings;
}

export interface QuotaRequest {
  /** Estimated input tokens. */
  readonly input: number;
  /** The most output the request asks for; undefined when it names none. */
  readonly output: number | undefined;
  readonly defaultOutput: number;
}

export type Decision =
  | {
      readonly admitted: true;
      readonly reserved: number;
      readonly output: number;
      readonly tightest: Headroom | undefined;
    }
  | { readonly admitted: false; readonly refused: Headroom; readonly wanted: number };

/** What a limited budget has left. */
export interface Headroom {
  readonly ceiling: QuotaLimit;
  readonly limit: number;
  readonly spent: number;
  readonly reserved: number;
  readonly left: number;
}

/** Whether a request fits into all its budgets at once, and how much it takes. */
export function decide(
  wish: QuotaRequest,
  ceilings: readonly QuotaLimit[],
  budgetOf: (subject: string) => BudgetRow,
): Decision {
  const tightest = tightestHeadroom(ceilings, budgetOf);
  if (tightest === undefined) {
    const output = wish.output ?? wish.defaultOutput;
    return { admitted: true, reserved: wish.input + output, output, tightest };
  }
  const output = wish.output ?? Math.max(1, Math.min(wish.defaultOutput, tightest.left - wish.input));
  const wanted = wish.input + output;
  if (wanted > tightest.left) return { admitted: false, refused: tightest, wanted };
  return { admitted: true, reserved: wanted, output, tightest };
}

export function tightestHeadroom(
  ceilings: readonly QuotaLimit[],
  budgetOf: (subject: string) => BudgetRow,
): Headroom | undefined {
  let tightest: Headroom | undefined;
  for (const ceiling of ceilings) {
    if (ceiling.limit === undefined) continue;
    const { spent, reserved } = budgetOf(ceiling.subject);
    const left = ceiling.limit - spent - reserved;
    if (tightest === undefined || left < tightest.left)
      tightest = { ceiling, limit: ceiling.limit, spent, reserved, left };
  }
  return tightest;
}

/** Milliseconds until budgets reset. */
export function untilReset(now: number): number {
  return dayMs - (now % dayMs);
}
