// Opening the SQLite file: its settings, its check for damage, its migrations.

import { DatabaseSync } from 'node:sqlite';
import { StorageUnusable } from '../storage';
import { migrations } from './migrations';
import { repair } from './repair';

export type Durability = 'power_loss' | 'process';

/** Time another process may hold the file before a statement gives up. */
const busyMs = 5_000;

/**
 * Opens the ledger for writing, and where needed creates or migrates it.
 * @param durability `power_loss` syncs every commit to disk; `process` leaves that to the operating system.
 * @returns the database, and how many rows held numbers that had to be repaired
 * @throws StorageUnusable for a damaged database, or one of a version that this gateway cannot read
 */
export function openDatabase(path: string, durability: Durability): { db: DatabaseSync; repaired: number } {
  const db = new DatabaseSync(path, { timeout: busyMs });
  try {
    db.exec('pragma journal_mode = wal'); // before synchronous: changing the mode resets what follows
    db.exec(durability === 'power_loss' ? 'pragma synchronous = full' : 'pragma synchronous = normal');
    db.exec('pragma journal_size_limit = 67108864');
    db.exec('pragma cache_size = -8192');
    // Pages of log between two copies into the database, of which each syncs twice. SQLite's own 1,000 is every quarter
    // of a second under load; this is 16 MB on disk, and a tenth less CPU a request.
    db.exec('pragma wal_autocheckpoint = 4000');
    checkIntegrity(db);
    migrate(db);
    const repaired = repair(db);
    if (repaired > 0) checkIntegrity(db);
    return { db, repaired };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Opens the ledger for reading beside its writer. It must exist. */
export function openReader(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: busyMs, readOnly: true });
  db.exec('pragma cache_size = -4096');
  return db;
}

// ---

// A number that breaks a rule of its table is no damage to the file: it is repaired, and then looked at again.
function checkIntegrity(db: DatabaseSync): void {
  const damage = (db.prepare('pragma quick_check(1)').get() as { quick_check: string }).quick_check;
  if (damage !== 'ok' && !damage.startsWith('CHECK constraint failed'))
    throw new StorageUnusable(
      `the ledger is damaged (${damage}); restore it from a backup before starting the gateway.`,
    );
}

function migrate(db: DatabaseSync): void {
  db.exec('begin immediate');
  try {
    db.exec('create table if not exists schema (name text primary key, oldest_reader integer not null) strict');
    const done = db.prepare('select name, oldest_reader from schema order by rowid').all() as {
      name: string;
      oldest_reader: number;
    }[];
    const oldestReader = Math.max(0, ...done.map((row) => row.oldest_reader));
    if (oldestReader > migrations.length)
      throw new StorageUnusable(
        'the ledger was changed by a newer gateway in a way this one cannot read; start the newer version, or restore a backup.',
      );
    if (done.some(({ name }, i) => i < migrations.length && migrations[i]?.name !== name))
      throw new StorageUnusable(
        'the ledger was made by a version before the first release, whose tables are no longer read; move ledger.db and its -wal and -shm files away, and mint the keys anew.',
      );
    for (const migration of migrations.slice(done.length)) {
      db.exec(migration.sql);
      db.prepare('insert into schema (name, oldest_reader) values (?, ?)').run(migration.name, migration.oldestReader);
    }
    db.exec('commit');
  } catch (error) {
    db.exec('rollback');
    throw error;
  }
}
