// LiteLLM's proxy from PyPI, in a virtual environment of its own outside the repository.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Pinned, so that runs on different days compare. */
const version = '1.106.12';
const installMostMs = 10 * 60_000;

/** A contender that this machine cannot measure. The message says why and what would help. */
export class Unavailable extends Error {}

/** The folder that benchmarks install into: OVTH_BENCH, or ~/.cache/ovth-bench. */
export function benchCache(): string {
  return process.env['OVTH_BENCH'] ?? join(homedir(), '.cache', 'ovth-bench');
}

/** Installs LiteLLM where it is not installed yet (756 MB, minutes). Prints why where that fails. */
export function installLitellm(): void {
  const folder = environmentFolder();
  if (existsSync(doneFile(folder))) return;
  console.log(`installing LiteLLM ${version} into ${folder}`);
  rmSync(folder, { recursive: true, force: true }); // what an interrupted install left
  mkdirSync(folder, { recursive: true });
  const problem =
    problemOf('python3', ['-m', 'venv', folder]) ??
    // Wheels only: no code of a package runs while it is installed.
    problemOf(pythonOf(folder), ['-m', 'pip', 'install', '--quiet', '--only-binary', ':all:', `litellm[proxy]==${version}`]); // prettier-ignore
  if (problem === undefined) writeFileSync(doneFile(folder), '');
  else console.error(`LiteLLM CANNOT BE MEASURED: ${problem}`);
}

/**
 * The program and the arguments that start the proxy.
 * @throws Unavailable where it is not installed
 */
export function litellmCommand(): { program: string; arguments: readonly string[] } {
  const folder = environmentFolder();
  if (!existsSync(doneFile(folder)))
    throw new Unavailable(`LiteLLM is not installed in ${folder}; it needs python3 with venv and pip, and PyPI`);
  return { program: pythonOf(folder), arguments: [join(folder, 'bin', 'litellm')] };
}

// ---

const environmentFolder = () => join(benchCache(), `litellm-${version}`);
const pythonOf = (folder: string) => join(folder, 'bin', 'python');
/** Written last: without it, an install was interrupted. */
const doneFile = (folder: string) => join(folder, 'installed');

function problemOf(program: string, rest: readonly string[]): string | undefined {
  const { status, error } = spawnSync(program, rest, {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: installMostMs,
  });
  if (error !== undefined) return `${program}: ${error.message}`;
  return status === 0 ? undefined : `${[program, ...rest].join(' ')} failed`;
}
