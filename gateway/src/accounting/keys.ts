// Application keys in memory: a credential is looked up without waiting, and what changes in the storage is seen in time.

import type { KeyBody } from '../../../config/keySettings';
import { writtenRules } from '../../../config/limitRule';
import type { KeyRow, Storage } from '../storage/storage';

export interface KeyDirectory {
  /**
   * The key with this secret, by the lower-case hex of its SHA-256. A promise only where it is not known here: another
   * process may have minted it a moment ago.
   */
  find(sha256: string): KeyRow | undefined | Promise<KeyRow | undefined>;
  byId(id: string): KeyRow | undefined;
  /** All keys, oldest first. */
  all(): readonly KeyRow[];
  /** Reads what has changed. @throws StorageUnavailable */
  refresh(): Promise<void>;
}

/** @param now milliseconds since 1970 */
export async function openKeyDirectory(
  storage: Pick<Storage, 'changedKeys' | 'keyByHash'>,
  now: () => number,
): Promise<KeyDirectory> {
  let rows: readonly KeyRow[] = [];
  let byHash = new Map<string, KeyRow>();
  let byId = new Map<string, KeyRow>();
  const refresh = async () => {
    const changed = await storage.changedKeys();
    if (changed === undefined) return;
    rows = changed;
    byId = new Map(rows.map((row) => [row.id, row]));
    byHash = new Map(
      rows.flatMap((row) => [
        [row.sha256, row] as const,
        ...(row.previous_sha256 === null ? [] : [[row.previous_sha256, row] as const]),
      ]),
    );
  };
  await refresh();
  return {
    find(sha256) {
      const known = byHash.get(sha256);
      if (known === undefined) return storage.keyByHash(sha256);
      // The secret before the last rotation works until its grace ends, whether or not any key has changed since.
      return known.sha256 === sha256 || (known.previous_until ?? 0) > now() ? known : undefined;
    },
    byId: (id) => byId.get(id),
    all: () => rows,
    refresh,
  };
}

/** What a key begins with. */
export const newKey = {
  previous_sha256: null,
  previous_until: null,
  tags: '[]',
  models: null,
  routes: null,
  parallel: null,
  expires_at: null,
  rotated_at: null,
  revoked_at: null,
} as const satisfies Partial<KeyRow>;

/** A key's own limits as they are kept: JSON of its rules. */
export function limitsOf(quota: KeyBody['quota']): string {
  return JSON.stringify(writtenRules(quota).map(({ rule }) => rule));
}
