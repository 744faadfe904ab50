// Requests in flight: how many there may be, all together and of one key, and when the last one has ended.

import { type CancelSignal, CancelSource } from '../core/cancellation';
import { GatewayError } from '../core/errors';

/** Requests in flight, all together and by key. */
export interface Concurrency {
  readonly count: number;
  /** Set while the gateway shuts down: no new request is admitted. */
  draining: boolean;
  /**
   * @returns what ends the request before its time: its key's end, or the gateway's
   * @throws GatewayError too_many_of_key, overloaded, draining
   */
  acquire(keyId: string, limits: { in_flight: number; in_flight_per_key: number }): CancelSignal;
  release(keyId: string): void;
  /** The keys that have requests in flight. */
  keys(): Iterable<string>;
  /** Ends all requests of a key that are in flight now. */
  cut(keyId: string, reason: GatewayError): void;
  /** Ends all requests. */
  cutAll(reason: GatewayError): void;
  /** Answers that are ended and have not all reached their clients. */
  flushing: number;
  /** Resolves when nothing is in flight. */
  empty(): Promise<void>;
}

/** Nothing is in flight yet. */
export function openConcurrency(): Concurrency {
  const byKey = new Map<string, { count: number; ending: CancelSource }>();
  let count = 0;
  let waiting: (() => void)[] = [];
  return {
    draining: false,
    flushing: 0,
    get count() {
      return count;
    },
    acquire(keyId, limits) {
      if (this.draining) throw new GatewayError('draining', { headers: { connection: 'close', 'retry-after': '1' } });
      const known = byKey.get(keyId);
      if (known !== undefined && known.count >= limits.in_flight_per_key) {
        throw new GatewayError('too_many_of_key', {
          message: `This key has ${known.count} requests in flight, the most it may (limits.in_flight_per_key).`,
          headers: { 'retry-after': '1' },
        });
      }
      if (count >= limits.in_flight) throw new GatewayError('overloaded', { headers: { 'retry-after': '1' } });
      count++;
      if (known === undefined) {
        const ending = new CancelSource();
        byKey.set(keyId, { count: 1, ending });
        return ending;
      }
      known.count++;
      return known.ending;
    },
    release(keyId) {
      const known = byKey.get(keyId);
      if (known !== undefined && --known.count === 0) byKey.delete(keyId);
      count--;
      if (count > 0) return;
      for (const wake of waiting) wake();
      waiting = [];
    },
    keys: () => byKey.keys(),
    cut(keyId, reason) {
      const known = byKey.get(keyId);
      if (known === undefined) return;
      const { ending } = known;
      known.ending = new CancelSource(); // requests that come after it may be in order again
      ending.cancel(reason);
    },
    cutAll(reason) {
      for (const { ending } of byKey.values()) ending.cancel(reason);
    },
    empty: () =>
      new Promise((resolve) => {
        if (count === 0) resolve();
        else waiting.push(resolve);
      }),
  };
}
