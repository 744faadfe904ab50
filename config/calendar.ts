// Days and budget windows, all in UTC.

/** ISO date of a moment, in UTC. @param now milliseconds since 1970 */
export function isoDay(now: number): string {
  const day = Math.floor(now / 86_400_000);
  if (day !== known.day) known = { day, text: new Date(now).toISOString().slice(0, 10) };
  return known.text;
}

// ---

// Asked for several times a request, and the same all day.
let known = { day: -1, text: '' };
