// The keys with which the program logs in: the present one, and the one before, which lets it in.

import { remote } from '@pulumi/command';
import * as pulumi from '@pulumi/pulumi';
import * as random from '@pulumi/random';
import type { FirstBoot } from '../preflight/generations';
import { authorizeScript, launchCommand } from '../scripts';
import { deriveSshKey, type SshKeyPair } from '../sshKey';

/** How a step reaches the server. Secret. */
export type Connection = pulumi.Output<{
  host: string;
  user: string;
  privateKey: string;
  hostKey: string;
  dialErrorLimit: number;
  perDialTimeout: number;
}>;

/** The program's own keys. */
export interface DeployKeys {
  /** 1 and on; `ssh.generation`. */
  readonly generation: number;
  readonly current: pulumi.Output<SshKeyPair>;
  /** The one of the generation before; undefined at the first. */
  readonly previous: pulumi.Output<SshKeyPair> | undefined;
  /** The one that lets the present one in: the one before, or itself where the server has taken it from its first boot. */
  readonly opener: pulumi.Output<SshKeyPair>;
}

/**
 * Each generation has a seed of its own, so that a later key is unknown to whoever has read an older state; the first comes
 * from the server's seed. The seed of the generation before stays in the state until the one after is there.
 * @param name prefix of every resource's name
 * @param first the seed that the server's identity comes from
 */
export function makeDeployKeys(
  name: string,
  generation: number,
  firstBoot: FirstBoot,
  first: random.RandomPassword,
  parent: pulumi.Resource,
): DeployKeys {
  const keyOf = (each: number): pulumi.Output<SshKeyPair> => {
    const seed =
      each === 1
        ? first
        : new random.RandomPassword(`${name}-ssh-seed-${each}`, { length: 64, special: false }, { parent });
    return pulumi.secret(seed.result).apply((text) => deriveSshKey(text, 'deploy key'));
  };
  const current = keyOf(generation);
  const previous = generation === 1 ? undefined : keyOf(generation - 1);
  const opener = previous === undefined || firstBoot.key === generation ? current : previous;
  return { generation, current, previous, opener };
}

/**
 * The step that lets the present key in, with the one before. It runs once for each generation: nothing that changes later
 * runs it again, since the key before is refused from then on.
 * @param name prefix of every resource's name
 * @param connectWith makes a connection to the server with a private key
 */
export function handOver(
  name: string,
  { generation, current, previous, opener }: DeployKeys,
  connectWith: (privateKey: pulumi.Output<string>) => Connection,
  options: pulumi.CustomResourceOptions,
): remote.Command[] {
  if (previous === undefined) return [];
  const inputs = ['connection', 'create', 'stdin', 'logging', 'addPreviousOutputInEnv'];
  return [
    new remote.Command(
      `${name}-deploy-key-${generation}`,
      {
        connection: connectWith(opener.privateKey),
        create: launchCommand,
        stdin: pulumi.secret(
          current.apply(({ publicKey }) => JSON.stringify({ script: authorizeScript, key: publicKey })),
        ),
        logging: 'none',
        addPreviousOutputInEnv: false,
      },
      { ...options, ignoreChanges: inputs, additionalSecretOutputs: ['stdout', 'stderr'] },
    ),
  ];
}
