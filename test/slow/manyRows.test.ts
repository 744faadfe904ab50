// 100,000 random requests, settled, lost and corrected by instances that die, pruned, and of users who leave: at every look the
// sums are those of the rows, the counters those of the sums, and the chain is whole. `SEED=N` repeats a run, `ROWS=N` is a shorter one.

import { join } from 'node:path';
import fc from 'fast-check';
import { openUsageAdmin, type UsageList } from '../../gateway/src/http/admin/usage';
import { checkLedger } from '../../gateway/src/storage/sqlite/ledgerCheck';
import { verifyLedger } from '../../gateway/src/storage/sqlite/ledgerVerify';
import type { Entry, LimitWindow, ReserveEntry } from '../../gateway/src/storage/entries';
import type { UsageDimension } from '../../gateway/src/storage/reports';
import type { RequestRow } from '../../gateway/src/storage/rows';
import type { ForgetPlace, Storage } from '../../gateway/src/storage/storage';
import { day, hour, keyRow, limit, morning, reserveEntry, settleEntry } from '../storage/samples';
import { sqliteWorld } from '../storage/worlds';

const rows = Number(process.env['ROWS'] ?? 100_000);
const looks = 5;
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

const users = ['ada', 'bob', 'cy', null] as const;
const keys = Array.from({ length: 12 }, (_, i) => keyRow(`k${i}`, { user: users[i % 4] ?? null, tags: ['[]', '["red"]', '["red","blue"]'][i % 3]! })); // prettier-ignore
const amount = fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 50_000 }) }, { weight: 1, arbitrary: fc.nat({ max: 2 ** 33 }) }); // prettier-ignore
const request = fc.record({
  key: fc.nat({ max: keys.length - 1 }),
  model: fc.constantFrom('a', 'b', 'c', 'd'),
  provider: fc.constantFrom('openai', 'anthropic'),
  session: fc.option(fc.nat({ max: 500 }), { nil: null }),
  address: fc.nat({ max: 40 }),
  after: fc.nat({ max: Math.round(6e9 / rows) }), // milliseconds after the one before: 35 days in all
  tokens: fc.tuple(amount, amount, amount, amount, amount),
  cost: fc.tuple(amount, amount, amount),
  outcome: fc.constantFrom('ok', 'ok', 'ok', 'error', 'client_gone'),
  fate: fc.oneof({ weight: 60, arbitrary: fc.constant('settled' as const) }, { weight: 1, arbitrary: fc.constant('lost' as const) }, { weight: 2, arbitrary: fc.constant('twice' as const) }, { weight: 1, arbitrary: fc.constant('unsound' as const) }), // prettier-ignore
});
type Made = typeof request extends fc.Arbitrary<infer R> ? R : never;

const dimensions: readonly (readonly UsageDimension[])[] = [
  [], ['key'], ['user'], ['tag'], ['model', 'provider'], ['day'], ['month', 'key'], ['session'], ['address', 'user'],
]; // prettier-ignore

function entriesOf(made: Made, id: string, at: number): { reserve: ReserveEntry; settle: Entry } {
  const { id: key, user, tags } = keys[made.key]!;
  const limits: LimitWindow[] = [
    limit({ kind: 'key', name: key }, 'tokens', Number.MAX_SAFE_INTEGER, at, 'month'),
    limit({ kind: 'all' }, 'usd', Number.MAX_SAFE_INTEGER, at, 'lifetime'),
    limit({ kind: 'tag', name: 'red' }, 'requests', Number.MAX_SAFE_INTEGER, at, 'day'),
  ].slice(0, tags === '[]' ? 2 : 3);
  const { model, provider } = made;
  const reserve = reserveEntry(id, limits, 90, { key, user, tags, started_at: at, model, provider });
  const [input, cache_read, cache_write_5m, cache_write_1h, output] = made.tokens;
  const raw = input + cache_read + cache_write_5m + cache_write_1h + output;
  const [cost, uncached, dearest_cost] = made.cost;
  const row: Partial<RequestRow> = {
    session: made.session === null ? null : `s${made.session}`, address: `10.0.0.${made.address}`, cache_read, cache_write_5m,
    cache_write_1h, counted: raw - Math.floor(cache_read / 2), raw, cost, uncached, dearest_cost, outcome: made.outcome,
    ended_at: at + 900,
  }; // prettier-ignore
  const settle = settleEntry(reserve, input, output, made.fate === 'unsound' ? { ...row, reasoning: -1 } : row);
  return { reserve, settle };
}

