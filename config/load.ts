// From text and environment to a configuration the gateway can run on, or to all that is wrong with them at once.

import { hash } from 'node:crypto';
import { hashKey } from './appKey';
import { isoDay } from './calendar';
import { parseSettings } from './check';
import type { Environment } from './environmentVariables';
import { defaultLimits, limitNames, type Limits } from './limits';
import { ConfigError, type Problem } from './problems';
import { findProviders, noProvider, type Provider } from './providers';
import { findRoutes, type Route } from './resolve';
import { type Settings, settingsSchema } from './schema';
import { Secret } from './secret';

/** The types a configuration is made of. */
export type { Environment, Provider, Route };

/** What a gateway runs on: an immutable snapshot; a reload makes a new one. */
export interface Config {
  /** As written, with every default. */
  readonly settings: Settings;
  /** Name → provider; only those that are known and have a key where one is needed. Never empty. */
  readonly providers: ReadonlyMap<string, Provider>;
  /** Known providers that are absent → the environment variable that would bring them. */
  readonly absent: ReadonlyMap<string, string>;
  /** Name → route. A route may have no target left. */
  readonly routes: ReadonlyMap<string, Route>;
  /** ISO date that the routes' targets were found on. */
  readonly day: string;
  /** Every limit, in the unit `limitTable` names. */
  readonly limits: Limits;
  /** `OVTH_MASTER_KEY`; the gateway makes one where it is unset. */
  readonly masterKey: Secret | undefined;
  /** Renamed settings, retired models, routes without a provider: one sentence each, beginning with the setting. */
  readonly warnings: readonly string[];
  /** SHA-256 in hex over text and secrets, to tell whether anything changed. */
  readonly digest: string;
}

/**
 * Text and environment → a configuration.
 * @param text config.yaml; undefined when there is none, which means all defaults.
 * @param today ISO date; models past their last day are answered by their successors.
 * @throws ConfigError with every problem of the text and the environment.
 */
export function loadConfig(text: string | undefined, environment: Environment, today = isoDay(Date.now())): Config {
  const problems: Problem[] = [];
  const warnings: string[] = [];
  const settings = collect(problems, () => parseSettings(text, warnings)) ?? settingsSchema.parse({});
  const masterKey = checkMasterKey(environment['OVTH_MASTER_KEY'], problems);
  const found = findProviders(settings, environment, problems);
  checkHashes(settings, masterKey, problems);
  if (problems.length === 0 && found.providers.size === 0) problems.push(noProvider());
  const routes = findRoutes(settings, found, today, warnings);
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    settings,
    ...found,
    routes,
    day: today,
    limits: limitsOf(settings),
    masterKey,
    warnings,
    digest: digestOf(text, found.providers, masterKey),
  };
}

/**
 * The same configuration on another day: models past their last day are answered by their successors in routes too.
 * @param today ISO date
 * @returns `config` itself on its own day
 */
export function onDay(config: Config, today: string): Config {
  if (config.day === today) return config;
  const found: string[] = [];
  const routes = findRoutes(config.settings, config, today, found);
  const news = found.filter((warning) => !config.warnings.includes(warning));
  return { ...config, routes, day: today, warnings: [...config.warnings, ...news] };
}

/** Every bound, as set or by default. */
export function limitsOf(settings: Settings): Limits {
  return Object.fromEntries(
    limitNames.map((name) => [name, settings.limits[name] ?? defaultLimits[name]]),
  ) as unknown as Limits;
}

// ---

function collect<T>(problems: Problem[], work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

/** A deploy fills the hashes in; in a file that a gateway reads they must be there. */
function checkHashes(settings: Settings, masterKey: Secret | undefined, problems: Problem[]): void {
  const ofMaster = masterKey === undefined ? undefined : hashKey(masterKey.reveal());
  for (const [label, key] of Object.entries(settings.keys)) {
    if (key.sha256 !== undefined && key.sha256 === ofMaster)
      problems.push({
        path: `keys.${label}.sha256`,
        message: 'is the hash of the master key, which administers and is no application key; make another one.',
      });
    if (key.sha256 !== undefined) continue;
    problems.push({
      path: `keys.${label}.sha256`,
      message:
        'is missing: write the hash of the key here, or leave the entry out and mint a key with POST /admin/keys.',
    });
  }
}

const generateKey = 'openssl rand -hex 32';

function checkMasterKey(value: string | undefined, problems: Problem[]): Secret | undefined {
  if (value === undefined || value === '') return undefined;
  const path = 'OVTH_MASTER_KEY';
  if (value.includes('$(')) {
    problems.push({
      path,
      message: `holds "$(" as written: nothing ran the command inside, and everybody who copies that line would have the same key. Run "${generateKey}" and paste what it prints.`,
    });
    return undefined;
  }
  if (value.length < 32 || !/^[\x21-\x7e]+$/.test(value)) {
    problems.push({
      path,
      message: `must be at least 32 printable characters without blanks, found ${value.length}. Make one with: ${generateKey}`,
    });
    return undefined;
  }
  return new Secret(value);
}

function digestOf(
  text: string | undefined,
  providers: ReadonlyMap<string, Provider>,
  masterKey: Secret | undefined,
): string {
  const secrets = [...providers.values()].flatMap(({ name, accounts }) =>
    accounts.map((account) => [name, account.name, account.key?.reveal() ?? '']),
  );
  return hash('sha256', JSON.stringify([text ?? null, secrets, masterKey?.reveal() ?? '']));
}
