// Who spent what on which model: sums for people and for spreadsheets.

import type { KeyDirectory } from '../../accounting/keys';
import {
  type Reports,
  type UsageAmounts,
  type UsageDimension,
  usageDimensions,
  type UsageGroup,
  type UsageQuery,
} from '../../storage/storage';
import { momentIn, refusedQuery, requireKnown } from './query';

export interface UsageAdmin {
  /** Sums as an object, or as CSV. @throws GatewayError bad_request */
  report(query: URLSearchParams): Promise<object | string>;
}

export interface UsageAdminParts {
  readonly reports: Pick<Reports, 'usage'>;
  readonly directory: Pick<KeyDirectory, 'byId'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * The rows are read in slices of this many milliseconds where a report needs them (sessions): a read that takes seconds
 * would keep the write-ahead log from being cut meanwhile.
 */
const sliceMs = 24 * 3_600_000;
/** Days of rows that one report reads. */
const mostSessionDays = 100;

/** The administration of what was used. */
export function openUsageAdmin({ reports, directory, now }: UsageAdminParts): UsageAdmin {
  return {
    async report(query) {
      const asked = readQuery(query, now());
      const groups = await groupsOf(asked, reports);
      const total = await groupsOf({ ...asked, groupBy: [] }, reports); // a request with two tags stands in two groups
      const labelOf = (id: string | number) => directory.byId(String(id))?.label ?? null;
      const rows = groups
        .sort((a, b) => compare(a, b, asked.groupBy))
        .map((group) => ({ ...nameGroup(group, asked.groupBy, labelOf), ...describeAmounts(group) }));
      if (asked.format === 'csv') return csvOf(rows);
      return { object: 'list', data: rows, total: describeAmounts(total[0] ?? nothing) };
    },
  };
}

// ---

interface Asked extends UsageQuery {
  readonly format: 'json' | 'csv';
}

const nothing: UsageAmounts = {
  requests: 0, errors: 0, input: 0, cache_read: 0, cache_write: 0, output: 0, reasoning: 0, searches: 0, counted: 0, raw: 0,
  cost: 0, uncached: 0, dearest_cost: 0,
}; // prettier-ignore
const amountNames = Object.keys(nothing) as (keyof UsageAmounts)[];

function readQuery(query: URLSearchParams, now: number): Asked {
  requireKnown(query, ['group_by', 'from', 'to', 'format']);
  const groupBy = (query.get('group_by') ?? '').split(',').filter((name) => name !== '');
  const unknown = groupBy.find((name) => !(usageDimensions as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw refusedQuery('group_by', `"${unknown.slice(0, 60)}" is no group; there are ${usageDimensions.join(', ')}.`);
  const format = query.get('format') ?? 'json';
  if (format !== 'json' && format !== 'csv') throw refusedQuery('format', 'must be json or csv.');
  const date = new Date(now);
  const from = momentIn(query, 'from') ?? Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
  const to = momentIn(query, 'to') ?? now + 1;
  if (from >= to) throw refusedQuery('to', 'must be later than "from".');
  if (groupBy.includes('session') && to - from > mostSessionDays * sliceMs)
    throw refusedQuery('from', `must lie at most ${mostSessionDays} days before "to" where sessions are asked for.`);
  return { groupBy: [...new Set(groupBy)] as UsageDimension[], from, to, format };
}

async function groupsOf({ groupBy, from, to }: UsageQuery, reports: Pick<Reports, 'usage'>): Promise<UsageGroup[]> {
  if (!groupBy.includes('session')) return [...(await reports.usage({ groupBy, from, to }))];
  const sums = new Map<string, UsageGroup>();
  for (let start = from; start < to; start += sliceMs) {
    const slice = await reports.usage({ groupBy, from: start, to: Math.min(to, start + sliceMs) });
    for (const group of slice) addGroup(sums, group, groupBy);
  }
  return [...sums.values()];
}

function addGroup(sums: Map<string, UsageGroup>, group: UsageGroup, groupBy: readonly UsageDimension[]): void {
  const name = JSON.stringify(groupBy.map((dimension) => group[dimension]));
  const known = sums.get(name);
  if (known === undefined) sums.set(name, { ...group });
  else for (const amount of amountNames) known[amount] += group[amount];
}

function compare(a: UsageGroup, b: UsageGroup, groupBy: readonly UsageDimension[]): number {
  for (const dimension of groupBy) {
    const [one, other] = [a[dimension] ?? '', b[dimension] ?? ''];
    if (one !== other) return one < other ? -1 : 1;
  }
  return 0;
}

// What was not named stands as null: a model called by itself has no route, most keys have no user.
function nameGroup(
  group: UsageGroup,
  groupBy: readonly UsageDimension[],
  labelOf: (key: string) => string | null,
): Record<string, string | null> {
  const named: Record<string, string | null> = {};
  for (const dimension of groupBy) {
    const value = group[dimension] ?? '';
    named[dimension] = value === '' ? null : value;
    if (dimension === 'key') named['key_label'] = labelOf(value);
  }
  return named;
}

function describeAmounts(amounts: UsageAmounts): Record<string, number> {
  return {
    requests: amounts.requests,
    errors: amounts.errors,
    input_tokens: amounts.input,
    cache_read_tokens: amounts.cache_read,
    cache_write_tokens: amounts.cache_write,
    output_tokens: amounts.output,
    reasoning_tokens: amounts.reasoning,
    searches: amounts.searches,
    tokens: amounts.counted,
    raw_tokens: amounts.raw,
    cost_usd: amounts.cost / 1e9,
  };
}

/** RFC 4180. A text that a spreadsheet would take for a formula is quoted for it: labels and models are clients' own words. */
function csvOf(rows: readonly Readonly<Record<string, string | number | null>>[]): string {
  const [first] = rows;
  if (first === undefined) return '';
  const cell = (value: string | number | null | undefined): string => {
    if (typeof value === 'number') return String(value);
    const text = /^[=+\-@\t\r]/.test(value ?? '') ? `'${value}` : (value ?? '');
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const names = Object.keys(first);
  return [names, ...rows.map((row) => names.map((name) => row[name]))]
    .map((cells) => `${cells.map(cell).join(',')}\r\n`)
    .join('');
}
