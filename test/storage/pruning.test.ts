// Old requests leave a real ledger at least as fast as 100 requests a second add to it, and admissions go on meanwhile.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { startMaintenance, type MaintenanceParts } from '../../gateway/src/app/maintenance';
import type { Config } from '../../config/load';
import type { Storage } from '../../gateway/src/storage/storage';
import type { Log } from '../../gateway/src/telemetry/log';
import { day, keyRow, limit, morning, reserveEntry, settleEntry } from './samples';
import { sqliteWorld, threadProgram } from './worlds';

const perSecond = 100;
const perMinute = 60 * perSecond;
const minute = 60_000;
const keepDays = 30;
/** Long over, whatever is kept. */
const longAgo = morning - 3 * keepDays * day;

const world = sqliteWorld(threadProgram());
let storage: Storage;
beforeAll(async () => {
  storage = await world.open('a');
  await storage.putKeys([keyRow('k1')]);
  // Two observations of the clock, a day apart.
  await storage.observeClock(morning - day, 0);
  await storage.observeClock(morning, day);
});
afterAll(async () => {
  await storage.close();
  await world.remove();
});
// The ledger's thread answers in its own time: only the schedule is ours.
beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'setTimeout'] }));
afterEach(() => void jest.useRealTimers());

let made = 0;
/** What a gateway with 100 requests a second settles in one minute. */
async function addMinute(from: number): Promise<void> {
  const daily = limit({ kind: 'key', name: 'k1' }, 'tokens', 1_000_000_000_000, from);
  const atOnce = 500;
  for (let first = 0; first < perMinute; first += atOnce) {
    const entries = Array.from({ length: atOnce }, (_, i) =>
      reserveEntry(`r${made++}`, [daily], 90, { started_at: from + Math.floor(((first + i) * 1_000) / perSecond) }),
    );
    await storage.commit(entries, from);
    await storage.commit(
      entries.map((entry) => settleEntry(entry, 10, 10)),
      from,
    );
  }
}

/** Rows that stand in the file. */
function rowsOf(before: number): number {
  const db = new DatabaseSync(join(world.folder, 'ledger.db'), { readOnly: true });
  const { rows } = db.prepare('select count(*) rows from requests where started_at < ?').get(before) as {
    rows: number;
  };
  db.close();
  return rows;
}

/** Maintenance of the ledger that also admits and settles a request while each batch is taken away. */
async function startWatched() {
  const order: string[] = [];
  let working = 0;
  const work = <T>(call: Promise<T>): Promise<T> => {
    working++;
    return call.finally(() => working--);
  };
  const admit = async (batch: number): Promise<void> => {
    const entry = reserveEntry(`beside${made++}`, [], 90, { started_at: morning });
    const [admitted] = await storage.commit([entry], morning);
    order.push(`${admitted?.type} beside ${batch}`);
    await storage.commit([settleEntry(entry, 1, 1)], morning);
  };
  let batches = 0;
  let removed = 0;
  let more = false; // the next step comes after a rest
  const pruneOnce = async (before: number, count: number): Promise<number> => {
    const batch = ++batches;
    const pruning = storage.prune(before, count);
    void work(admit(batch));
    const gone = await pruning;
    removed += gone;
    more = gone === count;
    order.push(`pruned ${batch}`);
    return gone;
  };
  const parts = {
    settleDead: async () => 0,
    observeClock: (now, ran) => work(storage.observeClock(now, ran)),
    prune: (before, count) => work(pruneOnce(before, count)),
    pruneBudgets: (now, count) => work(storage.pruneBudgets(now, count)),
    sumDays: async () => false,
    head: async () => undefined,
  } satisfies MaintenanceParts['storage'];
  const maintenance = await startMaintenance({
    storage: parts,
    watch: { look: () => Promise.resolve() },
    cutEnded: () => undefined,
    turnDay: () => undefined,
    directories: { refresh: async () => undefined },
    config: () => ({ settings: { storage: { keep_days: keepDays } } }) as unknown as Config,
    now: () => morning,
    log: undefined as unknown as Log,
  });
  /** One period of the schedule, until what it began is over. @returns rows that went */
  const pass = async (ms: number): Promise<number> => {
    const before = removed;
    jest.advanceTimersByTime(ms);
    do await new Promise((resolve) => setImmediate(resolve));
    while (working > 0 || more);
    return removed - before;
  };
  return { order, pass, stop: () => maintenance.stop() };
}

test('a minute takes away more than 100 requests a second add in one, batch after batch, between admissions [H6]', async () => {
  const cutoff = morning - day - keepDays * day;
  const backlog = 2;
  for (let i = 0; i < backlog; i++) await addMinute(longAgo + i * minute);
  await addMinute(morning - minute); // which stays
  const { order, pass, stop } = await startWatched();
  try {
    for (let i = 0; i < 2; i++) {
      const waiting = rowsOf(cutoff);
      expect(waiting).toBeGreaterThanOrEqual(perMinute);
      const gone = await pass(minute);
      expect(gone).toBeGreaterThanOrEqual(Math.min(waiting, perMinute + 1));
      expect(rowsOf(cutoff)).toBe(waiting - gone);
      await addMinute(longAgo + (backlog + i) * minute); // the next minute's
    }
    await pass(minute);
    expect(rowsOf(cutoff)).toBe(0);
    const batches = order.filter((line) => line.startsWith('pruned')).length;
    expect(batches).toBeGreaterThanOrEqual(((backlog + 2) * perMinute) / 200); // none holds admissions up for long
    // Whoever asks while a batch is taken away has its answer before the next one is.
    for (let batch = 1; batch < batches; batch++)
      expect(order.indexOf(`admitted beside ${batch}`)).toBeLessThan(order.indexOf(`pruned ${batch + 1}`));
    expect(order.filter((line) => line.startsWith('admitted'))).toHaveLength(batches);
    expect(rowsOf(morning + day)).toBe(perMinute + batches);
  } finally {
    stop();
  }
});
