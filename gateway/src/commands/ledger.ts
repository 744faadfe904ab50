// `ledger check`: says whether the ledger adds up. A gateway may run beside it.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes } from '../../../config/exitCodes';
import { readProcessOptions, withDotEnv } from '../app/environment';
import { checkLedger, type LedgerReport } from '../storage/sqlite/ledgerCheck';
import { StorageUnusable } from '../storage/storage';
import { readOptions, UsageError } from './options';

/**
 * Prints what the ledger holds and what is wrong with it; as JSON with `--json`. The exit code says whether anything is.
 * @throws UsageError, StorageUnusable where there is no ledger
 */
export function ledger([what, ...args]: readonly string[]): void {
  if (what !== 'check') throw new UsageError('"ledger" knows one thing to do: ovth ledger check [--json].');
  const { json } = readOptions(args, { json: { type: 'boolean' } });
  const path = join(readProcessOptions(withDotEnv(process.env)).dataPath, 'ledger.db');
  if (!existsSync(path)) throw new StorageUnusable(`there is none at ${path}; set OVTH_DATA to the data folder.`);
  const report = checkLedger(path);
  console.log(json === true ? JSON.stringify(report) : describeLedger(report).join('\n'));
  if (report.problems.length > 0) process.exitCode = exitCodes.unsound.code;
}

/** A report in sentences, one a line. */
export function describeLedger(report: LedgerReport): string[] {
  const { totals, problems, compared_from: from } = report;
  const last = report.last_settled_at === null ? '' : `, the last at ${timeOf(report.last_settled_at)}`;
  const usd = (totals.cost / 1e9).toFixed(2);
  return [
    `ledger ${report.ledger}: ${report.rows} settled requests${last}; ${report.open_requests} open, ${report.keys} keys.`,
    `In all: ${totals.requests} requests, ${totals.counted} tokens as counted, ${totals.raw} raw, ${usd} USD.`,
    ...problems.map((problem) => `problem: ${problem}`),
    ...(problems.length > 0
      ? []
      : [
          from === null
            ? 'It adds up: every row, every hour, every reservation.'
            : `It adds up: every reservation, and every hour from ${timeOf(from)} on (older rows were pruned).`,
        ]),
  ];
}

/** Milliseconds since 1970 → ISO 8601 in UTC. */
export function timeOf(at: number): string {
  return Number.isFinite(at) && at <= 8.64e15 ? new Date(at).toISOString() : 'the end of time';
}
