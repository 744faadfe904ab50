// Reservations and settlements: every request is admitted by a durable row before it is sent and booked exactly once.
// All that is waiting in one turn of the event loop shares one transaction, so that many requests cost one commit.

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { QuotaSettings } from '../../../config/schema';
import { GatewayError } from '../core/errors';
import { newId } from '../core/ids';
import { saturatingAdd, costOf, countedTokens, rawTokens, type TargetRates, type Usage } from '../core/usage';
import {
  quotaLimitsOf,
  dayOf,
  type QuotaLimit,
  decide,
  poolSubject,
  type Headroom,
  tightestHeadroom,
  untilReset,
  type QuotaRequest,
} from './quota';
import {
  type BudgetRow,
  emptyBudget,
  type InstanceLock,
  isStorageFailure,
  type KeyRow,
  type RequestRow,
  type Store,
  takeLock,
} from '../storage/sqlite/store';

/** What a request asks of the ledger before it may be sent. */
export interface ReservationRequest extends QuotaRequest {
  readonly id: string;
  readonly keyId: string;
  readonly quota: QuotaSettings | undefined;
  readonly requested: string;
  readonly target: string;
  /** Of the first target, to price the row should this process die. */
  readonly rates: TargetRates;
}

/** An open reservation. It must be settled, once. */
export interface Reservation {
  readonly id: string;
  readonly keyId: string;
  readonly owner: string | null;
  readonly day: number;
  readonly startedAt: number;
  readonly requested: string;
  readonly ceilings: readonly QuotaLimit[];
  /** Tokens held; grows by `extend`. */
  held: number;
  /** Of these, for output. */
  output: number;
  /** What is left of the tightest limit after this reservation, for the answer's headers. */
  readonly room: Headroom | undefined;
}

export type Outcome = 'ok' | 'error' | 'client_gone' | 'upstream_died' | 'over_quota' | 'crashed';

export interface Settlement {
  readonly usage: Usage;
  /** Nobody reported this usage; it is our estimate. */
  readonly estimated: boolean;
  readonly rates: TargetRates;
  readonly count: 'weighted' | 'raw';
  readonly target: string;
  readonly stream: boolean;
  readonly status: number;
  readonly outcome: Outcome;
  readonly firstByteMs: number | undefined;
  readonly endUser: string | undefined;
}

export interface Ledger {
  /** @throws GatewayError over_quota, revoked_key, storage_failed */
  reserve(ask: ReservationRequest): Promise<Reservation>;
  /** Takes more output tokens under the same limits; false when a limit refuses. */
  extend(reservation: Reservation, by: number): Promise<boolean>;
  /** Books what was used. Resolves when it is committed; a second settlement of one reservation does nothing. */
  settle(reservation: Reservation, settlement: Settlement): Promise<void>;
  /** Commits what is waiting now, for readers that must see it. */
  flush(): void;
  /** Settles what dead instances left open, at the reserved amount, marked as estimated. How many rows. */
  recover(): number;
  /** Settlements not yet on disk. */
  readonly waiting: number;
  close(): void;
}

/** A settlement may wait this long for a reservation to share its commit with: a crash meanwhile books the reserved amount. */
const settleWaitMs = 5;
const retryMs = 1_000;

/**
 * @param directory holds one lock file an instance.
 * @param now milliseconds since 1970.
 */
