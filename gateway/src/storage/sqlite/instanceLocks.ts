// The lock files of all instances on one ledger: this one's own, and how another is known to be dead.

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { StorageUnusable } from '../storage';
import { causeOf } from './failures';
import { type InstanceLock, lockExists, takeLock } from './instanceLock';

export interface InstanceLocks {
  pathOf(instance: string): string;
  /**
   * Holds this instance's lock, anew where its file was deleted: another instance could not find it then.
   * @returns whether it was
   */
  hold(): boolean;
  /** The lock of an instance that is dead; undefined for one that lives, or may. @param at milliseconds since 1970 */
  takeDead(instance: string, at: number): InstanceLock | undefined;
  remove(instance: string): void;
  /** Lets go of this instance's lock. */
  release(): void;
}

/** An instance whose lock file is missing is dead when it is still missing after this time: a living one makes it again. */
const missingMs = 30_000;

/** @param folder the data folder. @throws StorageUnusable where the folder of locks cannot be made */
export function openInstanceLocks(folder: string, own: string): InstanceLocks {
  const locks = join(folder, 'instances');
  makeFolder(locks);
  const pathOf = (instance: string) => join(locks, `${instance}.lock`);
  const missedAt = new Map<string, number>();
  let lock: InstanceLock | undefined;
  const mayBeDead = (instance: string, at: number): boolean => {
    if (lockExists(pathOf(instance))) {
      missedAt.delete(instance);
      return true;
    }
    const since = missedAt.get(instance);
    if (since === undefined) missedAt.set(instance, at);
    return since !== undefined && at - since >= missingMs;
  };
  return {
    pathOf,
    hold() {
      if (lock?.stands() === true) return false;
      makeFolder(locks);
      const next = takeLock(pathOf(own));
      if (next === undefined && lock === undefined) throw new Error('another process holds the lock of this instance');
      if (next === undefined) return false; // another instance looks whether it is free: the next call tries again
      const anew = lock !== undefined;
      lock?.release();
      lock = next;
      return anew;
    },
    takeDead: (instance, at) => (mayBeDead(instance, at) ? takeLock(pathOf(instance)) : undefined),
    remove: (instance) => rmSync(pathOf(instance), { force: true }),
    release: () => lock?.release(),
  };
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
