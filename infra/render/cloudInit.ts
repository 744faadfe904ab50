// A server's user data: what never changes on a box. Everything else is the apply script's work, over SSH.

import { stringify } from 'yaml';
import { dataMount, metadataAddress, packages } from '../hostLayout';
import type { SshKeyPair } from '../sshKey';

export interface CloudInit {
  /** The server's identity, to which every connection is pinned. The only secret in user data. */
  readonly hostKey: SshKeyPair;
  /** Device of the data volume, by id. */
  readonly device: string;
}

/** @returns `#cloud-config` text, under Hetzner's 32 KiB */
export function cloudInit({ hostKey, device }: CloudInit): string {
  const config = {
    ssh_pwauth: false,
    // With a key given, cloud-init makes no others: clients have one identity to know.
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey },
    write_files: files.map(([path, lines]) => ({ path, permissions: '0644', content: `${lines.join('\n')}\n` })),
    // `nofail`: the volume is attached after the server is made, and a box without it must still be reachable.
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
      '# The second file holds the operator’s own keys, which the apply step manages.',
      'AuthorizedKeysFile .ssh/authorized_keys .ssh/authorized_keys_ovth',
    ],
  ],
  [
    // User data holds the host key: no container may read it. In place before Docker starts its first one.
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
    // Without the mount, containers would bind the empty folder below it and start a new ledger.
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
