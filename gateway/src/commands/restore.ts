// `restore`: brings a ledger back from its copy into an empty data folder, checks it, and says what the copy cannot know.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes } from '../../../config/exitCodes';
import type { Environment } from '../../../config/environmentVariables';
import { readProcessOptions, withDotEnv } from '../app/environment';
import { expectNoLedger, placeCopy, readCopy, type RestoredLedger } from '../storage/sqlite/restoredLedger';
import { StorageUnusable } from '../storage/storage';
import { describeLedger, timeOf } from './ledger';
import { readOptions, UsageError } from './options';

/** Keys that the report names. */
const mostKeys = 20;

/**
 * Fetches a copy with Litestream (`--config FILE`) or takes one that was fetched (`--file PATH`), checks it, and puts it into
 * the data folder. Where it does not add up it stays beside, and the exit code says so.
 * @throws UsageError, StorageUnusable; Error where Litestream fails
 */
export async function restore(args: readonly string[]): Promise<void> {
  const options = readOptions(args, {
    config: { type: 'string' },
    file: { type: 'string' },
    at: { type: 'string' },
    ledger: { type: 'string' },
    json: { type: 'boolean' },
  });
  const { config, file, at } = options;
  if ((config === undefined) === (file === undefined))
    throw new UsageError(
      'name one source: --config FILE, a litestream.yml that names the ledger’s path, or --file PATH, a copy in the data folder.',
    );
  if (at !== undefined && (config === undefined || Number.isNaN(Date.parse(at))))
    throw new UsageError('--at takes a time such as 2026-11-27T06:00:00Z, and goes with --config.');
  const environment = withDotEnv(process.env);
  const { dataPath } = readProcessOptions(environment);
  process.umask(0o077);
  mkdirSync(dataPath, { recursive: true, mode: 0o700 });
  const had = expectNoLedger(dataPath);
  const copy = file ?? join(dataPath, 'ledger.db.restored');
  if (config !== undefined) await fetchCopy({ config, at, copy, path: join(dataPath, 'ledger.db'), environment });
  const restored = readCopy(copy, options.ledger ?? had);
  const sound = restored.problems.length === 0;
  if (sound) placeCopy(dataPath, copy);
  else process.exitCode = exitCodes.unsound.code;
  console.log(options.json === true ? JSON.stringify(restored) : describe(restored, sound ? undefined : copy));
}

// ---

interface Fetch {
  readonly config: string;
  readonly at: string | undefined;
  readonly copy: string;
  /** The ledger's path as the configuration names it. */
  readonly path: string;
  readonly environment: Environment;
}

// A child and no library: Litestream is a program. What it says is passed on; it names no credential.
async function fetchCopy({ config, at, copy, path, environment }: Fetch): Promise<void> {
  for (const suffix of ['', '-wal', '-shm']) rmSync(copy + suffix, { force: true });
  const program = environment['OVTH_LITESTREAM'] ?? 'litestream';
  const time = at === undefined ? [] : ['-timestamp', new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')];
  const args = ['restore', '-config', config, '-no-expand-env', ...time, '-o', copy, path];
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const code = await new Promise<number>((resolve, reject) => {
    child.on('close', (status) => resolve(status ?? 128));
    child.on('error', (error) =>
      reject(
        new StorageUnusable(
          `it cannot be restored without Litestream (${error.message}); install it, or name the program in OVTH_LITESTREAM.`,
        ),
      ),
    );
  });
  if (code === 0 && existsSync(copy)) return;
  throw new StorageUnusable(
    `Litestream brought no copy of ${path} (see above); see that the endpoint, the bucket and the keys in ${config} are right, and that its copy begins before the time asked for.`,
  );
}

function describe(restored: RestoredLedger, left: string | undefined): string {
  const { key_changes: keys, last_settled_at: last } = restored;
  const since = last === null ? 'its last moment' : timeOf(last);
  const lines = keys.slice(0, mostKeys).map(({ id, label, source, changed_at: at, revoked }) => {
    const from = source === 'config' ? 'declared' : 'minted';
    return `  ${timeOf(at)}  ${id}  ${from}  ${revoked ? 'revoked' : 'valid'}  ${label}`;
  });
  return [
    ...describeLedger(restored),
    ...(left === undefined ? [] : [`It was not put in place and stays at ${left}; try an earlier time (--at).`]),
    `The copy knows nothing of what happened after ${since}, or little: what was spent then is not counted, keys minted then do not work, and keys that were revoked, rotated or limited then are as before. Do it again.`,
    ...(lines.length === 0 ? [] : [`Keys, by their last change that the copy knows:`, ...lines]),
    ...(keys.length > mostKeys ? [`  and ${keys.length - mostKeys} more`] : []),
  ].join('\n');
}
