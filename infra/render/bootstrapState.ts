// What a host should be like, as one JSON text, which the bootstrap script reads from standard input. It holds no secret.

import type { Settings } from '../../config/schema';
import { bundles, dataMount, metadataAddress, mountOptions, packages } from '../hostLayout';
import { bootstrapScript } from '../scripts';
import { hostFiles } from './hostFiles';

/** Public keys, as lines of authorized_keys. */
export interface Logins {
  /** The one with which the program logs in. */
  readonly deploy: string;
  /** The one before, which the box is to refuse. */
  readonly retired: string | undefined;
}

/**
 * Facts for the script, and the host's files.
 * @param settings checked. Read here: `server.reboot_window`
 * @param device path of the data volume's block device
 */
export function bootstrapState({ server }: Settings, device: string, { deploy, retired = '' }: Logins): string {
  const window = server.reboot_window === 'never' ? '' : server.reboot_window;
  const facts = {
    ...{ device, mount: dataMount, mount_options: mountOptions, bundles },
    packages: packages.join(' '),
    metadata: metadataAddress,
    reboot_window: window,
    ...{ deploy_key: deploy, retired_key: retired },
  };
  return JSON.stringify({ script: bootstrapScript, facts, files: hostFiles(window) });
}
