// What one entry of a batch does to the tables, within the batch's transaction.

import * as admission from '../admission';
import {
  type Amounts,
  type EntryResult,
  type ExtendEntry,
  isSameWindow,
  type LimitWindow,
  noAmounts,
  type ReleaseEntry,
  type RepriceEntry,
  type ReserveEntry,
  type SettleEntry,
} from '../entries';
import type { RequestRow } from '../rows';
import type { BatchState } from './batchState';

/** Admits a request where its key stands and its limits have room. @param now milliseconds since 1970 */
export function reserve(entry: ReserveEntry, ledger: BatchState, now: number): EntryResult {
  const { sql, budgets, instance } = ledger;
  const known = sql.admitted.get(entry.id) as { output: number; limits: string | null } | undefined;
  if (known !== undefined) return admittedBefore(entry, known);
  if (!ledger.stands(entry.key)) return { type: 'revoked' };
  const decision = admission.reserve(entry, budgets.find, now);
  if ('refused' in decision) return decision.refused;
  const { held, tightest, nearing, shadowed, roomy } = decision;
  const limits = shadowed.length === 0 ? entry.limits : entry.limits.filter((_, i) => !shadowed.includes(i));
  const { key, user } = entry.request;
  sql.addOpenRequest.run(
    entry.id,
    instance,
    key,
    user,
    JSON.stringify(limits),
    held.amounts.tokens,
    held.amounts.nano,
    held.output,
    JSON.stringify(entry.request),
  );
  ledger.keyUses.add(entry.key, entry.request.started_at, entry.oldSecret === true);
  return {
    type: 'admitted',
    output: held.output,
    ...(tightest === undefined ? {} : { tightest }),
    ...(nearing.length === 0 ? {} : { nearing }),
    ...(shadowed.length === 0 ? {} : { shadowed }),
    ...(roomy ? { roomy } : {}),
  };
}

/** Raises what an open request holds, as far as its limits have room. @param now milliseconds since 1970 */
export function extend(entry: ExtendEntry, { sql, budgets }: BatchState, now: number): EntryResult {
  const open = openRow(entry.id, sql);
  if (open === undefined) return { type: 'extended', granted: 0 };
  if (open.output !== entry.from) return { type: 'extended', granted: Math.max(0, open.output - entry.from) };
  const { granted, amounts } = admission.extend(entry, budgets.find, now);
  if (granted > 0) sql.raiseOpenRequest.run(amounts.tokens, amounts.nano, granted, entry.id);
  return { type: 'extended', granted };
}

/** Raises the dollars that an open request holds to what a dearer target may cost. @param now milliseconds since 1970 */
export function reprice(entry: RepriceEntry, { sql, budgets }: BatchState, now: number): EntryResult {
  const open = openRow(entry.id, sql);
  if (open === undefined) return { type: 'repriced', fits: false };
  const by = entry.nano - open.nano;
  const fits = by <= 0 || admission.reprice(entry, by, budgets.find, now);
  if (fits && by > 0) sql.raiseOpenRequest.run(0, by, 0, entry.id);
  return { type: 'repriced', fits };
}

/** Books what a request used. */
export function settle(entry: SettleEntry, ledger: BatchState): EntryResult {
  const { row, limits } = entry;
  const open = openRow(row.id, ledger.sql);
  const booked = open === undefined ? (ledger.sql.requestById.get(row.id) as RequestRow | undefined) : undefined;
  if (booked !== undefined) return settleLate(entry, booked, ledger);
  giveBack(row.id, open, limits, { tokens: row.counted, nano: row.cost, requests: 1 }, ledger);
  addRow(row, entry, ledger);
  return { type: 'done' };
}

/** Gives back what an open request holds, as if it had never been admitted. */
export function release({ id, limits }: ReleaseEntry, ledger: BatchState): EntryResult {
  const open = openRow(id, ledger.sql);
  if (open !== undefined) giveBack(id, open, limits, noAmounts(), ledger);
  return { type: 'done' };
}

// ---

// The answer to its first commit was lost. It is booked in the limits that its row names; the others are shadows.
function admittedBefore(
  entry: ReserveEntry,
  { output, limits }: { output: number; limits: string | null },
): EntryResult {
  const booked = limits === null ? entry.limits : (JSON.parse(limits) as LimitWindow[]);
  const shadowed = entry.limits.flatMap((limit, i) => (booked.some((each) => isSameWindow(each, limit)) ? [] : [i]));
  return { type: 'admitted', output, ...(shadowed.length === 0 ? {} : { shadowed }) };
}

// The row is no longer open: it was settled by an earlier commit of the same entry, or booked as a crash by an instance
// that took this one for dead. Then the difference is booked as a correction, once.
function settleLate(entry: SettleEntry, booked: RequestRow, ledger: BatchState): EntryResult {
  const { row, limits } = entry;
  const id = `${row.id}.correction`;
  if (booked.kind !== 'crash' || ledger.sql.requestById.get(id) !== undefined) return { type: 'done' };
  const differences = Object.fromEntries(amountColumns.map((name) => [name, row[name] - booked[name]]));
  const correction: RequestRow = { ...row, ...differences, id, kind: 'correction', corrects: row.id };
  const spent = { tokens: correction.counted, nano: correction.cost, requests: 0 };
  for (const limit of limits) admission.settle(ledger.budgets.find(limit), noAmounts(), spent);
  addRow(correction, entry, ledger);
  return { type: 'done' };
}

const amountColumns = [
  'input', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'output', 'reasoning', 'audio', 'searches', 'counted', 'raw', 'cost',
  'uncached', 'dearest_cost',
] as const; // prettier-ignore

function addRow(
  row: RequestRow,
  { rates, dearestRates }: Pick<SettleEntry, 'rates' | 'dearestRates'>,
  { usage, chain, addRates }: BatchState,
): void {
  addRates(row.rates, rates);
  if (row.dearest_rates !== null && dearestRates !== undefined) addRates(row.dearest_rates, dearestRates);
  chain.add(row);
  usage.add(row);
}

/** What an open request holds, and the limits it is booked in as JSON. */
interface Open {
  readonly limits: string;
  readonly tokens: number;
  readonly nano: number;
  readonly output: number;
}

function openRow(id: string, sql: BatchState['sql']): Open | undefined {
  return sql.openRequest.get(id) as Open | undefined;
}

// Budgets are found before the row goes: one that begins now counts what is open.
function giveBack(
  id: string,
  open: Open | undefined,
  limits: readonly LimitWindow[],
  spent: Amounts,
  { sql, budgets }: BatchState,
): void {
  const held = open === undefined ? noAmounts() : { tokens: open.tokens, nano: open.nano, requests: 1 };
  for (const budget of bookedIn(limits, open).map(budgets.find)) admission.settle(budget, held, spent);
  if (open !== undefined) sql.dropOpenRequest.run(id);
}

// A shadow limit that had no room holds nothing of this request, though its owner may not know where an answer was lost.
function bookedIn(limits: readonly LimitWindow[], open: Open | undefined): readonly LimitWindow[] {
  if (open === undefined || !limits.some(({ shadow }) => shadow === true)) return limits;
  const booked = JSON.parse(open.limits) as LimitWindow[];
  return limits.filter((limit) => limit.shadow !== true || booked.some((each) => isSameWindow(each, limit)));
}
