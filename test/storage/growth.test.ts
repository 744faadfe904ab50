// What grows in the ledger stops somewhere: rows of sums whatever names clients choose, and counters of windows that are over.

import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import type { Period } from '../../config/calendar';
import { openUsageAdmin, type UsageAdmin, type UsageList } from '../../gateway/src/http/admin/usage';
import { mostModels, otherModels } from '../../gateway/src/storage/sqlite/usageSums';
import type { Storage } from '../../gateway/src/storage/storage';
import { day, hour, keyRow, limit, morning, reserveEntry, settleEntry } from './samples';
import { modelWorld, sqliteWorld } from './worlds';

const key1 = { kind: 'key', name: 'k1' } as const;

describe('sums by the hour', () => {
  let world: ReturnType<typeof sqliteWorld>;
  let opened: Storage[];
  const open = async (instance: string) => {
    const made = await world.open(instance);
    opened.push(made);
    return made;
  };
  beforeEach(async () => {
    world = sqliteWorld('');
    opened = [];
    await (await open('a')).putKeys([keyRow('k1'), keyRow('k2')]);
  });
  afterEach(async () => {
    for (const each of opened) await each.close();
    await world.remove();
  });

  /** Settles a request for each model, in batches. */
  const ask = async (storage: Storage, models: readonly string[], key = 'k1', at = morning) => {
    for (let from = 0; from < models.length; from += 40) {
      const batch = models.slice(from, from + 40).map((model, i) => {
        const entry = reserveEntry(`${key} ${at} ${from + i} ${Math.random()}`, [], 90, { key, model, started_at: at });
        return settleEntry(entry, 3, 4);
      });
      await storage.commit(batch, at);
    }
  };
  const rows = (key: string, at = morning) => {
    const db = new DatabaseSync(join(world.folder, 'ledger.db'), { readOnly: true });
    const found = db
      .prepare('select model, requests, counted from usage_hours where key = ? and hour = ? order by requests desc')
      .all(key, Math.floor(at / hour)) as { model: string; requests: number; counted: number }[];
    db.close();
    return found;
  };
  const sumOf = async (key: string) => (await opened[0]!.usageOfKeys(morning, morning + hour)).get(key);
  const invented = (count: number, name = 'local') => Array.from({ length: count }, (_, i) => `${name}-${i}`);

  test('have a row for each of a hundred models of a key, and one for all others together [H6 L3]', async () => {
    await ask(opened[0]!, invented(250));
    await ask(opened[0]!, invented(250));
    const found = rows('k1');
    expect(found).toHaveLength(mostModels + 1);
    expect(found[0]).toEqual({ model: otherModels, requests: 300, counted: 2_100 });
    expect(new Set(found.slice(1).map(({ requests }) => requests))).toEqual(new Set([2]));
    expect(await sumOf('k1')).toMatchObject({ requests: 500, counted: 3_500 });
  });

  test('leave every key and every hour its own models', async () => {
    await ask(opened[0]!, invented(250));
    await ask(opened[0]!, ['gpt-5.5', 'local-3'], 'k2');
    await ask(opened[0]!, ['gpt-5.5'], 'k1', morning + hour);
    expect(rows('k2').map(({ model }) => model).sort()).toEqual(['gpt-5.5', 'local-3']); // prettier-ignore
    expect(rows('k1', morning + hour)).toMatchObject([{ model: 'gpt-5.5' }]);
    expect(rows('k1')).toHaveLength(mostModels + 1);
  });

  test('hold as many rows where two gateways write, and after a restart', async () => {
    const other = await open('b');
    for (let i = 0; i < 6; i++) {
      await ask(opened[0]!, invented(30, `a${i}`));
      await ask(other, invented(30, `b${i}`));
    }
    await opened.shift()!.close();
    await ask(await open('c'), invented(50, 'c'));
    expect(rows('k1')).toHaveLength(mostModels + 1);
    expect(await sumOf('k1')).toMatchObject({ requests: 12 * 30 + 50 });
  });
});

