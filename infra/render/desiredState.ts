// The desired state of a box as one JSON text, which the apply script reads from standard input.

import { limitsOf, loadConfig } from '../../config/load';
import type { Settings } from '../../config/schema';
import type { Bundle } from '../bundle';
import {
  bundleInBuild,
  bundlePath,
  containerUser,
  dataMount,
  gatewayPort,
  home,
  network,
  networkRange,
} from '../hostLayout';
import { acmeRootFile, caddyfile, frontRunFolder, leavingFile } from './caddyfile';
import { frontCompose, gatewayRelease } from './compose';
import { gatewayConfig, secretsEnv, secretVariables } from './gatewayConfig';
import { applyScript } from '../scripts';

/** What the desired state is made from. */
export interface DesiredStateInput {
  /** The settings, checked. */
  readonly settings: Settings;
  /** The gateway's code. */
  readonly bundle: Bundle;
  /** The key that administers the gateway. */
  readonly masterKey: string;
  /** Provider name → API key. */
  readonly providerKeys: Readonly<Record<string, string>>;
  /** Label → SHA-256, in hex, of each generated application key. */
  readonly keyHashes: Readonly<Record<string, string>>;
  /** The box's IPv4 address. */
  readonly address: string;
}

/**
 * Facts for the script, and the files of the gateway's release and of Caddy.
 * @returns JSON that holds secrets
 */
export function desiredState(input: DesiredStateInput): string {
  const { settings, bundle } = input;
  const release = gatewayRelease(bundle.hash, settings.images.node);
  const config = gatewayConfig(settings, input.keyHashes);
  const variables = secretVariables(settings, input.masterKey, input.providerKeys);
  const facts = {
    ...{ home, data: dataMount, user: containerUser, port: gatewayPort },
    ...{ network, subnet: networkRange.subnet, dynamic_range: networkRange.dynamic },
    release: release.id,
    image: release.image,
    // /readyz shows this digest once the gateway runs on exactly these two files.
    digest: loadConfig(config, variables).digest.slice(0, 16),
    bundle: bundlePath(bundle.hash),
    bundle_in_build: bundleInBuild,
    bundle_sha256: bundle.sha256,
    node_image: settings.images.node,
    front_image: settings.images.caddy,
    leaving_file: `${frontRunFolder}/${leavingFile}`,
    retire_seconds: settings.release.retire_after * 60,
    ...diskBounds,
    site: settings.domain === undefined ? 'address' : 'name',
    site_host: settings.domain ?? input.address,
    authorized_keys: settings.ssh.public_keys.map((key) => `${key.trim()}\n`).join(''),
    // The script does not read it. A larger volume must change this text, so that the script runs and grows the file system.
    data_size_gb: settings.data.size_gb,
  };
  const files = {
    release: {
      'compose.yaml': release.compose,
      Dockerfile: bundle.dockerfile,
      'config/config.yaml': config,
      'config/secrets.env': secretsEnv(variables),
    },
    front: { 'compose.yaml': frontCompose(settings.images.caddy), ...frontFiles(input, release.host) },
  };
  return JSON.stringify({ script: applyScript, facts, files });
}

// ---

/** Of the disk: used more than this, in percent, is said; with less free than this, in MB, no image is built. */
const diskBounds = { disk_percent: 80, build_mb: 1_536 };

function frontFiles({ settings, address }: DesiredStateInput, upstream: string): Record<string, string> {
  const { email, directory, root } = settings.acme;
  const limits = limitsOf(settings);
  const text = caddyfile({
    site: settings.domain ?? address,
    isAddress: settings.domain === undefined,
    upstream,
    email,
    directory,
    privateRoot: root !== undefined,
    bodyBytes: limits.body_bytes,
    headerBytes: limits.header_bytes,
    headersMs: limits.headers_ms,
  });
  const rootFile = acmeRootFile.slice(acmeRootFile.lastIndexOf('/') + 1);
  return { 'caddy/Caddyfile': text, ...(root === undefined ? {} : { [`caddy/${rootFile}`]: root }) };
}
