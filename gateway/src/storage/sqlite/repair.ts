// Integers beyond 2^53 cannot be read back as numbers, and one of them stops every request of its budget. Nothing of ours
// writes them; a file edited by hand or damaged may hold them. They are put right when the ledger is opened.

import type { DatabaseSync } from 'node:sqlite';

/** Puts counters right that no number can hold. @returns how many rows were changed */
export function repair(db: DatabaseSync): number {
  db.exec('begin immediate');
  try {
    const changed = statements.map((sql) => Number(db.prepare(sql).run().changes)).reduce((sum, n) => sum + n, 0);
    db.exec('commit');
    return changed;
  } catch (error) {
    db.exec('rollback');
    throw error;
  }
}

// ---

// Rows lose the absurd amount; a budget is dropped, and summed anew from `usage_hours` when it is next asked for.
const statements = [
  `update requests set
     input = 0, cache_read = 0, cache_write_5m = 0, cache_write_1h = 0, output = 0, reasoning = 0, counted = 0, raw = 0, cost = 0
   where max(abs(input), abs(cache_read), abs(cache_write_5m), abs(cache_write_1h), abs(output), abs(reasoning),
             abs(counted), abs(raw), abs(cost)) > 9007199254740991`,
  `update open_requests set tokens = 0, nano = 0, output = 0
   where max(tokens, nano, output) > 9007199254740991 or min(tokens, nano, output) < 0`,
  `update usage_hours set
     input = 0, cache_read = 0, cache_write = 0, output = 0, reasoning = 0, searches = 0, counted = 0, raw = 0, cost = 0
   where max(abs(input), abs(cache_read), abs(cache_write), abs(output), abs(reasoning), abs(searches), abs(counted),
             abs(raw), abs(cost)) > 9007199254740991`,
  `delete from budgets
   where max(spent_tokens, spent_nano, spent_requests, reserved_tokens, reserved_nano, reserved_requests) > 9007199254740991
      or min(spent_tokens, spent_nano, spent_requests, reserved_tokens, reserved_nano, reserved_requests) < 0`,
];
