// Credentials that administer, in memory: those of the configuration, and those that were minted.

import type { AdminScope } from '../../../config/adminCredentials';
import type { Settings } from '../../../config/schema';
import type { CredentialRow } from '../storage/administration';
import type { Storage } from '../storage/storage';
import { momentOf } from './keyRow';

/** A credential as an act of the administration is held against it. */
export interface AdminCredential {
  /** What the audit calls it: the id of one that was minted, `config:<label>` for one of the configuration. */
  readonly id: string;
  readonly label: string;
  readonly scopes: readonly AdminScope[];
}

export interface CredentialDirectory {
  /** The credential with this secret, by the lower-case hex of its SHA-256, while it stands. */
  find(sha256: string): AdminCredential | undefined;
  /** Those that were minted, oldest first. */
  all(): readonly CredentialRow[];
  /** Reads what has changed. @throws StorageUnavailable */
  refresh(): Promise<void>;
}

/** @param now milliseconds since 1970 */
export async function openCredentialDirectory(
  storage: Pick<Storage, 'credentials'>,
  settings: () => Pick<Settings, 'credentials'>,
  now: () => number,
): Promise<CredentialDirectory> {
  let rows: readonly CredentialRow[] = [];
  const directory: CredentialDirectory = {
    find(sha256) {
      const row = rows.find((each) => each.sha256 === sha256);
      if (row !== undefined)
        return row.revoked_at === null && isYoung(row.expires_at, now()) ? fromRow(row) : undefined;
      for (const [label, { scopes, expires_at, sha256: own }] of Object.entries(settings().credentials))
        if (own === sha256 && isYoung(momentOf(expires_at), now())) return { id: `config:${label}`, label, scopes };
      return undefined;
    },
    all: () => rows,
    async refresh() {
      rows = await storage.credentials();
    },
  };
  await directory.refresh();
  return directory;
}

// ---

function isYoung(end: number | null, now: number): boolean {
  return end === null || end > now;
}

function fromRow({ id, label, scopes }: CredentialRow): AdminCredential {
  return { id, label, scopes: JSON.parse(scopes) as AdminScope[] };
}
