// A user who leaves: pseudonyms take the place of their names in rows, sums, counters and the audit, step by step. Their salt
// goes last: until then a step that is repeated makes the same pseudonyms.

import type { DatabaseSync } from 'node:sqlite';
import type { RequestRow } from '../rows';
import type { ForgetPlace, ForgetStep } from '../storage';
import type { Act } from '../administration';
import { addAudit } from './administration';
import type { PersonalField } from './chainHash';
import { forgetInAudit, renamedLimit } from './forgetInAudit';
import { newSalt, pseudonym, pseudonymsOf } from './people';
import { renameInSessionDays } from './sessionDays';
import type { Writer } from './statements';

/** Places in the ledger, hours, and places in the audit that a step looks at, so that requests are booked between two. */
const rowsAtOnce = 10_000;
const hoursAtOnce = 168;
const actsAtOnce = 10_000;

/** Does the next step. Within a transaction. @param act what the audit is to say of it, once it is done */
export function forgetUser(
  db: DatabaseSync,
  sql: Writer,
  user: string,
  place: ForgetPlace = { row: 0 },
  act?: Act,
): ForgetStep {
  const inUse = db.prepare('select label from keys where user = ? and revoked_at is null order by label').all(user);
  if (inUse.length > 0) return { inUse: inUse.map(({ label }) => String(label)) };
  const salt = saltOf(sql, user);
  if (salt === null) return { done: user, open: 0 }; // a pseudonym already
  const name = pseudonym(salt, 'user', user);
  db.prepare('insert or ignore into people (name, salt) values (?, null)').run(name);
  if ('row' in place) return replaceInRows(db, user, salt, place.row);
  if ('hour' in place) {
    const last = (db.prepare('select max(hour) hour from usage_hours').get() as { hour: number | null }).hour ?? 0;
    if (place.hour <= last) return replaceInSums(db, sql, { user, name, salt }, place.hour);
    replaceInSettings(db, user, name);
    return { next: { act: 0 }, rows: 0 };
  }
  const next = replaceInAudit(db, user, name, place.act);
  if (next !== undefined) return { next: { act: next }, rows: 0 };
  const step = finish(db, user, name);
  if (act !== undefined && 'done' in step) addAudit(sql, act, name, { before: null, after: { open: step.open } });
  return step;
}

// ---

function saltOf(sql: Writer, user: string): string | null {
  const known = sql.person.get(user) as { salt: string | null } | undefined;
  if (known !== undefined) return known.salt;
  const salt = newSalt();
  sql.addPerson.run(user, salt);
  return salt;
}

function replaceInRows(db: DatabaseSync, user: string, salt: string, after: number): ForgetStep {
  const until = after + rowsAtOnce;
  const rows = db
    .prepare('select seq, user, end_user, address, session from requests where seq > ? and seq <= ? and user = ?')
    .all(after, until, user) as unknown as (Pick<RequestRow, PersonalField> & { seq: number })[];
  const replace = db.prepare('update requests set user = ?, end_user = ?, address = ?, session = ? where seq = ?');
  for (const row of rows) {
    const names = pseudonymsOf(salt, row);
    replace.run(names.user, names.end_user, names.address, names.session, row.seq);
  }
  const { last } = db.prepare('select max(seq) last from requests').get() as { last: number | null };
  if (until < (last ?? 0)) return { next: { row: until }, rows: rows.length };
  const { hour } = db.prepare('select min(hour) hour from usage_hours').get() as { hour: number | null };
  return { next: { hour: hour ?? 0 }, rows: rows.length };
}

// Added, since sums of the pseudonym may be there: of a request that was settled after an earlier time.
function replaceInSums(
  db: DatabaseSync,
  sql: Writer,
  { user, name, salt }: { readonly user: string; readonly name: string; readonly salt: string },
  from: number,
): ForgetStep {
  const until = from + hoursAtOnce;
  const found = db
    .prepare('select * from usage_hours where hour >= ? and hour < ? and user = ?')
    .all(from, until, user);
  for (const sums of found) sql.addUsage.run(...Object.values({ ...sums, user: name }));
  db.prepare('delete from usage_hours where hour >= ? and hour < ? and user = ?').run(from, until, user);
  const sessionOf = (session: string) => (session === '' ? '' : pseudonym(salt, 'session', session));
  renameInSessionDays(sql, [Math.floor(from / 24), Math.floor(until / 24)], user, ({ session }) => ({
    user: name,
    session: sessionOf(session),
  }));
  return { next: { hour: until }, rows: 0 };
}

function replaceInSettings(db: DatabaseSync, user: string, name: string): void {
  for (const table of ['budgets', 'adjustments'] as const) {
    const rename = db.prepare(`update ${table} set limit_id = ? where limit_id = ?`);
    for (const { id } of db.prepare(`select distinct limit_id id from ${table}`).all() as unknown as { id: string }[]) {
      const renamed = renamedLimit(id, user, name);
      if (renamed !== id) rename.run(renamed, id);
    }
  }
  // Nothing but zeros is left there.
  for (const table of ['usage_months', 'usage_days'] as const)
    db.prepare(`delete from ${table} where user = ?`).run(user);
  db.prepare(`update keys set label = iif(source = 'admin', id, label), note = null, user = ?2 where user = ?1`).run(user, name); // prettier-ignore
}

// The place to go on from; undefined at the audit's end.
function replaceInAudit(db: DatabaseSync, user: string, name: string, after: number): number | undefined {
  const until = after + actsAtOnce;
  const keys = db.prepare(`select id from keys where user = ? and source = 'admin'`).all(name);
  forgetInAudit(db, { user, pseudonym: name, keys: new Set(keys.map(({ id }) => String(id))) }, after, until);
  const { last } = db.prepare('select max(seq) last from audit').get() as { last: number | null };
  return until < (last ?? 0) ? until : undefined;
}

function finish(db: DatabaseSync, user: string, name: string): ForgetStep {
  const { open } = db.prepare('select count(*) open from open_requests where user = ?').get(user) as { open: number };
  // What was settled since the first step stands under the old name still: the steps are done again.
  if (db.prepare('select 1 from requests where user = ? limit 1').get(user) !== undefined)
    return { next: { row: 0 }, rows: 0 };
  if (open === 0) db.prepare('delete from people where name = ?').run(user);
  return { done: name, open };
}
