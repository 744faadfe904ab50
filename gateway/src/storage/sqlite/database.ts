// Opening the SQLite file: whether it is ours, its settings, its check for damage, its migrations.

import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { StorageUnusable } from '../storage';
import { isBusy, unusableFile } from './failures';
import { gone, hadLedger, keepEpoch } from './ledgerFile';
import { migrations } from './migrations';
import { repair } from './repair';

export type Durability = 'power_loss' | 'process';

/**
 * Pages of log between two copies into the database, of which each syncs twice. SQLite's own 1,000 is every quarter of a second
 * under load; this is 16 MB on disk, and a tenth less CPU a request.
 */
const logPages = 4_000;
/** Time another process may hold the file before a statement gives up. */
const busyMs = 5_000;
/** One of the waits that this time is made of, once the file is open. */
const waitMs = 200;

/**
 * Opens the ledger for writing, and where needed creates or migrates it.
 * @param durability `power_loss` syncs every commit to disk; `process` leaves that to the operating system.
 * @returns the database, and how many rows held numbers that had to be repaired
 * @throws StorageUnusable for a file that is gone, damaged, no ledger, not ours to write, or of a version that this gateway cannot
 * read; SQLite's error where another process holds it
 */
export function openDatabase(path: string, durability: Durability): { db: DatabaseSync; repaired: number } {
  let db: DatabaseSync | undefined;
  try {
    const had = hadLedger(path);
    db = new DatabaseSync(path, { timeout: busyMs });
    const done = migrationsDone(db, path); // before anything of the file is changed
    if (had && done === 0) throw gone(path);
    db.exec('pragma journal_mode = wal'); // before synchronous: changing the mode resets what follows
    db.exec(durability === 'power_loss' ? 'pragma synchronous = full' : 'pragma synchronous = normal');
    db.exec('pragma journal_size_limit = 67108864');
    db.exec('pragma cache_size = -4096');
    db.exec(`pragma wal_autocheckpoint = ${logPages}`);
    db.exec('pragma ignore_check_constraints = on'); // an absurd number is repaired; it is no damage of the file
    const damage = (db.prepare('pragma quick_check(1)').get() as { quick_check: string }).quick_check;
    if (damage !== 'ok')
      throw new StorageUnusable(
        `the ledger at ${path} is damaged (${damage.split('\n').at(-1)}); restore it from a backup before starting the gateway.`,
      );
    migrate(db, path);
    const repaired = repair(db);
    db.exec('pragma ignore_check_constraints = off');
    keepEpoch(db, path);
    db.exec(`pragma busy_timeout = ${waitMs}`);
    return { db, repaired };
  } catch (error) {
    db?.close();
    throw unusableFile(error, path) ?? error;
  }
}

/**
 * Begins a transaction that writes, and waits for other writers.
 * @param ms how long, about. In short waits: a thread that is to end while it waits would hold up the end of its process
 * @throws SQLite's error where another process holds the lock for longer
 */
export function beginWriting({ begin }: { readonly begin: StatementSync }, ms = busyMs): void {
  let until: number | undefined;
  for (;;) {
    try {
      begin.run();
      return;
    } catch (error) {
      until ??= performance.now() + ms - waitMs;
      if (!isBusy(error) || performance.now() >= until) throw error;
    }
  }
}

/**
 * Copies a log that has grown long into the database. SQLite does it by itself with the commits, but not beyond the place where
 * a reader is; and a log is begun anew only by a writer that finds it copied and no reader in it. Reads that follow each other
 * closely would let it grow for as long as they go on. To be called where none is going on; `noop` tells how long it is
 * (https://sqlite.org/pragma.html#pragma_wal_checkpoint).
 */
export function copyLog(db: DatabaseSync): void {
  const { log, checkpointed } = db.prepare('pragma wal_checkpoint(noop)').get() as { log: number; checkpointed: number }; // prettier-ignore
  if (log >= logPages && checkpointed < log) db.exec('pragma wal_checkpoint(passive)');
}

/** Opens the ledger for reading beside its writer. It must exist. */
export function openReader(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: busyMs, readOnly: true });
  db.exec('pragma cache_size = -4096');
  return db;
}

// ---

function migrate(db: DatabaseSync, path: string): void {
  db.exec('begin immediate');
  try {
    db.exec('create table if not exists schema (name text primary key, oldest_reader integer not null) strict');
    for (const migration of migrations.slice(migrationsDone(db, path))) {
      db.exec(migration.sql);
      db.prepare('insert into schema (name, oldest_reader) values (?, ?)').run(migration.name, migration.oldestReader);
    }
    db.exec('commit');
  } catch (error) {
    if (db.isTransaction) db.exec('rollback');
    throw error;
  }
}

// How many steps a file has behind it; none where it is new. @throws StorageUnusable for what is no ledger of ours
function migrationsDone(db: DatabaseSync, path: string): number {
  const names = db.prepare("select name from sqlite_schema where type = 'table'").all();
  if (names.length === 0) return 0;
  if (!names.some(({ name }) => name === 'schema'))
    throw new StorageUnusable(
      `${path} is the database of another program; move it away, or point OVTH_DATA at another folder.`,
    );
  const done = db.prepare('select name, oldest_reader from schema order by rowid').all() as unknown as Step[];
  if (Math.max(0, ...done.map((step) => step.oldest_reader)) > migrations.length)
    throw new StorageUnusable(
      `the ledger at ${path} was changed by a newer gateway in a way this one cannot read; start the newer version, or restore a backup.`,
    );
  if (done.some(({ name }, i) => i < migrations.length && migrations[i]?.name !== name))
    throw new StorageUnusable(
      `the ledger at ${path} was made by a version before the first release, whose tables are no longer read; move ledger.db and its -wal and -shm files away, and mint the keys anew.`,
    );
  return done.length;
}

interface Step {
  readonly name: string;
  readonly oldest_reader: number;
}
