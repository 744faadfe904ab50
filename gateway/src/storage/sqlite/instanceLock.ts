// Each instance holds a lock that dies with its process: an exclusive transaction on a file of its own.

import { DatabaseSync } from 'node:sqlite';
import { isBusy } from './failures';

export interface InstanceLock {
  release(): void;
}

/** Takes the lock behind a path; undefined while a living process holds it. */
export function takeLock(path: string): InstanceLock | undefined {
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    db.exec('pragma journal_mode = memory'); // the lock is the file's; nothing is written, so nothing needs a journal
    db.exec('begin exclusive');
  } catch (error) {
    db.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
  return { release: () => db.close() };
}
