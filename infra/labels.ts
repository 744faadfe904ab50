// The labels of everything that a stack makes at Hetzner.

/** The labels of one gateway's resources; `stack` tells the gateways of one Hetzner project apart. */
export type Labels = Readonly<Record<'managed-by' | 'stack', string>>;

/**
 * @param project name of the Pulumi project
 * @param stack name of the stack
 * @param gateway name of the component, where a program may have several
 */
export function labelsOf(project: string, stack: string, gateway?: string): Labels {
  return {
    'managed-by': 'ovth',
    stack: label([project, stack, ...(gateway === undefined ? [] : [gateway])].join('-')),
  };
}

// ---

/** The text as a label's value: letters, digits, `.`, `_` and `-`, at most 63 of them. */
function label(text: string): string {
  return text
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, 63)
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}
