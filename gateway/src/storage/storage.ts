// What the gateway keeps, in the words of the domain: keys, reservations, settled requests and their sums. One interface;
// SQLite implements it today. It has no call that must be answered at once, entries are idempotent by their id, and one
// batch is one transaction, so that a database over the network can implement it too.

import type { Measure } from '../../../config/limitRule';
import type { Usage } from '../core/usage';
import type { Act, AuditPage, CredentialRow, LimitAdjustment, LimitChange } from './administration';

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
  readonly dearestRates?: string;
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

/** How a request ended. */
export type Outcome = 'ok' | 'error' | 'client_gone' | 'upstream_died' | 'over_quota' | 'crashed';

/**
 * One settled request. It is written once and never changed; a later truth is a row of kind `correction`. Amounts are
 * integers: tokens, nano-USD, milliseconds since 1970.
 */
export interface RequestRow {
  readonly id: string;
  readonly instance: string;
  readonly kind: 'request' | 'crash' | 'correction';
  /** The row that a correction corrects; its amounts are differences. */
  readonly corrects: string | null;
  readonly key: string;
  readonly user: string | null;
  /** JSON list of texts. */
  readonly tags: string;
  readonly session: string | null;
  /** The client program, from its user agent. */
  readonly client: string | null;
  /** The end user that the body names. For reports only. */
  readonly end_user: string | null;
  readonly address: string | null;
  readonly app_title: string | null;
  /** The route that was asked for; null for a model named directly. */
  readonly route: string | null;
  /** The model name as requested. */
  readonly requested: string;
  readonly provider: string;
  readonly account: string;
  /** The model that answered, or would have. */
  readonly model: string;
  readonly wire_in: string;
  readonly wire_out: string | null;
  readonly stream: 0 | 1;
  readonly started_at: number;
  readonly first_byte_at: number | null;
  readonly first_token_at: number | null;
  readonly ended_at: number;
  /** HTTP status as the client saw it, or as the failure in its stream says. */
  readonly status: number;
  readonly outcome: Outcome;
  readonly error: string | null;
  /** JSON list of `Attempt`. */
  readonly attempts: string;
  readonly input_estimate: number;
  readonly max_output: number | null;
  /** JSON list of capabilities. */
  readonly needs: string;
  readonly prefix_hash: string | null;
  readonly input: number;
  readonly cache_read: number;
  readonly cache_write_5m: number;
  readonly cache_write_1h: number;
  /** Includes reasoning. */
  readonly output: number;
  readonly reasoning: number;
  readonly audio: number;
  readonly searches: number;
  /** Tokens as quotas count them. */
  readonly counted: number;
  /** All tokens, each counting one. */
  readonly raw: number;
  readonly cost: number;
  /** The cost that the provider itself told, where one does. */
  readonly provider_cost: number | null;
  /** Id of the rates that `cost` was computed with. */
  readonly rates: string;
  /** Nobody reported this usage: it is our estimate. */
  readonly estimated: 0 | 1;
  /** JSON list of the fields that the target could not carry. */
  readonly dropped: string;
  /** JSON list of the shadow limits that would have refused it. */
  readonly shadowed: string;
  /** Nano-USD of the same tokens if none had been cached. */
  readonly uncached: number;
  /** The dearest target that could have taken it; null where there was no choice. */
  readonly dearest: string | null;
  /** Id of that target's rates. */
  readonly dearest_rates: string | null;
  /** Nano-USD of the same tokens there; `cost` where there was no choice. */
  readonly dearest_cost: number;
  /** Of this row and, through it, of all that its instance settled before: see `sqlite/chainHash.ts`. Null until it is kept. */
  readonly hash: string | null;
}

/** One try at one target. */
export interface Attempt {
  readonly target: string;
  readonly account: string;
  /** 0 where there was no answer. */
  readonly status: number;
  readonly cause?: string;
  readonly ms: number;
  /** What an answer used that failed and was dropped, as its provider reported it, and its nano-USD: the row's sums hold both. */
  readonly usage?: Usage;
  readonly cost?: number;
}

/** An application key. The secret itself is never kept. */
export interface KeyRow {
  readonly id: string;
  /** Lower-case hex of the secret's SHA-256. */
  readonly sha256: string;
  /** The secret before the last rotation, while it still works. */
  readonly previous_sha256: string | null;
  readonly previous_until: number | null;
  readonly hint: string;
  readonly label: string;
  /** Whose budget it uses; null: its own. */
  readonly user: string | null;
  /** JSON list of texts. */
  readonly tags: string;
  /** JSON list of `LimitRule`. */
  readonly limits: string;
  /** JSON list of the only models and of the only routes it may use; null: all. */
  readonly models: string | null;
  readonly routes: string | null;
  readonly parallel: number | null;
  readonly expires_at: number | null;
  /** The operator's own words. */
  readonly note: string | null;
  readonly source: 'admin' | 'config';
  /** Of a key of the configuration: its `generation` when it was last brought in. */
  readonly generation: number | null;
  /** Its generation when it was revoked through the administration, which holds until it is brought in with a later one. */
  readonly revoked_generation: number | null;
  readonly created_at: number;
  readonly rotated_at: number | null;
  readonly revoked_at: number | null;
}

