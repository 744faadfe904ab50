// A thread that does one job after another on whole bodies. One that dies, for want of memory most likely, takes the job it
// was at with it and nothing else.

import { MessageChannel, Worker } from 'node:worker_threads';
import { GatewayError } from '../core/errors';
import type { ReasoningLookup } from '../wire/reasoning/restore';
import type { JobName, JobReply, JobRequest, Jobs, JobThreadData } from './bodyJobs';

export interface BodyThread {
  /** One job at a time. @throws GatewayError as the job does; internal where the thread died of it */
  run<N extends JobName>(job: N, input: Parameters<Jobs[N]>[0], lookup: ReasoningLookup): Promise<ReturnType<Jobs[N]>>;
  end(): Promise<unknown>;
}

/**
 * Megabytes of objects that a thread may hold; a body of the largest size takes about half. A process that is started with
 * `--max-old-space-size`, as the image's is, has that as the limit of each thread. The young generation is three times V8's
 * `--max-semi-space-size` of 8.
 */
const resourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 24 };

/**
 * @param idleMs without a job, after which the thread ends by itself
 * @param ended called once, when it takes no more jobs
 */
export function openBodyThread(program: string, idleMs: number, ended: () => void): BodyThread {
  const { port1, port2 } = new MessageChannel();
  const wake = new Int32Array(new SharedArrayBuffer(4));
  const data: JobThreadData = { role: 'body-worker', answers: port2, wake };
  const worker = new Worker(program, {
    eval: true,
    workerData: data,
    transferList: [port2],
    resourceLimits,
    stdout: false,
    stderr: false,
  });
  worker.unref();
  let current: Current | undefined;
  let over = false;
  let idle: NodeJS.Timeout | undefined;
  const rest = () => {
    idle = setTimeout(() => {
      fail(new Error('the worker was idle'));
      void worker.terminate();
    }, idleMs).unref();
  };

  worker.on('message', (reply: JobReply) => {
    if ('lookup' in reply) {
      port1.postMessage(current?.lookup.get(reply.lookup));
      Atomics.store(wake, 0, 1);
      Atomics.notify(wake, 0);
      return;
    }
    const asked = current;
    current = undefined;
    rest();
    if ('error' in reply) asked?.reject(new GatewayError(reply.error.code, reply.error.detail));
    else asked?.resolve(reply.result);
  });
  const fail = (cause: unknown) => {
    if (over) return;
    over = true;
    clearTimeout(idle);
    port1.close();
    ended();
    current?.reject(new GatewayError('internal', { cause }));
  };
  worker.on('error', fail);
  worker.on('exit', () => fail(new Error('the worker ended')));
  rest();

  return {
    run<N extends JobName>(job: N, input: Parameters<Jobs[N]>[0], lookup: ReasoningLookup) {
      return new Promise<ReturnType<Jobs[N]>>((resolve, reject) => {
        if (over) return reject(new GatewayError('internal', { cause: new Error('the worker has ended') }));
        clearTimeout(idle);
        current = { lookup, resolve: resolve, reject };
        worker.postMessage({ id: 0, job, input } satisfies JobRequest);
      });
    },
    end: () => worker.terminate(),
  };
}

// ---

interface Current {
  readonly lookup: ReasoningLookup;
  resolve(made: unknown): void;
  reject(error: Error): void;
}
