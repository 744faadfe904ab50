// The writer: one connection, one transaction a batch. Synchronous; it runs in a thread of its own.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { KeyRow } from '../rows';
import { type ForgetPlace, type ForgetStep, type LedgerHead, StorageLost, StorageUnusable } from '../storage';
import type { Act } from '../administration';
import { openAdministration } from './administration';
import { commitBatch } from './batch';
import { bookAsReserved, type OpenRow } from './bookAsReserved';
import type { BatchState } from './batchState';
import { openBudgetCache } from './budgetCache';
import { observeClock } from './clockObservations';
import { beginWriting, copyLog, type Durability, openDatabase } from './database';
import { causeOf, isStorageFailure, unusableFile } from './failures';
import { type InstanceLocks, openInstanceLocks } from './instanceLocks';
import { openKeyChanges } from './keyChanges';
import { forgetUser } from './forgetUser';
import { openHashChain } from './hashChain';
import { openKeyUses } from './keyUses';
import { epochIn, type LedgerFile, watchLedgerFile } from './ledgerFile';
import { type PackedEntry, type PackedResult, packResults, unpackBatch } from './packedBatch';
import { pruneRequests } from './prune';
import { prepareWriter, type Writer } from './statements';
import { sumSessions } from './sessionDays';
import { sumHours } from './usageDays';
import { openUsageSums } from './usageSums';

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

/** Opens the ledger. @throws StorageUnusable, or the operating system's error */
export function openEngine(options: EngineOptions) {
  const { folder, instance, now } = options;
  const path = join(folder, 'ledger.db');
  const locks = openInstanceLocks(folder, instance);
  const { db, repaired } = openDatabase(path, options.durability);
  try {
    const sql = prepareWriter(db);
    locks.hold();
    sql.addInstance.run(instance, now);
    return { repaired, ...engineOf({ db, sql, locks, instance, now, file: watchLedgerFile(db, path) }) };
  } catch (error) {
    locks.release();
    db.close();
    throw unusableFile(error, locks.pathOf(instance)) ?? error;
  }
}

// ---

/** A look at the ledger waits this long for its lock: what is asked for meanwhile waits behind it. */
const checkMs = 200;

const dayMs = 86_400_000;
/** How long the counters of windows are kept: a month's beyond its end, and those of minutes, of which a day has 1,440. */
const longestKept = 62 * dayMs;
const minutesKept = dayMs;

interface EngineParts {
  readonly db: DatabaseSync;
  readonly sql: Writer;
  readonly locks: InstanceLocks;
  readonly instance: string;
  readonly now: number;
  readonly file: LedgerFile;
}

function engineOf(parts: EngineParts) {
  const { db, sql, locks, instance, now, file } = parts;
  const ledger = openBatchState(db, sql, instance);
  const connection = randomUUID();
  const keys = openKeyChanges(sql);
  let changes = 0; // of this connection: `data_version` tells of those of others
  const changed = () => {
    changes++;
    ledger.forget();
    keys.mayHaveChanged();
  };
  const { refresh, transaction } = openTransactions(parts, ledger, () => keys.mayHaveChanged());

  return {
    /** That the ledger is the file that was opened and can be locked, and this instance is known to live. @param write by a write */
    check(write: boolean): boolean {
      file.look();
      const anew = locks.hold();
      transaction(() => write && sql.addInstance.run(instance, now), checkMs);
      return anew;
    },
    commit: (batch: readonly PackedEntry[], at: number): PackedResult[] =>
      packResults(commitBatch(unpackBatch(batch), at, ledger, transaction)),
    settleDead(at: number): number {
      const others = (sql.holders.all() as unknown as { id: string }[]).filter(({ id }) => id !== instance);
      return settleEach(others, locks, at, (id) => transaction(() => settleInstance(id, ledger, at)));
    },
    // A connection counts from a number of its own.
    version: () => `${connection} ${refresh()} ${changes}`,
    changedKeys(): KeyRow[] | undefined {
      refresh();
      return keys.read();
    },
    ...openAdministration(sql, transaction, changed),
    observeClock: (at: number, ran: number) => transaction(() => observeClock(db, at, ran)),
    prune: (before: number, count: number) => transaction(() => pruneRequests(sql, before, count)),
    sumDays: (at: number, count: number): boolean =>
      transaction(() => {
        const hours = sumHours(sql, at, count);
        return sumSessions(sql, count) || hours;
      }),
    catchUp: () => copyLog(db),
    head: () => sql.head.get(instance) as LedgerHead | undefined,
    forgetUser(user: string, place: ForgetPlace | undefined, act?: Act): ForgetStep {
      const step = transaction(() => forgetUser(db, sql, user, place, act));
      if (!('inUse' in step)) changed();
      return step;
    },
    pruneBudgets: (at: number, count: number) => transaction(() => pruneBudgets(sql, at, count)),
    /** Lets go of everything, also where nothing can be written: then the next instance finds this one's registration. */
    close: () => closeEngine(parts, transaction),
  };
}

