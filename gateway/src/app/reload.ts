// Bringing a changed configuration into a running gateway, or keeping the old one.

import type { LimitName } from '../../../config/limits';
import type { Config } from '../../../config/load';
import { ConfigError, formatProblem } from '../../../config/problems';
import { StorageUnavailable } from '../storage/storage';
import type { Log } from '../telemetry/log';

export interface ReloadParts {
  readonly log: Log;
  /** @throws ConfigError */
  readConfig(): Config;
  current(): Config;
  /**
   * Does what must succeed before the new configuration holds.
   * @returns what makes it the current one
   * @throws ConfigError, StorageUnavailable
   */
  prepare(next: Config): Promise<() => void>;
}

/** A storage that could not be written is asked again after this time. */
const retryMs = 1_000;

/** Limits that are fixed when the server is made. */
const restartLimits = ['header_bytes'] as const satisfies readonly LimitName[];

/** A function that reloads; calls while one runs are one more run after it. What the storage does not take is tried again. */
export function openReload(parts: ReloadParts): () => Promise<void> {
  let running: Promise<void> | undefined;
  let again = false;
  let retry: NodeJS.Timeout | undefined;
  const run = async (): Promise<void> => {
    do {
      again = false;
      const waits = await reloadOnce(parts, retry !== undefined);
      clearTimeout(retry);
      retry = waits ? setTimeout(() => void reload(), retryMs).unref() : undefined;
    } while (again);
    running = undefined;
  };
  const reload = () => {
    if (running === undefined) running = run();
    else again = true;
    return running;
  };
  return reload;
}

/** Says which providers are there, and what is odd about the configuration. */
export function announce(config: Config, log: Log): void {
  for (const provider of config.providers.values())
    log.info(`provider ${provider.name}: present`, { base_url: provider.baseUrl });
  for (const [name, variable] of config.absent) log.info(`provider ${name}: absent, ${variable} is not set`);
  for (const warning of config.warnings) log.warn(warning);
}

// ---

// Whether it waits for the storage. @param waited that has been told before
async function reloadOnce(parts: ReloadParts, waited: boolean): Promise<boolean> {
  const { log } = parts;
  const before = parts.current();
  let next: Config;
  try {
    next = parts.readConfig();
    if (next.digest === before.digest) return false;
    (await parts.prepare(next))();
  } catch (error) {
    if (error instanceof StorageUnavailable) {
      if (!waited)
        log.warn('the ledger cannot be written now; the changed configuration is tried again until it can', {
          cause: error.message,
        });
      return true;
    }
    const problems = error instanceof ConfigError ? error.problems.map(formatProblem) : ['it could not be applied'];
    log.warn('the changed configuration cannot be used; the old one goes on', { problems });
    if (!(error instanceof ConfigError)) log.error('reload failed', error);
    return false;
  }
  for (const name of restartOnly(before, next)) log.warn(`${name} takes effect at the next start`);
  announce(next, log);
  log.info('the configuration was reloaded', { config: next.digest.slice(0, 16) });
  return false;
}

// The settings that have changed and that a running gateway cannot take.
function restartOnly(before: Config, next: Config): string[] {
  const names: string[] = restartLimits
    .filter((name) => before.limits[name] !== next.limits[name])
    .map((name) => `limits.${name}`);
  if (before.settings.storage.durability !== next.settings.storage.durability) names.push('storage.durability');
  return names;
}
