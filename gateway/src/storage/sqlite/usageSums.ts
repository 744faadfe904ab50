// `usage_hours`: what settled requests used, summed by hour and by all that reports group by. The rows of a batch are summed
// here first, so that a hundred requests of one key cost one statement. Models are named by clients (`provider/anything`): of
// one key and hour only so many have a row of their own, so that nobody fills the disk with names.

import { saturatingAdd } from '../../core/usage';
import type { RequestRow } from '../rows';
import type { Writer } from './statements';

/** Sums of a batch, before they are written. */
export interface UsageSums {
  /** Adds what a settled row used. */
  add(row: RequestRow): void;
  /** Writes what was added since the last call. */
  write(): void;
  /** Forgets what is not written, and which models are known: the batch was rolled back. */
  forget(): void;
}

const hourMs = 3_600_000;
/** Models of one key that are summed by themselves in one hour. */
export const mostModels = 100;
/** The name that the others are summed under. */
export const otherModels = 'other';
/** Keys and hours whose models are remembered. */
const mostRemembered = 10_000;

/** Nothing is summed yet. What is written stands in the transaction of the caller. */
export function openUsageSums(sql: Writer): UsageSums {
  let sums = new Map<string, { keys: (string | number)[]; amounts: number[] }>();
  const models = new Map<string, Set<string>>(); // by hour and key
  const modelOf = (hour: number, { key, model }: RequestRow): string => {
    const name = `${hour} ${key}`;
    let known = models.get(name);
    if (known === undefined) {
      if (models.size >= mostRemembered) models.clear();
      const rows = sql.modelsOfHour.all(hour, key) as unknown as { model: string }[];
      models.set(name, (known = new Set(rows.map((row) => row.model))));
    }
    if (known.has(model)) return model;
    if (known.size >= mostModels) return otherModels;
    known.add(model);
    return model;
  };
  return {
    add(row) {
      // A request belongs to the hour in which it was admitted, as it does to that window of its limits.
      const hour = Math.floor(row.started_at / hourMs);
      const keys = [
        hour, row.key, row.user ?? '', row.tags, row.route ?? '', row.provider, row.account, modelOf(hour, row), row.client ?? '',
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
      models.clear();
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
    row.uncached,
    row.dearest_cost,
  ];
}
