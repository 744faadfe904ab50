// Bringing a changed configuration into a running gateway, or keeping the old one.

import type { LimitName } from '../../../config/limits';
import type { Config } from '../../../config/load';
import { ConfigError, formatProblem } from '../../../config/problems';
import type { Log } from '../telemetry/log';

export interface ReloadParts {
  readonly log: Log;
  /** @throws ConfigError */
  readConfig(): Config;
  current(): Config;
  /** What must succeed before the new configuration holds. */
  prepare(next: Config): Promise<void>;
  /** Makes the new configuration the current one. */
  swap(next: Config): void;
}

/** Limits that are fixed when the server is made. */
const restartLimits = ['header_bytes'] as const satisfies readonly LimitName[];

/** A function that reloads; calls while one runs are one more run after it. */
export function openReload(parts: ReloadParts): () => Promise<void> {
  let running: Promise<void> | undefined;
  let again = false;
  const run = async (): Promise<void> => {
    do {
      again = false;
      await reloadOnce(parts);
    } while (again);
    running = undefined;
  };
  return () => {
    if (running === undefined) running = run();
    else again = true;
    return running;
  };
}

/** Says which providers are there, and what is odd about the configuration. */
export function announce(config: Config, log: Log): void {
  for (const provider of config.providers.values())
    log.info(`provider ${provider.name}: present`, { base_url: provider.baseUrl });
  for (const [name, variable] of config.absent) log.info(`provider ${name}: absent, ${variable} is not set`);
  for (const warning of config.warnings) log.warn(warning);
}

// ---

async function reloadOnce(parts: ReloadParts): Promise<void> {
  const { log } = parts;
  const before = parts.current();
  let next: Config;
  try {
    next = parts.readConfig();
    if (next.digest === before.digest) return;
    await parts.prepare(next);
    parts.swap(next);
  } catch (error) {
    const problems = error instanceof ConfigError ? error.problems.map(formatProblem) : ['it could not be applied'];
    log.warn('the changed configuration cannot be used; the old one goes on', { problems });
    if (!(error instanceof ConfigError)) log.error('reload failed', error);
    return;
  }
  for (const name of restartOnly(before, next)) log.warn(`${name} takes effect at the next start`);
  announce(next, log);
  log.info('the configuration was reloaded', { config: next.digest.slice(0, 16) });
}

// The settings that have changed and that a running gateway cannot take.
function restartOnly(before: Config, next: Config): string[] {
  const names: string[] = restartLimits
    .filter((name) => before.limits[name] !== next.limits[name])
    .map((name) => `limits.${name}`);
  if (before.settings.storage.durability !== next.settings.storage.durability) names.push('storage.durability');
  return names;
}
