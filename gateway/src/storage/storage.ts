// What the gateway keeps, in the words of the domain: keys, reservations, settled requests and their sums. One interface;
// SQLite implements it today. It has no call that must be answered at once, entries are idempotent by their id, and one
// batch is one transaction, so that a database over the network can implement it too.

import type { Act, CredentialRow, LimitChange } from './administration';
import type { Entry, EntryResult } from './entries';
import type { Reports } from './reports';
import type { KeyRow } from './rows';

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
  /** Another text whenever keys or credentials may have changed, by whomever. @throws StorageUnavailable */
  version(): Promise<string>;
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
   * @param more what is changed of limits with it, and the act that leaves a row in the audit: where it changes
   * something, and with `once` in any case. An act that was done before (`once`) changes nothing, whatever it was asked then
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
  /**
   * Forgets settled requests that began before a moment, the oldest `count` of them at most, and as many sums that nothing reads
   * any more; how many went, of the one of which more did. Other sums stay.
   */
  prune(before: number, count: number): Promise<number>;
  /**
   * Sums by day what was settled, so that reports of many days are quick: hours that are over, and sessions. A step of
   * about `count` rows; whether there is more. @throws StorageUnavailable
   */
  sumDays(now: number, count: number): Promise<boolean>;
  /** Does what a reader has held up; asked between two reads of a long report. @throws StorageUnavailable */
  catchUp(): Promise<void>;
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
