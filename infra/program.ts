// The program's story: read and check everything, build the bundle, declare the gateway, say how to use it.

import * as pulumi from '@pulumi/pulumi';
import { ConfigError, formatProblem } from '../config/problems';
import { warningsOf } from '../config/load';
import type { Settings } from '../config/schema';
import { BuildError, buildBundle } from './bundle';
import { clientSettings, sshCommand } from './clientInstructions';
import { Gateway } from './components/gateway';
import { askNames, askServerType, explainSilence } from './preflight/hetznerChecks';
import { fixedNames } from './preflight/nameConflicts';
import { readStack, type Stack } from './stackConfig';

/** @throws pulumi.RunError, which the engine prints as it is: one sentence for each thing that is wrong */
export async function program() {
  const name = pulumi.getStack();
  const stack = readable(() => readInput(name));
  const labels = { 'managed-by': 'ovth', stack: label(`${pulumi.getProject()}-${name}`) };
  await askHetzner(stack.settings, labels.stack);
  for (const warning of warningsOf(stack.settings)) await pulumi.log.warn(`ovth:${warning}`);
  const gateway = new Gateway('ovth', {
    settings: stack.settings,
    providerKeys: pulumi.secret(stack.providerKeys),
    bundle: readable(() => buildBundle()),
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
    if (error instanceof ConfigError) throw refusal(error.problems.map(formatProblem).join('\n'));
    if (error instanceof BuildError) throw refusal(error.message);
    throw error;
  }
}

/** What the engine prints as it is. Without a stack: nobody sees it, and Node 20 spends 15 seconds on colouring it. */
function refusal(message: string): pulumi.RunError {
  const error = new pulumi.RunError(message);
  error.stack = message;
  return error;
}

/** Also the first time that Hetzner is asked anything: a token that is refused, or no network, shows here. */
async function askHetzner(settings: Settings, stackLabel: string): Promise<void> {
  const autonaming = pulumi.runtime.allConfig()['pulumi:autonaming'];
  const nameOf = fixedNames(autonaming, { name: pulumi.getStack(), project: pulumi.getProject() });
  const asked = async () => {
    const { problems, warnings } = await askServerType(settings, stackLabel);
    const taken = nameOf === undefined ? [] : await askNames(nameOf, stackLabel);
    return { problems: [...problems, ...taken], warnings };
  };
  const { problems, warnings } = await asked().catch((error: unknown) => {
    throw refusal(explainSilence(error instanceof Error ? error.message : String(error)));
  });
  for (const warning of warnings) await pulumi.log.warn(warning);
  if (problems.length > 0) throw refusal(problems.map(formatProblem).join('\n'));
}

/** What Hetzner takes as the value of a label. */
function label(text: string): string {
  return text
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, 63)
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}
