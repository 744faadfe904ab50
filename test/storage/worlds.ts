// Ledgers for tests: SQLite in a folder of its own, in this thread or on its own threads, and the model.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { openSqliteStorage } from '../../gateway/src/storage/sqlite';
import type { World } from './contract';
import { memoryWorld } from './memoryStorage';
import { morning } from './samples';

let program: string | undefined;

/** The program of SQLite's threads, as the gateway's bundle has it. */
export function threadProgram(): string {
  program ??= buildSync({
    entryPoints: ['gateway/src/storage/sqlite/thread.ts'],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node26',
    write: false,
  }).outputFiles[0]!.text;
  return program;
}

/** A folder for one ledger. */
export function makeLedgerFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'ovth-storage-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** @param text of the threads; empty: everything in this thread */
export function sqliteWorld(text: string, folder = makeLedgerFolder()): World & { readonly folder: string } {
  return {
    folder: folder.path,
    open: (instance) => openSqliteStorage({ folder: folder.path, durability: 'process', instance, now: morning }, text),
    remove: async () => folder.remove(),
  };
}

export function modelWorld(): World {
  const world = memoryWorld();
  return { open: async (instance) => world.open(instance), remove: async () => undefined };
}
