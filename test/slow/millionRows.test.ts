// A ledger of a million settled requests: it opens, reports and prunes, and admission beside that goes on.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openSqliteStorage } from '../../gateway/src/storage/sqlite';
import type { Storage } from '../../gateway/src/storage/storage';
import { day, hour, keyRow, limit, morning, reserveEntry, settleEntry } from '../storage/samples';
import { makeLedgerFolder, threadProgram } from '../storage/worlds';

const rows = 1_000_000;

test('a million rows [H6 H7]', async () => {
  const folder = makeLedgerFolder();
  const figures: string[] = [];
  const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const from = performance.now();
    const result = await work();
    figures.push(`${what} ${(performance.now() - from).toFixed(1)} ms`);
    return result;
  };
  const open = (instance: string): Promise<Storage> =>
    openSqliteStorage({ folder: folder.path, durability: 'power_loss', instance, now: morning }, threadProgram());
  const filling = await open('filling');
  await filling.putKeys(Array.from({ length: 100 }, (_, i) => keyRow(`k${i}`)));
  // One row as the gateway writes it, then copies of it: a hundred keys, a row each 2.6 seconds over thirty days.
  const sample = reserveEntry('sample', [], 90, { started_at: morning - 30 * day });
  await filling.commit([sample], morning);
  await filling.commit([settleEntry(sample, 300, 100, { attempts: JSON.stringify([{ target: 'openai/gpt-5.5', account: 'default', status: 200, ms: 900 }]) })], morning); // prettier-ignore
  await filling.close();
  const db = new DatabaseSync(join(folder.path, 'ledger.db'));
  const columns = (db.prepare(`select name from pragma_table_info('requests')`).all() as { name: string }[])
    .map(({ name }) => name)
    .filter((name) => name !== 'seq');
  const copied: Record<string, string> = {
    id: `'req_' || i`,
    key: `'k' || (i % 100)`,
    started_at: `started_at + i * ${Math.floor((30 * day) / rows)}`,
  };
  db.exec(`insert into requests (${columns.join(', ')}) select ${columns.map((name) => copied[name] ?? name).join(', ')}
           from requests, (with recursive n(i) as (select 1 union all select i + 1 from n where i < ${rows - 1}) select i from n)`); // prettier-ignore
  db.exec(`insert or replace into usage_hours select started_at / ${hour} hour, key, '', tags, '', provider, account, model, '', count(*), 0,
             sum(input), 0, 0, sum(output), 0, 0, sum(counted), sum(raw), sum(cost), sum(uncached), sum(dearest_cost)
           from requests group by hour, key, tags, provider, account, model`);
  db.close();

  const storage = await timed('open', () => open('a'));
  const daily = limit({ kind: 'key', name: 'k1' }, 'tokens', 1_000_000_000, morning - hour, 'month');
  // A limit for good sums all there ever was on the thread that admits requests.
  const ever = limit({ kind: 'key', name: 'k2' }, 'usd', 1_000_000_000_000, morning, 'lifetime');
  expect(await timed('seed a limit for good', () => storage.commit([reserveEntry('ever', [ever])], morning))).toMatchObject([
    { type: 'admitted' },
  ]);
  expect(await timed('seed a month', () => storage.commit([reserveEntry('r0', [daily])], morning))).toMatchObject([
    { type: 'admitted' },
  ]);
  expect(await timed('100 newest', async () => (await storage.requests({}, undefined, 100)).rows)).toHaveLength(100);
  expect(await timed('by id', () => storage.requestById('req_500000'))).toMatchObject({ counted: 400 });
  const usage = await timed('usage of a month', () => storage.usageOfKeys(morning - 31 * day, morning + day));
  expect([...usage.values()].reduce((sum, each) => sum + each.requests, 0)).toBe(rows);
  expect(await timed('prune, nothing to do', () => storage.prune(morning - 60 * day, 2_000))).toBe(0);
  // Pruning goes on while requests are admitted and settled beside it.
  let pruned = 0;
  const pruning = timed('prune 100,000 rows', async () => {
    for (let i = 0; i < 50; i++) pruned += await storage.prune(morning - 15 * day, 2_000);
  });
  let slowest = 0;
  for (let i = 0; i < 200; i++) {
    const from = performance.now();
    const entry = reserveEntry(`during${i}`, [daily]);
    expect(await storage.commit([entry], morning)).toMatchObject([{ type: 'admitted' }]);
    await storage.commit([settleEntry(entry, 1, 1)], morning);
    slowest = Math.max(slowest, performance.now() - from);
  }
  await pruning;
  expect(pruned).toBe(100_000);
  figures.push(`slowest admission and settlement beside it ${slowest.toFixed(1)} ms`);
  expect(await storage.requestById('req_99')).toBeUndefined();
  const after = await storage.usageOfKeys(morning - 31 * day, morning - day);
  expect([...after.values()].reduce((sum, each) => sum + each.requests, 0)).toBeGreaterThan(900_000);
  await storage.close();
  console.info(`a ledger of a million rows: ${figures.join(', ')}`);
  folder.remove();
});
