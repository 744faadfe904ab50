// The other side of a thread: calls become messages, and a thread that dies is started again with what it had not answered.

import { MessageChannel, Worker } from 'node:worker_threads';
import { AnswerLost, StorageLost, StorageUnavailable, StorageUnusable } from '../storage';
import {
  answer,
  openingFailure,
  openRole,
  ring,
  type ThreadCall,
  type ThreadData,
  type ThreadFailure,
  type ThreadReply,
  type ThreadRole,
} from './thread';

/** An engine in another thread, or in this one. */
export interface Thread {
  /** @throws StorageUnavailable, StorageUnusable, Error; AnswerLost where the call may have been carried out */
  call(method: string, ...args: readonly unknown[]): Promise<unknown>;
  /** Ends the thread. Calls that are not answered fail, and so do later ones. */
  end(): Promise<void>;
}

interface Waiting {
  readonly call: ThreadCall;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** What a batch leaves behind is short-lived and small: a larger young generation is never filled, only kept (12 MB less). */
const resourceLimits = { maxYoungGenerationSizeMb: 4 };

/** Times in a row that a thread is started again for calls it did not answer. */
const mostRestarts = 5;

/**
 * @param program the thread's program; empty where the gateway runs from its sources: then the engine works in this thread
 */
export function openThread(program: string, role: ThreadRole): Thread {
  return program === '' ? openInThisThread(role) : openWorkerThread(program, role);
}

// ---

const closed = () => new StorageUnavailable('the storage is closed');

function openWorkerThread(program: string, role: ThreadRole): Thread {
  const waiting = new Map<number, Waiting>();
  let last = 0;
  let restarts = 0;
  let ended = false;
  let worker: RunningThread | undefined; // none before the first call, and after a death that left nothing unanswered

  const start = (): RunningThread => {
    const made = startWorker(program, role, {
      replied(reply) {
        const asked = waiting.get(reply.id);
        waiting.delete(reply.id);
        restarts = 0;
        if (waiting.size === 0) made.unref(); // the process waits for an answer, not for an idle thread
        if (asked !== undefined) answerCall(asked, reply);
      },
      ended(cause) {
        if (worker !== made) return;
        worker = undefined;
        askAgain(cause);
      },
    });
    return made;
  };
  // What was not answered is asked once more: entries are idempotent, and so are the other calls in their effect.
  const askAgain = (cause: unknown): void => {
    if (waiting.size === 0) return;
    if (++restarts > mostRestarts) return failAll(new AnswerLost('the storage thread ended', { cause }));
    try {
      worker = start();
      for (const { call } of waiting.values()) worker.send(call);
    } catch (error) {
      failAll(new AnswerLost('the storage thread could not be started', { cause: error }));
    }
  };
  const failAll = (error: Error): void => {
    restarts = 0;
    worker?.unref();
    rejectAll(waiting, error);
  };

  return {
    call: (method, ...args) =>
      new Promise((resolve, reject) => {
        if (ended) return reject(closed());
        const call = { id: ++last, method, args };
        worker ??= start();
        worker.send(call); // throws, and the promise with it, for what cannot be sent: then nothing waits
        worker.ref();
        waiting.set(call.id, { call, resolve, reject });
      }),
    async end() {
      ended = true;
      const ending = worker;
      worker = undefined;
      await ending?.terminate();
      failAll(closed());
    },
  };
}

/** A thread that runs. */
interface RunningThread {
  /** @throws DataCloneError for what cannot be sent */
  send(call: ThreadCall): void;
  /** The process stays for its answers. */
  ref(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

function startWorker(
  program: string,
  role: ThreadRole,
  on: { readonly replied: (reply: ThreadReply) => void; readonly ended: (cause: unknown) => void },
): RunningThread {
  const { port1: port, port2 } = new MessageChannel();
  const bell = new Int32Array(new SharedArrayBuffer(4));
  const workerData: ThreadData = { role, port: port2, bell };
  const worker = new Worker(program, { eval: true, workerData, transferList: [port2], resourceLimits, stdout: false, stderr: false }); // prettier-ignore
  let cause: unknown;
  port.on('message', on.replied);
  worker.on('error', (error) => (cause = error));
  worker.on('exit', () => {
    port.close();
    on.ended(cause);
  });
  return {
    send(call) {
      port.postMessage(call);
      ring(bell);
    },
    ref() {
      worker.ref();
      port.ref();
    },
    unref() {
      worker.unref();
      port.unref();
    },
    terminate: () => worker.terminate(),
  };
}

function rejectAll(waiting: Map<number, Waiting>, error: Error): void {
  const failed = [...waiting.values()];
  waiting.clear();
  for (const asked of failed) asked.reject(error);
}

function answerCall(asked: Waiting, reply: ThreadReply): void {
  if ('failure' in reply) asked.reject(errorOf(reply.failure));
  else asked.resolve(reply.result);
}

function openInThisThread(role: ThreadRole): Thread {
  let engine: ReturnType<typeof openRole> | undefined;
  let ended = false;
  const turn = (call: ThreadCall): unknown => {
    try {
      engine ??= openRole(role);
    } catch (error) {
      throw errorOf(openingFailure(error));
    }
    const reply = answer(engine, call);
    if ('failure' in reply) throw errorOf(reply.failure);
    return reply.result;
  };
  return {
    async call(method, ...args) {
      if (ended) throw closed();
      await new Promise((resolve) => setImmediate(resolve)); // in a turn of its own, as the answer of another thread would come
      return turn({ id: 0, method, args });
    },
    end() {
      ended = true;
      return Promise.resolve();
    },
  };
}

function errorOf({ kind, message }: ThreadFailure): Error {
  if (kind === 'unavailable') return new StorageUnavailable(message);
  if (kind === 'lost') return new StorageLost(message);
  return kind === 'unusable' ? new StorageUnusable(message) : new Error(message);
}
