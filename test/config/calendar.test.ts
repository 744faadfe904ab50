// Budget windows in UTC: where they begin and end, at the edges of minutes, days, weeks, months, years and leap days.

import fc from 'fast-check';
import { isoDay, periods, windowReset, windowStart, type Period } from '../../config/calendar';

const at = (text: string) => Date.parse(text);
const iso = (moment: number | undefined) => (moment === undefined ? undefined : new Date(moment).toISOString());

describe('windows', () => {
  test.each<[Period, string, string, string | undefined]>([
    ['minute', '2026-11-26T13:28:59.999Z', '2026-11-26T13:28:00.000Z', '2026-11-26T13:29:00.000Z'],
    ['minute', '2026-11-26T13:29:00.000Z', '2026-11-26T13:29:00.000Z', '2026-11-26T13:30:00.000Z'],
    ['day', '2026-12-31T23:59:59.999Z', '2026-12-31T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
    ['day', '2028-02-29T00:00:00.000Z', '2028-02-29T00:00:00.000Z', '2028-03-01T00:00:00.000Z'],
    // 2026-11-29 is a Sunday, 2026-11-30 a Monday.
    ['week', '2026-11-29T23:59:59.999Z', '2026-11-23T00:00:00.000Z', '2026-11-30T00:00:00.000Z'],
    ['week', '2026-11-30T00:00:00.000Z', '2026-11-30T00:00:00.000Z', '2026-12-07T00:00:00.000Z'],
    ['week', '2027-01-01T12:00:00.000Z', '2026-12-28T00:00:00.000Z', '2027-01-04T00:00:00.000Z'],
    ['week', '1970-01-01T00:00:00.000Z', '1969-12-29T00:00:00.000Z', '1970-01-05T00:00:00.000Z'],
    ['month', '2028-02-29T23:59:59.999Z', '2028-02-01T00:00:00.000Z', '2028-03-01T00:00:00.000Z'],
    ['month', '2026-12-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
    ['lifetime', '2026-11-26T13:28:59.999Z', '1970-01-01T00:00:00.000Z', undefined],
  ])('the %s of %s', (period, now, start, reset) => {
    expect(iso(windowStart(period, at(now)))).toBe(start);
    expect(iso(windowReset(period, at(now)))).toBe(reset);
  });

  const moment = fc.integer({ min: 0, max: at('2200-01-01T00:00:00Z') });

  test('hold their moment, and follow each other without gap or overlap', () => {
    fc.assert(
      fc.property(fc.constantFrom(...periods), moment, (period, now) => {
        const start = windowStart(period, now);
        const reset = windowReset(period, now);
        expect(start).toBeLessThanOrEqual(now);
        expect(windowStart(period, start)).toBe(start);
        if (reset === undefined) return void expect(period).toBe('lifetime');
        expect(reset).toBeGreaterThan(now);
        expect(windowStart(period, reset)).toBe(reset);
        expect(windowStart(period, reset - 1)).toBe(start);
      }),
    );
  });

  test('begin where the calendar says', () => {
    fc.assert(
      fc.property(moment, (now) => {
        expect(new Date(windowStart('week', now)).getUTCDay()).toBe(1);
        expect(new Date(windowStart('month', now)).getUTCDate()).toBe(1);
        expect(iso(windowStart('day', now))).toBe(`${isoDay(now)}T00:00:00.000Z`);
        expect(isoDay(windowStart('month', now)).slice(0, 7)).toBe(isoDay(now).slice(0, 7));
      }),
    );
  });
});
