// Which file the ledger is. A file beside it, `ledger.epoch`, holds the same random id as the ledger itself: where it stands
// without its ledger, keys existed that a new, empty ledger would not know. While the gateway runs, the file is looked at by
// its path: SQLite goes on with a file that is deleted, and so would lose all that is booked.
// A deploy names a ledger before it exists: `ledger.begin` holds the id that a new one gets, and goes when it has it.
// The ledger is never opened here but through SQLite: closing a file releases all locks that this process holds on it
// (https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_).

import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StorageLost, StorageUnusable } from '../storage';
import { causeOf, isBusy, isStorageFailure } from './failures';

const restore =
  'restore a backup of it, with no ledger.db-wal and ledger.db-shm beside it; or delete ledger.epoch to begin a new ledger, in which no key exists and nothing has been spent';

/**
 * Whether a folder has had a ledger. Asked before SQLite makes an empty one.
 * @throws StorageLost where it has had one and the file is gone, or empty
 */
export function hadLedger(path: string): boolean {
  const had = readEpoch(path) !== undefined;
  if (had && (statOf(path)?.size ?? 0) === 0) throw gone(path);
  return had;
}

/** The refusal to begin anew where keys existed. */
export function gone(path: string): StorageLost {
  return new StorageLost(
    `the ledger at ${path} is gone or empty (ledger.epoch beside it says that there was one); ${restore}.`,
  );
}

/**
 * Sees that an open ledger is the one of its folder, and writes the epoch file where there is none yet.
 * @throws StorageUnusable for the ledger of another folder, or where the file cannot be written
 */
export function keepEpoch(db: DatabaseSync, path: string): void {
  const kept = readEpoch(path);
  db.prepare('insert into epoch (id) select ? where not exists (select 1 from epoch)').run(
    kept ?? readId(beginPath(path)) ?? randomBytes(16).toString('hex'),
  );
  const epoch = epochIn(db);
  if (kept === epoch) return rmSync(beginPath(path), { force: true });
  if (kept !== undefined)
    throw new StorageUnusable(
      `the ledger at ${path} is not the one that ledger.epoch beside it belongs to; ${restore}.`,
    );
  writeEpoch(path, epoch);
  rmSync(beginPath(path), { force: true }); // no second ledger begins by it
}

/** The id of a ledger: 32 hexadecimal digits, unless an operator has written another. */
export function epochIn(db: DatabaseSync): string {
  return String((db.prepare('select id from epoch').get() as { id: string }).id);
}

/** The id in the file beside a ledger; undefined without one. @throws StorageUnusable where it cannot be read */
export function readEpoch(path: string): string | undefined {
  return readId(epochPath(path));
}

/** Writes the file beside a ledger that was put there. @throws StorageUnusable where it cannot be written */
export function placeEpoch(path: string): void {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    writeEpoch(path, epochIn(db));
  } finally {
    db.close();
  }
  rmSync(beginPath(path), { force: true });
}

/** The ledger's file as it was opened. */
export interface LedgerFile {
  /** What has become of the file, for good; undefined while it is the one that was opened. */
  readonly lost: string | undefined;
  /** Sees what has become of it. */
  look(): void;
}

/** @param db the open ledger */
export function watchLedgerFile(db: DatabaseSync, path: string): LedgerFile {
  const epoch = epochIn(db);
  const opened = statOf(path);
  let { size = 0 } = opened ?? {};
  let log = statOf(`${path}-wal`)?.ino;
  let lost: string | undefined;
  const whatHappened = (): string | undefined => {
    const found = statOf(path);
    if (found === undefined) return 'was deleted';
    if (found.ino !== opened?.ino || found.dev !== opened.dev) return 'was replaced by another file';
    if (found.size < size) return 'was truncated'; // a ledger is never compacted
    size = found.size;
    return holdsEpoch(path, epoch) ? undefined : 'was overwritten';
  };
  return {
    get lost() {
      return lost;
    },
    look() {
      if (lost !== undefined) return;
      const what = whatHappened();
      if (what === undefined) {
        log = statOf(`${path}-wal`)?.ino;
        return;
      }
      putAside(path, log);
      lost = `the ledger at ${path} ${what} while the gateway ran; nothing is admitted any more. Stop the gateway, ${restore}`;
    },
  };
}

// ---

const epochPath = (path: string) => join(dirname(path), 'ledger.epoch');
const beginPath = (path: string) => join(dirname(path), 'ledger.begin');

function statOf(path: string) {
  return statSync(path, { throwIfNoEntry: false });
}

function readId(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (causeOf(error) === 'ENOENT') return undefined;
    throw new StorageUnusable(`${path} cannot be read (${causeOf(error)}).`, { cause: error });
  }
}

// Whole or not at all, and on the disk before anything is booked.
function writeEpoch(path: string, epoch: string): void {
  const made = `${epochPath(path)}.new`;
  try {
    const file = openSync(made, 'w', 0o600);
    try {
      writeSync(file, `${epoch}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(made, epochPath(path));
  } catch (error) {
    throw new StorageUnusable(
      `${epochPath(path)} cannot be written (${causeOf(error)}); give the data folder to the user that the gateway runs as, on a disk with room.`,
      { cause: error },
    );
  }
}

// A file that is overwritten in place keeps its number; a connection that has read nothing yet sees what is in it.
function holdsEpoch(path: string, epoch: string): boolean {
  let reader: DatabaseSync | undefined;
  try {
    reader = new DatabaseSync(path, { readOnly: true });
    return epochIn(reader) === epoch;
  } catch (error) {
    // Another process may hold it, or the machine may have no file left to open: that says nothing about the ledger.
    return isBusy(error) || !(isStorageFailure(error) && contentCodes.has(causeOf(error)));
  } finally {
    reader?.close();
  }
}

// ERROR (no such table), CORRUPT, NOTADB. Source: https://sqlite.org/rescode.html
const contentCodes: ReadonlySet<string> = new Set(['sqlite 1', 'sqlite 11', 'sqlite 26']);

// The write-ahead log of a ledger that is gone would be applied to the file that takes its place.
function putAside(path: string, log: number | undefined): void {
  if (log === undefined || statOf(`${path}-wal`)?.ino !== log) return;
  for (const suffix of ['-wal', '-shm']) {
    try {
      renameSync(path + suffix, `${path}${suffix}.old`);
    } catch {
      // Another instance has done it.
    }
  }
}
