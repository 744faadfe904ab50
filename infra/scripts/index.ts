// The scripts that run on the box, as texts.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The parts of the apply script, in the order in which they are joined: only the last does something by itself. */
export const applyParts = [
  ...['begin', 'host', 'disk', 'image', 'checks', 'gateway'],
  ...['retire', 'redirect', 'front', 'keep', 'run'],
] as const;

/** Brings the box to the desired state, or leaves it as it was. Input: infra/render/desiredState.ts. */
export const applyScript = applyParts.map((name) => read(join('apply', `${name}.sh`))).join('\n');

/** Waits for the first boot of a new box and checks its result. */
export const bootstrapScript = read('bootstrap.sh');

/**
 * The one command that Pulumi runs over SSH. It reads JSON from standard input and runs the script in its field `script`.
 * The command is constant, short and without secrets, because Pulumi quotes it in its error when it fails.
 */
export const launchCommand = read('launch.sh').trim();

// ---

function read(name: string): string {
  return readFileSync(join(__dirname, name), 'utf8');
}
