// Every statement that the gateway runs, prepared once. SQL stands in this folder only.

import type { DatabaseSync } from 'node:sqlite';

/** The writer's statements. */
export function prepareWriter(db: DatabaseSync) {
  return {
    begin: db.prepare('begin immediate'),
    commit: db.prepare('commit'),
    rollback: db.prepare('rollback'),
    // Changes when another connection has committed: what is remembered of the database is then read anew.
    dataVersion: db.prepare('pragma data_version'),

    addInstance: db.prepare('insert into instances (id, started_at) values (?, ?)'),
    dropInstance: db.prepare('delete from instances where id = ?'),
    holders: db.prepare('select id from instances union select distinct instance from open_requests'),

    allKeys: db.prepare('select * from keys order by created_at, id'),
    keyByHash: db.prepare('select * from keys where sha256 = ?'),
    keyById: db.prepare('select * from keys where id = ?'),
    keyStands: db.prepare('select 1 from keys where id = ? and revoked_at is null'),
    putKey: db.prepare(
      `insert into keys (id, sha256, previous_sha256, previous_until, hint, label, user, tags, limits, models, routes, parallel,
         expires_at, source, created_at, rotated_at, revoked_at)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       on conflict (id) do update set
         sha256 = excluded.sha256, previous_sha256 = excluded.previous_sha256, previous_until = excluded.previous_until,
         hint = excluded.hint, label = excluded.label, user = excluded.user, tags = excluded.tags, limits = excluded.limits,
         models = excluded.models, routes = excluded.routes, parallel = excluded.parallel, expires_at = excluded.expires_at,
         source = excluded.source, rotated_at = excluded.rotated_at, revoked_at = excluded.revoked_at`,
    ),

    budget: db.prepare(
      `select spent_tokens, spent_nano, spent_requests, reserved_tokens, reserved_nano, reserved_requests
       from budgets where limit_id = ? and window = ?`,
    ),
    putBudget: db.prepare(
      `insert or replace into budgets (limit_id, window, spent_tokens, spent_nano, spent_requests, reserved_tokens, reserved_nano, reserved_requests)
       values (?, ?, ?, ?, ?, ?, ?, ?)`,
    ),

    openRequest: db.prepare('select tokens, nano, output from open_requests where id = ?'),
    addOpenRequest: db.prepare(
      `insert or ignore into open_requests (id, instance, key, user, limits, tokens, nano, output, request)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    raiseOpenRequest: db.prepare(
      'update open_requests set tokens = tokens + ?, nano = nano + ?, output = output + ? where id = ?',
    ),
    dropOpenRequest: db.prepare('delete from open_requests where id = ? returning tokens, nano'),
    openRequestsOf: db.prepare('select * from open_requests where instance = ?'),

    requestById: db.prepare('select * from requests where id = ?'),
    addRequest: db.prepare(
      `insert into requests (id, instance, kind, corrects, key, user, tags, session, client, end_user, address, app_title, route,
         requested, provider, account, model, wire_in, wire_out, stream, started_at, first_byte_at, first_token_at, ended_at, status,
         outcome, error, attempts, input_estimate, max_output, needs, prefix_hash, input, cache_read, cache_write_5m, cache_write_1h,
         output, reasoning, audio, searches, counted, raw, cost, provider_cost, rates, estimated, dropped, hash)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
         ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    addRates: db.prepare('insert or ignore into rates (id, json) values (?, ?)'),
    addUsage: db.prepare(
      `insert into usage_hours (hour, key, user, tags, route, provider, account, model, client, requests, errors, input, cache_read,
         cache_write, output, reasoning, searches, counted, raw, cost)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       on conflict do update set
         requests = requests + excluded.requests, errors = errors + excluded.errors, input = input + excluded.input,
         cache_read = cache_read + excluded.cache_read, cache_write = cache_write + excluded.cache_write,
         output = output + excluded.output, reasoning = reasoning + excluded.reasoning, searches = searches + excluded.searches,
         counted = counted + excluded.counted, raw = raw + excluded.raw, cost = cost + excluded.cost`,
    ),
    prune: db.prepare(
      'delete from requests where seq in (select seq from requests where started_at < ? order by seq limit ?)',
    ),
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
    lastRequests: db.prepare('select * from requests order by seq desc limit ?'),
    usageOfKeys: db.prepare(
      `select key, sum(requests) requests, sum(counted) counted, sum(raw) raw, sum(cost) cost
       from usage_hours where hour >= ? and hour < ? group by key`,
    ),
    reservedOfKeys: db.prepare('select key, sum(tokens) reserved from open_requests group by key'),
    ...prepareSums(db),
  };
}

export type Writer = ReturnType<typeof prepareWriter>;
export type Sums = ReturnType<typeof prepareSums>;

// ---

// How a budget begins that nothing has been booked in yet: with all that its subject has used since its window began, and
// with what its open requests hold. Those were admitted without this limit and will not settle in it, so that what they
// hold counts as spent.
function prepareSums(db: DatabaseSync) {
  return {
    usedByAll: db.prepare(
      'select coalesce(sum(counted), 0) tokens, coalesce(sum(cost), 0) nano, coalesce(sum(requests), 0) requests from usage_hours where hour >= ?',
    ),
    usedByKey: db.prepare(
      'select coalesce(sum(counted), 0) tokens, coalesce(sum(cost), 0) nano, coalesce(sum(requests), 0) requests from usage_hours where hour >= ? and key = ?',
    ),
    usedByUser: db.prepare(
      'select coalesce(sum(counted), 0) tokens, coalesce(sum(cost), 0) nano, coalesce(sum(requests), 0) requests from usage_hours where hour >= ? and user = ?',
    ),
    usedByTag: db.prepare(
      `select coalesce(sum(counted), 0) tokens, coalesce(sum(cost), 0) nano, coalesce(sum(requests), 0) requests
       from usage_hours where hour >= ? and exists (select 1 from json_each(tags) where value = ?)`,
    ),
    heldByAll: db.prepare(
      'select coalesce(sum(tokens), 0) tokens, coalesce(sum(nano), 0) nano, count(*) requests from open_requests',
    ),
    heldByKey: db.prepare(
      'select coalesce(sum(tokens), 0) tokens, coalesce(sum(nano), 0) nano, count(*) requests from open_requests where key = ?',
    ),
    heldByUser: db.prepare(
      'select coalesce(sum(tokens), 0) tokens, coalesce(sum(nano), 0) nano, count(*) requests from open_requests where user = ?',
    ),
    heldByTag: db.prepare(
      `select coalesce(sum(tokens), 0) tokens, coalesce(sum(nano), 0) nano, count(*) requests
       from open_requests where exists (select 1 from json_each(json_extract(request, '$[2]')) where value = ?)`,
    ),
  };
}
