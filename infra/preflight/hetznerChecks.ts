// What Hetzner's API says before anything is made: is the token accepted, is the server type sold, are the names free.

import * as hcloud from '@pulumi/hcloud';
import * as pulumi from '@pulumi/pulumi';
import type { Problem } from '../../config/problems';
import type { Settings } from '../../config/schema';
import { refusal, refusalOf } from '../refusal';
import { type Carrier, inStack } from './carrier';
import { resourcesAtHetzner } from './cloudInventory';
import { cloudKinds, type CloudResource } from './cloudResources';
import { type FirstBoot, firstBootOf, sshGenerationProblems } from './generations';
import type { LastState } from './lastState';
import { fixedNames, takenNames } from './nameConflicts';
import { driftProblems, idInState } from './orphans';
import { type CheckResult, checkServerType } from './serverType';
import { standingChecks } from './standing';

/** Whose resources are looked for. */
export interface Owner {
  /** Name of the component, with which its resources' names begin. */
  readonly gateway: string;
  /** Value of the label `stack` on its resources. */
  readonly stackLabel: string;
  /** Where its settings stand. Default: in the stack's file. */
  readonly carrier?: Carrier;
}

/**
 * The first calls to Hetzner's API, which also show whether the token is accepted and the network works: what is wrong before
 * anything is made. Warnings are shown.
 * @param state what the stack has made before; undefined where that is not known
 * @param options whose provider asks
 * @returns what is known of the server's first boot
 * @throws pulumi.RunError with one sentence for each thing that is wrong
 */
export async function askHetzner(
  settings: Settings,
  owner: Owner,
  state: Promise<LastState | undefined>,
  options?: pulumi.InvokeOptions,
): Promise<FirstBoot> {
  const { problems, warnings, firstBoot } = await findings(settings, owner, state, options).catch((error: unknown) => {
    throw refusal(explainApiError(error instanceof Error ? error.message : String(error)));
  });
  const { carrier = inStack } = owner;
  const said = (text: string) =>
    text.replaceAll(/\bovth:(\w+(?:\.\w+)*)/g, (_, setting: string) => carrier.path(setting));
  for (const warning of warnings) await pulumi.log.warn(said(warning));
  if (problems.length > 0)
    throw refusalOf(problems.map(({ path, message }) => ({ path: said(path), message: said(message) })));
  return firstBoot;
}

/**
 * One sentence for a call that failed: which variable to look at, and what to do.
 * @param message the provider's words
 * @param endpoint the API's address, when it is not Hetzner's own
 */
export function explainApiError(message: string, endpoint = process.env['HCLOUD_ENDPOINT']): string {
  if (/unauthorized|unable to authenticate/i.test(message))
    return 'HCLOUD_TOKEN: Hetzner does not accept this API token; make one with Read & Write in the console (your project, Security, API tokens).';
  const words = message.replaceAll(/\s+/g, ' ').slice(0, 300);
  if (/dial tcp|no such host|connection refused|timeout|EOF/i.test(message))
    return `HCLOUD_ENDPOINT: Hetzner's API cannot be reached${endpoint === undefined ? '' : ` at ${endpoint}`}; check this machine's network, then run it again (${words}).`;
  return `HCLOUD_TOKEN: Hetzner's API did not say what there is; run it again in a minute (${words}).`;
}

// ---

/** Everything is asked at once: each question waits for Hetzner, and none for the answer to another. */
async function findings(
  settings: Settings,
  owner: Owner,
  state: Promise<LastState | undefined>,
  options?: pulumi.InvokeOptions,
): Promise<CheckResult & { readonly firstBoot: FirstBoot }> {
  const { stackLabel, carrier = inStack } = owner;
  const [{ serverTypes }, present, zone, last] = await Promise.all([
    hcloud.getServerTypes(options),
    resourcesAtHetzner(options),
    zoneProblems(settings, options),
    state,
  ]);
  const ofStack = (of: string) => present.filter(({ kind, labels }) => kind === of && labels['stack'] === stackLabel);
  const [server] = ofStack('server');
  const { problems, warnings } = checkServerType(settings.server, serverTypes, server?.order);
  const firstBoot = firstBootOf(settings, server?.labels, last);
  const keys = firstBoot.isComing
    ? []
    : sshGenerationProblems(
        ofStack('SSH key').map(({ labels }) => labels),
        settings,
      );
  const taken = [...nameProblems(present, owner), ...zone, ...keys];
  if (last === undefined) return { problems: [...problems, ...taken], warnings, firstBoot };
  const identity = { label: stackLabel, id: idInState(last) };
  const drift = driftProblems(present, last, identity, carrier.recover(stackLabel));
  const standing = standingChecks(settings, last);
  return {
    problems: [...problems, ...taken, ...drift, ...standing.problems],
    warnings: [...warnings, ...standing.warnings],
    firstBoot,
  };
}

/** Resources of other owners that have the names this stack will use. */
function nameProblems(present: readonly CloudResource[], { gateway, stackLabel }: Owner): Problem[] {
  const autonaming = pulumi.runtime.allConfig()['pulumi:autonaming'];
  const nameOf = fixedNames(autonaming, { name: pulumi.getStack(), project: pulumi.getProject() });
  if (nameOf === undefined) return [];
  const wanted = Object.entries(cloudKinds).map(([kind, { names }]) => [kind, nameOf(`${gateway}-${names[0]}`)]);
  return takenNames(Object.fromEntries(wanted) as Record<string, string>, present, stackLabel);
}

/** That the zone of `dns` is there. */
async function zoneProblems({ dns }: Settings, options?: pulumi.InvokeOptions): Promise<Problem[]> {
  if (dns === undefined) return [];
  const { zones } = await hcloud.getZones({}, options);
  const names = zones.map(({ name }) => name ?? '');
  if (names.includes(dns.zone)) return [];
  const there = names.length === 0 ? 'it has none' : `it has ${names.slice(0, 8).join(', ')}`;
  return [
    {
      path: 'ovth:dns.zone',
      message: `"${dns.zone}" is no DNS zone of your Hetzner project (${there}); make it in the console and point the domain's name servers there, or remove ovth:dns and set the records yourself (output dnsRecords).`,
    },
  ];
}
