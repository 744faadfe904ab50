// What every storage does, whatever is behind it. Run on SQLite in this thread and on its own threads, and on the model.

import type { Entry, EntryResult, LimitWindow } from '../../gateway/src/storage/entries';
import type { RequestFilter, UsageDimension } from '../../gateway/src/storage/reports';
import type { Storage } from '../../gateway/src/storage/storage';
import { day, extendEntry, hour, keyRow, limit, morning, reserveEntry, settleEntry } from './samples';

/** One ledger, and the instances that share it. */
export interface World {
  /** Opens it as an instance. An instance that closes with open requests has died as far as others can see. */
  open(instance: string): Promise<Storage>;
  remove(): Promise<void>;
}

const key1 = { kind: 'key', name: 'k1' } as const;
const ada = { kind: 'user', name: 'ada' } as const;
const red = { kind: 'tag', name: 'red' } as const;
const all = { kind: 'all' } as const;
const max = Number.MAX_SAFE_INTEGER;

export function describeStorage(name: string, newWorld: () => World): void {
  describe(name, () => {
    let world: World;
    let storage: Storage;
    const opened: Storage[] = [];
    const open = async (instance: string) => {
      const made = await world.open(instance);
      opened.push(made);
      return made;
    };
    const close = async (made: Storage) => {
      opened.splice(opened.indexOf(made), 1);
      await made.close();
    };
    beforeEach(async () => {
      world = newWorld();
      storage = await open('a');
      await storage.putKeys([keyRow('k1'), keyRow('k2', { user: 'ada', tags: '["red"]' })]);
    });
    afterEach(async () => {
      for (const each of opened.splice(0)) await each.close();
      await world.remove();
    });

    const commit = (...batch: readonly Entry[]) => storage.commit(batch, morning);
    const one = async (entry: Entry): Promise<EntryResult> => (await commit(entry))[0]!;
    const counters = async (of: LimitWindow, from = storage) => {
      const { spent, reserved } = (await from.budgets([of]))[0]!;
      return { spent: { ...spent }, reserved: { ...reserved } };
    };
    const tokens = async (of: LimitWindow, from = storage) => {
      const { spent, reserved } = await counters(of, from);
      return [spent.tokens, reserved.tokens];
    };
    const rows = async () =>
      (await storage.requests({}, undefined, 100)).rows.map(({ id, kind, counted }) => `${id} ${kind} ${counted}`);

    describe('one request', () => {
      const daily = limit(key1, 'tokens', 1_000);
      const dollars = limit(key1, 'usd', 10_000);
      const count = limit(key1, 'requests', 5);
      const limits = [daily, dollars, count];

      test('is reserved, extended and settled at what it used', async () => {
        const entry = reserveEntry('r1', limits);
        expect(await one(entry)).toEqual({
          type: 'admitted',
          output: 90,
          tightest: { limit: 0, spent: 0, reserved: 100, left: 900 },
        });
        expect(await counters(daily)).toEqual({
          spent: { tokens: 0, nano: 0, requests: 0 },
          reserved: { tokens: 100, nano: 190, requests: 1 },
        });
        expect(await one(extendEntry('r1', limits, 90, 60))).toEqual({ type: 'extended', granted: 60 });
        expect(await counters(dollars)).toMatchObject({ reserved: { tokens: 160, nano: 310, requests: 1 } });
        expect(await one(settleEntry(entry, 12, 30))).toEqual({ type: 'done' });
        for (const each of limits)
          expect(await counters(each)).toEqual({
            spent: { tokens: 42, nano: 72, requests: 1 },
            reserved: { tokens: 0, nano: 0, requests: 0 },
          });
        const { hash: _, ...row } = settleEntry(entry, 12, 30).row;
        expect(await storage.requestById('r1')).toMatchObject(row);
        expect(await storage.requestById('r2')).toBeUndefined();
        expect(await storage.rates([row.rates, 'none'])).toEqual(
          new Map([[row.rates, settleEntry(entry, 1, 1).rates]]),
        );
      });

      test('every entry may be committed twice, with the effect of once [G5]', async () => {
        const entry = reserveEntry('r1', limits);
        await one(entry);
        expect(await one(entry)).toEqual({ type: 'admitted', output: 90 });
        const extension = extendEntry('r1', limits, 90, 60);
        expect(await commit(extension, extension)).toEqual([
          { type: 'extended', granted: 60 },
          { type: 'extended', granted: 60 },
        ]);
        expect(await tokens(daily)).toEqual([0, 160]);
        const settled = settleEntry(entry, 12, 30);
        expect(await commit(settled, settled)).toEqual([{ type: 'done' }, { type: 'done' }]);
        expect(await one(settled)).toEqual({ type: 'done' });
        expect(await tokens(daily)).toEqual([42, 0]);
        expect(await rows()).toEqual(['r1 request 42']);
        const release = { type: 'release', id: 'r1', limits } as const;
        expect(await commit(release, release)).toEqual([{ type: 'done' }, { type: 'done' }]);
        expect(await tokens(daily)).toEqual([42, 0]);
      });

      test('a batch whose answer was lost is committed again by the next connection', async () => {
        const first = reserveEntry('r1', limits);
        const batch = [settleEntry(first, 1, 1), reserveEntry('r2', limits), reserveEntry('r3', [])];
        await commit(first);
        await commit(...batch);
        await close(storage);
        storage = await open('a');
        expect(await commit(...batch)).toEqual([
          { type: 'done' },
          { type: 'admitted', output: 90 },
          { type: 'admitted', output: 90 },
        ]);
        expect(await counters(daily)).toEqual({
          spent: { tokens: 2, nano: 3, requests: 1 },
          reserved: { tokens: 100, nano: 190, requests: 1 },
        });
      });

      test('is not opened again once it is settled', async () => {
        const entry = reserveEntry('r1', limits);
        await one(entry);
        await one(settleEntry(entry, 12, 30));
        expect(await one(entry)).toMatchObject({ type: 'admitted' });
        expect(await tokens(daily)).toEqual([42, 0]);
        expect(await one(extendEntry('r1', limits, 90, 60))).toEqual({ type: 'extended', granted: 0 });
      });

      test('is released as if it had never been', async () => {
        await one(reserveEntry('r1', limits));
        expect(await one({ type: 'release', id: 'r1', limits })).toEqual({ type: 'done' });
        expect(await counters(count)).toMatchObject({ spent: { requests: 0 }, reserved: { requests: 0 } });
        expect(await rows()).toEqual([]);
      });

      test('settled above its reservation, it is booked, and blocks the next', async () => {
        const entry = reserveEntry('r1', [daily]);
        await one(entry);
        await one(settleEntry(entry, 1_500, 30));
        expect(await tokens(daily)).toEqual([1_530, 0]);
        expect(await one(reserveEntry('r2', [daily]))).toEqual({
          type: 'refused',
          tightest: { limit: 0, spent: 1_530, reserved: 0, left: -530 },
          wanted: 100,
        });
      });

      test('without limits, everything is admitted', async () => {
        expect(await one(reserveEntry('r1', [], 1_000_000))).toEqual({
          type: 'admitted',
          output: 1_000_000,
          roomy: true,
        });
        expect(await one(reserveEntry('r2', [], 'unnamed'))).toEqual({
          type: 'admitted',
          output: 50,
          roomy: true,
        });
        expect(await one(extendEntry('r1', [], 1_000_000, 7))).toEqual({ type: 'extended', granted: 7 });
      });

      test('one that was never reserved is booked all the same', async () => {
        await one(settleEntry(reserveEntry('lost', [daily]), 5, 5));
        expect(await tokens(daily)).toEqual([10, 0]);
        expect(await rows()).toEqual(['lost request 10']);
      });
    });

    describe('admission', () => {
      test('all limits hold, or none does', async () => {
        const roomy = limit(key1, 'tokens', 1_000);
        const tight = limit(all, 'tokens', 99);
        expect(await one(reserveEntry('r1', [roomy, tight]))).toEqual({
          type: 'refused',
          tightest: { limit: 1, spent: 0, reserved: 0, left: 99 },
          wanted: 100,
        });
        expect(await tokens(roomy)).toEqual([0, 0]);
        expect(await one(reserveEntry('r2', [roomy, tight], 89))).toMatchObject({ type: 'admitted' });
        expect([await tokens(roomy), await tokens(tight)]).toEqual([
          [0, 99],
          [0, 99],
        ]);
      });

      test.each([
        ['tokens', limit(key1, 'tokens', 250), 2, 100],
        ['usd', limit(key1, 'usd', 400), 2, 190],
        ['requests', limit(key1, 'requests', 2), 2, 1],
      ] as const)('of %s is exact among many at once', async (_measure, each, fit, wanted) => {
        const results = await commit(...Array.from({ length: 5 }, (_, i) => reserveEntry(`r${i}`, [each])));
        expect(results.filter(({ type }) => type === 'admitted')).toHaveLength(fit);
        expect(results.at(-1)).toMatchObject({ type: 'refused', wanted });
      });

      test('what a settlement frees is there for the reservations of its batch, in any order', async () => {
        const daily = limit(key1, 'tokens', 100);
        const first = reserveEntry('r1', [daily]);
        await one(first);
        const results = await commit(
          reserveEntry('r2', [daily]),
          settleEntry(first, 0, 0),
          reserveEntry('r3', [daily]),
        );
        expect(results.map(({ type }) => type)).toEqual(['admitted', 'done', 'refused']);
      });

      test('output that is not named shrinks to what is left, down to one token', async () => {
        const daily = limit(key1, 'tokens', 100);
        expect(await one(reserveEntry('r1', [daily], 'unnamed'))).toMatchObject({ type: 'admitted', output: 50 });
        expect(await one(reserveEntry('r2', [daily], 'unnamed'))).toMatchObject({ type: 'admitted', output: 30 });
        expect(await one(reserveEntry('r3', [daily], 'unnamed'))).toMatchObject({ type: 'refused', wanted: 11 });
        const mine = { key: 'k2' };
        const dollars = limit({ kind: 'key', name: 'k2' }, 'usd', 30);
        expect(await one(reserveEntry('r4', [dollars], 'unnamed', mine))).toMatchObject({
          type: 'admitted',
          output: 10,
        });
        expect(await one(reserveEntry('r5', [dollars], 'unnamed', mine))).toMatchObject({
          type: 'refused',
          wanted: 12,
        });
        const unpaid = { nanoPerInput: 0, nanoPerOutput: 0 };
        expect(await one(reserveEntry('r6', [dollars], 'unnamed', mine, unpaid))).toMatchObject({ output: 50 });
        const more = limit({ kind: 'key', name: 'k2' }, 'usd', 62); // of which 32 are left
        expect(await one(reserveEntry('r7', [more], 'unnamed', mine, { nanoBeside: 14 }))).toMatchObject({ output: 4 });
      });

      test('what is charged beside tokens is held, and given back', async () => {
        const dollars = limit(key1, 'usd', 100);
        const searching = (id: string, nanoBeside: number) => one(reserveEntry(id, [dollars], 20, {}, { nanoBeside }));
        expect(await searching('r1', 51)).toMatchObject({ type: 'refused', wanted: 101 });
        expect(await searching('r2', 50)).toMatchObject({ type: 'admitted', tightest: { left: 0 } });
        await one({ type: 'release', id: 'r2', limits: [dollars] });
        expect(await searching('r3', 0)).toMatchObject({ type: 'admitted', tightest: { left: 50 } });
      });

      test('an extension takes what there is, and nothing where nothing is left', async () => {
        const daily = limit(key1, 'tokens', 130);
        await one(reserveEntry('r1', [daily]));
        expect(await one(extendEntry('r1', [daily], 90, 60))).toEqual({ type: 'extended', granted: 30 });
        expect(await one(extendEntry('r1', [daily], 120, 60))).toEqual({ type: 'extended', granted: 0 });
        expect(await tokens(daily)).toEqual([0, 130]);
        const dollars = limit({ kind: 'key', name: 'k2' }, 'usd', 195);
        await one(reserveEntry('r2', [dollars], 90, { key: 'k2' }));
        expect(await one(extendEntry('r2', [dollars], 90, 60))).toEqual({ type: 'extended', granted: 2 });
        expect(await one(extendEntry('nobody', [daily], 90, 60))).toEqual({ type: 'extended', granted: 0 });
      });

      test('the tightest limit is of tokens, then of requests, then of USD, with the least left', async () => {
        const limits = [
          limit(key1, 'usd', 200),
          limit(key1, 'requests', 3),
          limit(all, 'tokens', 5_000),
          limit(key1, 'tokens', 1_000),
        ];
        expect(await one(reserveEntry('r1', limits))).toMatchObject({ tightest: { limit: 3, left: 900 } });
        expect(await one(reserveEntry('r2', limits.slice(0, 2), 0))).toMatchObject({ tightest: { limit: 1, left: 1 } });
        expect(await one(reserveEntry('r3', limits.slice(0, 1), 0))).toMatchObject({ type: 'refused', wanted: 10 });
      });

      test('a lowered limit refuses the next request and extension, a raised one lets them in', async () => {
        const wide = limit(key1, 'tokens', 1_000);
        await one(reserveEntry('r1', [wide]));
        const low = { ...wide, amount: 50 };
        expect(await one(reserveEntry('r2', [low]))).toMatchObject({ type: 'refused', tightest: { left: -50 } });
        expect(await one(extendEntry('r1', [low], 90, 10))).toEqual({ type: 'extended', granted: 0 });
        expect(await one(reserveEntry('r3', [{ ...wide, amount: 200 }]))).toMatchObject({ type: 'admitted' });
      });

      test('a revoked key is refused by the transaction that would admit it, whoever revoked it', async () => {
        expect(await one(reserveEntry('r0', [], 1, { key: 'nobody' }))).toEqual({ type: 'revoked' });
        const entry = reserveEntry('r1');
        expect(await one(entry)).toMatchObject({ type: 'admitted' });
        const other = await open('b');
        await other.putKeys([keyRow('k1', { revoked_at: morning })]);
        expect(await one(reserveEntry('r2'))).toEqual({ type: 'revoked' });
        expect(await one(reserveEntry('r3', [], 1, { key: 'k2' }))).toMatchObject({ type: 'admitted' });
        // Admitted before it was revoked, with the answer lost: it holds, and must be known to hold.
        expect(await one(entry)).toMatchObject({ type: 'admitted' });
        await other.putKeys([keyRow('k1')]);
        expect(await one(reserveEntry('r4'))).toMatchObject({ type: 'admitted' });
      });
    });

    describe('requests in flight', () => {
      const two = limit(key1, 'parallel', 2, morning, 'lifetime');

      test('are counted while they are open, whatever was spent', async () => {
        const [first, second] = [reserveEntry('r1', [two]), reserveEntry('r2', [two])];
        expect(await commit(first, second, reserveEntry('r3', [two]))).toMatchObject([
          { type: 'admitted' },
          { type: 'admitted' },
          { type: 'refused', tightest: { spent: 0, reserved: 2, left: 0 }, wanted: 1 },
        ]);
        expect(await one(first)).not.toHaveProperty('tightest'); // what is left of it is no news for a client
        expect(await commit(settleEntry(first, 9_000, 9_000), reserveEntry('r4', [two]))).toMatchObject([
          { type: 'done' },
          { type: 'admitted' },
        ]);
        const later = limit(key1, 'parallel', 1, morning, 'lifetime');
        const [begun] = await storage.budgets([{ ...later, id: 'set later' }]);
        expect(begun?.spent).toMatchObject({ tokens: 100 + 100, requests: 2 }); // what is open, nothing that has ended
      });
    });

    describe('a shadow limit', () => {
      const shadow = { ...limit(key1, 'tokens', 150), shadow: true };
      const daily = limit(all, 'tokens', 1_000);

      test('admits what does not fit, tells so, and books only what it would have admitted', async () => {
        const [first, second] = [reserveEntry('r1', [shadow, daily]), reserveEntry('r2', [shadow, daily])];
        expect(await one(first)).not.toHaveProperty('shadowed');
        expect(await one(second)).toMatchObject({ type: 'admitted', shadowed: [0], tightest: { limit: 1, left: 800 } });
        expect(await one(second)).toEqual({ type: 'admitted', output: 90, shadowed: [0] }); // its answer was lost
        expect([await tokens(shadow), await tokens(daily)]).toEqual([
          [0, 100],
          [0, 200],
        ]);
        await one(settleEntry(second, 40, 40));
        expect([await tokens(shadow), await tokens(daily)]).toEqual([
          [0, 100],
          [80, 100],
        ]);
        await one({ type: 'release', id: 'r1', limits: first.limits });
        expect(await tokens(shadow)).toEqual([0, 0]);
      });

      test('takes no part in what an answer may have', async () => {
        expect(await one(reserveEntry('r1', [{ ...shadow, amount: 20 }], 'unnamed'))).toMatchObject({ output: 50 });
        expect(await one(extendEntry('r1', [shadow], 50, 900))).toEqual({ type: 'extended', granted: 900 });
      });
    });

    describe('a dearer target', () => {
      const dollars = limit(key1, 'usd', 1_000);
      const shadow = { ...limit(all, 'usd', 200), shadow: true };

      test('is held before it is asked, where its dollars fit', async () => {
        const entry = reserveEntry('r1', [dollars]); // 190
        await one(entry);
        const reprice = (nano: number, limits = [dollars]) => one({ type: 'reprice', id: 'r1', limits, nano });
        expect(await reprice(900, [dollars])).toEqual({ type: 'repriced', fits: true });
        expect(await reprice(900)).toEqual({ type: 'repriced', fits: true });
        expect(await reprice(1_001)).toEqual({ type: 'repriced', fits: false });
        expect(await reprice(50)).toEqual({ type: 'repriced', fits: true }); // cheaper: what is held stays
        expect(await counters(dollars)).toMatchObject({ reserved: { tokens: 100, nano: 900, requests: 1 } });
        await one(settleEntry(entry, 1, 1));
        expect(await counters(dollars)).toMatchObject({ spent: { nano: 3 }, reserved: { nano: 0 } });
        expect(await reprice(1)).toEqual({ type: 'repriced', fits: false }); // it is no longer open
      });

      test('is not refused by a shadow limit', async () => {
        await one(reserveEntry('r1', [shadow]));
        const repriced = await one({ type: 'reprice', id: 'r1', limits: [shadow], nano: 5_000 });
        expect(repriced).toEqual({ type: 'repriced', fits: true });
      });
    });

    describe('a limit that begins in the middle of its window', () => {
      const subjects = [
        ['a key', { kind: 'key', name: 'k2' } as const],
        ['a user', ada],
        ['a tag', red],
        ['all', all],
      ] as const;
      const mine = { key: 'k2', user: 'ada', tags: '["blue","red"]' };

      test.each(subjects)('counts what %s used and holds', async (_name, subject) => {
        const settled = reserveEntry('r1', [], 90, { ...mine, started_at: morning - hour });
        const yesterday = reserveEntry('r2', [], 90, { ...mine, started_at: morning - day });
        const openNow = reserveEntry('r3', [], 90, mine);
        const openYesterday = reserveEntry('r4', [], 90, { ...mine, started_at: morning - day });
        const other = reserveEntry('r5', [], 90, { user: 'bob', tags: '["redder"]' });
        await commit(settled, yesterday, openNow, openYesterday, other);
        await commit(settleEntry(settled, 3, 4), settleEntry(yesterday, 500, 500));
        const daily = limit(subject, 'tokens', 1_000);
        const expected = { tokens: 7 + 100, nano: 11 + 190, requests: 2 };
        if (subject.kind === 'all') Object.assign(expected, { tokens: 207, nano: 391, requests: 3 });
        expect(await counters(daily)).toEqual({ spent: expected, reserved: { tokens: 0, nano: 0, requests: 0 } });
        expect(await one(reserveEntry('r6', [daily], 0, mine))).toMatchObject({ type: 'admitted' });
        expect(await tokens(daily)).toEqual([expected.tokens, 10]);
        // What was admitted without the limit does not settle in it.
        await one(settleEntry(openNow, 0, 0));
        expect(await tokens(daily)).toEqual([expected.tokens, 10]);
      });

      test('counts what its own batch settles', async () => {
        const entry = reserveEntry('r1');
        const late = reserveEntry('never', [limit(all, 'tokens', 1_000)]);
        await one(entry);
        await commit(
          settleEntry(entry, 3, 4),
          settleEntry(late, 10, 0),
          reserveEntry('r2', [limit(key1, 'tokens', 1_000)]),
        );
        expect(await tokens(limit(all, 'tokens', 1_000))).toEqual([17, 0]);
        expect(await tokens(limit(key1, 'tokens', 1_000))).toEqual([17, 100]);
      });
    });

    describe('windows [G7]', () => {
      const night = Date.UTC(2026, 10, 30, 23, 59); // a Monday, the last of its month

      test.each([
        ['minute', night, night + 60_000],
        ['day', night, night + 120_000],
        ['week', Date.UTC(2026, 10, 29, 23, 59), night],
        ['month', night, night + 120_000],
      ] as const)(
        'a new %s begins with nothing, and a request belongs to the one it was admitted in',
        async (per, before, after) => {
          const old = limit(key1, 'tokens', 150, before, per);
          const next = limit(key1, 'tokens', 150, after, per);
          const entry = reserveEntry('r1', [old], 90, { started_at: before });
          await one(entry);
          expect(await one(reserveEntry('r2', [old], 90, { started_at: before }))).toMatchObject({ type: 'refused' });
          // The first is in flight when the new window begins.
          expect(await one(reserveEntry('r3', [next], 90, { started_at: after }))).toMatchObject({ type: 'admitted' });
          expect(await tokens(next)).toEqual([0, 100]);
          await one(settleEntry(entry, 60, 60, { ended_at: after }));
          expect([await tokens(old), await tokens(next)]).toEqual([
            [120, 0],
            [0, 100],
          ]);
        },
      );

      test('a lifetime never begins anew', async () => {
        const old = limit(key1, 'requests', 1, 0, 'lifetime');
        const next = limit(key1, 'requests', 1, morning + 365 * day, 'lifetime');
        await one(reserveEntry('r1', [old]));
        expect(await one(reserveEntry('r2', [next]))).toMatchObject({ type: 'refused' });
      });
    });

    describe('a value that cannot be kept', () => {
      const daily = limit(key1, 'tokens', 100_000);
      const long = 'x'.repeat(1_048_576);
      const asNumbers = (field: string): [string, object[]] => [
        field,
        [NaN, 1.5, 2 ** 60, -1, Infinity].map((value) => ({ [field]: value })),
      ];
      const rowPoisons: [string, object[]][] = [
        ...['counted', 'cost', 'input', 'provider_cost', 'audio', 'searches', 'started_at', 'max_output'].map(
          asNumbers,
        ),
        ['long texts', ['requested', 'end_user', 'attempts', 'tags'].map((field) => ({ [field]: long }))],
        ['missing fields', ['tags', 'counted', 'end_user', 'model'].map((field) => ({ [field]: undefined }))],
        ['tags that are no list', [{ tags: 'oops' }, { tags: '{}' }]],
      ];
      const { request } = reserveEntry('x');
      const reservePoisons: [string, object[]][] = [
        ...['input', 'output', 'defaultOutput', 'nanoPerInput', 'nanoPerOutput', 'nanoBeside'].map(asNumbers),
        ['its texts', [{ key: long }, { request: { ...request, tags: JSON.stringify([long]) } }]],
        ['its request', [{ request: undefined }, ...['started_at', 'model', 'user'].map((field) => ({ request: { ...request, [field]: undefined } }))]],
        ['its limits', [{ limits: undefined }, { limits: [{ ...daily, amount: NaN }] }, { limits: [{ ...daily, id: long }] }]],
      ]; // prettier-ignore

      test.each(rowPoisons)(
        'of a settlement fails it alone, and books what was reserved: %s [L1]',
        async (_name, poisons) => {
          const bad = poisons.map((_poison, i) => reserveEntry(`bad${i}`, [daily]));
          const good = reserveEntry('good', [daily]);
          await commit(...bad, good);
          const failing = bad.map((entry, i) => settleEntry(entry, 1, 1, poisons[i]));
          const results = await commit(...failing, settleEntry(good, 2, 3), reserveEntry('next', [daily]));
          expect(results.map(({ type }) => type)).toEqual([...bad.map(() => 'failed'), 'done', 'admitted']);
          const after = [bad.length * 100 + 5, 100];
          expect(await tokens(daily)).toEqual(after);
          expect((await rows()).sort()).toEqual([...bad.map(({ id }) => `${id} crash 100`), 'good request 5']);
          expect((await commit(...failing)).map(({ type }) => type)).toEqual(bad.map(() => 'failed'));
          expect(await tokens(daily)).toEqual(after);
          // Sums of tags are still made of lists.
          expect(await tokens(limit(red, 'tokens', 1_000))).toEqual([0, 0]);
        },
      );

      test.each(reservePoisons)('of a reservation fails it alone: %s', async (_name, poisons) => {
        const good = reserveEntry('good', [daily]);
        await one(good);
        const bad = poisons.map((poison, i) => ({ ...reserveEntry(`bad${i}`, [daily]), ...poison }));
        const batch = [reserveEntry('one', [daily]), ...bad, settleEntry(good, 2, 3), reserveEntry('two', [daily])];
        const results = (await commit(...batch)).map(({ type }) => type);
        expect(results).toEqual(['admitted', ...bad.map(() => 'failed'), 'done', 'admitted']);
        expect(await tokens(daily)).toEqual([5, 200]);
        await close(storage);
        storage = await open('b');
        expect(await storage.settleDead(morning)).toBe(2);
      });

      test.each(['by', 'from', 'nanoPerOutput'].map(asNumbers))(
        'of an extension fails it alone: %s',
        async (_name, poisons) => {
          const bad = poisons.map((poison) => ({ ...extendEntry('r1', [daily], 90, 10), ...poison }));
          const results = await commit(reserveEntry('r1', [daily]), ...bad);
          expect(results.map(({ type }) => type)).toEqual(['admitted', ...bad.map(() => 'failed')]);
          expect(await tokens(daily)).toEqual([0, 100]);
        },
      );

      test('the greatest amounts are kept, and sums of them stay readable [G10]', async () => {
        const entries = ['r1', 'r2', 'r3'].map((id) => reserveEntry(id, [daily], 0));
        await commit(...entries);
        await commit(...entries.map((entry) => settleEntry(entry, max, max, { counted: max, raw: max, cost: max })));
        expect(await tokens(daily)).toEqual([max, 0]);
        expect(await tokens(limit(all, 'tokens', 1))).toEqual([max, 0]);
        const sums = (await storage.usageOfKeys(morning, morning + hour)).get('k1');
        expect(sums).toEqual({ requests: 3, counted: max, raw: max, cost: max, reserved: 0 });
        expect((await storage.requests({}, undefined, 10)).rows).toHaveLength(3);
        expect(await one(reserveEntry('r4', [], max))).toMatchObject({ type: 'admitted' });
        expect(await one(reserveEntry('r5', [daily]))).toMatchObject({ type: 'refused' });
        expect(await one(reserveEntry('r6', [limit(key1, 'usd', 1)]))).toMatchObject({ type: 'refused' });
      });
    });

    describe('dead instances', () => {
      const daily = limit(key1, 'tokens', 1_000);

      test('what they left open is booked at what it held; what the living hold stays', async () => {
        const other = await open('b');
        await commit(reserveEntry('dead1', [daily]), reserveEntry('dead2', [], 90, { key: 'k2', user: 'ada' }));
        await other.commit([reserveEntry('alive', [daily])], morning);
        expect(await other.settleDead(morning)).toBe(0);
        await close(storage);
        expect(await other.settleDead(morning + 9)).toBe(2);
        expect(await other.settleDead(morning + 9)).toBe(0);
        storage = other;
        expect(await tokens(daily)).toEqual([100, 100]);
        expect(await storage.requestById('dead1')).toMatchObject({
          instance: 'a', kind: 'crash', outcome: 'crashed', estimated: 1, counted: 100, input: 10, output: 90, cost: 190,
          ended_at: morning + 9, started_at: morning, model: 'm',
        }); // prettier-ignore
        expect((await storage.usageOfKeys(morning, morning + 1)).get('k2')).toMatchObject({
          requests: 1,
          counted: 100,
        });
      });

      test('an owner that was taken for dead settles a correction, once [G5]', async () => {
        const entry = reserveEntry('r1', [daily]);
        await one(entry);
        await close(storage);
        const other = await open('b');
        await other.settleDead(morning);
        storage = await open('a');
        expect(await one(entry)).toEqual({ type: 'admitted', output: 90 });
        expect(await one(extendEntry('r1', [daily], 90, 10))).toEqual({ type: 'extended', granted: 0 });
        const settled = settleEntry(entry, 20, 5);
        expect(await commit(settled, settled)).toEqual([{ type: 'done' }, { type: 'done' }]);
        expect(await one(settled)).toEqual({ type: 'done' });
        expect(await counters(daily)).toMatchObject({ spent: { tokens: 25, nano: 30, requests: 1 } });
        expect(await rows()).toEqual(['r1.correction correction -75', 'r1 crash 100']);
        expect(await storage.requestById('r1.correction')).toMatchObject({ corrects: 'r1', input: 10, output: -85 });
        expect((await storage.usageOfKeys(morning, morning + 1)).get('k1')).toEqual({
          requests: 1,
          counted: 25,
          raw: 25,
          cost: 30,
          reserved: 0,
        });
      });

      test('an instance that closes with nothing open leaves nothing', async () => {
        const entry = reserveEntry('r1', [daily]);
        await one(entry);
        await one(settleEntry(entry, 1, 1));
        await close(storage);
        storage = await open('b');
        expect(await storage.settleDead(morning)).toBe(0);
      });

      test('what others commit is seen', async () => {
        const other = await open('b');
        await one(reserveEntry('r1', [daily], 490));
        expect(await other.commit([reserveEntry('r2', [daily], 490)], morning)).toMatchObject([{ type: 'admitted' }]);
        expect(await one(reserveEntry('r3', [daily], 490))).toMatchObject({
          type: 'refused',
          tightest: { reserved: 1_000 },
        });
        await other.commit([{ type: 'release', id: 'r2', limits: [daily] }], morning);
        expect(await one(reserveEntry('r3', [daily], 490))).toMatchObject({ type: 'admitted' });
      });
    });

    describe('keys', () => {
      test('changed keys are told once, by whomever they were changed', async () => {
        const ids = async () => (await storage.changedKeys())?.map(({ id }) => id);
        expect(await ids()).toEqual(['k1', 'k2']);
        expect(await ids()).toBeUndefined();
        await one(reserveEntry('r1'));
        expect(await ids()).toBeUndefined();
        const other = await open('b');
        await other.commit([reserveEntry('r2')], morning);
        expect(await ids()).toBeUndefined();
        await other.putKeys([keyRow('k0', { created_at: 0 })]);
        expect(await ids()).toEqual(['k0', 'k1', 'k2']);
        expect(await ids()).toBeUndefined();
        await storage.putKeys([keyRow('k1', { label: 'new' })]);
        expect((await storage.changedKeys())?.[1]).toEqual(keyRow('k1', { label: 'new' }));
        expect((await other.changedKeys())?.map(({ label }) => label)).toEqual(['k0', 'new', 'k2']);
      });

      test('and credentials have another version when one has changed, whoever changed it', async () => {
        const act = { at: morning, credential: 'master', address: null, action: 'a' };
        const other = await open('b');
        const seen = new Set<string>([await storage.version()]);
        const isNew = async () => {
          const version = await storage.version();
          expect(await storage.version()).toBe(version);
          return seen.size < seen.add(version).size;
        };
        expect(await isNew()).toBe(false);
        for (const [i, by] of [storage, other].entries()) {
          await by.putKeys([keyRow(`k${i}`, { label: 'changed' })]);
          expect(await isNew()).toBe(true);
          await by.changeKey('k1', { note: `${i}` });
          expect(await isNew()).toBe(true);
          const made = { sha256: `hash of c${i}`, label: 'c', scopes: '[]', created_at: 1 };
          await by.putCredential({ id: `c${i}`, ...made, expires_at: null, revoked_at: null }, act);
          expect(await isNew()).toBe(true);
        }
        expect(await isNew()).toBe(false);
      });

      test('are found by id and by their present secret; rotation keeps the rest', async () => {
        expect(await storage.keyById('k1')).toEqual(keyRow('k1'));
        expect(await storage.keyByHash('hash of k2')).toMatchObject({ id: 'k2' });
        expect(await storage.keyById('k9')).toBeUndefined();
        expect(await storage.keyByHash('nothing')).toBeUndefined();
        const rotated = keyRow('k1', {
          sha256: 'new hash',
          previous_sha256: 'hash of k1',
          previous_until: morning,
          rotated_at: morning,
          created_at: 77, // of no effect
        });
        await storage.putKeys([rotated]);
        expect(await storage.keyByHash('new hash')).toEqual({ ...rotated, created_at: 1 });
        expect(await storage.keyByHash('hash of k1')).toBeUndefined();
      });

      test('that were revoked through the administration stay so until they come with a later generation', async () => {
        const configured = (generation: number) => keyRow('k1', { source: 'config', generation });
        await storage.putKeys([configured(1)]);
        await storage.changeKey('k1', { revoked_at: morning, revoked_generation: 1 });
        await storage.putKeys([{ ...configured(1), label: 'new' }]);
        expect(await storage.keyById('k1')).toEqual({
          ...configured(1),
          ...{ label: 'new', revoked_at: morning, revoked_generation: 1 },
        });
        expect(await one(reserveEntry('r1'))).toEqual({ type: 'revoked' });
        await storage.putKeys([configured(2)]);
        expect(await storage.keyById('k1')).toEqual(configured(2));
        expect(await one(reserveEntry('r1'))).toMatchObject({ type: 'admitted' });
      });

      test('are written all or none', async () => {
        const clash = keyRow('k4', { sha256: 'hash of k1' });
        await expect(storage.putKeys([keyRow('k3'), clash])).rejects.toThrow();
        expect(await storage.keyById('k3')).toBeUndefined();
        expect(await one(reserveEntry('r1', [], 1, { key: 'k3' }))).toEqual({ type: 'revoked' });
      });
    });

    describe('top-ups and overrides', () => {
      const pot = limit(key1, 'usd', 1_000, morning, 'lifetime');
      const daily = limit(key1, 'tokens', 100);
      const topUp = (id: string, amount: number, by = storage) =>
        by.changeKey('k1', {}, { limits: [{ id, topUp: amount }] });
      const reserveAt = async (id: string, of: LimitWindow, at: number, by = storage) =>
        (await by.commit([reserveEntry(id, [of], 90, { started_at: at })], at))[0]!;

      test('a top-up adds to what is left and resets nothing, also where another instance made it', async () => {
        for (let i = 1; i <= 5; i++)
          expect(await one(reserveEntry(`r${i}`, [pot]))).toMatchObject({ type: 'admitted' });
        expect(await one(reserveEntry('r6', [pot]))).toMatchObject({ type: 'refused', wanted: 190 });
        await topUp(pot.id, 139, await open('b'));
        expect(await one(reserveEntry('r7', [pot]))).toMatchObject({
          type: 'refused',
          tightest: { left: 189, reserved: 950, amount: 1_139 },
        });
        await topUp(pot.id, 1);
        expect(await one(reserveEntry('r8', [pot]))).toMatchObject({
          type: 'admitted',
          tightest: { left: 0, amount: 1_140 },
        });
        expect((await storage.budgets([pot]))[0]).toMatchObject({
          reserved: { nano: 1_140 },
          adjustment: { toppedUp: 140, override: null },
        });
      });

      test('it is there after a restart, for extensions and dearer targets too, and belongs to one limit', async () => {
        await topUp(pot.id, 100);
        await close(storage);
        storage = await open('c');
        const full = { ...pot, amount: 190 };
        expect(await one(reserveEntry('r1', [full]))).toMatchObject({ type: 'admitted', tightest: { left: 100 } });
        expect(await one(extendEntry('r1', [full], 90, 90))).toEqual({ type: 'extended', granted: 50 });
        expect(await one({ type: 'reprice', id: 'r1', limits: [full], nano: 291 })).toEqual({
          type: 'repriced',
          fits: false,
        });
        await topUp(pot.id, 1);
        expect(await one({ type: 'reprice', id: 'r1', limits: [full], nano: 291 })).toEqual({
          type: 'repriced',
          fits: true,
        });
        expect((await storage.budgets([daily]))[0]!.adjustment).toBeUndefined();
        expect(await one(reserveEntry('r2', [{ ...daily, amount: 250 }]))).toMatchObject({ tightest: { left: 0 } });
      });

      test('an override holds instead of the amount until its moment, and is ended or replaced before it', async () => {
        const until = morning + hour;
        const override = (amount: number) =>
          storage.changeKey('k1', {}, { limits: [{ id: daily.id, override: { amount, until } }] });
        expect(await reserveAt('r1', daily, morning)).toMatchObject({ type: 'admitted' });
        expect(await reserveAt('r2', daily, morning)).toMatchObject({ type: 'refused' });
        await override(300);
        expect(await reserveAt('r3', daily, until - 1)).toMatchObject({
          type: 'admitted',
          tightest: { left: 100, amount: 300 },
        });
        const late = await reserveAt('r4', daily, until);
        expect(late).toMatchObject({ type: 'refused', tightest: { left: -100 } });
        expect((late as { tightest: object }).tightest).not.toHaveProperty('amount');
        await override(200); // lower than what is held already
        expect(await reserveAt('r5', daily, morning)).toMatchObject({
          type: 'refused',
          tightest: { left: 0, amount: 200 },
        });
        await storage.changeKey('k1', {}, { limits: [{ id: daily.id, topUp: 100 }] });
        expect(await reserveAt('r6', daily, morning)).toMatchObject({
          type: 'admitted',
          tightest: { left: 0, amount: 300 },
        });
        await storage.changeKey('k1', {}, { limits: [{ id: daily.id, override: null }] });
        expect(await reserveAt('r7', daily, morning)).toMatchObject({
          type: 'refused',
          tightest: { left: -100, amount: 200 },
        });
      });

      test('one with an idempotency key is added once, by whomever it is repeated, and what it was asked is known', async () => {
        const act = { at: morning, credential: 'master', address: null, action: 'key.change' };
        const add = (by: Storage, idempotencyKey: string, contents: string, topUp = 100) =>
          by.changeKey(
            'k1',
            { label: contents },
            { limits: [{ id: pot.id, topUp }], act: { ...act, once: { idempotencyKey, contents } } },
          );
        const second = await open('b');
        expect(await storage.contentsOfAct('i1')).toBeUndefined();
        await Promise.all([add(storage, 'i1', 'five'), add(storage, 'i1', 'five'), add(second, 'i1', 'five')]);
        expect(await add(second, 'i1', 'six', 900)).toMatchObject({ label: 'five' });
        await close(storage);
        storage = await open('c');
        expect(await add(storage, 'i1', 'five')).toMatchObject({ label: 'five' });
        expect(await storage.contentsOfAct('i1')).toBe('five');
        expect((await storage.budgets([pot]))[0]!.adjustment).toMatchObject({ toppedUp: 100 });
        expect((await storage.audit('k1', undefined, 100)).rows).toHaveLength(1);
        await add(storage, 'i2', 'five');
        expect((await storage.budgets([pot]))[0]!.adjustment).toMatchObject({ toppedUp: 200 });
        expect((await storage.audit('k1', undefined, 100)).rows).toMatchObject([{ ...act }, { ...act }]);
      });

      test('what is refused leaves no idempotency key', async () => {
        const once = { idempotencyKey: 'i1', contents: 'five' };
        const act = { at: morning, credential: 'master', address: null, action: 'key.change', once };
        await storage.changeKey('k9', {}, { limits: [{ id: pot.id, topUp: 5 }], act });
        expect(await storage.contentsOfAct('i1')).toBeUndefined();
        await storage.changeKey('k1', {}, { limits: [{ id: pot.id, topUp: 5 }], act });
        expect((await storage.budgets([pot]))[0]!.adjustment).toMatchObject({ toppedUp: 5 });
      });

      test('one that changes nothing is known all the same, and leaves a row that says so', async () => {
        const act = { at: morning, credential: 'master', address: null, action: 'key.change' };
        const label = (text: string, idempotencyKey: string) =>
          storage.changeKey('k1', { label: text }, { act: { ...act, once: { idempotencyKey, contents: text } } });
        await label('k1', 'i1');
        expect(await storage.contentsOfAct('i1')).toBe('k1');
        expect((await storage.audit('k1', undefined, 100)).rows).toEqual([
          { ...act, subject: 'k1', change: JSON.stringify({ before: {}, after: {} }) },
        ]);
        await label('other', 'i2');
        expect(await label('k1', 'i1')).toMatchObject({ label: 'other' });
        expect((await storage.audit('k1', undefined, 100)).rows).toHaveLength(2);
      });

      test('a top-up of a key that is not there does nothing', async () => {
        expect(await storage.changeKey('k9', {}, { limits: [{ id: pot.id, topUp: 5 }] })).toBeUndefined();
        expect((await storage.budgets([pot]))[0]!.adjustment).toBeUndefined();
      });
    });

    describe('what the administration leaves', () => {
      const act = (action: string) => ({ at: morning, credential: 'master', address: '192.0.2.1', action });
      const acts = async (subject?: string, before?: number, count = 100) =>
        (await storage.audit(subject, before, count)).rows.map(({ change, ...row }) => ({
          ...row,
          change: JSON.parse(change) as unknown,
        }));

      test('each act leaves one row with what it changed, and none of a secret', async () => {
        await storage.putKeys([keyRow('k3', { note: 'new' }), keyRow('k1')], act('key.mint'));
        await storage.changeKey('k3', { label: 'other', sha256: 'another hash' }, { act: act('key.rotate') });
        await storage.changeKey('k3', {}, { act: act('key.change') });
        await storage.changeKey('k3', { note: null }, { act: act('key.change'), limits: [{ id: 'l', topUp: 7 }] });
        await storage.changeKey('k1', { label: 'unseen' });
        const [change, rotate, mint, ...more] = await acts();
        expect(more).toEqual([]);
        expect(mint).toMatchObject({
          ...act('key.mint'),
          subject: 'k3',
          change: { before: null, after: { note: 'new', label: 'k3' } },
        });
        expect(rotate).toEqual({
          ...act('key.rotate'),
          subject: 'k3',
          change: { before: { label: 'k3' }, after: { label: 'other' } },
        });
        expect(change!.change).toEqual({
          before: { note: 'new', limits_changed: { l: { toppedUp: 0, override: null } } },
          after: { note: null, limits_changed: { l: { toppedUp: 7, override: null } } },
        });
        expect(JSON.stringify(await acts())).not.toContain('hash');
      });

      test('pages reach the beginning, of all and of one key', async () => {
        for (let i = 0; i < 5; i++)
          await storage.changeKey(i % 2 === 0 ? 'k1' : 'k2', { label: `l${i}` }, { act: act(`a${i}`) });
        const first = await storage.audit(undefined, undefined, 2);
        expect(first.rows.map(({ action }) => action)).toEqual(['a4', 'a3']);
        const second = await storage.audit(undefined, first.reached, 2);
        expect(second.rows.map(({ action }) => action)).toEqual(['a2', 'a1']);
        const last = await storage.audit(undefined, second.reached, 2);
        expect([last.rows.map(({ action }) => action), last.reached]).toEqual([['a0'], undefined]);
        expect((await acts('k2')).map(({ action }) => action)).toEqual(['a3', 'a1']);
      });

      test('credentials are found by their hash, changed, and leave rows too', async () => {
        const row = {
          ...{ id: 'cred_1', sha256: 'hash of c', label: 'reports', scopes: '["read"]' },
          ...{ created_at: morning, expires_at: null, revoked_at: null },
        };
        await storage.putCredential(row, act('credential.mint'));
        expect(await storage.credentialByHash('hash of c')).toEqual(row);
        const ended = { ...row, revoked_at: morning };
        await storage.putCredential(ended, act('credential.revoke'));
        expect((await (await open('b')).credentials()).map((each) => ({ ...each }))).toEqual([ended]);
        expect((await acts('cred_1')).map(({ change }) => change)).toEqual([
          { before: { revoked_at: null }, after: { revoked_at: morning } },
          { before: null, after: { label: 'reports', scopes: '["read"]' } },
        ]);
      });

      test('a key was used last in the minute of its last admitted request; with an old secret apart', async () => {
        const at = morning + 61_500;
        expect((await storage.usesOfKeys()).size).toBe(0);
        await one(reserveEntry('r1', [], 90, { started_at: at }));
        await one(reserveEntry('r2', [], 90, { started_at: morning }, { oldSecret: true }));
        await one(reserveEntry('r3', [limit(key1, 'tokens', 1)], 90, { started_at: at + hour })); // refused
        expect([...(await storage.usesOfKeys())]).toEqual([
          ['k1', { last_used_at: morning + 60_000, old_secret_used_at: morning }],
        ]);
        await (await open('b')).commit([reserveEntry('r4', [], 90, { started_at: at + hour })], at);
        expect((await storage.usesOfKeys()).get('k1')).toEqual({
          last_used_at: morning + 60_000 + hour,
          old_secret_used_at: morning,
        });
      });
    });

    describe('reports and pruning', () => {
      test('the newest are told first, sums are by the hour, and pruning keeps them', async () => {
        const entries = [0, 1, 2, 3, 4].map((i) => reserveEntry(`r${i}`, [], 90, { started_at: morning + i * hour }));
        await commit(...entries);
        for (const entry of entries) await one(settleEntry(entry, 1, 1));
        await one(reserveEntry('open', []));
        expect((await storage.requests({}, undefined, 2)).rows.map(({ id }) => id)).toEqual(['r4', 'r3']);
        const sum = async (from: number, to: number) => (await storage.usageOfKeys(from, to)).get('k1');
        expect(await sum(morning, morning + day)).toEqual({
          requests: 5,
          counted: 10,
          raw: 10,
          cost: 15,
          reserved: 100,
        });
        expect(await sum(morning + hour, morning + 2 * hour)).toMatchObject({ requests: 1 });
        expect(await sum(morning + hour + 1, morning + 2 * hour + 1)).toMatchObject({ requests: 2 });
        expect((await storage.usageOfKeys(0, 1)).get('k2')).toBeUndefined();
        expect(await storage.prune(morning, 10)).toBe(0);
        expect(await storage.prune(morning + 3 * hour, 2)).toBe(2);
        expect(await storage.prune(morning + 3 * hour, 2)).toBe(1);
        expect(await rows()).toEqual(['r4 request 2', 'r3 request 2']);
        expect(await storage.requestById('r0')).toBeUndefined();
        expect(await sum(morning, morning + day)).toMatchObject({ requests: 5, counted: 10 });
        expect(await tokens(limit(key1, 'tokens', 1))).toEqual([10 + 100, 0]);
      });
    });

    describe('what was used, and by whom', () => {
      const requests = [
        { key: 'k1', user: 'ada', tags: '["red","lab"]', route: 'auto', model: 'm1', started_at: morning },
        { key: 'k1', user: 'ada', tags: '[]', route: null, model: 'm2', started_at: morning + 2 * hour },
        { key: 'k2', user: null, tags: '["red"]', route: 'auto', model: 'm1', started_at: morning + 20 * hour },
      ];
      beforeEach(async () => {
        await storage.putKeys([keyRow('k1'), keyRow('k2')]);
        for (const [i, request] of requests.entries()) {
          const entry = reserveEntry(`r${i}`, [], 90, request);
          await one(entry);
          const more = {
            session: i < 2 ? 's1' : null,
            outcome: i === 1 ? ('error' as const) : ('ok' as const),
            status: i === 1 ? 502 : 200,
            shadowed: i === 2 ? '["all requests day shadow"]' : '[]',
          };
          await one(settleEntry(entry, 10, 5 * (i + 1), more));
        }
      });
      const usage = async (...groupBy: UsageDimension[]) =>
        (await storage.usage({ groupBy, from: morning, to: morning + day }))
          .map((group) => [...groupBy.map((name) => group[name]), group.requests, group.output] as const)
          .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

      test('is summed by every group', async () => {
        expect(await usage()).toEqual([[3, 30]]);
        expect(await usage('key')).toEqual([['k1', 2, 15], ['k2', 1, 15]]); // prettier-ignore
        expect(await usage('user', 'model')).toEqual([['', 'm1', 1, 15], ['ada', 'm1', 1, 5], ['ada', 'm2', 1, 10]]); // prettier-ignore
        expect(await usage('tag')).toEqual([['', 1, 10], ['lab', 1, 5], ['red', 2, 20]]); // prettier-ignore
        expect(await usage('key', 'tag')).toEqual([
          ['k1', '', 1, 10],
          ['k1', 'lab', 1, 5],
          ['k1', 'red', 1, 5],
          ['k2', 'red', 1, 15],
        ]);
        expect(await usage('route')).toEqual([['', 1, 10], ['auto', 2, 20]]); // prettier-ignore
        expect(await usage('session')).toEqual([['', 1, 15], ['s1', 2, 15]]); // prettier-ignore
        expect(await usage('day')).toEqual([['2026-11-25', 2, 15], ['2026-11-26', 1, 15]]); // prettier-ignore
        expect(await usage('month', 'provider')).toEqual([['2026-11', 'openai', 3, 30]]);
        expect(await usage('hour', 'session')).toEqual([
          ['2026-11-25T10:00:00Z', 's1', 1, 5],
          ['2026-11-25T12:00:00Z', 's1', 1, 10],
          ['2026-11-26T06:00:00Z', '', 1, 15],
        ]);
        const [sum] = await storage.usage({ groupBy: [], from: morning, to: morning + hour });
        expect(sum).toMatchObject({ requests: 1, errors: 0, input: 10, counted: 15, raw: 15, cost: 20 });
      });

      test('is found row by row, in pages', async () => {
        const ids = async (filter: RequestFilter, before?: number, count = 10) =>
          (await storage.requests(filter, before, count)).rows.map(({ id }) => id);
        expect(await ids({})).toEqual(['r2', 'r1', 'r0']);
        expect(await ids({ key: 'k1' })).toEqual(['r1', 'r0']);
        expect(await ids({ model: 'm1', user: 'ada' })).toEqual(['r0']);
        expect(await ids({ status: 502 })).toEqual(['r1']);
        expect(await ids({ outcome: 'ok', from: morning + 1 })).toEqual(['r2']);
        expect(await ids({ to: morning + 2 * hour })).toEqual(['r0']);
        expect(await ids({ shadowed: true })).toEqual(['r2']);
        expect(await ids({ shadowed: true, key: 'k1' })).toEqual([]);
        const first = await storage.requests({}, undefined, 2);
        expect(await ids({}, first.reached, 2)).toEqual(['r0']);
        expect((await storage.requests({}, first.reached, 2)).reached).toBeUndefined();
      });
    });

    describe('the clock', () => {
      // Notes every hour; the last answer.
      const run = async (from: number, hours: number, by: Storage = storage) => {
        let confirmed: number | undefined;
        for (let i = 0; i < hours; i++) confirmed = await by.observeClock(from + i * hour, i === 0 ? 0 : hour);
        return confirmed;
      };

      test('a time is confirmed when a day of running agrees, and by the time of the day before', async () => {
        expect(await run(morning, 24)).toBeUndefined();
        expect(await storage.observeClock(morning + day, hour)).toBe(morning);
        expect(await storage.observeClock(morning + 2 * day - hour, 23 * hour)).toBe(morning);
        expect(await storage.observeClock(morning + 2 * day, hour)).toBe(morning + day);
      });

      test('a clock that is 400 days ahead for a while confirms nothing, whenever it is [L12]', async () => {
        const ahead = 400 * day;
        expect(await storage.observeClock(morning + ahead, 0)).toBeUndefined();
        expect(await storage.observeClock(morning + ahead + hour, hour)).toBeUndefined();
        expect(await run(morning, 24)).toBeUndefined(); // it begins anew
        expect(await storage.observeClock(morning + ahead + day, hour)).toBe(morning);
        expect(await storage.observeClock(morning + day + hour, hour)).toBe(morning);
        expect(await run(morning + day + 2 * hour, 24)).toBe(morning);
        expect(await storage.observeClock(morning + 2 * day + 2 * hour, hour)).toBe(morning + day + hour);
      });

      test('time that passes while nothing runs, and a clock that jumps ahead for good, are not a day of running', async () => {
        await storage.observeClock(morning, 0);
        expect(await storage.observeClock(morning + 90 * day, 1_000)).toBeUndefined();
        expect(await run(morning + 90 * day, 24)).toBeUndefined();
        expect(await storage.observeClock(morning + 91 * day, hour)).toBe(morning);
      });

      test('two instances together run no longer than the clock goes, and it is kept over a restart', async () => {
        const other = await open('b');
        await storage.observeClock(morning, 0);
        for (let i = 1; i <= 23; i++)
          for (const each of [storage, other])
            expect(await each.observeClock(morning + i * hour, hour)).toBeUndefined();
        await close(storage);
        storage = await open('c');
        expect(await storage.observeClock(morning + day, hour)).toBe(morning);
      });
    });

    test('closing waits for what was asked before, and nothing is answered after', async () => {
      const daily = limit(key1, 'tokens', 1_000);
      const committed = commit(reserveEntry('r1', [daily]));
      const report = storage.requests({}, undefined, 1);
      await close(storage);
      expect(await committed).toMatchObject([{ type: 'admitted' }]);
      expect(await report).toEqual({ rows: [], reached: undefined });
      await expect(commit(reserveEntry('r2'))).rejects.toThrow('closed');
      await expect(storage.requests({}, undefined, 1)).rejects.toThrow('closed');
      storage = await open('a');
      expect(await tokens(daily)).toEqual([0, 100]);
    });
  });
}
