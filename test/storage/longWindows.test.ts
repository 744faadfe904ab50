// Limits that begin with a long past, and reports that do not read all of it: what is looked at is what is needed.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { checkLedger } from '../../gateway/src/storage/sqlite/ledgerCheck';
import type { LimitWindow } from '../../gateway/src/storage/entries';
import type { Storage } from '../../gateway/src/storage/storage';
import { day, hour, keyRow, limit, morning, reserveEntry, settleEntry } from './samples';
import { sqliteWorld } from './worlds';

const withLedger = async (work: (storage: Storage, path: string) => Promise<void>) => {
  const world = sqliteWorld('');
  const storage = await world.open('a');
  try {
    await storage.putKeys([keyRow('k1', { user: 'ada', tags: '["red"]' })]);
    await work(storage, join(world.folder, 'ledger.db'));
  } finally {
    await storage.close();
    await world.remove();
  }
};
const book = async (storage: Storage, id: string, at: number, cost = 30) => {
  const entry = reserveEntry(id, [], 90, { user: 'ada', tags: '["red"]', started_at: at });
  await storage.commit([entry], at);
  await storage.commit([settleEntry(entry, 10, 20, { cost, ended_at: at + 5 })], at);
};
const lifetime = (subject: LimitWindow['subject']) => limit(subject, 'usd', 1_000_000, morning, 'lifetime');

test('a limit for good begins with the sums of months, of which a few hold what a million hours do', () =>
  withLedger(async (storage, path) => {
    for (const [i, at] of [morning - 400 * day, morning - 40 * day, morning - 40 * day + hour, morning].entries())
      await book(storage, `r${i}`, at);
    const limits = [
      lifetime({ kind: 'key', name: 'k1' }),
      lifetime({ kind: 'user', name: 'ada' }),
      lifetime({ kind: 'tag', name: 'red' }),
      lifetime({ kind: 'all' }),
    ];
    const month = limit({ kind: 'key', name: 'k1' }, 'usd', 1_000_000, morning, 'month');
    const spent = async (of: readonly LimitWindow[]) => (await storage.budgets(of)).map(({ spent: { nano, requests } }) => [nano, requests]); // prettier-ignore
    expect(await spent([...limits, month])).toEqual([[120, 4], [120, 4], [120, 4], [120, 4], [30, 1]]); // prettier-ignore
    const db = new DatabaseSync(path);
    // They are not read from the hours, however many those are.
    db.exec('create table kept as select * from usage_hours; drop trigger usage_hours_gone; delete from usage_hours');
    expect(await spent([...limits, month])).toEqual([[120, 4], [120, 4], [120, 4], [120, 4], [30, 1]]); // prettier-ignore
    const entry = reserveEntry('r9', limits, 5, { user: 'ada', tags: '["red"]' });
    expect(await storage.commit([entry], morning)).toMatchObject([{ type: 'admitted' }]);
    expect((await storage.budgets(limits))[0]).toMatchObject({ spent: { nano: 120 }, reserved: { nano: 20 } });
    expect(checkLedger(path).problems).toContainEqual(expect.stringContaining('monthly sums differ from their hours'));
    db.close();
  }));

test('the sums of months follow corrections, and are made of the hours when a number of theirs is repaired', async () => {
  const world = sqliteWorld('');
  const first = await world.open('a');
  await first.putKeys([keyRow('k1')]);
  const entry = reserveEntry('late', [], 90, { started_at: morning - 62 * day });
  await first.commit([entry], morning);
  await first.close();
  let storage = await world.open('b');
  await storage.settleDead(morning);
  await storage.commit([settleEntry(entry, 1, 1, { cost: 3 })], morning);
  const total = async () => (await storage.budgets([lifetime({ kind: 'key', name: 'k1' })]))[0]?.spent;
  expect(await total()).toMatchObject({ nano: 3, tokens: 2, requests: 1 });
  await storage.close();
  const path = join(world.folder, 'ledger.db');
  expect(checkLedger(path).problems).toEqual([]);
  const db = new DatabaseSync(path);
  db.exec('update usage_hours set cost = 9223372036854775807');
  db.close();
  storage = await world.open('c');
  expect(await total()).toMatchObject({ nano: 0, tokens: 2, requests: 1 });
  await storage.close();
  expect(checkLedger(path).problems).not.toContainEqual(expect.stringContaining('monthly'));
  await world.remove();
});

test('a list of requests since a moment does not read on to the beginning of the ledger', () =>
  withLedger(async (storage, path) => {
    for (let i = 0; i < 20; i++) await book(storage, `r${i}`, morning + i * hour);
    await book(storage, 'long', morning + 2 * hour); // settled last, begun early
    const ids = async (from: number, before?: number, count = 100) => {
      const { rows, reached } = await storage.requests({ from }, before, count);
      return [rows.map(({ id }) => id), reached];
    };
    expect(await ids(morning + 18 * hour)).toEqual([['r19', 'r18'], undefined]);
    expect(await ids(morning + 18 * hour, undefined, 1)).toEqual([['r19'], 20]);
    expect(await ids(morning + 18 * hour, 20, 1)).toEqual([['r18'], undefined]);
    expect(await ids(morning + 100 * hour)).toEqual([[], undefined]);
    expect((await ids(morning + 2 * hour))[0]).toHaveLength(19);
    // What is older is not looked at: rows that cannot be read there disturb nobody.
    const db = new DatabaseSync(path);
    db.exec(
      `pragma ignore_check_constraints = on; update requests set cost = 9223372036854775807 where started_at < ${morning + 10 * hour}`,
    );
    expect((await ids(morning + 18 * hour))[0]).toEqual(['r19', 'r18']);
    await expect(ids(morning)).rejects.toThrow();
    db.close();
  }));
