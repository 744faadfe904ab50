// Times write and fdatasync of 4 KB, the least a durable commit must wait for.

import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { percentile } from './figures';
import { clockMs, type SyncJob, type SyncResult } from './jobs';

const pageBytes = 4_096;
/** The file has its whole size before the count: SQLite's write-ahead log is overwritten from its start, too. */
const filePages = 256;

/**
 * Overwrites 4 KB after 4 KB of a file and syncs each.
 * @returns the time of one write and its sync, in ms
 */
export async function syncTimes(job: SyncJob): Promise<SyncResult> {
  const path = join(job.folder, 'fdatasync');
  const file = openSync(path, 'w');
  try {
    writeSync(file, Buffer.alloc(pageBytes * filePages, 1), 0, pageBytes * filePages, 0);
    fdatasyncSync(file);
    const page = Buffer.alloc(pageBytes, 2);
    const times: number[] = [];
    for (let i = 0; i < job.count; i++) {
      const startedAt = clockMs();
      writeSync(file, page, 0, pageBytes, (i % filePages) * pageBytes);
      fdatasyncSync(file);
      times.push(clockMs() - startedAt);
    }
    return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
}
