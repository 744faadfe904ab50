// What a batch asks of the storage: to reserve, extend, reprice, settle and release requests under limits; and what became of it.

import type { Measure } from '../../../config/limitRule';
import { saturatingAdd } from '../core/usage';
import type { LimitAdjustment } from './administration';
import type { RequestRow } from './rows';

/** Characters of the longest text that is kept. Nothing of ours is near it: names have 256, JSON lists some hundred. */
export const longestText = 65_536;

/** Integer amounts, by what a limit can measure: tokens as counted, nano-USD, requests. */
export interface Amounts {
  tokens: number;
  nano: number;
  requests: number;
}

/** What a limit counts: what is spent and held in its window or, for `parallel`, the requests in flight. */
export type LimitMeasure = Measure | 'parallel';

/** What a limit of each measure counts. */
export const counterOf = {
  tokens: 'tokens',
  usd: 'nano',
  requests: 'requests',
  parallel: 'requests',
} as const satisfies Record<LimitMeasure, keyof Amounts>;

/** Whose use a limit counts. */
export type LimitSubject = { readonly kind: 'key' | 'user' | 'tag'; readonly name: string } | { readonly kind: 'all' };

/** One limit, in the window that a request falls into. */
export interface LimitWindow {
  /** Names subject, measure and period; the same for as long as the limit exists, whatever its amount. */
  readonly id: string;
  readonly subject: LimitSubject;
  readonly measure: LimitMeasure;
  /** First moment of the window, milliseconds since 1970. */
  readonly window: number;
  /** The most that may be spent and reserved: tokens, requests, or nano-USD. */
  readonly amount: number;
  /** It refuses nothing: a request that does not fit is admitted past it, and is not booked in it. */
  readonly shadow?: boolean;
}

/** Whether two are the same limit in the same window, whatever its amount. */
export function isSameWindow(a: LimitKey, b: LimitKey): boolean {
  return a.id === b.id && a.window === b.window;
}

type LimitKey = Pick<LimitWindow, 'id' | 'window'>;

/** The counters of one limit in one window. */
export interface BudgetCounters {
  readonly spent: Amounts;
  readonly reserved: Amounts;
  /** Absent where the administration has changed nothing of the limit. */
  readonly adjustment?: LimitAdjustment;
}

/** A request that asks to be admitted. */
export interface ReserveEntry {
  readonly type: 'reserve';
  readonly id: string;
  readonly key: string;
  /** All of them hold together, or the request is refused. */
  readonly limits: readonly LimitWindow[];
  /** Estimated input tokens. */
  readonly input: number;
  /** The most output the request asks for; undefined when it names none. */
  readonly output: number | undefined;
  /** Output tokens to reserve where it names none; less if less is left. */
  readonly defaultOutput: number;
  /** Nano-USD of one token at the first target. */
  readonly nanoPerInput: number;
  readonly nanoPerOutput: number;
  /** Nano-USD of what is charged beside tokens: searches of the web. */
  readonly nanoBeside?: number;
  /** It came with a secret that was replaced and still works. */
  readonly oldSecret?: boolean;
  /** What a row needs should this process die: see `RequestRow`. */
  readonly request: OpenRequest;
}

/** What is known of a request when it is admitted. */
export type OpenRequest = Pick<
  RequestRow,
  | 'key' | 'user' | 'tags' | 'route' | 'requested' | 'provider' | 'account' | 'model' | 'wire_in' | 'stream'
  | 'started_at' | 'input_estimate' | 'max_output'
>; // prettier-ignore

/** More output for an open request, under the same limits. An owner asks for one extension after another. */
export interface ExtendEntry {
  readonly type: 'extend';
  readonly id: string;
  readonly limits: readonly LimitWindow[];
  /** Output tokens that the owner knows it holds. Where the storage knows of more, an answer was lost: that is granted. */
  readonly from: number;
  /** Output tokens beyond `from`. */
  readonly by: number;
  readonly nanoPerOutput: number;
}

/** What an open request is to hold in dollars before it is sent to a dearer target. A lower amount changes nothing. */
export interface RepriceEntry {
  readonly type: 'reprice';
  readonly id: string;
  readonly limits: readonly LimitWindow[];
  /** Nano-USD in all. */
  readonly nano: number;
}

/** The end of an open request: what it used, in place of what it reserved. */
export interface SettleEntry {
  readonly type: 'settle';
  readonly limits: readonly LimitWindow[];
  readonly row: RequestRow;
  /** The rates the row was priced at; written once for each `row.rates`. */
  readonly rates: string;
  /** The same of `row.dearest_rates`. */
  readonly dearestRates?: string | undefined;
}

/** An open request that was never admitted as far as its owner knows: its answer from the storage was lost. */
export interface ReleaseEntry {
  readonly type: 'release';
  readonly id: string;
  readonly limits: readonly LimitWindow[];
}

/**
 * An entry of a batch. It may be committed twice, with the effect of once. Its numbers are integers from 0 to 2^53 - 1, its
 * texts have at most `longestText` characters: `entryProblem.ts` says what is refused.
 */
export type Entry = ReserveEntry | ExtendEntry | RepriceEntry | SettleEntry | ReleaseEntry;

/** What is left of one of an entry's limits. */
export interface LimitState {
  /** Index into the entry's `limits`. */
  readonly limit: number;
  readonly spent: number;
  readonly reserved: number;
  readonly left: number;
  /** The most that may be spent and reserved now, where it is not the limit's own amount: topped up, or overridden. */
  readonly amount?: number;
}

/** What became of an entry. */
export type EntryResult =
  | {
      readonly type: 'admitted';
      /** Tokens reserved for output. */
      readonly output: number;
      /**
       * The limit of tokens with the least left after this reservation; where none is of tokens, that of requests, else that
       * of USD. Absent where none of these limits it, and where this reservation was made by an earlier commit.
       */
      readonly tightest?: LimitState;
      /** Enforced limits of which three quarters or more are spent; absent where there are none, as `tightest`. */
      readonly nearing?: readonly LimitState[];
      /** Indices of the shadow limits that had no room: it is not booked in them. Absent where there are none. */
      readonly shadowed?: readonly number[];
      /** Every limit has more than half of its amount left after it, and room for 64 more of its size. Absent where one has not. */
      readonly roomy?: true;
    }
  | { readonly type: 'refused'; readonly tightest: LimitState; readonly wanted: number }
  | { readonly type: 'revoked' }
  | { readonly type: 'extended'; readonly granted: number }
  | { readonly type: 'repriced'; readonly fits: boolean }
  | { readonly type: 'done' }
  /**
   * This entry holds a value that the storage refuses; the others of its batch are committed. The request of a settlement
   * that is refused is no longer open: it is booked at what it reserved, as a row of kind `crash`.
   */
  | { readonly type: 'failed'; readonly cause: string };

/** No amounts. */
export function noAmounts(): Amounts {
  return { tokens: 0, nano: 0, requests: 0 };
}

/** What a reservation holds with this much output. */
export function amountsOf(
  { input, nanoPerInput, nanoPerOutput, nanoBeside = 0 }: ReserveEntry,
  output: number,
): Amounts {
  return {
    tokens: saturatingAdd(input, output),
    nano: saturatingAdd(input * nanoPerInput + output * nanoPerOutput, nanoBeside),
    requests: 1,
  };
}
