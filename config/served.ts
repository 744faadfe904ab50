// What the schema accepts and this version does not do yet. A setting without effect is refused by name; whoever builds
// what a row names deletes the row.

import type { Problem } from './problems';

/** A setting that is not served, or of which only some values are. */
export interface Unserved {
  /** Steps from the top, joined by dots; `*` stands for any name of a mapping and any position of a list. */
  readonly path: string;
  /** Whether a value has no effect that would be missing. Without it, only an empty mapping or list has none. */
  readonly served?: (value: unknown) => boolean;
  /** Instead of "is not served by this version; remove it". */
  readonly message?: string;
  /** For the documentation, instead of "Not served yet." */
  readonly note?: string;
}

const oneAccount = {
  served: (value: unknown) => typeof value === 'string' || Object.keys(Object(value) as object).length <= 1,
  message: 'several accounts are not served yet; keep one',
  note: 'Only one is served yet.',
};

/** The whole difference between what is accepted and what is done. */
export const unserved: readonly Unserved[] = [
  { path: 'providers.*.accounts', ...oneAccount },
  { path: 'provider_keys.*', ...oneAccount },
];

/**
 * The settings of a checked value that this version does not serve, each once and by its outermost name.
 * @param base where the value stands in the settings: `keys.*` for the body of `POST /admin/keys`
 * @returns problems with paths below `base`
 */
export function unservedProblems(settings: object, base?: string): Problem[] {
  const prefix = base === undefined ? '' : `${base}.`;
  const problems: Problem[] = [];
  for (const { path, served = isEmpty, message = 'is not served by this version; remove it' } of unserved) {
    if (!path.startsWith(prefix)) continue;
    for (const found of valuesAt(settings, path.slice(prefix.length).split('.'), '')) {
      const inside = problems.some((problem) => isBelow(found.path, problem.path));
      if (found.value !== undefined && !served(found.value) && !inside) {
        problems.push({ path: found.path, message: `${message}.` });
      }
    }
  }
  return problems;
}

// ---

/** Whether a path is another one or lies inside of it. */
function isBelow(path: string, outer: string): boolean {
  return path === outer || path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`);
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function valuesAt(value: unknown, steps: readonly string[], path: string): { path: string; value: unknown }[] {
  const [step, ...rest] = steps;
  if (step === undefined) return [{ path, value }];
  if (typeof value !== 'object' || value === null) return [];
  const entries = Object.entries(value).filter(([name]) => step === '*' || name === step);
  return entries.flatMap(([name, inner]) =>
    valuesAt(inner, rest, Array.isArray(value) ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`),
  );
}
