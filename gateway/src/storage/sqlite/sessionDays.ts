// `session_days`: what settled requests used, by session and day, so that a report of a month does not read a month's rows.
// Nothing of it is done while requests are admitted and settled: rows are added afterwards, some at a time, in the order in
// which they were settled, and `sessions_summed` says up to which (`seq`). Days before `first` have lost rows, or none of theirs
// are here: they are read from the rows, and what is left of their sums is pruned.

import type { DatabaseSync } from 'node:sqlite';
import { sumOf } from './sums';
import { addAmounts, amountsOfRow, dayMs, namesOfRow, usageAmounts, usageNames } from './usageColumns';

/** What a day's sums of sessions are kept by. */
const names = ['day', 'session', ...usageNames] as const;
const columns = [...names, ...usageAmounts].join(', ');

/** Columns of `requests` as sums of sessions have them, but for the amounts. */
export const sessionOfRow = `started_at / ${dayMs} day, coalesce(session, '') session, ${namesOfRow}`;

/** The writer's statements. */
export function prepareSessionDays(db: DatabaseSync) {
  return {
    sessionsSummed: db.prepare('select seq, first from sessions_summed'),
    nextSessionRows: db.prepare(
      'select count(*) rows, max(seq) last from (select seq from requests where seq > ? order by seq limit ?)',
    ),
    sumSessionRows: db.prepare(
      `insert into session_days (${columns})
       select ${names.join(', ')}, ${usageAmounts.map((name) => sumOf(name)).join(', ')}
       from (select ${sessionOfRow}, ${amountsOfRow} from requests where seq > ?1 and seq <= ?2 and started_at >= ?3 * ${dayMs})
       group by ${names.map((_, i) => i + 1).join(', ')} on conflict do update set ${addAmounts}`,
    ),
    sessionsSummedTo: db.prepare('update sessions_summed set seq = ?'),
    sessionDaysOfUser: db.prepare('select * from session_days where day >= ? and day <= ? and user = ?'),
    addSessionDay: db.prepare(
      `insert into session_days (${columns}) values (${[...names, ...usageAmounts].map(() => '?').join(', ')})
       on conflict do update set ${addAmounts}`,
    ),
    dropSessionDaysBefore: db.prepare(
      `delete from session_days where (${names.join(', ')}) in (
         select ${names.join(', ')} from session_days where day < (select first from sessions_summed) limit ?)`,
    ),
    dropSessionDaysOfUser: db.prepare('delete from session_days where day >= ? and day <= ? and user = ?'),
  };
}

type SessionStatements = ReturnType<typeof prepareSessionDays>;

/** Sums the next rows, `count` of them at most. Within a transaction. @returns whether there may be more */
export function sumSessions(sql: SessionStatements, count: number): boolean {
  const { seq, first } = sql.sessionsSummed.get() as { seq: number; first: number };
  const { rows, last } = sql.nextSessionRows.get(seq, count) as { rows: number; last: number | null };
  if (last === null) return false;
  sql.sumSessionRows.run(seq, last, first);
  sql.sessionsSummedTo.run(last);
  return rows === count;
}

/**
 * Puts other names in the place of a user's and of their sessions'. Their rows have them already, so that no row that is summed
 * later brings the old ones back.
 * @param days first and last
 */
export function renameInSessionDays(
  sql: SessionStatements,
  days: readonly [number, number],
  user: string,
  renamed: (row: { readonly user: string; readonly session: string }) => { user: string; session: string },
): void {
  const found = sql.sessionDaysOfUser.all(...days, user) as unknown as { user: string; session: string }[];
  for (const row of found) sql.addSessionDay.run(...Object.values({ ...row, ...renamed(row) }));
  sql.dropSessionDaysOfUser.run(...days, user);
}
