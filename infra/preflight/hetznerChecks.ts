// What Hetzner's API says before anything is made: is the token accepted, is the server type sold, are the names free.

import * as hcloud from '@pulumi/hcloud';
import type { Problem } from '../../config/problems';
import type { Settings } from '../../config/schema';
import { type NamedResource, takenNames } from './nameConflicts';
import { type CheckResult, checkServerType } from './serverType';

/**
 * Looks the settings' server type and location up in Hetzner's price list.
 * @param stackLabel value of the label `stack` on this stack's resources
 * @throws Error in the provider's words when the API does not answer; see `explainApiError`
 */
export async function checkServerTypeAtHetzner({ server }: Settings, stackLabel: string): Promise<CheckResult> {
  const { serverTypes } = await hcloud.getServerTypes();
  const present = await hcloud.getServers({ withSelector: `stack=${stackLabel}` });
  const [owned] = present.servers.map(({ serverType, location }) => ({ type: serverType, location }));
  return checkServerType(server, serverTypes, owned);
}

/**
 * Looks for resources of other owners that have the names this stack will use.
 * @param nameOf resource name in the program → name at Hetzner
 * @param stackLabel value of the label `stack` on this stack's resources
 * @throws Error in the provider's words when the API does not answer; see `explainApiError`
 */
export async function checkNamesAtHetzner(nameOf: (name: string) => string, stackLabel: string): Promise<Problem[]> {
  const [servers, sshKeys, firewalls, volumes, addresses] = await Promise.all([
    hcloud.getServers(),
    hcloud.getSshKeys(),
    hcloud.getFirewalls(),
    hcloud.getVolumes(),
    hcloud.getPrimaryIps(),
  ]);
  const present: NamedResource[] = [
    ...servers.servers.map((found) => named('server', found)),
    ...sshKeys.sshKeys.map((found) => named('SSH key', found)),
    ...(firewalls.firewalls ?? []).map((found) => named('firewall', found)),
    ...volumes.volumes.map((found) => named('volume', found)),
    ...addresses.primaryIps.map((found) => named('primary IP', found)),
  ];
  const wanted = {
    server: nameOf('ovth-server'),
    'SSH key': nameOf('ovth-ssh-key'),
    firewall: nameOf('ovth-firewall'),
    volume: nameOf('ovth-data'),
    'primary IP': nameOf('ovth-ipv4'),
  };
  return takenNames(wanted, present, stackLabel);
}

/** That the zone of `dns` is there. @throws Error in the provider's words when the API does not answer */
export async function checkZoneAtHetzner({ dns }: Settings): Promise<Problem[]> {
  if (dns === undefined) return [];
  const { zones } = await hcloud.getZones();
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

function named(kind: string, found: { name?: string; labels?: Record<string, string> }): NamedResource {
  return { kind, name: found.name ?? '', labels: found.labels ?? {} };
}
