// Where the work on whole bodies is done: here for ordinary ones, in a few threads for large ones. Parsing and printing some
// megabytes holds the event loop for tens of milliseconds, and with it everybody else's stream.

import threadProgram from 'worker:./bodyJobs';
import { hugeBodyBytes, largeBodyBytes } from '../core/bodySize';
import { GatewayError } from '../core/errors';
import { openOwnerQueue } from '../core/ownerQueue';
import type { ReasoningLookup } from '../wire/reasoning/restore';
import { type JobName, type Jobs, runJob } from './bodyJobs';
import { type BodyThread, openBodyThread } from './bodyThread';

export interface BodyWorker {
  /**
   * @param owner whose body it is; owners take turns for the threads
   * @param bytes how large the body in question is as work (core/bodySize.ts)
   * @param lookup what earlier turns left
   * @throws GatewayError as the job does; internal where its thread died of it
   */
  run<N extends JobName>(
    owner: string,
    job: N,
    input: Parameters<Jobs[N]>[0],
    bytes: number,
    lookup?: ReasoningLookup,
  ): ReturnType<Jobs[N]> | Promise<ReturnType<Jobs[N]>>;
  close(): Promise<void>;
}

/** Threads at most. One that is busy with a body of the largest size leaves the other to everybody else. */
const mostThreads = 2;
/** A thread that has had nothing to do for this long ends, and gives its memory back. */
const idleMs = 60_000;

const nothingLeft: ReasoningLookup = { get: () => undefined };

/** @param program the thread's; empty where the gateway runs from its sources: then everything is done here */
export function openBodyWorker(program: string = threadProgram): BodyWorker {
  const threads = new Set<BodyThread>();
  const free: BodyThread[] = [];
  const queue = openOwnerQueue<Job>();
  const huge = openOwnerQueue<Job>();
  let hugeRuns = false;
  let closed = false;

  const open = (): BodyThread => {
    const thread = openBodyThread(program, idleMs, () => {
      threads.delete(thread);
      const at = free.indexOf(thread);
      if (at >= 0) free.splice(at, 1);
      next(); // another may begin in its place
    });
    threads.add(thread);
    return thread;
  };
  const next = (): void => {
    while (!closed) {
      const isHuge = huge.size > 0 && !hugeRuns;
      if (!isHuge && queue.size === 0) return;
      const thread = free.pop() ?? (threads.size < mostThreads ? open() : undefined);
      if (thread === undefined) return;
      hugeRuns ||= isHuge;
      const job = (isHuge ? huge : queue).take();
      void job?.(thread).finally(() => {
        if (isHuge) {
          hugeRuns = false;
          void thread.end(); // it would keep half of the memory that the job took
        } else if (threads.has(thread)) free.push(thread);
        next();
      });
    }
  };
  return {
    run<N extends JobName>(owner: string, job: N, input: Parameters<Jobs[N]>[0], bytes: number, lookup = nothingLeft) {
      if (program === '') return runJob(job, input, lookup);
      if (bytes < largeBodyBytes) {
        try {
          return runJob(job, input, boundLookup(lookup));
        } catch (error) {
          if (!(error instanceof MuchLeft)) throw error;
        }
      }
      return new Promise<ReturnType<Jobs[N]>>((resolve, reject) => {
        const waiting = bytes < hugeBodyBytes ? queue : huge;
        waiting.add(owner, (thread) => thread.run(job, input, lookup).then((made) => resolve(made), reject));
        next();
      });
    },
    async close() {
      closed = true;
      for (const waiting of [queue, huge]) while (waiting.size > 0) void waiting.take()?.(noThread);
      await Promise.all([...threads].map((thread) => thread.end()));
    },
  };
}

/** What a job made, for those who send bytes; nothing is copied. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

// ---

/** Earlier turns left so much that the work is a thread's. */
class MuchLeft extends Error {}

function boundLookup(lookup: ReasoningLookup): ReasoningLookup {
  if (lookup === nothingLeft) return lookup;
  let found = 0;
  return {
    get(name) {
      const left = lookup.get(name);
      found += left?.bytes ?? 0;
      if (found > largeBodyBytes) throw new MuchLeft();
      return left;
    },
  };
}

/** Stands for a thread once there are none any more. */
const noThread: BodyThread = {
  run: () => Promise.reject(new GatewayError('draining')),
  end: () => Promise.resolve(),
};

/** Does a job in a thread; it never rejects. */
type Job = (thread: BodyThread) => Promise<void>;
