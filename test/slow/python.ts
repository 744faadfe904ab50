// A Python of our own with the packages that a client needs, made once for each version of their list.

import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The interpreter; undefined, with a warning, where it cannot be made. In CI that fails. @param list file of this folder */
export function pythonWithPackages(list: string): string | undefined {
  const requirements = join(__dirname, list);
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const path = join(homedir(), '.cache', `ovth-python-${digest}`);
  const ready = join(path, 'ready');
  const python = join(path, 'bin/python');
  if (existsSync(ready)) return python;
  rmSync(path, { recursive: true, force: true });
  const made =
    spawnSync('python3', ['-m', 'venv', path]).status === 0 &&
    spawnSync(python, ['-m', 'pip', 'install', '-q', '--no-deps', '-r', requirements]).status === 0;
  if (made) {
    writeFileSync(ready, '');
    return python;
  }
  if (process.env['CI'] === 'true') throw new Error(`no Python with ${requirements}`);
  console.warn('SKIPPED: python3 with venv and a package registry are needed for the Python clients.');
  return undefined;
}

/** Runs a script of this folder, and returns its stdout as JSON; rejects with its stderr. */
export function runPython(python: string, script: string, asked: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    execFile(python, [join(__dirname, script), JSON.stringify(asked)], (error, stdout, stderr) => {
      if (error) reject(new Error(stderr));
      else resolve(JSON.parse(stdout));
    });
  });
}
