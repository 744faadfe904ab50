// A small ledger that an earlier version has written, and what must be found in it.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync, gzipSync } from 'node:zlib';

/** What is known of a fixture. The keys are a test's, good for nothing else. */
export interface LedgerFacts {
  readonly keys: { readonly used: string; readonly idle: string };
  readonly epoch: string;
  readonly sums: LedgerSums;
  /** Requests that were open when the process died, and what they had reserved. */
  readonly left: { readonly open: number; readonly tokens: number };
}

/** Over all settled requests. */
export interface LedgerSums {
  readonly requests: number;
  readonly counted: number;
  readonly cost: number;
}

/** Puts the ledger of a version into a data folder. @returns what must be found in it */
export function placeLedger(version: string, folder: string): LedgerFacts {
  const facts = JSON.parse(readFileSync(fixture(version, 'json'), 'utf8')) as LedgerFacts;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'ledger.db'), gunzipSync(readFileSync(fixture(version, 'db.gz'))), { mode: 0o600 });
  writeFileSync(join(folder, 'ledger.epoch'), facts.epoch, { mode: 0o600 });
  // What a process that is killed leaves behind, and by which the next one knows that it is dead.
  mkdirSync(join(folder, 'instances'), { mode: 0o700 });
  const db = new DatabaseSync(join(folder, 'ledger.db'), { readOnly: true });
  for (const { id } of db.prepare('select id from instances').all())
    writeFileSync(join(folder, 'instances', `${id as string}.lock`), '', { mode: 0o600 });
  db.close();
  return facts;
}

/** Keeps a data folder's ledger, whose gateway was killed, as the fixture of a version. */
export function keepLedger(version: string, folder: string, keys: LedgerFacts['keys']): void {
  const path = join(folder, 'ledger.db');
  const db = new DatabaseSync(path);
  const left = { ...db.prepare('select count(*) open, sum(tokens) tokens from open_requests').get() };
  db.exec('pragma wal_checkpoint(truncate); vacuum');
  db.close();
  writeFileSync(fixture(version, 'db.gz'), gzipSync(readFileSync(path), { level: 9 }));
  const facts = { keys, epoch: readFileSync(join(folder, 'ledger.epoch'), 'utf8'), sums: sumsOf(folder), left };
  writeFileSync(fixture(version, 'json'), `${JSON.stringify(facts, null, 2)}\n`);
}

/** The sums of a data folder's ledger, which a gateway may have open. */
export function sumsOf(folder: string): LedgerSums {
  const db = new DatabaseSync(join(folder, 'ledger.db'), { timeout: 5_000 });
  const sums = db.prepare('select count(*) requests, sum(counted) counted, sum(cost) cost from requests').get();
  db.close();
  return { ...sums } as unknown as LedgerSums;
}

/** What a data folder's ledger says of its history. */
export function historyOf(folder: string): { readonly steps: number; readonly oldestReader: number } {
  const db = new DatabaseSync(join(folder, 'ledger.db'), { timeout: 5_000 });
  const history = db.prepare('select count(*) steps, max(oldest_reader) oldestReader from schema').get();
  db.close();
  return { ...history } as unknown as { steps: number; oldestReader: number };
}

// ---

const fixture = (version: string, end: string) => `test/fixtures/ledger-${version}.${end}`;
