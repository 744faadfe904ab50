// `usage`: the reports of the administration as a table, from the ledger itself: no key is needed, and no gateway.

import { dirname } from 'node:path';
import { readConfig, readProcessOptions, withDotEnv } from '../app/environment';
import { GatewayError } from '../core/errors';
import { openUsageAdmin, type UsageLine, type UsageList } from '../http/admin/usage';
import { type LedgerReader, openLedgerReader } from '../storage/sqlite/ledgerReader';
import { ledgerPath } from './ledger';
import { readOptions, UsageError } from './options';
import { openProgress } from './progress';
import { textTable } from './textTable';

/** Between two slices of rows: a gateway that copies its log into the database, and begins it anew, must find no reader. */
const pauseMs = 50;

/** Prints who spent what. @throws UsageError, StorageUnusable where there is no ledger */
export async function usage(args: readonly string[]): Promise<void> {
  const { json, csv, ...asked } = readOptions(args, {
    'group-by': { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
    key: { type: 'string' },
    user: { type: 'string' },
    session: { type: 'string' },
    json: { type: 'boolean' },
    csv: { type: 'boolean' },
  });
  if (json === true && csv === true) throw new UsageError('one of --json and --csv, not both.');
  const reader = openLedgerReader(dirname(ledgerPath()));
  try {
    const groups = asked['group-by'] ?? 'model';
    const query = new URLSearchParams({ group_by: groups, format: csv === true ? 'csv' : 'json' });
    for (const name of ['from', 'to', 'user', 'session'] as const) {
      const value = asked[name];
      if (value !== undefined) query.set(name, value);
    }
    if (asked.key !== undefined) query.set('key', keyCalled(asked.key, reader));
    const usage = openUsageAdmin({
      reports: { usage: (one) => Promise.resolve(reader.usage(one)) },
      labelOf: (id) => reader.labelOf(id),
      boxUsd,
      now: Date.now,
      pause: () => new Promise((resolve) => setTimeout(resolve, pauseMs)),
      progress: openProgress('days read'),
    });
    const found = await usage.report(query);
    if (typeof found === 'string') process.stdout.write(found);
    else console.log(json === true ? JSON.stringify(found) : describe(found as UsageList, groups.split(',')));
  } catch (error) {
    if (error instanceof GatewayError && error.status === 400) throw new UsageError(error.message);
    throw error;
  } finally {
    reader.close();
  }
}

// ---

// A report of a key that does not exist would say that it spent nothing.
function keyCalled(name: string, reader: LedgerReader): string {
  if (reader.labelOf(name) !== undefined) return name;
  const [id, ...others] = reader.idsOf(name);
  if (id === undefined) throw new UsageError(`there is no key "${name.slice(0, 100)}"; ovth keys lists them.`);
  if (others.length > 0)
    throw new UsageError(
      `${others.length + 1} keys are called "${name.slice(0, 100)}"; name one by its id: ${[id, ...others].join(', ')}.`,
    );
  return id;
}

// Only a configuration that can be used says it; the report does without.
function boxUsd(): number | undefined {
  const environment = withDotEnv(process.env);
  try {
    return readConfig(readProcessOptions(environment), environment).settings.costs.box_usd_per_month;
  } catch {
    return undefined;
  }
}

/** Field of the report → what stands above its column. */
const columns: Readonly<Record<string, string>> = {
  requests: 'requests',
  errors: 'errors',
  input_tokens: 'input',
  cache_read_tokens: 'cached',
  output_tokens: 'output',
  cost_usd: 'USD',
  openrouter_usd: 'at OpenRouter',
  uncached_usd: 'no cache',
  dearest_usd: 'dearest',
};

function describe({ data, total, openrouter, box }: UsageList, groups: readonly string[]): string {
  const names = groups.map((name) => (name === 'key' ? 'key_label' : name)); // people know a key by its label
  const fields = Object.keys(columns);
  const cells = (line: UsageLine) => fields.map((field) => line[field] ?? null);
  const rows = data.map((line) => [...names.map((name) => line[name] ?? (name === 'key_label' ? (line['key'] ?? null) : null)), ...cells(line)]); // prettier-ignore
  const blank = names.map((_, i) => (i === 0 ? 'total' : ''));
  return [
    textTable([...groups, ...Object.values(columns)], [...rows, [...blank, ...cells(total)]], 1),
    ...boxLines(box ?? []),
    `At OpenRouter: its fee of ${openrouter.percent} % on credits is added (${openrouter.source}, ${openrouter.date}). Dearest: the dearest target that could have taken each request.`,
  ].join('\n');
}

function boxLines(box: NonNullable<UsageList['box']>): string[] {
  const [first, last] = [box[0], box.at(-1)];
  if (first === undefined || last === undefined) return [];
  if (box.length === 1) return [`The machine, ${first.month}: ${first.usd.toFixed(2)} USD.`];
  const all = box.reduce((sum, { usd }) => sum + usd, 0);
  return [`The machine, ${first.month} to ${last.month}: ${all.toFixed(2)} USD, ${first.usd.toFixed(2)} USD a month.`];
}