type Transaction = <T>(work: () => T, waitMs?: number) => T;

// What is remembered of the ledger holds until another connection commits.
function openTransactions(
  { db, sql, file }: EngineParts,
  ledger: BatchState,
  othersCommitted: () => void,
): { refresh: () => number; transaction: Transaction } {
  let version = -1;
  const refresh = () => {
    const next = Number((sql.dataVersion.get() as { data_version: number }).data_version);
    if (next === version) return version;
    version = next;
    othersCommitted();
    ledger.forget();
    return version;
  };
  const transaction: Transaction = (work, waitMs) => {
    if (file.lost !== undefined) throw new StorageLost(file.lost);
    beginWriting(sql, waitMs);
    try {
      refresh();
      const result = work();
      sql.commit.run();
      return result;
    } catch (error) {
      if (db.isTransaction) sql.rollback.run();
      ledger.forget();
      throw error;
    }
  };
  return { refresh, transaction };
}

function settleInstance(id: string, ledger: BatchState, at: number): number {
  const open = ledger.sql.openRequestsOf.all(id) as unknown as OpenRow[];
  for (const each of open) bookAsReserved(each, ledger, at);
  ledger.usage.write();
  ledger.budgets.write();
  ledger.chain.write(at);
  ledger.sql.dropInstance.run(id);
  return open.length;
}

// Open requests are for the next instance to settle, which finds them through this one's registration.
function closeEngine({ db, sql, locks, instance, file }: EngineParts, transaction: Transaction): void {
  try {
    if (file.lost === undefined && sql.openRequestsOf.get(instance) === undefined) {
      transaction(() => sql.dropInstance.run(instance));
      locks.remove(instance);
    }
  } catch (error) {
    if (!isStorageFailure(error)) throw error;
  } finally {
    locks.release();
    db.close();
  }
}

function pruneBudgets(sql: Writer, now: number, count: number): number {
  return Number(sql.pruneBudgets.run(now - longestKept, now - minutesKept, count).changes);
}

// Those of the instances that are dead. A row that cannot be booked keeps its own instance open, and no other.
function settleEach(
  instances: readonly { readonly id: string }[],
  locks: InstanceLocks,
  at: number,
  settle: (id: string) => number,
): number {
  let settled = 0;
  let failure: unknown;
  for (const { id } of instances) {
    const dead = locks.takeDead(id, at);
    if (dead === undefined) continue;
    try {
      settled += settle(id);
      locks.remove(id);
    } catch (error) {
      if (isStorageFailure(error) || error instanceof StorageUnusable) throw error;
      failure = error;
    } finally {
      dead.release();
    }
  }
  if (failure !== undefined)
    throw new Error(`an instance holds a row that cannot be booked (${causeOf(failure)})`, { cause: failure });
  return settled;
}

function openBatchState(db: DatabaseSync, sql: Writer, instance: string): BatchState {
  const chain = openHashChain(sql, () => epochIn(db));
  const usage = openUsageSums(sql);
  const budgets = openBudgetCache(sql, () => usage.write());
  const keyUses = openKeyUses(sql);
  const standing = new Map<string, boolean>(); // keys, by id
  const written = new Set<string>(); // ids of rates: a few a model and day
  return {
    sql,
    usage,
    budgets,
    chain,
    keyUses,
    instance,
    stands(key) {
      let known = standing.get(key);
      if (known === undefined) standing.set(key, (known = sql.keyStands.get(key) !== undefined));
      return known;
    },
    addRates(id, json) {
      if (written.has(id)) return;
      sql.addRates.run(id, json);
      written.add(id);
    },
    forget() {
      budgets.forget();
      usage.forget();
      chain.forget();
      keyUses.forget();
      standing.clear();
      written.clear();
    },
  };
}
