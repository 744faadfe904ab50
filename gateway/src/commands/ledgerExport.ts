// `ledger export`: every settled request, for other programs.

import { once } from 'node:events';
import { dirname } from 'node:path';
import { csvCell } from '../http/admin/usage';
import { momentIn } from '../http/admin/query';
import { GatewayError } from '../core/errors';
import { requestColumns } from '../storage/sqlite/columns';
import { openLedgerReader } from '../storage/sqlite/ledgerReader';
import type { RequestRow } from '../storage/rows';
import { readOptions, UsageError } from './options';
import { openProgress } from './progress';

/**
 * Writes the settled requests as they are kept: tokens, nano-USD, milliseconds since 1970.
 * @param path of the ledger
 * @throws UsageError
 */
export async function exportLedger(path: string, args: readonly string[]): Promise<void> {
  const { from, to, csv, json } = readOptions(args, {
    from: { type: 'string' },
    to: { type: 'string' },
    csv: { type: 'boolean' },
    json: { type: 'boolean' }, // the form without it, too
  });
  if (json === true && csv === true) throw new UsageError('one of --json and --csv, not both.');
  const [begin, end] = [moment('from', from) ?? 0, moment('to', to) ?? Number.MAX_SAFE_INTEGER];
  const progress = openProgress('rows written');
  const reader = openLedgerReader(dirname(path));
  const output = openOutput();
  try {
    await output.write(csv === true ? `${requestColumns.join()}\r\n` : reader.rates().map(ratesLine).join(''));
    let written = 0;
    for (const rows of reader.rows(begin, end)) {
      await output.write(rows.map(csv === true ? csvLine : jsonLine).join(''));
      progress((written += rows.length));
      if (output.closed) return;
    }
  } finally {
    reader.close();
  }
}

// ---

function moment(name: string, value: string | undefined): number | undefined {
  try {
    return value === undefined ? undefined : momentIn(new URLSearchParams({ [name]: value }), name);
  } catch (error) {
    throw error instanceof GatewayError ? new UsageError(error.message) : error;
  }
}

const ratesLine = ({ id, json }: { readonly id: string; readonly json: string }) =>
  `${JSON.stringify({ object: 'rates', id, rates: JSON.parse(json) as unknown })}\n`;

const csvLine = (row: RequestRow) => `${requestColumns.map((name) => csvCell(row[name])).join()}\r\n`;

const lists = new Set(['tags', 'attempts', 'needs', 'dropped', 'shadowed']);

function jsonLine(row: RequestRow): string {
  const named = requestColumns.map((name) => {
    const value = row[name];
    return [name, lists.has(name) ? (JSON.parse(String(value)) as unknown) : value] as const;
  });
  return `${JSON.stringify({ object: 'request', ...Object.fromEntries(named) })}\n`;
}

// Who reads it may be slower, or stop: `ovth ledger export | head` ends in peace.
function openOutput(): { readonly closed: boolean; write(text: string): Promise<void> } {
  let closed = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    closed = true;
  });
  return {
    get closed() {
      return closed;
    },
    async write(text) {
      if (closed || process.stdout.write(text)) return;
      await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]).catch(() => undefined);
    },
  };
}
