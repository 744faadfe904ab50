// What the kernel counts for a process: CPU time and memory. Linux only.

import { readFileSync } from 'node:fs';

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

/** Resident memory of a process in MB (2^20 bytes). Threads share one address space, so it counts what all of them hold. */
export function residentMbOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? NaN) / 1024;
}
