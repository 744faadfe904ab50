// `usage_days`: sums of `usage_hours` by day, of which a month has a twenty-fourth. An hour is added once it is over, so that
// nothing of it is done while requests are admitted and settled; `hours_summed` says up to which (`until`). What changes of an
// hour later (a correction, a user who leaves) is brought over by triggers, whichever version of the gateway changes it.

import type { DatabaseSync } from 'node:sqlite';
import { sumOf } from './sums';
import { addAmounts, usageAmounts, usageNames } from './usageColumns';

const hourMs = 3_600_000;
/** After its end an hour still gets what began in it. What comes later than this is brought over one by one. */
const lateMs = 600_000;

const columns = ['day', ...usageNames, ...usageAmounts].join(', ');
const sumsOfHours = (range: string) =>
  `insert into usage_days (${columns})
   select hour / 24 day, ${usageNames.join(', ')}, ${usageAmounts.map((name) => sumOf(name)).join(', ')}
   from usage_hours where ${range} group by day, ${usageNames.join(', ')} on conflict do update set ${addAmounts}`;

/** Makes the sums of days once more, of the hours that they held. */
export const usageDaysAnew = `
  delete from usage_days;
  ${sumsOfHours('hour < (select until from hours_summed)')};`;

/** The writer's statements. */
export function prepareUsageDays(db: DatabaseSync) {
  return {
    nextHourToSum: db.prepare(
      'select hour, count(*) rows from usage_hours where hour = (select min(hour) from usage_hours where hour >= (select until from hours_summed))',
    ),
    sumHour: db.prepare(sumsOfHours('hour = ?')),
    hoursSummedTo: db.prepare('update hours_summed set until = ?'),
  };
}

/**
 * Adds the next hours that are over to their days, until `count` sums or more were added. Within a transaction. An hour is one
 * statement, however many sums it has: those of a busy one (20,000) may hold the writer for some hundred milliseconds.
 * @param now milliseconds since 1970
 * @returns whether there may be more
 */
export function sumHours(sql: ReturnType<typeof prepareUsageDays>, now: number, count: number): boolean {
  for (let added = 0; added < count;) {
    const { hour, rows } = sql.nextHourToSum.get() as { hour: number | null; rows: number };
    if (hour === null || (hour + 1) * hourMs + lateMs > now) return false;
    sql.sumHour.run(hour);
    sql.hoursSummedTo.run(hour + 1);
    added += rows;
  }
  return true;
}
