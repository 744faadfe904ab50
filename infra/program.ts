// The Pulumi program, top to bottom: read and check the settings, ask Hetzner, build the bundle, declare the gateway.

import * as pulumi from '@pulumi/pulumi';
import { ConfigError, formatProblem } from '../config/problems';
import type { Settings } from '../config/schema';
import { BuildError, buildBundle } from './bundle';
import { clientSettings, sshCommand } from './clientInstructions';
import { Gateway } from './components/gateway';
import { refusalHooks } from './components/refusalHook';
import { resourcesAtHetzner } from './preflight/cloudInventory';
import { stackLabel } from './preflight/cloudResources';
import {
  checkNamesAtHetzner,
  checkServerTypeAtHetzner,
  checkZoneAtHetzner,
  explainApiError,
} from './preflight/hetznerChecks';
import { type LastState, readLastState } from './preflight/lastState';
import { fixedNames } from './preflight/nameConflicts';
import { driftProblems, idInState } from './preflight/orphans';
import { type SettingsSummary, settingsDiff, summarize } from './preflight/settingsSummary';
import { standingChecks } from './preflight/standing';
import { readStack, type Stack } from './stackConfig';

/**
 * Declares the stack's resources.
 * @returns the stack's outputs
 * @throws pulumi.RunError, whose message the engine prints unchanged: one sentence for each thing that is wrong
 */
export async function program() {
  const name = pulumi.getStack();
  const stack = orRefuse(() => readInput(name));
  const labels = { 'managed-by': 'ovth', stack: stackLabel(pulumi.getProject(), name) };
  const state = lastState(name);
  await askHetzner(stack.settings, labels.stack, state);
  for (const warning of stack.warnings) await pulumi.log.warn(`ovth:${warning}`);
  const summary = summarize({
    settings: stack.settings,
    keyed: Object.keys(stack.providerKeys),
    secretKeys: secretKeys(),
  });
  if (pulumi.runtime.isDryRun()) await showDiff(summary, await state);
  const gateway = new Gateway('ovth', {
    settings: stack.settings,
    providerKeys: pulumi.secret(stack.providerKeys),
    backupKeys: pulumi.secret(stack.backupKeys),
    restore: stack.restore,
    bundle: orRefuse(() => buildBundle()),
    labels,
    summary,
    onError: await refusalHooks('ovth', stack.settings),
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

/** Without the state nothing can be compared with it; that alone is no reason to stop. */
async function lastState(name: string): Promise<LastState | undefined> {
  return readLastState({ stack: name }).catch(async (error: unknown) => {
    const words = error instanceof Error ? error.message : String(error);
    await pulumi.log.warn(
      `pulumi stack export: fails, so what exists at Hetzner was not compared with the stack's state (${words})`,
    );
    return undefined;
  });
}

/** What reaches the box is one secret text; a preview says in words what changes in it. */
async function showDiff(summary: SettingsSummary, last: LastState | undefined): Promise<void> {
  const lines = last === undefined ? [] : settingsDiff(summary, last);
  if (lines.length > 0) await pulumi.log.info(`settings that change:\n${lines.map((line) => `  ${line}`).join('\n')}`);
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

/** The first call to Hetzner's API: it also shows whether the token is accepted and the network works. */
async function askHetzner(
  settings: Settings,
  stackLabel: string,
  state: Promise<LastState | undefined>,
): Promise<void> {
  const autonaming = pulumi.runtime.allConfig()['pulumi:autonaming'];
  const nameOf = fixedNames(autonaming, { name: pulumi.getStack(), project: pulumi.getProject() });
  const asked = async () => {
    const [{ problems, warnings }, present, last] = await Promise.all([
      checkServerTypeAtHetzner(settings, stackLabel),
      resourcesAtHetzner(),
      state,
    ]);
    const named = nameOf === undefined ? [] : await checkNamesAtHetzner(nameOf, stackLabel);
    const taken = [...named, ...(await checkZoneAtHetzner(settings))];
    if (last === undefined) return { problems: [...problems, ...taken], warnings };
    const drift = driftProblems(present, last, { label: stackLabel, id: idInState(last) });
    const standing = standingChecks(settings, last);
    return {
      problems: [...problems, ...taken, ...drift, ...standing.problems],
      warnings: [...warnings, ...standing.warnings],
    };
  };
  const { problems, warnings } = await asked().catch((error: unknown) => {
    throw refusal(explainApiError(error instanceof Error ? error.message : String(error)));
  });
  for (const warning of warnings) await pulumi.log.warn(warning);
  if (problems.length > 0) throw refusal(problems.map(formatProblem).join('\n'));
}
