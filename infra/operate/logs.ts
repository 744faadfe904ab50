// `npm run logs`: what the gateway, Caddy, the ledger's copy or the host has written.
//   npm run logs -- [gateway|front|backup|host] [--lines N] [--since 1h] [--follow] [--stack NAME] [--cwd FOLDER]

import { parseArgs } from 'node:util';
import { home } from '../hostLayout';
import { backupContainer } from '../render/backup';
import { logIn } from './login';
import { runCommand } from './runCommand';
import { boxAccess, stackOptions } from './stackOutputs';

const sources = ['gateway', 'front', 'backup', 'host'] as const;
type Source = (typeof sources)[number];

/** The name of a container, for the box's shell. */
const serving: Readonly<Record<Exclude<Source, 'host'>, string>> = {
  gateway: `"ovth-gateway-$(basename "$(readlink ${home}/current)")"`,
  front: `"ovth-front-$(basename "$(readlink ${home}/front)")"`,
  backup: backupContainer,
};

/** What of a log is shown. */
export interface LogChoice {
  readonly lines: string;
  /** Docker's and journald's form differ; both take `30m` … through `sinceFor`. */
  readonly since?: string | undefined;
  readonly follow?: boolean | undefined;
}

/**
 * The command on the box.
 * @throws Error for a choice that is not one of the forms, so that nothing else reaches the box's shell
 */
export function logCommand(source: string, { lines, since, follow = false }: LogChoice): string {
  if (!isSource(source)) throw new Error(`there is no log "${source}"; there are ${sources.join(', ')}`);
  if (!/^\d{1,6}$/.test(lines)) throw new Error(`--lines takes a number, found "${lines}"`);
  if (since !== undefined && !/^\d{1,4}[smh]$/.test(since))
    throw new Error(`--since takes a time such as 90s, 30m or 2h, found "${since}"`);
  const more = follow ? ' --follow' : '';
  if (source === 'host')
    return `journalctl --no-pager --lines ${lines}${since === undefined ? '' : ` --since -${since}`}${more}`;
  const flags = `--tail ${lines}${since === undefined ? '' : ` --since ${since}`}${more}`;
  // What serves: while something retires there are two of a kind.
  return `docker logs ${flags} ${serving[source]} 2>&1`;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      ...stackOptions,
      lines: { type: 'string', default: '200' },
      since: { type: 'string' },
      follow: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const command = logCommand(positionals[0] ?? 'gateway', values);
  return (await logIn(await boxAccess(values), command)).code;
}

// ---

function isSource(word: string): word is Source {
  return (sources as readonly string[]).includes(word);
}

if (require.main === module) runCommand(main);
