// Finds names that this stack would use at Hetzner and that another resource already has.

import * as z from 'zod';
import type { Problem } from '../../config/problems';

/** A resource that exists at Hetzner. */
export interface NamedResource {
  /** What it is, in words: `SSH key`. */
  readonly kind: string;
  /** Its name at Hetzner, unique within its kind and project. */
  readonly name: string;
  /** Its labels; `stack` says which stack made it. */
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * The names that resources will have. They can collide only where the stack's `pulumi:autonaming` fixes them: by default
 * Pulumi appends random characters.
 * @param autonaming value of that setting, as the engine passes it: JSON, or undefined
 * @param stack name of the stack and of the project, which a pattern may contain
 * @returns a function from resource name to name at Hetzner; undefined when the names are random
 */
export function fixedNames(
  autonaming: string | undefined,
  stack: { readonly name: string; readonly project: string },
): ((name: string) => string) | undefined {
  const setting = settingSchema.safeParse(json(autonaming)).data;
  const { mode, pattern } = setting?.providers?.['hcloud'] ?? setting ?? {};
  if (mode === 'verbatim') return (name) => name;
  if (pattern === undefined) return undefined;
  const known = (name: string) =>
    pattern.replaceAll('${name}', name).replaceAll('${stack}', stack.name).replaceAll('${project}', stack.project);
  return known('').includes('${') ? undefined : known;
}

/**
 * One problem for each wanted name that a resource of another stack, or of no stack, has.
 * @param wanted kind → name at Hetzner
 * @param present everything that exists in the project
 * @param stackLabel value of the label `stack` on this stack's resources
 */
export function takenNames(
  wanted: Readonly<Record<string, string>>,
  present: readonly NamedResource[],
  stackLabel: string,
): Problem[] {
  return present
    .filter(({ kind, name, labels }) => wanted[kind] === name && labels['stack'] !== stackLabel)
    .map(({ kind, name }) => ({
      path: 'pulumi:autonaming',
      message: `makes the name "${name}", which another ${kind} of your Hetzner project has: rename or remove that one in the console, or take pulumi:autonaming out of the stack's configuration, so that every name ends in letters of its own.`,
    }));
}

// ---

const rule = z.object({ mode: z.string().optional(), pattern: z.string().optional() });
const settingSchema = rule.extend({ providers: z.record(z.string(), rule).optional() });

function json(text = '{}'): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return {};
  }
}
