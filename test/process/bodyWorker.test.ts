// The threads that work on large bodies: a bounded number, shared by turns, and none takes another's work with it.

import { hugeBodyBytes, largeBodyBytes } from '../../gateway/src/core/bodySize';
import { openBodyWorker } from '../../gateway/src/pipeline/bodyWorker';

/** Stands for the real program: says which thread it is, or does what is asked of it to that thread. */
const program = `
const { parentPort, threadId } = require('node:worker_threads');
parentPort.on('message', ({ id, input }) => {
  if (input === 'exit') process.exit(3);
  if (input === 'throw') throw new Error('a fault of ours');
  if (input === 'swell') for (const all = []; ; ) all.push(new Array(100000).fill(all.length));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  parentPort.postMessage({ id, result: threadId });
});`;

type Run = (owner: string, input: string, bytes?: number) => Promise<number>;
let run: Run;
let close: () => Promise<void>;
beforeEach(() => {
  const worker = openBodyWorker(program);
  run = (owner, input, bytes = largeBodyBytes) =>
    worker.run(owner, 'sanitizePassthrough', input as never, bytes) as never;
  close = () => worker.close();
});
afterEach(() => close());

test.each(['exit', 'throw', 'swell'])(
  'a job that ends its thread (%s) fails alone [D6]',
  async (fatal) => {
    const jobs = [run('a', 'x'), run('b', fatal), run('a', 'x'), run('b', 'x'), run('c', fatal), run('c', 'x')];
    const ends = await Promise.allSettled(jobs);
    expect(ends.map(({ status }) => status)).toEqual([
      'fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled',
    ]); // prettier-ignore
    expect(ends[1]).toMatchObject({ reason: { code: 'internal' } });
    expect(await run('d', 'x')).toBeGreaterThan(0);
  },
  60_000,
);

test('there are two threads at most, whatever waits', async () => {
  const threads = await Promise.all(Array.from({ length: 20 }, () => run('a', 'x')));
  expect(new Set(threads).size).toBe(2);
});

test('of huge bodies one is worked on at a time, in a thread of its own, and the others have a thread meanwhile', async () => {
  const order: string[] = [];
  const note = (name: string, bytes: number) => run(name, 'x', bytes).then((id) => (order.push(name), id));
  const huge = ['h1', 'h2', 'h3', 'h4'].map((name) => note(name, hugeBodyBytes));
  const large = ['l1', 'l2', 'l3'].map((name) => note(name, largeBodyBytes));
  const threads = await Promise.all(huge);
  expect(new Set(threads).size).toBe(4); // each has ended with its job
  await Promise.all(large);
  expect(order.indexOf('l3')).toBeLessThan(order.indexOf('h4'));
});

test('a huge body that ends its thread fails alone, and the next is worked on', async () => {
  const ends = await Promise.allSettled(['exit', 'x', 'throw', 'x'].map((input) => run('a', input, hugeBodyBytes)));
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled']);
}, 60_000);

test('owners take turns [L4]', async () => {
  const order: string[] = [];
  const note = (owner: string) => run(owner, 'x').then(() => order.push(owner));
  const greedy = Array.from({ length: 12 }, () => note('greedy'));
  await Promise.all([...greedy, note('modest'), note('other')]);
  // Two had begun when the others came; then each in turn.
  expect(order.slice(0, 6)).toEqual(expect.arrayContaining(['modest', 'other']));
});

test('what waits at the end is told', async () => {
  const jobs = Promise.allSettled(Array.from({ length: 6 }, () => run('a', 'x')));
  await close();
  expect((await jobs).every(({ status }) => status === 'rejected')).toBe(true);
});
