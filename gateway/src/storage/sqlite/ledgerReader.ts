// The ledger as commands read it, beside a gateway that runs or without one.

import { join } from 'node:path';
import type { UsageGroup, UsageQuery } from '../reports';
import type { RequestRow } from '../rows';
import { openReader } from './database';
import { openUsageReport } from './usageReport';

export interface LedgerReader {
  usage(query: UsageQuery): UsageGroup[];
  /** The label of a key by its id. */
  labelOf(id: string): string | undefined;
  /** The ids of keys that have a label, the oldest first, also of those that are revoked. */
  idsOf(label: string): string[];
  /** Rates: their id → their JSON. */
  rates(): { readonly id: string; readonly json: string }[];
  /**
   * Settled requests that began in [from, to), in the order of their settlement, some at a time. Each read is short, so that the
   * write-ahead log can be cut in between.
   */
  rows(from: number, to: number): Generator<RequestRow[]>;
  close(): void;
}

/** Rows of one read. */
const rowsAtOnce = 5_000;

/** Opens the ledger of a data folder, which must exist. @throws SQLite's error for a file that is no ledger */
export function openLedgerReader(folder: string): LedgerReader {
  const db = openReader(join(folder, 'ledger.db'));
  const label = db.prepare('select label from keys where id = ?');
  const ids = db.prepare('select id from keys where label = ? order by created_at, id');
  const slice = db.prepare('select * from requests where seq > ? order by seq limit ?');
  return {
    usage: openUsageReport(db),
    labelOf: (id) => label.get(id)?.['label'] as string | undefined,
    idsOf: (name) => ids.all(name).map(({ id }) => String(id)),
    rates: () =>
      db.prepare('select id, json from rates order by id').all() as unknown as { id: string; json: string }[],
    *rows(from, to) {
      for (let after = 0; ;) {
        const rows = slice.all(after, rowsAtOnce) as unknown as (RequestRow & { readonly seq: number })[];
        yield rows.filter(({ started_at: at }) => at >= from && at < to);
        after = rows.at(-1)?.seq ?? after;
        if (rows.length < rowsAtOnce) return;
      }
    },
    close: () => db.close(),
  };
}
