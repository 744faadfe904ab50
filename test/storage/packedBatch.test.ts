// Batches that cross to the writer's thread as lists arrive as they were.

import { requestColumns } from '../../gateway/src/storage/sqlite/columns';
import { packBatch, packResults, unpackBatch, unpackResults } from '../../gateway/src/storage/sqlite/packedBatch';
import type { Entry, EntryResult } from '../../gateway/src/storage/entries';
import type { RequestRow } from '../../gateway/src/storage/rows';
import { extendEntry, limit, openRequest, reserveEntry, settleEntry } from './samples';

/** Through the structured clone that messages between threads go through. */
const across = (batch: readonly Entry[]) => unpackBatch(structuredClone(packBatch(batch)));

const daily = limit({ kind: 'key', name: 'k1' }, 'tokens', 1_000);
const everybody = { ...limit({ kind: 'all' }, 'usd', 5), shadow: true };
const reserved = reserveEntry('r1', [daily, everybody]);

test('reservations and settlements arrive whole, every field in its place', () => {
  // Each field with a value of its own, so that two of them cannot have changed places.
  const row = Object.fromEntries(requestColumns.map((name, i) => [name, `${name} ${i}`])) as unknown as RequestRow;
  const request = Object.fromEntries(Object.keys(openRequest()).map((name, i) => [name, `${name} ${i}`]));
  const batch: Entry[] = [
    reserved,
    { ...reserved, output: undefined, nanoBeside: 7, oldSecret: true, request: request as never },
    { ...settleEntry(reserved, 1, 2), row },
    { ...settleEntry(reserved, 1, 2), dearestRates: '{}' },
    extendEntry('r1', [daily], 90, 10),
    { type: 'release', id: 'r1', limits: [everybody] },
    { type: 'reprice', id: 'r1', limits: [], nano: 3 },
  ];
  expect(across(batch)).toEqual(batch);
  expect(Object.keys(across([batch[2]!])[0]!)).toEqual(Object.keys(batch[2]!));
});

test('fields that were left out stay absent, not undefined', () => {
  for (const entry of [reserved, settleEntry(reserved, 1, 2)]) {
    const [arrived] = across([entry]);
    expect(Object.keys(arrived!).sort()).toEqual(Object.keys(entry).sort());
  }
  expect(across([reserved])[0]!.limits.map((each) => Object.keys(each))).toEqual(
    reserved.limits.map((each) => Object.keys(each)),
  );
});

test.each<[string, object]>([
  ['no row', { type: 'settle', limits: [daily], rates: '{}' }],
  ['no request', { ...reserved, request: undefined }],
  ['no limits', { ...reserved, limits: undefined }],
  ['a limit without a subject', { ...reserved, limits: [{ ...daily, subject: null }] }],
  ['no limit in its place', { ...reserved, limits: [null] }],
])('an entry of a form that the storage refuses crosses as it is: %s', (_name, entry) => {
  expect(across([entry as Entry])).toEqual([entry]);
});

test('results come back as they were', () => {
  const tightest = { limit: 1, spent: 2, reserved: 3, left: 4 };
  const results: EntryResult[] = [
    { type: 'done' },
    { type: 'admitted', output: 9 },
    { type: 'admitted', output: 9, tightest },
    { type: 'admitted', output: 9, roomy: true },
    { type: 'admitted', output: 9, tightest, roomy: true },
    { type: 'admitted', output: 9, tightest: { ...tightest, amount: 5 }, roomy: true },
    { type: 'admitted', output: 9, tightest: { ...tightest, amount: 5 } },
    { type: 'admitted', output: 9, tightest, nearing: [tightest] },
    { type: 'admitted', output: 9, shadowed: [0] },
    { type: 'refused', tightest, wanted: 7 },
    { type: 'revoked' },
    { type: 'extended', granted: 0 },
    { type: 'repriced', fits: true },
    { type: 'failed', cause: 'output' },
  ];
  expect(unpackResults(structuredClone(packResults(results)))).toStrictEqual(results);
});
