// Reservations and settlements: every request is admitted by a durable row before it is sent, and booked exactly once.

import { GatewayError } from '../core/errors';
import type { EntryResult, KeyRow, OpenRequest, ReserveEntry, Storage } from '../storage/storage';
import { type CommitQueue, openCommitQueue } from './commitQueue';
import { type Headroom, limitWindows, overQuota, type QuotaLimit, withAmountsOf } from './quota';
import type { RequestRecord } from './record';

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
  /** Nano-USD a token of the first target. */
  readonly rates: { readonly input: number; readonly output: number };
  /** Nano-USD of what is charged beside tokens. */
  readonly nanoBeside: number;
  readonly open: OpenRequest;
}

/** An admitted request. It must be settled, once. */
export interface Reservation {
  /** Tokens reserved for output; grows by `extend`. */
  readonly output: number;
  /** What is left of the tightest limit; undefined where nothing is limited. */
  readonly headroom: Headroom | undefined;
  /** Takes more output tokens under the same limits, as they stand now; false when one refuses. @throws GatewayError storage_failed */
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

/**
 * @param now milliseconds since 1970
 * @param failed told of what could not be booked, and once of each outage of the storage. It must not throw.
 */
export function openLedger(
  storage: Pick<Storage, 'commit'>,
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
    flush: queue.flush,
  };
}

// ---

function reserveEntry({
  id,
  key,
  limits,
  input,
  output,
  defaultOutput,
  rates,
  nanoBeside,
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
    request: open,
  };
}

class OpenReservation implements Reservation {
  output: number;
  readonly headroom: Headroom | undefined;
  #settled = false;
  #extending: Promise<unknown> = Promise.resolve();
  readonly #request: ReservationRequest;
  readonly #queue: CommitQueue;

  constructor(request: ReservationRequest, result: Extract<EntryResult, { type: 'admitted' }>, queue: CommitQueue) {
    this.#request = request;
    this.#queue = queue;
    this.output = result.output;
    const limit = result.tightest === undefined ? undefined : request.limits[result.tightest.limit];
    this.headroom =
      limit === undefined || result.tightest === undefined ? undefined : { limit, left: result.tightest.left };
  }

  // One after another: each says what is held before it.
  extend(by: number): Promise<boolean> {
    const extended = this.#extending.then(() => this.#extend(by));
    this.#extending = extended.catch(() => undefined);
    return extended;
  }

  settle({ row, rates }: RequestRecord): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#queue.post({ type: 'settle', limits: limitWindows(this.#request.limits), row, rates });
  }

  async #extend(by: number): Promise<boolean> {
    const { id, limits, limitsNow, rates } = this.#request;
    const result = await this.#queue.submit({
      type: 'extend',
      id,
      limits: limitWindows(withAmountsOf(limits, limitsNow())),
      from: this.output,
      by,
      nanoPerOutput: rates.output,
    });
    const granted = result.type === 'extended' ? result.granted : 0;
    this.output += granted;
    return granted > 0;
  }
}
