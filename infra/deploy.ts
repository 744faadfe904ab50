// The program's story: read and check everything, build the bundle, declare the gateway, say how to use it.

import * as hcloud from '@pulumi/hcloud';
import * as pulumi from '@pulumi/pulumi';
import { ConfigError, formatProblem } from '../config/problems';
import { warningsOf } from '../config/load';
import type { Settings } from '../config/schema';
import { buildBundle } from './bundle';
import { clientSettings, sshCommand } from './clients';
import { Gateway } from './gateway';
import { checkServerType } from './serverType';
import { readStack, type Stack } from './stack';

/** @throws pulumi.RunError, which the engine prints as it is: one sentence for each thing that is wrong */
export async function deploy() {
  const name = pulumi.getStack();
  const stack = readable(() => readInput(name));
  const labels = { 'managed-by': 'ovth', stack: label(`${pulumi.getProject()}-${name}`) };
  await checkMarket(stack.settings, labels.stack);
  for (const warning of warningsOf(stack.settings)) await pulumi.log.warn(`ovth:${warning}`);
  const gateway = new Gateway('ovth', {
    settings: stack.settings,
    providerKeys: pulumi.secret(stack.providerKeys),
    bundle: buildBundle(),
    labels,
  });
  return {
    url: gateway.url,
    ipv4: gateway.ipv4,
    masterKey: gateway.masterKey,
    appKeys: gateway.appKeys,
    clients: gateway.url.apply(clientSettings),
    sshHostKey: gateway.sshHostKey,
    sshPrivateKey: gateway.sshPrivateKey,
    sshCommand: pulumi
      .all([gateway.ipv4, gateway.sshHostKey])
      .apply(([address, hostKey]) => sshCommand(address, hostKey, stack.settings.ssh.public_keys.length > 0)),
  };
}

// ---

function readInput(name: string): Stack {
  return readStack({
    name,
    config: pulumi.runtime.allConfig(),
    // Where the engine says which settings are secret; the SDK has no public reader for it.
    secretKeys: JSON.parse(process.env['PULUMI_CONFIG_SECRET_KEYS'] ?? '[]') as string[],
    environment: process.env,
  });
}

function readable<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ConfigError) throw new pulumi.RunError(error.problems.map(formatProblem).join('\n'));
    throw error;
  }
}

/** Also the first time that Hetzner is asked anything: a token that is refused, or no network, shows here. */
async function checkMarket({ server }: Settings, stackLabel: string): Promise<void> {
  try {
    const { serverTypes } = await hcloud.getServerTypes();
    const present = await hcloud.getServers({ withSelector: `stack=${stackLabel}` });
    const [owned] = present.servers.map(({ serverType, location }) => ({ type: serverType, location }));
    const { problems, warnings } = checkServerType(server, serverTypes, owned);
    for (const warning of warnings) await pulumi.log.warn(warning);
    if (problems.length > 0) throw new ConfigError(problems);
  } catch (error) {
    if (error instanceof ConfigError) throw new pulumi.RunError(error.problems.map(formatProblem).join('\n'));
    throw new pulumi.RunError(explain(error instanceof Error ? error.message : String(error)));
  }
}

function explain(message: string): string {
  if (/unauthorized|unable to authenticate/i.test(message))
    return 'HCLOUD_TOKEN: Hetzner does not accept this API token; make one with Read & Write in the console (your project, Security, API tokens).';
  const words = message.replaceAll(/\s+/g, ' ').slice(0, 300);
  if (/dial tcp|no such host|connection refused|timeout|EOF/i.test(message))
    return `Hetzner's API cannot be reached; check this machine's network${process.env['HCLOUD_ENDPOINT'] === undefined ? '' : ' and HCLOUD_ENDPOINT'}, then run it again (${words}).`;
  return `Hetzner's API did not say what it sells; run it again in a minute (${words}).`;
}

/** What Hetzner takes as the value of a label. */
function label(text: string): string {
  return text
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, 63)
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}
