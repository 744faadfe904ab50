// The chain of settled rows: what `ovth ledger verify` finds, and what it rightly does not.

import type { Act } from '../../gateway/src/storage/administration';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { requestColumns } from '../../gateway/src/storage/sqlite/columns';
import { checkLedger } from '../../gateway/src/storage/sqlite/ledgerCheck';
import { verifyLedger } from '../../gateway/src/storage/sqlite/ledgerVerify';
import type { RequestRow } from '../../gateway/src/storage/rows';
import type { ForgetPlace, ForgetStep, Storage } from '../../gateway/src/storage/storage';
import { day, hour, keyRow, limit, morning, reserveEntry, settleEntry } from './samples';
import { sqliteWorld } from './worlds';

let world: ReturnType<typeof sqliteWorld>;
const opened: Storage[] = [];
beforeEach(() => (world = sqliteWorld('')));
afterEach(async () => {
  for (const storage of opened.splice(0)) await storage.close();
  await world.remove();
});

const path = () => join(world.folder, 'ledger.db');
const open = async (instance: string) => {
  const storage = await world.open(instance);
  opened.push(storage);
  return storage;
};
const book = async (
  storage: Storage,
  instance: string,
  id: string,
  more: Partial<RequestRow> = {},
  limits = [] as never[],
) => {
  const { user = null, started_at = morning } = more;
  const entry = reserveEntry(id, limits, 90, { user, started_at });
  await storage.commit([entry], morning);
  await storage.commit([settleEntry(entry, 10, 20, { instance, user, ended_at: started_at + 5, ...more })], morning);
};
const withDb = <T>(work: (db: DatabaseSync) => T): T => {
  const db = new DatabaseSync(path());
  try {
    return work(db);
  } finally {
    db.close();
  }
};
const isNumber = (column: string) =>
  withDb(
    (db) =>
      db.prepare(`select type from pragma_table_info('requests') where name = ?`).get(column)?.['type'] === 'INTEGER',
  );
const problems = (...asked: string[]) => verifyLedger(path(), asked).problems;

test('every field that is changed is found, and so is a row that is left out, put in or put elsewhere', async () => {
  const storage = await open('a');
  await storage.putKeys([keyRow('k1')]);
  for (let i = 1; i <= 5; i++)
    await book(storage, 'a', `r${i}`, {
      user: 'ada',
      session: 's',
      address: '10.0.0.1',
      end_user: 'e',
      client: 'curl',
    });
  expect(verifyLedger(path(), [])).toMatchObject({ rows: 5, unchained: 0, problems: [] });
  const harmed = (...harm: string[]) =>
    withDb((db) => {
      db.exec('pragma ignore_check_constraints = on');
      const rows = db.prepare('select * from requests').all();
      const heads = db.prepare('select * from ledger_heads').all();
      for (const sql of harm) db.exec(sql);
      const found = problems();
      for (const [table, kept] of [['requests', rows], ['ledger_heads', heads]] as const) {
        db.exec(`delete from ${table}`);
        for (const row of kept)
          db.prepare(`insert into ${table} values (${Object.keys(row).map(() => '?').join()})`).run(...Object.values(row));
      }
      return found;
    }); // prettier-ignore
  for (const column of requestColumns) {
    const value = isNumber(column) ? `coalesce(${column}, 0) + 1` : `coalesce(${column}, '') || 'x'`;
    expect([column, harmed(`update requests set ${column} = ${value} where id = 'r3'`).length > 0]).toEqual([
      column,
      true,
    ]);
  }
  expect(harmed(`delete from requests where id = 'r3'`)).toEqual([expect.stringContaining('r4 (place 4, instance a): the chain breaks there')]); // prettier-ignore
  expect(harmed(`delete from requests where id = 'r1'`)).toHaveLength(1);
  expect(harmed(`delete from requests where id = 'r5'`)).toEqual([expect.stringContaining('the newest rows of instance a are missing: its last one was at place 5')]); // prettier-ignore
  expect(harmed(`delete from requests where id > 'r2'`)).toHaveLength(1);
  const copy = `create temp table copy as select * from requests where id = 'r5'`;
  expect(harmed(copy, `update copy set seq = 6, id = 'r6'`, 'insert into requests select * from copy', 'drop table copy')).not.toEqual([]); // prettier-ignore
  expect(harmed(copy, `update copy set seq = 6, id = 'r6', hash = null`, 'insert into requests select * from copy', 'drop table copy')).toEqual([expect.stringContaining('r6 (place 6): it has no hash')]); // prettier-ignore
  expect(harmed(`update requests set seq = 9 where id = 'r3'`)).not.toEqual([]);
  // A pruning that never was explains nothing.
  const pretend = [`insert into chain_cuts select seq, instance, hash from requests where id = 'r3'`, `delete from requests where id = 'r3'`]; // prettier-ignore
  expect(harmed(...pretend)).toHaveLength(1);
  withDb((db) => db.exec('delete from chain_cuts'));
  expect(problems()).toEqual([]);
});

