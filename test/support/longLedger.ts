// A ledger with as many settled requests as a busy month has, made quickly: rows are copies of one that the gateway wrote.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openSqliteStorage } from '../../gateway/src/storage/sqlite';
import { day, hour, keyRow, morning, reserveEntry, settleEntry } from '../storage/samples';

/** Days over which the rows are spread. */
export const ledgerDays = 31;

/**
 * Fills the ledger of an empty folder: 50 keys of 20 users, each with two models; a session is fifty requests. The last request
 * began just before `morning`. Its rows have no hash of their own.
 */
export async function fillLedger(folder: string, rows: number): Promise<void> {
  const storage = await openSqliteStorage({ folder, durability: 'process', instance: 'filling', now: morning }, '');
  await storage.putKeys(Array.from({ length: 50 }, (_, i) => keyRow(`k${i}`, { user: `user${i % 20}` })));
  const sample = reserveEntry('sample', [], 90, { started_at: morning - ledgerDays * day });
  const attempts = JSON.stringify([{ target: 'openai/gpt-5.5', account: 'default', status: 200, ms: 900 }]);
  await storage.commit([sample], morning);
  await storage.commit([settleEntry(sample, 300, 100, { attempts, client: 'codex', address: '10.0.0.1' })], morning);
  await storage.close();
  const db = new DatabaseSync(join(folder, 'ledger.db'));
  const columns = (db.prepare(`select name from pragma_table_info('requests')`).all() as { name: string }[])
    .map(({ name }) => name)
    .filter((name) => name !== 'seq');
  const began = `started_at + i * ${Math.floor((ledgerDays * day) / rows)}`;
  const copied: Readonly<Record<string, string>> = {
    id: `'req_' || i`,
    key: `'k' || (i % 50)`,
    user: `'user' || (i % 50 % 20)`,
    model: `'model' || (i % 50 % 3 + i / 50 % 2)`,
    session: `'session' || (i % 50) || '-' || (i / 2500)`,
    address: `'10.0.' || (i % 50) || '.' || (i % 7)`,
    started_at: began,
    ended_at: `${began} + 900`,
    hash: 'null',
  };
  db.exec(`pragma synchronous = off;
    insert into requests (${columns.join(', ')}) select ${columns.map((name) => copied[name] ?? name).join(', ')}
      from requests, (with recursive n(i) as (select 1 union all select i + 1 from n where i < ${rows - 1}) select i from n);
    delete from usage_hours;
    insert into usage_hours select started_at / ${hour} hour, key, coalesce(user, ''), tags, '', provider, account, model,
      client, count(*), 0, sum(input), 0, 0, sum(output), 0, 0, sum(counted), sum(raw), sum(cost), sum(uncached), sum(dearest_cost)
      from requests group by hour, key, user, tags, provider, account, model, client;
    pragma wal_checkpoint(truncate);`);
  db.close();
}
