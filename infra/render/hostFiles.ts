// The files of the host that the bootstrap script keeps as they are here, on new boxes and on standing ones.

import { dataMount, metadataAddress } from '../hostLayout';
import { rebootScript } from '../scripts';

/** When a box may reboot after an upgrade: `Sun 04:00`, `daily 04:00`, in UTC; empty for never. */
export type RebootWindow = string;

/** Path → text. Whatever lies under /usr/local/sbin can be executed. */
export function hostFiles(window: RebootWindow): Record<string, string> {
  const timer = window === '' ? {} : { '/etc/systemd/system/ovth-reboot.timer': lines(rebootTimer(window)) };
  const fixed = Object.fromEntries(Object.entries(files).map(([path, text]) => [path, lines(text)]));
  return { ...fixed, ...timer, '/usr/local/sbin/ovth-reboot': rebootScript };
}

/** systemd's form of a window, as in `systemd-analyze calendar`. */
export function onCalendar(window: RebootWindow): string {
  const [day = '', time = ''] = window.split(' ');
  return `${day === 'daily' ? '' : `${day} `}*-*-* ${time}:00 UTC`;
}

// ---

const rule = `DOCKER-USER -d ${metadataAddress} -j REJECT`;

const files: Readonly<Record<string, readonly string[]>> = {
  '/etc/ssh/sshd_config.d/10-ovth.conf': [
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    '# No tunnels into the network of the containers. Commands and file transfer are all that the deploy needs.',
    'DisableForwarding yes',
    'PermitTunnel no',
    '# The second file holds the operator’s own keys; the apply script writes it.',
    'AuthorizedKeysFile .ssh/authorized_keys .ssh/authorized_keys_ovth',
  ],
  // User data holds the host key, so no container may read it. The rule is set before Docker starts a container.
  '/etc/systemd/system/ovth-metadata.service': [
    '[Unit]',
    'Description=Close the metadata address to containers',
    'Before=docker.service',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    'ExecStart=-/usr/sbin/iptables -w -N DOCKER-USER',
    `ExecStart=/bin/sh -c "iptables -w -C ${rule} 2>/dev/null || iptables -w -I ${rule}"`,
  ],
  // Without the mount, containers would bind the empty folder at the mount point and start a new ledger there.
  '/etc/systemd/system/docker.service.d/ovth.conf': [
    '[Unit]',
    `RequiresMountsFor=${dataMount}`,
    'Requires=ovth-metadata.service',
    'After=ovth-metadata.service',
  ],
  '/etc/docker/daemon.json': [
    JSON.stringify({
      'log-driver': 'json-file',
      'log-opts': { 'max-size': '10m', 'max-file': '3' },
      'live-restore': true,
    }),
  ],
  '/etc/apt/apt.conf.d/20auto-upgrades': [
    'APT::Periodic::Update-Package-Lists "1";',
    'APT::Periodic::Unattended-Upgrade "1";',
  ],
  // Security fixes only. The reboot is ovth-reboot's, which lets requests end first.
  '/etc/apt/apt.conf.d/52ovth': [
    '#clear Unattended-Upgrade::Origins-Pattern;',
    'Unattended-Upgrade::Origins-Pattern { "origin=Debian,codename=${distro_codename}-security,label=Debian-Security"; };',
    'Unattended-Upgrade::Automatic-Reboot "false";',
    'Unattended-Upgrade::Remove-Unused-Kernel-Packages "true";',
  ],
  '/etc/systemd/system/ovth-reboot.service': [
    '[Unit]',
    'Description=Reboot where an upgrade has asked for it, once the open requests have ended',
    '[Service]',
    'Type=oneshot',
    'TimeoutStartSec=1h',
    'ExecStart=/usr/local/sbin/ovth-reboot',
  ],
};

function rebootTimer(window: RebootWindow): string[] {
  return [
    '[Unit]',
    'Description=When this server may reboot after an upgrade',
    '[Timer]',
    `OnCalendar=${onCalendar(window)}`,
    // Not at the next boot instead, when it was off at that time.
    'Persistent=false',
    '[Install]',
    'WantedBy=timers.target',
  ];
}

function lines(text: readonly string[]): string {
  return `${text.join('\n')}\n`;
}