/** Use summed over rows: of a key's day, for example. */
export interface UsageSum {
  readonly requests: number;
  readonly counted: number;
  readonly raw: number;
  readonly cost: number;
}

/** Rows that one read looks at, so that none takes long. */
export const rowsPerRead = 20_000;

/** Which settled requests; what is absent does not matter. */
export interface RequestFilter {
  readonly key?: string;
  readonly user?: string;
  readonly model?: string;
  readonly outcome?: string;
  readonly status?: number;
  readonly session?: string;
  readonly client?: string;
  readonly address?: string;
  /** Requests that began in [from, to), milliseconds since 1970. */
  readonly from?: number;
  readonly to?: number;
}

/** A part of the ledger, read from its end. */
export interface RequestPage {
  /** Newest first. */
  readonly rows: readonly RequestRow[];
  /**
   * Place in the ledger of the oldest row that was looked at; undefined where its beginning was reached, or no row before it
   * began late enough.
   */
  readonly reached: number | undefined;
}

/** What use can be grouped by. Hours, days and months are in UTC. */
export const usageDimensions = [
  'key', 'user', 'tag', 'route', 'provider', 'account', 'model', 'client', 'session', 'address', 'hour', 'day', 'month',
] as const; // prettier-ignore
export type UsageDimension = (typeof usageDimensions)[number];

/** Which use, and how it is summed. */
export interface UsageQuery {
  readonly groupBy: readonly UsageDimension[];
  /** Only that of one key, user or session. */
  readonly key?: string;
  readonly user?: string;
  readonly session?: string;
  /**
   * Of requests that began in [from, to), milliseconds since 1970. Use is kept by the hour: every hour that this touches
   * counts whole, but where it is read from rows.
   */
  readonly from: number;
  readonly to: number;
  /** Read from the rows, to the millisecond, as sessions and addresses are anyway. Pruned rows are not counted. */
  readonly exact?: boolean;
}

/** Whether use is read from the rows of requests. */
export function isFromRows({ groupBy, session, exact }: Pick<UsageQuery, 'groupBy' | 'session' | 'exact'>): boolean {
  return exact === true || session !== undefined || groupBy.includes('session') || groupBy.includes('address');
}

/** Sums: tokens, and nano-USD. */
export interface UsageAmounts {
  requests: number;
  /** Of them those that failed. */
  errors: number;
  input: number;
  cache_read: number;
  cache_write: number;
  output: number;
  reasoning: number;
  searches: number;
  /** Tokens as quotas count them. */
  counted: number;
  raw: number;
  cost: number;
  /** What it would have cost without a cache, and at the dearest candidates. */
  uncached: number;
  dearest_cost: number;
}

/** Sums of one group, with its names; what a request does not have is the empty text. */
export type UsageGroup = UsageAmounts & { [dimension in UsageDimension]?: string };

/** What reads for people ask; answered beside the writer and never in its way. */
export interface Reports {
  requestById(id: string): Promise<RequestRow | undefined>;
  /**
   * Settled requests before a place in the ledger that match.
   * @param before a place that an earlier page reached; undefined for the end
   * @param count rows at most. Fewer do not mean that there are no more: a call looks at so many rows only (`rowsPerRead`)
   */
  requests(filter: RequestFilter, before: number | undefined, count: number): Promise<RequestPage>;
  /** Use by group, in no order; without a group, one sum of all. A request with several tags stands in the group of each. */
  usage(query: UsageQuery): Promise<readonly UsageGroup[]>;
  /**
   * What each key used in requests that began in the hours that [from, to) touches, and what its open requests hold (tokens).
   * Keys without either are absent.
   */
  usageOfKeys(from: number, to: number): Promise<ReadonlyMap<string, UsageSum & { readonly reserved: number }>>;
  /**
   * Spent and reserved of limits. A limit that no request has come under yet is summed as it would begin: spent is what its
   * subject used in the hours since its window began, with what its open requests of that window hold; windows that begin
   * within an hour (minutes) count only the latter.
   */
  budgets(limits: readonly LimitWindow[]): Promise<readonly BudgetCounters[]>;
  /** When each key was used last; keys that never were are absent. */
  usesOfKeys(): Promise<ReadonlyMap<string, KeyUse>>;
  /**
   * What the administration did, before a place in the audit.
   * @param subject the id of a key or credential; undefined: all
   * @param before a place that an earlier page reached; undefined for the end
   */
  audit(subject: string | undefined, before: number | undefined, count: number): Promise<AuditPage>;
}

/** When a key was admitted last, in whole minutes: milliseconds since 1970. */
export interface KeyUse {
  readonly last_used_at: number;
  /** The same with a secret that was replaced; null where none was used. */
  readonly old_secret_used_at: number | null;
}

/** The end of a chain of settled rows. */
export interface LedgerHead {
  /** Its last row's place in the ledger. */
  readonly seq: number;
  /** That row's hash, which covers all before it. */
  readonly hash: string;
}

