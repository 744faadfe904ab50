// The writer: one connection, one transaction a batch. Synchronous; it runs in a thread of its own.

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { type Entry, type EntryResult, type KeyRow, StorageUnusable } from '../storage';
import { commitBatch } from './batch';
import { bookAsReserved, type OpenRow } from './bookAsReserved';
import type { BatchState } from './batchState';
import { openBudgetCache } from './budgetCache';
import { keyColumns, valuesOf } from './columns';
import { type Durability, openDatabase } from './database';
import { causeOf, isStorageFailure, unusableFile } from './failures';
import { type InstanceLock, takeLock } from './instanceLock';
import { openKeyChanges } from './keyChanges';
import { prepareWriter, type Writer } from './statements';
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
  const instances = join(folder, 'instances');
  makeFolder(instances);
  const lockPath = (id: string) => join(instances, `${id}.lock`);
  const { db, repaired } = openDatabase(join(folder, 'ledger.db'), options.durability);
  let lock: InstanceLock | undefined;
  try {
    const sql = prepareWriter(db);
    lock = takeLock(lockPath(instance));
    if (lock === undefined) throw new Error('another process holds the lock of this instance');
    sql.addInstance.run(instance, now);
    return { repaired, ...engineOf({ db, sql, lock, instance, lockPath }) };
  } catch (error) {
    lock?.release();
    db.close();
    throw unusableFile(error, lockPath(instance)) ?? error;
  }
}

// ---

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StorageUnusable(
      `the folder ${path} cannot be made (${causeOf(error)}); give the data folder to the user that the gateway runs as, on a disk with room that is not read-only.`,
      { cause: error },
    );
  }
}

interface EngineParts {
  readonly db: DatabaseSync;
  readonly sql: Writer;
  readonly lock: InstanceLock;
  readonly instance: string;
  readonly lockPath: (instance: string) => string;
}

function engineOf({ db, sql, lock, instance, lockPath }: EngineParts) {
  const ledger = openBatchState(sql, instance);
  const keys = openKeyChanges(sql);
  let version = -1;

  // What is remembered holds until another connection commits.
  const refresh = () => {
    const next = Number((sql.dataVersion.get() as { data_version: number }).data_version);
    if (next === version) return;
    version = next;
    keys.mayHaveChanged();
    ledger.forget();
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
      ledger.forget();
      throw error;
    }
  };
  const settleInstance = (id: string, at: number): number => {
    const open = sql.openRequestsOf.all(id) as unknown as OpenRow[];
    for (const each of open) bookAsReserved(each, ledger, at);
    ledger.usage.write();
    ledger.budgets.write();
    sql.dropInstance.run(id);
    return open.length;
  };

  return {
    commit: (batch: readonly Entry[], at: number): EntryResult[] => commitBatch(batch, at, ledger, transaction),
    settleDead(at: number): number {
      let settled = 0;
      let failure: unknown;
      for (const { id } of sql.holders.all() as unknown as { id: string }[]) {
        if (id === instance) continue;
        const dead = takeLock(lockPath(id));
        if (dead === undefined) continue;
        try {
          settled += transaction(() => settleInstance(id, at));
          rmSync(lockPath(id), { force: true });
        } catch (error) {
          if (isStorageFailure(error)) throw error;
          failure = error; // a row that cannot be booked keeps its own instance open, and no other
        } finally {
          dead.release();
        }
      }
      if (failure !== undefined)
        throw new Error(`an instance holds a row that cannot be booked (${causeOf(failure)})`, { cause: failure });
      return settled;
    },
    changedKeys(): KeyRow[] | undefined {
      refresh();
      return keys.read();
    },
    keyByHash: (sha256: string) => sql.keyByHash.get(sha256) as KeyRow | undefined,
    keyById: (id: string) => sql.keyById.get(id) as KeyRow | undefined,
    putKeys(rows: readonly KeyRow[]): void {
      transaction(() => {
        for (const row of rows) sql.putKey.run(...valuesOf(row, keyColumns));
      });
      ledger.forget();
      keys.mayHaveChanged();
    },
    prune: (before: number, count: number) => transaction(() => Number(sql.prune.run(before, count).changes)),
    /** Lets go of everything, also where nothing can be written: then the next instance finds this one's registration. */
    close(): void {
      try {
        // Open requests are for the next instance to settle, which finds them through this one's registration.
        if (sql.openRequestsOf.get(instance) === undefined) {
          transaction(() => sql.dropInstance.run(instance));
          rmSync(lockPath(instance), { force: true });
        }
      } catch (error) {
        if (!isStorageFailure(error)) throw error;
      } finally {
        lock.release();
        db.close();
      }
    },
  };
}

function openBatchState(sql: Writer, instance: string): BatchState {
  const usage = openUsageSums(sql);
  const budgets = openBudgetCache(sql, () => usage.write());
  const standing = new Map<string, boolean>(); // keys, by id
  const written = new Set<string>(); // ids of rates: a few a model and day
  return {
    sql,
    usage,
    budgets,
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
      standing.clear();
      written.clear();
    },
  };
}
