// Who spent what on which model: sums for people and for spreadsheets.

import { openrouterCost, openrouterFee } from '../../accounting/openrouter';
import {
  isFromRows,
  type Reports,
  type UsageAmounts,
  type UsageDimension,
  usageDimensions,
  type UsageGroup,
  type UsageQuery,
} from '../../storage/reports';
import { momentIn, refusedQuery, requireKnown } from './query';

export interface UsageAdmin {
  /** Sums as an object, or as CSV. @throws GatewayError bad_request */
  report(query: URLSearchParams): Promise<object | string>;
  /**
   * What a key has done since a moment (`?since=`), as when it leaked: from where, with which models, for how much.
   * @throws GatewayError bad_request
   */
  activity(key: string, query: URLSearchParams): Promise<object>;
}

export interface UsageAdminParts {
  readonly reports: Pick<Reports, 'usage'>;
  /** The label of a key; undefined where there is none of this id. */
  readonly labelOf: (key: string) => string | undefined;
  /** What the gateway's machine costs a month, in USD. */
  readonly boxUsd: () => number | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Awaited between two slices of rows: lets the writer do what a reader has held up. */
  readonly pause: () => Promise<void>;
  /** Told while a report reads rows, of the days read and of all. */
  readonly progress?: (done: number, all: number) => void;
}

/** What a report answers with, but for CSV. */
export interface UsageList {
  readonly object: 'list';
  readonly data: readonly UsageLine[];
  readonly total: UsageLine;
  /** How `openrouter_usd` is reckoned. */
  readonly openrouter: typeof openrouterFee;
  /** The machine's own price, for every month that the report touches. */
  readonly box?: readonly { readonly month: string; readonly usd: number }[];
}

/** One group: its names, then its amounts. */
export type UsageLine = Readonly<Record<string, string | number | null>>;

/**
 * Where sums by the hour do not do, a report is read in slices, each of a day in UTC at most, of which there may be sums: a read
 * that takes seconds would keep the write-ahead log from being cut meanwhile.
 */
const sliceMs = 24 * 3_600_000;
/** A writer that is held up itself is not waited for longer. */
const mostPauseMs = 250;
/** Days of rows that one report reads. */
const mostDays = 100;

/** The administration of what was used. */
export function openUsageAdmin(parts: UsageAdminParts): UsageAdmin {
  const { labelOf, boxUsd, now } = parts;
  return {
    async report(query) {
      const asked = readQuery(query, now());
      const groups = await groupsOf(asked, parts);
      // A request with two tags stands in two groups: then the total is read by itself.
      const total = asked.groupBy.includes('tag')
        ? (await groupsOf({ ...asked, groupBy: [] }, parts))[0]
        : sumOf(groups);
      const rows = groups
        .sort((a, b) => compare(a, b, asked.groupBy))
        .map((group) => lineOf(group, asked.groupBy, labelOf));
      if (asked.format === 'csv') return csvOf(rows);
      const box = boxUsd();
      return {
        object: 'list',
        data: rows,
        total: describeAmounts(total ?? nothing),
        openrouter: openrouterFee,
        ...(box === undefined ? {} : { box: monthsIn(asked).map((month) => ({ month, usd: box })) }),
      } satisfies UsageList;
    },
    async activity(key, query) {
      requireKnown(query, ['since']);
      const to = now() + 1;
      const since = momentIn(query, 'since') ?? to - 7 * sliceMs;
      const asked: UsageQuery = {
        groupBy: ['address', 'client', 'model', 'session', 'hour'],
        key,
        from: since,
        to,
        exact: true,
      };
      requireDays(asked, 'since');
      const groups = await groupsOf(asked, parts);
      const by = (...dimensions: UsageDimension[]) => foldGroups(groups, dimensions, labelOf);
      const hours = groups.map(({ hour = '' }) => hour).sort();
      return {
        object: 'key_activity',
        key,
        key_label: labelOf(key) ?? null,
        since: new Date(since).toISOString(),
        first_hour: hours[0] ?? null,
        last_hour: hours.at(-1) ?? null,
        total: by()[0] ?? describeAmounts(nothing),
        by_address: by('address', 'client'),
        by_model: by('model'),
        by_session: by('session'),
      };
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
const filters = ['key', 'user', 'session'] as const;

function readQuery(query: URLSearchParams, now: number): Asked {
  requireKnown(query, ['group_by', 'from', 'to', 'format', ...filters]);
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
  const asked: Asked = {
    groupBy: [...new Set(groupBy)] as UsageDimension[],
    from,
    to,
    format,
    ...filtersIn(query),
  };
  requireDays(asked, 'from');
  return asked;
}

function filtersIn(query: URLSearchParams): Pick<UsageQuery, (typeof filters)[number]> {
  const found: { -readonly [name in (typeof filters)[number]]?: string } = {};
  for (const name of filters) {
    const value = query.get(name);
    if (value !== null) found[name] = value;
  }
  return found;
}

function requireDays(asked: UsageQuery, name: string): void {
  if (isFromRows(asked) && asked.to - asked.from > mostDays * sliceMs)
    throw refusedQuery(
      name,
      `must lie at most ${mostDays} days before "to" where sessions or addresses are asked for.`,
    );
}

async function groupsOf(
  query: UsageQuery,
  { reports, pause, progress }: Pick<UsageAdminParts, 'reports' | 'pause' | 'progress'>,
): Promise<UsageGroup[]> {
  const { groupBy, from, to } = query;
  if (!isFromRows(query)) return [...(await reports.usage(query))];
  const sums = new Map<string, UsageGroup>();
  for (let start = from, end; start < to; start = end) {
    end = Math.min(to, (Math.floor(start / sliceMs) + 1) * sliceMs);
    if (start > from) await pauseOnce(pause);
    const slice = await reports.usage({ ...query, from: start, to: end });
    for (const group of slice) addGroup(sums, group, groupBy);
    progress?.(Math.ceil((start - from) / sliceMs), Math.ceil((to - from) / sliceMs));
  }
  return [...sums.values()];
}

// A writer that cannot go on now does not end a report.
async function pauseOnce(pause: UsageAdminParts['pause']): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, mostPauseMs)));
  await Promise.race([pause().catch(() => undefined), late]);
  clearTimeout(timer);
}

