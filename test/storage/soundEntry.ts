// Which entries a ledger can keep, said once more and independently of the gateway: whole numbers from 0 to 2^53 - 1, texts
// of at most 65,536 characters, nothing missing.

import type { Entry } from '../../gateway/src/storage/entries';

const optional = new Set([
  'user', 'route', 'max_output', 'corrects', 'session', 'client', 'end_user', 'address', 'app_title', 'wire_out',
  'first_byte_at', 'first_token_at', 'error', 'prefix_hash', 'provider_cost', 'hash', 'dearest',
  'dearest_rates',
]); // prettier-ignore
const lists = new Set(['tags', 'attempts', 'needs', 'dropped', 'shadowed']);

const isWhole = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown) => typeof value === 'string' && value.length <= 65_536;

/** Whether a ledger keeps an entry, or answers that it failed. */
export function isSound(entry: Entry): boolean {
  if (!Array.isArray(entry.limits)) return false;
  if (!entry.limits.every(({ id, window, amount }) => isText(id) && isWhole(window) && isWhole(amount))) return false;
  switch (entry.type) {
    case 'release':
      return isText(entry.id);
    case 'extend':
      return isText(entry.id) && [entry.from, entry.by, entry.nanoPerOutput].every(isWhole);
    case 'reprice':
      return isText(entry.id) && isWhole(entry.nano);
    case 'reserve': {
      const { id, key, input, output = 0, defaultOutput, nanoPerInput, nanoPerOutput, nanoBeside = 0, request } = entry;
      return (
        isText(id) &&
        isText(key) &&
        [input, output, defaultOutput, nanoPerInput, nanoPerOutput, nanoBeside].every(isWhole) &&
        isSoundRecord(request, 13)
      );
    }
    case 'settle':
      return (
        isText(entry.rates) &&
        (entry.dearestRates === undefined || isText(entry.dearestRates)) &&
        isSoundRecord(entry.row, 53)
      );
  }
}

// ---

function isSoundRecord(record: object | undefined, fields: number): boolean {
  if (record === undefined) return false;
  const entries = Object.entries(record);
  return (
    entries.length === fields &&
    entries.every(([name, value]: [string, unknown]) => {
      if (value === null) return optional.has(name);
      if (lists.has(name)) return isText(value) && isList(value as string);
      return isText(value) || isWhole(value);
    })
  );
}

function isList(text: string): boolean {
  try {
    return Array.isArray(JSON.parse(text));
  } catch {
    return false;
  }
}
