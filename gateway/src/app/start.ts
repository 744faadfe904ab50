// The composition root: one running gateway, its parts put together.

import type { AddressInfo } from 'node:net';
import type { Config } from '../../../config/load';
import type { Secret } from '../../../config/secret';
import { openKeyDirectory } from '../accounting/keys';
import { openLedger } from '../accounting/ledger';
import { CancelSource } from '../core/cancellation';
import { newId } from '../core/ids';
import { openKeyAdmin } from '../http/admin/keys';
import { openRequestAdmin } from '../http/admin/requests';
import { openAuthenticator } from '../http/authenticate';
import { openMemoryBudget } from '../core/memoryBudget';
import { openConcurrency } from '../http/concurrency';
import { applyLimits, buildServer } from '../http/server';
import { openBodyWorker } from '../pipeline/bodyWorker';
import type { Services } from '../pipeline/context';
import { openReasoningCache } from '../pipeline/reasoningCache';
import { openSqliteStorage } from '../storage/sqlite';
import type { Log } from '../telemetry/log';
import { openHostCapabilities } from '../upstream/hostCapabilities';
import { openUpstreamPool } from '../upstream/pool';
import { openRetryBudgets } from '../upstream/retryBudget';
import { openTargetHealth } from '../upstream/targetHealth';
import { syncConfiguredKeys } from './configuredKeys';
import { startMaintenance } from './maintenance';
import { announce, openReload } from './reload';
import { shutDown } from './shutdown';

export interface RunningGateway {
  /** `http://HOST:PORT` */
  readonly url: string;
  readonly config: Config;
  /** Swaps the configuration if it can be read and has changed; else keeps the old one and says why. */
  reload(): Promise<void>;
  /** Lets requests end, at most for the time to drain, settles everything and lets go of the ledger. */
  stop(): Promise<void>;
}

export interface GatewayOptions {
  readonly host: string;
  readonly port: number;
  readonly dataPath: string;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** A number in [0, 1), for `weighted`. */
  readonly random?: () => number;
  /** @throws ConfigError */
  readConfig(): Config;
  masterKeyOf(config: Config): Secret;
}

/** @throws ConfigError, StorageUnusable, or the operating system's error when the address cannot be listened on */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { log, now = Date.now, random = Math.random } = options;
  let config = options.readConfig();
  let masterKey = options.masterKeyOf(config);
  log.setLevel(config.settings.log.level);
  const instance = newId('ins', now());
  const storage = await openSqliteStorage({
    folder: options.dataPath,
    durability: config.settings.storage.durability,
    instance,
    now: now(),
  });
  try {
    if (storage.repaired > 0)
      log.warn(`the ledger held ${storage.repaired} rows with numbers beyond 2^53; they were repaired`, {
        rows: storage.repaired,
      });
    const ledger = openLedger(storage, now, (message, cause) => log.error(message, cause));
    const directory = await openKeyDirectory(storage, now);
    const upstream = openUpstreamPool(() => config.limits);
    const bodyWorker = openBodyWorker();
    const stopping = new CancelSource();
    const concurrency = openConcurrency();
    const services: Services = {
      get config() {
        return config;
      },
      instance,
      ledger,
      keys: directory,
      upstream,
      health: openTargetHealth((rest) => log.warn('a target rests after failures', { ...rest })),
      hosts: openHostCapabilities(),
      retries: openRetryBudgets(),
      reasoningCache: openReasoningCache(() => config.limits.reasoning_cache_bytes),
      bodyWorker,
      observe: (record) => log.request(record),
      now,
      random,
      stopping,
    };
    announce(config, log);
    await syncConfiguredKeys(storage, directory, config.settings, now());
    const maintenance = await startMaintenance({ storage, directory, config: () => config, now, log });
    const server = buildServer({
      services,
      log,
      authenticator: openAuthenticator(directory, () => masterKey),
      admin: {
        keys: openKeyAdmin({ storage, directory, config: () => config, now }),
        requests: openRequestAdmin(storage),
        flush: () => ledger.flush(),
      },
      bodies: openMemoryBudget(() => config.limits.bodies_in_memory_bytes),
      concurrency,
    });
    const reload = openReload({
      log,
      readConfig: () => options.readConfig(),
      current: () => config,
      prepare: (next) => syncConfiguredKeys(storage, directory, next.settings, now()),
      swap(next) {
        masterKey = options.masterKeyOf(next); // first: it may fail, and then nothing has changed
        config = next;
        log.setLevel(next.settings.log.level);
        applyLimits(server, next.limits);
      },
    });
    try {
      await server.listen({ host: options.host, port: options.port, backlog: 4_096 });
    } catch (error) {
      maintenance.stop();
      throw error;
    }
    const { address, port, family } = server.server.address() as AddressInfo;
    return {
      url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
      get config() {
        return config;
      },
      reload,
      stop: () =>
        shutDown({
          server,
          concurrency,
          stopping,
          ledger,
          storage,
          upstream,
          bodyWorker,
          maintenance,
          log,
          drainMs: config.limits.drain_ms,
        }),
    };
  } catch (error) {
    await storage.close();
    throw error;
  }
}
