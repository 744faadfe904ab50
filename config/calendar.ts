// Days and budget windows. Everything is UTC: no time zone, no daylight saving, every day has 24 hours.

/** How long a limit counts before it begins anew. `lifetime` never does. */
export const periods = ['minute', 'day', 'week', 'month', 'lifetime'] as const;
/** One of them. */
export type Period = (typeof periods)[number];

/**
 * The first moment of the window that holds `now`. It is the window's key: two moments lie in one window exactly when
 * their starts are equal. A week begins Monday 00:00, a month on its first day, `lifetime` at 0.
 * @param now milliseconds since 1970
 * @returns milliseconds since 1970
 */
export function windowStart(period: Period, now: number): number {
  switch (period) {
    case 'minute':
    case 'day':
      return Math.floor(now / lengths[period]) * lengths[period];
    case 'week':
      return Math.floor((now - firstMonday) / lengths.week) * lengths.week + firstMonday;
    case 'month': {
      const date = new Date(now);
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
    }
    case 'lifetime':
      return 0;
  }
}

/**
 * When the window that holds `now` ends and the next one begins; `undefined` for `lifetime`, which never resets.
 * @param now milliseconds since 1970
 * @returns milliseconds since 1970, always greater than `now`
 */
export function windowReset(period: Period, now: number): number | undefined {
  switch (period) {
    case 'minute':
    case 'day':
    case 'week':
      return windowStart(period, now) + lengths[period];
    case 'month': {
      const date = new Date(now);
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
    }
    case 'lifetime':
      return undefined;
  }
}

/**
 * ISO date of a moment in UTC, such as `2026-11-26`.
 * @param now milliseconds since 1970
 */
export function isoDay(now: number): string {
  const day = Math.floor(now / lengths.day);
  // Asked for several times a request, and the same all day.
  if (day !== known.day) known = { day, text: new Date(now).toISOString().slice(0, 10) };
  return known.text;
}

// ---

const lengths = { minute: 60_000, day: 86_400_000, week: 604_800_000 } as const;
/** 1970-01-05. */
const firstMonday = 4 * lengths.day;

let known = { day: -1, text: '' };
