// A copy of a ledger that is put into an empty data folder.

import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StorageUnusable } from '../storage';
import { openReader } from './database';
import { causeOf } from './failures';
import { checkLedger, type LedgerReport } from './ledgerCheck';
import { placeEpoch, readEpoch } from './ledgerFile';

/** A key as the copy knows it. */
export interface RestoredKey {
  readonly id: string;
  readonly label: string;
  readonly source: 'admin' | 'config';
  /** Milliseconds since 1970: when it was last made, rotated or revoked. */
  readonly changed_at: number;
  readonly revoked: boolean;
}

/** What a copy holds. */
export interface RestoredLedger extends LedgerReport {
  /** Last changed first. */
  readonly key_changes: readonly RestoredKey[];
}

/**
 * Refuses a folder that has a ledger.
 * @param folder the data folder
 * @returns the id of the ledger that the folder has had; undefined where it has had none
 * @throws StorageUnusable
 */
export function expectNoLedger(folder: string): string | undefined {
  const path = join(folder, 'ledger.db');
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0)
    throw new StorageUnusable(
      `${path} exists; to restore another in its place, stop the gateway and move it away with its -wal and -shm files.`,
    );
  return readEpoch(path);
}

/**
 * Checks a copy, and reads from it what the report says.
 * @param expected id of the ledger that it must be of; undefined for any
 * @throws StorageUnusable for a file that is no ledger, or another's
 */
export function readCopy(copy: string, expected: string | undefined): RestoredLedger {
  const report = reportOf(copy);
  if (expected !== undefined && report.ledger !== expected)
    throw new StorageUnusable(`${copy} is a copy of the ledger ${report.ledger}, and ${expected} is wanted.`);
  const db = openReader(copy);
  try {
    const rows = db
      .prepare(
        `select id, label, source, max(created_at, coalesce(rotated_at, 0), coalesce(revoked_at, 0)) changed_at,
           revoked_at is not null revoked
         from keys order by changed_at desc, id`,
      )
      .all() as unknown as (Omit<RestoredKey, 'revoked'> & { revoked: 0 | 1 })[];
    return { ...report, key_changes: rows.map((row) => ({ ...row, revoked: row.revoked === 1 })) };
  } finally {
    db.close();
  }
}

/**
 * Moves a checked copy to its place. Nothing of it is open: the requests that its instances left open are settled when the
 * next gateway starts.
 * @param folder the data folder. @param copy a file in that folder
 */
export function placeCopy(folder: string, copy: string): void {
  const path = join(folder, 'ledger.db');
  makeLocks(folder, copy);
  for (const suffix of ['-wal', '-shm']) {
    rmSync(copy + suffix, { force: true });
    rmSync(path + suffix, { force: true });
  }
  renameSync(copy, path);
  placeEpoch(path);
}

// ---

function reportOf(copy: string): LedgerReport {
  if (!existsSync(copy)) throw new StorageUnusable(`${copy} does not exist.`);
  try {
    return checkLedger(copy);
  } catch (error) {
    throw new StorageUnusable(`${copy} is no ledger that this gateway can read (${causeOf(error)}).`, { cause: error });
  }
}

// An instance without a lock file is taken for dead after a while only (instanceLocks.ts); with one that nobody holds, at once.
function makeLocks(folder: string, copy: string): void {
  const locks = join(folder, 'instances');
  mkdirSync(locks, { recursive: true, mode: 0o700 });
  const db = openReader(copy);
  try {
    const sql = 'select id from instances union select distinct instance from open_requests';
    for (const { id } of db.prepare(sql).all() as unknown as { id: string }[])
      if (/^[\w-]+$/.test(id)) writeFileSync(join(locks, `${id}.lock`), '', { mode: 0o600 });
  } finally {
    db.close();
  }
}