/**
 * Up to where a user's names were replaced: rows by their place in the ledger, then sums by the hour, then acts by their place
 * in the audit.
 */
export type ForgetPlace = { readonly row: number } | { readonly hour: number } | { readonly act: number };

/** One step of replacing a user's names. */
export type ForgetStep =
  /** Nothing was done: these keys of theirs are not revoked. */
  | { readonly inUse: readonly string[] }
  | { readonly next: ForgetPlace; readonly rows: number }
  /** `open`: requests of theirs that will yet be settled under the old name. */
  | { readonly done: string; readonly open: number };

export interface Storage extends Reports {
  /**
   * Commits a batch in one transaction: settlements and releases first, then the others in their order.
   * @returns a result for each entry, in order
   * @throws StorageUnavailable when nothing was committed; the batch may be tried again. AnswerLost where it is not known
   */
  commit(batch: readonly Entry[], now: number): Promise<readonly EntryResult[]>;
  /**
   * Sees that what is kept is still what was opened, and that this instance is known to live.
   * @param write whether to see that it can be written, too
   * @returns whether what others know this instance by was gone, and has been made again
   * @throws StorageLost where it was deleted or replaced: nothing is admitted from then on. StorageUnavailable
   */
  check(write: boolean): Promise<boolean>;
  /** Settles what dead instances left open, at what they had reserved. How many requests. @throws StorageUnavailable */
  settleDead(now: number): Promise<number>;
  /** All keys, or undefined where none has changed since the last call. @throws StorageUnavailable */
  changedKeys(): Promise<readonly KeyRow[] | undefined>;
  keyByHash(sha256: string): Promise<KeyRow | undefined>;
  keyById(id: string): Promise<KeyRow | undefined>;
  /**
   * Writes keys whole, new ones and changed ones, in one transaction. One that was revoked through the administration
   * stays so, whatever is written, unless it comes with a later generation. @throws StorageUnavailable
   * @param act leaves a row in the audit for each key that it changes
   */
  putKeys(keys: readonly KeyRow[], act?: Act): Promise<void>;
  /**
   * Changes fields of a key as it stands, in one transaction: what others changed meanwhile stays.
   * @param more what is changed of limits with it, and the act that leaves a row in the audit. An act that was done before
   * (`once`) changes nothing, whatever it was asked then
   * @returns the key after it; undefined where there is none of this id. @throws StorageUnavailable
   */
  changeKey(
    id: string,
    change: Partial<KeyRow>,
    more?: { readonly limits?: readonly LimitChange[]; readonly act?: Act },
  ): Promise<KeyRow | undefined>;
  /** Contents of the act that has this idempotency key; undefined where none has left a row. @throws StorageUnavailable */
  contentsOfAct(idempotencyKey: string): Promise<string | undefined>;
  /** All credentials, oldest first. @throws StorageUnavailable */
  credentials(): Promise<readonly CredentialRow[]>;
  credentialByHash(sha256: string): Promise<CredentialRow | undefined>;
  /** Writes a credential whole, a new one or a changed one, and the act's row. @throws StorageUnavailable */
  putCredential(row: CredentialRow, act: Act): Promise<void>;
  /**
   * Notes what the clock says, so that nothing is forgotten by a clock that is wrong for a while.
   * @param ran milliseconds that this instance has run since it noted last, by a clock without steps
   * @returns the latest noted time that a day of running since then agrees with; undefined where there is none yet
   */
  observeClock(now: number, ran: number): Promise<number | undefined>;
  /** Forgets settled requests that began before a moment, the oldest `count` of them at most; how many went. Sums stay. */
  prune(before: number, count: number): Promise<number>;
  /** The end of this instance's chain of settled rows; undefined before the first. */
  head(): Promise<LedgerHead | undefined>;
  /**
   * Puts pseudonyms in the place of the names of a user who has left (their own, end users', addresses, sessions), some rows
   * or acts at a time. Sums stay, and so does the chain of rows.
   * @param place where the step before has stopped; undefined for the first
   * @param act leaves its row with the last step, under the pseudonym
   */
  forgetUser(user: string, place: ForgetPlace | undefined, act?: Act): Promise<ForgetStep>;
  /**
   * Forgets counters of windows that are long over, `count` of them at most; how many went. Those of a minute go after a day,
   * of a day, week or month after 62 days; a lifetime's stay.
   */
  pruneBudgets(now: number, count: number): Promise<number>;
  /** Waits for what was asked before, and lets go of everything. Open requests of this instance stay for `settleDead`. */
  close(): Promise<void>;
}

/** Nothing can be written or read now: the disk, the file, or another process holds it up. */
export class StorageUnavailable extends Error {}

/** The storage went away while it was asked: what was asked may have been done. */
export class AnswerLost extends StorageUnavailable {}

/** A database that this gateway cannot use; the message says what to do. */
export class StorageUnusable extends Error {}

/** The database that was there is gone, or another stands in its place. */
export class StorageLost extends StorageUnusable {}

/** No amounts. */
export function noAmounts(): Amounts {
  return { tokens: 0, nano: 0, requests: 0 };
}
