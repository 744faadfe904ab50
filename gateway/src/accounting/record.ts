// The one record of a request: built once, when it has ended. The ledger books it, the log prints it.

import type { Usage } from '../core/usage';
import type { RequestRow } from '../storage/rows';

export interface RequestRecord {
  /** What the ledger keeps. */
  readonly row: RequestRow;
  /** The rates that `row.cost` was computed with, as JSON; `row.rates` is their id. */
  readonly rates: string;
  /** The same of `row.dearest_rates`. */
  readonly dearestRates: string | undefined;
  readonly usage: Usage;
  /** How long its target took to write so many tokens; undefined where that was not seen. */
  readonly pace: Pace | undefined;
  readonly keyLabel: string;
  /** It came with a secret that was replaced and still works. */
  readonly oldKey: boolean;
  /** How the target was chosen. */
  readonly strategy: string;
  readonly attempts: number;
  /** Fields of the request that the target could not carry, and parts of the answer that the client's format cannot. */
  readonly dropped: readonly string[];
  readonly lost: readonly string[];
  /** What was broken in the request, and was repaired. */
  readonly repaired: readonly string[];
  readonly warning: string | undefined;
  /** What went wrong; undefined where nothing did. */
  readonly failure: unknown;
}

/** What one answer tells of how fast a target writes. */
export interface Pace {
  /** Of one answer, where several were written at once. */
  readonly tokens: number;
  /** From sending the request to the answer's end. */
  readonly ms: number;
}

/** Sees every record. It must not throw, and must not wait. */
export type RecordObserver = (record: RequestRecord) => void;
