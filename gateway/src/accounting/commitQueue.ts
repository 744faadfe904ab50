// Entries on their way to the storage. What is waiting while a batch is being committed goes into the next one, so that many
// requests cost one commit.

import { GatewayError } from '../core/errors';
import {
  type Amounts,
  type Entry,
  type EntryResult,
  noAmounts,
  type ReleaseEntry,
  type ReserveEntry,
  type SettleEntry,
} from '../storage/entries';
import { AnswerLost, type Storage, StorageUnavailable, StorageUnusable } from '../storage/storage';
import { type EndedRequest, overspentBy, withEnded } from './endedRequest';
import { openRoomyLimits, type RoomyLimits } from './roomyLimits';

export interface CommitQueue {
  /** An entry whose result is waited for. @throws GatewayError storage_failed, internal */
  submit(entry: Entry): Promise<EntryResult>;
  /** A settlement that nobody waits for; it is tried until the storage takes it. @param held what the request holds until then */
  post(entry: SettleEntry, held: Amounts): void;
  /** Resolves when all that was added before is committed, or cannot be now. */
  readonly flush: () => Promise<void>;
}

/**
 * A settlement may wait this long for others to share its commit with: a crash meanwhile books the reserved amount.
 * Reservations go ahead of it where their limits have much room, as half of a commit's work is the settlements in it.
 */
const settleWaitMs = 5;
/** Time between tries while the storage takes nothing. */
const retryMs = 1_000;

/**
 * @param now milliseconds since 1970
 * @param failed told of what could not be booked, and once of each outage of the storage. It must not throw.
 */
