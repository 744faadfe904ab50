// A look at the box over SSH: what HTTPS does not show.

import { dataMount, home } from '../hostLayout';
import { type Login, openRemoteShell } from '../remoteShell';
import { lookScript } from '../scripts';
import { reachServer } from './sshReachable';

/** What a look has found. */
export interface BoxLook {
  /** Whether an update has ever ended there. */
  readonly applied: boolean;
  /** The number of repairs that the box keeps. */
  readonly repairs: number | undefined;
  /** Whether the last update that ended has left a container there that copies the ledger. */
  readonly copied: boolean;
  /** Files, by their path below `/srv/ovth`, that are not as the last update that ended has left them. */
  readonly changed: readonly string[];
  /** Whether ports 80 and 443 are led to the front that serves, now and after a reboot. */
  readonly led: boolean;
  /** Percent in use of the server's own disk and of the data volume. */
  readonly used: { readonly server: number | undefined; readonly data: number | undefined };
  /** Names of the running containers, without what is retiring. */
  readonly running: readonly string[];
}

/**
 * Looks at the box, where its port 22 answers within 3 s.
 * @returns undefined where no login was possible, which is no finding
 */
export async function lookAtBox(login: Login): Promise<BoxLook | undefined> {
  const closed = await reachServer(login.address, { ranges: [], patienceMs: 0, dialMs: 3_000 });
  if (closed !== undefined) return undefined;
  const lines: string[] = [];
  const shell = openRemoteShell(login, { text: lookScript, args: [home, dataMount] }, (line) => lines.push(line));
  const timer = setTimeout(() => shell.end(), longestLookMs);
  const code = await shell.ended.finally(() => clearTimeout(timer));
  return code === 0 ? readLook(lines) : undefined;
}

/** What the lines of look.sh say. */
export function readLook(lines: readonly string[]): BoxLook {
  const told = (word: string) =>
    lines.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
  return {
    applied: !lines.includes('never'),
    repairs: repairsOf(told('deploy')[0] ?? ''),
    copied: lines.includes('copied'),
    changed: told('changed'),
    led: lines.includes('led'),
    used: { server: percentOf(told('used server')[0]), data: percentOf(told('used data')[0]) },
    running: told('runs'),
  };
}

// ---

const longestLookMs = 10_000;

const percentOf = (text: string | undefined) =>
  text !== undefined && /^\d{1,3}$/.test(text) ? Number(text) : undefined;

function repairsOf(text: string): number | undefined {
  try {
    const { repairs } = JSON.parse(text) as { repairs?: unknown };
    return Number.isSafeInteger(repairs) ? (repairs as number) : undefined;
  } catch {
    return undefined;
  }
}
