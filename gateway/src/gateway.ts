// One running gateway: its parts put together, its configuration swapped on reload, and its orderly end.

import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import type { Config } from '../../config/load';
import { ConfigError, formatProblem } from '../../config/problems';
import type { Secret } from '../../config/secret';
import { openAccess } from './access';
import { openKeys, openRequests } from './admin';
import { openBodyBudget } from './body';
import { syncConfigKeys } from './configKeys';
import { Ender } from './ending';
import { GatewayError } from './errors';
import type { Gateway } from './handle';
import { openHealth } from './health';
import { firstId } from './ids';
import { openLedger } from './ledger';
import type { RequestLog } from './log';
import { openFlight } from './flight';
import { buildServer } from './server';
import { openStore } from './store';
import { dayMs } from './quota';
import { openWorkshop } from './workshop';
import { openUpstream } from './upstream';
import { openVault } from './vault';

export interface Running {
  /** `http://HOST:PORT` */
  readonly url: string;
  readonly config: Config;
  /** Swaps the configuration if it can be read and has changed; else keeps the old one and says why. */
  reload(): void;
  /** Lets requests end, at most for the time to drain, settles everything and lets go of the ledger. */
  stop(): Promise<void>;
}

export interface Start {
  readonly host: string;
  readonly port: number;
  readonly dataPath: string;
  readonly log: RequestLog;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** @throws ConfigError */
  readConfig(): Config;
  masterKeyOf(config: Config): Secret;
}

const recoverEveryMs = 10_000;
const pruneEveryMs = 60_000;
const pruneAtOnce = 2_000;

/** @throws ConfigError, StoreError, or the operating system's error when the address cannot be listened on */
export async function startGateway(start: Start): Promise<Running> {
  const { log, now = Date.now } = start;
  let config = start.readConfig();
  let masterKey = start.masterKeyOf(config);
  log.setLevel(config.settings.log.level);
  const store = openStore(join(start.dataPath, 'ledger.db'), config.settings.storage.durability);
  const ledger = openLedger(store, join(start.dataPath, 'instances'), now);
  const upstream = openUpstream(config.limits);
  const workshop = openWorkshop();
  const stopping = new Ender();
  const access = openAccess(store, () => masterKey, now);
  const flight = openFlight();
  const gateway: Gateway = {
    get config() {
      return config;
    },
    ledger,
    upstream,
    health: openHealth(),
    vault: openVault(config.limits.reasoning_cache_bytes),
    workshop,
    log,
    now,
    stopping,
  };

  const recover = () => {
    try {
      const settled = ledger.recover();
      if (settled > 0) log.warn(`settled ${settled} requests that another instance left open`, { settled });
    } catch (error) {
      log.problem('requests left open by another instance could not be settled', error);
    }
  };
  const prune = () => {
    // Request ids begin with their time, so that an id bounds an age.
    const oldest = now() - config.settings.storage.keep_days * dayMs;
    try {
      store.pruneRequests(firstId('req', oldest), pruneAtOnce);
    } catch (error) {
      log.problem('old requests could not be pruned', error);
    }
  };

  announce(config, log);
  syncConfigKeys(store, config.settings, now());
  recover();
  const server = buildServer({
    gateway,
    access,
    keys: openKeys(
      store,
      () => config,
      now,
      () => access.forget(),
    ),
    requests: openRequests(store),
    bodies: openBodyBudget(() => config.limits.bodies_in_memory_bytes),
    flight,
  });
  const timers = [setInterval(recover, recoverEveryMs), setInterval(prune, pruneEveryMs)];
  for (const timer of timers) timer.unref();
  try {
    await server.listen({ host: start.host, port: start.port, backlog: 4_096 });
  } catch (error) {
    for (const timer of timers) clearInterval(timer);
    ledger.close();
    store.close();
    throw error;
  }
  const { address, port, family } = server.server.address() as AddressInfo;
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;

  return {
    url,
    get config() {
      return config;
    },
    reload() {
      let next: Config;
      try {
        next = start.readConfig();
        if (next.digest === config.digest) return;
        syncConfigKeys(store, next.settings, now());
      } catch (error) {
        const problems = error instanceof ConfigError ? error.problems.map(formatProblem) : ['it could not be applied'];
        log.warn('the changed configuration cannot be used; the old one goes on', { problems });
        if (!(error instanceof ConfigError)) log.problem('reload failed', error);
        return;
      }
      if (next.settings.storage.durability !== config.settings.storage.durability)
        log.warn('storage.durability takes effect at the next start');
      config = next;
      masterKey = start.masterKeyOf(next);
      access.forget();
      log.setLevel(next.settings.log.level);
      announce(next, log);
      log.news('the configuration was reloaded', { config: next.digest.slice(0, 16) });
    },
    async stop() {
      flight.draining = true;
      log.news('draining', { in_flight: flight.count });
      const closed = new Promise<void>((resolve) => server.server.close(() => resolve()));
      // A connection whose request has just ended would otherwise stay open for its keep-alive time.
      const sweep = setInterval(() => server.server.closeIdleConnections(), 50);
      const deadline = setTimeout(() => stopping.end(new GatewayError('draining')), config.limits.drain_ms);
      await flight.empty();
      clearTimeout(deadline);
      await closed;
      clearInterval(sweep);
      for (const timer of timers) clearInterval(timer);
      await server.close();
      await upstream.close();
      await workshop.close();
      ledger.close();
      store.close();
      log.news('stopped');
    },
  };
}

// ---

function announce(config: Config, log: RequestLog): void {
  for (const provider of config.providers.values())
    log.news(`provider ${provider.name}: present`, { base_url: provider.baseUrl });
  for (const [name, variable] of config.absent) log.news(`provider ${name}: absent, ${variable} is not set`);
  for (const warning of config.warnings) log.warn(warning);
}
