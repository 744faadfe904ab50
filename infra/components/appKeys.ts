// The application keys that the program makes: one seed for each, which outlives a new label and ends with a new generation.

import * as pulumi from '@pulumi/pulumi';
import * as random from '@pulumi/random';
import { mintKey } from '../../config/appKey';
import type { Settings } from '../../config/schema';
import { deriveBytes } from '../sshKey';

/** Generated application keys, and what they are made from. */
export interface AppKeys {
  /** Label → key. */
  readonly keys: Readonly<Record<string, pulumi.Output<string>>>;
  readonly seeds: readonly pulumi.Resource[];
}

/**
 * A key for each that the settings declare without a hash. Each has a seed of its own, so that removing one leaves the others
 * as they are.
 * @param name prefix of every resource's name
 */
export function makeAppKeys(name: string, settings: Settings, parent: pulumi.Resource): AppKeys {
  const declared = Object.entries(settings.keys).filter(([, { sha256 }]) => sha256 === undefined);
  const made = declared.map(([label, { generation, renamed_from: before }]) => {
    const seed = new random.RandomPassword(
      `${name}-key-${label}`,
      { length: seedLength, special: false, keepers: { generation: `${generation}` } },
      {
        parent,
        aliases: before === undefined ? [] : [{ name: `${name}-key-${before}` }],
        // Seeds of older versions have no keepers and another length, and stay until their generation is raised.
        ignoreChanges: generation === 1 ? ['keepers', 'length'] : [],
      },
    );
    const key = pulumi
      .secret(seed.result)
      .apply((text) => mintKey(deriveBytes(text, purposeOf(text, before ?? label))));
    return { label, key, seed };
  });
  return {
    keys: Object.fromEntries(made.map(({ label, key }) => [label, key])),
    seeds: made.map(({ seed }) => seed),
  };
}

// ---

const seedLength = 65;

/** What a key's bytes are derived for. Older versions, whose seeds have 64 characters, put the first label in. */
function purposeOf(seed: string, label: string): string {
  return seed.length < seedLength ? `application key ${label}` : 'application key';
}
