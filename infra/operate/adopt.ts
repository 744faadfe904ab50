// Takes what exists at Hetzner into the state of the stack.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attachmentType, cloudKinds } from '../preflight/cloudResources';
import type { LastState } from '../preflight/lastState';
import type { Orphan } from '../preflight/orphans';
import { output, run } from './programs';

/**
 * Takes them into the state under the names that the program has for them.
 * @param orphans each has a role
 * @param state the stack's state, which has nothing in their places
 * @throws Error when Pulumi refuses
 */
export async function adoptThings(orphans: readonly Orphan[], state: LastState, stack: string): Promise<void> {
  for (const orphan of orphans.filter((each) => isReplacing(each, state))) await correctAttachment(orphan, stack);
  const fresh = orphans.filter((each) => !isReplacing(each, state));
  if (fresh.length === 0) return;
  const host = state.resources.find(({ type }) => type === 'ovth:index:Host');
  const prefix = host === undefined ? 'ovth' : host.urn.slice(host.urn.lastIndexOf('::') + 2);
  // A state that was lost knows no components either; a child's URN contains its parents'.
  const components = [
    { name: 'gateway', logicalName: 'ovth', type: 'ovth:index:Gateway', component: true },
    { name: 'host', logicalName: 'ovth', type: 'ovth:index:Host', component: true, parent: 'gateway' },
  ];
  const file = {
    nameTable: host === undefined ? {} : { host: host.urn },
    resources: [
      ...(host === undefined ? components : []),
      ...fresh.map(({ kind, id, role }) => ({
        type: kind === 'volume attachment' ? attachmentType : cloudKinds[kind].type,
        ...{ name: `${prefix}-${role}`, id, parent: 'host' },
      })),
    ],
  };
  const quiet = ['--yes', '--skip-preview', '--protect=false', '--generate-code=false', '--stack', stack];
  await withFile(JSON.stringify(file), (path) => run('pulumi', ['import', '--file', path, ...quiet]));
}

// ---

/** In a rebuild that was cut off, the state still has the attachment to the server before, to be replaced. */
function isReplacing({ kind, id }: Orphan, state: LastState): boolean {
  return (
    kind === 'volume attachment' && state.resources.some((known) => known.type === attachmentType && known.id === id)
  );
}

/** Puts the server that the volume is attached to into the state. `pulumi import` takes no name that is there already. */
async function correctAttachment({ id, server }: Orphan, stack: string): Promise<void> {
  const state = JSON.parse(await output('pulumi', ['stack', 'export', '--stack', stack])) as {
    deployment: { resources: { type: string; id?: string; inputs?: object; outputs?: object }[] };
  };
  state.deployment.resources = state.deployment.resources.map((known) => {
    if (known.type !== attachmentType || known.id !== id) return known;
    const { inputs, outputs, ...rest } = known;
    const now = { serverId: Number(server) };
    return { ...rest, inputs: { ...inputs, ...now }, outputs: { ...outputs, ...now }, pendingReplacement: false };
  });
  await withFile(JSON.stringify(state), (path) => run('pulumi', ['stack', 'import', '--file', path, '--stack', stack]));
}

/** Secrets in a state stand in the file as they stand in the state: encrypted. */
async function withFile(text: string, use: (path: string) => Promise<void>): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), 'ovth-recover-'));
  try {
    writeFileSync(join(place, 'file.json'), text, { mode: 0o600 });
    await use(join(place, 'file.json'));
  } finally {
    rmSync(place, { recursive: true });
  }
}
