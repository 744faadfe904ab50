// `usage_hours`: what settled requests used, summed by hour and by all that reports group by. The rows of a batch are summed
// here first, so that a hundred requests of one key cost one statement.

import { saturatingAdd } from '../../core/usage';
import type { RequestRow } from '../storage';
import type { Writer } from './statements';

export interface UsageSums {
  add(row: RequestRow): void;
  /** Writes what was added since the last call. */
  write(): void;
  forget(): void;
}

const hourMs = 3_600_000;

export function openUsageSums(sql: Writer): UsageSums {
  let sums = new Map<string, { keys: (string | number)[]; amounts: number[] }>();
  return {
    add(row) {
      // A request belongs to the hour in which it was admitted, as it does to that window of its limits.
      const keys = [
        Math.floor(row.started_at / hourMs), row.key, row.user ?? '', row.tags, row.route ?? '', row.provider, row.account, row.model,
        row.client ?? '',
      ]; // prettier-ignore
      const name = keys.join('\u0000');
      const amounts = amountsOf(row);
      const known = sums.get(name);
      if (known === undefined) sums.set(name, { keys, amounts });
      else known.amounts.forEach((amount, i) => (known.amounts[i] = saturatingAdd(amount, amounts[i] ?? 0)));
    },
    write() {
      if (sums.size === 0) return;
      for (const { keys, amounts } of sums.values()) sql.addUsage.run(...keys, ...amounts);
      sums = new Map();
    },
    forget() {
      sums = new Map();
    },
  };
}

// ---

// In the order of the columns after `client`.
function amountsOf(row: RequestRow): number[] {
  const counts = row.kind === 'correction' ? 0 : 1;
  return [
    counts,
    row.outcome === 'ok' || row.outcome === 'client_gone' ? 0 : counts,
    row.input,
    row.cache_read,
    row.cache_write_5m + row.cache_write_1h,
    row.output,
    row.reasoning,
    row.searches,
    row.counted,
    row.raw,
    row.cost,
  ];
}
