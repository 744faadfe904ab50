// The SSH keys that the program makes: the server's identity, the key with which it logs in, and the one before, which lets
// that one in.

import { remote } from '@pulumi/command';
import * as pulumi from '@pulumi/pulumi';
import * as random from '@pulumi/random';
import type { FirstBoot } from '../preflight/generations';
import { authorizeScript, command, commandInput } from '../scripts';
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
 * from the stack's seed. The seed of the generation before stays in the state until the one after is there.
 * @param name prefix of every resource's name
 * @param first the stack's seed
 */
export function makeDeployKeys(
  name: string,
  generation: number,
  firstBoot: FirstBoot,
  first: random.RandomPassword,
  parent: pulumi.Resource,
): DeployKeys {
  const keyOf = (each: number) =>
    keyFrom(each === 1 ? first : makeSeed(`${name}-ssh-seed-${each}`, { parent }), 'deploy key');
  const current = keyOf(generation);
  const previous = generation === 1 ? undefined : keyOf(generation - 1);
  const opener = previous === undefined || firstBoot.key === generation ? current : previous;
  return { generation, current, previous, opener };
}

/**
 * The server's SSH identity. One that is rebuilt by raising `server.generation` has another one, so that what the server
 * before has known is of no use; one that is rebuilt for its image or place keeps it, and so do programs of another's own.
 * @param name prefix of every resource's name
 * @param first the stack's seed, from which the first identity comes
 */
export function makeHostKey(
  name: string,
  { host }: FirstBoot,
  first: random.RandomPassword,
  parent: pulumi.Resource,
): pulumi.Output<SshKeyPair> {
  return keyFrom(host === 1 ? first : makeSeed(`${name}-host-seed-${host}`, { parent }), 'host key');
}

/** What keys are derived from. */
export function makeSeed(name: string, options: pulumi.CustomResourceOptions): random.RandomPassword {
  return new random.RandomPassword(name, { length: 64, special: false }, options);
}

/**
 * The step that lets the present key in, with the one before. It runs once for each generation: nothing that changes later
 * runs it again, since the key before is refused from then on.
 * @param name prefix of every resource's name
 * @param opener a connection to the server with the key that opens it, `deployKeys.opener`
 */
export function handOver(
  name: string,
  { generation, current, previous }: Omit<DeployKeys, 'opener'>,
  opener: Connection,
  options: pulumi.CustomResourceOptions,
): remote.Command[] {
  if (previous === undefined) return [];
  const state = current.apply(({ publicKey }) => JSON.stringify({ script: authorizeScript, key: publicKey }));
  return [
    new remote.Command(
      `${name}-deploy-key-${generation}`,
      {
        connection: opener,
        create: command,
        stdin: pulumi.secret(state.apply(commandInput)),
        logging: 'none',
        addPreviousOutputInEnv: false,
      },
      {
        ...options,
        ignoreChanges: ['connection', 'create', 'stdin', 'logging', 'addPreviousOutputInEnv'],
        additionalSecretOutputs: ['stdout', 'stderr'],
      },
    ),
  ];
}

// ---

function keyFrom(seed: random.RandomPassword, purpose: string): pulumi.Output<SshKeyPair> {
  return pulumi.secret(seed.result).apply((text) => deriveSshKey(text, purpose));
}
