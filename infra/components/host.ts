// The Pulumi component of a box at Hetzner: server, address, volume, firewall, and the SSH keys that belong to it.

import * as hcloud from '@pulumi/hcloud';
import * as pulumi from '@pulumi/pulumi';
import type { Settings } from '../../config/schema';
import { type FirstBoot, generationLabel, labelsOfBoot } from '../preflight/generations';
import { cloudInit } from '../render/cloudInit';
import type { SshKeyPair } from '../sshKey';
import { type DeployKeys, makeDeployKeys, makeHostKey, makeSeed } from './deployKeys';
import type { HostAddress } from './dns';
import { identified, sweepAfter } from './sweep';

/** What a host is made from. */
export interface HostArgs {
  /** The settings, checked. Read here: `server`, `ssh.admin_cidrs`, `data`. */
  readonly settings: Settings;
  /** Labels for everything at Hetzner; `stack-id` is added. */
  readonly labels: pulumi.Input<Readonly<Record<string, string>>>;
  /** Where it is coming, the server gets another SSH identity, and the user data of now. */
  readonly firstBoot: FirstBoot;
  /** What the engine runs when Hetzner refuses something; see refusalHook.ts. */
  readonly onError?: pulumi.ErrorHook[];
}

/** A server whose address and data volume outlive it. It boots with Docker and the given SSH identity. */
export class Host extends pulumi.ComponentResource {
  /** The server. What is done on it is done again when its id changes. */
  readonly server: hcloud.Server;
  /** The public IPv4 address. It outlives the server. */
  readonly ipv4: pulumi.Output<string>;
  /** The public IPv6 address, the first of its /64. It outlives the server. */
  readonly ipv6: pulumi.Output<string>;
  /** All its addresses, for DNS. */
  readonly addresses: readonly HostAddress[];
  /** Path of the data volume's block device on the server. */
  readonly dataDevice: pulumi.Output<string>;
  /** The server's SSH identity: a line of known_hosts without the host name. */
  readonly sshHostKey: pulumi.Output<string>;
  /** The private key that root accepts, in OpenSSH's format. Secret. */
  readonly sshPrivateKey: pulumi.Output<string>;
  /** The keys with which the program logs in. */
  readonly deployKeys: DeployKeys;

  /**
   * @param name prefix of every resource's name
   * @param args settings and labels
   * @param options Pulumi's own
   */
  constructor(name: string, args: HostArgs, options?: pulumi.ComponentResourceOptions) {
    super('ovth:index:Host', name, {}, options);
    const { settings, firstBoot } = args;
    const { location } = settings.server;
    const { protect } = settings.data;
    // The stack's own label comes from it too, so it stays as long as the stack.
    const seed = makeSeed(`${name}-ssh-seed`, { parent: this, protect });
    const labels = identified(args.labels, seed.result);
    const own = {
      parent: this,
      dependsOn: [sweepAfter(name, labels, this)],
      hooks: { onError: args.onError ?? [] },
    };

    const hostKey = makeHostKey(name, firstBoot, seed, this);
    this.deployKeys = makeDeployKeys(name, settings.ssh.generation, firstBoot, seed, this);
    this.sshHostKey = pulumi.unsecret(hostKey.publicKey);
    this.sshPrivateKey = pulumi.secret(this.deployKeys.current.privateKey);

    const sshKey = makeSshKey(`${name}-ssh-key`, this.deployKeys, labels, own);
    const firewall = new hcloud.Firewall(`${name}-firewall`, { rules: firewallRules(settings), labels }, own);
    const address = (type: 'ipv4' | 'ipv6') =>
      new hcloud.PrimaryIp(`${name}-${type}`, { type, location, autoDelete: false, labels }, { ...own, protect });
    const [v4, v6] = [address('ipv4'), address('ipv6')];
    this.ipv4 = v4.ipAddress;
    // Hetzner gives a /64 and sets the first address of it up on the server.
    this.ipv6 = v6.ipAddress.apply((network) => `${network}1`);
    this.addresses = [
      { type: 'A', value: this.ipv4, primaryIpId: v4.id.apply(Number) },
      { type: 'AAAA', value: this.ipv6, primaryIpId: v6.id.apply(Number) },
    ];
    const data = { size: settings.data.size_gb, location, format: 'ext4', deleteProtection: protect, labels };
    const volume = new hcloud.Volume(`${name}-data`, data, { ...own, protect });
    this.dataDevice = volume.id.apply((id) => `/dev/disk/by-id/scsi-0HC_Volume_${id}`);

    this.server = makeServer(
      `${name}-server`,
      args,
      {
        sshKeys: [sshKey.id],
        userData: userData(hostKey),
        publicNets: [{ ipv4Enabled: true, ipv4: v4.id.apply(Number), ipv6Enabled: true, ipv6: v6.id.apply(Number) }],
        firewallIds: [firewall.id.apply(Number)],
        labels: labels.apply((all) => ({ ...all, ...labelsOfBoot(firstBoot) })),
      },
      own,
    );
    new hcloud.VolumeAttachment(
      `${name}-data-attachment`,
      { volumeId: volume.id.apply(Number), serverId: this.server.id.apply(Number) },
      own,
    );
    this.registerOutputs({
      ipv4: this.ipv4,
      ipv6: this.ipv6,
      dataDevice: this.dataDevice,
      sshHostKey: this.sshHostKey,
      sshPrivateKey: this.sshPrivateKey,
    });
  }
}

