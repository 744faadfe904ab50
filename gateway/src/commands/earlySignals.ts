// Signals that come while the gateway starts wait for it, instead of ending the process half-way. This file is imported
// before all else, and acts when it is: most of a start's 300 ms is the loading of the program.

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
const held: NodeJS.Signals[] = [];
const hold = (signal: NodeJS.Signals): void => void held.push(signal);
for (const signal of signals) process.on(signal, hold);

/** Ends the waiting: signals do again what they do, and those that came meanwhile come now. */
export function releaseSignals(): void {
  for (const signal of signals) process.off(signal, hold);
  for (const signal of held.splice(0)) process.kill(process.pid, signal);
}
