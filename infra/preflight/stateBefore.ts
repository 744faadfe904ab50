// The stack's state before this run, for a program that runs under the engine.

import * as pulumi from '@pulumi/pulumi';
import { type LastState, ofGateway, readLastState } from './lastState';

/**
 * Reads it. Without the state nothing can be compared with it; that alone is no reason to stop, and is said.
 * @param stack the stack's name
 * @param gateway name of the component whose resources are wanted. Default: all that is in the state
 * @returns undefined where it cannot be read
 */
export async function stateBefore(stack: string, gateway?: string): Promise<LastState | undefined> {
  const read = readLastState({ stack }).then((state) => (gateway === undefined ? state : ofGateway(state, gateway)));
  return read.catch(async (error: unknown) => {
    const words = error instanceof Error ? error.message : String(error);
    await pulumi.log.warn(
      `pulumi stack export: fails, so what exists at Hetzner was not compared with the stack's state (${words})`,
    );
    return undefined;
  });
}
