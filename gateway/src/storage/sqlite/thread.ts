// A thread that answers calls of an engine's methods, one after another. The same file is the thread's own program: it is
// bundled by itself, so that a thread loads the database and nothing else of the gateway.

import { isMainThread, type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { StorageLost, StorageUnusable } from '../storage';
import { type EngineOptions, openEngine } from './engine';
import { causeOf, isBusy, isStorageFailure } from './failures';
import { openReports } from './reports';

/** A call of a method. The methods and their types are the engine's. */
export interface ThreadCall {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

export type ThreadReply =
  { readonly id: number; readonly result: unknown } | { readonly id: number; readonly failure: ThreadFailure };

/** Errors do not cross threads with their class. */
export interface ThreadFailure {
  readonly kind: 'unavailable' | 'unusable' | 'lost' | 'error';
  readonly message: string;
}

export type ThreadRole =
  | { readonly role: 'storage-writer'; readonly options: EngineOptions }
  | { readonly role: 'storage-reports'; readonly folder: string };

/** What a thread is started with. */
export interface ThreadData {
  readonly role: ThreadRole;
  /** Where calls come from and replies go to. */
  readonly port: MessagePort;
  /** One number in shared memory: 1 where there may be calls. The thread sleeps on it. */
  readonly bell: Int32Array;
}

type Methods = Readonly<Record<string, unknown>>;

/** What an engine of a role offers. @throws StorageUnusable, or the operating system's error */
export function openRole(role: ThreadRole): Methods {
  return role.role === 'storage-writer' ? openEngine(role.options) : openReports(role.folder);
}

/** Calls a method of an engine. */
export function answer(engine: Methods, { id, method, args }: ThreadCall): ThreadReply {
  try {
    const value = engine[method];
    return { id, result: typeof value === 'function' ? (value as (...args: unknown[]) => unknown).apply(engine, [...args]) : value }; // prettier-ignore
  } catch (error) {
    return { id, failure: failureOf(error) };
  }
}

/** Why an engine could not be opened: nothing can be written or read then, whatever the reason. */
export function openingFailure(error: unknown): ThreadFailure {
  const { kind, message } = failureOf(error);
  return { kind: kind === 'error' ? 'unavailable' : kind, message };
}

/** A failure as it crosses to the other thread. SQLite's own texts may name values, so only its code does. */
export function failureOf(error: unknown): ThreadFailure {
  if (error instanceof StorageLost) return { kind: 'lost', message: error.message };
  if (error instanceof StorageUnusable) return { kind: 'unusable', message: error.message };
  if (isBusy(error))
    return { kind: 'unavailable', message: `another process holds the ledger’s lock (${causeOf(error)})` };
  if (isStorageFailure(error)) return { kind: 'unavailable', message: causeOf(error) };
  const code = causeOf(error);
  return { kind: 'error', message: code === 'error' && error instanceof Error ? error.message : code };
}

/** Says that there is a call. */
export function ring(bell: Int32Array): void {
  Atomics.store(bell, 0, 1);
  Atomics.notify(bell, 0);
}

if (!isMainThread && isThreadData(workerData)) serve(workerData);

// ---

// It sleeps in `Atomics.wait` instead of in an event loop, as it has nothing else to do: to wake it takes neither a turn of the
// loop nor the dispatch of an event. A request cost a tenth less CPU by it at 64 connections (`npm run bench -- --only
// requests`, before and after). The ledger is opened by the first call, which is answered with why it cannot be; the next call
// tries again.
function serve({ role, port, bell }: ThreadData): never {
  let engine: Methods | undefined;
  for (;;) {
    Atomics.wait(bell, 0, 0);
    Atomics.store(bell, 0, 0); // before the calls are taken: one that comes after the last look rings again
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
      const call = next.message as ThreadCall;
      try {
        engine ??= openRole(role);
      } catch (error) {
        port.postMessage({ id: call.id, failure: openingFailure(error) } satisfies ThreadReply);
        continue;
      }
      port.postMessage(answer(engine, call));
    }
  }
}

function isThreadData(data: unknown): data is ThreadData {
  return typeof data === 'object' && data !== null && 'role' in data && 'bell' in data;
}
