// Runs a program in a home and an environment of its own, for so long and no longer; nothing of it goes on after its end.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { node } from '../support/child';
import type { Invocation } from './cli';

export interface Home {
  readonly path: string;
  /** The folder to work in. */
  readonly folder: string;
  remove(): void;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** An empty home with a folder to work in. */
export function makeHome(files: Readonly<Record<string, string | Buffer>>): Home {
  const path = mkdtempSync(join(tmpdir(), 'ovth-cli-'));
  const folder = join(path, 'work');
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) put(join(folder, name), content);
  return {
    path,
    folder,
    remove() {
      endStrays(path);
      rmSync(path, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Runs it to its end, or kills it after `ms`, which shows as a signal. */
export async function run(
  [program = '', ...first]: readonly string[],
  { args, env, files = {} }: Invocation,
  home: Home,
  ms: number,
): Promise<Ended> {
  for (const [name, text] of Object.entries(files)) put(join(home.path, name), text);
  const child = spawn(program, [...first, ...args], {
    cwd: home.folder,
    // Nothing of the caller's: no key, no settings.
    env: {
      PATH: `${dirname(node)}:/usr/local/bin:/usr/bin:/bin`,
      HOME: home.path,
      LANG: 'C.UTF-8',
      TERM: 'dumb',
      ...elsewhere,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a process group of its own
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (part: Buffer) => (stdout += part.toString()));
  child.stderr.on('data', (part: Buffer) => (stderr += part.toString()));
  const timer = setTimeout(() => endGroup(child.pid), ms);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      // A grandchild that stays behind holds the pipes open.
      child.once('exit', () => endGroup(child.pid));
      child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    });
  } finally {
    clearTimeout(timer);
  }
}

// ---

// Most of them look for news of their own on the network (plugins, packages, accounts). They reach nothing but this machine:
// the way out is a proxy that nobody listens for.
const nowhere = 'http://127.0.0.1:1';
const elsewhere = {
  HTTP_PROXY: nowhere,
  HTTPS_PROXY: nowhere,
  http_proxy: nowhere,
  https_proxy: nowhere,
  NO_PROXY: '127.0.0.1,localhost',
  no_proxy: '127.0.0.1,localhost',
  NODE_USE_ENV_PROXY: '1',
};

function put(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

// Cline leaves a server behind that is in no group of its own program's: what runs in this home is ended.
function endStrays(home: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    try {
      if (readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`HOME=${home}`))
        process.kill(Number(pid), 'SIGKILL');
    } catch {
      // it has ended, or is another user's
    }
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // nobody is left of it
  }
}
