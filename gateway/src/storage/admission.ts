// What the entries of a batch do to budgets: pure arithmetic, shared by every database. Budgets are read through `find`,
// changed in memory, and written back by the caller.

import { saturatingAdd } from '../core/usage';
import { amountAt, unadjusted } from './administration';
import {
  type Amounts,
  amountsOf,
  type BudgetCounters,
  counterOf,
  type EntryResult,
  type ExtendEntry,
  type LimitState,
  type LimitWindow,
  type RepriceEntry,
  type ReserveEntry,
} from './entries';

/** Counters that change. */
export interface Budget extends BudgetCounters {
  dirty: boolean;
}

/** What an admitted request holds, to be given back when it settles. */
export interface Held {
  readonly output: number;
  readonly amounts: Amounts;
}

/** A reservation that fits in all its limits, and is added to them; or the limit that refuses it. */
export type Decision =
  | {
      readonly held: Held;
      readonly tightest: LimitState | undefined;
      readonly nearing: readonly LimitState[];
      /** Indices of the shadow limits that it is not added to, for they would have refused it. */
      readonly shadowed: readonly number[];
      /** Whether every limit has much room after it. */
      readonly roomy: boolean;
    }
  | { readonly refused: EntryResult };

/**
 * Admits a request if all its enforced limits have room for it, and adds what it reserves to each limit with room.
 * @param now milliseconds since 1970: overrides end
 */
export function reserve(entry: ReserveEntry, find: (limit: LimitWindow) => Budget, now: number): Decision {
  const output = entry.output ?? defaultOutput(entry, find, now);
  const amounts = amountsOf(entry, output);
  const states = statesOf(entry.limits, find, now);
  const full = states.filter((state) => amounts[counter(entry.limits, state)] > state.left);
  const refused = full.find(({ limit }) => !isShadow(entry.limits[limit]));
  if (refused !== undefined)
    return { refused: { type: 'refused', tightest: refused, wanted: amounts[counter(entry.limits, refused)] } };
  const shadowed = full.map(({ limit }) => limit);
  entry.limits.forEach((limit, i) => {
    if (!shadowed.includes(i)) hold(find(limit), amounts);
  });
  const after = statesOf(entry.limits, find, now);
  const nearing = after.filter((state) => isNearing(entry.limits, state));
  const roomy = after.every((state) => isRoomy(entry.limits, state, amounts));
  return { held: { output, amounts }, tightest: tightestOf(entry.limits, after), nearing, shadowed, roomy };
}

/**
 * Takes as much more output as all enforced limits have room for, at most what is asked. A shadow limit that the request is
 * booked in takes it as well, so that what is given back is what was taken.
 * @returns output tokens; 0 is a refusal
 */
export function extend(
  entry: ExtendEntry,
  find: (limit: LimitWindow) => Budget,
  now: number,
): { granted: number; amounts: Amounts } {
  let granted = entry.by;
  for (const state of statesOf(entry.limits, find, now)) {
    if (isShadow(entry.limits[state.limit])) continue;
    const measure = counter(entry.limits, state);
    if (measure === 'tokens') granted = Math.min(granted, state.left);
    else if (measure === 'nano' && entry.nanoPerOutput > 0)
      granted = Math.min(granted, Math.floor(state.left / entry.nanoPerOutput));
  }
  granted = Math.max(0, granted);
  const amounts = { tokens: granted, nano: atMost(granted * entry.nanoPerOutput), requests: 0 };
  if (granted > 0) for (const limit of entry.limits) hold(find(limit), amounts);
  return { granted, amounts };
}

/** Takes more dollars for a dearer target where all enforced limits have room for them. @param by nano-USD more than is held */
export function reprice(entry: RepriceEntry, by: number, find: (limit: LimitWindow) => Budget, now: number): boolean {
  const full = statesOf(entry.limits, find, now).some((state) => {
    const limit = entry.limits[state.limit];
    return limit?.measure === 'usd' && !isShadow(limit) && by > state.left;
  });
  if (!full) for (const limit of entry.limits) hold(find(limit), { tokens: 0, nano: by, requests: 0 });
  return !full;
}

