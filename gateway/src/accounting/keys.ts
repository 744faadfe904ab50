// Application keys in memory: a credential is looked up without waiting, and what changes in the storage is seen in time.

import type { KeyBody } from '../../../config/keySettings';
import { writtenRules } from '../../../config/limitRule';
import type { KeyRow, Storage } from '../storage/storage';

export interface KeyDirectory {
  /** The key with this secret, by the lower-case hex of its SHA-256. A promise only where it is not known here. */
  find(sha256: string): KeyRow | undefined | Promise<KeyRow | undefined>;
  /** Whether `find` needs no look-up. Another process may have minted a key within the last second that is not known yet. */
  knows(sha256: string): boolean;
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
    knows: (sha256) => byHash.has(sha256),
    byId: (id) => byId.get(id),
    all: () => rows,
    refresh,
  };
}

/** Why a key may not be used; undefined where it may. @param now milliseconds since 1970 */
export function endOf(key: KeyRow | undefined, now: number): 'revoked_key' | 'expired_key' | undefined {
  if (key === undefined || key.revoked_at !== null) return 'revoked_key';
  return key.expires_at !== null && key.expires_at <= now ? 'expired_key' : undefined;
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

/** A moment as it is kept: milliseconds since 1970; null for none. @param text ISO 8601 */
export function momentOf(text: string | null | undefined): number | null {
  return text == null ? null : Date.parse(text);
}

/** A key's own limits as they are kept: JSON of its rules. */
export function limitsOf(quota: KeyBody['quota']): string {
  return JSON.stringify(writtenRules(quota).map(({ rule }) => rule));
}
