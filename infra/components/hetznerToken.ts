// The API token for what is done at Hetzner beside the provider.

import type * as hcloud from '@pulumi/hcloud';
import * as pulumi from '@pulumi/pulumi';

/**
 * The token of the hcloud provider that a resource was given, else the stack's setting `hcloud:token`.
 * @returns undefined where neither is set: then it comes from the operator's environment (HCLOUD_TOKEN), as for the provider.
 *   Secret
 */
export function hetznerToken(resource: pulumi.Resource): pulumi.Output<string> | undefined {
  const own = resource.getProvider('hcloud:index/server:Server') as hcloud.Provider | undefined;
  const given = own?.token as pulumi.Output<string> | undefined;
  return given === undefined ? new pulumi.Config('hcloud').getSecret('token') : pulumi.secret(given);
}
