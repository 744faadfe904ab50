// `npm run ssh`: a login as root on the box that accepts this server and no other, or one command there.
//   npm run ssh -- [--stack NAME] [--cwd FOLDER] [COMMAND...]

import { parseArgs } from 'node:util';
import { logIn } from './login';
import { runCommand } from './runCommand';
import { boxAccess, stackOptions } from './stackOutputs';

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options: stackOptions, allowPositionals: true });
  const command = positionals.length === 0 ? undefined : positionals.join(' ');
  return (await logIn(await boxAccess(values), command)).code;
}

runCommand(main);
