// A batch on its way to the writer's thread: one flat JSON list of values, without a single name. To print and parse it
// costs a third of what the entries' objects cost, and half of what cloning them does.

import type { Entry, EntryResult, LimitWindow, OpenRequest, RequestRow } from '../storage';
import { openRequestColumns, requestColumns } from './columns';

type Value = string | number | null;

/** A batch as it crosses. */
export interface EncodedBatch {
  /** The different sets of limits in the batch, each as JSON. */
  readonly limits: readonly string[];
  /** All fields of all entries, one after another. */
  readonly values: readonly Value[];
  readonly now: number;
}

/** A set of limits, and its JSON, which is what the ledger keeps of it. */
export interface LimitSet {
  readonly json: string;
  readonly windows: readonly LimitWindow[];
}

/** An entry as the writer works with it: rows are values in the order of their columns. */
export type DecodedEntry =
  | {
      readonly type: 'reserve';
      readonly id: string;
      readonly key: string;
      readonly user: string | null;
      readonly limits: LimitSet;
      readonly input: number;
      readonly output: number | undefined;
      readonly defaultOutput: number;
      readonly nanoPerInput: number;
      readonly nanoPerOutput: number;
      /** In the order of `openRequestColumns`. */
      readonly request: readonly Value[];
    }
  | {
      readonly type: 'extend';
      readonly id: string;
      readonly limits: LimitSet;
      readonly by: number;
      readonly nanoPerOutput: number;
    }
  | { readonly type: 'settle'; readonly limits: LimitSet; readonly rates: string; readonly row: Value[] }
  | { readonly type: 'release'; readonly id: string; readonly limits: LimitSet };

/** Entries → values. */
export function encodeBatch(batch: readonly Entry[], now: number): EncodedBatch {
  const limits: string[] = [];
  const values: Value[] = [];
  let last: readonly LimitWindow[] | undefined;
  const place = (windows: readonly LimitWindow[]): number => {
    if (windows === last) return limits.length - 1; // most requests of a batch have the same
    last = windows;
    return limits.push(jsonOf(windows)) - 1;
  };
  for (const entry of batch) {
    values.push(codes[entry.type], place(entry.limits));
    switch (entry.type) {
      case 'reserve':
        values.push(
          entry.id,
          entry.input,
          entry.output ?? null,
          entry.defaultOutput,
          entry.nanoPerInput,
          entry.nanoPerOutput,
        );
        for (const name of openRequestColumns) values.push(entry.request[name]);
        break;
      case 'extend':
        values.push(entry.id, entry.by, entry.nanoPerOutput);
        break;
      case 'settle':
        values.push(entry.rates);
        for (const name of requestColumns) values.push(entry.row[name]);
        break;
      case 'release':
        values.push(entry.id);
        break;
    }
  }
  return { limits, values, now };
}

/** Values → entries. */
export function decodeBatch({ limits, values }: EncodedBatch): DecodedEntry[] {
  const sets = limits.map(limitSetOf);
  const entries: DecodedEntry[] = [];
  let at = 0;
  const next = () => values[at++];
  const text = () => String(next());
  const number = () => Number(next());
  while (at < values.length) {
    const code = number();
    const set = sets[number()] ?? noLimits;
    if (code === codes.settle) {
      const rates = text();
      entries.push({ type: 'settle', limits: set, rates, row: values.slice(at, (at += requestColumns.length)) });
    } else if (code === codes.reserve) {
      const id = text();
      const input = number();
      const output = next();
      const defaultOutput = number();
      const nanoPerInput = number();
      const nanoPerOutput = number();
      const request = values.slice(at, (at += openRequestColumns.length));
      entries.push({
        type: 'reserve',
        id,
        key: String(request[keyAt]),
        user: request[userAt] === null ? null : String(request[userAt]),
        limits: set,
        input,
        output: typeof output === 'number' ? output : undefined,
        defaultOutput,
        nanoPerInput,
        nanoPerOutput,
        request,
      });
    } else if (code === codes.extend)
      entries.push({ type: 'extend', id: text(), limits: set, by: number(), nanoPerOutput: number() });
    else entries.push({ type: 'release', id: text(), limits: set });
  }
  return entries;
}

/** An open request's values as an object again. */
export function openRequestOf(values: readonly Value[]): OpenRequest {
  return Object.fromEntries(openRequestColumns.map((name, i) => [name, values[i] ?? null])) as unknown as OpenRequest;
}

/** A settled request's values as a row again. */
export function requestRowOf(values: readonly Value[]): RequestRow {
  return Object.fromEntries(requestColumns.map((name, i) => [name, values[i] ?? null])) as unknown as RequestRow;
}

/** Results cross as they are: there is little to them. */
export type EncodedResults = readonly EntryResult[];

// ---

const codes = { reserve: 0, extend: 1, settle: 2, release: 3 } as const satisfies Record<Entry['type'], number>;
const keyAt = openRequestColumns.indexOf('key');
const userAt = openRequestColumns.indexOf('user');
const noLimits: LimitSet = { json: '[]', windows: [] };

// Limits are the same objects for all requests of a key until a window ends (accounting/quota.ts).
const printed = new WeakMap<readonly LimitWindow[], string>();

function jsonOf(windows: readonly LimitWindow[]): string {
  let json = printed.get(windows);
  if (json === undefined) printed.set(windows, (json = JSON.stringify(windows)));
  return json;
}

/** Sets that are remembered, so that they are not parsed for every batch. */
const mostSets = 10_000;
const parsed = new Map<string, LimitSet>();

function limitSetOf(json: string): LimitSet {
  let set = parsed.get(json);
  if (set === undefined) {
    if (parsed.size >= mostSets) parsed.clear();
    set = { json, windows: JSON.parse(json) as LimitWindow[] };
    parsed.set(json, set);
  }
  return set;
}
