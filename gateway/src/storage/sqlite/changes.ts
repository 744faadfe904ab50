// What an act changed of a row, for the audit.

import type { Change, CredentialRow } from '../administration';
import type { KeyRow } from '../rows';

/** What an act changed of a key; undefined where it changed nothing. A new secret is told by its hint. */
export function keyChangeBetween(before: KeyRow | undefined, after: KeyRow): Change | undefined {
  return changeBetween(before, after, ['id', 'sha256', 'previous_sha256', 'created_at']);
}

/** The same of a credential. */
export function credentialChangeBetween(before: CredentialRow | undefined, after: CredentialRow): Change | undefined {
  return changeBetween(before, after, ['id', 'sha256', 'created_at']);
}

// ---

function changeBetween<Row extends object>(
  before: Row | undefined,
  after: Row,
  hidden: readonly (keyof Row & string)[],
): Change | undefined {
  const names = Object.keys(after) as (keyof Row & string)[];
  const changed = names.filter(
    (name) => !hidden.includes(name) && (before === undefined ? after[name] !== null : before[name] !== after[name]),
  );
  if (changed.length === 0) return undefined;
  const pick = (row: Row) => Object.fromEntries(changed.map((name) => [name, row[name]]));
  return { before: before === undefined ? null : pick(before), after: pick(after) };
}
