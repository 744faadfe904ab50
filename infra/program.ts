// The Pulumi program, top to bottom: read and check the settings, ask Hetzner, build the bundle, declare the gateway.

import * as pulumi from '@pulumi/pulumi';
import { ConfigError, formatProblem } from '../config/problems';
import type { Settings } from '../config/schema';
import { BuildError, buildBundle } from './bundle';
import { clientSettings, sshCommand } from './clientInstructions';
import { Gateway } from './components/gateway';
import {
  checkGenerationsAtHetzner,
  checkNamesAtHetzner,
  checkServerTypeAtHetzner,
  checkZoneAtHetzner,
  explainApiError,
} from './preflight/hetznerChecks';
import type { FirstBoot } from './preflight/generations';
import { fixedNames } from './preflight/nameConflicts';
import { readStack, type Stack } from './stackConfig';

/**
 * Declares the stack's resources.
 * @returns the stack's outputs
 * @throws pulumi.RunError, whose message the engine prints unchanged: one sentence for each thing that is wrong
 */
export async function program() {
  const name = pulumi.getStack();
  const stack = orRefuse(() => readInput(name));
  const labels = { 'managed-by': 'ovth', stack: label(`${pulumi.getProject()}-${name}`) };
  const { firstBoot } = await askHetzner(stack.settings, labels.stack);
  for (const warning of stack.warnings) await pulumi.log.warn(`ovth:${warning}`);
  const gateway = new Gateway('ovth', {
    settings: stack.settings,
    providerKeys: pulumi.secret(stack.providerKeys),
    bundle: orRefuse(() => buildBundle()),
    labels,
    firstBoot,
  });
  return {
    url: gateway.url,
    ipv4: gateway.ipv4,
    masterKey: gateway.masterKey,
    appKeys: gateway.appKeys,
    clients: gateway.url.apply(clientSettings),
    dnsRecords: gateway.dnsRecords,
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
    // The engine passes the names of the secret settings here; the SDK has no public function that returns them.
    secretKeys: JSON.parse(process.env['PULUMI_CONFIG_SECRET_KEYS'] ?? '[]') as string[],
    environment: process.env,
  });
}

/** Turns an error about settings or code into a refusal. */
function orRefuse<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ConfigError) throw refusal(error.problems.map(formatProblem).join('\n'));
    if (error instanceof BuildError) throw refusal(error.message);
    throw error;
  }
}

/** Its stack is replaced by the message: the engine does not show it, and Node 20 takes 15 s to colour it. */
function refusal(message: string): pulumi.RunError {
  const error = new pulumi.RunError(message);
  error.stack = message;
  return error;
}

/**
 * The first call to Hetzner's API: it also shows whether the token is accepted and the network works.
 * @returns what is known of the server's first boot
 */
async function askHetzner(settings: Settings, stackLabel: string): Promise<{ firstBoot: FirstBoot }> {
  const autonaming = pulumi.runtime.allConfig()['pulumi:autonaming'];
  const nameOf = fixedNames(autonaming, { name: pulumi.getStack(), project: pulumi.getProject() });
  const asked = async () => {
    const { problems, warnings } = await checkServerTypeAtHetzner(settings, stackLabel);
    const taken = nameOf === undefined ? [] : await checkNamesAtHetzner(nameOf, stackLabel);
    const generations = await checkGenerationsAtHetzner(settings, stackLabel);
    const zone = await checkZoneAtHetzner(settings);
    const { firstBoot } = generations;
    return { problems: [...problems, ...taken, ...generations.problems, ...zone], warnings, firstBoot };
  };
  const { problems, warnings, firstBoot } = await asked().catch((error: unknown) => {
    throw refusal(explainApiError(error instanceof Error ? error.message : String(error)));
  });
  for (const warning of warnings) await pulumi.log.warn(warning);
  if (problems.length > 0) throw refusal(problems.map(formatProblem).join('\n'));
  return { firstBoot };
}

/** The text as a label's value: letters, digits, `.`, `_` and `-`, at most 63 of them. */
function label(text: string): string {
  return text
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, 63)
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}
