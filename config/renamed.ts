// Settings that have a new name. The old one is accepted with a warning.

import type { Problem } from './problems';

/** Old path → new path, steps joined by dots. A setting moves inside its own mapping or to another one. */
export const renamedSettings: readonly { readonly from: string; readonly to: string }[] = [
  { from: 'limits.vault_bytes', to: 'limits.reasoning_cache_bytes' },
];

/** A value of settings as it was written, with the old names replaced. */
export interface Renamed {
  readonly value: unknown;
  /** One sentence for each old name. */
  readonly warnings: readonly string[];
  /** Settings that are given under both names. */
  readonly problems: readonly Problem[];
}

/** Puts what stands under an old name under the new one, before the schema is asked. The value itself is not changed. */
export function applyRenames(value: unknown, table = renamedSettings): Renamed {
  const warnings: string[] = [];
  const problems: Problem[] = [];
  let current = value;
  for (const { from, to } of table) {
    const old = valueAt(current, from.split('.'));
    if (old === undefined) continue;
    if (valueAt(current, to.split('.')) !== undefined) {
      problems.push({ path: from, message: `is now ${to}, which is given as well; remove ${from}.` });
      continue;
    }
    warnings.push(`${from} is now ${to}`);
    current = withValue(withValue(current, from.split('.'), undefined), to.split('.'), old);
  }
  return { value: current, warnings, problems };
}

// ---

type Mapping = Readonly<Record<string, unknown>>;

const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function valueAt(value: unknown, steps: readonly string[]): unknown {
  let found = value;
  for (const step of steps) {
    if (!isMapping(found) || !Object.hasOwn(found, step)) return undefined;
    found = found[step];
  }
  return found;
}

/** A copy with one value set, or taken out for `undefined`. What is no mapping on the way stays as it is. */
function withValue(value: unknown, steps: readonly string[], inner: unknown): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return inner;
  if (value !== undefined && !isMapping(value)) return value;
  const next = withValue(value?.[step], rest, inner);
  const others = Object.entries(value ?? {}).filter(([name]) => name !== step);
  return Object.fromEntries(next === undefined ? others : [...others, [step, next]]);
}
