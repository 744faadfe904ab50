// The stack's state before this run, for a program that runs under the engine.

import * as pulumi from '@pulumi/pulumi';
import { type LastState, ofGateway, parseState, readLastState } from './lastState';

/**
 * Reads it. Without the state nothing can be compared with it; that alone is no reason to stop, and is said.
 * @param stack the stack's name
 * @param gateway name of the component whose resources are wanted
 * @returns undefined where it cannot be read
 */
export function stateBefore(stack: string, gateway: string): Promise<LastState | undefined> {
  return orSaid(readLastState({ stack }).then((state) => ofGateway(state, gateway)));
}

/** The same of an export that goes on already, with all that is in the state. */
export function stateIn(exported: Promise<string>): Promise<LastState | undefined> {
  return orSaid(exported.then(parseState));
}

// ---

function orSaid(read: Promise<LastState>): Promise<LastState | undefined> {
  return read.catch(async (error: unknown) => {
    const words = error instanceof Error ? error.message : String(error);
    await pulumi.log.warn(
      `pulumi stack export: fails, so what exists at Hetzner was not compared with the stack's state (${words})`,
    );
    return undefined;
  });
}
