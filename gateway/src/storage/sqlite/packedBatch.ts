// How a batch crosses to the writer's thread, and its results come back: as lists of values in a fixed order. A structured clone writes and reads the
// name of every property of every object: for the 53 fields of a row that is 23 µs of CPU a request, as lists 8 µs.

import type { Entry, EntryResult, LimitState, LimitWindow, OpenRequest, ReserveEntry, SettleEntry } from '../entries';
import type { RequestRow } from '../rows';
import { requestColumns } from './columns';

/** An entry as a list, or as it is: the rarer kinds, and one of a form that the storage will refuse. */
export type PackedEntry = Entry | readonly unknown[];

/** A result as a list or a number, or as it is: the rarer kinds. */
export type PackedResult = EntryResult | readonly (number | undefined)[] | typeof done;

/** Makes lists of a batch's reservations and settlements. */
export function packBatch(batch: readonly Entry[]): PackedEntry[] {
  return batch.map((entry) => {
    if (entry.type === 'reserve' && isWhole(entry.limits, entry.request)) return packReserve(entry);
    if (entry.type === 'settle' && isWhole(entry.limits, entry.row)) return packSettle(entry);
    return entry;
  });
}

/** The batch that `packBatch` was given. */
export function unpackBatch(packed: readonly PackedEntry[]): Entry[] {
  return packed.map((entry) => {
    if (!isList(entry)) return entry;
    return entry[0] === 'reserve' ? unpackReserve(entry) : unpackSettle(entry);
  });
}

/** Makes lists of the results that most requests have: admitted, with what is left of one limit, and done. */
export function packResults(results: readonly EntryResult[]): PackedResult[] {
  return results.map((result) => {
    if (result.type === 'done') return done;
    if (result.type !== 'admitted' || result.nearing !== undefined || result.shadowed !== undefined) return result;
    const { output, tightest: t } = result;
    return t === undefined ? [output] : [output, t.limit, t.spent, t.reserved, t.left, t.amount];
  });
}

/** The results that `packResults` was given. */
export function unpackResults(packed: readonly PackedResult[]): EntryResult[] {
  return packed.map((result) => {
    if (result === done) return { type: 'done' };
    return isList(result) ? unpackAdmitted(result) : result;
  });
}

// ---

const done = 0;

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

// Types do not hold at run time; what is refused is said by entryProblem.ts alone.
function isWhole(limits: unknown, record: unknown): boolean {
  return isList(limits) && limits.every(isPlainLimit) && typeof record === 'object' && record !== null;
}

function isPlainLimit(limit: unknown): boolean {
  const subject = (limit as Partial<LimitWindow> | null | undefined)?.subject as unknown;
  return typeof subject === 'object' && subject !== null;
}

function packReserve(entry: ReserveEntry): readonly unknown[] {
  return [
    'reserve', entry.id, entry.key, entry.limits.map(packLimit), entry.input, entry.output, entry.defaultOutput,
    entry.nanoPerInput, entry.nanoPerOutput, entry.nanoBeside, entry.oldSecret, packOpen(entry.request),
  ]; // prettier-ignore
}

function unpackReserve(v: readonly unknown[]): Entry {
  return {
    type: 'reserve',
    id: v[1],
    key: v[2],
    limits: (v[3] as unknown[][]).map(unpackLimit),
    input: v[4],
    output: v[5],
    defaultOutput: v[6],
    nanoPerInput: v[7],
    nanoPerOutput: v[8],
    ...(v[9] === undefined ? {} : { nanoBeside: v[9] as number }),
    ...(v[10] === undefined ? {} : { oldSecret: v[10] as boolean }),
    request: unpackOpen(v[11] as unknown[]),
  } as Entry;
}

function packSettle({ limits, row, rates, dearestRates }: SettleEntry): readonly unknown[] {
  return ['settle', limits.map(packLimit), requestColumns.map((name) => row[name]), rates, dearestRates];
}

function unpackSettle(v: readonly unknown[]): Entry {
  return {
    type: 'settle',
    limits: (v[1] as unknown[][]).map(unpackLimit),
    row: unpackRow(v[2] as unknown[]),
    rates: v[3],
    ...(v[4] === undefined ? {} : { dearestRates: v[4] as string }),
  } as Entry;
}

function packLimit({ id, subject, measure, window, amount, shadow }: LimitWindow): readonly unknown[] {
  return [id, subject.kind, subject.kind === 'all' ? undefined : subject.name, measure, window, amount, shadow];
}

function unpackLimit(v: readonly unknown[]): LimitWindow {
  return {
    id: v[0],
    subject: v[2] === undefined ? { kind: v[1] } : { kind: v[1], name: v[2] },
    measure: v[3],
    window: v[4],
    amount: v[5],
    ...(v[6] === undefined ? {} : { shadow: v[6] }),
  } as LimitWindow;
}

function packOpen(r: OpenRequest): readonly unknown[] {
  return [
    r.key, r.user, r.tags, r.route, r.requested, r.provider, r.account, r.model, r.wire_in, r.stream, r.started_at,
    r.input_estimate, r.max_output,
  ]; // prettier-ignore
}

function unpackOpen(v: readonly unknown[]): OpenRequest {
  return {
    key: v[0], user: v[1], tags: v[2], route: v[3], requested: v[4], provider: v[5], account: v[6], model: v[7], wire_in: v[8],
    stream: v[9], started_at: v[10], input_estimate: v[11], max_output: v[12],
  } as OpenRequest; // prettier-ignore
}

function unpackAdmitted(v: readonly unknown[]): EntryResult {
  const output = v[0] as number;
  if (v.length === 1) return { type: 'admitted', output };
  const tightest = {
    limit: v[1],
    spent: v[2],
    reserved: v[3],
    left: v[4],
    ...(v[5] === undefined ? {} : { amount: v[5] }),
  };
  return { type: 'admitted', output, tightest: tightest as LimitState };
}

// Written out: V8 keeps an object of so many properties as a hash table where they are added in a loop.
function unpackRow(v: readonly unknown[]): RequestRow {
  return {
    id: v[0], instance: v[1], kind: v[2], corrects: v[3], key: v[4], user: v[5], tags: v[6], session: v[7], client: v[8],
    end_user: v[9], address: v[10], app_title: v[11], route: v[12], requested: v[13], provider: v[14], account: v[15],
    model: v[16], wire_in: v[17], wire_out: v[18], stream: v[19], started_at: v[20], first_byte_at: v[21],
    first_token_at: v[22], ended_at: v[23], status: v[24], outcome: v[25], error: v[26], attempts: v[27],
    input_estimate: v[28], max_output: v[29], needs: v[30], prefix_hash: v[31], input: v[32], cache_read: v[33],
    cache_write_5m: v[34], cache_write_1h: v[35], output: v[36], reasoning: v[37], audio: v[38], searches: v[39],
    counted: v[40], raw: v[41], cost: v[42], provider_cost: v[43], rates: v[44], estimated: v[45], dropped: v[46],
    hash: v[47], shadowed: v[48], uncached: v[49], dearest: v[50], dearest_rates: v[51], dearest_cost: v[52],
  } as RequestRow; // prettier-ignore
}
