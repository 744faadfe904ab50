// Storage in SQLite: a thread that writes, and one that reads for reports while anybody asks for them.

import threadProgram from 'worker:./thread';
import type { BudgetCounters, Entry, EntryResult, KeyRow, RequestRow, Storage, UsageSum } from '../storage';
import { encodeBatch } from './batchCodec';
import type { EngineOptions } from './engine';
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
    throw error;
  }
  const reports = openReportThread(program, options.folder);
  return {
    repaired,
    commit: (batch: readonly Entry[], now) => writer.call('commit', encodeBatch(batch, now)) as Promise<EntryResult[]>,
    settleDead: (now) => writer.call('settleDead', now) as Promise<number>,
    changedKeys: () => writer.call('changedKeys') as Promise<KeyRow[] | undefined>,
    keyByHash: (sha256) => writer.call('keyByHash', sha256) as Promise<KeyRow | undefined>,
    keyById: (id) => writer.call('keyById', id) as Promise<KeyRow | undefined>,
    putKeys: (keys) => writer.call('putKeys', keys) as Promise<void>,
    prune: (before, count) => writer.call('prune', before, count) as Promise<number>,
    lastRequests: (count) => reports.call('lastRequests', count) as Promise<RequestRow[]>,
    requestById: (id) => reports.call('requestById', id) as Promise<RequestRow | undefined>,
    usageOfKeys: async (from, to) =>
      new Map((await reports.call('usageOfKeys', from, to)) as [string, UsageSum & { reserved: number }][]),
    budgets: (limits) => reports.call('budgets', limits) as Promise<BudgetCounters[]>,
    async close() {
      await reports.end();
      await writer.call('close');
      await writer.end();
    },
  };
}

// ---

function openReportThread(program: string, folder: string): Thread {
  let thread: Thread | undefined;
  let idle: NodeJS.Timeout | undefined;
  let asking = 0;
  const end = async () => {
    const ending = thread;
    thread = undefined;
    clearTimeout(idle);
    await ending?.call('close');
    await ending?.end();
  };
  return {
    async call(method, ...args) {
      clearTimeout(idle);
      thread ??= openThread(program, { role: 'storage-reports', folder });
      asking++;
      try {
        return await thread.call(method, ...args);
      } finally {
        if (--asking === 0) idle = setTimeout(() => void end(), idleMs).unref();
      }
    },
    end,
  };
}
