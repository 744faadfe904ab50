// The providers that are present: settings and environment together.

import type { Environment } from './environmentVariables';
import { isKnownProvider, knownProviders, type WireId } from './knownProviders';
import type { Problem } from './problems';
import type { ProviderSettings, Settings } from './schema';
import { Secret } from './secret';
import { configuredTarget, type Target } from './target';

export interface Provider {
  readonly name: string;
  readonly wire: WireId;
  /** Without a trailing slash. */
  readonly baseUrl: string;
  /** Absent for a provider of one's own that needs none. */
  readonly key: Secret | undefined;
  readonly streamUsage: boolean;
  /** An OpenAI wire that serves Responses beside chat completions. */
  readonly responses: boolean;
  readonly models: ReadonlyMap<string, Target>;
}

export function findProviders(
  settings: Settings,
  environment: Environment,
  problems: Problem[],
): { providers: Map<string, Provider>; absent: Map<string, string> } {
  const providers = new Map<string, Provider>();
  const absent = new Map<string, string>();
  for (const name of new Set([...Object.keys(knownProviders), ...Object.keys(settings.providers)])) {
    const own: ProviderSettings | undefined = settings.providers[name];
    const known = isKnownProvider(name) ? knownProviders[name] : undefined;
    const wire = own?.wire ?? known?.wire;
    const baseUrl = own?.base_url ?? known?.base_url;
    const variable = own?.api_key_env ?? known?.api_key_env;
    if (wire === undefined || baseUrl === undefined) continue; // already a problem of the settings
    const value = variable === undefined ? undefined : environment[variable]?.trim();
    if (variable !== undefined && (value === undefined || value === '')) {
      absent.set(name, variable);
      continue;
    }
    if (value !== undefined && !/^[\x21-\x7e]+$/.test(value)) {
      problems.push({
        path: variable ?? name,
        message: 'holds blanks or characters that no API key has (the value is not shown); paste the key again.',
      });
      continue;
    }
    const models = new Map(
      Object.entries(own?.models ?? {}).map(([model, custom]) => [model, configuredTarget(name, model, custom)]),
    );
    providers.set(name, {
      name,
      wire,
      baseUrl: baseUrl.replace(/\/+$/, ''),
      key: value === undefined ? undefined : new Secret(value),
      streamUsage: own?.stream_usage ?? true,
      responses: own?.responses ?? name === 'openai',
      models,
    });
  }
  return { providers, absent };
}

export function noProvider(): Problem {
  const variables = Object.values(knownProviders).map((provider) => provider.api_key_env);
  return {
    path: '',
    message: `no provider has a key: set at least one of ${variables.join(', ')} (in the environment or in .env), or try it without any key: npm run demo.`,
  };
}
