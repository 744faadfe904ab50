// Has V8 collect garbage at a moment of our choosing.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/** Collects what is garbage in this thread. For work that nobody else waits for: it takes some tens of milliseconds. */
export function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
    setFlagsFromString('--no-expose-gc'); // flags are the process's, and only that context was to have it
  }
  collect();
}