describe.each([
  ['SQLite', () => sqliteWorld('')],
  ['the model', modelWorld],
])('counters of windows that are over: %s', (_name, newWorld) => {
  test('go after a day of a minute, after 62 days of others; a lifetime’s stay [H6]', async () => {
    const world = newWorld();
    const storage = await world.open('a');
    await storage.putKeys([keyRow('k1')]);
    const now = morning + 200 * day;
    const used = async (per: Period, at: number) => {
      const of = limit(key1, 'requests', 1_000, at, per);
      await storage.commit([reserveEntry(`r ${per} ${at}`, [of], 1, { started_at: at })], at);
      return of;
    };
    // Half a minute past an hour's beginning, a window of a minute looks like one of an hour, and stays longer.
    const minute = 60_000;
    const old = [
      await used('minute', now - 2 * day + 7 * minute),
      await used('minute', now - 63 * day),
      await used('day', now - 63 * day),
      await used('week', now - 70 * day),
      await used('month', now - 95 * day),
    ];
    const kept = [
      await used('minute', now - 7 * minute),
      await used('day', now),
      await used('day', now - 40 * day),
      await used('week', now),
      await used('month', now - 10 * day),
      await used('lifetime', now),
    ];
    const before = await storage.budgets(kept);
    expect(before.map(({ reserved }) => reserved.requests)).not.toContain(0);
    expect(await storage.pruneBudgets(now, 3)).toBe(3);
    expect(await storage.pruneBudgets(now, 100)).toBe(old.length - 3);
    expect(await storage.pruneBudgets(now, 100)).toBe(0);
    expect(await storage.budgets(kept)).toEqual(before);
    await storage.close();
    await world.remove();
  });
});

test('the write-ahead log is begun anew between two reads that follow each other at once [H7]', async () => {
  const world = sqliteWorld('');
  const storage = await world.open('a');
  const path = join(world.folder, 'ledger.db');
  const [reader, looker] = [new DatabaseSync(path, { readOnly: true }), new DatabaseSync(path)];
  const read = () => {
    reader.exec('begin');
    reader.prepare('select count(*) from keys').get();
  };
  const pages = () => (looker.prepare('pragma wal_checkpoint(noop)').get() as { log: number }).log;
  read();
  await storage.putKeys(Array.from({ length: 300 }, (_, i) => keyRow(`k${i}`, { note: 'x'.repeat(60_000) })));
  const long = pages();
  expect(long).toBeGreaterThan(4_000);
  reader.exec('rollback');
  await storage.catchUp();
  read();
  await storage.putKeys([keyRow('last')]);
  expect(pages()).toBeLessThan(long / 10);
  reader.exec('rollback');
  reader.close();
  looker.close();
  await storage.close();
  await world.remove();
});

test.each([
  ['by address', (admin: UsageAdmin, range: string) => admin.report(new URLSearchParams(`group_by=address&${range}`))],
  ['by session and hour', (admin: UsageAdmin, range: string) => admin.report(new URLSearchParams(`group_by=session,hour&${range}`))],
  ['of what a key did', (admin: UsageAdmin, range: string) => admin.activity('k1', new URLSearchParams({ since: new URLSearchParams(range).get('from')! }))],
])('a report that reads rows %s lets the write-ahead log begin anew from day to day [H7]', async (_name, ask) => {
  const world = sqliteWorld('');
  const storage = await world.open('a');
  await storage.putKeys([keyRow('k1')]);
  const days = 30;
  for (let i = 0; i < days; i++) {
    const entry = reserveEntry(`r${i}`, [], 90, { started_at: morning - i * day });
    await storage.commit([entry, settleEntry(entry, 1, 1, { address: '192.0.2.1', session: 's' })], morning);
  }
  const log = () => statSync(join(world.folder, 'ledger.db-wal')).size;
  // What a gateway writes while one slice is read. From 16 MB on its log is copied, and begun anew where no reader is in it.
  const write = () => storage.putKeys(Array.from({ length: 40 }, (_, i) => keyRow(`n${i}`, { note: `${Math.random()}`.repeat(3_000) }))); // prettier-ignore
  await storage.catchUp();
  await write();
  const ofOne = log();
  const sizes: number[] = [];
  const admin = openUsageAdmin({
    reports: storage, labelOf: () => undefined, boxUsd: () => undefined, now: () => morning + hour,
    pause: async () => {
      await storage.catchUp();
      await write();
      sizes.push(log());
    },
  }); // prettier-ignore
  const iso = (at: number) => new Date(at).toISOString();
  const found = (await ask(admin, `from=${iso(morning - (days - 1) * day - hour)}&to=${iso(morning + hour)}`)) as UsageList;
  expect(found.total['requests']).toBe(days);
  expect(sizes.length).toBeGreaterThanOrEqual(days - 1);
  expect(days * ofOne).toBeGreaterThan(70_000_000);
  expect(Math.max(...sizes)).toBeLessThan(24_000_000);
  await storage.close();
  await world.remove();
}); // prettier-ignore
