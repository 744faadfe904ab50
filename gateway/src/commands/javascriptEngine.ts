// Settings of V8 that a server wants, and that NODE_OPTIONS does not take. What one is worth is seen by `npm run bench -- --against`
// a build without it.

import { setFlagsFromString } from 'node:v8';

/** Sets the engine up; once, before anything else runs. */
export function setUpEngine(): void {
  // V8 reads `--max-semi-space-size` for each heap it makes and prefers it to a thread's own `resourceLimits`: with the 8 MB that
  // package.json and the image give the main thread, whose heap is made by now, the ledger's thread kept 16 MB instead of 4.
  setFlagsFromString('--max-semi-space-size=0');
  // It collects when what is held and its garbage are so much larger than what was held last (in percent). By its own reckoning,
  // for small heaps, bodies of 100 KB brought a collection every 70 requests, which was half of their CPU. With 300 a soak of five
  // minutes held 416 MB at most, with 150 it held 292, and bodies of 1 MB cost a tenth more.
  setFlagsFromString('--heap-growing-percent=150');
  // Objects of which many have lived through a collection are made where old ones are, from then on. Those of requests in flight
  // have, and die there all the same: by chance one process in two came to collect old garbage once a second, for a tenth of its
  // CPU.
  setFlagsFromString('--no-allocation-site-pretenuring');
  // Optimised code stands on the shapes of objects, which are forgotten two collections after the last such object has gone, and
  // the code with them. Only shapes that such code has in it are kept.
  setFlagsFromString('--retain-maps-for-n-gc=1000');
}

/** Calls after which a function is optimised. */
const enough = 20_000;

/**
 * Has `process.nextTick` optimised before the first collection, which takes some milliseconds. It makes an object with symbols for
 * names; once a collection has come upon none of these and no such code, each further call goes through the runtime, for good. A
 * request makes about ten calls, a streamed event five.
 */
export function warmTicks(): void {
  let left = enough;
  const tick = () => {
    if (left-- > 0) process.nextTick(tick); // each makes the next, so that none waits in memory
  };
  tick();
}
