// Each instance holds a lock that dies with its process: an exclusive transaction on a file of its own.

import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { isBusy } from './failures';

export interface InstanceLock {
  /** Whether the file that is locked is still the one at its path. */
  stands(): boolean;
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
  const inode = inodeOf(path);
  return { stands: () => inodeOf(path) === inode, release: () => db.close() };
}

/** Whether there is a file to lock. An instance makes it before it is registered; without it, nothing says that it is dead. */
export function lockExists(path: string): boolean {
  return inodeOf(path) !== undefined;
}

// ---

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
