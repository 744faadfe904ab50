// Random histories, done to SQLite and to the model in step: every answer and every sum must agree.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import type { Entry, EntryResult, LimitWindow, ReserveEntry } from '../../gateway/src/storage/entries';
import type { UsageDimension, UsageGroup } from '../../gateway/src/storage/reports';
import type { Storage } from '../../gateway/src/storage/storage';
import { day, extendEntry, hour, keyRow, limit, morning, reserveEntry, settleEntry } from './samples';
import type { World } from './contract';
import { modelWorld, sqliteWorld } from './worlds';

const max = Number.MAX_SAFE_INTEGER;
const forever = 4 * 365 * day;

const count = fc.nat({ max: 400 });
const pick = fc.nat({ max: 1_000 });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('reserve' as const), key: fc.nat({ max: 2 }), limits: fc.nat({ max: 255 }), input: count, output: fc.option(count, { nil: undefined }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('extend' as const), pick, by: count }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('settle' as const), pick, input: fc.oneof(count, fc.constantFrom(2 ** 40, 1.5, NaN, 2 ** 60)), output: count }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reprice' as const), pick, nano: fc.nat({ max: 3_000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('release' as const), pick }) },
); // prettier-ignore
const command = fc.oneof(
  { weight: 12, arbitrary: fc.record({ run: fc.constant('commit' as const), steps: fc.array(step, { minLength: 1, maxLength: 5 }), instance: fc.nat({ max: 1 }), twice: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ run: fc.constant('crash' as const), instance: fc.nat({ max: 1 }), noticed: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ run: fc.constant('wait' as const), ms: fc.constantFrom(30_000, hour / 2, 5 * hour, 14 * hour, 8 * day) }) },
  { weight: 2, arbitrary: fc.record({ run: fc.constant('sum' as const), count: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 1, arbitrary: fc.record({ run: fc.constant('amount' as const), which: fc.nat({ max: 7 }), amount: fc.nat({ max: 3_000 }) }) },
  { weight: 2, arbitrary: fc.record({ run: fc.constant('topUp' as const), which: pick, by: fc.oneof(fc.nat({ max: 900 }), fc.constant(max)), once: fc.option(fc.nat({ max: 2 })) }) },
  { weight: 2, arbitrary: fc.record({ run: fc.constant('override' as const), which: pick, amount: fc.option(fc.nat({ max: 3_000 })), ms: fc.constantFrom(-1, 20_000, hour, 2 * day) }) },
  { weight: 1, arbitrary: fc.record({ run: fc.constant('rotate' as const), key: fc.nat({ max: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ run: fc.constant('revoke' as const), key: fc.nat({ max: 2 }), revoked: fc.boolean() }) },
); // prettier-ignore
export type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;
export type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const keys = [
  keyRow('k0', { created_at: 0 }),
  keyRow('k1', { created_at: 1, user: 'ada', tags: '["red"]' }),
  keyRow('k2', { created_at: 2, user: 'ada', tags: '["blue","red"]' }),
];

/** One ledger with its two instances. */
async function openPair(world: World) {
  let generation = 0;
  const storages = [await world.open('a0'), await world.open('b0')];
  await storages[0]!.putKeys(keys);
  return {
    at: (index: number): Storage => storages[index]!,
    async crash(index: number) {
      await storages[index]!.close();
      storages[index] = await world.open(`${'ab'[index]}${++generation}`);
    },
    async close() {
      for (const storage of storages) await storage.close();
    },
  };
}

/** What an owner of requests remembers, and the entries it makes of a command. */
function openOwner() {
  let now = morning;
  let made = 0;
  const amounts = [1_500, 4_000, 6, 5_000, 9_000, 4, 2_000, 1_200];
  const requests: { entry: ReserveEntry; output: number }[] = [];
  const seen = new Map<string, LimitWindow>();
  const limitsOf = (key: number, mask: number): LimitWindow[] => {
    const { id, user } = keys[key]!;
    const possible = [
      limit({ kind: 'key', name: id }, 'tokens', amounts[0]!, now, 'day'),
      limit({ kind: 'user', name: user ?? 'nobody' }, 'usd', amounts[1]!, now, 'week'),
      limit({ kind: 'all' }, 'requests', amounts[2]!, now, 'minute'),
      limit({ kind: 'tag', name: 'red' }, 'tokens', amounts[3]!, now, 'month'),
      limit({ kind: 'all' }, 'tokens', amounts[4]!, now, 'lifetime'),
      limit({ kind: 'key', name: id }, 'parallel', amounts[5]!, now, 'lifetime'),
      { ...limit({ kind: 'key', name: id }, 'usd', amounts[6]!, now, 'day'), shadow: true },
      { ...limit({ kind: 'all' }, 'tokens', amounts[7]!, now, 'day'), shadow: true },
    ];
    const found = possible.filter(
      (each, i) => (mask & (1 << i)) !== 0 && (key > 0 || [0, 2, 4, 5, 6, 7].includes(i)) && each,
    );
    for (const each of found) seen.set(`${each.id} ${each.window}`, each);
    return found;
  };
  const entryOf = (each: Step): Entry | undefined => {
    if (each.do === 'reserve') {
      const { id: key, user, tags } = keys[each.key]!;
      const id = `r${String(++made).padStart(4, '0')}`;
      const request = { key, user, tags, started_at: now };
      const more = { input: each.input, ...(each.input % 5 === 0 ? { oldSecret: true } : {}) };
      const entry = reserveEntry(id, limitsOf(each.key, each.limits), each.output ?? 'unnamed', request, more);
      requests.push({ entry, output: 0 });
      return entry;
    }
    const found = requests[each.pick % Math.max(1, requests.length)];
    if (found === undefined) return undefined;
    const { entry, output } = found;
    if (each.do === 'extend') return extendEntry(entry.id, entry.limits, output, each.by);
    if (each.do === 'reprice') return { type: 'reprice', id: entry.id, limits: entry.limits, nano: each.nano };
    if (each.do === 'release') return { type: 'release', id: entry.id, limits: entry.limits };
    return settleEntry(entry, each.input, each.output, Number.isSafeInteger(each.input) ? { counted: each.input, raw: each.input, cost: each.input } : {});
  }; // prettier-ignore
  return {
    seen,
    amounts,
    entryOf,
    get now() {
      return now;
    },
    wait: (ms: number) => void (now += ms),
    learn(entry: Entry, result: EntryResult) {
      const found = 'id' in entry ? requests.find((each) => each.entry.id === entry.id) : undefined;
      if (found !== undefined && result.type === 'admitted') found.output = result.output;
      if (found !== undefined && result.type === 'extended' && entry.type === 'extend')
        found.output = entry.from + result.granted;
    },
  };
}

const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (name, each: unknown) =>
      name === 'cause' || name === 'seq' || name === 'hash' ? undefined : each,
    ),
  );
const nameOf = ({ key, tag, session, day: date }: UsageGroup) => JSON.stringify([key, tag, session, date]);
// Of whole days, so that sums by day are read where there are some.
const groupsOf = async (storage: Storage, groupBy: readonly UsageDimension[]) =>
  plain(
    [...(await storage.usage({ groupBy, from: morning - (morning % day), to: morning - (morning % day) + forever }))]
      .map((group) => ({ ...group }))
      .sort((x, y) => (nameOf(x) < nameOf(y) ? -1 : 1)),
  );
const reportOf = async (storage: Storage, limits: readonly LimitWindow[]) => ({
  budgets: plain(await storage.budgets(limits)),
  // In order of their ids: that of rows which one sweep settles is left open.
  rows: plain(
    (await storage.requests({}, undefined, 10_000)).rows
      .map((row) => ({ ...row }))
      .sort((x, y) => (x.id < y.id ? -1 : 1)),
  ),
  groups: await groupsOf(storage, ['key', 'tag', 'day']),
  sessions: await groupsOf(storage, ['session', 'key', 'day']),
  uses: plain([...(await storage.usesOfKeys())].sort(([x], [y]) => (x < y ? -1 : 1))),
  audit: plain((await storage.audit(undefined, undefined, 10_000)).rows),
  usage: [...(await storage.usageOfKeys(0, morning + forever))].map(([key, sum]) => [key, plain(sum)]).sort(),
});

/**
 * @param exact false: amounts are so great that sums are full, and the order in which they fill is left open
 * @param lookEvery commands between two looks at all sums; every answer is compared
 */
export async function play(history: readonly Command[], exact = true, lookEvery = 1): Promise<void> {
  const sqlite = sqliteWorld('');
  const model = await openPair(modelWorld());
  const real = await openPair(sqlite);
  const owner = openOwner();
  const both = async <T>(ask: (pair: typeof real) => Promise<T>): Promise<T> => {
    const expected = plain((await ask(model)) ?? null);
    const found = await ask(real);
    if (exact) expect(plain(found ?? null)).toEqual(expected);
    return found;
  };
  try {
    for (const [done, each] of history.entries()) {
      if (each.run === 'wait') owner.wait(each.ms);
      else if (each.run === 'sum') await Promise.all([0, 1].map((i) => real.at(i).sumDays(owner.now, each.count)));
      else if (each.run === 'amount') owner.amounts[each.which] = each.amount;
      else if (each.run === 'topUp' || each.run === 'override') {
        const known = [...owner.seen.values()];
        const { id } = known[each.which % Math.max(1, known.length)] ?? { id: 'a limit to come' };
        const until = owner.now + (each.run === 'override' ? each.ms : 0);
        const override =
          each.run === 'override' ? (each.amount === null ? null : { amount: each.amount, until }) : undefined;
        const change = each.run === 'topUp' ? { id, topUp: each.by } : { id, override: override ?? null };
        // Some are asked for again, by the same instance or the other, or with something else under the same key.
        const again = each.run === 'topUp' && each.once !== null;
        const once = again ? { once: { idempotencyKey: `i${each.once}`, contents: JSON.stringify(change) } } : {};
        const act = { at: owner.now, credential: 'master', address: null, action: each.run, ...once };
        await both((pair) => pair.at(each.which % 2).changeKey('k0', {}, { limits: [change], act }));
        if (again) await both((pair) => pair.at(each.by % 2).contentsOfAct(`i${each.once}`));
      } else if (each.run === 'rotate') {
        const change = { sha256: `hash ${owner.now} ${each.key}`, rotated_at: owner.now };
        await both((pair) => pair.at(0).changeKey(`k${each.key}`, change));
      } else if (each.run === 'revoke') {
        const row = { ...keys[each.key]!, revoked_at: each.revoked ? owner.now : null };
        await both((pair) => pair.at(1).putKeys([row]));
        await both((pair) => pair.at(0).changedKeys());
      } else if (each.run === 'crash') {
        await both((pair) => pair.crash(each.instance));
        if (each.noticed) await both((pair) => pair.at(1 - each.instance).settleDead(owner.now));
      } else {
        const batch = each.steps.map(owner.entryOf).filter((entry) => entry !== undefined);
        const results = await both((pair) => pair.at(each.instance).commit(batch, owner.now));
        results.forEach((result, i) => owner.learn(batch[i]!, result));
        await grantedFits(batch, results, real.at(each.instance), owner.now);
        if (each.twice) await both((pair) => pair.at(each.instance).commit(batch, owner.now));
      }
      if ((done + 1) % lookEvery !== 0 && done + 1 < history.length) continue;
      const limits = [...owner.seen.values()];
      if (!exact) {
        await reportOf(real.at(0), limits);
        continue;
      }
      expect(await reportOf(real.at(0), limits)).toEqual(await reportOf(model.at(0), limits));
      await rowsMakeSums(real.at(1));
    }
  } finally {
    await model.close();
    await real.close();
    nothingBeyond(join(sqlite.folder, 'ledger.db'));
    await sqlite.remove();
  }
}

/**
 * What was granted now did not take spent and reserved past a limit. The counters are read after the whole batch, and a
 * request keeps the amounts it was admitted with: where a later entry of the batch names the same limit with a larger
 * amount, that one may have filled what is above the smaller.
 */
async function grantedFits(
  batch: readonly Entry[],
  results: readonly EntryResult[],
  storage: Storage,
  now: number,
): Promise<void> {
  const largest = new Map<string, number>();
  for (const [i, entry] of [...batch.entries()].reverse()) {
    const result = results[i]!;
    const reserved = entry.type === 'reserve' && result.type === 'admitted' && result.tightest !== undefined;
    const extended = entry.type === 'extend' && result.type === 'extended' && result.granted > 0;
    if (!reserved && !extended) continue;
    const counters = await storage.budgets(entry.limits);
    for (const [n, { spent, reserved, adjustment }] of counters.entries()) {
      const { id, window, measure, amount: own } = entry.limits[n]!;
      const { toppedUp = 0, override = null } = adjustment ?? {};
      const amount = Math.min(max, (override !== null && now < override.until ? override.amount : own) + toppedUp);
      if (extended && (measure === 'requests' || measure === 'parallel')) continue; // an extension adds none
      if (entry.limits[n]!.shadow === true) continue;
      if (measure === 'parallel') {
        expect(reserved.requests).toBeLessThanOrEqual(Math.max(amount, largest.get(`${id} ${window}`) ?? 0));
        continue;
      }
      const name = measure === 'usd' ? 'nano' : measure;
      const bound = Math.max(amount, largest.get(`${id} ${window}`) ?? 0);
      largest.set(`${id} ${window}`, bound);
      expect(spent[name] + reserved[name]).toBeLessThanOrEqual(bound);
    }
  }
}

async function rowsMakeSums(storage: Storage): Promise<void> {
  const sums = new Map<string, { requests: number; counted: number; cost: number }>();
  for (const { key, kind, counted, cost } of (await storage.requests({}, undefined, 10_000)).rows) {
    const sum = sums.get(key) ?? { requests: 0, counted: 0, cost: 0 };
    sums.set(key, sum);
    sum.requests += kind === 'correction' ? 0 : 1;
    sum.counted += counted;
    sum.cost += cost;
  }
  const usage = await storage.usageOfKeys(0, morning + forever);
  for (const [key, sum] of sums) {
    expect(usage.get(key)).toMatchObject(sum);
  }
}

function nothingBeyond(path: string): void {
  const db = new DatabaseSync(path, { readOnly: true });
  for (const table of ['requests', 'open_requests', 'usage_hours', 'budgets'])
    expect(() => db.prepare(`select * from ${table}`).all()).not.toThrow(); // Node refuses to read what is beyond 2^53
  db.close();
}

/** How much is played. */
export interface Bounds {
  readonly seed: number;
  /** Ends by time; a busy machine plays few histories in it. */
  readonly ms?: number;
  /** Ends when so many commands were played. */
  readonly commands?: number;
  /** Commands of a history, at most. A ledger is opened twice for each, which takes as long as many commands. */
  readonly longest?: number;
  /** Commands between two looks at all sums; every answer is compared. */
  readonly lookEvery?: number;
}

/**
 * Plays random histories.
 * @param scale changes each before it is played
 * @param exact see `play`
 * @returns how many histories and commands were played
 */
export async function playHistories(
  { seed, ms, commands, longest = 40, lookEvery = 1 }: Bounds,
  exact = true,
  scale = (history: Command[]) => history,
): Promise<{ histories: number; commands: number }> {
  console.info(`histories of storage: SEED=${seed}`);
  const played = { histories: 0, commands: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: longest, size: 'max' }), async (history) => {
      if (commands !== undefined && played.commands >= commands) return;
      await play(scale(history), exact, lookEvery);
      played.histories++;
      played.commands += history.length;
    }),
    {
      seed,
      // Half of the longest is the mean: there are enough, and what is left over is not played.
      numRuns: commands === undefined ? 2_000 : Math.ceil(commands / (longest / 4)),
      ...(ms === undefined ? {} : { interruptAfterTimeLimit: ms, markInterruptAsFailure: false }),
    },
  );
  return played;
}