export function openLedger(store: Store, directory: string, now: () => number = Date.now): Ledger {
  const instance = newId('ins', now());
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const lockPath = (id: string) => join(directory, `${id}.lock`);
  const lock = takeLock(lockPath(instance));
  if (lock === undefined) throw new Error('a fresh instance lock is already taken');
  store.transaction(() => store.addInstance(instance, now()));

  let entries: Entry[] = [];
  let scheduled: 'no' | 'soon' | 'now' = 'no';
  let timer: NodeJS.Timeout | undefined;

  const schedule = (when: 'soon' | 'now', delay = settleWaitMs) => {
    if (when === 'now' && scheduled !== 'now') {
      scheduled = 'now';
      setImmediate(run);
    } else if (when === 'soon' && scheduled === 'no') {
      scheduled = 'soon';
      timer = setTimeout(run, delay);
    }
  };

  const run = () => {
    clearTimeout(timer);
    scheduled = 'no';
    if (entries.length === 0) return;
    const batch = entries;
    entries = [];
    commit(batch);
    if (entries.length > 0) schedule('soon', retryMs);
  };

  const commit = (batch: readonly Entry[]): void => {
    let results: (() => void)[];
    try {
      results = store.transaction(() => apply(batch, store, instance, now()));
    } catch (cause) {
      // A value that the database refuses concerns the entry that holds it, and no other entry of the commit.
      if (isStorageFailure(cause)) for (const entry of batch) postpone(entry, cause);
      else if (batch.length > 1) for (const entry of batch) commit([entry]);
      else for (const entry of batch) entry.reject(new GatewayError('internal', { cause }));
      return;
    }
    for (const finish of results) finish();
  };

  // What was spent is never forgotten: a settlement waits until the disk takes it. A reservation is refused.
  const postpone = (entry: Entry, cause: unknown): void => {
    if (entry.kind === 'settle') entries.push(entry);
    else entry.reject(new GatewayError('storage_failed', { cause }));
  };

  return {
    reserve: (ask) =>
      new Promise((resolve, reject) => {
        entries.push({ kind: 'reserve', ask, resolve, reject });
        schedule('now');
      }),
    extend: (reservation, by) =>
      new Promise((resolve, reject) => {
        entries.push({ kind: 'extend', reservation, by, resolve, reject });
        schedule('now');
      }),
    settle: (reservation, settlement) =>
      new Promise((resolve, reject) => {
        entries.push({ kind: 'settle', reservation, settlement, endedAt: now(), resolve, reject });
        schedule('soon');
      }),
    flush: run,
    recover() {
      let settled = 0;
      for (const id of store.holders()) {
        if (id === instance) continue;
        const dead = takeLock(lockPath(id));
        if (dead === undefined) continue;
        try {
          settled += store.transaction(() => settleDead(store, id, now()));
        } finally {
          dead.release();
          rmSync(lockPath(id), { force: true });
        }
      }
      return settled;
    },
    get waiting() {
      return entries.filter((entry) => entry.kind === 'settle').length;
    },
    close() {
      run();
      leave(store, instance, lock, lockPath(instance), entries.length === 0);
    },
  };
}

// ---

type Entry =
  | {
      kind: 'reserve';
      ask: ReservationRequest;
      resolve: (reservation: Reservation) => void;
      reject: (error: Error) => void;
    }
  | {
      kind: 'extend';
      reservation: Reservation;
      by: number;
      resolve: (granted: boolean) => void;
      reject: (error: Error) => void;
    }
  | {
      kind: 'settle';
      reservation: Reservation;
      settlement: Settlement;
      endedAt: number;
      resolve: () => void;
      reject: (error: Error) => void;
    };

/**
 * Does a batch inside one transaction. Budgets are read once, changed in memory and written once; nobody else can
 * write meanwhile. Settlements go first: what they free is there for the reservations beside them.
 * @returns what to tell each waiting caller once the commit has succeeded.
 */
function apply(batch: readonly Entry[], store: Store, instance: string, now: number): (() => void)[] {
  const books = openBudgetCache(store);
  const keys = new Map<string, KeyRow | undefined>();
  const keyOf = (id: string) => {
    if (!keys.has(id)) keys.set(id, store.keyById(id));
    return keys.get(id);
  };
  const finish: (() => void)[] = [];
  for (const entry of batch) {
    if (entry.kind !== 'settle') continue;
    settleOne(entry.reservation, entry.settlement, entry.endedAt, store, books);
    finish.push(entry.resolve);
  }
  for (const entry of batch) {
    if (entry.kind === 'reserve') finish.push(reserveOne(entry, keyOf(entry.ask.keyId), store, books, instance, now));
    else if (entry.kind === 'extend') finish.push(extendOne(entry, store, books));
  }
  books.write();
  return finish;
}

