// A server's user data: what never changes on a box. The apply script does everything else, over SSH.

import { stringify } from 'yaml';
import { dataMount, metadataAddress, packages } from '../hostLayout';
import type { SshKeyPair } from '../sshKey';

/** What user data depends on. */
export interface CloudInit {
  /** The server's SSH identity, to which every connection is pinned. The only secret in user data. */
  readonly hostKey: SshKeyPair;
  /** Path of the data volume's block device. */
  readonly device: string;
}

/** The user data: `#cloud-config` text, shorter than the 32 KiB that Hetzner accepts. */
export function cloudInit({ hostKey, device }: CloudInit): string {
  const config = {
    ssh_pwauth: false,
    // With a key given, cloud-init makes no other host keys.
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey },
    write_files: files.map(([path, lines]) => ({ path, permissions: '0644', content: `${lines.join('\n')}\n` })),
    // `nofail`: the volume is attached after the server was made, and the box must boot and be reachable without it.
    mounts: [[device, dataMount, 'ext4', 'nofail,discard,noatime,x-systemd.device-timeout=120s', '0', '2']],
    package_update: true,
    packages: [...packages],
  };
  return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`;
}

// ---

const rule = `DOCKER-USER -d ${metadataAddress} -j REJECT`;

const files: [path: string, lines: string[]][] = [
  [
    '/etc/ssh/sshd_config.d/10-ovth.conf',
    [
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      '# The second file holds the operator’s own keys; the apply script writes it.',
      'AuthorizedKeysFile .ssh/authorized_keys .ssh/authorized_keys_ovth',
    ],
  ],
  [
    // User data holds the host key, so no container may read it. The rule is set before Docker starts a container.
    '/etc/systemd/system/ovth-metadata.service',
    [
      '[Unit]',
      'Description=Close the metadata address to containers',
      'Before=docker.service',
      '[Service]',
      'Type=oneshot',
      'RemainAfterExit=yes',
      'ExecStart=-/usr/sbin/iptables -w -N DOCKER-USER',
      `ExecStart=/bin/sh -c "iptables -w -C ${rule} 2>/dev/null || iptables -w -I ${rule}"`,
    ],
  ],
  [
    // Without the mount, containers would bind the empty folder at the mount point and start a new ledger there.
    '/etc/systemd/system/docker.service.d/ovth.conf',
    ['[Unit]', `RequiresMountsFor=${dataMount}`, 'Requires=ovth-metadata.service', 'After=ovth-metadata.service'],
  ],
  [
    '/etc/docker/daemon.json',
    [
      JSON.stringify({
        'log-driver': 'json-file',
        'log-opts': { 'max-size': '10m', 'max-file': '3' },
      }),
    ],
  ],
];
