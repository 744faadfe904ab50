// Counts what happens in a minute, by name: wrong credentials of an address, lines of the log.

export interface MinuteCounter {
  /** Counts one more. @returns how many there are in the minute that the first of them began */
  add(name: string): number;
  count(name: string): number;
  /** Seconds until the minute of a name is over. */
  secondsLeft(name: string): number;
}

const minuteMs = 60_000;

/**
 * @param now milliseconds since 1970
 * @param most names that are remembered at once; the oldest is forgotten for a new one
 */
export function openMinuteCounter(now: () => number, most = 10_000): MinuteCounter {
  const counts = new Map<string, { from: number; count: number }>();
  const current = (name: string) => {
    const entry = counts.get(name);
    if (entry === undefined) return undefined;
    const age = now() - entry.from;
    if (age >= 0 && age < minuteMs) return entry;
    counts.delete(name);
    return undefined;
  };
  return {
    add(name) {
      const entry = current(name);
      if (entry !== undefined) return ++entry.count;
      const oldest = counts.size >= most ? counts.keys().next().value : undefined;
      if (oldest !== undefined) counts.delete(oldest);
      counts.set(name, { from: now(), count: 1 });
      return 1;
    },
    count: (name) => current(name)?.count ?? 0,
    secondsLeft: (name) => Math.ceil(((current(name)?.from ?? now() - minuteMs) + minuteMs - now()) / 1_000),
  };
}