interface BudgetCache {
  of(subject: string, day: number): BudgetRow;
  write(): void;
}

function openBudgetCache(store: Store): BudgetCache {
  const open = new Map<string, { subject: string; day: number; row: BudgetRow }>();
  return {
    of(subject, day) {
      const name = `${day} ${subject}`;
      let page = open.get(name);
      if (page === undefined) {
        const row = store.budget(subject, day) ?? (subject === poolSubject ? store.allOfDay(day) : emptyBudget());
        open.set(name, (page = { subject, day, row }));
      }
      return page.row;
    },
    write() {
      for (const { subject, day, row } of open.values()) store.putBudget(subject, day, row);
    },
  };
}

const subjectsOf = (ceilings: readonly QuotaLimit[]) => [...new Set(ceilings.map((ceiling) => ceiling.subject))];

function reserveOne(
  { ask, resolve, reject }: Extract<Entry, { kind: 'reserve' }>,
  key: KeyRow | undefined,
  store: Store,
  books: BudgetCache,
  instance: string,
  now: number,
): () => void {
  if (key === undefined || key.revoked_at !== null) return () => reject(new GatewayError('revoked_key'));
  const day = dayOf(now);
  const ceilings = quotaLimitsOf(key, ask.quota);
  // A new pool must be summed before this batch changes any of the keys it is summed from.
  for (const ceiling of ceilings) if (ceiling.subject === poolSubject) books.of(poolSubject, day);
  const decision = decide(ask, ceilings, (subject) => books.of(subject, day));
  if (!decision.admitted) return () => reject(overQuota(decision.refused, decision.wanted, now));
  const subjects = subjectsOf(ceilings);
  for (const subject of subjects) hold(books.of(subject, day), decision.reserved);
  store.addReservation({
    id: ask.id,
    instance,
    key_id: key.id,
    owner: key.owner,
    subjects: JSON.stringify(subjects),
    day,
    reserved: decision.reserved,
    reserved_cost: ask.input * ask.rates.base.input + decision.output * ask.rates.base.output,
    started_at: now,
    requested: ask.requested,
    target: ask.target,
  });
  const room = decision.tightest && { ...decision.tightest, left: decision.tightest.left - decision.reserved };
  const reservation: Reservation = {
    id: ask.id,
    keyId: key.id,
    owner: key.owner,
    day,
    startedAt: now,
    requested: ask.requested,
    ceilings,
    held: decision.reserved,
    output: decision.output,
    room,
  };
  return () => resolve(reservation);
}

function extendOne(
  { reservation, by, resolve }: Extract<Entry, { kind: 'extend' }>,
  store: Store,
  books: BudgetCache,
): () => void {
  const { day, ceilings } = reservation;
  const room = tightestHeadroom(ceilings, (subject) => books.of(subject, day));
  const granted = room === undefined ? by : Math.min(by, room.left);
  if (granted <= 0 || !store.raiseReservation(reservation.id, granted)) return () => resolve(false);
  for (const subject of subjectsOf(ceilings)) hold(books.of(subject, day), granted);
  return () => {
    reservation.held += granted;
    reservation.output += granted;
    resolve(true);
  };
}

