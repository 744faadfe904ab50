// What the kernel counts for a process: CPU time and memory. Linux only.

import { existsSync, readFileSync } from 'node:fs';

const tickMs = 10; // USER_HZ is 100 on every architecture Node runs on

/**
 * CPU time of a process in ms, user and system. utime and stime of /proc/PID/stat are sums over the whole thread group
 * (proc_pid_stat(5)): they count every thread, such as the gateway's storage thread, and threads that have ended.
 * Child processes are not counted; no contender starts any. The value moves in steps of 10 ms.
 */
export function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The command's name may hold blanks and brackets; the fields begin after its last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

/**
 * Time in ms that the main thread of a process was ready to run and had no core: how much everything else on the machine,
 * and its own other threads, disturbed it (https://docs.kernel.org/scheduler/sched-stats.html). NaN where the kernel does
 * not count it.
 */
export function coreWaitMsOf(pid: number): number {
  const path = `/proc/${pid}/schedstat`;
  if (!existsSync(path)) return NaN;
  return Number(readFileSync(path, 'latin1').split(' ')[1]) / 1e6;
}

/** Resident memory of a process in MB (2^20 bytes). Threads share one address space, so it counts what all of them hold. */
export function residentMbOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? NaN) / 1024;
}
