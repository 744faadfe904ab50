// The whole desired state of a box as one JSON text: what the apply script gets on its standard input.

import { loadConfig } from '../../config/load';
import type { Settings } from '../../config/schema';
import type { Bundle } from '../bundle';
import { bundleInBuild, bundlePath, containerUser, dataMount, gatewayPort, home, network } from '../hostLayout';
import { acmeRootFile, adminSocket, caddyfile } from './caddyfile';
import { frontCompose, gatewayRelease } from './compose';
import { gatewayConfig, secretsEnv, secretVariables } from './gatewayConfig';
import { applyScript } from '../scripts';

export interface Wanted {
  readonly settings: Settings;
  readonly bundle: Bundle;
  readonly masterKey: string;
  readonly providerKeys: Readonly<Record<string, string>>;
  /** Label → SHA-256 of each generated application key. */
  readonly keyHashes: Readonly<Record<string, string>>;
  /** The box's IPv4 address. */
  readonly address: string;
}

/** @returns JSON that holds secrets */
export function desiredState(wanted: Wanted): string {
  const { settings, bundle } = wanted;
  const release = gatewayRelease(bundle.hash, settings.images.node);
  const config = gatewayConfig(settings, wanted.keyHashes);
  const variables = secretVariables(settings, wanted.masterKey, wanted.providerKeys);
  const facts = {
    ...{ home, data: dataMount, user: containerUser, network, port: gatewayPort },
    release: release.id,
    image: release.image,
    // What /readyz shows once the gateway runs on exactly these two files.
    digest: loadConfig(config, variables).digest.slice(0, 16),
    bundle: bundlePath(bundle.hash),
    bundle_in_build: bundleInBuild,
    bundle_sha256: bundle.sha256,
    node_image: settings.images.node,
    front_image: settings.images.caddy,
    admin_socket: adminSocket,
    site: settings.domain === undefined ? 'address' : 'name',
    authorized_keys: settings.ssh.public_keys.map((key) => `${key.trim()}\n`).join(''),
    // Not read on the box: a grown volume must lead to a run, which then grows the file system.
    data_size_gb: settings.data.size_gb,
  };
  const files = {
    release: {
      'compose.yaml': release.compose,
      Dockerfile: bundle.dockerfile,
      'config/config.yaml': config,
      'config/secrets.env': secretsEnv(variables),
    },
    front: { 'compose.yaml': frontCompose(settings.images.caddy), ...frontFiles(wanted, release.host) },
  };
  return JSON.stringify({ script: applyScript, facts, files });
}

// ---

function frontFiles({ settings, address }: Wanted, upstream: string): Record<string, string> {
  const { email, directory, root } = settings.acme;
  const text = caddyfile({
    site: settings.domain ?? address,
    isAddress: settings.domain === undefined,
    upstream,
    email,
    directory,
    privateRoot: root !== undefined,
  });
  const rootFile = acmeRootFile.slice(acmeRootFile.lastIndexOf('/') + 1);
  return { 'caddy/Caddyfile': text, ...(root === undefined ? {} : { [`caddy/${rootFile}`]: root }) };
}
