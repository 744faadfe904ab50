// What Hetzner's API says before anything is made: is the token accepted, is the server type sold, are the names free.

import * as hcloud from '@pulumi/hcloud';
import * as pulumi from '@pulumi/pulumi';
import type { Problem } from '../../config/problems';
import type { Settings } from '../../config/schema';
import { refusal, refusalOf } from '../refusal';
import { type Carrier, inStack } from './carrier';
import { resourcesAtHetzner } from './cloudInventory';
import { type FirstBoot, firstBootOf, sshGenerationProblems } from './generations';
import type { LastState } from './lastState';
import { fixedNames, type NamedResource, takenNames } from './nameConflicts';
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
 * Looks the settings' server type and location up in Hetzner's price list.
 * @param stackLabel value of the label `stack` on this stack's resources
 * @param options whose provider asks
 * @throws Error in the provider's words when the API does not answer; see `explainApiError`
 */
export async function checkServerTypeAtHetzner(
  { server }: Settings,
  stackLabel: string,
  options?: pulumi.InvokeOptions,
): Promise<CheckResult> {
  const { serverTypes } = await hcloud.getServerTypes(options);
  const present = await hcloud.getServers({ withSelector: `stack=${stackLabel}` }, options);
  const [owned] = present.servers.map(({ serverType, location }) => ({ type: serverType, location }));
  return checkServerType(server, serverTypes, owned);
}

/**
 * Looks for resources of other owners that have the names this stack will use.
 * @param nameOf resource name in the program → name at Hetzner
 * @param owner whose names they are
 * @param options whose provider asks
 * @throws Error in the provider's words when the API does not answer; see `explainApiError`
 */
export async function checkNamesAtHetzner(
  nameOf: (name: string) => string,
  { gateway, stackLabel }: Owner,
  options?: pulumi.InvokeOptions,
): Promise<Problem[]> {
  const [servers, sshKeys, firewalls, volumes, addresses] = await Promise.all([
    hcloud.getServers({}, options),
    hcloud.getSshKeys({}, options),
    hcloud.getFirewalls({}, options),
    hcloud.getVolumes({}, options),
    hcloud.getPrimaryIps({}, options),
  ]);
  const present: NamedResource[] = [
    ...servers.servers.map((found) => named('server', found)),
    ...sshKeys.sshKeys.map((found) => named('SSH key', found)),
    ...(firewalls.firewalls ?? []).map((found) => named('firewall', found)),
    ...volumes.volumes.map((found) => named('volume', found)),
    ...addresses.primaryIps.map((found) => named('primary IP', found)),
  ];
  const wanted = {
    server: nameOf(`${gateway}-server`),
    'SSH key': nameOf(`${gateway}-ssh-key`),
    firewall: nameOf(`${gateway}-firewall`),
    volume: nameOf(`${gateway}-data`),
    'primary IP': nameOf(`${gateway}-ipv4`),
  };
  return takenNames(wanted, present, stackLabel);
}

/** That the zone of `dns` is there. @throws Error in the provider's words when the API does not answer */
export async function checkZoneAtHetzner({ dns }: Settings, options?: pulumi.InvokeOptions): Promise<Problem[]> {
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

async function findings(
  settings: Settings,
  owner: Owner,
  state: Promise<LastState | undefined>,
  options?: pulumi.InvokeOptions,
): Promise<CheckResult & { readonly firstBoot: FirstBoot }> {
  const { stackLabel, carrier = inStack } = owner;
  const autonaming = pulumi.runtime.allConfig()['pulumi:autonaming'];
  const nameOf = fixedNames(autonaming, { name: pulumi.getStack(), project: pulumi.getProject() });
  const [{ problems, warnings }, present, last] = await Promise.all([
    checkServerTypeAtHetzner(settings, stackLabel, options),
    resourcesAtHetzner(options),
    state,
  ]);
  const named = nameOf === undefined ? [] : await checkNamesAtHetzner(nameOf, owner, options);
  const labels = (kind: string) =>
    present.filter((found) => found.kind === kind && found.labels['stack'] === stackLabel).map((found) => found.labels);
  const firstBoot = firstBootOf(settings, labels('server')[0], last);
  const keys = firstBoot.isComing ? [] : sshGenerationProblems(labels('SSH key'), settings);
  const taken = [...named, ...(await checkZoneAtHetzner(settings, options)), ...keys];
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

function named(kind: string, found: { name?: string; labels?: Record<string, string> }): NamedResource {
  return { kind, name: found.name ?? '', labels: found.labels ?? {} };
}
