// Reservations and settlements: every request is admitted by a durable row before it is sent, and booked exactly once.
// What is waiting while a batch is being committed goes into the next one, so that many requests cost one commit.

import { GatewayError } from '../core/errors';
import {
  type Entry,
  type EntryResult,
  type KeyRow,
  type OpenRequest,
  type ReserveEntry,
  type Storage,
} from '../storage/storage';
import { type Headroom, limitWindows, overQuota, type QuotaLimit } from './quota';
import type { RequestRecord } from './record';

/** What a request asks of the ledger before it may be sent. */
export interface ReservationRequest {
  readonly id: string;
  readonly key: KeyRow;
  /** All of them hold together. */
  readonly limits: readonly QuotaLimit[];
  /** Estimated input tokens. */
  readonly input: number;
  /** The most output tokens it asks for; undefined when it names none. */
  readonly output: number | undefined;
  /** Output tokens to reserve where it names none. */
  readonly defaultOutput: number;
  /** Nano-USD a token of the first target. */
  readonly rates: { readonly input: number; readonly output: number };
  readonly open: OpenRequest;
}

/** An admitted request. It must be settled, once. */
export interface Reservation {
  /** Tokens reserved for output; grows by `extend`. */
  readonly output: number;
  /** What is left of the tightest limit; undefined where nothing is limited. */
  readonly headroom: Headroom | undefined;
  /** Takes more output tokens under the same limits; false when a limit refuses. @throws GatewayError storage_failed */
  extend(by: number): Promise<boolean>;
  /** Books what was used. It is committed soon; `Ledger.flush` waits for it. A second settlement does nothing. */
  settle(record: RequestRecord): void;
}

export interface Ledger {
  /** @throws GatewayError over_quota, revoked_key, storage_failed */
  reserve(request: ReservationRequest): Promise<Reservation>;
  /** Resolves when all that was settled before is committed, for readers that must see it, or cannot be now. */
  flush(): Promise<void>;
}

/** A settlement may wait this long for a reservation to share its commit with: a crash meanwhile books the reserved amount. */
const settleWaitMs = 5;
/** Time between tries while the storage takes nothing. */
const retryMs = 1_000;

/**
 * @param now milliseconds since 1970
 * @param failed told of what could not be booked
 */
export function openLedger(
  storage: Pick<Storage, 'commit'>,
  now: () => number,
  failed: (message: string, cause?: unknown) => void,
): Ledger {
  let waiting: Waiting[] = [];
  let committing: Promise<void> | undefined;
  let scheduled: 'no' | 'soon' | 'now' = 'no';
  let timer: NodeJS.Timeout | undefined;

  const schedule = (when: 'soon' | 'now', delay = settleWaitMs): void => {
    if (committing !== undefined || scheduled === 'now') return; // the next batch follows the one that is committed
    if (when === 'now') {
      clearTimeout(timer);
      scheduled = 'now';
      setImmediate(run); // all reservations of one turn of the event loop are one batch
    } else if (scheduled === 'no') {
      scheduled = 'soon';
      timer = setTimeout(run, delay);
    }
  };
  const run = (): void => {
    clearTimeout(timer);
    scheduled = 'no';
    if (committing !== undefined || waiting.length === 0) return;
    const batch = waiting;
    waiting = [];
    committing = storage
      .commit(
        batch.map(({ entry }) => entry),
        now(),
      )
      .then(
        (results) => {
          committing = undefined;
          batch.forEach((each, i) => finish(each, results[i]));
          if (waiting.length > 0) schedule(waiting.some(isUrgent) ? 'now' : 'soon');
        },
        (cause: unknown) => {
          committing = undefined;
          for (const each of batch) postpone(each, cause);
          if (waiting.length > 0) schedule('soon', retryMs);
        },
      );
  };
  const add = (each: Waiting): void => {
    waiting.push(each);
    schedule(isUrgent(each) ? 'now' : 'soon');
  };
  const finish = (each: Waiting, result: EntryResult | undefined): void => {
    if (result === undefined || result.type === 'failed') {
      const cause = new Error(result?.cause ?? 'no result');
      if (each.done !== undefined) each.done(undefined, new GatewayError('internal', { cause }));
      else failed('a settlement was refused by the ledger; its request is booked at what it reserved', cause);
      return;
    }
    each.done?.(result);
  };
  // What was spent is never forgotten: a settlement waits until the storage takes it. A reservation is refused, and
  // released in case that only the answer to its commit was lost.
  const postpone = (each: Waiting, cause: unknown): void => {
    const { entry } = each;
    if (entry.type === 'settle' || entry.type === 'release') waiting.push(each);
    else if (entry.type === 'reserve') waiting.push({ entry: { type: 'release', id: entry.id, limits: entry.limits } });
    each.done?.(undefined, new GatewayError('storage_failed', { cause }));
  };

  return {
    reserve(request) {
      return new Promise((resolve, reject) => {
        const entry = reserveEntry(request);
        const done: Done = (result, error) => {
          if (error !== undefined) reject(error);
          else if (result?.type === 'admitted') resolve(new OpenReservation(request, result, add));
          else if (result?.type === 'refused') {
            const limit = request.limits[result.tightest.limit];
            reject(
              limit === undefined
                ? new GatewayError('internal')
                : overQuota(limit, result.tightest, result.wanted, now()),
            );
          } else reject(new GatewayError('revoked_key'));
        };
        add({ entry, done });
      });
    },
    async flush() {
      await committing;
      run();
      await committing;
    },
  };
}

// ---

type Done = (result: EntryResult | undefined, error?: Error) => void;

interface Waiting {
  readonly entry: Entry;
  /** Absent where nobody waits. */
  readonly done?: Done;
}

// Somebody waits for the answer.
function isUrgent({ done }: Waiting): boolean {
  return done !== undefined;
}

function reserveEntry({
  id,
  key,
  limits,
  input,
  output,
  defaultOutput,
  rates,
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
    request: open,
  };
}

class OpenReservation implements Reservation {
  output: number;
  readonly headroom: Headroom | undefined;
  #settled = false;
  readonly #request: ReservationRequest;
  readonly #add: (each: Waiting) => void;

  constructor(
    request: ReservationRequest,
    result: Extract<EntryResult, { type: 'admitted' }>,
    add: (each: Waiting) => void,
  ) {
    this.#request = request;
    this.#add = add;
    this.output = result.output;
    const limit = result.tightest === undefined ? undefined : request.limits[result.tightest.limit];
    this.headroom =
      limit === undefined || result.tightest === undefined ? undefined : { limit, left: result.tightest.left };
  }

  extend(by: number): Promise<boolean> {
    const { id, limits, rates } = this.#request;
    return new Promise((resolve, reject) => {
      this.#add({
        entry: { type: 'extend', id, limits: limitWindows(limits), by, nanoPerOutput: rates.output },
        done: (result, error) => {
          if (error !== undefined) return reject(error);
          const granted = result?.type === 'extended' ? result.granted : 0;
          this.output += granted;
          resolve(granted > 0);
        },
      });
    });
  }

  settle({ row, rates }: RequestRecord): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#add({ entry: { type: 'settle', limits: limitWindows(this.#request.limits), row, rates } });
  }
}
