// Keys kept in the configuration: brought into the ledger at load, revoked when they leave it.

import { dailyTokens } from '../../../config/limitRule';
import type { Settings } from '../../../config/schema';
import type { KeyRow, Store } from '../storage/sqlite/store';

/** Makes the ledger's configured keys those of the settings. Counters belong to the label and stay. */
export function syncConfigKeys(store: Store, settings: Settings, now: number): void {
  const wanted = new Map(Object.entries(settings.keys).map(([label, key]) => [`key_config_${label}`, { label, key }]));
  store.transaction(() => {
    for (const row of store.allKeys()) {
      if (row.source === 'config' && row.revoked_at === null && !wanted.has(row.id))
        store.changeKey({ ...row, revoked_at: now });
    }
    for (const [id, { label, key }] of wanted) {
      if (key.sha256 === undefined) continue; // refused at load
      const hash = Buffer.from(key.sha256, 'hex');
      const next: KeyRow = {
        id,
        hint: 'from the configuration',
        label,
        owner: key.user ?? null,
        daily_tokens: dailyTokens(key.quota) ?? null,
        source: 'config',
        created_at: now,
        rotated_at: null,
        revoked_at: null,
      };
      if (store.keyById(id) === undefined) {
        store.addKey(next, hash);
      } else {
        if (store.keyByHash(hash)?.id !== id) store.replaceSecret(id, hash, next.hint, now);
        store.changeKey(next);
      }
    }
  });
}
