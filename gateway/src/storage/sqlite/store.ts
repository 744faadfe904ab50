// The SQLite database: every statement the gateway runs, and the only file that imports the driver.

import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { migrations } from './migrations';

export interface KeyRow {
  readonly id: string;
  readonly hint: string;
  readonly label: string;
  /** Whose budget it uses; null: its own. */
  readonly owner: string | null;
  readonly daily_tokens: number | null;
  readonly source: 'admin' | 'config';
  readonly created_at: number;
  readonly rotated_at: number | null;
  readonly revoked_at: number | null;
}

export interface BudgetRow {
  spent: number;
  reserved: number;
  raw: number;
  cost: number;
  requests: number;
}

export interface ReservationRow {
  readonly id: string;
  readonly instance: string;
  readonly key_id: string;
  readonly owner: string | null;
  /** JSON list of the budgets it was reserved in. */
  readonly subjects: string;
  readonly day: number;
  readonly reserved: number;
  readonly reserved_cost: number;
  readonly started_at: number;
  readonly requested: string;
  readonly target: string;
}

export interface RequestRow {
  readonly id: string;
  readonly key_id: string;
  readonly owner: string | null;
  readonly end_user: string | null;
  readonly day: number;
  readonly started_at: number;
  readonly ended_at: number;
  readonly first_byte_ms: number | null;
  readonly requested: string;
  readonly target: string;
  readonly stream: number;
  readonly status: number;
  readonly outcome: string;
  readonly input: number;
  readonly cache_read: number;
  readonly cache_write_5m: number;
  readonly cache_write_1h: number;
  readonly output: number;
  readonly reasoning: number;
  readonly counted: number;
  readonly raw: number;
  readonly cost: number;
  readonly estimated: number;
}

export type Store = ReturnType<typeof openStore>;

/** A database this gateway cannot use; the message says what to do. */
export class StoreError extends Error {}

/**
 * Opens (and where needed creates or migrates) the ledger.
 * @param durability `power_loss` syncs every commit to disk; `process` leaves that to the operating system.
 * @throws StoreError for a damaged database, or one that only a newer gateway may read.
 */
