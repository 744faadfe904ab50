// Child processes, each pinned to one core, none of which outlives the benchmark.

import { type ChildProcess, spawn, spawnSync, type StdioOptions } from 'node:child_process';
import { openSync, closeSync, readFileSync } from 'node:fs';

/** The load generator and the upstream share one core; what is measured has the other to itself. */
export const loadCore = 0;
export const measuredCore = 1;

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

export interface Start {
  readonly core: number;
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Where standard output goes. */
  readonly logPath: string;
  /** With a channel for messages. */
  readonly channel?: boolean;
}

/** Starts Node. `taskset` becomes the process it starts, so that the child's id is Node's own. */
export function startNode(start: Start): ChildProcess {
  const log = openSync(start.logPath, 'w');
  const stdio: StdioOptions = ['ignore', log, start.channel === true ? log : 'inherit'];
  if (start.channel === true) stdio.push('ipc');
  const child = spawn('taskset', ['-c', String(start.core), process.execPath, ...start.arguments], {
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

/** Asks a child to end, and ends it after five seconds. */
export function stopNode(child: ChildProcess): Promise<void> {
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
