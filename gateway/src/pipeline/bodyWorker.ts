// Where the work on whole bodies is done: here for ordinary ones, in a worker for large ones. Parsing and printing some
// megabytes holds the event loop for tens of milliseconds, and with it everybody else's stream.

import { extname } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { largeBody } from '../http/body';
import { type ErrorCode, type ErrorDetail, GatewayError } from '../core/errors';
import { checkCountRequest, encodeCountRequest } from '../wire/countRequest';
import { embeddingsFromGemini, embeddingsToGemini } from '../wire/embeddings';
import { isObject } from '../wire/shared/json';
import type { Part } from '../wire/neutral';
import { translateResponse } from '../wire/translateResponse';
import type { ReasoningLookup } from '../wire/reasoning/restore';
import { Halfway, translateRequest } from '../wire/translateRequest';
import { sanitizePassthrough } from '../wire/sanitizePassthrough';

/** What is done here, by name: functions of plain data, which may as well run in another thread. */
const jobs = {
  translateRequest,
  translateResponse,
  sanitizePassthrough,
  encodeCountRequest,
  checkCountRequest,
  embeddingsToGemini,
  embeddingsFromGemini,
};

type Jobs = typeof jobs;
type JobName = keyof Jobs;
type Input<N extends JobName> = Parameters<Jobs[N]>[0];
type Output<N extends JobName> = ReturnType<Jobs[N]> extends Halfway<infer T> ? T : ReturnType<Jobs[N]>;

export interface BodyWorker {
  /**
   * @param bytes the size of the body in question
   * @param thoughts what earlier turns left
   * @throws GatewayError as the work does
   */
  run<N extends JobName>(
    work: N,
    input: Input<N>,
    bytes: number,
    thoughts?: ReasoningLookup,
  ): Output<N> | Promise<Output<N>>;
  close(): Promise<void>;
}

/** A worker that has had nothing to do for this long ends, and gives its memory back. */
const idleMs = 60_000;
const role = 'ovth-workshop';

type WorkerRequest =
  | { readonly id: number; readonly work: JobName; readonly input: unknown }
  | { readonly id: number; readonly thoughts: ReasoningLookup };

type WorkerReply =
  | { readonly id: number; readonly needs: readonly string[] }
  | { readonly id: number; readonly made: unknown }
  | { readonly id: number; readonly refused: { readonly code: ErrorCode; readonly detail: ErrorDetail } };

interface Waiting {
  readonly thoughts: ReasoningLookup;
  resolve(made: unknown): void;
  reject(error: Error): void;
}

const noThoughts: ReasoningLookup = new Map<string, readonly Part[]>();

/** @param file the bundle, which serves as its own worker; from sources everything is done here */
export function openBodyWorker(file = __filename): BodyWorker {
  const bundled = extname(file) === '.js';
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
    const made = new Worker(file, { workerData: { role }, stdout: false, stderr: false });
    made.unref();
    made.on('message', (told: WorkerReply) => {
      const asked = waiting.get(told.id);
      if (asked === undefined) return;
      if ('needs' in told) {
        const thoughts = only(asked.thoughts, told.needs);
        made.postMessage({ id: told.id, thoughts } satisfies WorkerRequest);
        return;
      }
      waiting.delete(told.id);
      if (waiting.size === 0) idle = setTimeout(() => void stop(), idleMs).unref();
      if ('made' in told) asked.resolve(told.made);
      else asked.reject(new GatewayError(told.refused.code, told.refused.detail));
    });
    const fail = (cause?: unknown) => {
      if (worker === made) worker = undefined;
      for (const asked of waiting.values()) asked.reject(new GatewayError('internal', { cause }));
      waiting.clear();
    };
    made.on('error', fail);
    made.on('exit', () => fail(new Error('the worker ended')));
    return made;
  };

  return {
    run<N extends JobName>(work: N, input: Input<N>, bytes: number, thoughts = noThoughts) {
      if (!bundled || bytes < largeBody) return whole(begin(work, input), thoughts) as Output<N>;
      return new Promise<Output<N>>((resolve, reject) => {
        clearTimeout(idle);
        worker ??= start();
        const id = ++last;
        waiting.set(id, { thoughts, resolve: resolve, reject });
        worker.postMessage({ id, work, input } satisfies WorkerRequest);
      });
    },
    close: async () => {
      await stop();
    },
  };
}

/** What a workshop made, for those who send bytes; nothing is copied. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Whether this thread is a workshop's worker; then it serves, and nothing else may start in it. */
export function serveBodyWorker(): boolean {
  if (isMainThread || (workerData as { role?: unknown } | null)?.role !== role) return false;
  const halfway = new Map<number, Halfway<unknown>>();
  const go = (asked: WorkerRequest): WorkerReply => {
    const { id } = asked;
    if ('thoughts' in asked) {
      const begun = halfway.get(id);
      halfway.delete(id);
      return { id, made: begun?.finish(asked.thoughts) };
    }
    const made = begin(asked.work, asked.input);
    if (!(made instanceof Halfway)) return { id, made };
    if (made.needs.length === 0) return { id, made: made.finish(noThoughts) };
    halfway.set(id, made);
    return { id, needs: made.needs };
  };
  parentPort?.on('message', (asked: WorkerRequest) => {
    try {
      const told = go(asked);
      parentPort?.postMessage(told, 'made' in told ? buffersIn(told.made) : []);
    } catch (error) {
      const { code, message, field, tokens, headers } =
        error instanceof GatewayError ? error : new GatewayError('internal');
      const detail = {
        message,
        headers,
        ...(field === undefined ? {} : { field }),
        ...(tokens === undefined ? {} : { tokens }),
      };
      parentPort?.postMessage({ id: asked.id, refused: { code, detail } } satisfies WorkerReply);
    }
  });
  return true;
}

// ---

function begin(work: JobName, input: unknown): unknown {
  return (jobs[work] as (input: unknown) => unknown)(input);
}

function whole(made: unknown, thoughts: ReasoningLookup): unknown {
  return made instanceof Halfway ? made.finish(thoughts) : made;
}

function only(thoughts: ReasoningLookup, names: readonly string[]): ReadonlyMap<string, readonly Part[]> {
  const found = names.flatMap((name) => {
    const parts = thoughts.get(name);
    return parts === undefined ? [] : [[name, parts] as const];
  });
  return new Map(found);
}

// Handed over instead of copied, where they have their memory to themselves.
function buffersIn(made: unknown): ArrayBuffer[] {
  const body = isObject(made) ? made['body'] : made;
  return body instanceof Uint8Array && body.byteLength === body.buffer.byteLength ? [body.buffer as ArrayBuffer] : [];
}
