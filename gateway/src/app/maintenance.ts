// What is done now and then beside the requests: keys are refreshed, dead instances settled, old rows pruned,
// use summed by day.

import type { Config } from '../../../config/load';
import type { Storage } from '../storage/storage';
import type { Log } from '../telemetry/log';
import type { LedgerWatch } from './ledgerWatch';

export interface Maintenance {
  stop(): void;
}

export interface MaintenanceParts {
  readonly storage: Pick<Storage, 'settleDead' | 'observeClock' | 'prune' | 'pruneBudgets' | 'sumDays' | 'head'>;
  /** Of keys and credentials. */
  readonly directories: { refresh(): Promise<unknown> };
  readonly watch: Pick<LedgerWatch, 'look'>;
  /** Ends what keys have in flight that may no longer be used. */
  readonly cutEnded: () => void;
  /** Finds the targets of routes anew where another day has begun. */
  readonly turnDay: () => void;
  readonly config: () => Config;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

const refreshKeysMs = 1_000;
const lookMs = 2_000;
const settleDeadMs = 10_000;
const pruneMs = 60_000;
/**
 * What is done step by step holds the ledger's writer for some 2 ms a step, and rests between two of them: whoever asks to be
 * admitted meanwhile waits behind one step, not behind all. 1,000 rows at once were 10 ms, for the unlucky in every hundred.
 */
const restMs = 20;
const rowsAtOnce = 100; // 5,000 a second
const budgetsAtOnce = 500;
/** Counters of windows that are over are looked for every so many times that requests are pruned: it reads all of them. */
const budgetsEvery = 60;
/** Reports read what has not been summed by day from hours and rows. */
const sumDaysMs = 10_000;
const summedAtOnce = 200; // 10,000 a second
const headMs = 3_600_000;
const dayMs = 86_400_000;

/** Settles what dead instances left open, and goes on with it and the rest in the background. */
export async function startMaintenance(parts: MaintenanceParts): Promise<Maintenance> {
  const { storage, directories, watch, cutEnded, turnDay, config, now, log } = parts;
  const settleDead = async () => {
    const settled = await storage.settleDead(now());
    if (settled > 0) log.warn(`settled ${settled} requests that another instance left open`, { settled });
  };
  let stopped = false;
  // Step after step for as long as there is more: a busy gateway books more in a minute than one step takes away.
  const whole = async (step: () => Promise<boolean>): Promise<void> => {
    while (!stopped && (await step())) await new Promise<void>((wake) => setTimeout(wake, restMs).unref());
  };
  // What is old is reckoned from a time that the clock has confirmed for a day.
  let noted = performance.now();
  let times = 0;
  const prune = async () => {
    const { keep_days } = config().settings.storage;
    const ran = performance.now() - noted;
    noted += ran;
    const confirmed = await storage.observeClock(now(), ran);
    if (confirmed === undefined) return;
    const before = confirmed - keep_days * dayMs;
    await whole(async () => (await storage.prune(before, rowsAtOnce)) === rowsAtOnce);
    if (times++ % budgetsEvery === 0)
      await whole(async () => (await storage.pruneBudgets(confirmed, budgetsAtOnce)) === budgetsAtOnce);
  };
  const sumDays = () => whole(() => storage.sumDays(now(), summedAtOnce));
  const jobs = [
    job(refreshKeysMs, () => directories.refresh().finally(cutEnded), 'keys could not be refreshed', log),
    job(lookMs, () => watch.look(), 'the ledger could not be looked at', log),
    job(lookMs, () => Promise.resolve().then(turnDay), 'routes could not be brought to another day', log),
    job(settleDeadMs, settleDead, 'requests left open by another instance could not be settled', log),
    job(pruneMs, prune, 'old requests could not be pruned', log),
    job(sumDaysMs, sumDays, 'use could not be summed by day', log),
  ];
  jobs.push(job(headMs, () => logHead(storage, log), 'the end of the ledger’s chain could not be read', log));
  await settleDead().catch((error: unknown) =>
    log.error('requests left open by another instance could not be settled', error),
  );
  return {
    stop() {
      stopped = true;
      jobs.forEach(clearInterval);
    },
  };
}

/**
 * Says in the log where this instance's chain of settled rows ends: kept apart from the ledger, it shows later that no row up to
 * there was changed (`ovth ledger verify --head`).
 */
export async function logHead(storage: Pick<Storage, 'head'>, log: Log): Promise<void> {
  const head = await storage.head();
  if (head !== undefined) log.info('ledger head', { seq: head.seq, head: head.hash });
}

// ---

// One at a time: a storage that is slow is not asked again before it has answered.
function job(everyMs: number, work: () => Promise<unknown>, failed: string, log: Log): NodeJS.Timeout {
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    work()
      .catch((error: unknown) => log.error(failed, error))
      .finally(() => (busy = false));
  }, everyMs);
  return timer.unref();
}
