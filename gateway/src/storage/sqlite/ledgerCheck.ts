// Whether a ledger adds up: its file is whole, its rows give its sums, its open requests give what budgets hold. Read in one
// transaction, beside a gateway that runs or without one.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { openReader } from './database';
import { epochIn } from './ledgerFile';
import { sessionOfRow } from './sessionDays';
import { sumOf } from './sums';
import type { Progress } from './ledgerVerify';
import { amountsOfRow, dayMs, namesOfRow, usageAmounts, usageNames } from './usageColumns';

/** What a ledger holds, and what is wrong with it. Amounts are integers, times milliseconds since 1970. */
export interface LedgerReport {
  /** The ledger's id. */
  readonly ledger: string;
  /** Settled requests that are kept. */
  readonly rows: number;
  /** When the last of them was settled; null without any. */
  readonly last_settled_at: number | null;
  /** Admitted requests that are not settled. */
  readonly open_requests: number;
  readonly keys: number;
  /** All that was ever settled, from the hourly sums. `cost` is nano-USD. */
  readonly totals: { readonly requests: number; readonly counted: number; readonly raw: number; readonly cost: number };
  /** First hour whose rows are compared with its sums; null where every hour is. Older rows were pruned. */
  readonly compared_from: number | null;
  /** One sentence each; empty for a ledger that adds up. */
  readonly problems: readonly string[];
}

/**
 * Checks the ledger at a path, which must exist.
 * @param progress told of the days that were compared, and of all
 * @throws SQLite's error for a file that is no ledger, or that cannot be opened
 */
export function checkLedger(path: string, progress: Progress = () => undefined): LedgerReport {
  const db = openReader(path);
  try {
    db.exec('begin');
    return reportOf(db, progress);
  } finally {
    db.close();
  }
}

// ---

const hourMs = 3_600_000;
/** Places that a sentence names. */
const mostNamed = 3;

const one = <T>(db: DatabaseSync, sql: string): T => db.prepare(sql).get() as T;

function reportOf(db: DatabaseSync, progress: Progress): LedgerReport {
  const damage = one<{ quick_check: string }>(db, 'pragma quick_check(1)').quick_check;
  const from = comparedFrom(db);
  return {
    ledger: epochIn(db),
    ...one<Pick<LedgerReport, 'rows' | 'last_settled_at'>>(
      db,
      'select count(*) rows, max(ended_at) last_settled_at from requests',
    ),
    ...one<Pick<LedgerReport, 'open_requests'>>(db, 'select count(*) open_requests from open_requests'),
    ...one<Pick<LedgerReport, 'keys'>>(db, 'select count(*) keys from keys'),
    totals: {
      ...one<LedgerReport['totals']>(
        db,
        `select ${['requests', 'counted', 'raw', 'cost'].map((column) => sumOf(column)).join(', ')} from usage_hours`,
      ),
    },
    compared_from: from === undefined ? null : from * hourMs,
    problems:
      damage === 'ok'
        ? [...dayProblems(db, from ?? 0, progress), ...monthProblems(db), ...budgetProblems(db), ...rowProblems(db)]
        : [`the file is damaged: ${damage.split('\n').at(-1)}`],
  };
}

// Rows are pruned from the oldest on: the hour of the oldest that is left may have lost some.
function comparedFrom(db: DatabaseSync): number | undefined {
  const { kept, written, oldest } = one<{ kept: number; written: number | null; oldest: number | null }>(
    db,
    `select count(*) kept, min(started_at) oldest, (select seq from sqlite_sequence where name = 'requests') written
     from requests`,
  );
  if (kept === (written ?? 0)) return undefined;
  return oldest === null ? Number.MAX_SAFE_INTEGER / hourMs : Math.floor(oldest / hourMs) + 1;
}

// The model is left out: an hour names only so many models of a key, and sums the rest as one (usageSums.ts).
const hourNames = ['hour', ...usageNames.filter((name) => name !== 'model')];
// Of the hours from ?1 to ?2.
const hoursOfRows = `(select started_at / ${hourMs} hour, ${namesOfRow}, ${amountsOfRow} from requests
  where started_at >= ?1 * ${hourMs} and started_at < ?2 * ${hourMs})`;
const hoursOfSums = '(select * from usage_hours where hour >= ?1 and hour < ?2)';

/** The sums of a source, by the names given. */
function sumsOf(source: string, names: readonly string[]): string {
  const by = names.join(', ');
  return `select ${by}, ${usageAmounts.map((name) => sumOf(name)).join(', ')} from ${source} group by ${by}`;
}

/** Rows of each that the other has not. */
const unlike = (one: string, other: string, columns: string) =>
  `with one as materialized (${one}), other as materialized (${other})
   select distinct ${columns} from (select * from (select * from one except select * from other)
     union all select * from (select * from other except select * from one))`;

// Day by day, so that whoever waits is told how far it is. Sums by the hour are compared with rows from an hour on, all others.
function dayProblems(db: DatabaseSync, from: number, progress: Progress): string[] {
  const sums = db.prepare(unlike(sumsOf(hoursOfRows, hourNames), sumsOf(hoursOfSums, hourNames), 'hour, key'));
  const summed = summedComparisons(db);
  const days = daysOf(db);
  const wrong: Wrong[] = [];
  const wrongDays = summed.map((): Wrong[] => []);
  days.forEach((day, i) => {
    progress(i, days.length);
    for (const each of sums.all(Math.max(from, day * 24), (day + 1) * 24)) wrong.push(each as unknown as Wrong);
    summed.forEach(({ differences }, of) => {
      for (const each of differences.all(day)) wrongDays[of]?.push(each as unknown as Wrong);
    });
  });
  const named = wrong.map(
    ({ hour = 0, key }) => `${new Date(hour * hourMs).toISOString().slice(0, 13)}h of key ${key}`,
  );
  return [
    ...sentence(named, 'sums differ from their rows'),
    ...summed.flatMap(({ what }, i) =>
      sentence(
        (wrongDays[i] ?? []).map(
          ({ day = 0, key }) => `${new Date(day * dayMs).toISOString().slice(0, 10)} of key ${key}`,
        ),
        what,
      ),
    ),
  ];
}

