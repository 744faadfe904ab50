// Limits with much room: under them a reservation need not wait until what has ended is booked, for it fits either way.

import type { LimitWindow } from '../storage/entries';

export interface RoomyLimits {
  /** Whether each of these limits had room for many more requests when one was last admitted under it. */
  areRoomy(limits: readonly LimitWindow[]): boolean;
  /** What the storage said of the limits of a reservation. */
  learn(limits: readonly LimitWindow[], roomy: boolean): void;
}

/** Limits that are remembered. A day of 5,000 keys with two limits each. */
const mostKnown = 10_000;

/** Of no limit anything is known yet: the first reservation under it is decided when all is booked that has ended. */
export function openRoomyLimits(): RoomyLimits {
  const known = new Set<string>();
  return {
    areRoomy: (limits) => limits.every((limit) => known.has(nameOf(limit))),
    learn(limits, roomy) {
      if (known.size > mostKnown) known.clear();
      for (const limit of limits)
        if (roomy) known.add(nameOf(limit));
        else known.delete(nameOf(limit));
    },
  };
}

// ---

function nameOf({ id, window }: LimitWindow): string {
  return `${window} ${id}`;
}
