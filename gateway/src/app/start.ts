// One running gateway: its parts put together, its configuration swapped on reload, and its orderly end.

import { join } from 'node:path';
import { type AddressInfo, Server as NetServer } from 'node:net';
import type { Config } from '../../../config/load';
import { ConfigError, formatProblem } from '../../../config/problems';
import type { Secret } from '../../../config/secret';
import { openAuthenticator } from '../http/authenticate';
import { openKeys, openRequests } from '../http/admin/keys';
import { openBodyBudget } from '../http/body';
import { syncConfigKeys } from './configuredKeys';
import { CancelSource } from '../core/cancellation';
import { GatewayError } from '../core/errors';
import type { Services } from '../pipeline/handle';
import { openTargetHealth } from '../upstream/targetHealth';
import { firstId } from '../core/ids';
import { openLedger } from '../accounting/ledger';
import type { Log } from '../telemetry/log';
import { openConcurrency } from '../http/concurrency';
import { buildServer } from '../http/server';
import { openStore } from '../storage/sqlite/store';
import { dayMs } from '../accounting/quota';
import { openBodyWorker } from '../pipeline/bodyWorker';
import { openUpstreamPool } from '../upstream/pool';
import { openReasoningCache } from '../pipeline/reasoningCache';

export interface RunningGateway {
  /** `http://HOST:PORT` */
  readonly url: string;
  readonly config: Config;
  /** Swaps the configuration if it can be read and has changed; else keeps the old one and says why. */
  reload(): void;
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
  /** @throws ConfigError */
  readConfig(): Config;
  masterKeyOf(config: Config): Secret;
}

/** Time for the error that ends what has not ended in time to reach its clients. */
const lastWordsMs = 1_000;
const recoverEveryMs = 10_000;
const pruneEveryMs = 60_000;
const pruneAtOnce = 2_000;

/** @throws ConfigError, StoreError, or the operating system's error when the address cannot be listened on */
export async function startGateway(start: GatewayOptions): Promise<RunningGateway> {
  const { log, now = Date.now } = start;
  let config = start.readConfig();
  let masterKey = start.masterKeyOf(config);
  log.setLevel(config.settings.log.level);
  const store = openStore(join(start.dataPath, 'ledger.db'), config.settings.storage.durability);
  const repaired = store.repair();
  if (repaired > 0)
    log.warn(`the ledger held ${repaired} rows with numbers beyond 2^53; they were repaired`, { rows: repaired });
  const ledger = openLedger(store, join(start.dataPath, 'instances'), now);
  const upstream = openUpstreamPool(config.limits);
  const workshop = openBodyWorker();
  const stopping = new CancelSource();
  const access = openAuthenticator(store, () => masterKey, now);
  const flight = openConcurrency();
  const gateway: Services = {
    get config() {
      return config;
    },
    ledger,
    upstream,
    health: openTargetHealth(),
    vault: openReasoningCache(config.limits.reasoning_cache_bytes),
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
      log.error('requests left open by another instance could not be settled', error);
    }
  };
  const prune = () => {
    // Request ids begin with their time, so that an id bounds an age.
    const oldest = now() - config.settings.storage.keep_days * dayMs;
    try {
      store.pruneRequests(firstId('req', oldest), pruneAtOnce);
    } catch (error) {
      log.error('old requests could not be pruned', error);
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
        if (!(error instanceof ConfigError)) log.error('reload failed', error);
        return;
      }
      if (next.settings.storage.durability !== config.settings.storage.durability)
        log.warn('storage.durability takes effect at the next start');
      config = next;
      masterKey = start.masterKeyOf(next);
      access.forget();
      log.setLevel(next.settings.log.level);
      announce(next, log);
      log.info('the configuration was reloaded', { config: next.digest.slice(0, 16) });
    },
    async stop() {
      flight.draining = true;
      log.info('draining', { in_flight: flight.count });
      // The plain server's way to stop listening: the HTTP server's own also closes connections whose answer is still on
      // its way to a slow reader (Node's closeIdleConnections takes `end()` for sent).
      const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server.server, () => resolve()));
      // A connection whose request has just ended would otherwise stay open for its keep-alive time.
      const closeIdle = () => {
        if (flight.flushing === 0) server.server.closeIdleConnections();
      };
      closeIdle();
      const sweep = setInterval(closeIdle, 50);
      const cut = () => server.server.closeAllConnections();
      const deadline = setTimeout(() => {
        stopping.cancel(new GatewayError('draining'));
        setTimeout(cut, lastWordsMs).unref(); // requests and answers that are stuck half-way
      }, config.limits.drain_ms);
      await flight.empty();
      clearTimeout(deadline);
      // What is left has not sent a whole request.
      const rest = setTimeout(cut, lastWordsMs);
      await closed;
      clearTimeout(rest);
      clearInterval(sweep);
      for (const timer of timers) clearInterval(timer);
      await server.close();
      await upstream.close();
      await workshop.close();
      ledger.close();
      store.close();
      log.info('stopped');
    },
  };
}

// ---

function announce(config: Config, log: Log): void {
  for (const provider of config.providers.values())
    log.info(`provider ${provider.name}: present`, { base_url: provider.baseUrl });
  for (const [name, variable] of config.absent) log.info(`provider ${name}: absent, ${variable} is not set`);
  for (const warning of config.warnings) log.warn(warning);
}
