// What an answer's headers say of limits: what is left of the tightest one, and a warning once most of a budget is spent.

import type { Dialect } from '../core/errorBody';
import { amountText, type Headroom, type QuotaLimit, secondsUntilReset, titleOf } from './quota';

/** A budget of which most is spent. */
export interface BudgetWarning {
  readonly limit: QuotaLimit;
  readonly spent: number;
  /** What may be spent in all now. */
  readonly amount: number;
}

/** Parts of a budget from which on clients are warned, the highest first. */
export const warnedFrom = [0.95, 0.75] as const;

/**
 * Names and values in turn: `x-ratelimit-*` as OpenAI's clients read them, and Anthropic's own for its clients. A provider's
 * never stand beside them.
 * Sources: https://platform.openai.com/docs/guides/rate-limits, https://docs.claude.com/en/api/rate-limits (2026-11)
 */
export function rateLimitHeaders({ limit, left, amount }: Headroom, now: number, dialect?: Dialect): string[] {
  if (limit.measure !== 'requests' && limit.measure !== 'tokens') return [];
  const { openai, anthropic } = rateLimitNames[limit.measure];
  const remaining = String(Math.max(0, left));
  const reset = `${secondsUntilReset(limit, now)}s`;
  const list = [openai.limit, String(amount), openai.remaining, remaining, openai.reset, reset];
  if (dialect !== 'anthropic') return list;
  list.push(anthropic.limit, String(amount), anthropic.remaining, remaining);
  if (limit.resetsAt !== undefined) list.push(anthropic.reset, new Date(limit.resetsAt).toISOString());
  return list;
}

/**
 * The warning in words, and for Anthropic's clients in the headers of its subscriptions, whose windows are of five hours and
 * of seven days: a budget by the day is told as the first, a longer one as the second.
 * Source: Claude Code 2.1.330, which reads `anthropic-ratelimit-unified-*`.
 */
export function warningHeaders(warning: BudgetWarning, dialect: Dialect): Record<string, string> {
  const { limit, spent, amount } = warning;
  const used = spent / amount;
  const reset = limit.resetsAt === undefined ? '' : `; it resets at ${new Date(limit.resetsAt).toISOString()}`;
  const headers: Record<string, string> = {
    'x-ovth-budget': `${Math.floor(used * 100)}% of the ${titleOf(limit)} quota for ${limit.whose} is spent: ${amountText(limit, spent)} of ${amountText(limit, amount)}${reset}`,
  };
  if (dialect !== 'anthropic') return headers;
  return Object.assign(headers, subscriptionHeaders(limit, 'allowed_warning', used));
}

/**
 * A budget as Anthropic tells a subscription's; nothing for one that never resets.
 * @param used part of it that is spent
 */
export function subscriptionHeaders(
  { rule, resetsAt }: QuotaLimit,
  status: 'allowed_warning' | 'rejected',
  used: number,
): Record<string, string> {
  if (resetsAt === undefined) return {};
  const [claim, short] = rule.per === 'day' ? ['five_hour', '5h'] : ['seven_day', '7d'];
  const reset = String(Math.floor(resetsAt / 1_000));
  const prefix = 'anthropic-ratelimit-unified';
  return {
    [`${prefix}-status`]: status,
    [`${prefix}-reset`]: reset,
    [`${prefix}-representative-claim`]: claim,
    [`${prefix}-${short}-utilization`]: String(Math.min(1, Math.floor(used * 100) / 100)),
    [`${prefix}-${short}-reset`]: reset,
    [`${prefix}-${short}-surpassed-threshold`]: String(warnedFrom.find((part) => used >= part) ?? 1),
  };
}

/** Of the budgets that were seen to be mostly spent, the one with the least left, in parts. */
export function warningOf(seen: readonly BudgetWarning[]): BudgetWarning | undefined {
  let most: BudgetWarning | undefined;
  for (const each of seen) if (most === undefined || each.spent / each.amount > most.spent / most.amount) most = each;
  return most;
}

// ---

/** Written out once: a name that is put together is looked up anew each time. */
const rateLimitNames = { requests: namesFor('requests'), tokens: namesFor('tokens') } as const;

function namesFor(unit: string) {
  return {
    openai: {
      limit: `x-ratelimit-limit-${unit}`,
      remaining: `x-ratelimit-remaining-${unit}`,
      reset: `x-ratelimit-reset-${unit}`,
    },
    anthropic: {
      limit: `anthropic-ratelimit-${unit}-limit`,
      remaining: `anthropic-ratelimit-${unit}-remaining`,
      reset: `anthropic-ratelimit-${unit}-reset`,
    },
  } as const;
}
