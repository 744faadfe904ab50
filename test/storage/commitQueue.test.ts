// Entries on their way to a storage that answers late, not at all, or with an error.

import { openCommitQueue } from '../../gateway/src/accounting/commitQueue';
import { GatewayError } from '../../gateway/src/core/errors';
import type { Amounts, Entry, EntryResult } from '../../gateway/src/storage/entries';
import { AnswerLost, StorageUnavailable, StorageUnusable } from '../../gateway/src/storage/storage';
import { extendEntry, keyRow, limit, morning, reserveEntry, settleEntry } from './samples';
import { modelWorld } from './worlds';

type Answer = (batch: readonly Entry[]) => EntryResult[] | Error;

const admitAll = (batch: readonly Entry[]): EntryResult[] =>
  batch.map((entry) => (entry.type === 'reserve' ? { type: 'admitted', output: 1 } : { type: 'done' }));

/** A storage whose commits are answered by the next of the answers, and by the last one from then on. */
function stage(...answers: Answer[]) {
  const batches: string[] = [];
  const told: string[] = [];
  let holding: Promise<void> | undefined;
  let beside: (() => void) | undefined;
  const nameOf = (entry: Entry) => `${entry.type} ${entry.type === 'settle' ? entry.row.id : entry.id}`;
  const queue = openCommitQueue(
    {
      async commit(batch) {
        batches.push(batch.map(nameOf).join(', '));
        await holding;
        beside?.();
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
    holding = new Promise((resolve) => (release = resolve));
    return () => {
      holding = undefined;
      release();
    };
  };
  /** What is done during each commit from now on. */
  const during = (what: () => void) => void (beside = what);
  return { queue, batches, told, hold, during };
}

const codeOf = (error: unknown) => (error instanceof GatewayError ? error.code : error);
const outcome = (promise: Promise<unknown>) => promise.catch(codeOf);
const daily = limit({ kind: 'key', name: 'k1' }, 'tokens', 100_000);
const r = (id: string) => reserveEntry(id, [daily]);
const settled = (id: string) => settleEntry(r(id), 1, 1);
const held: Amounts = { tokens: 100, nano: 5, requests: 1 };
const unavailable: Answer = () => new StorageUnavailable('gone');

test('what is asked in one turn is one batch, and what comes during a commit is the next', async () => {
  const { queue, batches, hold } = stage(admitAll);
  const release = hold();
  const first = [queue.submit(r('a')), queue.submit(r('b'))];
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  queue.post(settled('x'), held);
  const second = queue.submit(r('c'));
  release();
  await Promise.all([...first, second]);
  expect(batches).toEqual(['reserve a, reserve b', 'settle x, reserve c']);
});

test('a settlement alone is committed without anybody asking', async () => {
  const { queue, batches } = stage(admitAll);
  queue.post(settled('x'), held);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(batches).toEqual(['settle x']);
});

test('settlements wait until the storage takes them; reservations are refused, and requests are not slowed by what waits', async () => {
  const { queue, batches, told } = stage(unavailable, unavailable, admitAll);
  queue.post(settled('x'), held);
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
  queue.post(settled('x'), held);
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
  queue.post(settled('x'), held);
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
  queue.post(settled('bad'), held);
  queue.post(settled('good'), held);
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
  queue.post(settled('x'), held);
  const first = queue.flush();
  await new Promise((resolve) => setImmediate(resolve));
  queue.post(settled('y'), held);
  const second = queue.flush();
  release();
  await Promise.all([first, second]);
  expect(batches).toEqual(['settle x', 'settle y']);
  queue.post(settled('z'), held);
  await queue.flush();
  expect(batches).toHaveLength(3);
});

describe('where limits have much room', () => {
  const state = { limit: 0, spent: 0, reserved: 100, left: 99_900 };
  const roomyAll: Answer = (batch) =>
    batch.map((entry) =>
      entry.type === 'reserve'
        ? { type: 'admitted', output: 90, tightest: state, roomy: true }
        : entry.type === 'extend'
          ? { type: 'extended', granted: entry.by }
          : { type: 'done' },
    );
  test('reservations go ahead, and settlements follow by themselves', async () => {
    const { queue, batches } = stage(roomyAll);
    queue.post(settled('x'), held);
    await queue.submit(r('a')); // nothing is known of its limit
    queue.post(settled('y'), held);
    await queue.submit(r('b'));
    expect(batches).toEqual(['settle x, reserve a', 'reserve b']);
    while (batches.length < 3) await new Promise((wake) => setTimeout(wake, 5));
    expect(batches[2]).toBe('settle y');
  });

  test('a reservation under another limit takes them along, and so does an extension', async () => {
    const { queue, batches } = stage(roomyAll);
    await queue.submit(r('a'));
    queue.post(settled('x'), held);
    await queue.submit(reserveEntry('b', [daily, limit({ kind: 'all' }, 'usd', 5)]));
    queue.post(settled('y'), held);
    await queue.submit(extendEntry('a', [daily], 90, 10));
    expect(batches).toEqual(['reserve a', 'settle x, reserve b', 'settle y, extend a']);
  });

  test('a limit that has little room left takes them along again', async () => {
    const { queue, batches } = stage(roomyAll, admitAll, roomyAll);
    for (const id of ['a', 'b', 'c']) {
      await queue.submit(r(id));
      queue.post(settled(id), held);
    }
    await queue.flush();
    expect(batches).toEqual(['reserve a', 'reserve b', 'settle a, settle b, reserve c', 'settle c']);
  });

  test('who is refused is asked once more, with what has ended', async () => {
    const refuse: Answer = (batch) => batch.map(() => ({ type: 'refused', tightest: state, wanted: 1 }));
    const { queue, batches } = stage(roomyAll, refuse, roomyAll, refuse);
    await queue.submit(r('a'));
    queue.post(settled('a'), held);
    expect(await queue.submit(r('b'))).toMatchObject({ type: 'admitted' });
    expect(await queue.submit(r('c'))).toMatchObject({ type: 'refused' }); // nothing waits that could make room
    expect(batches).toEqual(['reserve a', 'reserve b', 'reserve b, settle a', 'reserve c']);
  });

  test('who is tried alone, as another of its batch cannot be sent, is decided with what has ended', async () => {
    const poisoned: Answer = (batch) =>
      batch.some((entry) => entry.type === 'reserve' && entry.id === 'bad')
        ? new Error('cannot be sent')
        : roomyAll(batch);
    const { queue, batches } = stage(poisoned);
    await queue.submit(r('a'));
    queue.post(settled('a'), held);
    const asked = ['bad', 'b'].map((id) => outcome(queue.submit(r(id))));
    expect(await Promise.all(asked)).toMatchObject(['internal', { type: 'admitted' }]);
    expect(batches.slice(1)).toEqual(['reserve bad, reserve b', 'settle a', 'reserve bad', 'release bad', 'reserve b']);
  });

  test('settlements wait for a while only, also where a reservation waits whenever a commit ends', async () => {
    const { queue, batches, during } = stage(roomyAll);
    await queue.submit(r('a'));
    const isBooked = () => batches.some((batch) => batch.includes('settle a'));
    const asked: Promise<unknown>[] = [];
    during(() => {
      if (!isBooked() && asked.length < 5_000) asked.push(queue.submit(r(`r${asked.length}`)));
      if (asked.length === 3) queue.post(settled('a'), held);
    });
    await queue.submit(r('b'));
    for (let done = 0; done < asked.length; done++) await asked[done];
    expect(isBooked()).toBe(true);
    expect(batches.slice(3, 6).filter((batch) => !batch.includes('settle')).length).toBeGreaterThan(0);
  });

  test('what is said to be left counts what has ended, under the limits it is booked in', async () => {
    const { queue } = stage(roomyAll);
    await queue.submit(r('a'));
    queue.post(settled('a'), held); // held 100, used 2
    queue.post(settleEntry(reserveEntry('b', [{ ...daily, id: 'another' }]), 1, 1), held);
    expect(await queue.submit(r('c'))).toEqual({
      type: 'admitted',
      output: 90,
      roomy: true,
      tightest: { limit: 0, spent: 2, reserved: 0, left: 99_998 },
    });
  });
});

// Decided as if all that has ended were booked, though it is not.
describe('with a ledger behind it', () => {
  const big = reserveEntry('big', [daily], 40_000);
  const heldByBig: Amounts = { tokens: 40_010, nano: 80_010, requests: 1 };
  const usedByBig = { counted: 20 };

  async function open() {
    const storage = await modelWorld().open('a');
    await storage.putKeys([keyRow('k1'), keyRow('k2')]);
    return openCommitQueue(storage, () => morning, () => undefined); // prettier-ignore
  }

  test('what a request spent beyond what it held counts for the next one', async () => {
    const queue = await open();
    await queue.submit(r('a'));
    queue.post(settleEntry(r('a'), 10, 149_990, { counted: 150_000 }), held);
    expect(await queue.submit(r('b'))).toMatchObject({ type: 'refused', tightest: { spent: 150_000, reserved: 0 } });
  });

  test('one that fits under a shadow limit is not told to pass it', async () => {
    const queue = await open();
    const shadow = { ...daily, shadow: true };
    await queue.submit({ ...big, limits: [shadow] });
    await queue.submit(reserveEntry('small', [shadow]));
    queue.post(settleEntry({ ...big, limits: [shadow] }, 10, 10, usedByBig), heldByBig);
    expect(await queue.submit(reserveEntry('b', [shadow], 70_000))).toEqual({ type: 'admitted', output: 70_000 });
  });

  test('one that names no maximum gets the whole default', async () => {
    const queue = await open();
    await queue.submit(big);
    await queue.submit(r('small'));
    queue.post(settleEntry(big, 10, 10, usedByBig), heldByBig);
    const unnamed = reserveEntry('b', [daily], 'unnamed', {}, { defaultOutput: 70_000 });
    expect(await queue.submit(unnamed)).toMatchObject({ type: 'admitted', output: 70_000 });
  });

  test('of two limits, the one with less left is told where what has ended frees the other alone', async () => {
    const queue = await open();
    const user = limit({ kind: 'user', name: 'u' }, 'tokens', 100_150);
    const other = reserveEntry('other', [user], 390, { key: 'k2', user: 'u' });
    const mine = (id: string) => queue.submit(reserveEntry(id, [daily, user], 90, { key: 'k1', user: 'u' }));
    await queue.submit(other);
    await mine('a');
    queue.post(settleEntry(other, 1, 1), { tokens: 400, nano: 790, requests: 1 });
    const said = await mine('b');
    const left = said.type === 'admitted' ? said.tightest?.left : undefined;
    expect(left).toBeLessThanOrEqual(99_800); // what the key has left; more is not told than there is
  });
});
