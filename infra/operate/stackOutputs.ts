// The outputs of the current stack, as `pulumi stack output` gives them, and what an operator's command is told on its line.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Which stack. */
export interface StackChoice {
  /** Its project's folder. Default: the working folder. */
  readonly cwd?: string | undefined;
  /** Its name. Default: the selected one. */
  readonly stack?: string | undefined;
}

/** What is needed to reach a box. */
export interface BoxAccess {
  /** The gateway's, without a trailing slash. */
  readonly url: string;
  readonly ipv4: string;
  /** The server's SSH identity: a line of known_hosts without the host name. */
  readonly sshHostKey: string;
  /** In OpenSSH's format. Secret. */
  readonly sshPrivateKey: string;
}

/** The options of every operator's command, for `parseArgs`. */
export const stackOptions = { cwd: { type: 'string' }, stack: { type: 'string' } } as const;

/**
 * Asks the engine. The one secret is asked for by its name, so that no other leaves the state.
 * @throws Error with one sentence when there is no stack, or it has not been deployed
 */
export async function boxAccess(choice: StackChoice): Promise<BoxAccess> {
  const [shown, sshPrivateKey] = await Promise.all([
    output(choice, '--json'),
    output(choice, 'sshPrivateKey', '--show-secrets').catch(() => ''),
  ]);
  const { url, ipv4, sshHostKey } = JSON.parse(shown) as Partial<Record<keyof BoxAccess, string>>;
  if (url === undefined || ipv4 === undefined || sshHostKey === undefined || sshPrivateKey.trim() === '')
    throw new Error(
      'the stack has no outputs url, ipv4, sshHostKey and sshPrivateKey yet: run "pulumi up" first, or choose another stack with --stack NAME',
    );
  return { url, ipv4, sshHostKey, sshPrivateKey };
}

// ---

const run = promisify(execFile);

async function output({ cwd, stack }: StackChoice, ...args: string[]): Promise<string> {
  const chosen = [...(cwd === undefined ? [] : ['--cwd', cwd]), ...(stack === undefined ? [] : ['--stack', stack])];
  try {
    const { stdout } = await run('pulumi', ['stack', 'output', ...args, '--non-interactive', ...chosen], {
      env: process.env,
    });
    return stdout;
  } catch (error) {
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
    if (code === 'ENOENT') throw new Error('pulumi is not on PATH; install the Pulumi CLI', { cause: error });
    const said =
      stderr
        .trim()
        .split('\n')[0]
        ?.replace(/^error: /, '') ?? '';
    throw new Error(`pulumi does not show the stack's outputs: ${said}`, { cause: error });
  }
}