test('100,000 random requests: rows, sums, counters and the chain agree at every look', async () => {
  console.info(`random requests: SEED=${seed}`);
  const world = sqliteWorld('');
  const path = join(world.folder, 'ledger.db');
  let generation = 0;
  let storage = await world.open(`i${generation}`);
  await storage.putKeys(keys);
  const late: Entry[] = [];
  let at = morning;
  let made = 0;
  let pruned = false;
  const all = fc.sample(request, { seed, numRuns: rows });
  for (let look = 0; look < looks; look++) {
    while (made < ((look + 1) * rows) / looks) {
      const batch = all.slice(made, made + 50).map((each, i) => {
        at += each.after;
        return { fate: each.fate, ...entriesOf(each, `r${made + i}`, at) };
      });
      made += batch.length;
      await storage.commit(batch.map(({ reserve }) => reserve), at); // prettier-ignore
      const settled = batch.filter(({ fate }) => fate !== 'lost').map(({ settle }) => settle);
      await storage.commit(settled, at);
      await storage.commit(batch.filter(({ fate }) => fate === 'twice').map(({ settle }) => settle), at); // prettier-ignore
      if (made % 1_000 === 0) await storage.sumDays(at, 950); // is behind at times
      late.push(...batch.filter(({ fate }) => fate === 'lost').map(({ settle }) => settle));
    }
    // The instance dies; the next one books what it left open; some of it is settled late after all.
    await storage.close();
    storage = await world.open(`i${++generation}`);
    await storage.settleDead(at);
    await storage.commit(late.splice(0, late.length / 2), at);
    late.length = 0;
    if (look === 3) {
      const before = at - 20 * day;
      while ((await storage.prune(before, 2_000)) > 0) pruned = true;
    }
    if (look === 4) await leave(storage, 'ada');
    expect([look, checkLedger(path).problems, verifyLedger(path, []).problems]).toEqual([look, [], []]);
    await sumsAgree(storage, pruned ? at - 18 * day : 0, at + hour);
  }
  expect(pruned).toBe(true);
  await storage.close();
  await world.remove();
});

async function leave(storage: Storage, user: string): Promise<void> {
  for (const key of keys.filter((each) => each.user === user)) await storage.changeKey(key.id, { revoked_at: 1 });
  for (let place: ForgetPlace | undefined; ;) {
    const step = await storage.forgetUser(user, place);
    if ('inUse' in step) throw new Error('still in use');
    if ('done' in step) return;
    place = step.next;
  }
}

// From whole hours on, what is read from the rows is what the hours and the months hold, in every grouping.
async function sumsAgree(storage: Storage, from: number, to: number): Promise<void> {
  const range = { from: Math.ceil(from / hour) * hour, to: Math.ceil(to / hour) * hour };
  const days = { from: Math.ceil(from / day) * day, to: Math.ceil(to / day) * day };
  const plain = (groups: readonly object[]) =>
    groups.map((group) => JSON.stringify(group, Object.keys(group).sort())).sort();
  for (const groupBy of dimensions) {
    for (const each of [range, days]) {
      const rowsSay = await storage.usage({ groupBy, ...each, exact: true });
      expect([groupBy, each, plain(await storage.usage({ groupBy, ...each }))]).toEqual([
        groupBy,
        each,
        plain(rowsSay),
      ]);
    }
    const admin = openUsageAdmin({
      reports: storage,
      labelOf: () => undefined,
      boxUsd: () => undefined,
      now: () => to,
      pause: () => storage.catchUp(),
    });
    const query = new URLSearchParams({ group_by: groupBy.join(), from: new Date(range.from).toISOString(), to: new Date(range.to).toISOString() }); // prettier-ignore
    if (range.from === 0 && (groupBy.includes('session') || groupBy.includes('address'))) continue; // more days than a report reads
    const { data, total } = (await admin.report(query)) as UsageList;
    const sum = (name: string) => data.reduce((all, line) => all + Number(line[name]), 0);
    if (groupBy.includes('tag')) continue;
    for (const name of ['requests', 'errors', 'input_tokens', 'output_tokens', 'tokens', 'raw_tokens'])
      expect([groupBy, name, sum(name)]).toEqual([groupBy, name, Number(total[name])]);
  }
  // A limit that begins now counts what a limit would have that was there from the start.
  const limits = [{ ...limit({ kind: 'all' }, 'usd', 1, to, 'lifetime') }, limit({ kind: 'key', name: 'k1' }, 'tokens', 1, to, 'month')]; // prettier-ignore
  const kept = await storage.budgets(limits);
  const anew = await storage.budgets(limits.map((each) => ({ ...each, id: `${each.id} anew` })));
  expect(anew.map(({ spent }) => spent)).toEqual(kept.map(({ spent }) => spent));
}
