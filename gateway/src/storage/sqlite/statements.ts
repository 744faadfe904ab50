// Every statement that the gateway runs, prepared once. SQL stands in this folder only.

import type { DatabaseSync } from 'node:sqlite';
import { prepareAdministration, prepareAdministrationReports } from './administrationStatements';
import { prepareChain } from './chainStatements';
import { prepareSessionDays } from './sessionDays';
import { sumOf } from './sums';
import { addAmounts, usageAmounts, usageNames } from './usageColumns';
import { prepareUsageDays } from './usageDays';

const summedColumns = [...usageNames, ...usageAmounts];

/** The writer's statements. */
export function prepareWriter(db: DatabaseSync) {
  return {
    begin: db.prepare('begin immediate'),
    commit: db.prepare('commit'),
    rollback: db.prepare('rollback'),
    savepoint: db.prepare('savepoint entry'),
    releaseSavepoint: db.prepare('release entry'),
    rollbackSavepoint: db.prepare('rollback to entry'),
    // Changes when another connection has committed: what is remembered of the database is then read anew.
    dataVersion: db.prepare('pragma data_version'),

    // It is there already where the writer's thread was started again.
    addInstance: db.prepare('insert or replace into instances (id, started_at) values (?, ?)'),
    dropInstance: db.prepare('delete from instances where id = ?'),
    holders: db.prepare('select id from instances union select distinct instance from open_requests'),

    allKeys: db.prepare('select * from keys order by created_at, id'),
    keyByHash: db.prepare('select * from keys where sha256 = ?'),
    keyById: db.prepare('select * from keys where id = ?'),
    keyStands: db.prepare('select 1 from keys where id = ? and revoked_at is null'),
    putKey: db.prepare(
      `insert into keys (id, sha256, previous_sha256, previous_until, hint, label, user, tags, limits, models, routes, parallel, expires_at,
         source, created_at, rotated_at, revoked_at, generation, revoked_generation, note)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do update set
         sha256 = excluded.sha256, previous_sha256 = excluded.previous_sha256, previous_until = excluded.previous_until,
         hint = excluded.hint, label = excluded.label, user = excluded.user, tags = excluded.tags, limits = excluded.limits, models = excluded.models,
         routes = excluded.routes, parallel = excluded.parallel, expires_at = excluded.expires_at, source = excluded.source, rotated_at = excluded.rotated_at, note = excluded.note,
         generation = excluded.generation, revoked_at = iif(keys.revoked_generation >= excluded.generation, keys.revoked_at, excluded.revoked_at),
         revoked_generation = iif(keys.revoked_generation >= excluded.generation, keys.revoked_generation, excluded.revoked_generation)`,
    ),
    budget: db.prepare(
      `select spent_tokens, spent_nano, spent_requests, reserved_tokens, reserved_nano, reserved_requests
       from budgets where limit_id = ? and window = ?`,
    ),
    putBudget: db.prepare(
      `insert or replace into budgets (limit_id, window, spent_tokens, spent_nano, spent_requests, reserved_tokens, reserved_nano, reserved_requests)
       values (?, ?, ?, ?, ?, ?, ?, ?)`,
    ),

    openRequest: db.prepare('select limits, tokens, nano, output from open_requests where id = ?'),
    wholeOpenRequest: db.prepare('select * from open_requests where id = ?'),
    // What a request was admitted with, or has settled with: then it is not admitted a second time.
    admitted: db.prepare(
      'select output, limits from open_requests where id = ?1 union all select output, null from requests where id = ?1',
    ),
    addOpenRequest: db.prepare(
      `insert into open_requests (id, instance, key, user, limits, tokens, nano, output, request)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    raiseOpenRequest: db.prepare(
      'update open_requests set tokens = tokens + ?, nano = nano + ?, output = output + ? where id = ?',
    ),
    dropOpenRequest: db.prepare('delete from open_requests where id = ?'),
    openRequestsOf: db.prepare('select * from open_requests where instance = ?'),

    requestById: db.prepare('select * from requests where id = ?'),
    addRequest: db.prepare(
      `insert into requests (id, instance, kind, corrects, key, user, tags, session, client, end_user, address, app_title, route,
         requested, provider, account, model, wire_in, wire_out, stream, started_at, first_byte_at, first_token_at, ended_at, status,
         outcome, error, attempts, input_estimate, max_output, needs, prefix_hash, input, cache_read, cache_write_5m, cache_write_1h,
         output, reasoning, audio, searches, counted, raw, cost, provider_cost, rates, estimated, dropped, hash, shadowed,
         uncached, dearest, dearest_rates, dearest_cost)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
         ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    addRates: db.prepare('insert or ignore into rates (id, json) values (?, ?)'),
    addUsage: db.prepare(
      `insert into usage_hours (hour, ${summedColumns.join(', ')}) values (?${', ?'.repeat(summedColumns.length)})
       on conflict do update set ${addAmounts}`,
    ),
    modelsOfHour: db.prepare('select distinct model from usage_hours where hour = ? and key = ?'),
    // A window that begins within an hour is a minute's.
    pruneBudgets: db.prepare(
      `delete from budgets where (limit_id, window) in (
         select limit_id, window from budgets where window > 0 and window < iif(window % 3600000 = 0, ?1, ?2) limit ?3)`,
    ),
    ...prepareChain(db),
    ...prepareDays(db),
    ...prepareAdministration(db),
    ...prepareSums(db),
  };
}

/** The statements of reports. */
export function prepareReports(db: DatabaseSync) {
  return {
    budget: db.prepare(
      `select spent_tokens, spent_nano, spent_requests, reserved_tokens, reserved_nano, reserved_requests
       from budgets where limit_id = ? and window = ?`,
    ),
    requestById: db.prepare('select * from requests where id = ?'),
    requests: db.prepare(
      `select * from (select * from requests where seq < ?1 and seq >= ?15 order by seq desc limit ?2)
       where (?3 is null or key = ?3) and (?4 is null or user = ?4) and (?5 is null or model = ?5)
         and (?6 is null or outcome = ?6) and (?7 is null or status = ?7) and (?8 is null or session = ?8)
         and (?9 is null or client = ?9) and (?10 is null or address = ?10) and (?11 is null or started_at >= ?11)
         and (?12 is null or started_at < ?12) and (?13 is null or shadowed <> '[]') limit ?14`,
    ),
    ratesById: db.prepare('select id, json from rates where id in (select value from json_each(?))'),
    // From the index alone.
    firstSince: db.prepare('select min(seq) seq from requests where started_at >= ?'),
    placeAfter: db.prepare('select seq from requests where seq < ?1 and seq > ?3 order by seq desc limit 1 offset ?2'),
    usageOfKeys: db.prepare(
      `select key, ${sumOf('requests')}, ${sumOf('counted')}, ${sumOf('raw')}, ${sumOf('cost')}
       from usage_hours where hour >= ? and hour < ? group by key`,
    ),
    reservedOfKeys: db.prepare(`select key, ${sumOf('tokens', 'reserved')} from open_requests group by key`),
    ...prepareAdministrationReports(db),
    ...prepareSums(db),
  };
}

export type Writer = ReturnType<typeof prepareWriter>;
export type Sums = ReturnType<typeof prepareSums>;

// ---

function prepareDays(db: DatabaseSync) {
  return { ...prepareUsageDays(db), ...prepareSessionDays(db) };
}

// How a budget begins that nothing has been booked in yet: with all that its subject has used since its window began, and
// with what its open requests of that window hold. Those were admitted without this limit and will not settle in it, so that
// what they hold counts as spent; but what was admitted with it (its budget's row was lost) is reserved.
function prepareSums(db: DatabaseSync) {
  const used = (whose: string) =>
    db.prepare(
      `select ${sumOf('counted', 'tokens')}, ${sumOf('cost', 'nano')}, ${sumOf('requests')}
       from usage_hours where hour >= ?1 and ${whose}`,
    );
  const held = (whose: string) =>
    db.prepare(
      `select carried, ${sumOf('tokens')}, ${sumOf('nano')}, count(*) requests from (
         select tokens, nano, request,
           exists (select 1 from json_each(limits) where value ->> 'id' = ?1 and value ->> 'window' = ?2) carried
         from open_requests where ${whose}
       ) where carried or request ->> 'started_at' >= ?2 group by carried`,
    );
  const usedInMonths = (whose: string) =>
    db.prepare(
      `select ${sumOf('counted', 'tokens')}, ${sumOf('cost', 'nano')}, ${sumOf('requests')}
       from usage_months where month >= ?1 and ${whose}`,
    );
  return {
    monthsOfAll: usedInMonths('?2 is not null'),
    monthsOfKey: usedInMonths('key = ?2'),
    monthsOfUser: usedInMonths('user = ?2'),
    monthsOfTag: usedInMonths('exists (select 1 from json_each(tags) where value = ?2)'),
    usedByAll: used('?2 is not null'),
    usedByKey: used('key = ?2'),
    usedByUser: used('user = ?2'),
    usedByTag: used('exists (select 1 from json_each(tags) where value = ?2)'),
    heldByAll: held('?3 is not null'),
    heldByKey: held('key = ?3'),
    heldByUser: held('user = ?3'),
    heldByTag: held("exists (select 1 from json_each(request ->> 'tags') where value = ?3)"),
  };
}