// ---

/** Hetzner lets it in on servers that it makes; on one that stands the program does. */
function makeSshKey(
  name: string,
  { generation, current }: DeployKeys,
  labels: pulumi.Output<Record<string, string>>,
  options: pulumi.CustomResourceOptions,
): hcloud.SshKey {
  return new hcloud.SshKey(
    name,
    {
      publicKey: pulumi.unsecret(current.publicKey),
      labels: labels.apply((all) => ({ ...all, [generationLabel]: `${generation}` })),
    },
    options,
  );
}

type ServerParts = Pick<hcloud.ServerArgs, 'sshKeys' | 'userData' | 'publicNets' | 'firewallIds' | 'labels'>;

/** The server is never protected: it holds nothing that a rebuilt one does not get. */
function makeServer(
  name: string,
  { settings: { server }, firstBoot }: HostArgs,
  parts: ServerParts,
  options: pulumi.CustomResourceOptions,
): hcloud.Server {
  const { type, image, location, generation } = server;
  return new hcloud.Server(
    name,
    { serverType: type, image, location, shutdownBeforeDeletion: true, ...parts },
    {
      ...options,
      // A primary IP can be assigned to one server at a time.
      deleteBeforeReplace: true,
      // A change of either would replace the server, although both are read at the first boot only. Where the engine ignores
      // a change, it also makes a replacement with the old value.
      ignoreChanges: firstBoot.isComing ? [] : ['userData', 'sshKeys'],
      replacementTrigger: generation,
      additionalSecretOutputs: ['userData'],
    },
  );
}

/** Secret, because it holds the host's private key. */
function userData(hostKey: pulumi.Output<SshKeyPair>): pulumi.Output<string> {
  return pulumi.secret(hostKey.apply((key) => cloudInit({ hostKey: key })));
}

function firewallRules({ ssh }: Settings) {
  const everywhere = ['0.0.0.0/0', '::/0'];
  const open = (port: string, sourceIps: string[], description: string) => ({
    ...{ direction: 'in', protocol: 'tcp', port, sourceIps, description },
  });
  return [
    // Without it the path's largest packet cannot be found out, and a large answer may hang.
    { ...{ direction: 'in', protocol: 'icmp', sourceIps: everywhere, description: 'ping, and path MTU' } },
    open('80', everywhere, 'certificates and redirects'),
    open('443', everywhere, 'the gateway'),
    open('22', [...(ssh.admin_cidrs ?? [])], 'administration'),
  ];
}
