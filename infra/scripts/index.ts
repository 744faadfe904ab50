// The scripts that run on the box, as texts.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The parts of the apply script, in the order in which they are joined: only the last does something by itself. */
export const applyParts = [
  ...['begin', 'host', 'disk', 'ledger', 'image', 'checks', 'backup', 'gateway'],
  ...['retire', 'redirect', 'front', 'certificate', 'keep', 'record', 'run'],
] as const;

/** Brings the box to the desired state, or leaves it as it was. Input: infra/render/desiredState.ts. */
export const applyScript = applyParts.map((name) => read(join('apply', `${name}.sh`))).join('\n');

/** The parts of the bootstrap script, in the order in which they are joined: only the last does something by itself. */
export const bootstrapParts = [
  ...['begin', 'boot', 'files', 'login', 'volume', 'docker', 'swap', 'clock', 'upgrades', 'run'],
] as const;

/** Waits for the first boot of a new box, and brings a host to its state. Input: infra/render/bootstrapState.ts. */
export const bootstrapScript = bootstrapParts.map((name) => read(join('bootstrap', `${name}.sh`))).join('\n');

/** Lets the program's next key in. */
export const authorizeScript = read('authorize.sh');

/** What the reboot window's timer starts on the box. */
export const rebootScript = read('ovth-reboot.sh');

/** Prints what runs on the box, as JSON. A Python program. */
export const statusScript = read('status.py');

/** Says what is on a box. The reader is infra/preflight/boxLook.ts. */
export const lookScript = read('look.sh');
/** Removes resources at Hetzner; read by `node -` on the operator's machine. Its own head says what it takes. */
export const removeScript = read('remove.js');
/** Says whose ledger is on the data volume, and allows a new stack to begin one. */
export const ledgerScript = read('ledger.sh');

/**
 * The one command that Pulumi runs over SSH: a shell that reads its script from standard input. Pulumi quotes the command
 * at the head of its error when it fails, so it is as short as can be.
 */
export const command = 'bash';

/**
 * What the command reads: the launcher, and then the JSON, whose field `script` the launcher runs.
 * @param state JSON, possibly with secrets
 */
export const commandInput = (state: string): string => `${launcher}${state}`;

// ---

/** Bash reads a script from a pipe byte by byte and a group to its end, so that what follows is left to the group. */
const launcher = read('launch.sh');

function read(name: string): string {
  return readFileSync(join(__dirname, name), 'utf8');
}
