// Reservations and settlements: every request is admitted by a durable row before it is sent, and booked exactly once.

import { GatewayError } from '../core/errors';
import type { EntryResult, LimitState, OpenRequest, ReserveEntry } from '../storage/entries';
import type { KeyRow } from '../storage/rows';
import { type Storage, StorageUnavailable } from '../storage/storage';
import { type CommitQueue, openCommitQueue } from './commitQueue';
import { type Headroom, isBudget, limitWindows, percentSpent, type QuotaLimit, withAmountsOf } from './quota';
import { type BudgetWarning, warningOf } from './limitHeaders';
import { overQuota } from './overQuota';
import type { RequestRecord } from './record';

/** Nano-USD of one token. */
export interface TokenRates {
  readonly input: number;
  readonly output: number;
}

/** What a request asks of the ledger before it may be sent. */
export interface ReservationRequest {
  readonly id: string;
  readonly key: KeyRow;
  /** All of them hold together. */
  readonly limits: readonly QuotaLimit[];
  /** The same limits as they stand at a later moment: an extension must fit into these amounts. */
  readonly limitsNow: () => readonly QuotaLimit[];
  /** Estimated input tokens. */
  readonly input: number;
  /** The most output tokens it asks for; undefined when it names none. */
  readonly output: number | undefined;
  /** Output tokens to reserve where it names none. */
  readonly defaultOutput: number;
  /** Of the first target. */
  readonly rates: TokenRates;
  /** Nano-USD of what is charged beside tokens at the first target. */
  readonly nanoBeside: number;
  /** It came with a secret that was replaced and still works. */
  readonly oldSecret: boolean;
  readonly open: OpenRequest;
}

/** An admitted request. It must be settled, once. */
export interface Reservation {
  /** Tokens reserved for output; grows by `extend`. */
  readonly output: number;
  /** What is left of the tightest limit; undefined where nothing is limited. */
  readonly headroom: Headroom | undefined;
  /** The budget of which the greatest part is spent, where that is three quarters or more. */
  readonly warning: BudgetWarning | undefined;
  /** Takes more output tokens under the same limits, as they stand now; false when one refuses. @throws GatewayError storage_failed */
  extend(by: number): Promise<boolean>;
  /**
   * Holds what a target may cost that is asked after the first; false where that is dearer and a limit of dollars has no room.
   * @param rates nano-USD a token
   * @param nanoBeside nano-USD of what is charged beside tokens
   * @throws GatewayError storage_failed
   */
  reprice(rates: TokenRates, nanoBeside: number): Promise<boolean>;
  /** Names of the shadow limits that would have refused it. */
  readonly shadowed: readonly string[];
  /** Books what was used. It is committed soon; `Ledger.flush` waits for it. A second settlement does nothing. */
  settle(record: RequestRecord): void;
}

export interface Ledger {
  /** @throws GatewayError over_quota, over_rate, too_many_of_key, revoked_key, storage_failed */
  reserve(request: ReservationRequest): Promise<Reservation>;
  /**
   * How much of budgets is spent: the percentage of the one of which most is, of those that are enforced and longer than a
   * minute. 0 where there is none, and where the ledger cannot be read now.
   */
  usedOf(limits: readonly QuotaLimit[]): Promise<number>;
  /** Resolves when all that was settled before is committed, for readers that must see it, or cannot be now. */
  flush(): Promise<void>;
}

/**
 * @param now milliseconds since 1970
 * @param failed told of what could not be booked, and once of each outage of the storage. It must not throw.
 */
export function openLedger(
  storage: Pick<Storage, 'commit' | 'budgets'>,
  now: () => number,
  failed: (message: string, cause?: unknown) => void,
): Ledger {
  const queue = openCommitQueue(storage, now, failed);
  return {
    async reserve(request) {
      const result = await queue.submit(reserveEntry(request));
      if (result.type === 'admitted') return new OpenReservation(request, result, queue);
      if (result.type === 'revoked') throw new GatewayError('revoked_key');
      const limit = result.type === 'refused' ? request.limits[result.tightest.limit] : undefined;
      if (result.type !== 'refused' || limit === undefined) throw new GatewayError('internal');
      throw overQuota(limit, result.tightest, result.wanted, now());
    },
    usedOf: (limits) => usedOf(limits.filter(isBudget), storage, now()),
    flush: queue.flush,
  };
}

// ---

