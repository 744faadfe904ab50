// The scripts that run on the box, as texts.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The parts of the apply script, in the order in which they are joined: only the last does something by itself. */
export const applyParts = ['begin', 'host', 'image', 'checks', 'gateway', 'retire', 'front', 'keep', 'run'] as const;

/** Brings the box to the desired state, or leaves it as it was. Input: infra/render/desiredState.ts. */
export const applyScript = applyParts.map((name) => read(join('apply', `${name}.sh`))).join('\n');

/** The parts of the bootstrap script, in the order in which they are joined: only the last does something by itself. */
export const bootstrapParts = [
  ...['begin', 'boot', 'files', 'volume', 'docker', 'swap', 'clock', 'upgrades', 'run'],
] as const;

/** Waits for the first boot of a new box, and brings a host to its state. Input: infra/render/bootstrapState.ts. */
export const bootstrapScript = bootstrapParts.map((name) => read(join('bootstrap', `${name}.sh`))).join('\n');

/** What the reboot window's timer starts on the box. */
export const rebootScript = read('ovth-reboot.sh');

/** Prints what runs on the box, as JSON. A Python program. */
export const statusScript = read('status.py');

/**
 * The one command that Pulumi runs over SSH. It reads JSON from standard input and runs the script in its field `script`.
 * The command is constant, short and without secrets, because Pulumi quotes it in its error when it fails.
 */
export const launchCommand = read('launch.sh').trim();

// ---

function read(name: string): string {
  return readFileSync(join(__dirname, name), 'utf8');
}
