// Settings that change the form of an answer, and that some models refuse: a model that cannot honour one is no candidate.

import { type Effort } from '../neutral';
import { listOr } from './json';
import { countOf, inner } from './settings';

/** What a request demands of the form of its answer. */
export type DemandKind = 'prefill' | 'forced_tool' | 'n' | 'logprobs' | 'stop';

/** One demand, and the field that makes it. */
export interface FormDemand {
  readonly kind: DemandKind;
  readonly field: string;
}

/** What demands are read from. */
export interface DemandSource {
  /** The parsed value of a top-level field; undefined where it is absent. */
  readonly setting: (name: string) => unknown;
  /** The value of `role` in the last object of a top-level list. */
  readonly lastRole: (name: string) => unknown;
}

/** The demands of a request. */
export interface FormDemands {
  readonly list: readonly FormDemand[];
  /** The reasoning effort asked for: some models give log probabilities only where they do not reason. */
  readonly effort?: Effort;
}

/** The demands whose condition holds. */
export function demanded(conditions: readonly (readonly [DemandKind, string, boolean])[]): FormDemand[] {
  return conditions.flatMap(([kind, field, holds]) => (holds ? [{ kind, field }] : []));
}

/** Whether stop sequences are asked for: a text, or a list that is not empty. */
export function isStop(value: unknown): boolean {
  return typeof value === 'string' ? value !== '' : listOr(value).length > 0;
}

/** Whether more than one answer is asked for. */
export function isSeveral(value: unknown): boolean {
  return (countOf(value) ?? 1) > 1;
}

/** Whether an OpenAI tool choice demands a call. */
export function isForcedChoice(choice: unknown): boolean {
  if (typeof choice === 'object' && choice !== null)
    return inner(choice, 'type') === 'allowed_tools' ? isRequired(allowed(choice)) : true;
  return isRequired(choice);
}

// ---

function isRequired(mode: unknown): boolean {
  return mode === 'required';
}

// Chat completions nest the mode in `allowed_tools`, Responses do not.
function allowed(choice: object): unknown {
  return inner(inner(choice, 'allowed_tools'), 'mode') ?? inner(choice, 'mode');
}
