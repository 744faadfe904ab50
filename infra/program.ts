// The Pulumi program, top to bottom: read and check the settings, ask Hetzner, build the bundle, declare the gateway.

import * as pulumi from '@pulumi/pulumi';
import { buildBundle } from './bundle';
import { clientSettings, sshCommand } from './clientInstructions';
import { Gateway } from './components/gateway';
import { labelsOf } from './labels';
import { askHetzner } from './preflight/hetznerChecks';
import { orRefuse } from './refusal';
import { readStack, type Stack } from './stackConfig';

/**
 * Declares the stack's resources.
 * @returns the stack's outputs
 * @throws pulumi.RunError, whose message the engine prints unchanged: one sentence for each thing that is wrong
 */
export async function program() {
  const name = pulumi.getStack();
  const stack = orRefuse(() => readInput(name));
  const labels = labelsOf(pulumi.getProject(), name);
  await askHetzner(stack.settings, { gateway: gatewayName, stackLabel: labels.stack });
  for (const warning of stack.warnings) await pulumi.log.warn(`ovth:${warning}`);
  const gateway = new Gateway(gatewayName, {
    settings: stack.settings,
    providerKeys: pulumi.secret(stack.providerKeys),
    bundle: orRefuse(() => buildBundle()),
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

/** Prefix of every resource's name. */
const gatewayName = 'ovth';

function readInput(name: string): Stack {
  return readStack({
    name,
    config: pulumi.runtime.allConfig(),
    // The engine passes the names of the secret settings here; the SDK has no public function that returns them.
    secretKeys: JSON.parse(process.env['PULUMI_CONFIG_SECRET_KEYS'] ?? '[]') as string[],
    environment: process.env,
  });
}
