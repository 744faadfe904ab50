// `npm run recover`: what exists at Hetzner under the stack's label and is not in its state is adopted or removed, after
// asking; then the state's interrupted operations are cleared. Nothing else is changed.
//   npm run recover -- [--stack NAME] [--yes adopt|remove]
// With --yes nothing is asked: what cannot be adopted is removed, and what this state did not make is left.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { cloudKinds, stackLabel } from '../preflight/cloudResources';
import { explainApiError } from '../preflight/hetznerChecks';
import { readLastState } from '../preflight/lastState';
import { goneFrom, idInState, type Orphan, orphansOf } from '../preflight/orphans';
import { removeScript } from '../scripts';
import { adoptThings } from './adopt';
import { type ApiAccess, apiEndpoint, listResources } from './hetznerApi';
import { folder, output, run } from './programs';

/** What is done with an orphan. */
type Choice = 'adopt' | 'remove' | 'leave';

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { stack: { type: 'string' }, yes: { type: 'string' } } });
  const always = values.yes;
  if (always !== undefined && always !== 'adopt' && always !== 'remove')
    throw new Error(`--yes takes "adopt" or "remove", found "${always}"`);
  const stack = values.stack ?? (await output('pulumi', ['stack', '--show-name', '--non-interactive'])).trim();
  const access = { token: await apiToken(stack), endpoint: apiEndpoint(process.env) };
  const [state, present] = await Promise.all([
    readLastState({ stack, folder }),
    listResources(access).catch((error: unknown) => {
      throw new Error(explainApiError(error instanceof Error ? error.message : String(error)));
    }),
  ]);
  const identity = { label: stackLabel(projectName(), shortName(stack)), id: idInState(state) };
  const orphans = orphansOf(present, state, identity);
  const gone = goneFrom(present, state);
  if (orphans.length + gone.length + state.pending.length === 0)
    return console.log(`Nothing to recover: the stack ${stack} knows all that carries its label at Hetzner.`);

  const chosen = await choose(orphans, always);
  await removeThings(chosen('remove'), access);
  await adoptThings(chosen('adopt'), state, stack);
  // Reads everything once more, drops what is gone, and clears the operations that were interrupted.
  await run('pulumi', ['refresh', '--yes', '--skip-preview', '--clear-pending-creates', '--stack', stack]);
  const left = chosen('leave').length;
  console.log(
    left === 0
      ? 'Recovered. The next "pulumi up" goes on from here.'
      : `${left} left as they were; "pulumi up" stops until they are adopted or removed.`,
  );
  if (left > 0) process.exitCode = 1;
}

// ---

/** Asks for each orphan what to do with it. */
async function choose(orphans: readonly Orphan[], always: Choice | undefined) {
  const asked = always === undefined && orphans.length > 0;
  const terminal = asked ? createInterface({ input: process.stdin, output: process.stdout }) : undefined;
  const choices = new Map<Orphan, Choice>();
  for (const orphan of orphans) {
    console.log(describe(orphan));
    const possible = choicesFor(orphan);
    const answer = terminal === undefined ? undefined : await terminal.question(`  ${possible.join(', ')}? [leave] `);
    choices.set(orphan, terminal === undefined ? settled(orphan, always) : wanted(answer, possible));
  }
  terminal?.close();
  return (choice: Choice) => orphans.filter((orphan) => choices.get(orphan) === choice);
}

function describe({ kind, id, name, own, role }: Orphan): string {
  const origin = own ? 'made by this stack' : 'not made by this state: another stack of this name, or a lost state';
  return `${kind} ${name} (id ${id}), ${origin}${role === undefined ? '; the state has another one in its place' : ''}`;
}

/**
 * A server is never adopted: it holds nothing, and the provider does not read which addresses it has, so the next update
 * would delete them (terraform-provider-hcloud 1.68, internal/server/resource.go, publicNetUpdateDecision). The SSH key of
 * another state is of no use.
 */
function choicesFor({ kind, own, role }: Orphan): Choice[] {
  const usable = kind !== 'server' && (own || kind !== 'SSH key');
  return role !== undefined && usable ? ['adopt', 'remove', 'leave'] : ['remove', 'leave'];
}

/** Without questions: what another state may own is left alone. */
function settled(orphan: Orphan, always: Choice = 'leave'): Choice {
  if (!orphan.own) return 'leave';
  return choicesFor(orphan).includes(always) ? always : 'remove';
}

function wanted(answer: string | undefined, possible: readonly Choice[]): Choice {
  const text = (answer ?? '').trim().toLowerCase();
  return possible.find((choice) => text !== '' && choice.startsWith(text)) ?? 'leave';
}

/** Removes them at Hetzner with the script that also sweeps after `pulumi destroy`. */
async function removeThings(orphans: readonly Orphan[], access: ApiAccess): Promise<void> {
  if (orphans.length === 0) return;
  const things = orphans.map(({ kind, id, name }) => ({
    path: kind === 'volume attachment' ? 'attachments' : cloudKinds[kind].path,
    ...{ id, name },
  }));
  await run(process.execPath, ['-'], {
    input: removeScript,
    env: { HCLOUD_TOKEN: access.token, HCLOUD_ENDPOINT: access.endpoint, OVTH_REMOVE: JSON.stringify({ things }) },
  });
}

async function apiToken(stack: string): Promise<string> {
  const given = process.env['HCLOUD_TOKEN'];
  if (given !== undefined && given !== '') return given;
  const kept = await output('pulumi', ['config', 'get', 'hcloud:token', '--stack', stack]).catch(() => '');
  if (kept.trim() === '') throw new Error('HCLOUD_TOKEN is not set: export the token of the Hetzner project.');
  return kept.trim();
}

function projectName(): string {
  return (parse(readFileSync(join(folder, 'Pulumi.yaml'), 'utf8')) as { name: string }).name;
}

/** The stack's name without organisation and project, as the program knows it. */
function shortName(stack: string): string {
  return stack.slice(stack.lastIndexOf('/') + 1);
}

main().catch((problem: unknown) => {
  console.error(problem instanceof Error ? problem.message : problem);
  process.exitCode = 1;
});
