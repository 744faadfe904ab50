// Runs programs: to their end, or as daemons that outlive a Ctrl-C until the lab stops them.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, openSync, closeSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** What a program left behind. */
export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** How to run a program. */
export interface RunOptions {
  input?: string;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  timeoutMs?: number;
  /** Hand back a failure instead of throwing it. */
  check?: boolean;
}

/** Runs a program to its end; a failure is an error with what it printed, unless `check` is false. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(program, args, {
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  // A program that ends without reading its input is no failure of ours.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  let late = false;
  const timer =
    options.timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          late = true;
          child.kill('SIGKILL');
        }, options.timeoutMs);
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? 128));
  }).finally(() => clearTimeout(timer));
  const ran = { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
  if (code !== 0 && (options.check ?? true)) {
    const why = late ? `took longer than ${options.timeoutMs} ms` : `exited with ${code}`;
    throw new Error(`${program} ${args.slice(0, 4).join(' ')} ${why}:\n${(ran.stderr + ran.stdout).slice(-4000)}`);
  }
  return ran;
}

/**
 * Starts a daemon in a session of its own, its output in `folder/NAME.log`. Its process id goes into `folder/pids/NAME`,
 * where the reaper finds it whatever becomes of this process.
 */
export function daemon(
  folder: string,
  name: string,
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): void {
  const log = openSync(join(folder, `${name}.log`), 'a');
  const child = spawn(program, args, { cwd: folder, env, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  child.on('error', () => undefined);
  child.unref();
  if (child.pid === undefined) throw new Error(`cannot start ${program}`);
  writeFileSync(join(folder, 'pids', name), `${child.pid} ${basename(program)}\n`);
}

/** Waits until something is so. */
export async function until(what: string, so: () => Promise<boolean>, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await so())) {
    if (Date.now() > deadline) throw new Error(`${what}: not after ${timeoutMs} ms`);
    await pause(50);
  }
}

/** Waits until a daemon is up; what it printed is part of the error. */
export async function untilUp(folder: string, name: string, up: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await up())) {
    if (Date.now() > deadline) {
      const log = readFileSync(join(folder, `${name}.log`), 'utf8');
      throw new Error(`${name} was not ready after 30 s:\n${log.split('\n').slice(-20).join('\n')}`);
    }
    await pause(50);
  }
}

/** Did it go through? */
export function reached(attempt: Promise<unknown>): Promise<boolean> {
  return attempt.then(
    () => true,
    () => false,
  );
}

/** Waits. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Is the program on PATH? */
export function onPath(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;
}

/** The project's root folder, from the sources as from a bundle. */
export function projectRoot(): string {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'Pulumi.yaml')) || existsSync(join(folder, '.git'))) return folder;
    if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'test', 'lab'))) return folder;
  }
  throw new Error(`${__dirname} is not inside the project`);
}