function settleOne(
  reservation: Reservation,
  settlement: Settlement,
  endedAt: number,
  store: Store,
  books: BudgetCache,
): void {
  if (!store.dropReservation(reservation.id)) return;
  const { usage } = settlement;
  const row: RequestRow = {
    id: reservation.id,
    key_id: reservation.keyId,
    owner: reservation.owner,
    end_user: settlement.endUser ?? null,
    day: reservation.day,
    started_at: reservation.startedAt,
    ended_at: endedAt,
    first_byte_ms: settlement.firstByteMs ?? null,
    requested: reservation.requested,
    target: settlement.target,
    stream: settlement.stream ? 1 : 0,
    status: settlement.status,
    outcome: settlement.outcome,
    input: usage.input,
    cache_read: usage.cacheRead,
    cache_write_5m: usage.cacheWrite5m,
    cache_write_1h: usage.cacheWrite1h,
    output: usage.output,
    reasoning: usage.reasoning,
    counted: countedTokens(usage, settlement.count),
    raw: rawTokens(usage),
    cost: costOf(usage, settlement.rates),
    estimated: settlement.estimated ? 1 : 0,
  };
  book(row, subjectsOf(reservation.ceilings), reservation.held, store, books);
}

function book(row: RequestRow, subjects: readonly string[], held: number, store: Store, books: BudgetCache): void {
  for (const subject of subjects) {
    const budget = books.of(subject, row.day);
    budget.reserved = Math.max(0, budget.reserved - held);
    budget.spent = saturatingAdd(budget.spent, row.counted);
    budget.raw = saturatingAdd(budget.raw, row.raw);
    budget.cost = saturatingAdd(budget.cost, row.cost);
    budget.requests += 1;
  }
  store.addRequest(row);
}

function hold(budget: BudgetRow, tokens: number): void {
  budget.reserved = saturatingAdd(budget.reserved, tokens);
}

function settleDead(store: Store, instance: string, now: number): number {
  const books = openBudgetCache(store);
  let settled = 0;
  for (const open of store.reservationsOf(instance)) {
    if (!store.dropReservation(open.id)) continue;
    settled++;
    const row: RequestRow = {
      id: open.id,
      key_id: open.key_id,
      owner: open.owner,
      end_user: null,
      day: open.day,
      started_at: open.started_at,
      ended_at: now,
      first_byte_ms: null,
      requested: open.requested,
      target: open.target,
      stream: 0,
      status: 0,
      outcome: 'crashed',
      input: open.reserved,
      cache_read: 0,
      cache_write_5m: 0,
      cache_write_1h: 0,
      output: 0,
      reasoning: 0,
      counted: open.reserved,
      raw: open.reserved,
      cost: open.reserved_cost,
      estimated: 1,
    };
    book(row, JSON.parse(open.subjects) as string[], open.reserved, store, books);
  }
  books.write();
  store.dropInstance(instance);
  return settled;
}

function leave(store: Store, instance: string, lock: InstanceLock, path: string, allSettled: boolean): void {
  // Rows left open are for the next instance to settle, which finds them through this one's registration.
  if (allSettled && store.reservationsOf(instance).length === 0) {
    store.transaction(() => store.dropInstance(instance));
    lock.release();
    rmSync(path, { force: true });
  } else {
    lock.release();
  }
}

function overQuota(room: Headroom, wanted: number, now: number): GatewayError {
  const { limit, spent, reserved, left, ceiling } = room;
  const seconds = Math.ceil(untilReset(now) / 1_000);
  const reset = new Date(now + untilReset(now)).toISOString();
  const held = reserved > 0 ? ` and ${reserved} held by requests in flight` : '';
  return new GatewayError('over_quota', {
    message:
      `Daily token quota reached for ${ceiling.whose}: ${spent} of ${limit} tokens spent${held}, this request needs ${wanted}. ` +
      `It resets at ${reset}.${left > 0 ? ' A lower maximum of output tokens may fit.' : ''}`,
    headers: {
      'retry-after': String(seconds),
      'x-should-retry': 'false',
      ...rateLimitHeaders(limit, left, now),
    },
  });
}

/** `x-ratelimit-*` as OpenAI's clients read them. */
export function rateLimitHeaders(limit: number, left: number, now: number): Record<string, string> {
  return {
    'x-ratelimit-limit-tokens': String(limit),
    'x-ratelimit-remaining-tokens': String(Math.max(0, left)),
    'x-ratelimit-reset-tokens': `${Math.ceil(untilReset(now) / 1_000)}s`,
  };
}
