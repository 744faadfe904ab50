// Integers beyond 2^53 cannot be read back as numbers, and one of them stops every request of its budget. Nothing of ours
// writes them; a file edited by hand or damaged may hold them. They are put right when the ledger is opened.

import type { DatabaseSync } from 'node:sqlite';
import { sumOf } from './sums';
import { usageDaysAnew } from './usageDays';

/** Puts counters right that no number can hold. @returns how many rows were changed */
export function repair(db: DatabaseSync): number {
  db.exec('begin immediate');
  try {
    const changed = statements.map((sql) => Number(db.prepare(sql).run().changes)).reduce((sum, n) => sum + n, 0);
    if (changed > 0) db.exec(monthsAnew + usageDaysAnew + sessionsAnew);
    db.exec('commit');
    return changed;
  } catch (error) {
    if (db.isTransaction) db.exec('rollback');
    throw error;
  }
}

// ---

// `abs` fails for the least integer there is, so that ranges are compared.
const absurd = (column: string) => `${column} not between -9007199254740991 and 9007199254740991`;
const negative = (column: string) => `${column} not between 0 and 9007199254740991`;

// One pass over a table: columns lose what is absurd.
const zeroed = (table: string, columns: readonly string[], isWrong = absurd) =>
  `update ${table} set ${columns.map((column) => `${column} = iif(${isWrong(column)}, 0, ${column})`).join(', ')}
   where ${columns.map(isWrong).join(' or ')}`;

// The triggers that keep these have added what was absurd.
const monthsAnew = `
  delete from usage_months;
  insert into usage_months
    select unixepoch(hour * 3600, 'unixepoch', 'start of month') / 3600 month, key, user, tags,
      ${sumOf('requests')}, ${sumOf('counted')}, ${sumOf('cost')}
    from usage_hours group by 1, 2, 3, 4;`;

// They are made of the rows once more.
const sessionsAnew = `
  delete from session_days;
  update sessions_summed set seq = 0;`;

const statements = [
  zeroed('requests', [
    'stream', 'started_at', 'first_byte_at', 'first_token_at', 'ended_at', 'status', 'input_estimate', 'max_output', 'input',
    'cache_read', 'cache_write_5m', 'cache_write_1h', 'output', 'reasoning', 'audio', 'searches', 'counted', 'raw', 'cost',
    'provider_cost', 'estimated', 'uncached', 'dearest_cost',
  ]), // prettier-ignore
  zeroed('open_requests', ['tokens', 'nano', 'output'], negative),
  zeroed('usage_hours', [
    'requests', 'errors', 'input', 'cache_read', 'cache_write', 'output', 'reasoning', 'searches', 'counted', 'raw', 'cost',
    'uncached', 'dearest_cost',
  ]), // prettier-ignore
  zeroed('keys', ['previous_until', 'parallel', 'expires_at', 'created_at', 'rotated_at', 'revoked_at']),
  // A budget is summed anew from `usage_hours` when it is next asked for.
  `delete from budgets where ${[
    'spent_tokens',
    'spent_nano',
    'spent_requests',
    'reserved_tokens',
    'reserved_nano',
    'reserved_requests',
  ]
    .map(negative)
    .join(' or ')}`,
];
