// One gateway on one box, as a Pulumi component. A child's name is its identity: renaming one replaces what it stands for.

import { remote } from '@pulumi/command';
import * as hcloud from '@pulumi/hcloud';
import * as pulumi from '@pulumi/pulumi';
import * as random from '@pulumi/random';
import { hashKey, mintKey } from '../../config/appKey';
import type { Settings } from '../../config/schema';
import type { Bundle } from '../bundle';
import { desiredState } from '../render/desiredState';
import { bundlePath, bundles, dataMount, metadataAddress, packages } from '../hostLayout';
import { cloudInit } from '../render/cloudInit';
import { bootstrapScript, launchCommand } from '../scripts';
import { deriveBytes, deriveSshKey } from '../sshKey';

export interface GatewayArgs {
  /** Checked settings, with `ssh.admin_cidrs` and a server type that is on sale. */
  readonly settings: Settings;
  /** Provider name → API key. */
  readonly providerKeys: pulumi.Input<Readonly<Record<string, string>>>;
  /** The code to run. */
  readonly bundle: Bundle;
  /** Set on everything at Hetzner, to tell stacks of one project apart. */
  readonly labels: Readonly<Record<string, string>>;
  /** Returns once the server answers, or has been waited for long enough. */
  readonly awaitServer: (address: string) => Promise<void>;
}

/** Server, address, volume and firewall at Hetzner, and the gateway with its TLS front on them. */
export class Gateway extends pulumi.ComponentResource {
  readonly url: pulumi.Output<string>;
  readonly ipv4: pulumi.Output<string>;
  /** Secret. */
  readonly masterKey: pulumi.Output<string>;
  /** Label → application key declared in the settings without a hash. Secret. */
  readonly appKeys: pulumi.Output<Record<string, string>>;
  /** A line of known_hosts without the host. */
  readonly sshHostKey: pulumi.Output<string>;
  /** The program's own way in. Secret. */
  readonly sshPrivateKey: pulumi.Output<string>;

  constructor(name: string, args: GatewayArgs, options?: pulumi.ComponentResourceOptions) {
    super('ovth:index:Gateway', name, {}, options);
    const { settings, bundle } = args;
    const { location } = settings.server;
    const labels = { ...args.labels };
    const own = { parent: this };

    const master = new random.RandomPassword(
      `${name}-master-key`,
      { length: 48, special: false, keepers: { generation: `${settings.master_key.generation}` } },
      own,
    );
    this.masterKey = pulumi.secret(pulumi.interpolate`ovth_master_${master.result}`);
    this.appKeys = pulumi.secret(pulumi.all(this.makeAppKeys(name, settings)));

    const seed = new random.RandomPassword(`${name}-ssh-seed`, { length: 64, special: false }, own);
    const hostKey = pulumi.secret(seed.result).apply((text) => deriveSshKey(text, 'host key'));
    const deployKey = pulumi.secret(seed.result).apply((text) => deriveSshKey(text, 'deploy key'));
    this.sshHostKey = pulumi.unsecret(hostKey.publicKey);
    this.sshPrivateKey = pulumi.secret(deployKey.privateKey);

    const sshKey = new hcloud.SshKey(
      `${name}-ssh-key`,
      { publicKey: pulumi.unsecret(deployKey.publicKey), labels },
      own,
    );
    const firewall = new hcloud.Firewall(`${name}-firewall`, { rules: firewallRules(settings), labels }, own);
    const ip = new hcloud.PrimaryIp(`${name}-ipv4`, { type: 'ipv4', location, autoDelete: false, labels }, own);
    const volume = new hcloud.Volume(
      `${name}-data`,
      { size: settings.data.size_gb, location, format: 'ext4', deleteProtection: settings.data.protect, labels },
      { ...own, protect: settings.data.protect },
    );
    const device = volume.id.apply((id) => `/dev/disk/by-id/scsi-0HC_Volume_${id}`);
    const server = new hcloud.Server(
      `${name}-server`,
      {
        serverType: settings.server.type,
        image: settings.server.image,
        location,
        sshKeys: [sshKey.id],
        userData: pulumi.secret(
          pulumi.all([hostKey, device]).apply(([key, path]) => cloudInit({ hostKey: key, device: path })),
        ),
        publicNets: [{ ipv4Enabled: true, ipv4: ip.id.apply(Number), ipv6Enabled: true }],
        firewallIds: [firewall.id.apply(Number)],
        shutdownBeforeDeletion: true,
        labels,
      },
      {
        ...own,
        // The address can be plugged into one server at a time.
        deleteBeforeReplace: true,
        // Both replace a server when they change; what they say matters at the first boot only.
        ignoreChanges: ['userData', 'sshKeys'],
        replacementTrigger: settings.server.generation,
        additionalSecretOutputs: ['userData'],
      },
    );
    const attachment = new hcloud.VolumeAttachment(
      `${name}-data-attachment`,
      { volumeId: volume.id.apply(Number), serverId: server.id.apply(Number) },
      own,
    );

    this.ipv4 = ip.ipAddress;
    const host = pulumi
      .all([ip.ipAddress, server.id])
      .apply(([address]) => args.awaitServer(address).then(() => address));
    const connection = connectionTo(host, deployKey.privateKey, this.sshHostKey);
    // On a new server everything is done anew: its address, and with it the connection, does not change.
    const onServer = {
      ...own,
      replacementTrigger: server.id,
      deletedWith: server,
      customTimeouts: { create: '15m', update: '15m' },
    };
    const bootstrap = command(
      `${name}-bootstrap`,
      connection,
      device.apply((path) =>
        JSON.stringify({
          script: bootstrapScript,
          device: path,
          mount: dataMount,
          bundles,
          packages: packages.join(' '),
          metadata: metadataAddress,
        }),
      ),
      { ...onServer, dependsOn: [attachment] },
    );
    const shipped = new remote.CopyToRemote(
      `${name}-bundle`,
      {
        connection,
        source: new pulumi.asset.FileAsset(bundle.path),
        remotePath: bundlePath(bundle.hash),
      },
      { ...onServer, dependsOn: [bootstrap] },
    );
    const state = pulumi
      .all([this.masterKey, args.providerKeys, this.appKeys, ip.ipAddress])
      .apply(([masterKey, providerKeys, appKeys, address]) => {
        const keyHashes = Object.fromEntries(Object.entries(appKeys).map(([label, key]) => [label, hashKey(key)]));
        return desiredState({ settings, bundle, masterKey, providerKeys, keyHashes, address });
      });
    const apply = command(`${name}-apply`, connection, state, { ...onServer, dependsOn: [shipped] });

    // Whoever waits for the URL waits until it answers.
    const site = settings.domain ?? ip.ipAddress;
    this.url = pulumi.unsecret(pulumi.all([site, apply.id]).apply(([name]) => `https://${name}`));
    this.registerOutputs({
      url: this.url,
      ipv4: this.ipv4,
      masterKey: this.masterKey,
      appKeys: this.appKeys,
      sshHostKey: this.sshHostKey,
    });
  }

