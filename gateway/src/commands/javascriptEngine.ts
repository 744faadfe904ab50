// Settings of V8 that NODE_OPTIONS does not take, and one shape that it must not forget.

import { executionAsyncResource } from 'node:async_hooks';
import { setFlagsFromString } from 'node:v8';

/** Sets the engine up for a server; once, before anything else runs. */
export function setUpEngine(): void {
  leaveThreadsTheirLimits();
  letGarbageGather();
  keepTickShape();
}

// ---

// V8 reads `--max-semi-space-size` for each heap it makes and prefers it to a thread's own `resourceLimits`: with the 8 MB that
// package.json and the image give the main thread, whose heap is made by now, the ledger's thread kept 16 MB instead of 4.
function leaveThreadsTheirLimits(): void {
  setFlagsFromString('--max-semi-space-size=0');
}

// The engine collects when what is held and its garbage are so much larger than what was held last (in percent). By its own
// reckoning, for small heaps, bodies of 100 KB brought a collection every 70 requests, which was half of their CPU. With 300 a
// soak of five minutes held 416 MB at most, with 150 it held 292, and bodies of 1 MB cost a tenth more.
function letGarbageGather(): void {
  setFlagsFromString('--heap-growing-percent=150');
}

const kept: object[] = [];

// `process.nextTick` makes an object with symbols for names. The engine remembers their shape only while one such object lives:
// once a collection has found none, each further call goes through the runtime and takes 0.7 µs instead of 0.1. A request makes
// ten of them, a streamed event five.
function keepTickShape(): void {
  process.nextTick(() => kept.push(executionAsyncResource()));
}