test('two instances have a chain each, also where one settles what the other left open', async () => {
  const a = await open('a');
  await a.putKeys([keyRow('k1')]);
  const b = await open('b');
  await book(a, 'a', 'a1');
  await book(b, 'b', 'b1');
  await book(a, 'a', 'a2');
  await a.commit([reserveEntry('left1'), reserveEntry('left2')], morning);
  await opened.shift()!.close();
  expect(await b.settleDead(morning + 1)).toBe(2);
  await book(b, 'b', 'b2');
  expect(verifyLedger(path(), [])).toMatchObject({ rows: 6, heads: [{ seq: 6 }, { seq: 5 }].sort(), problems: [] });
  // Its owner was alive after all: what it settles late is corrected in its own chain.
  const again = await open('a');
  await again.commit([settleEntry(reserveEntry('left1'), 1, 1)], morning + 2);
  expect(verifyLedger(path(), [])).toMatchObject({ rows: 7, problems: [] });
});

test('a batch of which an entry fails, and one that is committed again, leave the chain whole', async () => {
  const storage = await open('a');
  await storage.putKeys([keyRow('k1')]);
  const entries = ['r1', 'r2', 'r3'].map((id) => reserveEntry(id));
  await storage.commit(entries, morning);
  const [one, two, three] = entries.map((entry) => settleEntry(entry, 1, 1));
  const broken = { ...two!, row: { ...two!.row, status: 'x' as never } };
  await storage.commit([one!, broken, three!], morning);
  await storage.commit([one!, broken, three!], morning);
  expect(verifyLedger(path(), [])).toMatchObject({ rows: 3, problems: [] });
});

test('what is pruned in the order of beginnings leaves what is needed to verify the rest', async () => {
  const a = await open('a');
  await a.putKeys([keyRow('k1')]);
  const b = await open('b');
  // Settled in this order; they began in another.
  const begun = [5, 1, 9, 2, 3, 8, 4, 7, 6, 10, 11, 12];
  for (const [i, at] of begun.entries())
    await book(i % 3 === 2 ? b : a, i % 3 === 2 ? 'b' : 'a', `r${i}`, { started_at: morning + at * 60_000, ended_at: morning + hour }); // prettier-ignore
  const heads: string[] = (await a.requests({}, undefined, 100)).rows.map(({ hash }) => hash ?? '');
  for (let left = begun.length; left > 0; left--) {
    expect(verifyLedger(path(), [])).toMatchObject({ rows: left, problems: [] });
    expect(await (left % 2 === 0 ? a : b).prune(morning + day, 1)).toBe(1);
  }
  const { asked, problems: found } = verifyLedger(path(), [heads[0]!, heads[11]!]);
  expect(asked.map(({ state }) => state)).toEqual(['pruned', 'missing']);
  expect(found).toEqual([expect.stringContaining('or pruned since it was noted')]);
  expect(withDb((db) => db.prepare('select seq, instance from chain_cuts').all())).toEqual([{ seq: 11, instance: 'a' }, { seq: 12, instance: 'b' }]); // prettier-ignore
  await book(a, 'a', 'later', { started_at: morning + 2 * day });
  expect(problems()).toEqual([]);
});

test('a ledger whose chain was computed anew is found by a head that was noted outside', async () => {
  const storage = await open('a');
  await storage.putKeys([keyRow('k1')]);
  for (let i = 1; i <= 3; i++) await book(storage, 'a', `r${i}`);
  const head = await storage.head();
  expect(head).toMatchObject({ seq: 3, hash: expect.stringMatching(/^1[\w-]{43}$/) });
  await book(storage, 'a', 'r4');
  expect(verifyLedger(path(), [head!.hash])).toMatchObject({ asked: [{ state: 'found' }], problems: [] });
  const forged = sqliteWorld('');
  const forger = await forged.open('a');
  await forger.putKeys([keyRow('k1')]);
  for (let i = 1; i <= 4; i++) await book(forger, 'a', `r${i}`, i === 2 ? { cost: 1 } : {});
  const found = verifyLedger(join(forged.folder, 'ledger.db'), [head!.hash]);
  expect(found).toMatchObject({
    rows: 4,
    asked: [{ state: 'missing' }],
    problems: [expect.stringContaining(head!.hash)],
  });
  await forger.close();
  await forged.remove();
});

