// The options of a command.

import { parseArgs, type ParseArgsConfig } from 'node:util';

/** A command line that asks for nothing there is. The message says what there is. */
export class UsageError extends Error {}

type Options = NonNullable<ParseArgsConfig['options']>;

/** Reads `--name value` and `--flag`. @throws UsageError for what is not among `options` */
export function readOptions<const T extends Options>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false, strict: true }).values;
  } catch (error) {
    const names = Object.keys(options).map((name) => `--${name}`);
    throw new UsageError(`${error instanceof Error ? error.message : String(error)} (There are: ${names.join(', ')}.)`);
  }
}
