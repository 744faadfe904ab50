// What reads for people ask, on a read-only connection in a thread of its own.

import { join } from 'node:path';
import type { BudgetCounters, LimitWindow } from '../entries';
import { type KeyUse, type RequestFilter, type RequestPage, rowsPerRead, type UsageSum } from '../reports';
import type { RequestRow } from '../rows';
import { readAudit } from './administrationStatements';
import { readBudget } from './budgetCache';
import { openReader } from './database';
import { prepareReports } from './statements';
import { openUsageReport } from './usageReport';

export type ReportEngine = ReturnType<typeof openReports>;

const hourMs = 3_600_000;

/** Opens the reports of a ledger that exists. @param folder the data folder */
export function openReports(folder: string) {
  const db = openReader(join(folder, 'ledger.db'));
  const sql = prepareReports(db);
  return {
    requestById(id: string): RequestRow | undefined {
      const found = sql.requestById.get(id) as Placed | undefined;
      return found === undefined ? undefined : rowOf(found);
    },
    rates: (ids: readonly string[]) =>
      new Map(
        (sql.ratesById.all(JSON.stringify(ids)) as unknown as { id: string; json: string }[]).map((row) => [
          row.id,
          row.json,
        ]),
      ),
    usageOfKeys(from: number, to: number): Map<string, UsageSum & { reserved: number }> {
      const used = sql.usageOfKeys.all(Math.floor(from / hourMs), Math.ceil(to / hourMs)) as unknown as KeySum[];
      const held = sql.reservedOfKeys.all() as unknown as { key: string; reserved: number }[];
      const sums = new Map<string, UsageSum & { reserved: number }>();
      for (const { key, ...sum } of used) sums.set(key, { ...sum, reserved: 0 });
      for (const { key, reserved } of held) sums.set(key, { ...(sums.get(key) ?? none), reserved });
      return sums;
    },
    requests(filter: RequestFilter, before: number | undefined, count: number): RequestPage {
      const { key, user, model, outcome, status, session, client, address, from, to, shadowed } = filter;
      const plain = [key, user, model, outcome, status, session, client, address, from, to].map(
        (value) => value ?? null,
      );
      const wanted = [...plain, shadowed === true ? 1 : null];
      // Nothing that was settled before this place began in time: nobody reads on to the ledger's beginning in vain.
      const first = from === undefined ? 0 : (sql.firstSince.get(from) as { seq: number | null }).seq;
      if (first === null) return { rows: [], reached: undefined };
      const place = before ?? Number.MAX_SAFE_INTEGER;
      const found = sql.requests.all(place, rowsPerRead, ...wanted, count, first) as unknown as Placed[];
      const end = sql.placeAfter.get(place, rowsPerRead - 1, first) as { seq: number } | undefined;
      const last = found.length === count ? found.at(-1)?.seq : end?.seq;
      const reached = last === first ? undefined : last;
      return { rows: found.map(rowOf), reached };
    },
    usage: openUsageReport(db),
    budgets: (limits: readonly LimitWindow[]): BudgetCounters[] => limits.map((limit) => readBudget(sql, limit)),
    usesOfKeys: () =>
      new Map(
        (sql.keyUses.all() as unknown as (KeyUse & { readonly key: string })[]).map(({ key, ...use }) => [key, use]),
      ),
    audit: (subject: string | undefined, before: number | undefined, count: number) =>
      readAudit(sql, subject, before, count),
    close: () => db.close(),
  };
}

// ---

/** A row and its place in the ledger. */
type Placed = RequestRow & { readonly seq: number };

const rowOf = ({ seq: _, ...row }: Placed): RequestRow => row;

interface KeySum extends UsageSum {
  readonly key: string;
}

const none: UsageSum = { requests: 0, counted: 0, raw: 0, cost: 0 };
