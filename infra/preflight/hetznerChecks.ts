// What Hetzner says before anything is made: whether it knows the token, sells what the settings name, and has free names.

import * as hcloud from '@pulumi/hcloud';
import type { Problem } from '../../config/problems';
import type { Settings } from '../../config/schema';
import { takenNames, type Thing } from './nameConflicts';
import { checkServerType, type Finding } from './serverType';

/** @param stackLabel by which this stack's own things are known */
export async function askServerType({ server }: Settings, stackLabel: string): Promise<Finding> {
  const { serverTypes } = await hcloud.getServerTypes();
  const present = await hcloud.getServers({ withSelector: `stack=${stackLabel}` });
  const [owned] = present.servers.map(({ serverType, location }) => ({ type: serverType, location }));
  return checkServerType(server, serverTypes, owned);
}

/** @param nameOf logical name → name at Hetzner */
export async function askNames(nameOf: (logical: string) => string, stackLabel: string): Promise<Problem[]> {
  const [servers, sshKeys, firewalls, volumes, addresses] = await Promise.all([
    hcloud.getServers(),
    hcloud.getSshKeys(),
    hcloud.getFirewalls(),
    hcloud.getVolumes(),
    hcloud.getPrimaryIps(),
  ]);
  const things: Thing[] = [
    ...servers.servers.map((thing) => ({ ...named(thing), kind: 'server' })),
    ...sshKeys.sshKeys.map((thing) => ({ ...named(thing), kind: 'SSH key' })),
    ...(firewalls.firewalls ?? []).map((thing) => ({ ...named(thing), kind: 'firewall' })),
    ...volumes.volumes.map((thing) => ({ ...named(thing), kind: 'volume' })),
    ...addresses.primaryIps.map((thing) => ({ ...named(thing), kind: 'primary IP' })),
  ];
  const wanted = {
    server: nameOf('ovth-server'),
    'SSH key': nameOf('ovth-ssh-key'),
    firewall: nameOf('ovth-firewall'),
    volume: nameOf('ovth-data'),
    'primary IP': nameOf('ovth-ipv4'),
  };
  return takenNames(wanted, things, stackLabel);
}

/** One sentence for why Hetzner could not be asked. @param message the provider's words */
export function explainSilence(message: string, endpoint = process.env['HCLOUD_ENDPOINT']): string {
  if (/unauthorized|unable to authenticate/i.test(message))
    return 'HCLOUD_TOKEN: Hetzner does not accept this API token; make one with Read & Write in the console (your project, Security, API tokens).';
  const words = message.replaceAll(/\s+/g, ' ').slice(0, 300);
  if (/dial tcp|no such host|connection refused|timeout|EOF/i.test(message))
    return `HCLOUD_ENDPOINT: Hetzner's API cannot be reached${endpoint === undefined ? '' : ` at ${endpoint}`}; check this machine's network, then run it again (${words}).`;
  return `HCLOUD_TOKEN: Hetzner's API did not say what there is; run it again in a minute (${words}).`;
}

// ---

function named(thing: { name?: string; labels?: Record<string, string> }): Omit<Thing, 'kind'> {
  return { name: thing.name ?? '', labels: thing.labels ?? {} };
}
