// `usage_hours`: what settled requests used, summed by hour and by all that reports group by. The rows of a batch are summed
// here first, so that a hundred requests of one key cost one statement.

import { requestColumns } from './columns';
import type { Writer } from './statements';

type Value = string | number | null;

export interface UsageSums {
  /** @param row in the order of `requestColumns` */
  add(row: readonly Value[]): void;
  /** Writes what was added since the last call. */
  write(): void;
  forget(): void;
}

const hourMs = 3_600_000;

export function openUsageSums(sql: Writer): UsageSums {
  let sums = new Map<string, { keys: Value[]; amounts: number[] }>();
  return {
    add(row) {
      // A request belongs to the hour in which it was admitted, as it does to that window of its limits.
      const hour = Math.floor(Number(row[startedAt]) / hourMs);
      let name = String(hour);
      for (const place of keyPlaces) name += `\u0000${row[place] ?? ''}`;
      const amounts = amountsOf(row);
      const known = sums.get(name);
      if (known === undefined) sums.set(name, { keys: [hour, ...keyPlaces.map((place) => row[place] ?? '')], amounts });
      else for (let i = 0; i < amounts.length; i++) known.amounts[i] = (known.amounts[i] ?? 0) + (amounts[i] ?? 0);
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

const place = (name: (typeof requestColumns)[number]) => requestColumns.indexOf(name);
const startedAt = place('started_at');
// In the order of the columns of `usage_hours`.
const keyPlaces = (['key', 'user', 'tags', 'route', 'provider', 'account', 'model', 'client'] as const).map(place);
const [kindAt, outcomeAt, write5mAt, write1hAt] = (
  ['kind', 'outcome', 'cache_write_5m', 'cache_write_1h'] as const
).map(place);
const [inputAt, cacheReadAt, ...restAt] = (
  ['input', 'cache_read', 'output', 'reasoning', 'searches', 'counted', 'raw', 'cost'] as const
).map(place);
const noErrors = new Set<Value | undefined>(['ok', 'client_gone']);

// In the order of the columns after `client`.
function amountsOf(row: readonly Value[]): number[] {
  const amount = (at: number | undefined) => Number(row[at ?? 0]);
  const counts = row[kindAt ?? 0] === 'correction' ? 0 : 1;
  const errors = noErrors.has(row[outcomeAt ?? 0]) ? 0 : counts;
  const writes = amount(write5mAt) + amount(write1hAt);
  return [counts, errors, amount(inputAt), amount(cacheReadAt), writes, ...restAt.map(amount)];
}
