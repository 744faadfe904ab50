// `pulumi stack export`. It imports nothing, so that it can be begun before anything else is read.

import { execFile } from 'node:child_process';

/** How to run the Pulumi CLI. */
export interface PulumiCall {
  /** The stack's name; default: the one that is selected. */
  readonly stack?: string | undefined;
  /** Any folder of the project. */
  readonly folder?: string;
}

/**
 * The state of the stack, as JSON in which secret values are encrypted. It needs no passphrase and no lock.
 * @throws Error in the CLI's words when it cannot be read
 */
export function exportState({ stack, folder = process.cwd() }: PulumiCall = {}): Promise<string> {
  const selected = stack === undefined ? [] : ['--stack', stack];
  return new Promise((resolve, reject) => {
    const options = { cwd: folder, encoding: 'utf8' as const, maxBuffer: 256 * 1024 * 1024 };
    const args = ['stack', 'export', ...selected, '--non-interactive'];
    execFile('pulumi', args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const words = stderr.trim() === '' ? error.message : stderr.trim();
      reject(new Error(words.split('\n')[0] ?? words));
    });
  });
}
