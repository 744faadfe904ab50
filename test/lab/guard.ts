// The guard of one run: a process that cleans up when this one ends, however it ends.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from './shell';

/** One run of the lab. */
export interface Guard {
  /** Its own temporary folder; the name is the label of its containers. */
  folder: string;
  /** Removes everything the run has made, and waits for that. */
  sweep(): Promise<void>;
}

/** What is kept between runs: the Docker daemon's data (images), the registry's data. */
export function cacheFolder(): string {
  return process.env['OVTH_LAB'] ?? join(homedir(), '.cache', 'ovth-lab');
}

/** Takes the lock that lets one lab run at a time, and sets the guard. */
export async function setGuard(say: (line: string) => void): Promise<Guard> {
  mkdirSync(cacheFolder(), { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'ovth-lab-'));
  for (const name of ['pids', 'sockets', 'boxes', 'volumes']) mkdirSync(join(folder, name));
  const lock = join(cacheFolder(), 'lock');
  const script = join(projectRoot(), 'test', 'lab', 'reaper.sh');
  const reaper = spawn('bash', [script, folder, lock], {
    // A session of its own: a Ctrl-C that ends the lab must not end its guard.
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = new Promise<number>((resolve) => reaper.on('close', (code) => resolve(code ?? 128)));
  const ready = new Promise<boolean>((resolve) =>
    reaper.stdout.on('data', (chunk: Buffer) => {
      const text = chunk.toString();
      if (/^ready$/m.test(text)) resolve(true);
      else say(`waiting for the lab that runs already: ${text.trim()}`);
    }),
  );
  if (!(await Promise.race([ready, ended.then(() => false)]))) {
    rmSync(folder, { recursive: true });
    throw new Error(`another lab is running on this machine: ${readFileSync(lock, 'utf8').trim()}`);
  }
  reaper.stdin.on('error', () => undefined);
  // A caller that forgets to stop may still end; the guard then sees the end of its input.
  reaper.unref();
  for (const stream of [reaper.stdin, reaper.stdout]) (stream as unknown as { unref(): void }).unref();
  return {
    folder,
    async sweep() {
      reaper.ref();
      reaper.stdin.end();
      await ended;
    },
  };
}
