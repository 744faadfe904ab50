// Whether a name that this stack would use at Hetzner is somebody else's already, asked before anything is made.

import { z } from 'zod';
import type { Problem } from '../../config/problems';

/** Something that exists at Hetzner. */
export interface Thing {
  /** What it is, in words: `SSH key`. */
  readonly kind: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Names collide only where the stack's `pulumi:autonaming` fixes them: without it, each ends in letters of its own.
 * @param autonaming that setting, as the engine hands it out: JSON, or undefined
 * @returns logical name → name at Hetzner; undefined when nobody can know it beforehand
 */
export function fixedNames(
  autonaming: string | undefined,
  stack: { readonly name: string; readonly project: string },
): ((logical: string) => string) | undefined {
  const setting = settingSchema.safeParse(json(autonaming)).data;
  const { mode, pattern } = setting?.providers?.['hcloud'] ?? setting ?? {};
  if (mode === 'verbatim') return (logical) => logical;
  if (pattern === undefined) return undefined;
  const known = (logical: string) =>
    pattern.replaceAll('${name}', logical).replaceAll('${stack}', stack.name).replaceAll('${project}', stack.project);
  return known('').includes('${') ? undefined : known;
}

/** @param wanted kind → name @param stackLabel by which this stack's own things are known */
export function takenNames(
  wanted: Readonly<Record<string, string>>,
  things: readonly Thing[],
  stackLabel: string,
): Problem[] {
  return things
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
