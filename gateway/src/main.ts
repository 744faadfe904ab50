#!/usr/bin/env node
// From the command line to a command, and from its failure to an exit code.

import { releaseSignals } from './commands/earlySignals';
import { exitCodes } from '../../config/exitCodes';
import { ConfigError, formatProblem } from '../../config/problems';
import { check } from './commands/check';
import { serve } from './commands/serve';
import { StorageUnusable } from './storage/storage';

const commands: Readonly<Record<string, () => void | Promise<void>>> = { serve, check };

async function main(name: string): Promise<void> {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    console.error(`"${name}" is not a command. There are: ${Object.keys(commands).join(', ')} (default: serve).`);
    process.exit(exitCodes.usage.code);
  }
  if (command !== serve) releaseSignals();
  try {
    await command();
  } catch (error) {
    console.error(explain(error));
    process.exit(error instanceof ConfigError ? exitCodes.badConfig.code : exitCodes.failed.code);
  }
}

void main(process.argv[2] ?? 'serve');

// ---

function explain(error: unknown): unknown {
  if (error instanceof ConfigError)
    return `The configuration cannot be used:\n${error.problems.map((problem) => `  - ${formatProblem(problem)}`).join('\n')}`;
  if (error instanceof StorageUnusable) return `The ledger cannot be used: ${error.message}`;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
    return 'The address is in use: another gateway is running, or set OVTH_PORT to another port.';
  return error;
}
