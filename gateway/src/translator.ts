// Where a translation runs: here for ordinary bodies, in a worker for large ones. Parsing and printing some megabytes
// holds the event loop for tens of milliseconds, and with it everybody else's stream.

import { extname } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { type ErrorCode, type ErrorDetail, GatewayError } from './errors';
import type { Part } from './wire/neutral';
import { type Task, translate, type Translation } from './wire/translate';

export interface Translator {
  /**
   * @param thoughts all that the key's earlier turns left, for a worker that cannot ask
   * @throws GatewayError as translate() does
   */
  translate(task: Task, thoughts: () => ReadonlyMap<string, readonly Part[]>): Translation | Promise<Translation>;
  close(): Promise<void>;
}

/** Bytes from which a body is worth the way to a worker and back. */
const largeBody = 256 * 1024;
/** A worker that has had nothing to do for this long ends, and gives its memory back. */
const idleMs = 60_000;
const role = 'ovth-translator';

interface Asked {
  readonly id: number;
  readonly task: Task;
}

type Told =
  | { readonly id: number; readonly translation: Translation }
  | { readonly id: number; readonly refused: { readonly code: ErrorCode; readonly detail: ErrorDetail } };

interface Waiting {
  resolve(translation: Translation): void;
  reject(error: Error): void;
}

/** @param file the bundle, which serves as its own worker; from sources everything runs here */
export function openTranslator(file = __filename): Translator {
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
    made.on('message', (told: Told) => {
      const asked = waiting.get(told.id);
      waiting.delete(told.id);
      if (waiting.size === 0) idle = setTimeout(() => void stop(), idleMs).unref();
      if ('translation' in told) asked?.resolve(told.translation);
      else asked?.reject(new GatewayError(told.refused.code, told.refused.detail));
    });
    const fail = (cause?: unknown) => {
      if (worker === made) worker = undefined;
      for (const asked of waiting.values()) asked.reject(new GatewayError('internal', { cause }));
      waiting.clear();
    };
    made.on('error', fail);
    made.on('exit', () => fail(new Error('the translator ended')));
    return made;
  };

  return {
    translate(task, thoughts) {
      if (!bundled || task.body.byteLength < largeBody) return translate(task);
      return new Promise((resolve, reject) => {
        clearTimeout(idle);
        worker ??= start();
        const id = ++last;
        waiting.set(id, { resolve, reject });
        worker.postMessage({ id, task: { ...task, thoughts: thoughts() } } satisfies Asked);
      });
    },
    close: async () => {
      await stop();
    },
  };
}

/** Whether this thread is a translator's worker; then it serves, and nothing else may start in it. */
export function serveTranslations(): boolean {
  if (isMainThread || (workerData as { role?: unknown } | null)?.role !== role) return false;
  parentPort?.on('message', ({ id, task }: Asked) => {
    try {
      const translation = translate(task);
      // Its own memory, so that it can be handed over instead of copied.
      const body = new Uint8Array(translation.body);
      parentPort?.postMessage({ id, translation: { ...translation, body } } satisfies Told, [body.buffer]);
    } catch (error) {
      const { code, message, field, headers } = error instanceof GatewayError ? error : new GatewayError('internal');
      const detail = { message, headers, ...(field === undefined ? {} : { field }) };
      parentPort?.postMessage({ id, refused: { code, detail } } satisfies Told);
    }
  });
  return true;
}
