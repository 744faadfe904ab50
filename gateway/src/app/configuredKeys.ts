// Keys kept in the configuration: brought into the storage at load, revoked when they leave it.

import type { Settings } from '../../../config/schema';
import { type KeyDirectory, newKey, settingsOf } from '../accounting/keys';
import type { KeyRow, Storage } from '../storage/storage';

/** Makes the storage's configured keys those of the settings. Counters belong to the label and stay. @throws StorageUnavailable */
export async function syncConfiguredKeys(
  storage: Pick<Storage, 'putKeys'>,
  directory: KeyDirectory,
  settings: Settings,
  now: number,
): Promise<void> {
  await directory.refresh();
  const wanted = Object.entries(settings.keys).flatMap(([label, key]): KeyRow[] => {
    if (key.sha256 === undefined) return []; // refused at load
    const id = `key_config_${label}`;
    const known = directory.byId(id);
    return [
      {
        ...newKey,
        ...settingsOf(key),
        id,
        sha256: key.sha256,
        hint: 'from the configuration',
        label,
        source: 'config',
        created_at: known?.created_at ?? now,
        rotated_at: known === undefined || known.sha256 === key.sha256 ? (known?.rotated_at ?? null) : now,
      },
    ];
  });
  const ids = new Set(wanted.map(({ id }) => id));
  const gone = directory
    .all()
    .filter(({ id, source, revoked_at }) => source === 'config' && revoked_at === null && !ids.has(id))
    .map((row) => ({ ...row, revoked_at: now }));
  const changed = wanted.filter((row) => {
    const known = directory.byId(row.id);
    return known === undefined || JSON.stringify({ ...known }) !== JSON.stringify({ ...known, ...row });
  });
  if (gone.length + changed.length === 0) return;
  await storage.putKeys([...gone, ...changed]);
  await directory.refresh();
}
