// The writer: one connection, one transaction a batch. Synchronous; it runs in a thread of its own.

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as admission from '../admission';
import type { Amounts, EntryResult, KeyRow, LimitWindow } from '../storage';
import { type DecodedEntry, decodeBatch, type EncodedBatch, requestRowOf } from './batchCodec';
import { type BudgetCache, openBudgetCache } from './budgetCache';
import { keyColumns, requestColumns, valuesOf } from './columns';
import { settleDeadInstance } from './deadInstance';
import { type Durability, openDatabase } from './database';
import { causeOf, isStorageFailure } from './failures';
import { takeLock } from './instanceLock';
import { prepareWriter, type Writer } from './statements';
import { openUsageSums, type UsageSums } from './usageSums';

/** Where the ledger is, and whose it is. */
export interface EngineOptions {
  /** The data folder: `ledger.db`, and one lock file an instance under `instances/`. */
  readonly folder: string;
  readonly durability: Durability;
  /** This process. Open requests are its own. */
  readonly instance: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export type Engine = ReturnType<typeof openEngine>;

/** What a batch changes, and what is remembered between batches. */
export interface Ledger {
  readonly sql: Writer;
  readonly budgets: BudgetCache;
  readonly usage: UsageSums;
  /** Ids of rates that are written. */
  readonly rates: Set<string>;
  readonly instance: string;
}

/** Opens the ledger. @throws StorageUnusable, or the operating system's error */
export function openEngine({ folder, durability, instance, now }: EngineOptions) {
  const instances = join(folder, 'instances');
  mkdirSync(instances, { recursive: true, mode: 0o700 });
  const lockPath = (id: string) => join(instances, `${id}.lock`);
  const { db, repaired } = openDatabase(join(folder, 'ledger.db'), durability);
  const sql = prepareWriter(db);
  const lock = takeLock(lockPath(instance));
  if (lock === undefined) throw new Error('the lock of a new instance is taken');
  sql.addInstance.run(instance, now);

  const ledger: Ledger = { sql, budgets: openBudgetCache(sql), usage: openUsageSums(sql), rates: new Set(), instance };
  const standing = new Map<string, boolean>(); // keys, by id
  let version = -1;
  let keysVersion = -1; // of the keys that were last asked for

  // What is remembered holds until another connection commits.
  const refresh = () => {
    const next = Number((sql.dataVersion.get() as { data_version: number }).data_version);
    if (next === version) return;
    version = next;
    keysVersion = -1;
    forget();
  };
  const forget = () => {
    ledger.budgets.forget();
    standing.clear();
  };
  const transaction = <T>(work: () => T): T => {
    sql.begin.run();
    try {
      refresh();
      const result = work();
      sql.commit.run();
      return result;
    } catch (error) {
      if (db.isTransaction) sql.rollback.run();
      forget();
      ledger.usage.forget();
      ledger.rates.clear();
      throw error;
    }
  };
  const stands = (key: string): boolean => {
    let known = standing.get(key);
    if (known === undefined) standing.set(key, (known = sql.keyStands.get(key) !== undefined));
    return known;
  };
  const apply = (batch: readonly DecodedEntry[]): EntryResult[] => {
    const results = new Array<EntryResult>(batch.length);
    // What settlements free is there for the reservations beside them.
    batch.forEach((entry, i) => {
      if (entry.type === 'settle') results[i] = settle(entry, ledger);
      else if (entry.type === 'release') results[i] = release(entry.id, ledger, entry.limits.windows);
    });
    ledger.usage.write();
    batch.forEach((entry, i) => {
      if (entry.type === 'reserve') results[i] = stands(entry.key) ? reserve(entry, ledger) : { type: 'revoked' };
      else if (entry.type === 'extend') results[i] = extend(entry, ledger);
    });
    ledger.budgets.write();
    return results;
  };

  const commit = (batch: readonly DecodedEntry[]): EntryResult[] => {
    try {
      return transaction(() => apply(batch));
    } catch (error) {
      if (isStorageFailure(error)) throw error;
      // A value that the database refuses concerns the entry that holds it, and no other entry of the commit.
      if (batch.length === 1) return [{ type: 'failed', cause: causeOf(error) }];
      return batch.flatMap((entry) => commit([entry]));
    }
  };

  return {
    /** How many rows were repaired when the ledger was opened. */
    repaired,
    commit: (batch: EncodedBatch): EntryResult[] => commit(decodeBatch(batch)),
    settleDead(at: number): number {
      let settled = 0;
      for (const { id } of sql.holders.all() as unknown as { id: string }[]) {
        if (id === instance) continue;
        const dead = takeLock(lockPath(id));
        if (dead === undefined) continue;
        try {
          settled += transaction(() => settleDeadInstance(id, ledger, at));
        } finally {
          dead.release();
          rmSync(lockPath(id), { force: true });
        }
      }
      return settled;
    },
    changedKeys(): KeyRow[] | undefined {
      refresh();
      if (keysVersion === version) return undefined;
      keysVersion = version;
      return sql.allKeys.all() as unknown as KeyRow[];
    },
    keyByHash: (sha256: string) => sql.keyByHash.get(sha256) as KeyRow | undefined,
    keyById: (id: string) => sql.keyById.get(id) as KeyRow | undefined,
    putKeys(keys: readonly KeyRow[]): void {
      transaction(() => {
        for (const key of keys) sql.putKey.run(...valuesOf(key, keyColumns));
      });
      standing.clear();
      keysVersion = -1;
    },
    prune: (before: number, count: number) => transaction(() => Number(sql.prune.run(before, count).changes)),
    close(): void {
      // Open requests are for the next instance to settle, which finds them through this one's registration.
      if (sql.openRequestsOf.all(instance).length === 0) {
        transaction(() => sql.dropInstance.run(instance));
        lock.release();
        rmSync(lockPath(instance), { force: true });
      } else lock.release();
      db.close();
    },
  };
}

// ---

type Of<Type extends DecodedEntry['type']> = Extract<DecodedEntry, { type: Type }>;

function reserve(entry: Of<'reserve'>, { sql, budgets, instance }: Ledger): EntryResult {
  const decision = admission.reserve(entry, entry.limits.windows, budgets.find);
  if ('refused' in decision) return knownReservation(entry.id, sql) ?? decision.refused;
  const { held, tightest } = decision;
  const { tokens, nano } = held.amounts;
  const added = sql.addOpenRequest.run(
    entry.id,
    instance,
    entry.key,
    entry.user,
    entry.limits.json,
    tokens,
    nano,
    held.output,
    JSON.stringify(entry.request),
  );
  if (Number(added.changes) === 0) {
    // It was admitted by an earlier commit of the same entry, whose answer was lost: it holds what it held.
    for (const limit of entry.limits.windows) admission.settle(budgets.find(limit), held.amounts, nothing);
    return knownReservation(entry.id, sql) ?? { type: 'failed', cause: 'not added' };
  }
  return tightest === undefined
    ? { type: 'admitted', output: held.output }
    : { type: 'admitted', output: held.output, tightest };
}

function knownReservation(id: string, sql: Writer): EntryResult | undefined {
  const known = sql.openRequest.get(id) as { output: number } | undefined;
  return known === undefined ? undefined : { type: 'admitted', output: known.output };
}

function extend(entry: Of<'extend'>, { sql, budgets }: Ledger): EntryResult {
  if (sql.openRequest.get(entry.id) === undefined) return { type: 'extended', granted: 0 };
  const { granted, amounts } = admission.extend(entry, entry.limits.windows, budgets.find);
  if (granted > 0) sql.raiseOpenRequest.run(amounts.tokens, amounts.nano, granted, entry.id);
  return { type: 'extended', granted };
}

function settle({ row, limits, rates }: Of<'settle'>, ledger: Ledger): EntryResult {
  const { sql, budgets, usage, rates: known } = ledger;
  const held = dropOpen(String(row[at.id]), sql);
  if (held === undefined) return settleLate(row, limits.windows, rates, ledger);
  const spent = { tokens: Number(row[at.counted]), nano: Number(row[at.cost]), requests: 1 };
  for (const limit of limits.windows) admission.settle(budgets.find(limit), held, spent);
  addRates(String(row[at.rates]), rates, sql, known);
  sql.addRequest.run(...row);
  usage.add(row);
  return done;
}

// The row is no longer open: it was settled by an earlier commit of the same entry, or booked as a crash by an instance
// that took this one for dead. Then the difference is booked as a correction, once.
function settleLate(
  values: readonly (string | number | null)[],
  limits: readonly LimitWindow[],
  rates: string,
  { sql, budgets, usage, rates: known }: Ledger,
): EntryResult {
  const row = requestRowOf(values);
  const booked = sql.requestById.get(row.id) as typeof row | undefined;
  const id = `${row.id}.correction`;
  if (booked?.kind !== 'crash' || sql.requestById.get(id) !== undefined) return done;
  const differences = Object.fromEntries(amountColumns.map((name) => [name, row[name] - booked[name]]));
  const correction: typeof row = { ...row, ...differences, id, kind: 'correction', corrects: row.id };
  const spent = { tokens: correction.counted, nano: correction.cost, requests: 0 };
  for (const limit of limits) admission.settle(budgets.find(limit), nothing, spent);
  addRates(row.rates, rates, sql, known);
  const written = valuesOf(correction, requestColumns);
  sql.addRequest.run(...written);
  usage.add(written);
  return done;
}

// Every process prices with a few rates; each is written once.
function addRates(id: string, json: string, sql: Writer, known: Set<string>): void {
  if (known.has(id)) return;
  sql.addRates.run(id, json);
  known.add(id);
}

function release(id: string, { sql, budgets }: Ledger, limits: readonly LimitWindow[]): EntryResult {
  const held = dropOpen(id, sql);
  if (held !== undefined) for (const limit of limits) admission.settle(budgets.find(limit), held, nothing);
  return done;
}

const done: EntryResult = { type: 'done' };
const nothing: Amounts = { tokens: 0, nano: 0, requests: 0 };
const at = {
  id: requestColumns.indexOf('id'),
  counted: requestColumns.indexOf('counted'),
  cost: requestColumns.indexOf('cost'),
  rates: requestColumns.indexOf('rates'),
};
const amountColumns = [
  'input', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'output', 'reasoning', 'audio', 'searches', 'counted', 'raw', 'cost',
] as const; // prettier-ignore

// What an open request holds, which is then no longer open.
function dropOpen(id: string, sql: Writer): Amounts | undefined {
  const open = sql.dropOpenRequest.get(id) as { tokens: number; nano: number } | undefined;
  return open === undefined ? undefined : { tokens: open.tokens, nano: open.nano, requests: 1 };
}
