// Checks server type and location against what Hetzner sells.

import type { Problem } from '../../config/problems';

/** A server type, as Hetzner's API describes it. */
export interface ServerType {
  /** For example `cx23`. */
  readonly name: string;
  /** In GB. */
  readonly memory: number;
  /** Where it is or was sold. */
  readonly locations: readonly {
    readonly name: string;
    /** Whether a server can be ordered now. Hetzner's own flag, which is often wrong. */
    readonly available: boolean;
    /** Whether Hetzner is retiring the type in this location. */
    readonly isDeprecated: boolean;
  }[];
}

/** What a check has found. */
export interface CheckResult {
  /** Each of them stops the update. */
  readonly problems: readonly Problem[];
  /** Sentences to show; the update goes on. */
  readonly warnings: readonly string[];
}

/**
 * An unknown or retired type is a problem that names alternatives; one that is sold out is a warning.
 * @param wanted type and location from the settings
 * @param types everything that Hetzner sells
 * @param owned type and location of this stack's present server, which may stay although its type is no longer sold
 */
export function checkServerType(
  wanted: { readonly type: string; readonly location: string },
  types: readonly ServerType[],
  owned?: { readonly type: string; readonly location: string },
): CheckResult {
  const places = new Set(types.flatMap((type) => type.locations.map((place) => place.name)));
  if (!places.has(wanted.location))
    return problem(
      'location',
      `"${wanted.location}" is no location of Hetzner; there are: ${[...places].sort().join(', ')}.`,
    );
  const inPlace = (type: ServerType) => type.locations.find((place) => place.name === wanted.location);
  const choice = types
    .filter((type) => inPlace(type)?.isDeprecated === false)
    .sort((a, b) => a.memory - b.memory)
    .map((type) => type.name);
  const instead = `sold in ${wanted.location}: ${choice.slice(0, 8).join(', ')}`;
  const standing = owned?.type === wanted.type && owned.location === wanted.location;
  const found = types.find((type) => type.name === wanted.type);
  if (found === undefined) {
    if (standing)
      return warning(
        `Hetzner no longer sells ${wanted.type}; the server stays, but could not be rebuilt (${instead}).`,
      );
    return problem('type', `"${wanted.type}" is no server type of Hetzner (any more); ${instead}.`);
  }
  const place = inPlace(found);
  if (place === undefined) {
    const elsewhere = found.locations.filter((other) => !other.isDeprecated).map((other) => other.name);
    return problem(
      'location',
      `${wanted.type} is not sold in ${wanted.location}, only in ${elsewhere.join(', ')}; or choose another type, ${instead}.`,
    );
  }
  if (place.isDeprecated) {
    if (standing)
      return warning(`Hetzner is retiring ${wanted.type}; the server stays, but move to another type (${instead}).`);
    return problem('type', `${wanted.type} is being retired by Hetzner; ${instead}.`);
  }
  if (!place.available && !standing)
    return warning(
      `Hetzner says ${wanted.type} is sold out in ${wanted.location} at the moment (that is often not so); ${instead}.`,
    );
  return { problems: [], warnings: [] };
}

// ---

function problem(setting: 'type' | 'location', message: string): CheckResult {
  return { problems: [{ path: `ovth:server.${setting}`, message }], warnings: [] };
}

function warning(message: string): CheckResult {
  return { problems: [], warnings: [`ovth:server.type: ${message}`] };
}
