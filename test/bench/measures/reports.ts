// Reports of a ledger with a million requests, and what they cost those who are served meanwhile: reports are read on a thread
// and a connection of their own, in slices.

import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openUsageAdmin } from '../../../gateway/src/http/admin/usage';
import { openSqliteStorage } from '../../../gateway/src/storage/sqlite';
import type { Storage } from '../../../gateway/src/storage/storage';
import { day, limit, morning, reserveEntry, settleEntry } from '../../storage/samples';
import { threadProgram } from '../../storage/worlds';
import { fillLedger, ledgerDays } from '../../support/longLedger';
import { percentile } from '../figures';
import { row, type Row, type Run } from '../run';

const rows = 1_000_000;
const measure = `${rows.toLocaleString('en-US')} requests`;
/** What the hourly sums are grouped by; each is asked for several times. */
const groupings = ['model', 'key', 'user', 'day', 'user,model', 'month', 'tag', ''];
const times = 15;
/** Longer than a report of sessions takes. */
const alone = 2_000;

/** Times in ms; the size of the write-ahead log in MB. */
export async function reports(run: Run): Promise<Row[]> {
  const folder = join(run.folder, 'reports');
  mkdirSync(folder);
  await fillLedger(folder, rows);
  const program = threadProgram();
  const storage = await openSqliteStorage({ folder, durability: 'process', instance: 'bench', now: morning }, program);
  const slices: number[] = [];
  const usage: Storage['usage'] = async (query) => {
    const from = performance.now();
    const found = await storage.usage(query);
    slices.push(performance.now() - from);
    return found;
  };
  const admin = openUsageAdmin({
    reports: { usage },
    labelOf: () => undefined,
    boxUsd: () => undefined,
    now: () => morning,
    pause: () => storage.catchUp(),
  });
  const ask = async (group: string): Promise<number> => {
    const from = performance.now();
    const range = { from: iso(morning - ledgerDays * day), to: iso(morning) };
    await admin.report(new URLSearchParams({ group_by: group, ...range }));
    return performance.now() - from;
  };
  try {
    const summing = performance.now();
    while (await storage.sumDays(morning, 2_000)); // as the gateway has, while the month went by
    const summed = performance.now() - summing;
    await ask('model'); // the thread is started, the file is in memory
    const sums: number[] = [];
    for (let i = 0; i < times; i++) for (const group of groupings) sums.push(await ask(group));
    const quiet = await admitFor(storage, 'quiet', () => performance.now(), alone);
    slices.length = 0;
    let log = 0;
    const watch = setInterval(() => (log = Math.max(log, statSync(join(folder, 'ledger.db-wal')).size)), 20);
    const sessions: number[] = [];
    let asking = true;
    const asked = (async () => {
      for (let i = 0; i < 3; i++) sessions.push(await ask('session'));
      asking = false;
    })();
    const beside = await admitFor(storage, 'beside', () => (asking ? 0 : Infinity), 1);
    await asked;
    clearInterval(watch);
    return [
      row(measure, 'ovth-process', 'report of hourly sums, p99', 'ms', [percentile(sums, 0.99)]),
      row(measure, 'ovth-process', 'report of hourly sums, p50', 'ms', [percentile(sums, 0.5)]),
      row(measure, 'ovth-process', `report of sessions, ${ledgerDays} days`, 'ms', sessions),
      row(measure, 'ovth-process', 'longest read of it', 'ms', [Math.max(...slices)]),
      row(measure, 'ovth-process', 'summing by day, of a request', 'µs', [(1_000 * summed) / rows]),
      row(measure, 'ovth-process', 'write-ahead log beside it', 'MB', [log / 1e6]),
      row(measure, 'ovth-process', 'admission and settlement, p50', 'ms', [percentile(quiet, 0.5)]),
      row(measure, 'ovth-process', 'the same beside reports, p50', 'ms', [percentile(beside, 0.5)]),
      row(measure, 'ovth-process', 'admission and settlement, p99', 'ms', [percentile(quiet, 0.99)]),
      row(measure, 'ovth-process', 'the same beside reports, p99', 'ms', [percentile(beside, 0.99)]),
    ];
  } finally {
    await storage.close();
  }
}

// ---

const iso = (at: number) => new Date(at).toISOString();

// One request after the other, until the clock says that it is time.
async function admitFor(storage: Storage, name: string, clock: () => number, ms: number): Promise<number[]> {
  const limits = [limit({ kind: 'key', name: 'k1' }, 'tokens', 1_000_000_000_000, morning, 'month')];
  const found: number[] = [];
  for (const end = clock() + ms; clock() < end;) {
    const from = performance.now();
    const entry = reserveEntry(`${name}${found.length}`, limits, 90, { key: 'k1' });
    await storage.commit([entry], morning);
    await storage.commit([settleEntry(entry, 300, 100)], morning);
    found.push(performance.now() - from);
  }
  return found;
}
