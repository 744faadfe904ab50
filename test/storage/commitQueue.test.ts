// Entries on their way to a storage that answers late, not at all, or with an error.

import { openCommitQueue } from '../../gateway/src/accounting/commitQueue';
import { GatewayError } from '../../gateway/src/core/errors';
import type { Entry, EntryResult } from '../../gateway/src/storage/entries';
import { AnswerLost, StorageUnavailable, StorageUnusable } from '../../gateway/src/storage/storage';
import { morning, reserveEntry, settleEntry } from './samples';

type Answer = (batch: readonly Entry[]) => EntryResult[] | Error;

const admitAll = (batch: readonly Entry[]): EntryResult[] =>
  batch.map((entry) => (entry.type === 'reserve' ? { type: 'admitted', output: 1 } : { type: 'done' }));

/** A storage whose commits are answered by the next of the answers, and by the last one from then on. */
function stage(...answers: Answer[]) {
  const batches: string[] = [];
  const told: string[] = [];
  let held: Promise<void> | undefined;
  const nameOf = (entry: Entry) => `${entry.type} ${entry.type === 'settle' ? entry.row.id : entry.id}`;
  const queue = openCommitQueue(
    {
      async commit(batch) {
        batches.push(batch.map(nameOf).join(', '));
        await held;
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        const results = (answer ?? admitAll)(batch);
        if (results instanceof Error) throw results;
        return results;
      },
    },
    () => morning,
    (message) => told.push(message),
  );
  /** Commits are answered once the returned function is called. */
  const hold = () => {
    let release = () => undefined as void;
    held = new Promise((resolve) => (release = resolve));
    return () => {
      held = undefined;
      release();
    };
  };
  return { queue, batches, told, hold };
}

const codeOf = (error: unknown) => (error instanceof GatewayError ? error.code : error);
const outcome = (promise: Promise<unknown>) => promise.catch(codeOf);
const r = (id: string) => reserveEntry(id);
const settled = (id: string) => settleEntry(reserveEntry(id), 1, 1);
const unavailable: Answer = () => new StorageUnavailable('gone');

test('what is asked in one turn is one batch, and what comes during a commit is the next', async () => {
  const { queue, batches, hold } = stage(admitAll);
  const release = hold();
  const first = [queue.submit(r('a')), queue.submit(r('b'))];
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  queue.post(settled('x'));
  const second = queue.submit(r('c'));
  release();
  await Promise.all([...first, second]);
  expect(batches).toEqual(['reserve a, reserve b', 'settle x, reserve c']);
});

test('a settlement alone is committed without anybody asking', async () => {
  const { queue, batches } = stage(admitAll);
  queue.post(settled('x'));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(batches).toEqual(['settle x']);
});

test('settlements wait until the storage takes them; reservations are refused, and requests are not slowed by what waits', async () => {
  const { queue, batches, told } = stage(unavailable, unavailable, admitAll);
  queue.post(settled('x'));
  expect(await outcome(queue.submit(r('a')))).toBe('storage_failed');
  expect(await outcome(queue.submit(r('b')))).toBe('storage_failed');
  expect(await queue.submit(r('c'))).toMatchObject({ type: 'admitted' });
  await queue.flush();
  expect(batches).toEqual(['settle x, reserve a', 'reserve b', 'reserve c', 'settle x']);
  expect(told).toEqual([expect.stringContaining('settlements wait')]);
});

test.each([
  ['nothing was committed', new StorageUnavailable('busy'), []],
  ['the ledger cannot be used', new StorageUnusable('damaged'), []],
  ['the answer was lost', new AnswerLost('gone'), ['release a']],
])('a refused reservation is released only where it may have been made: %s', async (_name, error, released) => {
  const { queue, batches } = stage(() => error, admitAll);
  expect(await outcome(queue.submit(r('a')))).toBe('storage_failed');
  await queue.flush();
  expect(batches.slice(1)).toEqual(released);
});

test('an outage leaves nothing that grows with the requests it refuses', async () => {
  const { queue, batches } = stage(unavailable);
  for (let i = 0; i < 200; i++) await outcome(queue.submit(r(`r${i}`)));
  await queue.flush();
  expect(batches).toHaveLength(200);
  expect(new Set(batches.map((batch) => batch.split(', ').length))).toEqual(new Set([1]));
});

test('after an outage, settlements are tried again by themselves', async () => {
  const { queue, batches } = stage(unavailable, admitAll);
  queue.post(settled('x'));
  await queue.flush();
  expect(batches).toEqual(['settle x']);
  const keepAlive = setTimeout(() => undefined, 10_000); // the queue itself does not hold a process up
  while (batches.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  clearTimeout(keepAlive);
  expect(batches).toEqual(['settle x', 'settle x']);
});

test('an error that one entry is at fault for fails that entry, and no other', async () => {
  const poisoned: Answer = (batch) =>
    batch.some((entry) => entry.type === 'reserve' && entry.id === 'bad')
      ? new Error('cannot be sent')
      : admitAll(batch);
  const { queue, batches, told } = stage(poisoned);
  queue.post(settled('x'));
  const all = ['a', 'bad', 'b'].map((id) => outcome(queue.submit(r(id))));
  expect(await Promise.all(all)).toMatchObject([{ type: 'admitted' }, 'internal', { type: 'admitted' }]);
  await queue.flush();
  expect(batches.filter((batch) => batch.includes('bad'))).toEqual([
    'settle x, reserve a, reserve bad, reserve b',
    'reserve bad',
    'release bad',
  ]);
  expect(batches).toContain('settle x');
  expect(told).toEqual([]);
});

test('an entry that the storage refuses is told of, and the batch goes on', async () => {
  const refuseOne: Answer = (batch) =>
    batch.map((entry, i) =>
      (entry.type === 'settle' && entry.row.id === 'bad') || (entry.type === 'reserve' && entry.id === 'bad')
        ? { type: 'failed', cause: 'counted' }
        : admitAll(batch)[i]!,
    );
  const { queue, told } = stage(refuseOne);
  queue.post(settled('bad'));
  queue.post(settled('good'));
  const all = ['bad', 'a'].map((id) => outcome(queue.submit(r(id))));
  expect(await Promise.all(all)).toMatchObject(['internal', { type: 'admitted' }]);
  expect(told).toEqual([expect.stringMatching(/settlement of bad.*booked at what it reserved/)]);
});

test('a storage that answers too little leaves nobody waiting', async () => {
  const { queue } = stage(() => []);
  expect(await outcome(queue.submit(r('a')))).toBe('internal');
});

test('flushing resolves for an empty queue, during a commit, and while nothing can be committed', async () => {
  const { queue, batches, hold } = stage(admitAll, admitAll, unavailable);
  await queue.flush();
  const release = hold();
  queue.post(settled('x'));
  const first = queue.flush();
  await new Promise((resolve) => setImmediate(resolve));
  queue.post(settled('y'));
  const second = queue.flush();
  release();
  await Promise.all([first, second]);
  expect(batches).toEqual(['settle x', 'settle y']);
  queue.post(settled('z'));
  await queue.flush();
  expect(batches).toHaveLength(3);
});
