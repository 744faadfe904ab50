// What Hetzner's API says before anything is made: is the token accepted, is the server type sold, are the names free.

import * as hcloud from '@pulumi/hcloud';
import * as pulumi from '@pulumi/pulumi';
import type { Problem } from '../../config/problems';
import type { Settings } from '../../config/schema';
import { refusal, refusalOf } from '../refusal';
import { type Carrier, inStack } from './carrier';
import { fixedNames, type NamedResource, takenNames } from './nameConflicts';
import { type CheckResult, checkServerType } from './serverType';

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
 * The first calls to Hetzner's API, which also show whether the token is accepted and the network works. Warnings are
 * shown.
 * @param options whose provider asks
 * @throws pulumi.RunError with one sentence for each thing that is wrong
 */
export async function askHetzner(settings: Settings, owner: Owner, options?: pulumi.InvokeOptions): Promise<void> {
  const autonaming = pulumi.runtime.allConfig()['pulumi:autonaming'];
  const nameOf = fixedNames(autonaming, { name: pulumi.getStack(), project: pulumi.getProject() });
  const asked = async () => {
    const { problems, warnings } = await checkServerTypeAtHetzner(settings, owner.stackLabel, options);
    const taken = nameOf === undefined ? [] : await checkNamesAtHetzner(nameOf, owner, options);
    return { problems: [...problems, ...taken], warnings };
  };
  const { problems, warnings } = await asked().catch((error: unknown) => {
    throw refusal(explainApiError(error instanceof Error ? error.message : String(error)));
  });
  const said = (text: string) => text.replace(/^ovth:([\w.]+)/, (_, setting: string) => carrier.path(setting));
  const { carrier = inStack } = owner;
  for (const warning of warnings) await pulumi.log.warn(said(warning));
  if (problems.length > 0) throw refusalOf(problems.map(({ path, message }) => ({ path: said(path), message })));
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

function named(kind: string, found: { name?: string; labels?: Record<string, string> }): NamedResource {
  return { kind, name: found.name ?? '', labels: found.labels ?? {} };
}
