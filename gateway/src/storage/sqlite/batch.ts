// A batch is one transaction. An entry that cannot be kept fails alone: most are known before, by their values; where the
// database refuses one, the batch is applied once more with a savepoint for each entry.

import { problemOf } from '../entryProblem';
import type { Entry, EntryResult } from '../entries';
import { extend, release, reprice, reserve, settle } from './applyEntry';
import { bookAsReserved, type OpenRow } from './bookAsReserved';
import type { BatchState } from './batchState';
import { causeOf, isStorageFailure } from './failures';

/** Applies an entry, or says that it failed. */
type Apply = (entry: Entry) => EntryResult;

/**
 * Commits a batch.
 * @param now milliseconds since 1970
 * @throws what SQLite throws where nothing can be written now; then nothing of the batch is committed
 */
export function commitBatch(
  batch: readonly Entry[],
  now: number,
  ledger: BatchState,
  transaction: <T>(work: () => T) => T,
): EntryResult[] {
  const refuse = (entry: Entry, cause: string): EntryResult => {
    if (entry.type === 'settle') bookOpen(entry.row?.id, ledger, now);
    return { type: 'failed', cause };
  };
  const checked: Apply = (entry) => {
    const problem = soundness(entry);
    return problem === undefined ? apply(entry, ledger, now) : refuse(entry, problem);
  };
  try {
    return transaction(() => inOrder(batch, now, ledger, checked));
  } catch (error) {
    if (isStorageFailure(error)) throw error;
  }
  return transaction(() =>
    inOrder(batch, now, ledger, (entry) => {
      try {
        return saved(ledger, now, () => checked(entry));
      } catch (error) {
        if (isStorageFailure(error)) throw error;
        const cause = causeOf(error);
        return saved(ledger, now, () => refuse(entry, cause));
      }
    }),
  );
}

// ---

// What settlements free is there for the reservations beside them.
function inOrder(batch: readonly Entry[], now: number, ledger: BatchState, applied: Apply): EntryResult[] {
  const results = new Array<EntryResult>(batch.length);
  const ends = ({ type }: Entry) => type === 'settle' || type === 'release';
  batch.forEach((entry, i) => {
    if (ends(entry)) results[i] = applied(entry);
  });
  ledger.usage.write();
  batch.forEach((entry, i) => {
    if (!ends(entry)) results[i] = applied(entry);
  });
  ledger.budgets.write();
  ledger.chain.write(now);
  ledger.keyUses.write();
  return results;
}

function apply(entry: Entry, ledger: BatchState, now: number): EntryResult {
  switch (entry.type) {
    case 'settle':
      return settle(entry, ledger);
    case 'release':
      return release(entry, ledger);
    case 'reserve':
      return reserve(entry, ledger, now);
    case 'extend':
      return extend(entry, ledger, now);
    case 'reprice':
      return reprice(entry, ledger, now);
  }
}

// A value of an unforeseen kind is a problem of its entry too.
function soundness(entry: Entry): string | undefined {
  try {
    return problemOf(entry);
  } catch {
    return 'entry';
  }
}

// A request whose use cannot be kept is not left open for as long as this process lives.
function bookOpen(id: unknown, ledger: BatchState, now: number): void {
  const open = typeof id === 'string' ? (ledger.sql.wholeOpenRequest.get(id) as OpenRow | undefined) : undefined;
  if (open !== undefined) bookAsReserved(open, ledger, now);
}

function saved<T>({ sql, usage, budgets, chain, keyUses, forget }: BatchState, now: number, work: () => T): T {
  sql.savepoint.run();
  try {
    const result = work();
    usage.write();
    budgets.write();
    chain.write(now);
    keyUses.write();
    sql.releaseSavepoint.run();
    return result;
  } catch (error) {
    if (isStorageFailure(error)) throw error; // the transaction is over
    sql.rollbackSavepoint.run();
    sql.releaseSavepoint.run();
    forget();
    throw error;
  }
}
