// Has V8 collect garbage at a moment of our choosing.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

let collect: (() => void) | undefined;

/** Collects what is garbage in this thread; in the main one, where everybody else waits, nothing is done. */
export function collectGarbage(): void {
  if (isMainThread) return;
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
    setFlagsFromString('--no-expose-gc'); // flags are the process's, and only that context was to have it
  }
  collect();
}
