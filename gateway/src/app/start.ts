// The composition root: one running gateway, its parts put together.

import type { AddressInfo } from 'node:net';
import { isoDay } from '../../../config/calendar';
import { type Config, onDay } from '../../../config/load';
import type { Secret } from '../../../config/secret';
import { type CredentialDirectory, openCredentialDirectory } from '../accounting/credentials';
import { type KeyDirectory, openKeyDirectory } from '../accounting/keyDirectory';
import { type Ledger, openLedger } from '../accounting/ledger';
import { newId } from '../core/ids';
import { openAuditAdmin } from '../http/admin/audit';
import { openCredentialAdmin } from '../http/admin/credentials';
import { openKeyAdmin } from '../http/admin/keys';
import { openRequestAdmin } from '../http/admin/requests';
import { openUsageAdmin } from '../http/admin/usage';
import { openUserAdmin } from '../http/admin/users';
import { openAuthenticator } from '../http/authenticate';
import { openMemoryBudget } from '../core/memoryBudget';
import { openClientAddresses } from '../http/clientAddress';
import { type Concurrency, openConcurrency } from '../http/concurrency';
import { applyLimits, buildServer } from '../http/server';
import type { AdminParts } from '../http/serverParts';
import { openBodyWorker } from '../pipeline/bodyWorker';
import type { Services } from '../pipeline/context';
import { openReasoningCache } from '../pipeline/reasoningCache';
import { openSqliteStorage } from '../storage/sqlite';
import type { Storage } from '../storage/storage';
import type { Log } from '../telemetry/log';
import { openHostCapabilities } from '../upstream/hostCapabilities';
import { openModelRefusals } from '../upstream/modelRefusals';
import { openUpstreamPool } from '../upstream/pool';
import { openOutputSpeed } from '../upstream/outputSpeed';
import { openRetryBudgets } from '../upstream/retryBudget';
import { openTargetHealth } from '../upstream/targetHealth';
import { syncConfiguredKeys } from './configuredKeys';
import { cutEndedKeys } from './endedKeys';
import type { DeployStamp } from './environment';
import { type LedgerWatch, openLedgerWatch } from './ledgerWatch';
import { startMaintenance } from './maintenance';
import { announce, openReload } from './reload';
import { shutDown } from './shutdown';
import { openSteadyClock } from './steadyClock';

export interface RunningGateway {
  /** `http://HOST:PORT` */
  readonly url: string;
  readonly config: Config;
  /** Swaps the configuration if it can be read and has changed; else keeps the old one and says why. */
  reload(): Promise<void>;
  /** Resolves, with why, when the ledger was deleted or replaced. Nothing is admitted from then on; the caller stops the gateway. */
  readonly lost: Promise<string>;
  /** Lets requests end, at most for the time to drain, settles everything and lets go of the ledger. */
  stop(): Promise<void>;
}

export interface GatewayOptions {
  readonly host: string;
  readonly port: number;
  readonly dataPath: string;
  readonly log: Log;
  /** Milliseconds since 1970. Default: the machine's clock, without its sudden steps. */
  readonly now?: () => number;
  /** A number in [0, 1), for `weighted`. */
  readonly random?: () => number;
  /** @throws ConfigError */
  readConfig(): Config;
  masterKeyOf(config: Config): Secret;
  /** What the deploy says about itself now. Default: there was none. */
  deployStamp?(): DeployStamp | undefined;
}

/** @throws ConfigError, StorageUnusable, or the operating system's error when the address cannot be listened on */
export async function startGateway(given: GatewayOptions): Promise<RunningGateway> {
  const { log, now = openSteadyClock(tellStep(log)) } = given;
  const options = { ...given, now };
  const config = onDay(options.readConfig(), isoDay(now()));
  const live: Live = { config, masterKey: options.masterKeyOf(config) };
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
    return await assemble(options, live, storage, instance);
  } catch (error) {
    await storage.close();
    throw error;
  }
}

// ---

/** What a reload replaces. */
interface Live {
  config: Config;
  masterKey: Secret;
}

const tellStep = (log: Log) => (by: number) =>
  log.warn(
    'the clock of the machine stepped; requests are booked by the time before until it has stood for 5 minutes',
    {
      by_ms: Math.round(by),
    },
  );

