// A user who leaves, in what was administered: the one case in which a row of the audit changes. Who did what and when stays.

import type { DatabaseSync } from 'node:sqlite';
import type { Change } from '../administration';

/** Somebody who leaves. */
interface Leaver {
  readonly user: string;
  readonly pseudonym: string;
  /** Ids of the keys that are or were theirs. */
  readonly keys: ReadonlySet<string>;
}

/**
 * Puts the pseudonym in the place of a user's name; of their keys the id in that of the label, and nothing in that of the note.
 * What such an act was asked, and by which idempotency key, is forgotten: an operator may have put the name into either.
 * @param after places of the acts that are looked at: those in (after, until]
 */
export function forgetInAudit(db: DatabaseSync, leaver: Leaver, after: number, until: number): void {
  const put = db.prepare('update audit set change = ?, idempotency_key = null, contents = null where seq = ?');
  const rows = db
    .prepare('select seq, subject, change from audit where seq > ? and seq <= ? and change is not null')
    .all(after, until);
  for (const { seq, subject, change } of rows as unknown as AuditText[]) {
    const isTheirs = leaver.keys.has(subject);
    const text = JSON.stringify(forgetIn(JSON.parse(change) as Change, leaver, isTheirs ? subject : undefined));
    if (isTheirs || text !== change) put.run(text, seq);
  }
}

/** The id of a limit under the name that takes the place of a user's; the same where it is not theirs. */
export function renamedLimit(id: string, user: string, name: string): string {
  const prefix = `user:${user} `;
  const rule = id.startsWith(prefix) ? id.slice(prefix.length) : '';
  return aRule.test(rule) ? `user:${name} ${rule}` : id;
}

// ---

interface AuditText {
  readonly seq: number;
  readonly subject: string;
  readonly change: string;
}

/** What follows a subject in the id of a limit (accounting/quota.ts). A user's name may hold spaces. */
const aRule = /^(tokens|usd|requests) (minute|day|week|month|lifetime)( shadow)?$/;

function forgetIn(change: Change, { user, pseudonym }: Leaver, key: string | undefined): unknown {
  const side = (fields: object | null): object | null => {
    if (fields === null) return null;
    return Object.fromEntries(
      Object.entries(fields).map(([name, value]: [string, unknown]) => {
        if (name === 'user' && value === user) return [name, pseudonym];
        if (key !== undefined && name === 'label') return [name, key];
        if (key !== undefined && name === 'note') return [name, null];
        if (name === 'limits_changed') return [name, renameLimits(value as object, user, pseudonym)];
        return [name, value];
      }),
    );
  };
  return { ...change, before: side(change.before), after: side(change.after) };
}

function renameLimits(limits: object, user: string, pseudonym: string): object {
  return Object.fromEntries(Object.entries(limits).map(([id, value]) => [renamedLimit(id, user, pseudonym), value]));
}
