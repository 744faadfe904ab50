// How a batch crosses to the writer's thread, and its results come back: as lists of values in a fixed order. A structured
// clone writes and reads the name of every property of every object, and in lists that `map` makes, which may have holes, the
// index of every value: `npm run bench -- --only requests` shows what that costs.

import type { Entry, EntryResult, LimitState, LimitWindow, OpenRequest, ReserveEntry, SettleEntry } from '../entries';
import { requestRow, requestValues } from './columns';

/** An entry as a list, or as it is: the rarer kinds, and one of a form that the storage will refuse. */
export type PackedEntry = Entry | readonly unknown[];

/** A result as a list or a number, or as it is: the rarer kinds. */
export type PackedResult = EntryResult | readonly (number | undefined)[] | typeof done;

/** Makes lists of a batch's reservations and settlements. */
export function packBatch(batch: readonly Entry[]): PackedEntry[] {
  return listOf(batch, (entry) => {
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
  return listOf(results, (result) => {
    if (result.type === 'done') return done;
    if (result.type !== 'admitted' || result.nearing !== undefined || result.shadowed !== undefined) return result;
    const { output, tightest: t, roomy } = result;
    const much = roomy === true ? 1 : 0;
    return t === undefined ? [output, much] : [output, much, t.limit, t.spent, t.reserved, t.left, t.amount];
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

/** The list that `map` would make, without holes: values are pushed. */
function listOf<From, To>(values: readonly From[], made: (value: From) => To): To[] {
  const list: To[] = [];
  for (const value of values) list.push(made(value));
  return list;
}

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
    'reserve', entry.id, entry.key, listOf(entry.limits, packLimit), entry.input, entry.output, entry.defaultOutput,
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
  return ['settle', listOf(limits, packLimit), requestValues(row), rates, dearestRates];
}

function unpackSettle(v: readonly unknown[]): Entry {
  return {
    type: 'settle',
    limits: (v[1] as unknown[][]).map(unpackLimit),
    row: requestRow(v[2] as unknown[]),
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
  const [output, much, limit, spent, reserved, left, amount] = v as number[];
  const tightest = { limit, spent, reserved, left, ...(amount === undefined ? {} : { amount }) } as LimitState;
  return {
    type: 'admitted',
    output: output ?? 0,
    ...(limit === undefined ? {} : { tightest }),
    ...(much === 1 ? { roomy: true } : {}),
  };
}
