// The scripts that run on the box, as text, and the one command that starts any of them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Brings the box to a desired state, or leaves it as it was. */
export const applyScript = read('apply.sh');

/** Waits for a new box and checks it. */
export const bootstrapScript = read('bootstrap.sh');

/**
 * Runs the script that comes on standard input with its data. Short and always the same: a failing command is quoted in
 * the error that the operator reads, and nothing in it may be secret.
 */
export const launchCommand = read('launch.sh').trim();

// ---

function read(name: string): string {
  return readFileSync(join(__dirname, name), 'utf8');
}
