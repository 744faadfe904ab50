// The continuous copy of the ledger: Litestream's configuration, and the Compose file of the container it runs in.

import { stringify } from 'yaml';
import type { BackupKeys, BackupSettings } from '../../config/deploySettings';
import { containerUser, dataMount, home } from '../hostLayout';
import { hardened } from './compose';

/** Where the ledger is in the containers that see it. */
export const ledgerInContainer = '/data/ledger.db';

/** Litestream's control socket in its container: `litestream sync -socket` asks for a copy and waits for it. */
export const backupSocket = '/run/litestream/control.sock';

/** Name of the container. */
export const backupContainer = 'ovth-backup';

/** What a copy is made of and where it goes. */
export interface BackupPlan {
  readonly backup: BackupSettings;
  readonly keys: BackupKeys;
  /** Id of the ledger. Each has a folder of its own in the bucket, so that none is written over another. */
  readonly ledger: string;
  /** Path of the ledger's file. Default: in the container. */
  readonly database?: string;
  /** Path of the control socket. Default: in the container. */
  readonly socket?: string;
}

/**
 * The text of litestream.yml, as JSON, which YAML includes. It holds the bucket's keys: the file is 0600, and Litestream is started with
 * `-no-expand-env`, since a key may hold a `$`.
 * https://github.com/benbjohnson/litestream/blob/v0.5.18/cmd/litestream/main.go
 */
export function litestreamConfig(plan: BackupPlan): string {
  const { backup, keys, ledger, database = ledgerInContainer, socket = backupSocket } = plan;
  const config = {
    socket: { enabled: true, path: socket, permissions: 0o600 },
    snapshot: { interval: '24h', retention: `${backup.keep_days * 24}h` },
    dbs: [
      {
        path: database,
        'monitor-interval': '1s',
        // Below the gateway's own 4,000 pages (gateway/src/storage/sqlite/database.ts), so that Litestream, which copies
        // first, does it before the gateway would; with Litestream gone the gateway goes on as without it.
        'min-checkpoint-page-count': 3_000,
        replica: {
          type: 's3',
          endpoint: backup.endpoint,
          bucket: backup.bucket,
          path: `${backup.prefix}/${ledger}`,
          ...(backup.region === undefined ? {} : { region: backup.region }),
          'force-path-style': backup.path_style,
          'sync-interval': '1s',
          'access-key-id': keys.access_key_id,
          'secret-access-key': keys.secret_access_key,
        },
      },
    ],
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** The command, in the container, that waits until all that is committed is in the bucket. @param seconds at most */
export function syncCommand(seconds: number): string[] {
  return ['litestream', 'sync', '-wait', '-timeout', `${seconds}`, '-socket', backupSocket, ledgerInContainer];
}

/**
 * The compose.yaml of the copy's container. It reads and writes the ledger's folder as the gateway does: SQLite's locks are
 * files there.
 * @param image reference of Litestream's image
 */
export function backupCompose(image: string): string {
  const litestream = {
    ...hardened,
    image,
    container_name: backupContainer,
    // 60 MB are used; Go is to collect before the limit is met.
    mem_limit: '128m',
    memswap_limit: '128m',
    environment: { GOMEMLIMIT: '96MiB' },
    volumes: [`${home}/backup/config:/etc/litestream:ro`, `${dataMount}/gateway:/data`],
    tmpfs: [...hardened.tmpfs, `/run/litestream:uid=${containerUser},gid=${containerUser},mode=0700`],
    // Docker shows a copy that does not arrive as `unhealthy`. It asks for one each time: an idle ledger sends nothing.
    healthcheck: {
      test: ['CMD', ...syncCommand(20)],
      ...{ interval: '60s', timeout: '30s', retries: 3, start_period: '60s' },
    },
    command: ['replicate', '-config', '/etc/litestream/litestream.yml', '-no-expand-env'],
  };
  return stringify(
    { name: backupContainer, services: { backup: litestream } },
    { aliasDuplicateObjects: false, lineWidth: 0 },
  );
}
