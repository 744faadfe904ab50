// Settings that change the form of an answer, and that some models refuse: a model that cannot honour one is no candidate.

import type { Effort } from '../neutral';

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
