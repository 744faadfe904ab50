// Whether the box is as it should be, and the one number that this puts into the desired state.

import type { BoxLook } from './boxLook';
import { backupContainer } from '../render/backup';
import type { Expectation } from '../render/desiredState';
import type { Readiness } from './readiness';

/** What is known of a box. */
export interface BoxFacts {
  /** What Hetzner's API says: the stack is fresh and has nothing, has no server, or whether that is switched on. */
  readonly server: 'fresh' | 'none' | 'off' | 'on';
  /** What `/readyz` answered, or why it did not. */
  readonly readiness: Readiness | string;
  /** What a look over SSH has shown; undefined where none was possible. */
  readonly look: BoxLook | undefined;
}

/**
 * Judges a box.
 * @param expected what the box should run
 * @returns the number of repairs for the desired state: the box's own where it is as it should be, so that nothing differs,
 *   and another one where it is not, so that the update applies everything again
 * @param now seconds since 1970: the number of a box that does not tell its own, greater than any that was counted
 */
export function judge(facts: BoxFacts, expected: Expectation, now: number): number {
  const { server, readiness, look } = facts;
  if (server === 'fresh') return 0;
  const answered = typeof readiness === 'string' ? undefined : readiness;
  const known = [answered?.repairs, look?.repairs].filter((each) => each !== undefined);
  const same = answered?.release === expected.release && answered.config === expected.config;
  if (known.length === 0) return now;
  const kept = Math.max(...known);
  return same && faultsOf(facts).length === 0 ? kept : kept + 1;
}

/** What is wrong, each without a full stop. Another release or configuration alone is no fault: it may be what is changed. */
export function faultsOf({ server, readiness, look }: BoxFacts): string[] {
  if (server === 'fresh') return [];
  if (server === 'none') return ['there is no server at Hetzner (if it was deleted there: pulumi refresh)'];
  if (server === 'off') return ['the server is switched off'];
  const faults: string[] = [];
  if (typeof readiness === 'string') faults.push(`no answer over HTTPS (${readiness})`);
  else {
    if (readiness.unready !== undefined) faults.push(`the gateway is not ready (${readiness.unready})`);
    if (readiness.certificate !== undefined) faults.push(readiness.certificate);
  }
  if (look === undefined) return faults;
  if (!look.applied) return [...faults, 'no update has ended there yet'];
  for (const [prefix, what] of look.copied ? [...parts, copy] : parts)
    if (!look.running.some((name) => name.startsWith(prefix))) faults.push(`${what} does not run`);
  if (!look.led) faults.push('ports 80 and 443 do not lead to Caddy, or would not after a reboot');
  for (const file of look.changed) faults.push(`${file} is not as the last update left it`);
  return faults;
}

/** A sentence for each disk that fills up. That is no fault: no update makes room. */
export function fullDisks({ look }: BoxFacts): string[] {
  const { server = 0, data = 0 } = look?.used ?? {};
  return [
    ...(server > fullPercent
      ? [`ovth:server.type: the server's own disk is ${server} % full; look at "docker system df" there.`]
      : []),
    ...(data > fullPercent ? [`ovth:data.size_gb: the data volume is ${data} % full; raise the size.`] : []),
  ];
}

/** One sentence of what is wrong with a box. */
export function describeFaults(faults: readonly string[], address: string): string {
  return `the box at ${address} is not as it should be: ${faults.join('; ')}.`;
}

// ---

const fullPercent = 80;

/** Beginning of a container's name → what it is. */
const parts = [
  ['ovth-gateway-', 'the gateway’s container'],
  ['ovth-front-', 'Caddy'],
] as const;

const copy = [backupContainer, 'what copies the ledger to its backup'] as const;
