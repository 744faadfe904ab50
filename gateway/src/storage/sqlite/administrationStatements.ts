// The statements of the administration: adjustments of limits, uses of keys, credentials, and the audit.

import type { DatabaseSync } from 'node:sqlite';
import type { AuditPage, AuditRow, LimitAdjustment } from '../administration';

/** Those of the writer. */
export function prepareAdministration(db: DatabaseSync) {
  return {
    ...prepareAdjustments(db),
    putAdjustment: db.prepare(
      `insert or replace into adjustments (limit_id, topped_up, override_amount, override_until) values (?, ?, ?, ?)`,
    ),
    keyUse: db.prepare('select last_used_at, old_secret_used_at from key_uses where key = ?'),
    putKeyUse: db.prepare('insert or replace into key_uses (key, last_used_at, old_secret_used_at) values (?, ?, ?)'),
    allCredentials: db.prepare('select * from credentials order by created_at, id'),
    credentialByHash: db.prepare('select * from credentials where sha256 = ?'),
    credentialById: db.prepare('select * from credentials where id = ?'),
    putCredential: db.prepare(
      `insert into credentials (id, sha256, label, scopes, created_at, expires_at, revoked_at) values (?, ?, ?, ?, ?, ?, ?)
       on conflict (id) do update set sha256 = excluded.sha256, label = excluded.label, scopes = excluded.scopes,
         expires_at = excluded.expires_at, revoked_at = excluded.revoked_at`,
    ),
    addAudit: db.prepare(
      `insert into audit (at, credential, address, action, subject, change, idempotency_key, contents)
       values (?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    contentsOfAct: db.prepare('select contents from audit where idempotency_key = ?'),
  };
}

/** Those of reports. */
export function prepareAdministrationReports(db: DatabaseSync) {
  return {
    ...prepareAdjustments(db),
    keyUses: db.prepare('select key, last_used_at, old_secret_used_at from key_uses'),
    audit: db.prepare(
      `select seq, at, credential, address, action, subject, change from audit
       where seq < ?1 and (?2 is null or subject = ?2) order by seq desc limit ?3`,
    ),
  };
}

export type Adjustments = ReturnType<typeof prepareAdjustments>;

/** What the administration has changed of a limit; undefined where nothing. */
export function readAdjustment(sql: Adjustments, limit: string): LimitAdjustment | undefined {
  const row = sql.adjustment.get(limit) as
    { topped_up: number; override_amount: number | null; override_until: number | null } | undefined;
  if (row === undefined) return undefined;
  const { topped_up: toppedUp, override_amount: amount, override_until: until } = row;
  return { toppedUp, override: amount === null || until === null ? null : { amount, until } };
}

/** A page of the audit. */
export function readAudit(
  sql: Pick<ReturnType<typeof prepareAdministrationReports>, 'audit'>,
  subject: string | undefined,
  before: number | undefined,
  count: number,
): AuditPage {
  const found = sql.audit.all(before ?? Number.MAX_SAFE_INTEGER, subject ?? null, count) as unknown as Placed[];
  return {
    rows: found.map(({ seq: _, ...row }) => row),
    reached: found.length === count ? found.at(-1)?.seq : undefined,
  };
}

// ---

type Placed = AuditRow & { readonly seq: number };

function prepareAdjustments(db: DatabaseSync) {
  return {
    adjustment: db.prepare('select topped_up, override_amount, override_until from adjustments where limit_id = ?'),
  };
}
