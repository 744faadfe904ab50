// Use summed by whatever a report groups by: from `usage_hours`, or from the rows where it asks for sessions or addresses.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { isFromRows, type UsageDimension, type UsageGroup, type UsageQuery } from '../reports';
import { sumOf } from './statements';

/** Statements kept: there are more ways to group than anybody asks for, and their names come from outside. */
const mostStatements = 50;

/** Reads use on a connection. */
export function openUsageReport(db: DatabaseSync): (query: UsageQuery) => UsageGroup[] {
  const statements = new Map<string, StatementSync>();
  return (query) => {
    const { groupBy, from, to } = query;
    const dimensions = usageDimensions.filter((name) => groupBy.includes(name));
    const filters = usageFilters.filter((name) => query[name] !== undefined);
    const fromRows = isFromRows(query);
    const name = `${fromRows} ${dimensions.join()} ${filters.join()}`;
    let statement = statements.get(name);
    if (statement === undefined) {
      if (statements.size >= mostStatements) statements.clear();
      statements.set(name, (statement = db.prepare(sqlOf(dimensions, filters, fromRows))));
    }
    const bounds = fromRows ? [from, to] : [Math.floor(from / hourMs), Math.ceil(to / hourMs)];
    return statement.all(...bounds, ...filters.map((filter) => query[filter] ?? '')) as unknown as UsageGroup[];
  };
}

// ---

const hourMs = 3_600_000;

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
  hour: "strftime('%Y-%m-%dT%H:00:00Z', hour * 3600, 'unixepoch')",
  day: "strftime('%Y-%m-%d', hour * 3600, 'unixepoch')",
  month: "strftime('%Y-%m', hour * 3600, 'unixepoch')",
};
const usageFilters = ['key', 'user', 'session'] as const;
const usageDimensions = Object.keys(expressions) as UsageDimension[];

const amounts = [
  'requests', 'errors', 'input', 'cache_read', 'cache_write', 'output', 'reasoning', 'searches', 'counted', 'raw', 'cost',
  'uncached', 'dearest_cost',
] as const; // prettier-ignore

// Sessions and addresses are many, so that the sums by the hour do not know them: they are read from the rows.
const rowsAsSums = `(
  select started_at / ${hourMs} hour, key, coalesce(user, '') user, tags, coalesce(route, '') route, provider, account, model,
    coalesce(client, '') client, coalesce(session, '') session, coalesce(address, '') address, iif(kind = 'correction', 0, 1) requests,
    iif(kind <> 'correction' and outcome not in ('ok', 'client_gone'), 1, 0) errors, input, cache_read,
    cache_write_5m + cache_write_1h cache_write, output, reasoning, searches, counted, raw, cost, uncached, dearest_cost
  from requests where started_at >= ?1 and started_at < ?2
)`;

function sqlOf(
  dimensions: readonly UsageDimension[],
  filters: readonly (typeof usageFilters)[number][],
  fromRows: boolean,
): string {
  const source = fromRows ? rowsAsSums : 'usage_hours';
  const tags = dimensions.includes('tag') ? 'left join json_each(used.tags) tag' : '';
  const wanted = [
    ...(fromRows ? [] : ['hour >= ?1 and hour < ?2']),
    ...filters.map((name, i) => `used.${name} = ?${i + 3}`),
  ];
  const range = wanted.length === 0 ? '' : `where ${wanted.join(' and ')}`;
  const groups = dimensions.map((name) => `${expressions[name]} "${name}"`);
  const sums = amounts.map((name) => sumOf(name));
  const places = dimensions.map((_, i) => i + 1).join();
  return `select ${[...groups, ...sums].join(', ')} from ${source} used ${tags} ${range} ${places === '' ? '' : `group by ${places}`}`;
}
