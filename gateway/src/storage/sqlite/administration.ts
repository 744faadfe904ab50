// What the administration writes: keys, changes of limits, credentials. Each act is one transaction with the row it leaves.

import {
  type Act,
  adjusted,
  type Change,
  type CredentialRow,
  type LimitAdjustment,
  type LimitChange,
  unadjusted,
} from '../administration';
import type { KeyRow } from '../rows';
import { readAdjustment } from './administrationStatements';
import { credentialChangeBetween, keyChangeBetween } from './changes';
import { credentialColumns, keyColumns, valuesOf } from './columns';
import type { Writer } from './statements';

/**
 * @param transaction runs it in a transaction
 * @param changed called when keys, limits or credentials have
 */
export function openAdministration(sql: Writer, transaction: <T>(work: () => T) => T, changed: () => void) {
  const write = <T>(work: () => T): T => {
    const result = transaction(work);
    changed();
    return result;
  };
  return {
    keyByHash: (sha256: string) => sql.keyByHash.get(sha256) as KeyRow | undefined,
    keyById: (id: string) => keyOf(sql, id),
    putKeys: (rows: readonly KeyRow[], act?: Act) => write(() => rows.forEach((row) => putKey(sql, row, [], act))),
    changeKey: (
      id: string,
      change: Partial<KeyRow>,
      { limits = [], act }: { readonly limits?: readonly LimitChange[]; readonly act?: Act } = {},
    ): KeyRow | undefined =>
      write(() => {
        const row = keyOf(sql, id);
        if (row === undefined || isDone(sql, act)) return row;
        return putKey(sql, { ...row, ...change }, limits, act);
      }),
    contentsOfAct: (idempotencyKey: string) => contentsOfAct(sql, idempotencyKey),
    credentials: () => sql.allCredentials.all() as unknown as CredentialRow[],
    credentialByHash: (sha256: string) => sql.credentialByHash.get(sha256) as CredentialRow | undefined,
    putCredential: (row: CredentialRow, act: Act) =>
      write(() => {
        const before = sql.credentialById.get(row.id) as CredentialRow | undefined;
        sql.putCredential.run(...valuesOf(row, credentialColumns));
        addAudit(sql, act, row.id, credentialChangeBetween(before, row));
      }),
  };
}

// ---

function keyOf(sql: Writer, id: string): KeyRow | undefined {
  return sql.keyById.get(id) as KeyRow | undefined;
}

function contentsOfAct(sql: Writer, idempotencyKey: string): string | undefined {
  return (sql.contentsOfAct.get(idempotencyKey) as { contents: string } | undefined)?.contents;
}

function isDone(sql: Writer, act: Act | undefined): boolean {
  return act?.once !== undefined && contentsOfAct(sql, act.once.idempotencyKey) !== undefined;
}

// What is written is read again: a revocation stays, whatever the row says.
function putKey(sql: Writer, row: KeyRow, limits: readonly LimitChange[], act: Act | undefined): KeyRow | undefined {
  const before = act === undefined ? undefined : keyOf(sql, row.id);
  sql.putKey.run(...valuesOf(row, keyColumns));
  const after = keyOf(sql, row.id);
  const adjustments = limits.map((change) => adjust(sql, change));
  if (act === undefined || after === undefined) return after;
  const ofLimits = (which: 'before' | 'after') =>
    Object.fromEntries(adjustments.map((each) => [each.id, each[which]] as const));
  const change = keyChangeBetween(before, after);
  addAudit(
    sql,
    act,
    row.id,
    limits.length === 0
      ? change
      : {
          before: { ...change?.before, limits_changed: ofLimits('before') },
          after: { ...change?.after, limits_changed: ofLimits('after') },
        },
  );
  return after;
}

function adjust(
  sql: Writer,
  change: LimitChange,
): { readonly id: string; readonly before: LimitAdjustment; readonly after: LimitAdjustment } {
  const before = readAdjustment(sql, change.id) ?? unadjusted;
  const after = adjusted(before, change);
  const { toppedUp, override } = after;
  sql.putAdjustment.run(change.id, toppedUp, override?.amount ?? null, override?.until ?? null);
  return { id: change.id, before, after };
}

/**
 * Leaves the row of an act. Where it changed nothing there is none, but for an act that is to be known when it is repeated:
 * others may have changed meanwhile what it asked for. Within the act's transaction.
 */
export function addAudit(
  sql: Writer,
  { at, credential, address, action, once }: Act,
  subject: string,
  change: Change | undefined,
): void {
  if (change === undefined && once === undefined) return;
  const text = JSON.stringify(change ?? unchanged);
  const { idempotencyKey = null, contents = null } = once ?? {};
  sql.addAudit.run(at, credential, address, action, subject, text, idempotencyKey, contents);
}

const unchanged: Change = { before: {}, after: {} };
