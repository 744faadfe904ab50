// Finds the process at the other end of a connection from this machine, and kills the engine that it belongs to.
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/**
 * Kills the Pulumi engine whose provider has the connection, with everything it has started, as a power cut would.
 * Nothing happens when the caller is no child of a process named `pulumi`.
 * @param port the caller's end of the connection, on loopback
 * @param ourPort the other end
 * @returns once none of them runs any more
 */
export async function killCaller(port: number, ourPort: number): Promise<void> {
  const inode = socketInode(port, ourPort);
  const caller = processes().find(({ pid }) => inode !== undefined && holds(pid, inode));
  const engine = caller === undefined ? undefined : ancestorNamed('pulumi', caller);
  if (engine === undefined) return;
  const doomed = [engine.pid, ...descendants(engine.pid)];
  for (const pid of doomed) kill(pid);
  while (doomed.some((pid) => runs(pid))) await new Promise((resolve) => setTimeout(resolve, 20));
}

// ---

interface Process {
  pid: number;
  parent: number;
  name: string;
  state: string;
}

/**
 * Of the socket with these ports. A row of /proc/net/tcp has the local address, the remote one, the state and the inode. The
 * caller's port alone would not do: it may also be that of a connection to elsewhere, or of one that has ended and lingers.
 */
function socketInode(port: number, peer: number): string | undefined {
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1);
  return rows
    .map((row) => row.trim().split(/\s+/))
    .find(([, local, remote, state]) => isPort(local, port) && isPort(remote, peer) && state === established)?.[9];
}

const established = '01';

function isPort(address: string | undefined, port: number): boolean {
  return address?.endsWith(`:${port.toString(16).toUpperCase().padStart(4, '0')}`) === true;
}

function processes(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => read(Number(name)) ?? []);
}

function read(pid: number): Process | undefined {
  try {
    // The name stands in parentheses and may itself hold some.
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { pid, parent: Number(parent), name: text.slice(text.indexOf('(') + 1, text.lastIndexOf(')')), state };
  } catch {
    return undefined;
  }
}

function holds(pid: number, inode: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => link(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`);
  } catch {
    return false;
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function ancestorNamed(name: string, from: Process): Process | undefined {
  for (let at: Process | undefined = from; at !== undefined && at.pid > 1; at = read(at.parent))
    if (at.name === name) return at;
  return undefined;
}

function descendants(pid: number): number[] {
  return processes()
    .filter(({ parent }) => parent === pid)
    .flatMap((child) => [child.pid, ...descendants(child.pid)]);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** A zombie has ended: its parent has not asked yet. */
function runs(pid: number): boolean {
  return !['Z', 'X', undefined].includes(read(pid)?.state);
}
