// Sums by day: reports say the same whether they are there or not, and are read from them where they are.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openUsageAdmin, type UsageList } from '../../gateway/src/http/admin/usage';
import { checkLedger } from '../../gateway/src/storage/sqlite/ledgerCheck';
import type { UsageDimension } from '../../gateway/src/storage/reports';
import type { ForgetPlace, Storage } from '../../gateway/src/storage/storage';
import { day, hour, keyRow, morning, reserveEntry, settleEntry } from './samples';
import { sqliteWorld } from './worlds';

const midnight = morning - (morning % day);
const groupings: readonly (readonly UsageDimension[])[] = [
  [], ['key'], ['user'], ['tag'], ['model', 'client'], ['day'], ['month', 'key'], ['hour'], ['session'], ['session', 'day', 'user'],
  ['session', 'tag'],
]; // prettier-ignore

let world: ReturnType<typeof sqliteWorld>;
let storage: Storage;
const path = () => join(world.folder, 'ledger.db');
const withDb = <T>(work: (db: DatabaseSync) => T): T => {
  const db = new DatabaseSync(path());
  try {
    return work(db);
  } finally {
    db.close();
  }
};
const sumAll = async (now: number) => {
  while (await storage.sumDays(now, 7));
};
/** In every grouping, of whole days, of hours, and of what lies across. */
const reports = async (from = midnight - 4 * day, to = midnight + 2 * day) => {
  const said: Record<string, unknown> = {};
  for (const groupBy of groupings)
    for (const [name, range] of Object.entries({
      days: { from, to },
      hours: { from: from + 5 * hour, to: to - 3 * hour },
      user: { from, to, user: 'ada' },
    })) {
      const groups = (await storage.usage({ groupBy, ...range })).map((group) => JSON.stringify(group, Object.keys(group).sort())); // prettier-ignore
      said[`${groupBy.join()} ${name}`] = groups.filter((group) => !group.includes('"requests":0')).sort();
    }
  return said;
};
let made = 0;
const book = async (at: number, settled = true) => {
  const i = made++;
  const [user, tags] = [
    ['ada', '["red"]'],
    ['bob', '[]'],
  ][i % 2] as [string, string];
  const more = { model: `m${i % 3}`, user, tags, key: `k${i % 2}`, started_at: at };
  const entry = reserveEntry(`r${i}`, [], 90, more);
  const session = i % 5 === 0 ? null : `s${i % 4}`;
  const settle = settleEntry(entry, 10 + i, 20, { session, client: i % 7 === 0 ? null : 'codex', ended_at: at + 5 });
  await storage.commit([entry], at);
  if (settled) await storage.commit([settle], at);
  return settle;
};

beforeEach(async () => {
  world = sqliteWorld('');
  made = 0;
  storage = await world.open('a');
  await storage.putKeys([keyRow('k0', { user: 'ada', tags: '["red"]' }), keyRow('k1', { user: 'bob' })]);
  for (let i = 0; i < 60; i++) await book(midnight - 4 * day + i * 2 * hour + i * 60_000);
});
afterEach(async () => {
  await storage.close();
  await world.remove();
});

test('reports say the same with them, and after what is settled later', async () => {
  const before = await reports();
  await sumAll(morning + 2 * day);
  expect(await reports()).toEqual(before);
  expect(checkLedger(path()).problems).toEqual([]);
  for (let i = 0; i < 9; i++) await book(midnight - 3 * day + i * 3 * hour);
  const late = await reports();
  expect(late).not.toEqual(before);
  await sumAll(morning + 2 * day);
  expect(await reports()).toEqual(late);
  expect(checkLedger(path()).problems).toEqual([]);
});

test('they are what is read, of days that are over, of whole days', async () => {
  await sumAll(morning + 2 * day);
  const before = await reports();
  withDb((db) => {
    db.exec('drop trigger summed_hour_gone; drop trigger usage_hours_gone; drop trigger requests_gone');
    db.prepare('delete from usage_hours where hour >= ? and hour < ?').run(midnight / hour - 72, midnight / hour - 24);
    db.prepare('delete from requests where started_at >= ? and started_at < ?').run(midnight - 3 * day, midnight - day);
  });
  const after = await reports();
  for (const name of ['key days', 'key hours', 'month,key days', 'session days', 'session,day,user user']) expect([name, after[name]]).toEqual([name, before[name]]); // prettier-ignore
  for (const name of ['hour days', 'session hours']) expect([name, after[name]]).not.toEqual([name, before[name]]);
  expect(checkLedger(path()).problems).toEqual(
    expect.arrayContaining([
      expect.stringContaining('daily sums differ from their hours'),
      expect.stringContaining('sums of sessions differ from their rows'),
    ]),
  );
});

test('the check goes from day to day, tells how far it is, and finds what differs on the first and the last', async () => {
  await sumAll(morning + 2 * day);
  const told: number[][] = [];
  expect(checkLedger(path(), (done, all) => told.push([done, all])).problems).toEqual([]);
  expect(told).toEqual([0, 1, 2, 3, 4].map((done) => [done, 5]));
  // Of days without rows, too: sums outlive them.
  await storage.prune(midnight - 3 * day, 100);
  const date = (at: number) => new Date(at).toISOString().slice(0, 10);
  const tables = {
    usage_hours: 'sums differ from their rows',
    usage_days: 'daily sums',
    session_days: 'sums of sessions',
  };
  for (const [table, what] of Object.entries(tables))
    for (const at of [midnight - (table === 'usage_days' ? 4 : 2) * day, midnight]) {
      const of = table === 'usage_hours' ? `hour / 24` : 'day';
      const add = (by: number) =>
        withDb((db) => db.exec(`update ${table} set cost = cost + ${by} where ${of} = ${at / day}`));
      add(7);
      expect(checkLedger(path()).problems).toContainEqual(expect.stringMatching(`${what}.*: ${date(at)}`));
      add(-7);
      expect(checkLedger(path()).problems).toEqual([]);
    }
});

