// The providers that are present: what the settings say of them, and the keys the environment holds.

import { type Account, accountsOf, type AccountPlan } from './accounts';
import type { Environment } from './environmentVariables';
import { isKnownProvider, knownProviders, type WireId } from './knownProviders';
import type { Problem } from './problems';
import type { Settings } from './schema';
import { Secret } from './secret';
import { configuredTarget, type Target } from './target';

/** A provider that can be called. */
export interface Provider {
  readonly name: string;
  readonly wire: WireId;
  /** Without a trailing slash. */
  readonly baseUrl: string;
  /** Those that can be used, in the order written; never empty. This version loads exactly one (see served.ts). */
  readonly accounts: readonly [Account, ...Account[]];
  /** Whether an OpenAI-compatible stream is asked for its usage when the client did not ask. */
  readonly streamUsage: boolean;
  /** An OpenAI wire that serves Responses beside chat completions. */
  readonly responses: boolean;
  /** The models the settings describe, by the name that goes upstream. */
  readonly models: ReadonlyMap<string, Target>;
}

/** Settings and environment → providers. */
export interface FoundProviders {
  /** Those with a usable account. */
  readonly providers: ReadonlyMap<string, Provider>;
  /** Those without → the environment variable that would bring them. */
  readonly absent: ReadonlyMap<string, string>;
}

/**
 * Finds the built-in and configured providers that have a key, or need none.
 * @param problems where a key that cannot be one is put; its value is not repeated
 */
export function findProviders(settings: Settings, environment: Environment, problems: Problem[]): FoundProviders {
  const providers = new Map<string, Provider>();
  const absent = new Map<string, string>();
  for (const name of new Set([...Object.keys(knownProviders), ...Object.keys(settings.providers)])) {
    const own = settings.providers[name];
    const known = isKnownProvider(name) ? knownProviders[name] : undefined;
    const wire = own?.wire ?? known?.wire;
    const baseUrl = own?.base_url ?? known?.base_url;
    if (wire === undefined || baseUrl === undefined) continue; // already a problem of the settings
    const plans = accountsOf(name, settings);
    const [first, ...others] = plans.flatMap((plan) => usableAccount(plan, environment, problems));
    if (first === undefined) {
      const missing = plans.find(({ variable }) => variable !== undefined && !isSet(environment[variable]));
      if (missing?.variable !== undefined) absent.set(name, missing.variable);
      continue;
    }
    providers.set(name, {
      name,
      wire,
      baseUrl: baseUrl.replace(/\/+$/, ''),
      accounts: [first, ...others],
      streamUsage: own?.stream_usage ?? true,
      responses: own?.responses ?? name === 'openai',
      models: new Map(
        Object.entries(own?.models ?? {}).map(([model, custom]) => [model, configuredTarget(name, model, custom)]),
      ),
    });
  }
  return { providers, absent };
}

/** The problem of a configuration in which no provider can be called. */
export function noProvider(): Problem {
  const variables = Object.values(knownProviders).map((provider) => provider.api_key_env);
  return {
    path: '',
    message: `no provider has a key: set at least one of ${variables.join(', ')} (in the environment or in .env), or try it without any key: npm run demo.`,
  };
}

// ---

const isSet = (value: string | undefined) => value !== undefined && value.trim() !== '';

/** One account, or none when its key is missing or cannot be one. */
function usableAccount(plan: AccountPlan, environment: Environment, problems: Problem[]): Account[] {
  const { name, variable, weight, headers } = plan;
  if (variable === undefined) return [{ name, key: undefined, variable, weight, headers }];
  const value = environment[variable]?.trim() ?? '';
  if (value === '') return [];
  if (!/^[\x21-\x7e]+$/.test(value)) {
    problems.push({
      path: variable,
      message: 'holds blanks or characters that no API key has (the value is not shown); paste the key again.',
    });
    return [];
  }
  return [{ name, key: new Secret(value), variable, weight, headers }];
}