function addGroup(sums: Map<string, UsageGroup>, group: UsageGroup, groupBy: readonly UsageDimension[]): void {
  const name = JSON.stringify(groupBy.map((dimension) => group[dimension]));
  const known = sums.get(name);
  if (known === undefined) sums.set(name, { ...group });
  else for (const amount of amountNames) known[amount] += group[amount];
}

function sumOf(groups: readonly UsageGroup[]): UsageAmounts {
  const sum = { ...nothing };
  for (const group of groups) for (const amount of amountNames) sum[amount] += group[amount];
  return sum;
}

// Groups summed by fewer dimensions, the dearest first.
function foldGroups(
  groups: readonly UsageGroup[],
  dimensions: readonly UsageDimension[],
  labelOf: UsageAdminParts['labelOf'],
): UsageLine[] {
  const sums = new Map<string, UsageGroup>();
  for (const group of groups) addGroup(sums, group, dimensions);
  return [...sums.values()].sort((a, b) => b.cost - a.cost).map((group) => lineOf(group, dimensions, labelOf));
}

function compare(a: UsageGroup, b: UsageGroup, groupBy: readonly UsageDimension[]): number {
  for (const dimension of groupBy) {
    const [one, other] = [a[dimension] ?? '', b[dimension] ?? ''];
    if (one !== other) return one < other ? -1 : 1;
  }
  return 0;
}

function monthsIn({ from, to }: UsageQuery): string[] {
  const months: string[] = [];
  const date = new Date(from);
  for (let month = 0; ; month++) {
    const at = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + month);
    if (at >= to) return months;
    months.push(new Date(at).toISOString().slice(0, 7));
  }
}

// What was not named stands as null: a model called by itself has no route, most keys have no user.
function lineOf(group: UsageGroup, groupBy: readonly UsageDimension[], labelOf: UsageAdminParts['labelOf']): UsageLine {
  const named: Record<string, string | null> = {};
  for (const dimension of groupBy) {
    const value = group[dimension] ?? '';
    named[dimension] = value === '' ? null : value;
    if (dimension === 'key') named['key_label'] = labelOf(value) ?? null;
  }
  return { ...named, ...describeAmounts(group) };
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
    openrouter_usd: openrouterCost(amounts.cost) / 1e9,
    uncached_usd: amounts.uncached / 1e9,
    dearest_usd: amounts.dearest_cost / 1e9,
  };
}

/** RFC 4180. A text that a spreadsheet would take for a formula is quoted for it: labels and models are clients' own words. */
function csvOf(rows: readonly UsageLine[]): string {
  const [first] = rows;
  if (first === undefined) return '';
  const names = Object.keys(first);
  return [names, ...rows.map((row) => names.map((name) => row[name]))]
    .map((cells) => `${cells.map(csvCell).join(',')}\r\n`)
    .join('');
}

/** One cell of CSV. */
export function csvCell(value: string | number | null | undefined): string {
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value ?? '') ? `'${value}` : (value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
