// The database's history: steps are only ever added, and each only adds, so that an older gateway can go on reading.

import { sumOf } from './sums';

export interface Migration {
  readonly name: string;
  readonly sql: string;
  /** The oldest migration count a reader must know to use the database after this step. */
  readonly oldestReader: number;
}

type MonthAmount = 'requests' | 'counted' | 'cost';

const within = (sum: string) => `cast(max(-9007199254740991, min(9007199254740991, ${sum})) as integer)`;

// Adds to the month of a row of `usage_hours`, within what a number holds.
function addToMonth(row: 'new' | 'old', by: Readonly<Record<MonthAmount, string>>): string {
  const names = Object.keys(by) as MonthAmount[];
  return `
    insert into usage_months (month, key, user, tags, ${names.join(', ')})
    values (unixepoch(${row}.hour * 3600, 'unixepoch', 'start of month') / 3600, ${row}.key, ${row}.user, ${row}.tags,
      ${names.map((name) => within(by[name])).join(', ')})
    on conflict do update set ${names.map((name) => `${name} = ${within(`${name} + excluded.${name}`)}`).join(', ')};`;
}

// Adds to the day of a row of `usage_hours`, within what a number holds.
function addToDay(row: 'new' | 'old', by: (name: string) => string): string {
  const names = 'requests errors input cache_read cache_write output reasoning searches counted raw cost uncached dearest_cost'.split(' '); // prettier-ignore
  const groups = 'key user tags route provider account model client'.split(' ');
  return `
    insert into usage_days (day, ${groups.join(', ')}, ${names.join(', ')})
    values (${row}.hour / 24, ${groups.map((name) => `${row}.${name}`).join(', ')}, ${names.map((name) => within(by(name))).join(', ')})
    on conflict do update set ${names.map((name) => `${name} = ${within(`${name} + excluded.${name}`)}`).join(', ')};`;
}

/**
 * The tables. Amounts are integers: tokens, nano-USD, milliseconds since 1970. `requests` is append-only; `usage_hours`
 * is its sum and outlives it; `budgets` exist only for windows of limits; `ledger_heads` has the last hash of each instance's
 * chain. `alerts_sent` is filled by later versions.
 */