async function usedOf(limits: readonly QuotaLimit[], storage: Pick<Storage, 'budgets'>, now: number): Promise<number> {
  if (limits.length === 0) return 0;
  try {
    const budgets = await storage.budgets(limitWindows(limits));
    return Math.max(...limits.map((limit, i) => percentSpent(limit, budgets[i], now)));
  } catch (error) {
    if (error instanceof StorageUnavailable) return 0; // admission says so
    throw error;
  }
}

function reserveEntry({
  id,
  key,
  limits,
  input,
  output,
  defaultOutput,
  rates,
  nanoBeside,
  oldSecret,
  open,
}: ReservationRequest): ReserveEntry {
  return {
    type: 'reserve',
    id,
    key: key.id,
    limits: limitWindows(limits),
    input,
    output,
    defaultOutput,
    nanoPerInput: rates.input,
    nanoPerOutput: rates.output,
    ...(nanoBeside === 0 ? {} : { nanoBeside }),
    ...(oldSecret ? { oldSecret } : {}),
    request: open,
  };
}

class OpenReservation implements Reservation {
  output: number;
  readonly headroom: Headroom | undefined;
  readonly warning: BudgetWarning | undefined;
  readonly shadowed: readonly string[];
  #settled = false;
  #extending: Promise<unknown> = Promise.resolve();
  #rates: TokenRates;
  /** Nano-USD held. */
  #nano: number;
  /** Those it is booked in. */
  readonly #limits: readonly QuotaLimit[];
  readonly #request: ReservationRequest;
  readonly #queue: CommitQueue;

  constructor(request: ReservationRequest, result: Extract<EntryResult, { type: 'admitted' }>, queue: CommitQueue) {
    this.#request = request;
    this.#queue = queue;
    this.output = result.output;
    this.#rates = request.rates;
    this.#nano = costOf(request.input, this.output, request.rates) + request.nanoBeside;
    const { shadowed = [] } = result;
    this.#limits = shadowed.length === 0 ? request.limits : request.limits.filter((_, i) => !shadowed.includes(i));
    this.shadowed = shadowed.map((i) => request.limits[i]?.id ?? '');
    const { tightest } = result;
    const limit = tightest === undefined ? undefined : request.limits[tightest.limit];
    this.headroom =
      limit === undefined || tightest === undefined
        ? undefined
        : { limit, left: tightest.left, amount: tightest.amount ?? limit.amount };
    this.warning = result.nearing === undefined ? undefined : warningOf(warningsOf(request.limits, result.nearing));
  }

  // One after another: each says what is held before it.
  extend(by: number): Promise<boolean> {
    return this.#inTurn(() => this.#extend(by));
  }

  reprice(rates: TokenRates, nanoBeside: number): Promise<boolean> {
    return this.#inTurn(() => this.#reprice(rates, nanoBeside));
  }

  settle({ row, rates, dearestRates }: RequestRecord): void {
    if (this.#settled) return;
    this.#settled = true;
    const limits = limitWindows(this.#limits);
    const { input } = this.#request;
    this.#queue.post(
      { type: 'settle', limits, row, rates, dearestRates },
      { tokens: input + this.output, nano: this.#nano, requests: 1 },
    );
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#extending.then(work);
    this.#extending = done.catch(() => undefined);
    return done;
  }

  #limitsNow() {
    return limitWindows(withAmountsOf(this.#limits, this.#request.limitsNow()));
  }

  async #reprice(rates: TokenRates, nanoBeside: number): Promise<boolean> {
    const nano = costOf(this.#request.input, this.output, rates) + nanoBeside;
    if (nano > this.#nano) {
      const result = await this.#queue.submit({
        type: 'reprice',
        id: this.#request.id,
        limits: this.#limitsNow(),
        nano,
      });
      if (result.type !== 'repriced' || !result.fits) return false;
      this.#nano = nano;
    }
    this.#rates = rates;
    return true;
  }

  async #extend(by: number): Promise<boolean> {
    const result = await this.#queue.submit({
      type: 'extend',
      id: this.#request.id,
      limits: this.#limitsNow(),
      from: this.output,
      by,
      nanoPerOutput: this.#rates.output,
    });
    const granted = result.type === 'extended' ? result.granted : 0;
    this.output += granted;
    this.#nano += granted * this.#rates.output;
    return granted > 0;
  }
}

function warningsOf(limits: readonly QuotaLimit[], nearing: readonly LimitState[]): BudgetWarning[] {
  return nearing.flatMap(({ limit: index, spent, amount }) => {
    const limit = limits[index];
    return limit !== undefined && isBudget(limit) ? [{ limit, spent, amount: amount ?? limit.amount }] : [];
  });
}

function costOf(input: number, output: number, rates: TokenRates): number {
  return input * rates.input + output * rates.output;
}