describe('a user who leaves', () => {
  const forget = async (
    storage: Storage,
    user: string,
    act?: Act,
  ): Promise<Exclude<ForgetStep, { next: ForgetPlace }>> => {
    let place: ForgetPlace | undefined;
    for (;;) {
      const step = await storage.forgetUser(user, place, act);
      if (!('next' in step)) return step;
      place = step.next;
    }
  };

  test('is in no table under any name any more, and the chain and the sums are whole', async () => {
    const storage = await open('a');
    const act = { at: morning, credential: 'master', address: '127.0.0.1', action: 'key.mint' };
    await storage.putKeys([keyRow('k1', { user: 'ada', label: 'ada’s laptop', note: 'of Ada' })], act);
    await storage.putKeys([keyRow('k2', { user: 'ada b', label: 'other', note: 'stays' })], act);
    const daily = limit({ kind: 'user', name: 'ada' }, 'usd', 1_000_000);
    const other = limit({ kind: 'user', name: 'ada b' }, 'tokens', 1_000_000);
    const who = { user: 'ada', end_user: 'ada@example.org', address: '10.9.8.7', session: 'ada-session' };
    for (let i = 0; i < 4; i++) await book(storage, 'a', `r${i}`, i === 1 ? { user: 'ada b', address: '10.9.8.6' } : who, [daily, other] as never); // prettier-ignore
    const before = await storage.usage({ groupBy: [], from: 0, to: morning + day });
    expect(await storage.forgetUser('ada', undefined)).toEqual({ inUse: ['ada’s laptop'] });
    const override = { amount: 5, until: morning + day };
    const once = { idempotencyKey: 'for the laptop', contents: 'a digest' };
    await storage.changeKey(
      'k1',
      { revoked_at: morning },
      { limits: [{ id: daily.id, override }], act: { ...act, once } },
    );
    const done = await forget(storage, 'ada', { ...act, action: 'user.forget' });
    expect(done).toEqual({ done: expect.stringMatching(/^~[\w-]{22}$/), open: 0 });
    const pseudonym = (done as { done: string }).done;
    const all = withDb((db) =>
      (db.prepare(`select name from sqlite_schema where type = 'table'`).all() as { name: string }[]).map(({ name }) =>
        JSON.stringify(db.prepare(`select * from "${name}"`).all()),
      ),
    )
      .join()
      .replaceAll('\\', ''); // what the audit keeps is JSON within JSON here
    expect((await storage.audit(pseudonym, undefined, 10)).rows).toMatchObject([{ action: 'user.forget' }]);
    expect((await storage.audit('k1', undefined, 10)).rows).toHaveLength(2);
    expect(all).toContain('"note":"stays"');
    for (const name of ['of Ada', 'a digest', '"ada"', 'ada@', '10.9.8.7', 'ada-session', 'user:ada usd', 'laptop']) expect([name, all.includes(name)]).toEqual([name, false]); // prettier-ignore
    expect(all).toContain('user:ada b tokens day');
    expect(all).toContain('10.9.8.6');
    expect(problems()).toEqual([]);
    expect(checkLedger(path()).problems).toEqual([]);
    expect(await storage.usage({ groupBy: [], from: 0, to: morning + day })).toEqual(before);
    const rows = (await storage.requests({ user: pseudonym }, undefined, 10)).rows;
    expect(rows).toHaveLength(3);
    expect(new Set(rows.map(({ address }) => address)).size).toBe(1); // still one address, whichever it was
    withDb((db) => db.exec(`update requests set address = '~forged' where id = 'r2'`));
    expect(problems()).toHaveLength(1);
    expect(await forget(storage, pseudonym)).toEqual({ done: pseudonym, open: 0 });
  });

  test('leaves the audit in steps, in between which others may write', async () => {
    const storage = await open('a');
    await storage.putKeys([keyRow('k1', { user: 'ada' })]);
    await storage.changeKey('k1', { revoked_at: morning });
    const acts = 25_000;
    const change = JSON.stringify({ before: { user: null }, after: { user: 'ada' } });
    withDb((db) =>
      db
        .prepare(
          `insert into audit (at, credential, action, subject, change)
           with recursive n(i) as (select 1 union all select i + 1 from n where i < ?)
           select 0, 'master', 'key.change', 'k1', ? from n`,
        )
        .run(acts, change),
    );
    const named = () =>
      withDb((db) => db.prepare('select count(*) n from audit where change = ?').get(change) as { n: number }).n;
    const left: number[] = [];
    let place: ForgetPlace | undefined;
    for (;;) {
      const step = await storage.forgetUser('ada', place);
      if (place !== undefined && 'act' in place) left.push(named());
      if (!('next' in step)) break;
      place = step.next;
      if ('act' in place && place.act > 0) await storage.changeKey('k1', { note: `at ${place.act}` });
    }
    expect(left).toEqual([acts - 10_000, acts - 20_000, 0]);
    expect(await storage.keyById('k1')).toMatchObject({ note: 'at 20000', user: expect.stringMatching(/^~/) });
  });

  test('whose request is settled meanwhile leaves with the next try', async () => {
    const storage = await open('a');
    await storage.putKeys([keyRow('k1', { user: 'ada' })]);
    const entry = reserveEntry('r1', [], 90, { user: 'ada' });
    await book(storage, 'a', 'r0', { user: 'ada' });
    await storage.commit([entry], morning);
    await storage.changeKey('k1', { revoked_at: morning });
    expect(await forget(storage, 'ada')).toMatchObject({ open: 1 });
    expect(problems()).toEqual([]);
    await storage.commit([settleEntry(entry, 1, 1)], morning);
    expect(problems()).toEqual([]);
    const first = await forget(storage, 'ada');
    expect(first).toMatchObject({ open: 0 });
    expect(problems()).toEqual([]);
    expect(checkLedger(path()).problems).toEqual([]);
    expect(await storage.usage({ groupBy: ['user'], from: 0, to: morning + day })).toMatchObject([
      { user: (first as { done: string }).done, requests: 2 },
    ]);
  });
});
