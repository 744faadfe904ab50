// A shell on the box, through the machine's own ssh. The private key goes to an agent of its own over a pipe: it is on no
// command line and in no file.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** How to log in as root. */
export interface Login {
  /** IPv4 address. */
  readonly address: string;
  /** The server's SSH identity, `ssh-ed25519 AAAA…`; another server is refused. */
  readonly hostKey: string;
  /** The private key that root accepts, in OpenSSH's format. */
  readonly privateKey: string;
}

/** A script that runs on the box. */
export interface RemoteShell {
  /** Resolves with the exit code; 255 where no login was possible, undefined where this machine has no ssh. */
  readonly ended: Promise<number | undefined>;
  /** Ends the connection. */
  end(): void;
}

/**
 * Runs a script with bash on the box.
 * @param login who and where
 * @param script text of the script, and its arguments; none of them is secret
 * @param onLine hears each line of its standard output
 * @param background whether the process may end before the script has
 */
export function openRemoteShell(
  login: Login,
  script: { readonly text: string; readonly args: readonly string[] },
  onLine: (line: string) => void,
  background = false,
): RemoteShell {
  const command = ['bash', '-s', '--', ...script.args].join(' ');
  const child = spawn(
    'ssh-agent',
    ['sh', '-c', 'ssh-add -q - 2>/dev/null && exec ssh "$@" <&3', 'sh', ...sshOptions(login), command],
    // A group of its own, so that a Ctrl-C in the terminal reaches the engine alone.
    { stdio: ['pipe', 'pipe', 'ignore', 'pipe'], detached: true, env: process.env },
  );
  hearLines(child.stdout as Readable, onLine);
  give(child.stdin, login.privateKey);
  give(child.stdio[3] as Writable, script.text);
  if (background) for (const each of [child, ...child.stdio]) (each as { unref?: () => void } | null)?.unref?.();
  const end = () => kill(child);
  process.once('exit', end);
  // The agent keeps the script's pipe open for some seconds more, so its end is not waited for.
  const heard = new Promise((resolve) => child.stdout?.once('close', resolve));
  const ended = new Promise<number | undefined>((resolve) => {
    child.on('error', () => resolve(undefined));
    child.on('exit', (code) => void heard.then(() => resolve(code ?? 255)));
  }).finally(() => {
    process.off('exit', end);
    child.stdio[3]?.destroy();
  });
  return { ended, end };
}

// ---

function sshOptions({ address, hostKey }: Login): string[] {
  const options = {
    BatchMode: 'yes',
    ConnectTimeout: '5',
    ServerAliveInterval: '10',
    IdentityFile: 'none',
    PreferredAuthentications: 'publickey',
    StrictHostKeyChecking: 'yes',
    UserKnownHostsFile: '/dev/null',
    GlobalKnownHostsFile: '/dev/null',
    KnownHostsCommand: `/bin/echo ${address} ${hostKey}`,
  };
  const named = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return ['-F', 'none', '-T', ...named, `root@${address}`];
}

function give(stream: Writable | null, text: string): void {
  // It may have ended without reading.
  stream?.on('error', () => undefined);
  stream?.end(text);
}

function hearLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('error', () => undefined);
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(onLine);
  });
}

function kill({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid);
  } catch {
    // It has ended.
  }
}