export const migrations: readonly Migration[] = [
  {
    name: 'ledger',
    oldestReader: 1,
    sql: `
      create table instances (
        id text primary key,
        started_at integer not null
      ) strict;

      create table keys (
        id text primary key,
        sha256 text not null unique,
        previous_sha256 text,
        previous_until integer,
        hint text not null,
        label text not null,
        user text,
        tags text not null default '[]',
        limits text not null default '[]',
        models text,
        routes text,
        parallel integer,
        expires_at integer,
        source text not null check (source in ('admin', 'config')),
        created_at integer not null,
        rotated_at integer,
        revoked_at integer
      ) strict;

      create table open_requests (
        id text primary key,
        instance text not null,
        key text not null,
        user text,
        limits text not null,
        tokens integer not null check (tokens between 0 and 9007199254740991),
        nano integer not null check (nano between 0 and 9007199254740991),
        output integer not null,
        request text not null
      ) strict, without rowid;

      create table requests (
        seq integer primary key autoincrement,
        id text not null unique,
        instance text not null,
        kind text not null check (kind = 'request' or kind = 'crash' or kind = 'correction'), -- of a list it would make a table for each row
        corrects text,
        key text not null,
        user text,
        tags text not null,
        session text,
        client text,
        end_user text,
        address text,
        app_title text,
        route text,
        requested text not null,
        provider text not null,
        account text not null,
        model text not null,
        wire_in text not null,
        wire_out text,
        stream integer not null,
        started_at integer not null,
        first_byte_at integer,
        first_token_at integer,
        ended_at integer not null,
        status integer not null,
        outcome text not null,
        error text,
        attempts text not null,
        input_estimate integer not null,
        max_output integer,
        needs text not null,
        prefix_hash text,
        input integer not null check (abs(input) <= 9007199254740991),
        cache_read integer not null check (abs(cache_read) <= 9007199254740991),
        cache_write_5m integer not null check (abs(cache_write_5m) <= 9007199254740991),
        cache_write_1h integer not null check (abs(cache_write_1h) <= 9007199254740991),
        output integer not null check (abs(output) <= 9007199254740991),
        reasoning integer not null check (abs(reasoning) <= 9007199254740991),
        audio integer not null,
        searches integer not null,
        counted integer not null check (abs(counted) <= 9007199254740991),
        raw integer not null check (abs(raw) <= 9007199254740991),
        cost integer not null check (abs(cost) <= 9007199254740991),
        provider_cost integer,
        rates text not null,
        estimated integer not null,
        dropped text not null,
        hash text
      ) strict;

      create table rates (
        id text primary key,
        json text not null
      ) strict, without rowid;

      create table usage_hours (
        hour integer not null,
        key text not null,
        user text not null,
        tags text not null,
        route text not null,
        provider text not null,
        account text not null,
        model text not null,
        client text not null,
        requests integer not null,
        errors integer not null,
        input integer not null,
        cache_read integer not null,
        cache_write integer not null,
        output integer not null,
        reasoning integer not null,
        searches integer not null,
        counted integer not null,
        raw integer not null,
        cost integer not null,
        primary key (hour, key, user, tags, route, provider, account, model, client)
      ) strict, without rowid;

      create table budgets (
        limit_id text not null,
        window integer not null,
        spent_tokens integer not null default 0 check (spent_tokens between 0 and 9007199254740991),
        spent_nano integer not null default 0 check (spent_nano between 0 and 9007199254740991),
        spent_requests integer not null default 0 check (spent_requests between 0 and 9007199254740991),
        reserved_tokens integer not null default 0 check (reserved_tokens between 0 and 9007199254740991),
        reserved_nano integer not null default 0 check (reserved_nano between 0 and 9007199254740991),
        reserved_requests integer not null default 0 check (reserved_requests between 0 and 9007199254740991),
        primary key (limit_id, window)
      ) strict, without rowid;

      create table credentials (
        id text primary key,
        sha256 text not null unique,
        label text not null,
        scopes text not null,
        created_at integer not null,
        expires_at integer,
        revoked_at integer
      ) strict;

      create table audit (
        seq integer primary key autoincrement,
        at integer not null,
        credential text not null,
        action text not null,
        subject text,
        change text
      ) strict;

      create table alerts_sent (
        alert text not null,
        window integer not null,
        queued_at integer not null,
        sent_at integer,
        primary key (alert, window)
      ) strict, without rowid;

      create table ledger_heads (
        instance text primary key,
        seq integer not null,
        hash text not null,
        at integer not null
      ) strict;`,
  },
  {
    // What is pruned is found by it every minute, among millions of rows.
    name: 'requests by start',
    oldestReader: 1,
    sql: 'create index requests_by_start on requests (started_at);',
  },
  {
    // Names this ledger, as the file beside it does (ledgerFile.ts).
    name: 'epoch',
    oldestReader: 1,
    sql: 'create table epoch (id text primary key) strict;',
  },
  {
    // See clockObservations.ts.
    name: 'clock',
    oldestReader: 1,
    sql: `
      create table clock (
        id integer primary key check (id = 1),
        observed integer not null,
        ran integer not null,
        last integer not null,
        confirmed integer
      ) strict;`,
  },
  {
    // The limits that would have refused a request if they were enforced.
    name: 'shadow limits',
    oldestReader: 1,
    sql: "alter table requests add column shadowed text not null default '[]';",
  },
  {
    name: 'generations of keys',
    oldestReader: 1,
    sql: `
      alter table keys add column generation integer;
      alter table keys add column revoked_generation integer;`,
  },
  {
    // See chainHash.ts, people.ts and prune.ts. `people.salt` is null for somebody whose names were replaced.
    name: 'hash chain',
    oldestReader: 1,
    sql: `
      create table people (
        name text primary key,
        salt text
      ) strict, without rowid;

      create table chain_cuts (
        seq integer primary key,
        instance text not null,
        hash text not null
      ) strict;

      create table pruned (
        id integer primary key check (id = 1),
        before integer not null
      ) strict;`,
  },
  {
    // What a request would have cost without a cache, and at the dearest candidate that could have taken it.
    name: 'comparisons',
    oldestReader: 1,
    sql: `
      alter table requests add column uncached integer not null default 0;
      alter table requests add column dearest text;
      alter table requests add column dearest_rates text;
      alter table requests add column dearest_cost integer not null default 0;
      update requests set uncached = cost, dearest_cost = cost;
      alter table usage_hours add column uncached integer not null default 0;
      alter table usage_hours add column dearest_cost integer not null default 0;
      update usage_hours set uncached = cost, dearest_cost = cost;`,
  },
  {
    // A limit for good, or for a month, begins with a sum of these: those of the hours are too many to be summed while
    // requests wait. Triggers keep them, so that a gateway that does not know them keeps them as well.
    name: 'use by month',
    oldestReader: 1,
    sql: `
      create table usage_months (
        month integer not null,
        key text not null,
        user text not null,
        tags text not null,
        requests integer not null,
        counted integer not null,
        cost integer not null,
        primary key (month, key, user, tags)
      ) strict, without rowid;
      insert into usage_months
        select unixepoch(hour * 3600, 'unixepoch', 'start of month') / 3600 month, key, user, tags,
          ${sumOf('requests')}, ${sumOf('counted')}, ${sumOf('cost')}
        from usage_hours group by 1, 2, 3, 4;
      create trigger usage_hours_added after insert on usage_hours begin ${addToMonth('new', { requests: 'new.requests', counted: 'new.counted', cost: 'new.cost' })} end;
      create trigger usage_hours_changed after update of requests, counted, cost on usage_hours begin ${addToMonth('new', { requests: 'new.requests - old.requests', counted: 'new.counted - old.counted', cost: 'new.cost - old.cost' })} end;
      create trigger usage_hours_gone after delete on usage_hours begin ${addToMonth('old', { requests: '-old.requests', counted: '-old.counted', cost: '-old.cost' })} end;`,
  },
  {
    // What the administration changes beside settings. An adjustment belongs to a limit, as its counters do.
    name: 'administration',
    oldestReader: 1,
    sql: `
      create table adjustments (
        limit_id text primary key,
        topped_up integer not null default 0 check (topped_up between 0 and 9007199254740991),
        override_amount integer,
        override_until integer
      ) strict, without rowid;

      create table key_uses (
        key text primary key,
        last_used_at integer not null,
        old_secret_used_at integer
      ) strict, without rowid;

      alter table keys add column note text;
      alter table audit add column address text;
      create index audit_by_subject on audit (subject, seq);`,
  },
  {
    // By what an act is known again when it is repeated, and what it was asked: see `Once`.
    name: 'acts done once',
    oldestReader: 1,
    sql: `
      alter table audit add column idempotency_key text;
      alter table audit add column contents text;
      create unique index audit_by_idempotency_key on audit (idempotency_key) where idempotency_key is not null;`,
  },
  {
    // See usageDays.ts and sessionDays.ts. A day that loses a row is read from its rows from then on, whoever prunes it.
    name: 'use by day',
    oldestReader: 1,
    sql: `
      create table usage_days (
        day integer not null,
        key text not null,
        user text not null,
        tags text not null,
        route text not null,
        provider text not null,
        account text not null,
        model text not null,
        client text not null,
        requests integer not null,
        errors integer not null,
        input integer not null,
        cache_read integer not null,
        cache_write integer not null,
        output integer not null,
        reasoning integer not null,
        searches integer not null,
        counted integer not null,
        raw integer not null,
        cost integer not null,
        uncached integer not null,
        dearest_cost integer not null,
        primary key (day, key, user, tags, route, provider, account, model, client)
      ) strict, without rowid;
      create table hours_summed (
        id integer primary key check (id = 1),
        until integer not null
      ) strict;
      insert into hours_summed values (1, 0);
      create trigger summed_hour_added after insert on usage_hours
      when new.hour < (select until from hours_summed) begin ${addToDay('new', (name) => `new.${name}`)} end;
      create trigger summed_hour_changed after update on usage_hours
      when new.hour < (select until from hours_summed) begin ${addToDay('new', (name) => `new.${name} - old.${name}`)} end;
      create trigger summed_hour_gone after delete on usage_hours
      when old.hour < (select until from hours_summed) begin ${addToDay('old', (name) => `-old.${name}`)} end;

      create table session_days (
        day integer not null,
        session text not null,
        key text not null,
        user text not null,
        tags text not null,
        route text not null,
        provider text not null,
        account text not null,
        model text not null,
        client text not null,
        requests integer not null,
        errors integer not null,
        input integer not null,
        cache_read integer not null,
        cache_write integer not null,
        output integer not null,
        reasoning integer not null,
        searches integer not null,
        counted integer not null,
        raw integer not null,
        cost integer not null,
        uncached integer not null,
        dearest_cost integer not null,
        primary key (day, session, key, user, tags, route, provider, account, model, client)
      ) strict, without rowid;
      create table sessions_summed (
        id integer primary key check (id = 1),
        seq integer not null,
        first integer not null
      ) strict;
      insert into sessions_summed values (1, 0, 0);
      create trigger requests_gone after delete on requests
      when old.started_at / 86400000 >= (select first from sessions_summed) begin
        delete from session_days where day <= old.started_at / 86400000;
        update sessions_summed set first = old.started_at / 86400000 + 1;
      end;`,
  },
  {
    // A day may have millions of sessions: what is not read any more goes with the pruning, some at a time.
    name: 'sums of sessions pruned in steps',
    oldestReader: 1,
    sql: `
      drop trigger requests_gone;
      create trigger requests_gone after delete on requests
      when old.started_at / 86400000 >= (select first from sessions_summed) begin
        update sessions_summed set first = old.started_at / 86400000 + 1;
      end;`,
  },
];
