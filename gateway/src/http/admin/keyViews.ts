// What the administration shows of an application key: its settings, today's use, and what its limits have left.

import { windowReset, windowStart } from '../../../../config/calendar';
import type { LimitRule } from '../../../../config/limitRule';
import type { QuotaSettings } from '../../../../config/schema';
import { limitWindows, type QuotaLimit, quotaLimitsOf } from '../../accounting/quota';
import { amountAt, unadjusted } from '../../storage/administration';
import type { BudgetCounters } from '../../storage/entries';
import type { KeyUse, UsageSum } from '../../storage/reports';
import type { KeyRow } from '../../storage/rows';
import type { Storage } from '../../storage/storage';

/** Keys as `GET /admin/keys` shows them. @param now milliseconds since 1970 */
export async function describeKeys(
  rows: readonly KeyRow[],
  storage: Pick<Storage, 'usageOfKeys' | 'usesOfKeys' | 'budgets'>,
  quota: QuotaSettings | undefined,
  now: number,
): Promise<object[]> {
  const limits = rows.map((row) => quotaLimitsOf(row, quota, now));
  const [usage, uses, budgets] = await Promise.all([
    storage.usageOfKeys(windowStart('day', now), now + 1),
    storage.usesOfKeys(),
    storage.budgets(limits.flatMap(limitWindows)),
  ]);
  let next = 0;
  return rows.map((row, i) => {
    const own = limits[i] ?? [];
    const counters = budgets.slice(next, (next += own.length));
    return describeKey(row, { usage: usage.get(row.id), use: uses.get(row.id) }, own, counters, now);
  });
}

/**
 * A key that was minted just now. It has used nothing, so that the ledger is asked for the limits alone that it shares with
 * others: a report would start the thread that reads for them, 10 MB for a minute. @param now milliseconds since 1970
 */
export async function describeNewKey(
  row: KeyRow,
  storage: Pick<Storage, 'budgets'>,
  quota: QuotaSettings | undefined,
  now: number,
): Promise<object> {
  const limits = quotaLimitsOf(row, quota, now);
  const shared = limits.filter(({ subject }) => subject.kind !== 'key');
  const known = shared.length === 0 ? [] : await storage.budgets(limitWindows(shared));
  const counters = limits.map((limit) => known[shared.indexOf(limit)]);
  return describeKey(row, { usage: undefined, use: undefined }, limits, counters, now);
}

// ---

const none = { requests: 0, counted: 0, raw: 0, cost: 0, reserved: 0 };

function describeKey(
  row: KeyRow,
  { usage, use }: { usage: (UsageSum & { readonly reserved: number }) | undefined; use: KeyUse | undefined },
  limits: readonly QuotaLimit[],
  counters: readonly (BudgetCounters | undefined)[],
  now: number,
): object {
  const today = usage ?? none;
  const moment = (at: number | null) => (at === null ? null : new Date(at).toISOString());
  return {
    id: row.id,
    object: 'key',
    label: row.label,
    hint: row.hint,
    user: row.user,
    tags: JSON.parse(row.tags) as string[],
    ...settingsOf(row),
    note: row.note,
    source: row.source,
    expires_at: moment(row.expires_at),
    created_at: moment(row.created_at),
    rotated_at: moment(row.rotated_at),
    last_used_at: moment(use?.last_used_at ?? null),
    old_secret_until: (row.previous_until ?? 0) > now ? moment(row.previous_until) : null,
    old_secret_used_at: moment(use?.old_secret_used_at ?? null),
    revoked_at: moment(row.revoked_at),
    today: {
      tokens: today.counted,
      raw_tokens: today.raw,
      reserved_tokens: today.reserved,
      requests: today.requests,
      cost_usd: today.cost / 1e9,
    },
    limits: limits.map((limit, i) => describeLimit(limit, counters[i], now)),
    resets_at: moment(windowReset('day', now) ?? now),
  };
}

/** A key's own settings in the form in which they are written. */
function settingsOf({ limits, models, routes, parallel }: KeyRow): object {
  const rules = JSON.parse(limits) as LimitRule[];
  const list = (text: string | null) => (text === null ? null : (JSON.parse(text) as string[]));
  const quota = rules.filter(({ short }) => short === undefined);
  const daily = quota.find(({ measure, per, enforce }) => measure === 'tokens' && per === 'day' && enforce);
  const others = quota
    .filter((rule) => rule !== daily)
    .map(({ measure, amount, per, enforce }) => ({ [measure]: shown(measure, amount), per, enforce }));
  const minutes = (name: 'rpm' | 'tpm') => rules.find(({ short }) => short === name)?.amount ?? null;
  return {
    quota:
      quota.length === 0
        ? null
        : {
            ...(daily === undefined ? {} : { daily_tokens: daily.amount }),
            ...(others.length === 0 ? {} : { limits: others }),
          },
    models: list(models),
    routes: list(routes),
    rpm: minutes('rpm'),
    tpm: minutes('tpm'),
    parallel,
  };
}

/** A limit that applies to a key, with its counters: tokens, requests, or dollars. */
function describeLimit(
  { whose, measure, amount: own, rule, resetsAt }: QuotaLimit,
  counters: BudgetCounters | undefined,
  now: number,
): object {
  const name = measure === 'usd' ? 'nano' : measure === 'parallel' ? 'requests' : measure;
  const spent = measure === 'parallel' ? 0 : (counters?.spent[name] ?? 0);
  const reserved = counters?.reserved[name] ?? 0;
  const { toppedUp, override } = counters?.adjustment ?? unadjusted;
  const amount = amountAt({ amount: own }, counters?.adjustment ?? unadjusted, now);
  const isDaily = measure === 'tokens' && rule.per === 'day' && rule.enforce;
  return {
    whose,
    [isDaily ? 'daily_tokens' : measure]: shown(measure, own),
    ...(measure === 'parallel' ? {} : { per: rule.per, enforce: rule.enforce, spent: shown(measure, spent) }),
    ...(toppedUp === 0 ? {} : { topped_up: shown(measure, toppedUp) }),
    ...(override === null || override.until <= now
      ? {}
      : { override: { [measure]: shown(measure, override.amount), until: new Date(override.until).toISOString() } }),
    reserved: shown(measure, reserved),
    remaining: shown(measure, Math.max(0, amount - spent - reserved)),
    resets_at: resetsAt === undefined ? null : new Date(resetsAt).toISOString(),
  };
}

/** Nano-USD as dollars; everything else as it is. */
function shown(measure: QuotaLimit['measure'], amount: number): number {
  return measure === 'usd' ? amount / 1e9 : amount;
}
