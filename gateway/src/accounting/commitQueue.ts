// Entries on their way to the storage. What is waiting while a batch is being committed goes into the next one, so that many
// requests cost one commit.

import { GatewayError } from '../core/errors';
import {
  AnswerLost,
  type Entry,
  type EntryResult,
  type ReleaseEntry,
  type ReserveEntry,
  type SettleEntry,
  type Storage,
  StorageUnavailable,
  StorageUnusable,
} from '../storage/storage';

export interface CommitQueue {
  /** An entry whose result is waited for. @throws GatewayError storage_failed, internal */
  submit(entry: Entry): Promise<EntryResult>;
  /** An entry that nobody waits for; it is tried until the storage takes it. */
  post(entry: SettleEntry | ReleaseEntry): void;
  /** Resolves when all that was added before is committed, or cannot be now. */
  readonly flush: () => Promise<void>;
}

/** A settlement may wait this long for a reservation to share its commit with: a crash meanwhile books the reserved amount. */
const settleWaitMs = 5;
/**
 * Where more than one reservation came with the batch before, the next one waits this long for others: two threads taking
 * turns cost more than the statements between. It spares a tenth of a request's CPU time at 16 connections, and the timer's
 * own grain is a millisecond. A request by itself does not wait.
 */
const gatherMs = 1;
/** Time between tries while the storage takes nothing. */
const retryMs = 1_000;

/**
 * @param now milliseconds since 1970
 * @param failed told of what could not be booked, and once of each outage of the storage. It must not throw.
 */
export function openCommitQueue(
  storage: Pick<Storage, 'commit'>,
  now: () => number,
  failed: (message: string, cause?: unknown) => void,
): CommitQueue {
  let waiting: Waiting[] = [];
  const parked: Waiting[] = []; // what the storage did not take: kept apart, so that requests are not slowed by it
  let committing: Promise<void> | undefined;
  let scheduled: 'no' | 'soon' | 'now' = 'no';
  let timer: NodeJS.Timeout | undefined;
  let crowded = false; // the batch before held more than one entry that is waited for
  let retry: NodeJS.Timeout | undefined;
  let outage = false;

  const schedule = (urgent: boolean): void => {
    if (committing !== undefined || scheduled === 'now' || waiting.length === 0) return; // the next batch follows this one
    if (urgent) {
      clearTimeout(timer);
      scheduled = 'now';
      if (crowded) timer = setTimeout(run, gatherMs);
      else setImmediate(run); // all reservations of one turn of the event loop are one batch
    } else if (scheduled === 'no') {
      scheduled = 'soon';
      timer = setTimeout(run, settleWaitMs);
    }
  };
  const run = (): void => {
    clearTimeout(timer);
    scheduled = 'no';
    if (committing !== undefined || waiting.length === 0) return;
    const batch = takeBatch(waiting);
    crowded = batch.filter(isUrgent).length > 1;
    committing = storage
      .commit(
        batch.map(({ entry }) => entry),
        now(),
      )
      .then(
        (results) => {
          outage = false;
          batch.forEach((each, i) => finish(each, results[i]));
          unpark();
        },
        (cause: unknown) => {
          if (cause instanceof StorageUnavailable || cause instanceof StorageUnusable) postpone(batch, cause);
          else separate(batch, cause);
        },
      )
      .finally(() => {
        committing = undefined;
        schedule(waiting.some(isUrgent));
      });
  };
  const finish = (each: Waiting, result: EntryResult | undefined): void => {
    if (result !== undefined && result.type !== 'failed') each.done?.(result);
    else giveUp(each, new Error(result?.cause ?? 'the storage gave no result'));
  };
  const giveUp = ({ entry, done }: Waiting, cause: unknown): void => {
    if (done !== undefined) done(undefined, new GatewayError('internal', { cause }));
    else if (entry.type === 'settle')
      failed(`the ledger refused the settlement of ${entry.row.id}; that request is booked at what it reserved`, cause);
    else failed('the ledger refused to release a request; it is booked at what it reserved', cause);
  };
  // What was spent is never forgotten: a settlement waits until the storage takes it. A reservation is refused, and
  // released where only the answer to its commit may have been lost.
  const postpone = (batch: readonly Waiting[], cause: Error): void => {
    if (!outage) failed('the storage takes nothing now; settlements wait until it does', cause);
    outage = true;
    for (const { entry, done } of batch) {
      if (entry.type === 'settle' || entry.type === 'release') parked.push({ entry });
      else if (entry.type === 'reserve' && cause instanceof AnswerLost) parked.push({ entry: releaseEntry(entry) });
      done?.(undefined, new GatewayError('storage_failed', { cause }));
    }
    // Nothing else holds the process up for what cannot be written.
    if (parked.length > 0) retry ??= setTimeout(unpark, retryMs).unref();
  };
  const unpark = (): void => {
    clearTimeout(retry);
    retry = undefined;
    waiting.push(...parked.splice(0));
    schedule(false);
  };
  // An error that is none of the storage's own: each entry is tried by itself, and the one at fault is given up.
  const separate = (batch: readonly Waiting[], cause: unknown): void => {
    const [only, ...others] = batch;
    if (others.length > 0) {
      for (const each of batch) each.alone = true;
      waiting = [...batch, ...waiting];
    } else if (only !== undefined) {
      if (only.entry.type === 'reserve') waiting.push({ entry: releaseEntry(only.entry) });
      giveUp(only, cause);
    }
  };
  const add = (each: Waiting): void => {
    waiting.push(each);
    schedule(isUrgent(each));
  };

  return {
    submit: (entry) =>
      new Promise((resolve, reject) => {
        add({
          entry,
          done: (result, error) =>
            result === undefined ? reject(error ?? new GatewayError('internal')) : resolve(result),
        });
      }),
    post: (entry) => add({ entry }),
    async flush() {
      await committing;
      unpark();
      // Entries that must be committed alone take several rounds.
      for (const asked = new Set(waiting); waiting.some((each) => asked.has(each)); await committing) run();
      await committing;
    },
  };
}

// ---

interface Waiting {
  readonly entry: Entry;
  /** Absent where nobody waits. */
  readonly done?: (result: EntryResult | undefined, error?: Error) => void;
  /** Committed without others: a batch with it has failed in a way that one of its entries may be at fault for. */
  alone?: boolean;
}

// Takes out what is committed next: all, up to an entry that must be committed alone.
function takeBatch(waiting: Waiting[]): Waiting[] {
  const single = waiting.findIndex(({ alone }) => alone === true);
  return single < 0 ? waiting.splice(0) : waiting.splice(0, Math.max(1, single));
}

// Somebody waits for the answer.
function isUrgent({ done }: Waiting): boolean {
  return done !== undefined;
}

function releaseEntry({ id, limits }: ReserveEntry): ReleaseEntry {
  return { type: 'release', id, limits };
}
