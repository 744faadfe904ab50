// What is left of a limit once requests that have ended are booked, as they are about to be.

import { type Amounts, counterOf, type EntryResult, type LimitState, type LimitWindow } from '../storage/entries';

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

// ---

function stateAfter(state: LimitState, limits: readonly LimitWindow[], ended: EndedRequest): LimitState {
  const limit = limits[state.limit];
  const isBooked = ended.limits.some(({ id, window }) => id === limit?.id && window === limit.window);
  if (limit === undefined || !isBooked) return state;
  const name = counterOf[limit.measure];
  const held = ended.held[name];
  const spent = ended.spent[name];
  return {
    ...state,
    spent: state.spent + spent,
    reserved: state.reserved - held,
    left: state.left + held - spent,
  };
}
