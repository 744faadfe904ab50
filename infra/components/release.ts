// The Pulumi component of what runs on a host: wait for its first boot, upload the code, apply the desired state.

import { remote } from '@pulumi/command';
import * as pulumi from '@pulumi/pulumi';
import type { Settings } from '../../config/schema';
import type { Bundle } from '../bundle';
import { bundlePath } from '../hostLayout';
import { reachServer } from '../preflight/sshReachable';
import { bootstrapState } from '../render/bootstrapState';
import { gatewayRelease } from '../render/compose';
import { desiredState } from '../render/desiredState';
import { launchCommand } from '../scripts';
import type { Stack } from '../stackConfig';
import type { Host } from './host';

/** What a release is made from. */
export interface ReleaseArgs {
  /** Where it runs. */
  readonly host: Host;
  /** The settings of the deploy, checked. The others are in `complete`. */
  readonly settings: Settings;
  /** All settings and the providers' keys. Secret. */
  readonly complete: pulumi.Output<Pick<Stack, 'settings' | 'providerKeys'>>;
  /** The code to run. */
  readonly bundle: Bundle;
  /** The key that administers the gateway. Secret. */
  readonly masterKey: pulumi.Input<string>;
  /** Label → SHA-256, in hex, of each generated application key. */
  readonly keyHashes: pulumi.Input<Readonly<Record<string, string>>>;
}

/** The gateway and Caddy on a host. Every step runs again on a new server, and changes nothing when it runs twice. */
export class Release extends pulumi.ComponentResource {
  /** 12 hex digits over code, base image and container settings. Known once the release serves its configuration. */
  readonly releaseId: pulumi.Output<string>;

  /**
   * @param name prefix of every resource's name
   * @param args host, settings, code and keys
   * @param options Pulumi's own
   */
  constructor(name: string, args: ReleaseArgs, options?: pulumi.ComponentResourceOptions) {
    super('ovth:index:Release', name, {}, options);
    const { host, settings, bundle } = args;
    const connection = connectTo(host, settings);
    const own = {
      parent: this,
      // The address, and with it the connection, stays when the server is replaced.
      replacementTrigger: host.server.id,
      deletedWith: host.server,
      customTimeouts: { create: '15m', update: '15m' },
    };
    const bootstrap = runScript(
      `${name}-bootstrap`,
      connection,
      host.dataDevice.apply((device) => bootstrapState(settings, device)),
      { ...own, dependsOn: [host] },
      'stdout',
    );
    const uploaded = new remote.CopyToRemote(
      `${name}-bundle`,
      { connection, source: new pulumi.asset.FileAsset(bundle.path), remotePath: bundlePath(bundle.hash) },
      { ...own, dependsOn: [bootstrap] },
    );
    const state = pulumi
      .all([args.masterKey, args.complete, args.keyHashes, host.ipv4])
      .apply(([masterKey, stack, keyHashes, address]) =>
        desiredState({
          ...{ bundle, masterKey, keyHashes, address },
          settings: stack.settings,
          providerKeys: stack.providerKeys,
        }),
      );
    const apply = runScript(`${name}-apply`, connection, state, { ...own, dependsOn: [uploaded] });

    const { id } = gatewayRelease(bundle.hash, settings.images.node);
    this.releaseId = apply.id.apply(() => id);
    this.registerOutputs({ releaseId: this.releaseId });
  }
}

// ---

type Connection = pulumi.Output<{
  host: string;
  user: string;
  privateKey: string;
  hostKey: string;
  dialErrorLimit: number;
  perDialTimeout: number;
}>;

/**
 * The only place that makes a connection: the provider prints one that has a field it does not know, private key included
 * (https://github.com/pulumi/pulumi-command/issues/773). A dozen dials take at most 90 s; the server has been waited for.
 */
function connectTo(host: Host, { ssh }: Settings): Connection {
  const address = pulumi
    .all([host.ipv4, host.server.id])
    .apply(([ipv4]) => awaitServer(ipv4, ssh.admin_cidrs ?? []).then(() => ipv4));
  return pulumi.secret({
    ...{ host: address, user: 'root', privateKey: host.sshPrivateKey, hostKey: host.sshHostKey },
    ...{ dialErrorLimit: 12, perDialTimeout: 5 },
  });
}

/** Warns and does not fail: an update that needs no login succeeds without one, and any other fails by itself. */
async function awaitServer(address: string, ranges: readonly string[]): Promise<void> {
  if (pulumi.runtime.isDryRun()) return;
  const advice = await reachServer(address, { ranges });
  if (advice !== undefined) await pulumi.log.warn(advice);
}

/**
 * A script on the box. It has no `update`, `delete` or `triggers`: a change of `stdin` runs `create` again in place, while
 * changed triggers would run the old `delete` after the new `create`
 * (https://github.com/pulumi/pulumi-command/issues/189).
 * @param logging what of its output the update shows. `stdout` for a script that is told no secret
 */
function runScript(
  name: string,
  connection: Connection,
  state: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
  logging: 'none' | 'stdout' = 'none',
): remote.Command {
  return new remote.Command(
    name,
    {
      connection,
      create: launchCommand,
      stdin: pulumi.secret(state),
      logging,
      addPreviousOutputInEnv: false,
    },
    { ...options, additionalSecretOutputs: ['stdout', 'stderr'] },
  );
}