export function openStore(path: string, durability: 'power_loss' | 'process') {
  const db = new DatabaseSync(path, { timeout: 5_000 });
  try {
    prepareDatabase(db, durability);
  } catch (error) {
    db.close();
    throw error;
  }
  const read = <Row>(statement: StatementSync, ...values: (string | number | Uint8Array)[]) =>
    statement.get(...values) as Row | undefined;

  const begin = db.prepare('begin immediate');
  const commit = db.prepare('commit');
  const rollback = db.prepare('rollback');

  const keyColumns = 'id, hint, label, owner, daily_tokens, source, created_at, rotated_at, revoked_at';
  const keyById = db.prepare(`select ${keyColumns} from keys where id = ?`);
  const keyByHash = db.prepare(`select ${keyColumns} from keys where sha256 = ?`);
  const allKeys = db.prepare(`select ${keyColumns} from keys order by created_at, id`);
  const addKey = db.prepare(
    'insert into keys (id, sha256, hint, label, owner, daily_tokens, source, created_at) values (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const changeKey = db.prepare('update keys set label = ?, owner = ?, daily_tokens = ?, revoked_at = ? where id = ?');
  const replaceSecret = db.prepare(
    'update keys set sha256 = ?, hint = ?, rotated_at = ?, revoked_at = null where id = ?',
  );

  const budget = db.prepare('select spent, reserved, raw, cost, requests from budgets where subject = ? and day = ?');
  const putBudget = db.prepare(
    'insert or replace into budgets (subject, day, spent, reserved, raw, cost, requests) values (?, ?, ?, ?, ?, ?, ?)',
  );
  // A pool that begins in the middle of a day starts from what its keys have spent. What they hold counts as spent too:
  // those requests were booked without the pool and will not settle in it.
  const allOfDay = db.prepare(
    `select coalesce(sum(spent + reserved), 0) spent, 0 reserved, coalesce(sum(raw), 0) raw,
            coalesce(sum(cost), 0) cost, coalesce(sum(requests), 0) requests
     from budgets where day = ? and subject like 'key:%'`,
  );

  const addReservation = db.prepare(
    'insert into reservations (id, instance, key_id, owner, subjects, day, reserved, reserved_cost, started_at, requested, target) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const reservationById = db.prepare('select * from reservations where id = ?');
  const raiseReservation = db.prepare('update reservations set reserved = reserved + ? where id = ?');
  const dropReservation = db.prepare('delete from reservations where id = ?');
  const reservationsOf = db.prepare('select * from reservations where instance = ?');
  const holders = db.prepare('select distinct instance from reservations union select id from instances');
  const addRequest = db.prepare(
    `insert into requests (id, key_id, owner, end_user, day, started_at, ended_at, first_byte_ms, requested, target, stream, status, outcome,
       input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, counted, raw, cost, estimated)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const requestById = db.prepare('select * from requests where id = ?');
  const lastRequests = db.prepare('select * from requests order by id desc limit ?');
  const pruneRequests = db.prepare(
    'delete from requests where id in (select id from requests where id < ? order by id limit ?)',
  );

  const addInstance = db.prepare('insert into instances (id, started_at) values (?, ?)');
  const dropInstance = db.prepare('delete from instances where id = ?');

  return {
    /** Runs work in one write transaction: all of it is committed, or none. */
    transaction<T>(work: () => T): T {
      begin.run();
      try {
        const result = work();
        commit.run();
        return result;
      } catch (error) {
        if (db.isTransaction) rollback.run();
        throw error;
      }
    },
    close(): void {
      db.close();
    },

    keyById: (id: string) => read<KeyRow>(keyById, id),
    keyByHash: (sha256: Uint8Array) => read<KeyRow>(keyByHash, sha256),
    allKeys: () => allKeys.all() as unknown as KeyRow[],
    addKey(row: Omit<KeyRow, 'rotated_at' | 'revoked_at'>, sha256: Uint8Array): void {
      addKey.run(row.id, sha256, row.hint, row.label, row.owner, row.daily_tokens, row.source, row.created_at);
    },
    changeKey(row: Pick<KeyRow, 'id' | 'label' | 'owner' | 'daily_tokens' | 'revoked_at'>): void {
      changeKey.run(row.label, row.owner, row.daily_tokens, row.revoked_at, row.id);
    },
    replaceSecret(id: string, sha256: Uint8Array, hint: string, now: number): void {
      replaceSecret.run(sha256, hint, now, id);
    },

    budget: (subject: string, day: number) => read<BudgetRow>(budget, subject, day),
    putBudget(subject: string, day: number, row: BudgetRow): void {
      putBudget.run(subject, day, row.spent, row.reserved, row.raw, row.cost, row.requests);
    },
    allOfDay: (day: number) => read<BudgetRow>(allOfDay, day) ?? emptyBudget(),

    addReservation(row: ReservationRow): void {
      addReservation.run(
        row.id,
        row.instance,
        row.key_id,
        row.owner,
        row.subjects,
        row.day,
        row.reserved,
        row.reserved_cost,
        row.started_at,
        row.requested,
        row.target,
      );
    },
    reservationById: (id: string) => read<ReservationRow>(reservationById, id),
    raiseReservation: (id: string, by: number) => Number(raiseReservation.run(by, id).changes) === 1,
    /** Whether it was still open: the guard that a request settles once. */
    dropReservation: (id: string) => Number(dropReservation.run(id).changes) === 1,
    reservationsOf: (instance: string) => reservationsOf.all(instance) as unknown as ReservationRow[],
    /** Every instance that is registered or holds reservations. */
    holders: () => (holders.all() as { instance: string }[]).map((row) => row.instance),
    addRequest(row: RequestRow): void {
      addRequest.run(
        row.id, row.key_id, row.owner, row.end_user, row.day, row.started_at, row.ended_at, row.first_byte_ms, row.requested, row.target,
        row.stream, row.status, row.outcome, row.input, row.cache_read, row.cache_write_5m, row.cache_write_1h, row.output, row.reasoning,
        row.counted, row.raw, row.cost, row.estimated,
      ); // prettier-ignore
    },
    requestById: (id: string) => read<RequestRow>(requestById, id),
    lastRequests: (count: number) => lastRequests.all(count) as unknown as RequestRow[],
    /** Forgets at most `count` rows older than an id; how many went. */
    pruneRequests: (before: string, count: number) => Number(pruneRequests.run(before, count).changes),

    /** Puts numbers right that no number of ours can hold; how many rows there were. */
    repair: () => repair(db),

    addInstance(id: string, now: number): void {
      addInstance.run(id, now);
    },
    dropInstance(id: string): void {
      dropInstance.run(id);
    },
  };
}

export function emptyBudget(): BudgetRow {
  return { spent: 0, reserved: 0, raw: 0, cost: 0, requests: 0 };
}

/** The lock of one instance: an exclusive transaction that the operating system ends with the process. */
export interface InstanceLock {
  release(): void;
}

/** Takes the lock behind a path, or gives undefined when a living process holds it. */
export function takeLock(path: string): InstanceLock | undefined {
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    db.exec('pragma journal_mode = memory'); // the lock is the file's; nothing is written, so nothing needs a journal
    db.exec('begin exclusive');
  } catch (error) {
    db.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
  return { release: () => db.close() };
}

// ---

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5; // SQLITE_BUSY
}

// SQLite's result codes that say that the disk, the file or another process is the cause, and no value of ours.
// Source: https://sqlite.org/rescode.html
const storageFailures = new Set([5, 6, 7, 8, 10, 11, 13, 14, 15, 22, 26]);

/** Whether a failed transaction says that nothing can be written now, rather than that one value was refused. */
export function isStorageFailure(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && storageFailures.has(Number(error.errcode) & 0xff);
}

const counters: Readonly<Record<string, readonly string[]>> = {
  requests: [
    'input', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'output', 'reasoning', 'counted', 'raw', 'cost',
  ],
  reservations: ['reserved', 'reserved_cost'],
  budgets: ['spent', 'reserved', 'raw', 'cost', 'requests'],
}; // prettier-ignore

// Integers beyond 2^53 cannot be read back. Earlier versions wrote such sums; one stops every request of its budget. Rows
// of requests lose the absurd count; budgets are summed anew from their requests and what is held by open ones.
function repair(db: DatabaseSync): number {
  const most = Number.MAX_SAFE_INTEGER;
  let repaired = 0;
  db.exec('begin immediate');
  try {
    const bad = (names: readonly string[]) => names.map((name) => `${name} > ${most}`).join(' or ');
    const budgets = db.prepare(`select subject, day from budgets where ${bad(counters['budgets'] ?? [])}`).all();
    for (const table of ['requests', 'reservations']) {
      const names = counters[table] ?? [];
      const set = names.map((name) => `${name} = iif(${name} > ${most}, 0, ${name})`).join(', ');
      repaired += Number(db.prepare(`update ${table} set ${set} where ${bad(names)}`).run().changes);
    }
    for (const { subject, day } of budgets) repaired += resum(db, String(subject), Number(day));
    db.exec('commit');
  } catch (error) {
    db.exec('rollback');
    throw error;
  }
  return repaired;
}

function resum(db: DatabaseSync, subject: string, day: number): number {
  const name = subject.slice(subject.indexOf(':') + 1);
  const column = subject.startsWith('key:') ? 'key_id' : subject.startsWith('user:') ? 'owner' : undefined;
  const whose = column === undefined ? '1' : `${column} = :name`;
  const total = (what: string) => `coalesce(min(total(${what}), ${Number.MAX_SAFE_INTEGER}), 0)`;
  const statement = db.prepare(
    `update budgets set
       (spent, raw, cost, requests) =
         (select cast(${total('counted')} as integer), cast(${total('raw')} as integer), cast(${total('cost')} as integer), count(*)
          from requests where day = :day and ${whose}),
       reserved = (select cast(${total('reserved')} as integer) from reservations
          where day = :day and exists (select 1 from json_each(subjects) where value = :subject))
     where subject = :subject and day = :day`,
  );
  return Number(
    statement.run({ ':day': day, ':subject': subject, ...(column === undefined ? {} : { ':name': name }) }).changes,
  );
}

function prepareDatabase(db: DatabaseSync, durability: 'power_loss' | 'process'): void {
  db.exec('pragma journal_mode = wal'); // before synchronous: changing the mode resets what follows
  db.exec(`pragma synchronous = ${durability === 'power_loss' ? 'full' : 'normal'}`);
  db.exec('pragma journal_size_limit = 67108864');
  db.exec('pragma cache_size = -8192');
  // Pages of log between two copies into the database, of which each syncs twice. SQLite's own 1,000 is every quarter of
  // a second under load; this is 16 MB on disk, and a tenth less CPU a request.
  db.exec('pragma wal_autocheckpoint = 4000');
  const damage = (db.prepare('pragma quick_check(1)').get() as { quick_check: string }).quick_check;
  if (damage !== 'ok')
    throw new StoreError(`the ledger is damaged (${damage}); restore it from a backup before starting the gateway.`);
  db.exec('begin immediate');
  try {
    db.exec('create table if not exists schema (name text primary key, oldest_reader integer not null) strict');
    const done = db.prepare('select name, oldest_reader from schema order by rowid').all() as {
      name: string;
      oldest_reader: number;
    }[];
    const oldestReader = Math.max(0, ...done.map((row) => row.oldest_reader));
    if (oldestReader > migrations.length) {
      throw new StoreError(
        'the ledger was changed by a newer gateway in a way this one cannot read; start the newer version, or restore a backup.',
      );
    }
    for (const migration of migrations.slice(done.length)) {
      db.exec(migration.sql);
      db.prepare('insert into schema (name, oldest_reader) values (?, ?)').run(migration.name, migration.oldestReader);
    }
    db.exec('commit');
  } catch (error) {
    db.exec('rollback');
    throw error;
  }
}
