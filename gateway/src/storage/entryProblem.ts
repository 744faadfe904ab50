// Which entries a storage refuses, before its database sees them: an amount that is no count would be added to budgets, and
// one that a number cannot hold would make every later read of its row fail.

import {
  type Entry,
  type ExtendEntry,
  type LimitWindow,
  longestText,
  type OpenRequest,
  type ReleaseEntry,
  type RepriceEntry,
  type ReserveEntry,
  type SettleEntry,
} from './entries';
import type { RequestRow } from './rows';

type Form =
  | 'text'
  | 'text?'
  | 'count'
  | 'count?'
  | 'count or undefined'
  | 'text or undefined'
  | 'flag'
  | 'list'
  | 'request'
  | 'measure'
  | 'subject'
  | 'switch';

/** A field's form, by name. `?`: or null; never undefined, which is a field that was forgotten. */
const rowForms: Readonly<Record<keyof RequestRow, Form>> = {
  id: 'text', instance: 'text', kind: 'request', corrects: 'text?', key: 'text', user: 'text?', tags: 'list', session: 'text?',
  client: 'text?', end_user: 'text?', address: 'text?', app_title: 'text?', route: 'text?', requested: 'text', provider: 'text',
  account: 'text', model: 'text', wire_in: 'text', wire_out: 'text?', stream: 'flag', started_at: 'count', first_byte_at: 'count?',
  first_token_at: 'count?', ended_at: 'count', status: 'count', outcome: 'text', error: 'text?', attempts: 'list',
  input_estimate: 'count', max_output: 'count?', needs: 'list', prefix_hash: 'text?', input: 'count', cache_read: 'count',
  cache_write_5m: 'count', cache_write_1h: 'count', output: 'count', reasoning: 'count', audio: 'count', searches: 'count',
  counted: 'count', raw: 'count', cost: 'count', provider_cost: 'count?', rates: 'text', estimated: 'flag', dropped: 'list',
  hash: 'text?', shadowed: 'list', uncached: 'count', dearest: 'text?', dearest_rates: 'text?', dearest_cost: 'count',
}; // prettier-ignore

const openForms: Readonly<Record<keyof OpenRequest, Form>> = {
  key: 'text', user: 'text?', tags: 'list', route: 'text?', requested: 'text', provider: 'text', account: 'text', model: 'text',
  wire_in: 'text', stream: 'flag', started_at: 'count', input_estimate: 'count', max_output: 'count?',
}; // prettier-ignore

const limitForms: Readonly<Required<Record<keyof LimitWindow, Form>>> = {
  id: 'text', subject: 'subject', measure: 'measure', window: 'count', amount: 'count', shadow: 'switch',
}; // prettier-ignore

type Own<E> = Readonly<Record<Exclude<keyof E, 'type' | 'limits' | 'row' | 'request'>, Form>>;
const entryForms: {
  reserve: Own<ReserveEntry>;
  extend: Own<ExtendEntry>;
  reprice: Own<RepriceEntry>;
  settle: Own<SettleEntry>;
  release: Own<ReleaseEntry>;
} = {
  reserve: {
    id: 'text', key: 'text', input: 'count', output: 'count or undefined', defaultOutput: 'count', nanoPerInput: 'count', nanoPerOutput: 'count',
    nanoBeside: 'count or undefined', oldSecret: 'switch',
  }, // prettier-ignore
  extend: { id: 'text', from: 'count', by: 'count', nanoPerOutput: 'count' },
  reprice: { id: 'text', nano: 'count' },
  settle: { rates: 'text', dearestRates: 'text or undefined' },
  release: { id: 'text' },
};

/** The name of the first field of an entry that no storage keeps; undefined where it is sound. */
export function problemOf(entry: Entry): string | undefined {
  return (
    problemIn(entry, entryChecks[entry.type]) ??
    limitsProblem(entry.limits) ??
    (entry.type === 'settle' ? problemIn(entry.row, rowChecks) : undefined) ??
    (entry.type === 'reserve' ? problemIn(entry.request, openChecks) : undefined)
  );
}

// ---

// Types do not hold at run time for what came from a body or a provider, so that nothing is assumed of a value here.
const fits: Readonly<Record<Form, (value: unknown) => boolean>> = {
  text: isText,
  'text?': (value) => value === null || isText(value),
  count: isCount,
  'count?': (value) => value === null || isCount(value),
  'count or undefined': (value) => value === undefined || isCount(value),
  'text or undefined': (value) => value === undefined || isText(value),
  flag: (value) => value === 0 || value === 1,
  list: (value) => value === '[]' || (isText(value) && isList(value as string)),
  request: (value) => value === 'request', // the other kinds of rows are the storage's own
  measure: (value) => value === 'tokens' || value === 'usd' || value === 'requests' || value === 'parallel',
  switch: (value) => value === undefined || typeof value === 'boolean',
  subject: (value) => typeof value === 'object' && value !== null,
};

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= longestText;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isList(text: string): boolean {
  try {
    return Array.isArray(JSON.parse(text));
  } catch {
    return false;
  }
}

function limitsProblem(limits: readonly LimitWindow[] | undefined): string | undefined {
  if (!Array.isArray(limits)) return 'limits';
  for (const limit of limits as readonly LimitWindow[]) {
    const problem = problemIn(limit, limitChecks);
    if (problem !== undefined) return `limits ${problem}`;
  }
  return undefined;
}

/** A field and whether a value fits it; made once, for this is done for every request. */
type Check = readonly [name: string, fits: (value: unknown) => boolean];

const checksOf = (forms: Readonly<Record<string, Form>>): readonly Check[] =>
  Object.entries(forms).map(([name, form]) => [name, fits[form]]);
const rowChecks = checksOf(rowForms);
const openChecks = checksOf(openForms);
const limitChecks = checksOf(limitForms);
const entryChecks = {
  reserve: checksOf(entryForms.reserve),
  extend: checksOf(entryForms.extend),
  reprice: checksOf(entryForms.reprice),
  settle: checksOf(entryForms.settle),
  release: checksOf(entryForms.release),
};

function problemIn(record: object, checks: readonly Check[]): string | undefined {
  if (typeof record !== 'object' || record === null) return 'record';
  const values = record as Readonly<Record<string, unknown>>;
  for (const [name, fits] of checks) if (!fits(values[name])) return name;
  return undefined;
}
