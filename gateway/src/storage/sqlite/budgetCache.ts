// Budgets as the writer knows them: read once, changed in memory, written with the batch. They are believed for as long as
// no other connection has committed.

import type { Budget } from '../admission';
import { type Amounts, type LimitSubject, type LimitWindow, noAmounts } from '../storage';
import type { Sums, Writer } from './statements';

export interface BudgetCache {
  readonly find: (limit: LimitWindow) => Budget;
  /** Writes what has changed since the last call. */
  write(): void;
  forget(): void;
}

/** Budgets kept in memory. A day of 10,000 keys with two limits each. */
const mostBudgets = 20_000;

export function openBudgetCache(sql: Writer): BudgetCache {
  const known = new Map<string, { limit: LimitWindow; budget: Budget }>();
  let changed: { limit: LimitWindow; budget: Budget }[] = [];
  return {
    find(limit) {
      const name = `${limit.window} ${limit.id}`;
      let entry = known.get(name);
      if (entry === undefined) {
        if (known.size >= mostBudgets && changed.length === 0) known.clear();
        entry = { limit, budget: { ...readBudget(sql, limit), dirty: false } };
        known.set(name, entry);
      }
      if (!entry.budget.dirty) changed.push(entry);
      return entry.budget;
    },
    write() {
      for (const { limit, budget } of changed) {
        if (!budget.dirty) continue;
        const { spent, reserved } = budget;
        sql.putBudget.run(limit.id, limit.window, spent.tokens, spent.nano, spent.requests, reserved.tokens, reserved.nano, reserved.requests); // prettier-ignore
        budget.dirty = false;
      }
      changed = [];
    },
    forget() {
      known.clear();
      changed = [];
    },
  };
}

/** A limit's counters from the database, or as they begin. */
export function readBudget(
  sql: Sums & Pick<Writer, 'budget'>,
  limit: LimitWindow,
): { spent: Amounts; reserved: Amounts } {
  const row = sql.budget.get(limit.id, limit.window) as BudgetRow | undefined;
  if (row === undefined) return { spent: usedSince(sql, limit.subject, limit.window), reserved: noAmounts() };
  return {
    spent: { tokens: row.spent_tokens, nano: row.spent_nano, requests: row.spent_requests },
    reserved: { tokens: row.reserved_tokens, nano: row.reserved_nano, requests: row.reserved_requests },
  };
}

// ---

interface BudgetRow {
  spent_tokens: number;
  spent_nano: number;
  spent_requests: number;
  reserved_tokens: number;
  reserved_nano: number;
  reserved_requests: number;
}

const hourMs = 3_600_000;

function usedSince(sql: Sums, subject: LimitSubject, window: number): Amounts {
  if (window % hourMs !== 0) return noAmounts(); // a minute in mid-hour: sums are kept by the hour
  const hour = Math.floor(window / hourMs);
  const [used, held] =
    subject.kind === 'all'
      ? [sql.usedByAll.get(hour), sql.heldByAll.get()]
      : subject.kind === 'key'
        ? [sql.usedByKey.get(hour, subject.name), sql.heldByKey.get(subject.name)]
        : subject.kind === 'user'
          ? [sql.usedByUser.get(hour, subject.name), sql.heldByUser.get(subject.name)]
          : [sql.usedByTag.get(hour, subject.name), sql.heldByTag.get(subject.name)];
  const sums = [used, held] as unknown as Amounts[];
  const sum = (name: keyof Amounts) =>
    Math.min(
      Number.MAX_SAFE_INTEGER,
      Math.max(
        0,
        sums.reduce((total, each) => total + each[name], 0),
      ),
    );
  return { tokens: sum('tokens'), nano: sum('nano'), requests: sum('requests') };
}
