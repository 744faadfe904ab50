// The Pulumi component of a box at Hetzner: server, address, volume, firewall, and the SSH keys that belong to it.

import * as hcloud from '@pulumi/hcloud';
import * as pulumi from '@pulumi/pulumi';
import * as random from '@pulumi/random';
import type { Settings } from '../../config/schema';
import { cloudInit } from '../render/cloudInit';
import { deriveSshKey, type SshKeyPair } from '../sshKey';

/** What a host is made from. */
export interface HostArgs {
  /** The settings, checked. Read here: `server`, `ssh.admin_cidrs`, `data`. */
  readonly settings: Settings;
  /** Labels for everything at Hetzner. */
  readonly labels: pulumi.Input<Readonly<Record<string, string>>>;
}

/** A server whose address and data volume outlive it. It boots with Docker and the given SSH identity. */
export class Host extends pulumi.ComponentResource {
  /** The server. What is done on it is done again when its id changes. */
  readonly server: hcloud.Server;
  /** The public IPv4 address. */
  readonly ipv4: pulumi.Output<string>;
  /** Path of the data volume's block device on the server. */
  readonly dataDevice: pulumi.Output<string>;
  /** The server's SSH identity: a line of known_hosts without the host name. */
  readonly sshHostKey: pulumi.Output<string>;
  /** The private key that root accepts, in OpenSSH's format. Secret. */
  readonly sshPrivateKey: pulumi.Output<string>;

  /**
   * @param name prefix of every resource's name
   * @param args settings and labels
   * @param options Pulumi's own
   */
  constructor(name: string, args: HostArgs, options?: pulumi.ComponentResourceOptions) {
    super('ovth:index:Host', name, {}, options);
    const { settings } = args;
    const { location } = settings.server;
    const labels = pulumi.output(args.labels).apply((each) => ({ ...each }));
    const own = { parent: this };

    const seed = new random.RandomPassword(`${name}-ssh-seed`, { length: 64, special: false }, own);
    const hostKey = pulumi.secret(seed.result).apply((text) => deriveSshKey(text, 'host key'));
    const deployKey = pulumi.secret(seed.result).apply((text) => deriveSshKey(text, 'deploy key'));
    this.sshHostKey = pulumi.unsecret(hostKey.publicKey);
    this.sshPrivateKey = pulumi.secret(deployKey.privateKey);

    const publicKey = pulumi.unsecret(deployKey.publicKey);
    const sshKey = new hcloud.SshKey(`${name}-ssh-key`, { publicKey, labels }, own);
    const firewall = new hcloud.Firewall(`${name}-firewall`, { rules: firewallRules(settings), labels }, own);
    const ip = new hcloud.PrimaryIp(`${name}-ipv4`, { type: 'ipv4', location, autoDelete: false, labels }, own);
    this.ipv4 = ip.ipAddress;
    const volume = new hcloud.Volume(
      `${name}-data`,
      { size: settings.data.size_gb, location, format: 'ext4', deleteProtection: settings.data.protect, labels },
      { ...own, protect: settings.data.protect },
    );
    this.dataDevice = volume.id.apply((id) => `/dev/disk/by-id/scsi-0HC_Volume_${id}`);

    this.server = new hcloud.Server(
      `${name}-server`,
      {
        serverType: settings.server.type,
        image: settings.server.image,
        location,
        sshKeys: [sshKey.id],
        userData: userData(hostKey),
        publicNets: [{ ipv4Enabled: true, ipv4: ip.id.apply(Number), ipv6Enabled: true }],
        firewallIds: [firewall.id.apply(Number)],
        shutdownBeforeDeletion: true,
        labels,
      },
      {
        ...own,
        // A primary IP can be assigned to one server at a time.
        deleteBeforeReplace: true,
        // A change of either would replace the server, although both are read at the first boot only.
        ignoreChanges: ['userData', 'sshKeys'],
        replacementTrigger: settings.server.generation,
        additionalSecretOutputs: ['userData'],
      },
    );
    new hcloud.VolumeAttachment(
      `${name}-data-attachment`,
      { volumeId: volume.id.apply(Number), serverId: this.server.id.apply(Number) },
      own,
    );
    this.registerOutputs({
      ipv4: this.ipv4,
      dataDevice: this.dataDevice,
      sshHostKey: this.sshHostKey,
      sshPrivateKey: this.sshPrivateKey,
    });
  }
}

// ---

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
