// Whether Hetzner still sells what the settings name, asked before anything is made.

import type { Problem } from '../../config/problems';

export interface ServerType {
  readonly name: string;
  readonly memory: number;
  readonly locations: readonly {
    readonly name: string;
    readonly available: boolean;
    readonly isDeprecated: boolean;
  }[];
}

export interface Finding {
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

/**
 * @param types everything on sale
 * @param owned type and place of this stack's present server: what stands may stay, whatever is still sold
 */
export function checkServerType(
  wanted: { readonly type: string; readonly location: string },
  types: readonly ServerType[],
  owned?: { readonly type: string; readonly location: string },
): Finding {
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

function problem(setting: 'type' | 'location', message: string): Finding {
  return { problems: [{ path: `ovth:server.${setting}`, message }], warnings: [] };
}

function warning(message: string): Finding {
  return { problems: [], warnings: [`ovth:server.type: ${message}`] };
}
