// When keys were used last, to the minute: of a minute's requests of a key one is written.

import type { KeyUse } from '../reports';
import type { Writer } from './statements';

/** Uses of keys that are not written yet. */
export interface KeyUses {
  /** @param at when the request began, milliseconds since 1970 */
  add(key: string, at: number, oldSecret: boolean): void;
  /** Writes what has changed since the last call. */
  write(): void;
  /** Forgets what is not written: its batch was rolled back. */
  forget(): void;
}

const minuteMs = 60_000;
/** Keys that are remembered between batches. */
const mostKnown = 20_000;

/** Nothing has been used since the last batch. What is written stands in the transaction of the caller. */
export function openKeyUses(sql: Pick<Writer, 'keyUse' | 'putKeyUse'>): KeyUses {
  const known = new Map<string, KeyUse>();
  const changed = new Set<string>();
  const useOf = (key: string): KeyUse | undefined => known.get(key) ?? (sql.keyUse.get(key) as KeyUse | undefined);
  return {
    add(key, at, oldSecret) {
      const minute = Math.floor(at / minuteMs) * minuteMs;
      const before = useOf(key);
      const old = before?.old_secret_used_at ?? null;
      const next: KeyUse = {
        last_used_at: Math.max(before?.last_used_at ?? 0, minute),
        old_secret_used_at: oldSecret ? Math.max(old ?? 0, minute) : old,
      };
      if (next.last_used_at !== before?.last_used_at || next.old_secret_used_at !== old) changed.add(key);
      known.set(key, next);
    },
    write() {
      for (const key of changed) {
        const use = known.get(key);
        if (use !== undefined) sql.putKeyUse.run(key, use.last_used_at, use.old_secret_used_at);
      }
      changed.clear();
      if (known.size > mostKnown) known.clear();
    },
    forget() {
      known.clear();
      changed.clear();
    },
  };
}