interface Wrong {
  readonly hour?: number;
  readonly day?: number;
  readonly key: string;
}

// A number of the ledger may be any: only days that something is of are looked at.
function daysOf(db: DatabaseSync): number[] {
  const summed = hasDays(db) ? 'union select day from usage_days union select day from session_days' : '';
  return db
    .prepare(
      `select day from (select hour / 24 day from usage_hours
         union select started_at / ${dayMs} from requests ${summed}) order by day`,
    )
    .all()
    .map(({ day }) => Number(day));
}

function hasDays(db: DatabaseSync): boolean {
  return db.prepare("select 1 from sqlite_schema where name = 'session_days'").get() !== undefined;
}

interface Comparison {
  readonly what: string;
  /** Of one day: what differs. */
  readonly differences: StatementSync;
}

// What is summed by day already: hours, and rows by their session in days that have lost none.
function summedComparisons(db: DatabaseSync): Comparison[] {
  if (!hasDays(db)) return [];
  const hours = `(select hour / 24 day, * from usage_hours
    where hour >= ?1 * 24 and hour < (?1 + 1) * 24 and hour < (select until from hours_summed))`;
  const rows = `(select ${sessionOfRow}, ${amountsOfRow} from requests
    where started_at >= ?1 * ${dayMs} and started_at < (?1 + 1) * ${dayMs} and ?1 >= (select first from sessions_summed)
      and seq <= (select seq from sessions_summed))`;
  const sessions = '(select * from session_days where day >= (select first from sessions_summed))';
  return [
    {
      what: 'daily sums differ from their hours',
      differences: compareDays(db, ['day', ...usageNames], hours, 'usage_days'),
    },
    {
      what: 'sums of sessions differ from their rows',
      differences: compareDays(db, ['day', 'session', ...usageNames], rows, sessions),
    },
  ];
}

function compareDays(db: DatabaseSync, names: readonly string[], from: string, sums: string): StatementSync {
  const some = usageAmounts.map((name) => `${name} <> 0`).join(' or ');
  const group = (source: string) => `select * from (${sumsOf(source, names)}) where ${some}`;
  return db.prepare(unlike(group(from), group(`(select * from ${sums} where day = ?1)`), 'day, key'));
}

// Limits for good and for a month begin with these.
function monthProblems(db: DatabaseSync): string[] {
  if (db.prepare("select 1 from sqlite_schema where name = 'usage_months'").get() === undefined) return [];
  const names = ['requests', 'counted', 'cost'].map((name) => sumOf(name)).join(', ');
  const group = (month: string, table: string) =>
    `select * from (select ${month} month, key, user, tags, ${names} from ${table} group by 1, 2, 3, 4)
     where requests <> 0 or counted <> 0 or cost <> 0`;
  const [hours, months] = [
    group("unixepoch(hour * 3600, 'unixepoch', 'start of month') / 3600", 'usage_hours'),
    group('month', 'usage_months'),
  ];
  const found = db.prepare(unlike(hours, months, 'month, key')).all() as unknown as { month: number; key: string }[];
  return sentence(
    found.map(({ month, key }) => `${new Date(month * hourMs).toISOString().slice(0, 7)} of key ${key}`),
    'monthly sums differ from their hours',
  );
}

// What is spent is not compared: a limit that was added, or taken away for a while, rightly counts other than its window.
function budgetProblems(db: DatabaseSync): string[] {
  const found = db
    .prepare(
      `select limit_id, window from budgets left join (
         select value ->> 'id' id, value ->> 'window' start, ${sumOf('tokens')}, ${sumOf('nano')}, count(*) requests
         from open_requests, json_each(limits) group by 1, 2
       ) on id = limit_id and start = window
       where reserved_tokens <> coalesce(tokens, 0) or reserved_nano <> coalesce(nano, 0)
         or reserved_requests <> coalesce(requests, 0)`,
    )
    .all() as unknown as { limit_id: string; window: number }[];
  return sentence(
    found.map(({ limit_id, window }) => `${limit_id} from ${new Date(window).toISOString()}`),
    'budgets hold other amounts than their open requests',
  );
}

function rowProblems(db: DatabaseSync): string[] {
  const ids = (sql: string) => (db.prepare(sql).all() as unknown as { id: string }[]).map(({ id }) => id);
  return [
    ...sentence(ids('select id from open_requests join requests using (id)'), 'requests are open and settled at once'),
    ...sentence(
      ids(`select distinct rates id from requests where rates <> '' and rates not in (select id from rates)`),
      'rates are missing that rows were priced at',
    ),
  ];
}

function sentence(places: readonly string[], what: string): string[] {
  if (places.length === 0) return [];
  const more = places.length > mostNamed ? ` and ${places.length - mostNamed} more` : '';
  return [`${places.length} ${what}: ${places.slice(0, mostNamed).join(', ')}${more}.`];
}
