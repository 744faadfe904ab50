// The two helpers of a run, as the rest sees them: a load generator that does jobs, and the upstream with its news.

import { once } from 'node:events';
import { join } from 'node:path';
import { loadCore, startNode, stopNode } from './child';
import type { Jobs } from './jobs';
import type { UpstreamNews } from './upstream';

export interface Load {
  /** @throws Error when the job fails, or takes longer than it may */
  do<Name extends keyof Jobs>(job: Jobs[Name][0], mostMs?: number): Promise<Jobs[Name][1]>;
  stop(): Promise<void>;
}

export function startLoad(folder: string): Load {
  const child = startNode({
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
    stop: () => stopNode(child),
  };
}

export interface FixedUpstream {
  readonly port: number;
  /** When a stream's connection closed on it, the first one after a moment, on the common clock in ms. */
  leftAfter(moment: number): Promise<number>;
  stop(): Promise<void>;
}

export async function startUpstream(folder: string): Promise<FixedUpstream> {
  const child = startNode({
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
    stop: () => stopNode(child),
  };
}
