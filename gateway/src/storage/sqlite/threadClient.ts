// The other side of a thread: calls become messages, and a thread that dies is started again with what it had not answered.

import { Worker } from 'node:worker_threads';
import { StorageUnavailable, StorageUnusable } from '../storage';
import { answer, openRole, type ThreadCall, type ThreadFailure, type ThreadReply, type ThreadRole } from './thread';

/** An engine in another thread, or in this one. */
export interface Thread {
  /** @throws StorageUnavailable, StorageUnusable, Error */
  call(method: string, ...args: readonly unknown[]): Promise<unknown>;
  /** Ends the thread. Calls that are not answered fail. */
  end(): Promise<void>;
}

interface Waiting {
  readonly call: ThreadCall;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** Times that a thread is started again for calls it did not answer. */
const mostRestarts = 5;

/**
 * @param program the thread's program; empty where the gateway runs from its sources: then the engine works in this thread
 */
export function openThread(program: string, role: ThreadRole): Thread {
  return program === '' ? openInThisThread(role) : openWorkerThread(program, role);
}

// ---

function openWorkerThread(program: string, role: ThreadRole): Thread {
  const waiting = new Map<number, Waiting>();
  let last = 0;
  let restarts = 0;
  let ended = false;
  let worker = start();

  function start(): Worker {
    const made = new Worker(program, { eval: true, workerData: role, stdout: false, stderr: false });
    made.on('message', (text: string) => {
      const reply = JSON.parse(text) as ThreadReply;
      const asked = waiting.get(reply.id);
      waiting.delete(reply.id);
      restarts = 0;
      if (waiting.size === 0) made.unref();
      if (asked === undefined) return;
      if ('failure' in reply) asked.reject(errorOf(reply.failure));
      else asked.resolve(reply.result);
    });
    let cause: unknown;
    made.on('error', (error) => (cause = error));
    made.on('exit', () => {
      if (ended || worker !== made) return;
      // Entries are idempotent: what was not answered is asked once more.
      if (++restarts <= mostRestarts) {
        worker = start();
        for (const { call } of waiting.values()) worker.postMessage(JSON.stringify(call));
        return;
      }
      for (const asked of waiting.values()) asked.reject(new StorageUnavailable('the storage thread ended', { cause }));
      waiting.clear();
      restarts = 0;
      worker = start();
    });
    return made;
  }

  return {
    call: (method, ...args) =>
      new Promise((resolve, reject) => {
        const call = { id: ++last, method, args };
        waiting.set(call.id, { call, resolve, reject });
        worker.ref(); // the process waits for an answer, not for an idle thread
        worker.postMessage(JSON.stringify(call));
      }),
    async end() {
      ended = true;
      await worker.terminate();
      for (const asked of waiting.values()) asked.reject(new StorageUnavailable('the storage is closed'));
      waiting.clear();
    },
  };
}

function openInThisThread(role: ThreadRole): Thread {
  let engine: ReturnType<typeof openRole> | undefined;
  const turn = (call: ThreadCall): unknown => {
    engine ??= openRole(role);
    const reply = answer(engine, call);
    if ('failure' in reply) throw errorOf(reply.failure);
    return reply.result;
  };
  return {
    call: (method, ...args) =>
      new Promise((resolve, reject) => {
        // In a turn of its own, as the answer of another thread would come.
        setImmediate(() => {
          try {
            resolve(turn({ id: 0, method, args }));
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
          }
        });
      }),
    end: () => Promise.resolve(),
  };
}

function errorOf({ kind, message }: ThreadFailure): Error {
  if (kind === 'unavailable') return new StorageUnavailable(message);
  return kind === 'unusable' ? new StorageUnusable(message) : new Error(message);
}
