// What a failed statement says: that the disk, the file or another process is in the way, or that one value was refused.

// Primary result codes: BUSY, LOCKED, NOMEM, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOLFS, NOTADB.
// Source: https://sqlite.org/rescode.html
const storageCodes = new Set([5, 6, 7, 8, 10, 11, 13, 14, 15, 22, 26]);

/** Whether nothing can be written now, whatever the value. */
export function isStorageFailure(error: unknown): boolean {
  return storageCodes.has(codeOf(error) & 0xff);
}

/** Whether another process holds the file. */
export function isBusy(error: unknown): boolean {
  return (codeOf(error) & 0xff) === 5;
}

/** A failure in a few words without any value of a statement: SQLite's code, or the name of the error. */
export function causeOf(error: unknown): string {
  const code = codeOf(error);
  if (code > 0) return `sqlite ${code}`;
  return isObject(error) && 'code' in error ? String(error.code) : 'error';
}

// ---

function codeOf(error: unknown): number {
  return isObject(error) && 'errcode' in error ? Number(error.errcode) : 0;
}

// Not `instanceof Error`: an error of the database may come from another realm.
function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
