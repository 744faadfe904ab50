// Where the work on whole bodies is done: here for ordinary ones, in a thread for large ones. Parsing and printing some
// megabytes holds the event loop for tens of milliseconds, and with it everybody else's stream.

import { MessageChannel, Worker } from 'node:worker_threads';
import threadProgram from 'worker:./bodyJobs';
import { largeBodyBytes } from '../core/bodySize';
import { GatewayError } from '../core/errors';
import type { ReasoningLookup } from '../wire/reasoning/restore';
import { type JobName, type JobReply, type JobRequest, type Jobs, type JobThreadData, runJob } from './bodyJobs';

export interface BodyWorker {
  /**
   * @param bytes the size of the body in question
   * @param lookup what earlier turns left
   * @throws GatewayError as the job does
   */
  run<N extends JobName>(
    job: N,
    input: Parameters<Jobs[N]>[0],
    bytes: number,
    lookup?: ReasoningLookup,
  ): ReturnType<Jobs[N]> | Promise<ReturnType<Jobs[N]>>;
  close(): Promise<void>;
}

/** A thread that has had nothing to do for this long ends, and gives its memory back. */
const idleMs = 60_000;

interface Waiting {
  readonly lookup: ReasoningLookup;
  resolve(made: unknown): void;
  reject(error: Error): void;
}

const nothingLeft: ReasoningLookup = { get: () => undefined };

/** @param program the thread's; empty where the gateway runs from its sources: then everything is done here */
export function openBodyWorker(program: string = threadProgram): BodyWorker {
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;
  let last = 0;

  const stop = (): Promise<unknown> => {
    clearTimeout(idle);
    const ending = worker;
    worker = undefined;
    return ending?.terminate() ?? Promise.resolve();
  };
  const start = (): Worker => {
    const { port1, port2 } = new MessageChannel();
    const wake = new Int32Array(new SharedArrayBuffer(4));
    const data: JobThreadData = { role: 'body-worker', answers: port2, wake };
    const made = new Worker(program, {
      eval: true,
      workerData: data,
      transferList: [port2],
      stdout: false,
      stderr: false,
    });
    made.unref();
    made.on('message', (reply: JobReply) => {
      const asked = waiting.get(reply.id);
      if ('lookup' in reply) {
        port1.postMessage(asked?.lookup.get(reply.lookup));
        Atomics.store(wake, 0, 1);
        Atomics.notify(wake, 0);
        return;
      }
      waiting.delete(reply.id);
      if (waiting.size === 0) idle = setTimeout(() => void stop(), idleMs).unref();
      if ('error' in reply) asked?.reject(new GatewayError(reply.error.code, reply.error.detail));
      else asked?.resolve(reply.result);
    });
    const fail = (cause: unknown) => {
      port1.close();
      if (worker !== made) return; // it was ended for idleness, or has failed before: what waits is another's
      worker = undefined;
      for (const asked of waiting.values()) asked.reject(new GatewayError('internal', { cause }));
      waiting.clear();
    };
    made.on('error', fail);
    made.on('exit', () => fail(new Error('the worker ended')));
    return made;
  };

  return {
    run<N extends JobName>(job: N, input: Parameters<Jobs[N]>[0], bytes: number, lookup = nothingLeft) {
      if (program === '' || bytes < largeBodyBytes) return runJob(job, input, lookup);
      return new Promise<ReturnType<Jobs[N]>>((resolve, reject) => {
        clearTimeout(idle);
        worker ??= start();
        const id = ++last;
        waiting.set(id, { lookup, resolve: resolve, reject });
        worker.postMessage({ id, job, input } satisfies JobRequest);
      });
    },
    close: async () => {
      await stop();
    },
  };
}

/** What a job made, for those who send bytes; nothing is copied. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
