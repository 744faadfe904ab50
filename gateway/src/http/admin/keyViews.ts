// What the administration shows of an application key: its settings, today's use, and what its limits have left.

import { windowReset, windowStart } from '../../../../config/calendar';
import type { LimitRule } from '../../../../config/limitRule';
import type { QuotaSettings } from '../../../../config/schema';
import { limitWindows, type QuotaLimit, quotaLimitsOf } from '../../accounting/quota';
import type { BudgetCounters, KeyRow, Storage, UsageSum } from '../../storage/storage';

/** Keys as `GET /admin/keys` shows them. @param now milliseconds since 1970 */
export async function describeKeys(
  rows: readonly KeyRow[],
  storage: Pick<Storage, 'usageOfKeys' | 'budgets'>,
  quota: QuotaSettings | undefined,
  now: number,
): Promise<object[]> {
  const limits = rows.map((row) => quotaLimitsOf(row, quota, now));
  const [usage, budgets] = await Promise.all([
    storage.usageOfKeys(windowStart('day', now), now + 1),
    storage.budgets(limits.flatMap(limitWindows)),
  ]);
  let next = 0;
  return rows.map((row, i) => {
    const own = limits[i] ?? [];
    const counters = budgets.slice(next, (next += own.length));
    return describeKey(row, usage.get(row.id), own, counters, now);
  });
}

// ---

const none = { requests: 0, counted: 0, raw: 0, cost: 0, reserved: 0 };

function describeKey(
  row: KeyRow,
  usage: (UsageSum & { readonly reserved: number }) | undefined,
  limits: readonly QuotaLimit[],
  counters: readonly BudgetCounters[],
  now: number,
): object {
  const today = usage ?? none;
  const moment = (at: number | null) => (at === null ? null : new Date(at).toISOString());
  const daily = (JSON.parse(row.limits) as LimitRule[]).find((rule) => rule.measure === 'tokens' && rule.per === 'day');
  return {
    id: row.id,
    object: 'key',
    label: row.label,
    hint: row.hint,
    user: row.user,
    quota: daily === undefined ? null : { daily_tokens: daily.amount },
    source: row.source,
    expires_at: moment(row.expires_at),
    created_at: moment(row.created_at),
    rotated_at: moment(row.rotated_at),
    old_secret_until: (row.previous_until ?? 0) > now ? moment(row.previous_until) : null,
    revoked_at: moment(row.revoked_at),
    today: {
      tokens: today.counted,
      raw_tokens: today.raw,
      reserved_tokens: today.reserved,
      requests: today.requests,
      cost_usd: today.cost / 1e9,
    },
    limits: limits.map(({ whose, amount }, i) => {
      const { spent, reserved } = counters[i] ?? {};
      return {
        whose,
        daily_tokens: amount,
        remaining: Math.max(0, amount - (spent?.tokens ?? 0) - (reserved?.tokens ?? 0)),
      };
    }),
    resets_at: moment(windowReset('day', now) ?? now),
  };
}
