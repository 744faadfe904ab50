// A login on the box with the machine's own ssh. The private key is in a file that only its owner can read, and only while
// the command runs.

import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BoxAccess } from './stackOutputs';

/** How a command runs on the box. */
export interface LoginOptions {
  /** Text for its standard input. Default: this process's own. */
  readonly input?: string;
  /** Whether what it prints is returned instead of shown. */
  readonly capture?: boolean;
}

/**
 * Runs a command on the box as root, or a shell where there is none.
 * @param command for the box's shell; it holds no secret
 * @returns exit code (255: no login), and what it printed where that is captured
 */
export async function logIn(
  access: BoxAccess,
  command: string | undefined,
  { input, capture = false }: LoginOptions = {},
): Promise<{ readonly code: number; readonly stdout: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'ovth-login-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // However this process ends. Asked to end, it waits for ssh, which is asked as well.
  process.once('exit', remove);
  const ended = new AbortController();
  const running: { child?: ChildProcess } = {};
  passSignals(running, ended.signal);
  try {
    const key = join(folder, 'key');
    writeFileSync(key, `${access.sshPrivateKey.trim()}\n`, { mode: 0o600 });
    const stdio: StdioOptions = [input === undefined ? 'inherit' : 'pipe', capture ? 'pipe' : 'inherit', 'inherit'];
    const terminal = command === undefined ? [] : ['-T'];
    const words = [
      ...terminal,
      ...options(access, key),
      `root@${access.ipv4}`,
      ...(command === undefined ? [] : [command]),
    ];
    const child = spawn('ssh', words, { stdio, env: process.env });
    running.child = child;
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
    return await result(child);
  } finally {
    ended.abort();
    process.off('exit', remove);
    remove();
  }
}

// ---

function options({ ipv4, sshHostKey }: BoxAccess, key: string): string[] {
  const named = {
    BatchMode: 'yes',
    ConnectTimeout: '10',
    IdentitiesOnly: 'yes',
    IdentityAgent: 'none',
    ServerAliveInterval: '15',
    StrictHostKeyChecking: 'yes',
    UserKnownHostsFile: '/dev/null',
    GlobalKnownHostsFile: '/dev/null',
    KnownHostsCommand: `/bin/echo ${ipv4} ${sshHostKey}`,
  };
  return ['-F', 'none', '-i', key, ...Object.entries(named).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
}

function passSignals(running: { readonly child?: ChildProcess }, ended: AbortSignal): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // What comes while ssh is being started reaches it once it runs.
    const pass = () => void setImmediate(() => running.child?.kill(signal));
    process.on(signal, pass);
    ended.addEventListener('abort', () => process.off(signal, pass));
  }
}

async function result(child: ChildProcess): Promise<{ code: number; stdout: string }> {
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', (cause) => reject(new Error('ssh is not on PATH; install OpenSSH’s client', { cause })));
    child.on('close', (status) => resolve(status ?? 130));
  });
  return { code, stdout };
}
