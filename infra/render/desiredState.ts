// The desired state of a box as one JSON text, which the apply script reads from standard input.

import type { BackupKeys } from '../../config/deploySettings';
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
import { backupCompose, backupSocket, litestreamConfig } from './backup';
import { acmeRootFile, adminSocket, caddyfile, frontRunFolder, leavingFile } from './caddyfile';
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
  /** The bucket's; undefined where there is no backup. */
  readonly backupKeys?: BackupKeys | undefined;
  /** The box's IPv4 address. */
  readonly address: string;
  /** How often the box has been put right (infra/preflight/boxState.ts). */
  readonly repairs: number;
  /** Id of the stack's ledger. */
  readonly ledger: string;
  /** Where this update may put the ledger back from its backup: `latest`, or a moment in ISO 8601. */
  readonly restore?: string | undefined;
}

/** What `/readyz` shows once the state is reached. */
export interface Expectation {
  readonly release: string;
  /** 16 hex digits over the two files that the gateway reads. */
  readonly config: string;
}

/** What the gateway on the box will say of itself. */
export function expectation(input: Omit<DesiredStateInput, 'repairs'>): Expectation {
  const { settings, bundle } = input;
  const variables = secretVariables(settings, input.masterKey, input.providerKeys);
  return {
    release: gatewayRelease(bundle.hash, settings.images.node).id,
    config: loadConfig(gatewayConfig(settings, input.keyHashes), variables).digest.slice(0, 16),
  };
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
  const backup = backupFiles(input);
  const facts = {
    ...{ home, data: dataMount, user: containerUser, port: gatewayPort },
    ...{ network, subnet: networkRange.subnet, dynamic_range: networkRange.dynamic },
    release: release.id,
    image: release.image,
    digest: expectation(input).config,
    repairs: input.repairs,
    bundle: bundlePath(bundle.hash),
    bundle_in_build: bundleInBuild,
    bundle_sha256: bundle.sha256,
    node_image: settings.images.node,
    front_image: settings.images.caddy,
    admin_socket: adminSocket,
    leaving_file: `${frontRunFolder}/${leavingFile}`,
    retire_seconds: settings.release.retire_after * 60,
    build_mb: buildMb,
    site: settings.domain === undefined ? 'address' : 'name',
    host: settings.domain ?? input.address,
    address: input.address,
    // Caddy asks again a minute after a refusal.
    certificate_seconds: 75,
    ledger: input.ledger,
    restore: input.restore ?? '',
    backup: backup === undefined ? '' : 'yes',
    backup_socket: backupSocket,
    litestream_image: settings.images.litestream,
    authorized_keys: settings.ssh.public_keys.map((key) => `${key.trim()}\n`).join(''),
    // The script does not read it. A larger volume must change this text, so that the script runs and grows the file system.
    data_size_gb: settings.data.size_gb,
  };
  const files = {
    release: {
      'compose.yaml': release.compose,
      Dockerfile: bundle.dockerfile,
      'config/deploy.json': `${JSON.stringify({ release: release.id, repairs: input.repairs })}\n`,
      'config/config.yaml': config,
      'config/secrets.env': secretsEnv(variables),
    },
    front: { 'compose.yaml': frontCompose(settings.images.caddy), ...frontFiles(input, release.host) },
    ...(backup === undefined ? {} : { backup }),
  };
  return JSON.stringify({ script: applyScript, facts, files });
}

// ---

/** With less than this free on the server's disk, in MB, no image is built. */
const buildMb = 1_536;

function backupFiles({ settings, backupKeys, ledger }: DesiredStateInput): Record<string, string> | undefined {
  const { backup, images } = settings;
  if (backup === undefined || backupKeys === undefined) return undefined;
  return {
    'compose.yaml': backupCompose(images.litestream),
    'config/litestream.yml': litestreamConfig({ backup, keys: backupKeys, ledger }),
  };
}

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
