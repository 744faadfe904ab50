// What a change of settings does to the box that stands: refused where it cannot be or loses data, said where it costs time.

import type { Problem } from '../../config/problems';
import type { Settings } from '../../config/schema';
import { cloudKinds } from './cloudResources';
import { inState, type LastState } from './lastState';
import type { CheckResult } from './serverType';

/**
 * Compares the settings with the server and the volume in the state.
 * @param settings checked settings, the server type being the current one
 * @param state the stack's state before this run
 */
export function standingChecks(settings: Settings, state: LastState): CheckResult {
  const volume = inState(state, cloudKinds.volume.type)?.inputs ?? {};
  const problems = [...shrunkVolume(settings, volume['size']), ...movedVolume(settings, volume)];
  return { problems, warnings: problems.length > 0 ? [] : outages(settings, state) };
}

/** The settings below `server` for which the engine replaces the server that stands; none where it stays or there is none. */
export function rebuildCauses({ server }: Settings, state: LastState): string[] {
  const standing = inState(state, cloudKinds.server.type);
  if (standing === undefined) return [];
  const { inputs, trigger } = standing;
  return [
    ...(inputs['location'] !== undefined && inputs['location'] !== server.location ? ['location'] : []),
    ...(inputs['image'] !== undefined && inputs['image'] !== server.image ? ['image'] : []),
    ...(typeof trigger === 'number' && trigger !== server.generation ? ['generation'] : []),
  ];
}

// ---

/** Hetzner's volumes grow and never shrink; a smaller one is another one. */
function shrunkVolume({ data }: Settings, size: unknown): Problem[] {
  if (typeof size !== 'number' || data.size_gb >= size) return [];
  return [
    {
      path: 'ovth:data.size_gb',
      message: `cannot go from ${size} to ${data.size_gb}: Hetzner's volumes do not shrink. Set it back to ${size}; for a smaller volume set up a second stack and move to it.`,
    },
  ];
}

function movedVolume({ server, data }: Settings, volume: Readonly<Record<string, unknown>>): Problem[] {
  const { location, deleteProtection } = volume;
  if (typeof location !== 'string' || location === server.location) return [];
  if (data.allow_replace && deleteProtection === true)
    return [
      {
        path: 'ovth:data.protect',
        message: `keeps the volume in ${location} from being replaced: set it to false, set ovth:server.location back to ${location} and run "pulumi up"; then change the location.`,
      },
    ];
  if (data.allow_replace) return [];
  return [
    {
      path: 'ovth:server.location',
      message: `cannot go from ${location} to ${server.location} with the data: a volume stays in its location, so the ledger, the certificates and both addresses would be replaced by new ones. Set it back to ${location}, or set ovth:data.allow_replace to true if the data may be lost.`,
    },
  ];
}

/** One sentence when the server will be off for a while. */
function outages(settings: Settings, state: LastState): string[] {
  const { server, data } = settings;
  const standing = inState(state, cloudKinds.server.type);
  if (standing === undefined) return [];
  const { inputs } = standing;
  const moved = inputs['location'] !== undefined && inputs['location'] !== server.location;
  const rebuilt = rebuildCauses(settings, state);
  const price = 'and Hetzner charges the price of new orders from then on';
  if (moved && data.allow_replace)
    return [
      `ovth:server.location: the server, the volume with all data and both addresses are replaced by new ones in ${server.location} (data.allow_replace is true); clients need the new address, ${price}.`,
    ];
  if (rebuilt.length > 0)
    return [
      `ovth:server.${rebuilt.join(', ')}: the server is built anew; the gateway does not answer meanwhile, ${rebuildTime}. Addresses, volume and keys stay; open requests are cut, ${price}.`,
    ];
  const { serverType } = inputs;
  if (typeof serverType === 'string' && serverType !== server.type)
    return [
      `ovth:server.type: Hetzner stops the server, changes it from ${serverType} to ${server.type} and starts it; the gateway does not answer meanwhile, ${rescaleTime}. Open requests are cut, ${price}.`,
    ];
  return [];
}

/** Measured in the lab (test/e2e/orphans.test.ts prints it); a real server also boots and installs Docker. */
const rebuildTime = 'about 20 s in the lab and some minutes at Hetzner';
const rescaleTime = 'about a minute';
