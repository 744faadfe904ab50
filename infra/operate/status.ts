// `npm run status`: on one screen, what runs where and since when, its certificate, memory and disks, and the last errors.
//   npm run status -- [--json] [--stack NAME] [--cwd FOLDER]
// Ends with 1 where something is not as it should be.

import { parseArgs } from 'node:util';
import { home } from '../hostLayout';
import { redacted } from './redacted';
import { statusScript } from '../scripts';
import { type BoxReport, problemsOf, type StatusReport, statusText } from './boxStatus';
import { logIn } from './login';
import { runCommand } from './runCommand';
import { siteReport } from './siteReport';
import { type BoxAccess, boxAccess, stackOptions } from './stackOutputs';

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { ...stackOptions, json: { type: 'boolean', default: false } } });
  const access = await boxAccess(values);
  const [site, box] = await Promise.all([siteReport(access.url, access.ipv4), boxReport(access)]);
  const report: StatusReport = { site, ...box };
  const now = Date.now();
  console.log(redacted(values.json ? JSON.stringify(report, null, 2) : statusText(report, now)));
  return problemsOf(report, now).length === 0 ? 0 : 1;
}

async function boxReport(access: BoxAccess): Promise<Pick<StatusReport, 'box' | 'problem'>> {
  const { code, stdout } = await logIn(access, `python3 - ${home}`, { input: statusScript, capture: true });
  if (code === 0) return { box: JSON.parse(stdout) as BoxReport };
  const why =
    code === 255
      ? 'no login was possible; see that ovth:ssh.admin_cidrs holds your address'
      : `its report ended with ${code}`;
  return { problem: `the server at ${access.ipv4} could not be asked: ${why}` };
}

runCommand(main);