test('an hour is added ten minutes after its end, and what comes to it later one by one', async () => {
  const days = () =>
    withDb((db) => (db.prepare('select sum(requests) n from usage_days').get() as { n: number | null }).n);
  const last = midnight - 4 * day + 59 * 2 * hour + 59 * 60_000;
  const end = Math.ceil(last / hour) * hour;
  await sumAll(end + 10 * 60_000 - 1);
  expect(days()).toBe(59);
  await sumAll(end + 10 * 60_000);
  expect(days()).toBe(60);
  await book(last);
  expect(days()).toBe(61);
  expect(checkLedger(path()).problems).toEqual([]);
});

test('an owner that was taken for dead corrects a day that is summed', async () => {
  const settle = await book(midnight - 2 * day, false);
  await storage.close();
  storage = await world.open('b');
  await storage.settleDead(morning);
  await sumAll(morning);
  await storage.commit([settle], morning);
  const before = await reports();
  await sumAll(morning);
  expect(await reports()).toEqual(before);
  expect(checkLedger(path()).problems).toEqual([]);
});

test('days that lose rows have sums of sessions no more, and are read from what is left', async () => {
  await sumAll(morning);
  while ((await storage.prune(midnight - 2 * day - 5 * hour, 4)) > 0);
  const exact = await storage.usage({
    groupBy: ['session'],
    from: midnight - 4 * day,
    to: midnight + 2 * day,
    exact: true,
  });
  const sum = (groups: readonly { requests: number }[]) => groups.reduce((all, { requests }) => all + requests, 0);
  let found = 0;
  for (let from = midnight - 4 * day; from < midnight + 2 * day; from += day)
    found += sum(await storage.usage({ groupBy: ['session'], from, to: from + day }));
  expect(found).toBe(sum(exact));
  await book(midnight - 4 * day); // settled late, in a day that was pruned
  await sumAll(morning);
  expect(checkLedger(path()).problems).not.toContainEqual(expect.stringMatching(/daily|sessions/));
  expect(withDb((db) => (db.prepare('select min(day) day from session_days').get() as { day: number }).day)).toBe(
    midnight / day - 2,
  );
});

test('sums of a day that lost a row go some at a time, and are neither read nor missed until then', async () => {
  await sumAll(morning);
  const summed = (until: number) =>
    withDb((db) => (db.prepare('select count(*) n from session_days where day < ?').get(until) as { n: number }).n);
  const [first, all] = [midnight / day - 3, summed(midnight / day - 3)];
  expect(all).toBeGreaterThan(3);
  for (let left = all; left > 0; left = Math.max(0, left - 2)) {
    expect(summed(first)).toBe(left);
    expect(await storage.prune(midnight - 4 * day + hour, left === all ? 1 : 2)).toBe(
      left === all ? 1 : Math.min(2, left),
    );
    if (left === all) left += 1; // the first step takes one of each
    const exact = await storage.usage({ groupBy: ['session'], from: midnight - 4 * day, to: midnight, exact: true });
    expect(await storage.usage({ groupBy: ['session'], from: midnight - 4 * day, to: midnight })).toEqual(exact);
    expect(checkLedger(path()).problems).not.toContainEqual(expect.stringMatching(/daily|sessions/));
  }
  expect(await storage.prune(midnight - 4 * day + hour, 2)).toBe(0);
});

test('a user who leaves is in none of them, nor are their sessions', async () => {
  await sumAll(morning);
  const before = await storage.usage({ groupBy: ['day'], from: midnight - 4 * day, to: midnight + day });
  await storage.changeKey('k0', { revoked_at: morning });
  let place: ForgetPlace | undefined;
  for (;;) {
    const step = await storage.forgetUser('ada', place);
    await sumAll(morning);
    if (!('next' in step)) break;
    place = step.next;
  }
  const all = withDb((db) => JSON.stringify([db.prepare('select * from usage_days').all(), db.prepare('select * from session_days').all()])); // prettier-ignore
  expect(all).not.toContain('"ada"');
  expect(all).toContain('"bob"');
  const theirs = withDb((db) => db.prepare(`select distinct session from session_days where user like '~%'`).all());
  expect(theirs.every(({ session }) => session === '' || String(session).startsWith('~'))).toBe(true);
  expect(checkLedger(path()).problems).toEqual([]);
  expect(await storage.usage({ groupBy: ['day'], from: midnight - 4 * day, to: midnight + day })).toEqual(before);
});

test('they are made anew where a number had to be repaired', async () => {
  await sumAll(morning);
  await storage.close();
  withDb((db) => db.exec("update usage_hours set cost = 9223372036854775807 where model = 'm1'"));
  storage = await world.open('b');
  await sumAll(morning);
  expect(checkLedger(path()).problems).not.toContainEqual(expect.stringMatching(/daily|sessions/));
});

test.each([
  ['does not answer', () => new Promise<void>(() => undefined)],
  ['cannot write', () => Promise.reject(new Error('the disk is full'))],
])('a report of several days goes on where the writer %s', async (_, catchUp) => {
  const pause = jest.fn(catchUp);
  const now = midnight + day;
  const admin = openUsageAdmin({ reports: storage, labelOf: () => undefined, boxUsd: () => undefined, now: () => now, pause }); // prettier-ignore
  const from = new Date(midnight - 4 * day).toISOString();
  const query = new URLSearchParams({ group_by: 'session', from, to: new Date(now).toISOString() });
  expect(((await admin.report(query)) as UsageList).total['requests']).toBe(60);
  expect(pause).toHaveBeenCalledTimes(4);
});
