// The Pulumi program, top to bottom: read and check the settings, ask Hetzner, build the bundle, declare the gateway.

import * as pulumi from '@pulumi/pulumi';
import type { Bundle } from './bundle';
import { clientSettings, sshCommand } from './clientInstructions';
import { Gateway } from './components/gateway';
import { refusalHooks } from './components/refusalHook';
import { labelsOf } from './labels';
import { askHetzner } from './preflight/hetznerChecks';
import type { LastState } from './preflight/lastState';
import { type SettingsSummary, settingsDiff, summarize } from './preflight/settingsSummary';
import { stateIn } from './preflight/stateBefore';
import { orRefuse, orRefuseLater } from './refusal';
import { readStack, type Stack } from './stackConfig';

/** What goes on already. */
export interface HeadStart {
  /** The gateway's code. */
  readonly bundled: Promise<Bundle>;
  /** What `pulumi stack export` prints. */
  readonly exported: Promise<string>;
}

/**
 * Declares the stack's resources.
 * @returns the stack's outputs
 * @throws pulumi.RunError, whose message the engine prints unchanged: one sentence for each thing that is wrong
 */
export async function program({ bundled, exported }: HeadStart) {
  const name = pulumi.getStack();
  const stack = orRefuse(() => readInput(name));
  const labels = labelsOf(pulumi.getProject(), name);
  const state = stateIn(exported);
  const [onError, firstBoot] = await Promise.all([
    refusalHooks(gatewayName, stack.settings),
    askHetzner(stack.settings, { gateway: gatewayName, stackLabel: labels.stack }, state),
  ]);
  for (const warning of stack.warnings) await pulumi.log.warn(`ovth:${warning}`);
  const summary = summarize({
    settings: stack.settings,
    keyed: Object.keys(stack.providerKeys),
    secretKeys: secretKeys(),
  });
  if (pulumi.runtime.isDryRun()) await showDiff(summary, await state);
  const bundle = await orRefuseLater(bundled);
  const gateway = new Gateway(gatewayName, {
    settings: stack.settings,
    providerKeys: pulumi.secret(stack.providerKeys),
    backupKeys: stack.backupKeys === undefined ? undefined : pulumi.secret(stack.backupKeys),
    restore: stack.restore,
    bundle,
    labels,
    firstBoot,
    summary,
    onError,
  });
  return {
    url: gateway.url,
    ipv4: gateway.ipv4,
    ipv6: gateway.ipv6,
    masterKey: gateway.masterKey,
    appKeys: gateway.appKeys,
    ledger: gateway.ledger,
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

/** Prefix of every resource's name. */
const gatewayName = 'ovth';

function readInput(name: string): Stack {
  return readStack({
    name,
    config: pulumi.runtime.allConfig(),
    secretKeys: secretKeys(),
    environment: process.env,
  });
}

/** The engine passes the names of the secret settings here; the SDK has no public function that returns them. */
function secretKeys(): string[] {
  return JSON.parse(process.env['PULUMI_CONFIG_SECRET_KEYS'] ?? '[]') as string[];
}

/** What reaches the box is one secret text; a preview says in words what changes in it. */
async function showDiff(summary: SettingsSummary, last: LastState | undefined): Promise<void> {
  const lines = last === undefined ? [] : settingsDiff(summary, last);
  if (lines.length > 0) await pulumi.log.info(`settings that change:\n${lines.map((line) => `  ${line}`).join('\n')}`);
}
