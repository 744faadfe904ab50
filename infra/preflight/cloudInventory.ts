// What exists at Hetzner, asked through the provider.

import * as hcloud from '@pulumi/hcloud';
import type * as pulumi from '@pulumi/pulumi';
import type { CloudKind, CloudResource } from './cloudResources';

/**
 * Everything that the token's project has, of all stacks.
 * @param options whose provider asks
 * @throws Error in the provider's words when the API does not answer; see `explainApiError` in hetznerChecks.ts
 */
export async function resourcesAtHetzner(options?: pulumi.InvokeOptions): Promise<CloudResource[]> {
  const [servers, sshKeys, firewalls, volumes, addresses] = await Promise.all([
    hcloud.getServers({}, options),
    hcloud.getSshKeys({}, options),
    hcloud.getFirewalls({}, options),
    hcloud.getVolumes({}, options),
    hcloud.getPrimaryIps({}, options),
  ]);
  return [
    ...servers.servers.map((found) => ({
      ...resource('server', found),
      order: { type: found.serverType, location: found.location },
    })),
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

// ---

function resource(
  kind: CloudKind,
  found: { id?: string | number; name?: string; labels?: Record<string, string> },
): CloudResource {
  return { kind, id: String(found.id ?? ''), name: found.name ?? '', labels: found.labels ?? {} };
}