async function assemble(
  options: GatewayOptions & Pick<Services, 'now'>,
  live: Live,
  storage: Storage,
  instance: string,
): Promise<RunningGateway> {
  const { log, now } = options;
  const config = () => live.config;
  const watch = openLedgerWatch(storage, log);
  const ledger = openBooks(storage, watch, options);
  const directories = await openDirectories(storage, live, now);
  const concurrency = openConcurrency();
  const addresses = openClientAddresses(() => live.config.settings.http.trusted_proxies);
  const services = openServices(options, live, { instance, ledger, keys: directories.keys });
  announce(live.config, log);
  await syncConfiguredKeys(storage, directories.keys, live.config.settings, now());
  const cutEnded = () => cutEndedKeys(directories.keys, concurrency, now());
  const turnDay = () => beginDay(live, isoDay(now()), log);
  const maintenance = await startMaintenance({ storage, directories, watch, cutEnded, turnDay, config, now, log });
  const server = buildServer({
    services,
    log,
    authenticator: openAuthenticator({ ...directories, masterKey: () => live.masterKey, addresses, now }),
    admin: openAdminParts(storage, directories, ledger, services),
    bodies: openMemoryBudget(() => live.config.limits.bodies_in_memory_bytes),
    concurrency,
    addresses,
    ledgerProblem: () => watch.problem,
    deployStamp: () => options.deployStamp?.(),
  });
  void watch.lost.then((why) => admitNone(concurrency, why, log));
  const { upstream, bodyWorker } = services;
  const parts = { server, concurrency, ledger, storage, upstream, bodyWorker, maintenance, log };
  try {
    await server.listen({ host: options.host, port: options.port, backlog: 4_096 });
  } catch (error) {
    maintenance.stop();
    throw error;
  }
  return {
    url: urlOf(server.server.address() as AddressInfo),
    get config() {
      return live.config;
    },
    reload: openReload({
      log,
      readConfig: () => onDay(options.readConfig(), isoDay(now())),
      current: config,
      async prepare(next) {
        const masterKey = options.masterKeyOf(next);
        await syncConfiguredKeys(storage, directories.keys, next.settings, now());
        return () => replace(live, { config: next, masterKey }, log, server);
      },
    }),
    lost: watch.lost,
    stop: () => shutDown({ ...parts, drainMs: live.config.limits.drain_ms }),
  };
}

function admitNone(concurrency: Concurrency, why: string, log: Log): void {
  concurrency.draining = true;
  log.error(why);
}

// Models end on announced days, and a gateway may run for months.
function beginDay(live: Live, today: string, log: Log): void {
  const before = live.config;
  live.config = onDay(before, today);
  for (const warning of live.config.warnings) if (!before.warnings.includes(warning)) log.warn(warning);
}

/** Keys and credentials in memory. */
interface Directories {
  readonly keys: KeyDirectory;
  readonly credentials: CredentialDirectory;
  refresh(): Promise<unknown>;
}

async function openDirectories(storage: Storage, live: Live, now: () => number): Promise<Directories> {
  const keys = await openKeyDirectory(storage, now);
  const credentials = await openCredentialDirectory(storage, () => live.config.settings, now);
  let version: string | undefined;
  return {
    keys,
    credentials,
    // Once a second, and most often nothing has changed.
    async refresh() {
      const next = await storage.version();
      if (next === version) return;
      await Promise.all([keys.refresh(), credentials.refresh()]);
      version = next;
    },
  };
}

// Commits go through the watch, which sees what becomes of them.
function openBooks(
  storage: Storage,
  watch: LedgerWatch,
  { now, log }: Required<Pick<GatewayOptions, 'now' | 'log'>>,
): Ledger {
  return openLedger(
    { commit: (batch, at) => watch.commit(batch, at), budgets: (limits) => storage.budgets(limits) },
    now,
    (message, cause) => log.error(message, cause),
  );
}

function replace(live: Live, next: Live, log: Log, server: ReturnType<typeof buildServer>): void {
  Object.assign(live, next);
  log.setLevel(next.config.settings.log.level);
  applyLimits(server, next.config.limits);
}

function openAdminParts(
  storage: Storage,
  { keys: directory, credentials }: Directories,
  ledger: Ledger,
  services: Pick<Services, 'config' | 'now'>,
): AdminParts {
  return {
    keys: openKeyAdmin({ storage, directory, config: () => services.config, now: services.now }),
    requests: openRequestAdmin(storage),
    usage: openUsageAdmin({
      reports: storage,
      labelOf: (key) => directory.byId(key)?.label,
      boxUsd: () => services.config.settings.costs.box_usd_per_month,
      now: services.now,
      pause: () => storage.catchUp(),
    }),
    users: openUserAdmin({ storage, changed: () => directory.refresh(), now: services.now }),
    credentials: openCredentialAdmin({ storage, directory: credentials, now: services.now }),
    audit: openAuditAdmin(storage),
    flush: () => ledger.flush(),
  };
}

// What every request shares.
function openServices(
  { log, now, random = Math.random }: GatewayOptions & Pick<Services, 'now'>,
  live: Live,
  own: Pick<Services, 'instance' | 'ledger' | 'keys'>,
): Services {
  const speed = openOutputSpeed();
  return {
    get config() {
      return live.config;
    },
    ...own,
    upstream: openUpstreamPool(() => live.config.limits),
    health: openTargetHealth((rest) => log.warn('a target rests after failures', { ...rest })),
    hosts: openHostCapabilities(),
    modelRefusals: openModelRefusals(),
    retries: openRetryBudgets(),
    reasoningCache: openReasoningCache(() => live.config.limits.reasoning_cache_bytes),
    bodyWorker: openBodyWorker(),
    speed,
    observe(record) {
      log.request(record);
      const { row, pace } = record;
      if (pace !== undefined) speed.learn(`${row.provider}/${row.model}`, pace.tokens, pace.ms);
    },
    now,
    random,
  };
}

function urlOf({ address, port, family }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
