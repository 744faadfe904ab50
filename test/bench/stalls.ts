// Loaded into what is measured, before its own program: how long its event loop is held at a time. A timer that is due
// every millisecond tells what its thread has done since it last came. CPU time, not the clock's: what else runs on the
// core would count for the program otherwise.

export interface StallTold {
  readonly stallMs: number;
}

let last = process.threadCpuUsage();
let longest = 0;

setInterval(() => {
  const spent = process.threadCpuUsage(last);
  last = process.threadCpuUsage();
  longest = Math.max(longest, (spent.user + spent.system) / 1_000);
}, 1).unref();

process.on('message', (message) => {
  if (message !== 'stall') return;
  process.send?.({ stallMs: longest } satisfies StallTold);
  longest = 0;
});
