// Budgets as the writer knows them: read once, changed in memory, written with the batch. They are believed for as long as
// no other connection has committed.

import type { Budget } from '../admission';
import type { LimitAdjustment } from '../administration';
import { type Amounts, type LimitWindow, noAmounts } from '../entries';
import { type Adjustments, readAdjustment } from './administrationStatements';
import type { Sums, Writer } from './statements';

export interface BudgetCache {
  readonly find: (limit: LimitWindow) => Budget;
  /** Writes what has changed since the last call. */
  write(): void;
  forget(): void;
}

/** Budgets kept in memory between batches. A day of 10,000 keys with two limits each. */
const mostBudgets = 20_000;

/** @param settleSums writes what sums wait to be written: a budget begins with them */
export function openBudgetCache(sql: Writer, settleSums: () => void): BudgetCache {
  const known = new Map<string, { limit: LimitWindow; budget: Budget }>();
  let changed: { limit: LimitWindow; budget: Budget }[] = [];
  return {
    find(limit) {
      const name = `${limit.window} ${limit.id}`;
      let entry = known.get(name);
      if (entry === undefined) {
        const stored = storedBudget(sql, limit);
        if (stored === undefined) settleSums();
        // A budget that begins is written even where it refuses: what is remembered is what the database says, and a client
        // that is refused again and again does not have it summed each time.
        const dirty = stored === undefined;
        const counters = withAdjustment(sql, limit, stored ?? newBudget(sql, limit));
        known.set(name, (entry = { limit, budget: { ...counters, dirty } }));
        if (dirty) changed.push(entry);
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
      if (known.size > mostBudgets) known.clear();
    },
    forget() {
      known.clear();
      changed = [];
    },
  };
}

/** A limit's counters from the database, or as they begin. */
export function readBudget(sql: Sums & Adjustments & Pick<Writer, 'budget'>, limit: LimitWindow): Counters {
  return withAdjustment(sql, limit, storedBudget(sql, limit) ?? newBudget(sql, limit));
}

// ---

interface Counters {
  spent: Amounts;
  reserved: Amounts;
  readonly adjustment?: LimitAdjustment;
}

interface BudgetRow {
  spent_tokens: number;
  spent_nano: number;
  spent_requests: number;
  reserved_tokens: number;
  reserved_nano: number;
  reserved_requests: number;
}

const hourMs = 3_600_000;

// The sums by month are few: a limit that counts for good would else sum every hour there was.
function beginsMonth(window: number): boolean {
  const date = new Date(window);
  return window === Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
}

function withAdjustment(sql: Adjustments, { id }: LimitWindow, counters: Counters): Counters {
  const adjustment = readAdjustment(sql, id);
  return adjustment === undefined ? counters : { ...counters, adjustment };
}

function storedBudget(sql: Pick<Writer, 'budget'>, limit: LimitWindow): Counters | undefined {
  const row = sql.budget.get(limit.id, limit.window) as BudgetRow | undefined;
  return row === undefined
    ? undefined
    : {
        spent: { tokens: row.spent_tokens, nano: row.spent_nano, requests: row.spent_requests },
        reserved: { tokens: row.reserved_tokens, nano: row.reserved_nano, requests: row.reserved_requests },
      };
}

function newBudget(sql: Sums, { id, window, subject, measure }: LimitWindow): Counters {
  const { hours, months, held } = {
    all: { hours: sql.usedByAll, months: sql.monthsOfAll, held: sql.heldByAll },
    key: { hours: sql.usedByKey, months: sql.monthsOfKey, held: sql.heldByKey },
    user: { hours: sql.usedByUser, months: sql.monthsOfUser, held: sql.heldByUser },
    tag: { hours: sql.usedByTag, months: sql.monthsOfTag, held: sql.heldByTag },
  }[subject.kind];
  const used = beginsMonth(window) ? months : hours;
  const name = subject.kind === 'all' ? '' : subject.name;
  const open = held.all(id, window, name) as unknown as ({ carried: 0 | 1 } & Amounts)[];
  // Sums are kept by the hour: a minute in the middle of one has none. Requests in flight are open ones alone, and sums since
  // the ledger began are not read for them.
  const summed = window % hourMs === 0 && measure !== 'parallel';
  const settled = summed ? (used.get(window / hourMs, name) as unknown as Amounts) : noAmounts();
  const sum = (...all: readonly (Amounts | undefined)[]): Amounts => {
    const counter = (of: keyof Amounts) =>
      Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, all.reduce((total, each) => total + (each?.[of] ?? 0), 0))); // prettier-ignore
    return { tokens: counter('tokens'), nano: counter('nano'), requests: counter('requests') };
  };
  return {
    spent: sum(
      settled,
      open.find(({ carried }) => carried === 0),
    ),
    reserved: sum(open.find(({ carried }) => carried === 1)),
  };
}
