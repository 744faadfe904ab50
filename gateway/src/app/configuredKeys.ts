// Keys kept in the configuration: brought into the storage at load, revoked when they leave it.

import { ConfigError, type Problem } from '../../../config/problems';
import type { Settings } from '../../../config/schema';
import type { KeyDirectory } from '../accounting/keyDirectory';
import { newKey, settingsOf } from '../accounting/keyRow';
import type { KeyRow } from '../storage/rows';
import type { Storage } from '../storage/storage';

/**
 * Makes the storage's configured keys those of the settings. Counters belong to the key and stay, also under a new label
 * that says what it was renamed from.
 * @throws StorageUnavailable; ConfigError where a hash is that of a key that was minted
 */
export async function syncConfiguredKeys(
  storage: Pick<Storage, 'putKeys'>,
  directory: KeyDirectory,
  settings: Settings,
  now: number,
): Promise<void> {
  await directory.refresh();
  const kept = directory.all().filter(({ source }) => source === 'config');
  const wanted = wantedKeys(settings, kept, now);
  refuseMinted(wanted, directory);
  const ids = new Set(wanted.map(({ id }) => id));
  const gone = kept
    .filter(({ id, revoked_at }) => revoked_at === null && !ids.has(id))
    .map((row) => ({ ...row, revoked_at: now }));
  const changed = wanted.filter((row) => {
    const known = directory.byId(row.id);
    return known === undefined || JSON.stringify({ ...known }) !== JSON.stringify({ ...known, ...row });
  });
  if (gone.length + changed.length === 0) return;
  const act = { at: now, credential: 'configuration', address: null, action: 'key.configure' };
  await storage.putKeys([...released(kept, gone, changed), ...changed], act);
  await directory.refresh();
}

// ---

const hourMs = 3_600_000;

type ConfiguredKey = Settings['keys'][string];

function wantedKeys(settings: Settings, kept: readonly KeyRow[], now: number): KeyRow[] {
  const taken = new Set<string>(); // ids
  return Object.entries(settings.keys).flatMap(([label, key]): KeyRow[] => {
    const { sha256 } = key;
    if (sha256 === undefined) return []; // refused at load
    const known = knownAs(label, key, settings, kept, taken);
    const id = known?.id ?? freeId(label, kept, taken);
    taken.add(id);
    return [
      {
        ...newKey,
        ...settingsOf(key),
        id,
        sha256,
        hint: 'from the configuration',
        label,
        source: 'config',
        generation: key.generation,
        ...(known === undefined ? { created_at: now } : historyOf(known, sha256, key, now)),
      },
    ];
  });
}

/** It left the configuration; one that was revoked through the administration is in it, or may return to it. */
const hasLeft = (row: KeyRow) => row.revoked_at !== null && row.revoked_generation === null;

// The stored key that a label stands for, by what it was called when it was last brought in. A renamed key that gets its first
// label back, as after an update that was taken back, is known by its secret.
function knownAs(
  label: string,
  key: ConfiguredKey,
  settings: Settings,
  kept: readonly KeyRow[],
  taken: ReadonlySet<string>,
): KeyRow | undefined {
  const free = kept.filter(({ id }) => !taken.has(id));
  const named = (name: string) => free.filter((row) => row.label === name);
  const { renamed_from: before } = key;
  return (
    (before === undefined ? undefined : named(before).find((row) => !hasLeft(row))) ??
    named(label).find((row) => !hasLeft(row)) ??
    free.find(
      (row) => row.id === idOf(label) && row.sha256 === key.sha256 && !Object.hasOwn(settings.keys, row.label),
    ) ??
    named(label).at(-1)
  );
}

const idOf = (label: string) => `key_config_${label}`;

// Another key may have begun under this label and have another one now.
function freeId(label: string, kept: readonly KeyRow[], taken: ReadonlySet<string>): string {
  const used = new Set([...taken, ...kept.map(({ id }) => id)]);
  let id = idOf(label);
  for (let n = 2; used.has(id); n++) id = `${idOf(label)}.${n}`;
  return id;
}

type History = Pick<
  KeyRow,
  'created_at' | 'rotated_at' | 'previous_sha256' | 'previous_until' | 'revoked_at' | 'revoked_generation'
>;

// What stays of the stored key. A secret that was replaced goes on for its grace, unless it was revoked.
function historyOf(known: KeyRow, sha256: string, { generation, grace_hours }: ConfiguredKey, now: number): History {
  const { created_at } = known;
  const raised = generation > (known.generation ?? 1);
  const graceMs = grace_hours * hourMs;
  const stillRevoked = known.revoked_generation !== null && generation <= known.revoked_generation;
  const revoked = stillRevoked
    ? { revoked_at: known.revoked_at, revoked_generation: known.revoked_generation }
    : { revoked_at: null, revoked_generation: null };
  if (known.sha256 !== sha256) {
    const goesOn = raised && known.revoked_at === null && graceMs > 0;
    return {
      ...{ created_at, ...revoked, rotated_at: now },
      ...(goesOn ? { previous_sha256: known.sha256, previous_until: now + graceMs } : noPrevious),
    };
  }
  const { rotated_at, previous_sha256 } = known;
  const until = (rotated_at ?? 0) + graceMs;
  const goesOn = previous_sha256 !== null && (known.previous_until ?? 0) > now && until > now;
  return {
    ...{ created_at, ...revoked, rotated_at },
    ...(goesOn ? { previous_sha256, previous_until: until } : noPrevious),
  };
}

const noPrevious = { previous_sha256: null, previous_until: null };

function refuseMinted(wanted: readonly KeyRow[], directory: KeyDirectory): void {
  const minted = new Map(
    directory.all().flatMap((row) => (row.source === 'admin' ? [[row.sha256, row] as const] : [])),
  );
  const problems = wanted.flatMap(({ label, sha256 }): Problem[] => {
    const other = minted.get(sha256);
    if (other === undefined) return [];
    return [
      {
        path: `keys.${label}.sha256`,
        message: `is the hash of the key "${other.label}" (${other.id}), which was minted through /admin/keys; make another secret for keys.${label}, or remove it.`,
      },
    ];
  });
  if (problems.length > 0) throw new ConfigError(problems);
}

// A hash is one key's at a time: whoever has one that another wants lets go of it first, for good where it has left.
function released(kept: readonly KeyRow[], gone: readonly KeyRow[], changed: readonly KeyRow[]): KeyRow[] {
  const owners = new Map(changed.map(({ id, sha256 }) => [sha256, id]));
  const without = (row: KeyRow): KeyRow => {
    const owner = owners.get(row.sha256);
    return owner === undefined || owner === row.id ? row : { ...row, sha256: `given up by ${row.id}` };
  };
  const leaving = new Set(gone.map(({ id }) => id));
  const staying = kept.filter((row) => !leaving.has(row.id) && without(row) !== row);
  return [...gone.map(without), ...staying.map(without)];
}
