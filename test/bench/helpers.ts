// The helper processes of a run, as the rest sees them: a load generator that does jobs, the upstream with its news, and
// the process that keeps the disk busy.

import { once } from 'node:events';
import { join } from 'node:path';
import { loadCore, startChild, stopChild } from './child';
import type { Jobs } from './jobs';
import type { SyncsNews } from './syncs';
import type { UpstreamNews } from './upstream';

/** The load generator; it does one job at a time. */
export interface Load {
  /** @throws Error when the job fails, or takes longer than it may */
  do<Name extends keyof Jobs>(job: Jobs[Name][0], mostMs?: number): Promise<Jobs[Name][1]>;
  stop(): Promise<void>;
}

/** Starts the load generator, pinned to the load core. @param folder for its log */
export function startLoad(folder: string): Load {
  const child = startChild({
    core: loadCore,
    arguments: ['dist/tools/load.js'],
    logPath: join(folder, 'load.log'),
    channel: true,
  });
  return {
    do: <Name extends keyof Jobs>(job: Jobs[Name][0], mostMs = 60_000) =>
      new Promise<Jobs[Name][1]>((resolve, reject) => {
        const finish = () => {
          clearTimeout(timer);
          child.off('message', onMessage);
          child.off('exit', onExit);
        };
        const onMessage = (message: { result?: unknown; problem?: string }) => {
          finish();
          if (message.problem === undefined) resolve(message.result as Jobs[Name][1]);
          else reject(new Error(message.problem));
        };
        const onExit = () => {
          finish();
          reject(new Error('the load generator ended'));
        };
        const timer = setTimeout(() => {
          finish();
          reject(new Error(`a job took longer than ${mostMs} ms: ${JSON.stringify(job)}`));
        }, mostMs);
        child.on('message', onMessage);
        child.on('exit', onExit);
        child.send(job);
      }),
    stop: () => stopChild(child),
  };
}

/** The provider that every contender sends to. */
export interface FixedUpstream {
  readonly port: number;
  /** When a stream's connection closed on it, the first one after a moment, on the common clock in ms. */
  leftAfter(moment: number): Promise<number>;
  stop(): Promise<void>;
}

/** Starts the upstream, pinned to the load core, and waits until it listens. @param folder for its log */
export async function startUpstream(folder: string): Promise<FixedUpstream> {
  const child = startChild({
    core: loadCore,
    arguments: ['dist/tools/upstream.js'],
    logPath: join(folder, 'upstream.log'),
    channel: true,
  });
  const left: number[] = [];
  let port = 0;
  child.on('message', (news: UpstreamNews) => {
    if ('listening' in news) port = news.listening;
    else left.push(news.leftAt);
  });
  while (port === 0) await once(child, 'message', { signal: AbortSignal.timeout(10_000) });
  return {
    port,
    async leftAfter(moment) {
      const signal = AbortSignal.timeout(5_000);
      for (;;) {
        const found = left.find((at) => at > moment);
        left.length = 0;
        if (found !== undefined) return found;
        await once(child, 'message', { signal });
      }
    },
    stop: () => stopChild(child),
  };
}

/**
 * Runs work while another process writes and syncs in a folder without pause, pinned to the load core.
 * @param folder on the disk to keep busy; the file in it is removed afterwards
 * @param mostMs the other process ends after this time, whatever happens to this one
 * @returns what the work gave, and how often a second the other process synced 1 MB
 * @throws Error when the other process ends before the work does: its figures would be those of an idle disk
 */
export async function besideSyncs<T>(folder: string, mostMs: number, work: () => Promise<T>) {
  const child = startChild({
    core: loadCore,
    arguments: ['dist/tools/syncs.js', join(folder, 'syncs'), String(mostMs)],
    logPath: join(folder, 'syncs.log'),
    channel: true,
  });
  try {
    await once(child, 'message', { signal: AbortSignal.timeout(10_000) });
    const result = await work();
    if (child.exitCode !== null) throw new Error(`the syncing process ended too soon; its limit is ${mostMs} ms`);
    const told = once(child, 'message', { signal: AbortSignal.timeout(10_000) });
    child.kill('SIGTERM');
    const [news] = (await told) as [SyncsNews];
    return { result, syncsPerSecond: 'syncs' in news ? (news.syncs * 1_000) / news.ms : NaN };
  } finally {
    await stopChild(child);
  }
}
