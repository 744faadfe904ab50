// `ledger check` and `ledger verify`: whether the ledger adds up, and whether it was changed. A gateway may run beside them.

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes } from '../../../config/exitCodes';
import { readProcessOptions, withDotEnv } from '../app/environment';
import { checkLedger, type LedgerReport } from '../storage/sqlite/ledgerCheck';
import { StorageUnusable } from '../storage/storage';
import { type HeadState, type VerifyReport, verifyLedger } from '../storage/sqlite/ledgerVerify';
import { exportLedger } from './ledgerExport';
import { readOptions, UsageError } from './options';
import { openProgress } from './progress';
import { dollarText } from './textTable';

/**
 * `check`: prints what the ledger holds and whether it adds up. `verify`: whether its rows are those that were settled. As JSON
 * with `--json`. The exit code says whether anything is wrong. `export`: writes its rows.
 * @throws UsageError, StorageUnusable where there is no ledger
 */
export async function ledger([what = '', ...args]: readonly string[]): Promise<void> {
  const act = Object.hasOwn(acts, what) ? acts[what] : undefined;
  if (act === undefined) throw new UsageError(`"ledger" knows these things to do: ${Object.keys(acts).join(', ')}.`);
  await act(args);
}

// ---

const acts: Readonly<Record<string, (args: readonly string[]) => void | Promise<void>>> = {
  check,
  verify,
  export: (args) => exportLedger(ledgerPath(), args),
};

/** Bytes of which reading takes longer than one waits in silence, on a small box with a cold disk. */
const longFile = 64_000_000;

function check(args: readonly string[]): void {
  const { json } = readOptions(args, { json: { type: 'boolean' } });
  const path = ledgerPath();
  const { size } = statSync(path);
  if (size > longFile) console.error(`reading the file, ${Math.round(size / 1e6)} MB`);
  tell(checkLedger(path, openProgress('days compared')), json, describeLedger);
}

function verify(args: readonly string[]): void {
  const { json, head = [] } = readOptions(args, {
    json: { type: 'boolean' },
    head: { type: 'string', multiple: true },
  });
  const report = verifyLedger(ledgerPath(), head, openProgress('rows verified'));
  tell(report, json, describeVerified);
}

/** Where the ledger is. @throws StorageUnusable where there is none */
export function ledgerPath(): string {
  const path = join(readProcessOptions(withDotEnv(process.env)).dataPath, 'ledger.db');
  if (!existsSync(path)) throw new StorageUnusable(`there is none at ${path}; set OVTH_DATA to the data folder.`);
  return path;
}

function tell<R extends { readonly problems: readonly string[] }>(
  report: R,
  json: boolean | undefined,
  describe: (report: R) => string[],
): void {
  console.log(json === true ? JSON.stringify(report) : describe(report).join('\n'));
  if (report.problems.length > 0) process.exitCode = exitCodes.unsound.code;
}

function describeVerified({ ledger: id, rows, unchained, heads, asked, problems }: VerifyReport): string[] {
  return [
    `ledger ${id}: ${rows} rows in ${heads.length === 1 ? '1 chain' : `${heads.length} chains`}${unchained > 0 ? `; ${unchained} rows of an earlier version have no hash` : ''}.`,
    ...heads.slice(-mostHeads).map(({ hash, seq, at }) => `head ${hash}  place ${seq}  ${timeOf(at)}`),
    ...asked.filter(({ state }) => state !== 'missing').map(({ hash, state }) => `${hash}: ${headTexts[state]}`),
    ...problems.map((problem) => `problem: ${problem}`),
    ...(problems.length > 0 ? [] : ['No row was changed, left out or put in.']),
  ];
}

/** The newest heads are listed; each start of a gateway has one. */
const mostHeads = 5;
const headTexts: Readonly<Record<HeadState, string>> = {
  found: 'all rows up to it are as they were when it was noted',
  pruned: 'the rows up to it were pruned',
  missing: 'missing',
};

/** A report in sentences, one a line. */
export function describeLedger(report: LedgerReport): string[] {
  const { totals, problems, compared_from: from } = report;
  const last = report.last_settled_at === null ? '' : `, the last at ${timeOf(report.last_settled_at)}`;
  const usd = dollarText(totals.cost / 1e9);
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
