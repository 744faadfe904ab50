// Limits with much room: under them a reservation need not wait until what has ended is booked, for it fits either way.

import { type Amounts, amountsOf, counterOf, type LimitWindow, type ReserveEntry } from '../storage/entries';

export interface RoomyLimits {
  /**
   * Whether each limit of a reservation had room for many more requests when one was last admitted under it, and this one and
   * what is not booked yet are small beside that room.
   * @param overspent what requests that have ended spent beyond what they still hold
   */
  areRoomy(entry: ReserveEntry, overspent: Amounts): boolean;
  /** What the storage said of the limits of a reservation. */
  learn(limits: readonly LimitWindow[], roomy: boolean): void;
}

/** Limits that are remembered. A day of 5,000 keys with two limits each. */
const mostKnown = 10_000;

/** Of no limit anything is known yet: the first reservation under it is decided when all is booked that has ended. */
export function openRoomyLimits(): RoomyLimits {
  const known = new Set<string>();
  return {
    areRoomy(entry, overspent) {
      const wanted = amountsOf(entry, entry.output ?? entry.defaultOutput);
      return entry.limits.every((limit) => known.has(nameOf(limit)) && isSmall(limit, wanted, overspent));
    },
    learn(limits, roomy) {
      if (known.size > mostKnown) known.clear();
      for (const limit of limits)
        if (roomy) known.add(nameOf(limit));
        else known.delete(nameOf(limit));
    },
  };
}

// ---

/** Part of a limit that a reservation may want to go ahead: what has much room has it for as many. */
const partsAtLeast = 64;

// Half of a limit with much room is left: a quarter for what is not booked yet, and the rest for several of the size.
function isSmall({ amount, measure }: LimitWindow, wanted: Amounts, overspent: Amounts): boolean {
  const name = counterOf[measure];
  return wanted[name] * partsAtLeast <= amount && overspent[name] * 4 <= amount;
}

function nameOf({ id, window }: LimitWindow): string {
  return `${window} ${id}`;
}
