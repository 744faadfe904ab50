// The statements of the hash chain: its heads, what pruning cuts out of it, and those whose names it covers.

import type { DatabaseSync } from 'node:sqlite';

/** The writer's. */
export function prepareChain(db: DatabaseSync) {
  return {
    oldest: db.prepare(
      'select seq, instance, hash from requests where started_at < ? order by started_at, seq limit ?',
    ),
    pruned: db.prepare(
      'insert into pruned (id, before) values (1, ?) on conflict do update set before = max(before, excluded.before)',
    ),
    dropRequest: db.prepare('delete from requests where seq = ?'),

    head: db.prepare('select seq, hash from ledger_heads where instance = ?'),
    putHead: db.prepare('insert or replace into ledger_heads (instance, seq, hash, at) values (?, ?, ?, ?)'),
    heads: db.prepare('select instance, seq, hash, at from ledger_heads'),
    nextOfInstance: db.prepare(
      'select seq from requests where instance = ? and seq > ? and seq < ? order by seq limit 1',
    ),
    cut: db.prepare('insert or replace into chain_cuts (seq, instance, hash) values (?, ?, ?)'),
    dropCut: db.prepare('delete from chain_cuts where seq = ?'),
    cutBefore: db.prepare('select seq from chain_cuts where instance = ? and seq < ? order by seq desc limit 1'),
    cutAfter: db.prepare('select seq from chain_cuts where instance = ? and seq > ? order by seq limit 1'),
    person: db.prepare('select salt from people where name = ?'),
    addPerson: db.prepare('insert into people (name, salt) values (?, ?)'),
  };
}