export function openCommitQueue(storage: Pick<Storage, 'commit'>, now: () => number, failed: Report): CommitQueue {
  let waiting: Waiting[] = [];
  let committing: Promise<void> | undefined;
  const outage = openOutage(failed);
  const limits = openRoomyLimits();
  const timer = openBatchTimer(() => run());
  const parked = openParkedEntries((entries) => add(...entries));

  const schedule = (): void => {
    if (!waiting.every(isUrgent)) timer.soon(); // also while others go ahead
    if (committing !== undefined || waiting.length === 0) return; // the next batch follows this one
    if (timer.late || waiting.some(isUrgent)) timer.now();
  };
  const run = (): void => {
    if (committing !== undefined || waiting.length === 0) return;
    const { batch, rest, ended } = nextBatch(waiting, timer.late, limits);
    waiting = rest;
    if (ended.length === 0) timer.taken();
    committing = storage
      .commit(entriesOf(batch), now())
      .then(
        (results) => {
          outage.over();
          batch.forEach((each, i) => {
            const result = decided(each, results[i], ended, limits);
            if (result === 'again') waiting.unshift({ ...each, again: true });
            else finish(each, result, failed);
          });
          parked.release();
        },
        (cause: unknown) => {
          if (cause instanceof StorageUnavailable || cause instanceof StorageUnusable) {
            outage.begun(cause);
            parked.add(refuse(batch, cause));
          } else waiting = endedFirst([...separate(batch, cause, failed), ...waiting]);
        },
      )
      .finally(() => {
        committing = undefined;
        schedule();
      });
  };
  const add = (...entries: readonly Waiting[]): void => {
    waiting.push(...entries);
    schedule();
  };

  return {
    submit: (entry) => new Promise((resolve, reject) => add({ entry, done: { resolve, reject } })),
    post: (entry, held) => add({ entry, held }),
    async flush() {
      await committing;
      parked.release();
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
  readonly done?: {
    resolve(result: EntryResult): void;
    reject(error: GatewayError): void;
  };
  /** Of a settlement: what its request holds. */
  readonly held?: Amounts;
  /** It was refused while settlements waited, and is decided with them. */
  readonly again?: boolean;
  /** Committed without others: a batch with it has failed in a way that one of its entries may be at fault for. */
  alone?: boolean;
}

type Report = (message: string, cause?: unknown) => void;

function entriesOf(batch: readonly Waiting[]): Entry[] {
  return batch.map(({ entry }) => entry);
}

// Tells of an outage of the storage once.
function openOutage(failed: Report) {
  let lasts = false;
  return {
    begun(cause: Error): void {
      if (!lasts) failed('the storage takes nothing now; settlements wait until it does', cause);
      lasts = true;
    },
    over(): void {
      lasts = false;
    },
  };
}

// When the next batch is committed.
function openBatchTimer(run: () => void) {
  let scheduled = false;
  let settling: NodeJS.Timeout | undefined;
  let late = false;
  return {
    /** Settlements have waited long enough: the next batch has them. */
    get late() {
      return late;
    },
    soon(): void {
      settling ??= setTimeout(() => {
        late = true;
        run();
      }, settleWaitMs);
    },
    /** All reservations of one turn of the event loop are one batch. */
    now(): void {
      if (scheduled) return;
      scheduled = true;
      setImmediate(() => {
        scheduled = false;
        run();
      });
    },
    /** Whatever waited is in a batch. */
    taken(): void {
      clearTimeout(settling);
      settling = undefined;
      late = false;
    },
  };
}

// What the storage did not take: kept apart until it is tried again, so that requests are not slowed by it.
function openParkedEntries(tryAgain: (entries: readonly Waiting[]) => void) {
  const parked: Waiting[] = [];
  let retry: NodeJS.Timeout | undefined;
  const release = (): void => {
    clearTimeout(retry);
    retry = undefined;
    tryAgain(parked.splice(0));
  };
  return {
    add(entries: readonly Waiting[]): void {
      parked.push(...entries);
      // Nothing else holds the process up for what cannot be written.
      if (parked.length > 0) retry ??= setTimeout(release, retryMs).unref();
    },
    release,
  };
}

/** What is committed next, and what waits on. */
interface NextBatch {
  readonly batch: readonly Waiting[];
  readonly rest: Waiting[];
  /** Those that the batch goes ahead of. */
  readonly ended: readonly EndedRequest[];
}

// An entry that is committed alone goes after those before it. @param late settlements have waited long enough
function nextBatch(waiting: readonly Waiting[], late: boolean, limits: RoomyLimits): NextBatch {
  const { urgent, others } = late ? noneAhead : byUrgency(waiting);
  if (urgent.length > 0 && others.length > 0) {
    const ended = others.map(endedIn);
    if (mayGoAhead(urgent, ended, limits)) return { batch: urgent, rest: others, ended };
  }
  const single = waiting.findIndex(({ alone }) => alone === true);
  const count = single < 0 ? waiting.length : Math.max(1, single);
  return { batch: waiting.slice(0, count), rest: waiting.slice(count), ended: [] };
}

// What frees room goes before those who may need it, where not all are one batch.
function endedFirst(waiting: readonly Waiting[]): Waiting[] {
  const { urgent, others } = byUrgency(waiting);
  return [...others, ...urgent];
}

function byUrgency(waiting: readonly Waiting[]) {
  const urgent: Waiting[] = [];
  const others: Waiting[] = [];
  for (const each of waiting) (isUrgent(each) ? urgent : others).push(each);
  return { urgent, others };
}

const noneAhead = byUrgency([]);

// Whether all of these are reservations that need not wait for the settlements beside them.
function mayGoAhead(urgent: readonly Waiting[], ended: readonly EndedRequest[], limits: RoomyLimits): boolean {
  const overspent = overspentBy(ended);
  return urgent.every(
    ({ entry, again, alone }) =>
      entry.type === 'reserve' && again !== true && alone !== true && limits.areRoomy(entry, overspent),
  );
}

// Who went ahead and was refused is asked once more, with what has ended. What is said of a limit counts that too.
function decided(
  { entry }: Waiting,
  result: EntryResult | undefined,
  ended: readonly EndedRequest[],
  limits: RoomyLimits,
): EntryResult | 'again' | undefined {
  if (entry.type !== 'reserve' || result === undefined) return result;
  limits.learn(entry.limits, result.type === 'admitted' && result.roomy === true);
  return result.type === 'refused' && ended.length > 0 ? 'again' : withEnded(result, entry.limits, ended);
}

// What a released request held, only the storage knows.
function endedIn({ entry, held }: Waiting): EndedRequest {
  if (entry.type !== 'settle' || held === undefined) return { limits: [], held: noAmounts(), spent: noAmounts() };
  return { limits: entry.limits, held, spent: { tokens: entry.row.counted, nano: entry.row.cost, requests: 1 } };
}

// Somebody waits for the answer.
function isUrgent({ done }: Waiting): boolean {
  return done !== undefined;
}

function finish(each: Waiting, result: EntryResult | undefined, failed: Report): void {
  if (result !== undefined && result.type !== 'failed') each.done?.resolve(result);
  else giveUp(each, new Error(result?.cause ?? 'the storage gave no result'), failed);
}

function giveUp({ entry, done }: Waiting, cause: unknown, failed: Report): void {
  if (done !== undefined) done.reject(new GatewayError('internal', { cause }));
  else if (entry.type === 'settle')
    failed(`the ledger refused the settlement of ${entry.row.id}; that request is booked at what it reserved`, cause);
  else failed('the ledger refused to release a request; it is booked at what it reserved', cause);
}

// Refuses what is waited for, and returns what must be tried again. What was spent is never forgotten: a settlement waits
// until the storage takes it. A reservation is released where only the answer to its commit may have been lost.
function refuse(batch: readonly Waiting[], cause: Error): Waiting[] {
  for (const { done } of batch) done?.reject(new GatewayError('storage_failed', { cause }));
  return batch.flatMap(({ entry, held }): Waiting[] => {
    if (entry.type === 'settle') return [{ entry, ...(held === undefined ? {} : { held }) }];
    if (entry.type === 'release') return [{ entry }];
    return entry.type === 'reserve' && cause instanceof AnswerLost ? [{ entry: releaseEntry(entry) }] : [];
  });
}

// An error that is none of the storage's own: each entry is tried by itself, and the one at fault is given up. Returns what
// is committed next.
function separate(batch: readonly Waiting[], cause: unknown, failed: Report): Waiting[] {
  const [only, ...others] = batch;
  if (only === undefined) return [];
  if (others.length > 0) {
    for (const each of batch) each.alone = true;
    return [...batch];
  }
  giveUp(only, cause, failed);
  return only.entry.type === 'reserve' ? [{ entry: releaseEntry(only.entry) }] : [];
}

function releaseEntry({ id, limits }: ReserveEntry): ReleaseEntry {
  return { type: 'release', id, limits };
}
