// Whether keys have changed since they were last asked for. Another connection's commit says that something has; most often
// it was a request's, and whoever is told of all keys again would build its directory anew.

import { hash } from 'node:crypto';
import type { KeyRow } from '../rows';
import type { Writer } from './statements';

/** Keys, and whether they are others than before. */
export interface KeyChanges {
  /** Something was committed that may have been a key. */
  mayHaveChanged(): void;
  /** All keys; undefined where they are what they were at the last call. */
  read(): KeyRow[] | undefined;
}

/** Knows no key yet: the first reading gives all. */
export function openKeyChanges(sql: Pick<Writer, 'allKeys'>): KeyChanges {
  let suspected = true;
  let known: string | undefined;
  return {
    mayHaveChanged() {
      suspected = true;
    },
    read() {
      if (!suspected) return undefined;
      const rows = sql.allKeys.all() as unknown as KeyRow[];
      suspected = false;
      const digest = hash('sha256', JSON.stringify(rows));
      if (digest === known) return undefined;
      known = digest;
      return rows;
    },
  };
}
