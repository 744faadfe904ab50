// What the entries of a batch do to budgets: pure arithmetic, shared by every database. Budgets are read through `find`,
// changed in memory, and written back by the caller.

import type { Measure } from '../../../config/limitRule';
import { saturatingAdd } from '../core/usage';
import type {
  Amounts,
  BudgetCounters,
  EntryResult,
  ExtendEntry,
  LimitState,
  LimitWindow,
  ReserveEntry,
} from './storage';

/** Counters that change. */
export interface Budget extends BudgetCounters {
  dirty: boolean;
}

/** What a limit of each measure counts. */
const counterOf = { tokens: 'tokens', usd: 'nano', requests: 'requests' } as const satisfies Record<
  Measure,
  keyof Amounts
>;

/** What an admitted request holds, to be given back when it settles. */
export interface Held {
  readonly output: number;
  readonly amounts: Amounts;
}

/** A reservation that fits in all its limits, and is added to them; or the limit that refuses it. */
export type Decision =
  { readonly held: Held; readonly tightest: LimitState | undefined } | { readonly refused: EntryResult };

/** Admits a request if all its limits have room for it, and adds what it reserves to each. */
export function reserve(entry: ReserveEntry, find: (limit: LimitWindow) => Budget): Decision {
  const output = entry.output ?? defaultOutput(entry, find);
  const amounts = amountsOf(entry, output);
  const states = statesOf(entry.limits, find);
  const full = states.find((state) => amounts[counter(entry.limits, state)] > state.left);
  if (full !== undefined)
    return { refused: { type: 'refused', tightest: full, wanted: amounts[counter(entry.limits, full)] } };
  for (const limit of entry.limits) hold(find(limit), amounts);
  return { held: { output, amounts }, tightest: tightestOf(entry.limits, statesOf(entry.limits, find)) };
}

/** Takes as much more output as all limits have room for, at most what is asked. @returns output tokens; 0 is a refusal */
export function extend(
  entry: ExtendEntry,
  find: (limit: LimitWindow) => Budget,
): { granted: number; amounts: Amounts } {
  let granted = entry.by;
  for (const state of statesOf(entry.limits, find)) {
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

/** Books what was spent in place of what was held. Amounts of a correction may be below zero. */
export function settle(budget: Budget, held: Amounts, spent: Amounts): void {
  budget.dirty = true;
  for (const name of ['tokens', 'nano', 'requests'] as const) {
    budget.reserved[name] = Math.max(0, budget.reserved[name] - held[name]);
    budget.spent[name] = Math.max(0, saturatingAdd(budget.spent[name], spent[name]));
  }
}

/** What is left of each limit. */
export function statesOf(limits: readonly LimitWindow[], find: (limit: LimitWindow) => BudgetCounters): LimitState[] {
  return limits.map((limit, index) => {
    const name = counterOf[limit.measure];
    const { spent, reserved } = find(limit);
    return {
      limit: index,
      spent: spent[name],
      reserved: reserved[name],
      left: limit.amount - spent[name] - reserved[name],
    };
  });
}

// ---

function counter(limits: readonly LimitWindow[], state: LimitState): keyof Amounts {
  return counterOf[limits[state.limit]?.measure ?? 'tokens'];
}

function amountsOf({ input, nanoPerInput, nanoPerOutput, nanoBeside = 0 }: ReserveEntry, output: number): Amounts {
  return {
    tokens: saturatingAdd(input, output),
    nano: atMost(input * nanoPerInput + output * nanoPerOutput + nanoBeside),
    requests: 1,
  };
}

// A request that names no maximum gets the default, or what is left: at least one token, which then is refused.
function defaultOutput(entry: ReserveEntry, find: (limit: LimitWindow) => Budget): number {
  let output = entry.defaultOutput;
  for (const state of statesOf(entry.limits, find)) {
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

// Of the limits of one measure, the one with the least left: tokens before requests before USD, whose amounts do not compare.
function tightestOf(limits: readonly LimitWindow[], states: readonly LimitState[]): LimitState | undefined {
  let least: LimitState | undefined;
  for (const state of states) {
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
