// What is left of a limit once requests that have ended are booked, as they are about to be.

import {
  type Amounts,
  counterOf,
  type EntryResult,
  isSameWindow,
  type LimitWindow,
  noAmounts,
} from '../storage/entries';

/** A request that has ended and is not booked yet. */
export interface EndedRequest {
  /** Those it is booked in. */
  readonly limits: readonly LimitWindow[];
  readonly held: Amounts;
  readonly spent: Amounts;
}

/**
 * A result as it would be had these requests been booked before. At 64 connections some forty have ended beside each
 * reservation, so that nothing is made for each of them.
 * @param limits of the reservation that it is the result of
 */
export function withEnded(
  result: EntryResult,
  limits: readonly LimitWindow[],
  ended: readonly EndedRequest[],
): EntryResult {
  if (result.type !== 'admitted' || result.tightest === undefined || ended.length === 0) return result;
  const limit = limits[result.tightest.limit];
  if (limit === undefined) return result;
  const name = counterOf[limit.measure];
  const rivals = limits.filter(({ measure, shadow }) => measure === limit.measure && shadow !== true);
  let spent = 0;
  let held = 0;
  for (const each of ended) {
    if (!isBookedIn(each, limit)) continue;
    // Where more would be left of the limit, another that the request is not booked in may have less: that is told by the
    // storage alone, and what it said stands.
    if (each.held[name] > each.spent[name] && !isBookedInAll(each, rivals)) continue;
    spent += each.spent[name];
    held += each.held[name];
  }
  const { tightest } = result;
  const left = tightest.left + held - spent;
  return {
    ...result,
    tightest: { ...tightest, spent: tightest.spent + spent, reserved: tightest.reserved - held, left },
  };
}

const counters = ['tokens', 'nano', 'requests'] as const;

/** What these requests spent beyond what they hold. */
export function overspentBy(ended: readonly EndedRequest[]): Amounts {
  const over = noAmounts();
  for (const { held, spent } of ended) for (const name of counters) over[name] += Math.max(0, spent[name] - held[name]);
  return over;
}

// ---

function isBookedInAll(ended: EndedRequest, limits: readonly LimitWindow[]): boolean {
  for (const limit of limits) if (!isBookedIn(ended, limit)) return false;
  return true;
}

function isBookedIn({ limits }: EndedRequest, limit: LimitWindow): boolean {
  for (const each of limits) if (isSameWindow(each, limit)) return true;
  return false;
}
