// A server's user data: what the first connection needs, and nothing else. The bootstrap script does the rest over SSH, on
// standing boxes too.

import { stringify } from 'yaml';
import type { SshKeyPair } from '../sshKey';

/** What user data depends on. */
export interface CloudInit {
  /** The server's SSH identity, to which every connection is pinned. The only secret in user data. */
  readonly hostKey: SshKeyPair;
}

/** The user data: `#cloud-config` text, shorter than the 32 KiB that Hetzner accepts. */
export function cloudInit({ hostKey }: CloudInit): string {
  const config = {
    ssh_pwauth: false,
    // With a key given, cloud-init makes no other host keys.
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey },
  };
  return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`;
}
