// What a command tells a person who waits: on stderr, so that its output stays what it was asked for.

/** Nothing is told of what takes less. */
export const quietMs = 2_000;
const everyMs = 1_000;

/** @param what is done, in words that follow a number: `rows verified` */
export function openProgress(what: string): (done: number, all?: number) => void {
  let next = performance.now() + quietMs;
  return (done, all) => {
    if (performance.now() < next) return;
    next = performance.now() + everyMs;
    console.error(all === undefined ? `${done} ${what}` : `${done} of ${all} ${what}`);
  };
}
