// Storage in SQLite: a thread that writes, and one that reads for reports while anybody asks for them.

import threadProgram from 'worker:./thread';
import type { AuditPage, CredentialRow } from '../administration';
import type { BudgetCounters } from '../entries';
import type { KeyUse, Reports, RequestPage, UsageGroup, UsageSum } from '../reports';
import type { KeyRow, RequestRow } from '../rows';
import { type ForgetStep, type LedgerHead, type Storage, StorageUnavailable, StorageUnusable } from '../storage';
import type { EngineOptions } from './engine';
import { packBatch, type PackedResult, unpackResults } from './packedBatch';
import { openThread, type Thread } from './threadClient';

/** A reading thread that nobody has asked for this long ends, and gives its memory back. */
const idleMs = 60_000;

export interface SqliteStorage extends Storage {
  /** Rows with impossible numbers that were repaired when the ledger was opened. */
  readonly repaired: number;
}

/**
 * Opens the ledger in a data folder.
 * @param program of its threads; the bundled one unless a test brings its own
 * @throws StorageUnusable for a ledger that cannot be used, with what to do
 */
export async function openSqliteStorage(options: EngineOptions, program = threadProgram): Promise<SqliteStorage> {
  const writer = openThread(program, { role: 'storage-writer', options });
  let repaired: number;
  try {
    repaired = (await writer.call('repaired')) as number;
  } catch (error) {
    await writer.end();
    if (!(error instanceof StorageUnavailable)) throw error;
    const remedy = 'end what holds it, such as an sqlite3 shell or a backup, and start again';
    throw new StorageUnusable(`${options.folder}/ledger.db cannot be opened now: ${error.message}; ${remedy}.`);
  }
  const reports = openReportThread(program, options.folder);
  return {
    repaired,
    async commit(batch, now) {
      return unpackResults((await writer.call('commit', packBatch(batch), now)) as PackedResult[]);
    },
    check: (write) => writer.call('check', write) as Promise<boolean>,
    settleDead: (now) => writer.call('settleDead', now) as Promise<number>,
    version: () => writer.call('version') as Promise<string>,
    changedKeys: () => writer.call('changedKeys') as Promise<KeyRow[] | undefined>,
    keyByHash: (sha256) => writer.call('keyByHash', sha256) as Promise<KeyRow | undefined>,
    keyById: (id) => writer.call('keyById', id) as Promise<KeyRow | undefined>,
    async putKeys(keys, act) {
      await writer.call('putKeys', keys, act);
    },
    observeClock: (now, ran) => writer.call('observeClock', now, ran) as Promise<number | undefined>,
    changeKey: (id, change, more) => writer.call('changeKey', id, change, more) as Promise<KeyRow | undefined>,
    contentsOfAct: (idempotencyKey) => writer.call('contentsOfAct', idempotencyKey) as Promise<string | undefined>,
    credentials: () => writer.call('credentials') as Promise<CredentialRow[]>,
    credentialByHash: (sha256) => writer.call('credentialByHash', sha256) as Promise<CredentialRow | undefined>,
    async putCredential(row, act) {
      await writer.call('putCredential', row, act);
    },
    prune: (before, count) => writer.call('prune', before, count) as Promise<number>,
    sumDays: (now, count) => writer.call('sumDays', now, count) as Promise<boolean>,
    async catchUp() {
      await writer.call('catchUp');
    },
    head: () => writer.call('head') as Promise<LedgerHead | undefined>,
    forgetUser: (user, place, act) => writer.call('forgetUser', user, place, act) as Promise<ForgetStep>,
    pruneBudgets: (now, count) => writer.call('pruneBudgets', now, count) as Promise<number>,
    ...reportsOf(reports),
    async close() {
      try {
        await reports.end();
        await writer.call('close');
      } finally {
        await writer.end();
      }
    },
  };
}

// ---

function reportsOf(reports: Pick<Thread, 'call'>): Reports {
  return {
    requestById: (id) => reports.call('requestById', id) as Promise<RequestRow | undefined>,
    rates: (ids) => reports.call('rates', ids) as Promise<Map<string, string>>,
    requests: (filter, before, count) => reports.call('requests', filter, before, count) as Promise<RequestPage>,
    usage: (query) => reports.call('usage', query) as Promise<UsageGroup[]>,
    usageOfKeys: (from, to) =>
      reports.call('usageOfKeys', from, to) as Promise<Map<string, UsageSum & { reserved: number }>>,
    budgets: (limits) => reports.call('budgets', limits) as Promise<BudgetCounters[]>,
    usesOfKeys: () => reports.call('usesOfKeys') as Promise<Map<string, KeyUse>>,
    audit: (subject, before, count) => reports.call('audit', subject, before, count) as Promise<AuditPage>,
  };
}

function openReportThread(program: string, folder: string): Thread {
  let thread: Thread | undefined;
  let idle: NodeJS.Timeout | undefined;
  let asking = 0;
  let ended = false;
  const rest = async () => {
    const ending = thread;
    thread = undefined;
    clearTimeout(idle);
    // A reader holds nothing that must be written: where it cannot close in order, its thread ends all the same.
    await ending?.call('close').catch(() => undefined);
    await ending?.end();
  };
  return {
    async call(method, ...args) {
      if (ended) throw new StorageUnavailable('the storage is closed');
      clearTimeout(idle);
      thread ??= openThread(program, { role: 'storage-reports', folder });
      asking++;
      try {
        return await thread.call(method, ...args);
      } finally {
        if (--asking === 0 && !ended) idle = setTimeout(() => void rest(), idleMs).unref();
      }
    },
    end() {
      ended = true;
      return rest();
    },
  };
}
