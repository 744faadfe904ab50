// What is left of a limit once requests that have ended are booked, as they are about to be.

import {
  type Amounts,
  counterOf,
  type EntryResult,
  isSameWindow,
  type LimitState,
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

/** A result as it would be had these requests been booked before. @param limits of the reservation that it is the result of */
export function withEnded(
  result: EntryResult,
  limits: readonly LimitWindow[],
  ended: readonly EndedRequest[],
): EntryResult {
  if (result.type !== 'admitted' || result.tightest === undefined || ended.length === 0) return result;
  return { ...result, tightest: ended.reduce((state, each) => stateAfter(state, limits, each), result.tightest) };
}

/** What these requests spent beyond what they hold. */
export function overspentBy(ended: readonly EndedRequest[]): Amounts {
  const over = noAmounts();
  for (const { held, spent } of ended)
    for (const name of ['tokens', 'nano', 'requests'] as const) over[name] += Math.max(0, spent[name] - held[name]);
  return over;
}

// ---

// Where more would be left of the limit, another that the request is not booked in may have less: that is told by the storage
// alone, and what it said stands.
function stateAfter(state: LimitState, limits: readonly LimitWindow[], ended: EndedRequest): LimitState {
  const limit = limits[state.limit];
  const isBookedIn = (one: LimitWindow) => ended.limits.some((each) => isSameWindow(each, one));
  if (limit === undefined || !isBookedIn(limit)) return state;
  const name = counterOf[limit.measure];
  const held = ended.held[name];
  const spent = ended.spent[name];
  const rivals = limits.filter(({ measure, shadow }) => measure === limit.measure && shadow !== true);
  if (held > spent && !rivals.every(isBookedIn)) return state;
  return {
    ...state,
    spent: state.spent + spent,
    reserved: state.reserved - held,
    left: state.left + held - spent,
  };
}
