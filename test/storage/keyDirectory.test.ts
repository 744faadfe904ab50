// Keys in memory, and the work that is done beside the requests.

import { openKeyDirectory } from '../../gateway/src/accounting/keyDirectory';
import { startMaintenance } from '../../gateway/src/app/maintenance';
import type { Config } from '../../config/load';
import type { Storage } from '../../gateway/src/storage/storage';
import type { Log } from '../../gateway/src/telemetry/log';
import { keyRow, morning } from './samples';
import { modelWorld } from './worlds';

describe('a key directory', () => {
  test('knows a rotated secret until its grace ends, whether or not a key has changed since', async () => {
    let now = morning;
    const storage = await modelWorld().open('a');
    const rotated = keyRow('k1', { sha256: 'new', previous_sha256: 'old', previous_until: morning + 1_000 });
    await storage.putKeys([rotated, keyRow('k2')]);
    const directory = await openKeyDirectory(storage, () => now);
    expect([directory.find('new'), directory.find('old')]).toMatchObject([{ id: 'k1' }, { id: 'k1' }]);
    now += 1_000;
    expect([directory.find('new'), directory.find('old')]).toMatchObject([{ id: 'k1' }, undefined]);
    await directory.refresh();
    expect(await directory.find('old')).toBeUndefined();
  });

  test('keeps the same rows while nothing has changed, and asks the storage for a secret it does not know', async () => {
    const world = modelWorld();
    const storage = await world.open('a');
    const other = await world.open('b');
    await storage.putKeys([keyRow('k1')]);
    const directory = await openKeyDirectory(storage, () => morning);
    const before = directory.byId('k1');
    await other.putKeys([keyRow('k1')]);
    await directory.refresh();
    expect(directory.byId('k1')).toBe(before);
    await other.putKeys([keyRow('k2')]);
    expect(await directory.find('hash of k2')).toMatchObject({ id: 'k2' });
    expect(directory.all().map(({ id }) => id)).toEqual(['k1']);
    await directory.refresh();
    expect(directory.all().map(({ id }) => id)).toEqual(['k1', 'k2']);
  });
});

test('however many look for keys that are not known, the storage is asked for changes four times a second', async () => {
  const storage = await modelWorld().open('a');
  const changed = jest.spyOn(storage, 'changedKeys');
  const directory = await openKeyDirectory(storage, () => morning);
  changed.mockClear();
  const began = performance.now();
  for (let i = 0; i < 4; i++) {
    const found = await Promise.all(Array.from({ length: 500 }, (_, n) => directory.findRefreshed(`hash of g${n}`)));
    expect(new Set(found)).toEqual(new Set([undefined]));
  }
  expect(changed.mock.calls.length).toBeLessThanOrEqual(1 + Math.ceil((performance.now() - began) / 250));
  await storage.putKeys([keyRow('k1')]);
  const coming = directory.findRefreshed('hash of k1');
  expect(directory.knows('hash of k1')).toBe(false);
  expect(await coming).toMatchObject({ id: 'k1' });
});

describe('maintenance', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const start = async (
    prune: Storage['prune'],
    config: () => Config,
    sumDays: Storage['sumDays'] = async () => false,
  ) => {
    const told: string[] = [];
    const log = { warn: (text: string) => told.push(text), error: (text: string) => told.push(text) } as unknown as Log;
    const parts = {
      storage: {
        settleDead: async () => 0,
        observeClock: async (at: number) => at,
        prune,
        pruneBudgets: async () => 0,
        sumDays,
        head: async () => undefined,
      },
      watch: { look: () => Promise.resolve() },
      cutEnded: () => undefined,
      turnDay: () => undefined,
      directories: { refresh: async () => undefined },
      config,
      now: () => morning,
      log,
    };
    return { told, maintenance: await startMaintenance(parts) };
  };
  const settings = () => ({ settings: { storage: { keep_days: 1 } } }) as unknown as Config;

  test('prunes batch after batch until there is nothing more, and again a minute later [H6]', async () => {
    let left = 350;
    const batches: number[] = [];
    const { maintenance } = await start(async (_before, count) => {
      const gone = Math.min(count, left);
      left -= gone;
      batches.push(gone);
      return gone;
    }, settings);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(batches).toEqual([100]); // and rests, so that admissions come between
    await jest.advanceTimersByTimeAsync(1_000);
    expect(batches).toEqual([100, 100, 100, 50]);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(batches).toEqual([100, 100, 100, 50, 0]);
    maintenance.stop();
    await jest.advanceTimersByTimeAsync(120_000);
    expect(batches).toHaveLength(5);
  });

  test('sums by day step after step until there is nothing more, and again ten seconds later', async () => {
    const steps = [true, true, false, true, false];
    let done = 0;
    const { maintenance } = await start(
      async () => 0,
      settings,
      async (now) => {
        expect(now).toBe(morning);
        return steps[done++]!;
      },
    );
    await jest.advanceTimersByTimeAsync(10_000);
    expect(done).toBe(1); // and rests
    await jest.advanceTimersByTimeAsync(1_000);
    expect(done).toBe(3);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(done).toBe(5);
    maintenance.stop();
  });

  test('takes no other step once it is stopped, also where it rests between two', async () => {
    const done: string[] = [];
    const { maintenance } = await start(
      async (_before, count) => (done.push('prune'), count),
      settings,
      async () => (done.push('sum'), true),
    );
    await jest.advanceTimersByTimeAsync(60_000);
    const before = done.length;
    expect(new Set(done)).toEqual(new Set(['prune', 'sum']));
    maintenance.stop();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(done).toHaveLength(before);
  });

  test('prunes nothing before the clock is confirmed, and then what is old by the confirmed time [L12]', async () => {
    const cutoffs: number[] = [];
    const ran: number[] = [];
    let confirmed = undefined as number | undefined;
    const maintenance = await startMaintenance({
      storage: {
        settleDead: async () => 0,
        observeClock: async (_now, by) => {
          ran.push(Math.round(by));
          return confirmed;
        },
        prune: async (before) => {
          cutoffs.push(before);
          return 0;
        },
        pruneBudgets: async () => 0,
        sumDays: async () => false,
        head: async () => undefined,
      },
      watch: { look: () => Promise.resolve() },
      cutEnded: () => undefined,
      turnDay: () => undefined,
      directories: { refresh: async () => undefined },
      config: settings,
      now: () => morning + 400 * 86_400_000,
      log: undefined as unknown as Log,
    });
    await jest.advanceTimersByTimeAsync(60_000);
    expect(cutoffs).toEqual([]);
    confirmed = morning;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(cutoffs).toEqual([morning - 86_400_000]);
    expect(ran).toEqual([60_000, 60_000]);
    maintenance.stop();
  });

  test('stops in the middle of pruning, and a failure is told and tried again', async () => {
    let calls = 0;
    const { maintenance } = await start(async (_before, count) => {
      if (++calls === 3) maintenance.stop();
      return count;
    }, settings);
    await jest.advanceTimersByTimeAsync(61_000);
    expect(calls).toBe(3);

    let tried = 0;
    const failing = await start(
      async () => 0,
      () => {
        tried++;
        throw new Error('no settings');
      },
    );
    await jest.advanceTimersByTimeAsync(120_000);
    expect(tried).toBe(2);
    expect(failing.told).toEqual(['old requests could not be pruned', 'old requests could not be pruned']);
    failing.maintenance.stop();
  });
});
