#!/usr/bin/env node
// From the command line to a command, and from its failure to an exit code.

import { releaseSignals } from './commands/earlySignals';
import { exitCodes } from '../../config/exitCodes';
import { ConfigError, formatProblem } from '../../config/problems';
import { check } from './commands/check';
import { helpPage } from './commands/help';
import { AdminRefusal, GatewayUnreachable } from './commands/adminClient';
import { keys } from './commands/keys';
import { ledger } from './commands/ledger';
import { UsageError } from './commands/options';
import { restore } from './commands/restore';
import { serve } from './commands/serve';
import { usage } from './commands/usage';
import { StorageUnusable } from './storage/storage';

const commands: Readonly<Record<string, (args: readonly string[]) => void | Promise<void>>> = {
  serve,
  check,
  usage,
  keys,
  ledger,
  restore,
  help: () => console.log(helpPage()),
};

/** Other words for commands. */
const sameAs: Readonly<Record<string, string>> = { '--help': 'help', '-h': 'help' };

async function main(word: string, args: readonly string[]): Promise<void> {
  const name = args.some((arg) => Object.hasOwn(sameAs, arg)) ? 'help' : (sameAs[word] ?? word);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    console.error(
      `"${name}" is not a command. There are: ${Object.keys(commands).join(', ')} (default: serve); ovth help says what each does.`,
    );
    process.exit(exitCodes.usage.code);
  }
  if (command !== serve) releaseSignals();
  try {
    await command(args);
  } catch (error) {
    console.error(explain(error));
    process.exit(codeOf(error));
  }
}

void main(process.argv[2] ?? 'serve', process.argv.slice(3));

// ---

function codeOf(error: unknown): number {
  if (error instanceof ConfigError) return exitCodes.badConfig.code;
  if (error instanceof GatewayUnreachable) return exitCodes.unreachable.code;
  if (error instanceof AdminRefusal)
    return error.status === 401 || error.status === 403 ? exitCodes.refused.code : exitCodes.failed.code;
  return error instanceof UsageError ? exitCodes.usage.code : exitCodes.failed.code;
}

function explain(error: unknown): unknown {
  if (error instanceof ConfigError)
    return `The configuration cannot be used:\n${error.problems.map((problem) => `  - ${formatProblem(problem)}`).join('\n')}`;
  if (error instanceof UsageError || error instanceof AdminRefusal || error instanceof GatewayUnreachable)
    return error.message;
  if (error instanceof StorageUnusable) return `The ledger cannot be used: ${error.message}`;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
    return 'The address is in use: another gateway is running, or set OVTH_PORT to another port.';
  return error;
}
