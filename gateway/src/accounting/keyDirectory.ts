// Application keys in memory: a credential is looked up without waiting, and what changes in the storage is seen in time.

import type { KeyRow } from '../storage/rows';
import type { Storage } from '../storage/storage';

/** All application keys, by secret and by id. */
export interface KeyDirectory {
  /** The key with this secret, by the lower-case hex of its SHA-256. A promise only where it is not known here. */
  find(sha256: string): KeyRow | undefined | Promise<KeyRow | undefined>;
  /** Whether `find` needs no look-up. Another process may have minted a key within the last second that is not known yet. */
  knows(sha256: string): boolean;
  /**
   * The key with this secret, as the storage knows it from now on, at a cost that is the same for one caller and for any
   * number: all wait for one refresh, and there are four in a second at most. @throws StorageUnavailable
   */
  findRefreshed(sha256: string): Promise<KeyRow | undefined>;
  byId(id: string): KeyRow | undefined;
  /** All keys, oldest first. */
  all(): readonly KeyRow[];
  /** Reads what has changed. @throws StorageUnavailable */
  refresh(): Promise<void>;
}

/** The least time between two refreshes that somebody waits for. */
const betweenRefreshesMs = 250;

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
    // A secret that is one key's present and another's past is the present one's.
    byHash = new Map([
      ...rows.flatMap((row) => (row.previous_sha256 === null ? [] : [[row.previous_sha256, row] as const])),
      ...rows.map((row) => [row.sha256, row] as const),
    ]);
  };
  await refresh();
  const known = (sha256: string): KeyRow | undefined => {
    const row = byHash.get(sha256);
    // The secret before the last rotation works until its grace ends, whether or not any key has changed since.
    return row === undefined || row.sha256 === sha256 || (row.previous_until ?? 0) > now() ? row : undefined;
  };
  let refreshedAt = -Infinity; // on the clock of performance.now()
  let coming: Promise<void> | undefined;
  // A refresh that has not begun yet: whoever asks while it runs waits for the next.
  const comingRefresh = (): Promise<void> =>
    (coming ??= after(refreshedAt + betweenRefreshesMs - performance.now()).then(() => {
      coming = undefined;
      refreshedAt = performance.now();
      return refresh();
    }));
  return {
    find: (sha256) => (byHash.has(sha256) ? known(sha256) : storage.keyByHash(sha256)),
    knows: (sha256) => byHash.has(sha256),
    async findRefreshed(sha256) {
      await comingRefresh();
      return known(sha256);
    },
    byId: (id) => byId.get(id),
    all: () => rows,
    refresh,
  };
}

const after = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, Math.max(0, ms)).unref());
