// Use summed by whatever a report groups by: from sums by day and by hour; where it asks for sessions, from their sums by day;
// and from the rows where it asks for addresses, or for what no sum holds.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { isFromRows, rowsPerRead, type UsageDimension, type UsageGroup, type UsageQuery } from '../reports';
import { sessionOfRow } from './sessionDays';
import { sumOf } from './sums';
import { amountsOfRow, dayMs, namesOfRow, usageAmounts, usageNames } from './usageColumns';

/** Statements kept: there are more ways to group than anybody asks for, and their names come from outside. */
const mostStatements = 50;

/** Reads use on a connection. */
export function openUsageReport(db: DatabaseSync): (query: UsageQuery) => UsageGroup[] {
  const statements = new Map<string, StatementSync>();
  const summed = openSummed(db);
  const read = (query: UsageQuery): UsageGroup[] => {
    const dimensions = usageDimensions.filter((name) => query.groupBy.includes(name));
    const filters = usageFilters.filter((name) => query[name] !== undefined);
    const { source, bounds } = sourceOf(query, summed());
    const name = `${source} ${dimensions.join()} ${filters.join()}`;
    let statement = statements.get(name);
    if (statement === undefined) {
      if (statements.size >= mostStatements) statements.clear();
      statements.set(name, (statement = db.prepare(sqlOf(dimensions, filters, source))));
    }
    return statement.all(...bounds, ...filters.map((filter) => query[filter] ?? '')) as unknown as UsageGroup[];
  };
  // In one transaction: how far the sums go is said of the sums that are read.
  return (query) => {
    db.exec('begin');
    try {
      return read(query);
    } finally {
      if (db.isTransaction) db.exec('commit'); // an error may have ended it
    }
  };
}

// ---

const hourMs = 3_600_000;

/** Where use is read from. */
type Source = 'hours' | 'days' | 'sessions' | 'rows';

/** How far the sums by day go. */
interface Summed {
  /** First hour that is not in them. */
  readonly until: number;
  /** First day of which the sums of sessions hold all. */
  readonly first: number;
  /** Rows that the sums of sessions do not hold yet. */
  readonly missing: number;
}

// A ledger that no gateway of this version has opened has none.
function openSummed(db: DatabaseSync): () => Summed {
  const none: Summed = { until: 0, first: Infinity, missing: 0 };
  if (db.prepare(`select 1 from sqlite_schema where name = 'sessions_summed'`).get() === undefined) return () => none;
  const summed = db.prepare(
    `select until, first, coalesce((select max(seq) from requests), 0) - seq missing from sessions_summed, hours_summed`,
  );
  return () => summed.get() as unknown as Summed;
}

function sourceOf(query: UsageQuery, summed: Summed): { readonly source: Source; readonly bounds: readonly number[] } {
  const { groupBy, from, to, exact } = query;
  if (!isFromRows(query)) {
    const hours = [Math.floor(from / hourMs), Math.ceil(to / hourMs)] as const;
    const days = [Math.ceil(hours[0] / 24), Math.floor(Math.min(hours[1], summed.until) / 24)] as const;
    if (groupBy.includes('hour') || days[0] >= days[1]) return { source: 'hours', bounds: hours };
    return { source: 'days', bounds: [...hours, ...days] };
  }
  const inDays = from % dayMs === 0 && to % dayMs === 0 && !groupBy.includes('address') && !groupBy.includes('hour');
  // What is missing is read from the rows with every slice of a report.
  const known = from / dayMs >= summed.first && summed.missing <= rowsPerRead;
  return { source: exact !== true && inDays && known ? 'sessions' : 'rows', bounds: [from, to] };
}

/** How each group is read from a source that has the columns of `usage_hours`. */
const expressions: Readonly<Record<UsageDimension, string>> = {
  key: 'used.key', // json_each has a column of that name too
  user: 'user',
  model: 'model',
  provider: 'provider',
  account: 'account',
  route: 'route',
  client: 'client',
  session: 'session',
  address: 'address',
  // A request with two tags counts in both; one without any under the empty name.
  tag: "coalesce(tag.value, '')",
  hour: "strftime('%Y-%m-%dT%H:00:00Z', seconds, 'unixepoch')",
  day: "strftime('%Y-%m-%d', seconds, 'unixepoch')",
  month: "strftime('%Y-%m', seconds, 'unixepoch')",
};
const usageFilters = ['key', 'user', 'session'] as const;
const usageDimensions = Object.keys(expressions) as UsageDimension[];

const ofHours = (range: string) =>
  `select hour / 24 day, ${usageNames.join(', ')}, ${usageAmounts.join(', ')} from usage_hours where ${range}`;
/** What each reads, in the columns of `usage_hours`; of days in place of hours where it says so. Filters come after the bounds. */
const sources: Readonly<Record<Source, { readonly sql: string; readonly bounds: number; readonly byDay?: true }>> = {
  hours: { bounds: 2, sql: 'select * from usage_hours where hour >= ?1 and hour < ?2' },
  days: {
    bounds: 4,
    byDay: true,
    sql: `select * from usage_days where day >= ?3 and day < ?4
      union all ${ofHours('hour >= ?1 and hour < ?3 * 24')} union all ${ofHours('hour >= ?4 * 24 and hour < ?2')}`,
  },
  sessions: {
    bounds: 2,
    byDay: true,
    sql: `select * from session_days where day >= ?1 / ${dayMs} and day < ?2 / ${dayMs}
      union all select ${sessionOfRow}, ${amountsOfRow} from requests not indexed
      where seq > (select seq from sessions_summed) and started_at >= ?1 and started_at < ?2`,
  },
  rows: {
    bounds: 2,
    sql: `select started_at / ${hourMs} hour, coalesce(session, '') session, coalesce(address, '') address, ${namesOfRow}, ${amountsOfRow}
      from requests where started_at >= ?1 and started_at < ?2`,
  },
};

function expressionOf(name: UsageDimension, source: Source): string {
  return expressions[name].replace('seconds', sources[source].byDay === true ? 'day * 86400' : 'hour * 3600');
}

function sqlOf(
  dimensions: readonly UsageDimension[],
  filters: readonly (typeof usageFilters)[number][],
  source: Source,
): string {
  const tags = dimensions.includes('tag') ? 'left join json_each(used.tags) tag' : '';
  const wanted = filters.map((name, i) => `used.${name} = ?${i + 1 + sources[source].bounds}`);
  const range = wanted.length === 0 ? '' : `where ${wanted.join(' and ')}`;
  const groups = dimensions.map((name) => `${expressionOf(name, source)} "${name}"`);
  const sums = usageAmounts.map((name) => sumOf(name));
  const places = dimensions.map((_, i) => i + 1).join();
  return `select ${[...groups, ...sums].join(', ')} from (${sources[source].sql}) used ${tags} ${range} ${places === '' ? '' : `group by ${places}`}`;
}
