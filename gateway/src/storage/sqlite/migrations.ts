// The database's history: steps are only ever added, and each only adds, so that an older gateway can go on reading.

export interface Migration {
  readonly name: string;
  readonly sql: string;
  /** The oldest migration count a reader must know to use the database after this step. */
  readonly oldestReader: number;
}

export const migrations: readonly Migration[] = [
  {
    name: 'first',
    oldestReader: 1,
    sql: `
      create table keys (
        id text primary key,
        sha256 blob not null unique,
        hint text not null,
        label text not null,
        owner text,
        daily_tokens integer check (daily_tokens > 0),
        source text not null default 'admin' check (source in ('admin', 'config')),
        created_at integer not null,
        rotated_at integer,
        revoked_at integer
      ) strict;

      create table budgets (
        subject text not null,
        day integer not null,
        spent integer not null default 0 check (spent >= 0),
        reserved integer not null default 0 check (reserved >= 0),
        raw integer not null default 0 check (raw >= 0),
        cost integer not null default 0 check (cost >= 0),
        requests integer not null default 0,
        primary key (subject, day)
      ) strict, without rowid;

      create table reservations (
        id text primary key,
        instance text not null,
        key_id text not null,
        owner text,
        subjects text not null,
        day integer not null,
        reserved integer not null check (reserved >= 0),
        reserved_cost integer not null check (reserved_cost >= 0),
        started_at integer not null,
        requested text not null,
        target text not null
      ) strict, without rowid;

      create table requests (
        id text primary key,
        key_id text not null,
        owner text,
        end_user text,
        day integer not null,
        started_at integer not null,
        ended_at integer not null,
        first_byte_ms integer,
        requested text not null,
        target text not null,
        stream integer not null,
        status integer not null,
        outcome text not null,
        input integer not null,
        cache_read integer not null,
        cache_write_5m integer not null,
        cache_write_1h integer not null,
        output integer not null,
        reasoning integer not null,
        counted integer not null check (counted >= 0),
        raw integer not null check (raw >= 0),
        cost integer not null check (cost >= 0),
        estimated integer not null
      ) strict, without rowid;

      create table instances (
        id text primary key,
        started_at integer not null
      ) strict;`,
  },
];
