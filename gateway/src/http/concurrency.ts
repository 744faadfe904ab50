// Requests in flight: how many there may be, all together and of one key, and when the last one has ended.

import { GatewayError } from '../core/errors';

/** Requests in flight, all together and by key. */
export interface Concurrency {
  readonly count: number;
  /** Set while the gateway shuts down: no new request is admitted. */
  draining: boolean;
  /** @throws GatewayError too_many_of_key, overloaded, draining */
  acquire(keyId: string, limits: { in_flight: number; in_flight_per_key: number }): void;
  release(keyId: string): void;
  /** Answers that are ended and have not all reached their clients. */
  flushing: number;
  /** Resolves when nothing is in flight. */
  empty(): Promise<void>;
}

/** Nothing is in flight yet. */
export function openConcurrency(): Concurrency {
  const byKey = new Map<string, number>();
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
      const ofKey = byKey.get(keyId) ?? 0;
      if (ofKey >= limits.in_flight_per_key) {
        throw new GatewayError('too_many_of_key', {
          message: `This key has ${ofKey} requests in flight, the most it may (limits.in_flight_per_key).`,
          headers: { 'retry-after': '1' },
        });
      }
      if (count >= limits.in_flight) throw new GatewayError('overloaded', { headers: { 'retry-after': '1' } });
      byKey.set(keyId, ofKey + 1);
      count++;
    },
    release(keyId) {
      const ofKey = (byKey.get(keyId) ?? 1) - 1;
      if (ofKey === 0) byKey.delete(keyId);
      else byKey.set(keyId, ofKey);
      count--;
      if (count > 0) return;
      for (const wake of waiting) wake();
      waiting = [];
    },
    empty: () =>
      new Promise((resolve) => {
        if (count === 0) resolve();
        else waiting.push(resolve);
      }),
  };
}
