// Compares what exists at Hetzner with what the stack's state knows. An update that was killed, or whose answer was lost,
// leaves behind what the state does not know: the next update would make it a second time, and fail or pay twice.

import type { Problem } from '../../config/problems';
import { inStack } from './carrier';
import { attachmentType, cloudKinds, type CloudKind, type CloudResource } from './cloudResources';
import type { LastState, StateResource } from './lastState';

/** Something that exists at Hetzner and that the state does not know. */
export interface Orphan {
  readonly kind: CloudKind | 'volume attachment';
  /** The id under which Pulumi would know it. */
  readonly id: string;
  /** Its name at Hetzner. */
  readonly name: string;
  /** Whether this very state made it: its label `stack-id` says so. False for an older or another state of the same name. */
  readonly own: boolean;
  /** The program's name for it, without the prefix (`data`); undefined when the state has one already. */
  readonly role: string | undefined;
  /** Of a volume attachment: the id of the server. */
  readonly server?: string;
}

/** Who asks. */
export interface StackIdentity {
  /** Value of the label `stack`. */
  readonly label: string;
  /** Value of the label `stack-id`; undefined while the state knows none. */
  readonly id: string | undefined;
}

/**
 * The label `stack-id` of this state: ovth-sweep knows it before anything is made at Hetzner. Where the sweep has a token, the
 * engine may keep the whole of its environment encrypted; then the labels of what was made after it tell.
 */
export function idInState({ resources }: LastState): string | undefined {
  const swept = resources.flatMap(({ inputs }) => (isOrder(inputs['environment']) ? [inputs['environment']] : []));
  const order = swept.map(({ OVTH_REMOVE: text }) => text).find((text) => typeof text === 'string');
  if (order !== undefined) return /\bstack-id=([0-9a-f]+)/.exec(order)?.[1];
  if (!resources.some(({ urn }) => urn.endsWith('-sweep'))) return undefined;
  const labels = resources.map(({ inputs }) => (inputs['labels'] ?? {}) as Readonly<Record<string, unknown>>);
  return labels.map(({ 'stack-id': id }) => id).find((id) => typeof id === 'string');
}

/** What carries the stack's label and is not in the state, and volumes whose attachment the state does not know. */
export function orphansOf(present: readonly CloudResource[], state: LastState, stack: StackIdentity): Orphan[] {
  const known = new Set(state.resources.map(({ type, id }) => `${type} ${id}`));
  const lost = present
    .filter(({ kind, id, labels }) => labels['stack'] === stack.label && !known.has(`${cloudKinds[kind].type} ${id}`))
    .map(({ kind, id, name, labels, family }) => ({
      ...{ kind, id, name, own: stack.id !== undefined && labels['stack-id'] === stack.id },
      role: freeRole(state, kind, family),
    }));
  return [...lost, ...orphanedAttachments(present, state)];
}

/** Resources of the state that no longer exist at Hetzner. */
export function goneFrom(present: readonly CloudResource[], state: LastState): StateResource[] {
  const there = new Set(present.map(({ kind, id }) => `${cloudKinds[kind].type} ${id}`));
  const types = new Set<string>(Object.values(cloudKinds).map(({ type }) => type));
  return state.resources.filter(
    ({ type, id, pendingReplacement }) => types.has(type) && !pendingReplacement && !there.has(`${type} ${id}`),
  );
}

/**
 * One problem for each orphan and for each resource that is gone, and one with the remedy. With any of them an update would
 * fail half way, or order something twice.
 * @param remedy what to do with what the state does not know; see carrier.ts
 */
export function driftProblems(
  present: readonly CloudResource[],
  state: LastState,
  stack: StackIdentity,
  remedy = inStack.recover(''),
): Problem[] {
  const orphans = orphansOf(present, state, stack);
  const gone = goneFrom(present, state);
  return [
    ...orphans.map(({ kind, id, name }) => ({
      path: `${kind} ${name} (id ${id})`,
      message: "exists at Hetzner and is not in this stack's state.",
    })),
    ...(orphans.length === 0 ? [] : [orphanRemedy(orphans, stack, remedy)]),
    ...gone.map(({ urn, id }) => ({
      path: `${urn.slice(urn.lastIndexOf('::') + 2)} (id ${id})`,
      message:
        'is in this stack\'s state and no longer exists at Hetzner. Nothing was changed: run "pulumi refresh", then "pulumi up".',
    })),
  ];
}

// ---

function isOrder(environment: unknown): environment is { readonly OVTH_REMOVE?: unknown } {
  return typeof environment === 'object' && environment !== null && 'OVTH_REMOVE' in environment;
}

/** The attachment has the volume's id. In a rebuild the state may still hold the one to the server before. */
function orphanedAttachments(present: readonly CloudResource[], state: LastState): Orphan[] {
  const known = new Set(
    state.resources.filter(({ pendingReplacement }) => !pendingReplacement).map(({ type, id }) => `${type} ${id}`),
  );
  return present.flatMap(({ kind, id, name, server }) => {
    const ours = known.has(`${cloudKinds.volume.type} ${id}`) && known.has(`${cloudKinds.server.type} ${server}`);
    if (kind !== 'volume' || server === undefined || !ours || known.has(`${attachmentType} ${id}`)) return [];
    return [{ kind: 'volume attachment', id, name, server, own: true, role: 'data-attachment' }];
  });
}

function orphanRemedy(orphans: readonly Orphan[], { label }: StackIdentity, remedy: string): Problem {
  const cause = orphans.every(({ own }) => own)
    ? 'An update of this stack was cut off'
    : `An update was cut off, or the state was lost, or another stack of this name (label stack=${label}) uses your Hetzner project`;
  return {
    path: '',
    message: `${cause}. Nothing was changed: ${remedy}`,
  };
}

/** The role that something of this kind would have, where nothing in the state has it. */
function freeRole(state: LastState, kind: CloudKind, family: string | undefined): string | undefined {
  const { type, names } = cloudKinds[kind];
  const role = names.find((name) => family === undefined || name === family);
  const taken = state.resources.some((resource) => resource.type === type && resource.urn.endsWith(`-${role}`));
  return taken ? undefined : role;
}
