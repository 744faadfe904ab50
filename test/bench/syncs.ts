// Keeps the disk busy beside a measure: appends 1 MB and calls fdatasync, without pause, until it is told to end or its
// time is over. It then removes its file and tells how often it synced. `node syncs.js FILE MOST_MS`

import { open, rm } from 'node:fs/promises';
import { clockMs } from './jobs';

/** Told to the process that started it: once when the disk is busy, and once at the end. */
export type SyncsNews = { readonly syncing: true } | { readonly syncs: number; readonly ms: number };

const [path = '', mostMs = '0'] = process.argv.slice(2);
const block = Buffer.alloc(1024 * 1024, 1);
/** The file then starts again from nothing, so that it stays small and every round makes it grow anew. */
const mostBytes = 64 * block.length;

let ending = false;
process.on('SIGTERM', () => (ending = true));
process.on('disconnect', () => (ending = true)); // the benchmark is gone

async function syncUntilTold(): Promise<void> {
  const startedAt = clockMs();
  const file = await open(path, 'w');
  let syncs = 0;
  try {
    for (let at = 0; !ending && clockMs() - startedAt < Number(mostMs); at = (at + block.length) % mostBytes) {
      if (at === 0) await file.truncate(0);
      await file.write(block, 0, block.length, at);
      await file.datasync();
      if (syncs++ === 0) process.send?.({ syncing: true } satisfies SyncsNews);
    }
  } finally {
    await file.close();
    await rm(path, { force: true });
  }
  await new Promise((resolve) => {
    if (process.connected) process.send?.({ syncs, ms: clockMs() - startedAt } satisfies SyncsNews, resolve);
    else resolve(undefined);
  });
}

syncUntilTold().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
