// Child processes, each pinned to one core, none of which outlives the benchmark.

import { type ChildProcess, spawn, spawnSync, type StdioOptions } from 'node:child_process';
import { openSync, closeSync, readFileSync } from 'node:fs';

/** The core that the load generator, the upstream and the benchmark itself share. */
export const loadCore = 0;
/** The core that what is measured has to itself. */
export const measuredCore = 1;

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** What to start, and where. */
export interface Start {
  readonly core: number;
  /** This Node where it is not given. */
  readonly program?: string;
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Where standard output goes. */
  readonly logPath: string;
  /** With a channel for messages. */
  readonly channel?: boolean;
  /** What it writes to standard error goes to the log, too. */
  readonly quiet?: boolean;
}

/**
 * Starts a program, its threads pinned to one core with it. `taskset` becomes the process it starts, so that the child's
 * id is the program's own. Of the environment only PATH and HOME are passed on.
 */
export function startChild(start: Start): ChildProcess {
  const log = openSync(start.logPath, 'w');
  const stdio: StdioOptions = ['ignore', log, start.channel === true || start.quiet === true ? log : 'inherit'];
  if (start.channel === true) stdio.push('ipc');
  const child = spawn('taskset', ['-c', String(start.core), start.program ?? process.execPath, ...start.arguments], {
    stdio,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...start.environment },
  });
  closeSync(log);
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** Pins this very process, so that it does not disturb what it measures. */
export function pinSelf(): void {
  spawnSync('taskset', ['-a', '-c', '-p', String(loadCore), String(process.pid)]);
}

/** Waits for a line in a child's log. @throws Error when the child ends first, or takes longer than a minute */
export async function logged(child: ChildProcess, logPath: string, line: RegExp): Promise<RegExpExecArray> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const found = line.exec(readFileSync(logPath, 'utf8'));
    if (found !== null) return found;
    if (child.exitCode !== null) throw new Error(`a process ended with code ${child.exitCode}; its log is ${logPath}`);
    if (Date.now() > deadline) throw new Error(`a process did not start; its log is ${logPath}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Waits until a child answers a request with 200. @throws Error when it ends first, or takes longer than a minute */
export async function answering(child: ChildProcess, url: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const status = await fetch(url, { headers: { connection: 'close' }, signal: AbortSignal.timeout(5_000) }).then(
      (response) => response.status,
      () => undefined, // it does not listen yet
    );
    if (status === 200) return;
    if (child.exitCode !== null) throw new Error(`it ended with code ${child.exitCode}`);
    if (Date.now() > deadline) throw new Error('it did not answer within a minute');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Asks a child to end, and ends it after five seconds. */
export function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
