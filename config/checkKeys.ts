// What no schema can say of the keys in the configuration.

import { type Problem, suggest } from './problems';
import { findTarget, unknownModel } from './resolve';
import type { Settings } from './schema';

/** Adds a problem for each key that names what does not exist, or that cannot be told from another one. */
export function checkKeys(settings: Settings, problems: Problem[]): void {
  const routes = Object.keys(settings.routes);
  for (const [label, key] of Object.entries(settings.keys)) {
    key.models?.forEach((model, i) => {
      if (findTarget(model, settings) === undefined)
        problems.push({ path: `keys.${label}.models[${i}]`, message: unknownModel(model) });
    });
    key.routes?.forEach((route, i) => {
      if (!routes.includes(route))
        problems.push({
          path: `keys.${label}.routes[${i}]`,
          message: `"${route}" is not a route.${suggest(route, routes)} Routes: ${routes.join(', ')}.`,
        });
    });
  }
  checkRepeatedHashes(settings, problems);
  checkRenames(settings, problems);
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
