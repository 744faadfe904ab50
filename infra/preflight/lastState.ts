// What the stack's state holds before this run: the program compares it with Hetzner and with the settings. The engine has
// no function for that. A StackReference of a stack to itself knows outputs only, and after a first update that was cut off
// none; `pulumi stack export` knows each resource and each operation that was cut off.

import * as z from 'zod';
import { cloudNames } from './cloudResources';
import { exportState, type PulumiCall } from './stateExport';

/** A resource in the state. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  /** The provider's id. Components have none. */
  readonly id: string | undefined;
  /** Secret values stand here encrypted. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Set while a replacement goes on: the provider has deleted it already. */
  readonly pendingReplacement: boolean;
  /** What replaces the resource when it changes: the `replacementTrigger` of the program. */
  readonly trigger: unknown;
}

/** An operation that an update began and did not end, because it was killed. */
export interface PendingOperation {
  /** `creating`, `updating`, `deleting`, … */
  readonly type: string;
  readonly urn: string;
}

/** The state of a stack. */
export interface LastState {
  readonly resources: readonly StateResource[];
  readonly pending: readonly PendingOperation[];
}

/**
 * Reads the state of the stack.
 * @throws Error in the CLI's words when it cannot be read
 */
export async function readLastState(call: PulumiCall = {}): Promise<LastState> {
  return parseState(await exportState(call));
}

/** The state in the text of `pulumi stack export`. */
export function parseState(text: string): LastState {
  const { deployment } = exported.parse(JSON.parse(text));
  return {
    resources: deployment.resources.map(({ urn, type, id, inputs, pendingReplacement, replacementTrigger }) => ({
      ...{ urn, type, id, inputs, pendingReplacement, trigger: replacementTrigger },
    })),
    pending: deployment.pending_operations.map((operation) => ({
      type: operation.type,
      urn: operation.resource.urn,
    })),
  };
}

/** The resource of a type and a name; undefined when there is none, or only one that is being replaced. */
export function inState(state: LastState, type: string, name?: string): StateResource | undefined {
  return state.resources.find(
    (resource) =>
      resource.type === type &&
      !resource.pendingReplacement &&
      (name === undefined || resource.urn.endsWith(`::${name}`)),
  );
}

/**
 * The part of a state that a gateway of a program with other things has made: what is compared with Hetzner.
 * @param gateway name of the component
 */
export function ofGateway(state: LastState, gateway: string): LastState {
  const own = new Set(cloudNames.map((name) => `${gateway}-${name}`));
  const isOwn = (urn: string) => urn.includes('ovth:index:Gateway$') && own.has(urn.slice(urn.lastIndexOf('::') + 2));
  return {
    resources: state.resources.filter(({ urn }) => isOwn(urn)),
    pending: state.pending.filter(({ urn }) => isOwn(urn)),
  };
}

// ---

const resource = z.object({
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  inputs: z.record(z.string(), z.unknown()).default({}),
  pendingReplacement: z.boolean().default(false),
  replacementTrigger: z.unknown().optional(),
});

const exported = z.object({
  deployment: z.object({
    resources: z
      .array(resource)
      .nullish()
      .transform((list) => list ?? []),
    pending_operations: z
      .array(z.object({ type: z.string(), resource: z.object({ urn: z.string() }) }))
      .nullish()
      .transform((list) => list ?? []),
  }),
});