/** Books what was spent in place of what was held. Amounts of a correction may be below zero. */
export function settle(budget: Budget, held: Amounts, spent: Amounts): void {
  budget.dirty = true;
  for (const name of ['tokens', 'nano', 'requests'] as const) {
    budget.reserved[name] = Math.max(0, budget.reserved[name] - held[name]);
    budget.spent[name] = Math.max(0, saturatingAdd(budget.spent[name], spent[name]));
  }
}

// ---

// What is left of each limit.
function statesOf(
  limits: readonly LimitWindow[],
  find: (limit: LimitWindow) => BudgetCounters,
  now: number,
): LimitState[] {
  return limits.map((limit, index) => {
    const name = counterOf[limit.measure];
    const { spent, reserved, adjustment = unadjusted } = find(limit);
    const over = limit.measure === 'parallel' ? 0 : spent[name]; // a request that has ended is in flight no more
    const amount = amountAt(limit, adjustment, now);
    return {
      limit: index,
      spent: over,
      reserved: reserved[name],
      left: amount - over - reserved[name],
      ...(amount === limit.amount ? {} : { amount }),
    };
  });
}

/** Of a limit, from which on its clients may be warned. */
const nearingFrom = 0.75;

function isNearing(limits: readonly LimitWindow[], state: LimitState): boolean {
  const limit = limits[state.limit];
  if (limit === undefined || isShadow(limit) || limit.measure === 'parallel') return false;
  return state.spent >= nearingFrom * (state.amount ?? limit.amount);
}

/** Reservations of the same size that a limit with much room still has room for: more than come in the time that a commit takes. */
const manyMore = 64;

function isRoomy(limits: readonly LimitWindow[], state: LimitState, amounts: Amounts): boolean {
  const amount = state.amount ?? limits[state.limit]?.amount ?? 0;
  return state.left > amount / 2 && state.left >= manyMore * amounts[counter(limits, state)];
}

function isShadow(limit: LimitWindow | undefined): boolean {
  return limit?.shadow === true;
}

function counter(limits: readonly LimitWindow[], state: LimitState): keyof Amounts {
  return counterOf[limits[state.limit]?.measure ?? 'tokens'];
}

// A request that names no maximum gets the default, or what is left: at least one token, which then is refused.
function defaultOutput(entry: ReserveEntry, find: (limit: LimitWindow) => Budget, now: number): number {
  let output = entry.defaultOutput;
  for (const state of statesOf(entry.limits, find, now)) {
    if (isShadow(entry.limits[state.limit])) continue;
    const name = counter(entry.limits, state);
    if (name === 'tokens') output = Math.min(output, state.left - entry.input);
    else if (name === 'nano' && entry.nanoPerOutput > 0)
      output = Math.min(output, Math.floor((state.left - besideOutput(entry)) / entry.nanoPerOutput));
  }
  return Math.max(1, output);
}

// Nano-USD of all but the output.
function besideOutput({ input, nanoPerInput, nanoBeside = 0 }: ReserveEntry): number {
  return input * nanoPerInput + nanoBeside;
}

// Of the enforced limits of one measure, the one with the least left: tokens before requests before USD, whose amounts do
// not compare. Requests in flight are told by a refusal alone.
function tightestOf(limits: readonly LimitWindow[], states: readonly LimitState[]): LimitState | undefined {
  let least: LimitState | undefined;
  for (const state of states) {
    const limit = limits[state.limit];
    if (isShadow(limit) || limit?.measure === 'parallel') continue;
    const rank = least === undefined ? -1 : ranks[counter(limits, state)] - ranks[counter(limits, least)];
    if (least === undefined || rank < 0 || (rank === 0 && state.left < least.left)) least = state;
  }
  return least;
}

const ranks = { tokens: 0, requests: 1, nano: 2 } as const satisfies Record<keyof Amounts, number>;

function atMost(amount: number): number {
  return Math.min(amount, Number.MAX_SAFE_INTEGER);
}

function hold(budget: Budget, amounts: Amounts): void {
  budget.dirty = true;
  for (const name of ['tokens', 'nano', 'requests'] as const)
    budget.reserved[name] = saturatingAdd(budget.reserved[name], amounts[name]);
}
