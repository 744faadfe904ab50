// The work that is done on whole bodies, by name: functions of plain data, which may as well run in another thread. The
// same file is that thread's program (gateway/bundle.mjs).

import { isMainThread, type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type ErrorCode, type ErrorDetail, GatewayError } from '../core/errors';
import { checkCountRequest, encodeCountRequest } from '../wire/countRequest';
import { embeddingsFromGemini, embeddingsToGemini } from '../wire/embeddings';
import { inspectAnswer } from '../wire/inspectAnswer';
import type { Left, ReasoningLookup } from '../wire/reasoning/restore';
import { sanitizePassthrough } from '../wire/sanitizePassthrough';
import { isObject } from '../wire/shared/json';
import { translateRequest } from '../wire/translateRequest';
import { translateResponse } from '../wire/translateResponse';
import { collectGarbage } from './collectGarbage';

const jobs = {
  translateRequest,
  translateResponse,
  inspectAnswer,
  sanitizePassthrough,
  encodeCountRequest,
  checkCountRequest,
  embeddingsToGemini,
  embeddingsFromGemini,
};

export type Jobs = typeof jobs;
export type JobName = keyof Jobs;

/** Does a job here. @param collect has garbage collected, where that holds up nobody. @throws GatewayError as the job does */
export function runJob<N extends JobName>(
  job: N,
  input: Parameters<Jobs[N]>[0],
  lookup: ReasoningLookup,
  collect?: () => void,
): ReturnType<Jobs[N]> {
  return (jobs[job] as (...args: [unknown, ReasoningLookup, (() => void)?]) => ReturnType<Jobs[N]>)(
    input,
    lookup,
    collect,
  );
}

/** A job for the thread. */
export interface JobRequest {
  readonly id: number;
  readonly job: JobName;
  readonly input: unknown;
}

/** A thread's reply: what it made, why not, or which name of an earlier turn it waits for. */
export type JobReply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly code: ErrorCode; readonly detail: ErrorDetail } }
  | { readonly id: number; readonly lookup: string };

/** What the thread is given: a port on which names are answered, and the flag that wakes it when one is. */
export interface JobThreadData {
  readonly role: 'body-worker';
  readonly answers: MessagePort;
  readonly wake: Int32Array;
}

if (!isMainThread && isJobThreadData(workerData)) serve(workerData);

// ---

function serve({ answers, wake }: JobThreadData): void {
  parentPort?.on('message', ({ id, job, input }: JobRequest) => {
    // What earlier turns left stays with the main thread; this one waits for what it needs of it.
    const lookup: ReasoningLookup = {
      get(name) {
        Atomics.store(wake, 0, 0);
        parentPort?.postMessage({ id, lookup: name } satisfies JobReply);
        Atomics.wait(wake, 0, 0);
        return receiveMessageOnPort(answers)?.message as Left | undefined;
      },
    };
    try {
      const result = runJob(job, input as never, lookup, collectGarbage);
      parentPort?.postMessage({ id, result } satisfies JobReply, buffersIn(result));
    } catch (error) {
      parentPort?.postMessage({ id, error: plainError(error) } satisfies JobReply);
    }
  });
}

function plainError(error: unknown): { code: ErrorCode; detail: ErrorDetail } {
  const { code, message, field, tokens, headers } =
    error instanceof GatewayError ? error : new GatewayError('internal', { cause: error });
  return {
    code,
    detail: {
      message,
      headers,
      ...(field === undefined ? {} : { field }),
      ...(tokens === undefined ? {} : { tokens }),
    },
  };
}

function isJobThreadData(data: unknown): data is JobThreadData {
  return isObject(data) && data['role'] === 'body-worker';
}

// Handed over instead of copied, where they have their memory to themselves.
function buffersIn(made: unknown): ArrayBuffer[] {
  const body = isObject(made) ? made['body'] : made;
  return body instanceof Uint8Array && body.byteLength === body.buffer.byteLength ? [body.buffer as ArrayBuffer] : [];
}
