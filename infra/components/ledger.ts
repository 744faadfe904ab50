// The resource that knows whose ledger is on a box. It is made once in a stack's life: with it the box is told that it may
// begin a ledger. What finds the volume without one later (lost, wiped, replaced) may not, and the update stops.

import { remote } from '@pulumi/command';
import * as pulumi from '@pulumi/pulumi';
import type { Settings } from '../../config/schema';
import { containerUser, dataMount } from '../hostLayout';
import { command, commandInput, ledgerScript } from '../scripts';

/** Output lines of the apply script that tell of a restored ledger begin with this. */
const restoredMark = 'ovth restore: ';

/**
 * Begins the ledger, or finds the one that is there.
 * @param name prefix of every resource's name
 * @param options the resource it belongs to, and the one that mounts the volume
 * @returns the ledger's id
 */
export function beginLedger(
  name: string,
  connection: remote.CommandArgs['connection'],
  { data }: Settings,
  options: { readonly parent: pulumi.Resource; readonly dependsOn: pulumi.Resource[] },
): pulumi.Output<string> {
  const state = {
    ...{ script: ledgerScript, folder: `${dataMount}/gateway`, user: containerUser },
    wanted: data.ledger ?? '',
  };
  const begun = new remote.Command(
    `${name}-ledger`,
    {
      connection,
      create: command,
      stdin: commandInput(JSON.stringify(state)),
      logging: 'none',
      addPreviousOutputInEnv: false,
    },
    {
      ...options,
      // Not on a new server, not with another script or key: only another ledger makes it run again.
      ignoreChanges: ['connection', 'create', 'stdin'],
      replacementTrigger: data.ledger ?? '',
      customTimeouts: { create: '5m' },
    },
  );
  return pulumi.unsecret(begun.stdout).apply((text) => text.trim());
}

/** Says what the apply script told of a restored ledger, if it did. */
export async function sayRestored(stdout: string, resource: pulumi.Resource): Promise<void> {
  const lines = stdout.split('\n').filter((line) => line.startsWith(restoredMark));
  if (lines.length === 0 || pulumi.runtime.isDryRun()) return;
  await pulumi.log.warn(`\n${lines.map((line) => line.slice(restoredMark.length)).join('\n')}`, resource);
}
