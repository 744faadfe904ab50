// What Hetzner's API says before anything is made: is the token accepted, is the server type sold, what exists already.

import * as hcloud from '@pulumi/hcloud';
import type { Problem } from '../../config/problems';
import type { Settings } from '../../config/schema';
import { type CloudKind, cloudKinds, type CloudResource } from './cloudResources';
import { takenNames } from './nameConflicts';
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
 * Everything that the token's project has, of all stacks.
 * @throws Error in the provider's words when the API does not answer; see `explainApiError`
 */
export async function resourcesAtHetzner(): Promise<CloudResource[]> {
  const [servers, sshKeys, firewalls, volumes, addresses] = await Promise.all([
    hcloud.getServers(),
    hcloud.getSshKeys(),
    hcloud.getFirewalls(),
    hcloud.getVolumes(),
    hcloud.getPrimaryIps(),
  ]);
  return [
    ...servers.servers.map((found) => resource('server', found)),
    ...sshKeys.sshKeys.map((found) => resource('SSH key', found)),
    ...(firewalls.firewalls ?? []).map((found) => resource('firewall', found)),
    ...volumes.volumes.map((found) => ({
      ...resource('volume', found),
      // 0 where there is none.
      ...(found.serverId ? { server: String(found.serverId) } : {}),
    })),
    ...addresses.primaryIps.map((found) => ({ ...resource('primary IP', found), family: found.type })),
  ];
}

/**
 * Looks for resources of other owners that have the names this stack will use.
 * @param nameOf resource name in the program → name at Hetzner
 * @param present everything that exists in the project
 * @param stackLabel value of the label `stack` on this stack's resources
 */
export function nameProblems(
  nameOf: (name: string) => string,
  present: readonly CloudResource[],
  stackLabel: string,
): Problem[] {
  const kinds = Object.entries(cloudKinds) as [CloudKind, (typeof cloudKinds)[CloudKind]][];
  const wanted = kinds.flatMap(([kind, { names }]) => names.map((name) => ({ kind, name: nameOf(`ovth-${name}`) })));
  return takenNames(wanted, present, stackLabel);
}

// ---

function resource(
  kind: CloudKind,
  found: { id?: string | number; name?: string; labels?: Record<string, string> },
): CloudResource {
  return { kind, id: String(found.id ?? ''), name: found.name ?? '', labels: found.labels ?? {} };
}
