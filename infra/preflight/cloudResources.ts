// The kinds of resources that a stack has at Hetzner and that carry its label.

/** A kind of resource. */
export type CloudKind = keyof typeof cloudKinds;

/** For each kind: its collection in Hetzner's API, its Pulumi type, and the program's names for its resources. */
export const cloudKinds = {
  server: { path: 'servers', type: 'hcloud:index/server:Server', names: ['server'] },
  volume: { path: 'volumes', type: 'hcloud:index/volume:Volume', names: ['data'] },
  'primary IP': { path: 'primary_ips', type: 'hcloud:index/primaryIp:PrimaryIp', names: ['ipv4', 'ipv6'] },
  firewall: { path: 'firewalls', type: 'hcloud:index/firewall:Firewall', names: ['firewall'] },
  'SSH key': { path: 'ssh_keys', type: 'hcloud:index/sshKey:SshKey', names: ['ssh-key'] },
} as const;

/** The Pulumi type of the link between a volume and its server. It has the volume's id, and no labels. */
export const attachmentType = 'hcloud:index/volumeAttachment:VolumeAttachment';

/** The names of a gateway's resources, without the component's name before them, that a look at Hetzner is compared with. */
export const cloudNames: readonly string[] = [
  ...Object.values(cloudKinds).flatMap(({ names }) => names),
  ...['data-attachment', 'sweep'],
];

/** A resource that exists at Hetzner. */
export interface CloudResource {
  readonly kind: CloudKind;
  readonly id: string;
  /** Its name at Hetzner, unique within its kind and project. */
  readonly name: string;
  /** Its labels; `stack` says which stack made it. */
  readonly labels: Readonly<Record<string, string>>;
  /** Of a volume: the id of the server that it is attached to. */
  readonly server?: string | undefined;
  /** Of a server: its type and its location. */
  readonly order?: { readonly type: string; readonly location: string } | undefined;
  /** Of a primary IP: `ipv4` or `ipv6`. */
  readonly family?: string | undefined;
}

/**
 * The value of the label `stack`: letters, digits, `.`, `_` and `-`, at most 63 of them.
 * @param gateway name of the component, where a program may have several
 */
export function stackLabel(project: string, stack: string, gateway?: string): string {
  return [project, stack, ...(gateway === undefined ? [] : [gateway])]
    .join('-')
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, 63)
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}