  /** One seed a key, so that taking one away leaves the others as they are. */
  private makeAppKeys(name: string, settings: Settings): Record<string, pulumi.Output<string>> {
    const labels = Object.entries(settings.keys).flatMap(([label, key]) => (key.sha256 === undefined ? [label] : []));
    return Object.fromEntries(
      labels.map((label) => {
        const seed = new random.RandomPassword(
          `${name}-key-${label}`,
          { length: 64, special: false },
          { parent: this },
        );
        return [
          label,
          pulumi.secret(seed.result).apply((text) => mintKey(deriveBytes(text, `application key ${label}`))),
        ];
      }),
    );
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

/** The only place where one is made: the provider prints a connection with a field it does not know, private key included. */
function connectionTo(
  host: pulumi.Input<string>,
  privateKey: pulumi.Input<string>,
  hostKey: pulumi.Input<string>,
): Connection {
  // The server has been waited for when these begin; a dozen tries take at most a minute and a half.
  return pulumi.secret({ host, user: 'root', privateKey, hostKey, dialErrorLimit: 12, perDialTimeout: 5 });
}

/**
 * A script on the box. No `update`, `delete` or `triggers`: a change of `stdin` runs it again in place, while changed
 * triggers would run an old `delete` after the new `create`.
 */
function command(
  name: string,
  connection: Connection,
  state: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): remote.Command {
  return new remote.Command(
    name,
    {
      connection,
      create: launchCommand,
      stdin: pulumi.secret(state),
      logging: 'none',
      addPreviousOutputInEnv: false,
    },
    { ...options, additionalSecretOutputs: ['stdout', 'stderr'] },
  );
}

function firewallRules({ ssh }: Settings) {
  const everywhere = ['0.0.0.0/0', '::/0'];
  const open = (port: string, sourceIps: string[], description: string) => ({
    ...{ direction: 'in', protocol: 'tcp', port, sourceIps, description },
  });
  return [
    open('80', everywhere, 'certificates and redirects'),
    open('443', everywhere, 'the gateway'),
    open('22', [...(ssh.admin_cidrs ?? [])], 'administration'),
  ];
}
