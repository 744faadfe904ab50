// `npm run restore`: puts the current stack's ledger back from its backup. What the data volume holds of one is moved aside.
//   npm run restore -- [--at 2026-11-27T06:00:00Z] [--stack NAME]
// The update that may do it is marked by the environment alone, so that no later one can.

import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

function main(): number {
  const { values } = parseArgs({ options: { at: { type: 'string' }, stack: { type: 'string' } } });
  const stack = values.stack === undefined ? [] : ['--stack', values.stack];
  const restored = up(stack, { OVTH_RESTORE: values.at ?? 'latest' });
  // Once more without the mark, which else would stand as a change in the next preview.
  return restored === 0 ? up(stack, {}) : restored;
}

process.exitCode = main();

// ---

function up(stack: readonly string[], more: Readonly<Record<string, string>>): number {
  const { OVTH_RESTORE: _unset, ...environment } = process.env;
  const ran = spawnSync('pulumi', ['up', '--yes', '--skip-preview', ...stack], {
    env: { ...environment, ...more },
    stdio: 'inherit',
  });
  if (ran.error !== undefined) throw new Error(`pulumi cannot be started (${ran.error.message}); install its CLI.`);
  return ran.status ?? 1;
}
