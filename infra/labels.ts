// The labels of everything that a stack makes at Hetzner.

import { stackLabel } from './preflight/cloudResources';

/** The labels of one gateway's resources; `stack` tells the gateways of one Hetzner project apart. */
export type Labels = Readonly<Record<'managed-by' | 'stack', string>>;

/**
 * @param project name of the Pulumi project
 * @param stack name of the stack
 * @param gateway name of the component, where a program may have several
 */
export function labelsOf(project: string, stack: string, gateway?: string): Labels {
  return { 'managed-by': 'ovth', stack: stackLabel(project, stack, gateway) };
}
