// Medians, percentiles and shares.

/** CPU time of each of what was done, in µs. @param ms of all; undefined where it is not known */
export function microsecondsEach(ms: number | undefined, count: number): number {
  return ((ms ?? NaN) * 1_000) / count;
}

/** The value below which a share of the values lies. @param share in [0, 1] */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
