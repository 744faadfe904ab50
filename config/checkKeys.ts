// What no schema can say of the keys in the configuration.

import { type Problem, suggest } from './problems';
import { findTarget, unknownModel } from './resolve';
import type { Settings } from './schema';

/** Adds a problem for each key that names what does not exist, or that cannot be told from another one. */
export function checkKeys(settings: Settings, problems: Problem[]): void {
  for (const [label, key] of Object.entries(settings.keys))
    problems.push(...unknownNames(`keys.${label}.`, key, settings));
  checkRepeatedHashes(settings, problems);
  checkRenames(settings, problems);
}

/** A problem for each model and route that a key is to use and that does not exist. @param path stands before each name */
export function unknownNames(
  path: string,
  {
    models,
    routes,
  }: { readonly models?: readonly string[] | null | undefined; readonly routes?: readonly string[] | null | undefined },
  settings: Settings,
): Problem[] {
  const known = Object.keys(settings.routes);
  return [
    ...(models ?? []).flatMap((model, i) =>
      findTarget(model, settings) === undefined ? [{ path: `${path}models[${i}]`, message: unknownModel(model) }] : [],
    ),
    ...(routes ?? []).flatMap((route, i) =>
      known.includes(route)
        ? []
        : [
            {
              path: `${path}routes[${i}]`,
              message: `"${route}" is not a route.${suggest(route, known)} Routes: ${known.join(', ')}.`,
            },
          ],
    ),
  ];
}

// ---

function checkRepeatedHashes({ keys, credentials }: Settings, problems: Problem[]): void {
  const owners = new Map<string, string>();
  const all = [...hashesOf('keys', keys), ...hashesOf('credentials', credentials)];
  for (const [owner, sha256] of all) {
    const first = owners.get(sha256);
    if (first === undefined) owners.set(sha256, owner);
    else
      problems.push({
        path: `${owner}.sha256`,
        message: `is the hash of ${first} too: a secret belongs to one key. Make another for one of them, or remove ${owner}.`,
      });
  }
}

function hashesOf(
  name: string,
  declared: Readonly<Record<string, { readonly sha256?: string | undefined }>>,
): (readonly [owner: string, sha256: string])[] {
  return Object.entries(declared).flatMap(([label, { sha256 }]) =>
    sha256 === undefined ? [] : [[`${name}.${label}`, sha256] as const],
  );
}

function checkRenames({ keys }: Settings, problems: Problem[]): void {
  const heirs = new Map<string, string>();
  for (const [label, { renamed_from: before }] of Object.entries(keys)) {
    if (before === undefined) continue;
    const path = `keys.${label}.renamed_from`;
    const first = heirs.get(before);
    heirs.set(before, first ?? label);
    if (Object.hasOwn(keys, before)) {
      const why = before === label ? 'is its own label' : `names keys.${before}, which is still there`;
      problems.push({ path, message: `${why}; a key has one label at a time, so remove one of the two.` });
    } else if (first !== undefined) {
      problems.push({ path, message: `"${before}" is what keys.${first} was renamed from already; keep one.` });
    }
  }
}
