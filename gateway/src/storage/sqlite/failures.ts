// What a failed statement says: that the disk, the file or another process is in the way, or that one value was refused.

import { StorageUnusable } from '../storage';

// Primary result codes that concern a value: TOOBIG, CONSTRAINT, MISMATCH, RANGE. Every other one concerns the file or the
// machine, also ERROR: a table that is gone is no fault of the settlement that needed it.
// Source: https://sqlite.org/rescode.html
const valueCodes: ReadonlySet<number> = new Set([18, 19, 20, 25]);

/** Whether nothing can be written now, whatever the value. */
export function isStorageFailure(error: unknown): boolean {
  const code = primaryCode(error);
  return code > 0 && !valueCodes.has(code);
}

/** Whether another process holds the file. */
export function isBusy(error: unknown): boolean {
  return primaryCode(error) === 5;
}

/** A failure in a few words without any value of a statement: SQLite's code, or the name of the error. */
export function causeOf(error: unknown): string {
  const code = codeOf(error);
  if (code > 0) return `sqlite ${code}`;
  return isObject(error) && 'code' in error ? String(error.code) : 'error';
}

/** What an operator must do about a file that cannot be opened; undefined where waiting may help, or it is no such failure. */
export function unusableFile(error: unknown, path: string): StorageUnusable | undefined {
  const remedy = remedies[primaryCode(error)];
  return remedy === undefined
    ? undefined
    : new StorageUnusable(`${remedy.replace('PATH', path)} (${causeOf(error)}).`, { cause: error });
}

// ---

// By primary result code: PERM, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB.
const remedies: Readonly<Record<number, string>> = {
  3: 'PATH may not be read and written by this user; give it to the user that the gateway runs as',
  8: 'PATH cannot be written; give it, its folder and its -wal and -shm files to the user that the gateway runs as, on a disk that is not read-only',
  10: 'PATH could not be read or written by its disk; look at the disk and at the kernel’s log, then restore a backup if need be',
  11: 'the ledger at PATH is damaged; restore it from a backup before starting the gateway',
  13: 'the disk that holds PATH is full; make room on it',
  14: 'PATH cannot be opened; make it a file that the user the gateway runs as may read and write, in a folder that it may write',
  26: 'PATH is not a ledger; move it away, or restore a backup',
};

function codeOf(error: unknown): number {
  return isObject(error) && 'errcode' in error ? Number(error.errcode) : 0;
}

// Not `instanceof Error`: SQLite's errors are made outside of the context that a test runs its modules in.
function isObject(error: unknown): error is object {
  return typeof error === 'object' && error !== null;
}

// SQLite's primary result code; 0 for an error that is not SQLite's.
function primaryCode(error: unknown): number {
  return codeOf(error) & 0xff;
}
