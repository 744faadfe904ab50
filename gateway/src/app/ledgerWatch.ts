// Whether requests can be admitted: the ledger is looked at every two seconds, and where something could not be written,
// written to until it can be. A ledger that is gone ends the gateway.

import type { Entry, EntryResult } from '../storage/entries';
import { type Storage, StorageLost, StorageUnavailable, StorageUnusable } from '../storage/storage';
import type { Log } from '../telemetry/log';

export interface LedgerWatch {
  /** Why nothing can be admitted now; undefined where requests can. */
  readonly problem: string | undefined;
  /** As the storage's own; what becomes of it is seen. */
  commit(batch: readonly Entry[], now: number): Promise<readonly EntryResult[]>;
  /** Looks at the ledger. Never fails. */
  look(): Promise<void>;
  /** Resolves, with why, when the ledger was deleted or replaced: nothing will be admitted any more. */
  readonly lost: Promise<string>;
}

/** Nothing is known to be wrong yet. */
export function openLedgerWatch(storage: Pick<Storage, 'check' | 'commit'>, log: Pick<Log, 'warn'>): LedgerWatch {
  let problem: string | undefined;
  let failed = false; // the last commit did
  let tellLost: (why: string) => void = () => undefined;
  const lost = new Promise<string>((resolve) => (tellLost = resolve));
  const suspect = (cause: unknown): void => {
    if (cause instanceof StorageUnavailable || cause instanceof StorageUnusable) problem = cause.message;
    if (cause instanceof StorageLost) tellLost(cause.message);
  };
  return {
    get problem() {
      return problem;
    },
    async commit(batch, now) {
      try {
        const results = await storage.commit(batch, now);
        failed = false;
        problem = undefined;
        return results;
      } catch (error) {
        failed = true;
        suspect(error);
        throw error;
      }
    },
    async look() {
      try {
        if (await storage.check(failed))
          log.warn('the lock file of this instance was deleted; it was made again, so that no other takes it for dead');
        problem = undefined;
      } catch (error) {
        suspect(error);
      }
    },
    lost,
  };
}
