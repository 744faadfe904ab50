// Settings: a value checked against the schema, and then for what no schema can say.

import type { z } from 'zod';
import { accountsOf } from './accounts';
import { checkKeys } from './checkKeys';
import { ownValue } from './forms';
import { isKnownProvider, knownProviders } from './knownProviders';
import { plainHttpAllowed } from './plainHttp';
import { ConfigError, firstOf, type Problem, suggest } from './problems';
import { applyRenames } from './renamed';
import { findTarget, unknownModel } from './resolve';
import { type RouteSettings, type Settings, settingsSchema, type StackSettings } from './schema';
import { unservedProblems } from './served';
import { parseYaml } from './yaml';
import { fromZod } from './zodProblems';

/**
 * config.yaml → checked settings. @param text undefined when there is no file, which means all defaults
 * @param warnings where a sentence for each renamed setting is put
 * @throws ConfigError with every problem
 */
export function parseSettings(text: string | undefined, warnings: string[] = []): Settings {
  return checkSettings(text === undefined ? {} : parseYaml(text), settingsSchema, warnings);
}

/**
 * Checks a value against a schema of settings, and then what no schema can say: whether names stand for something, and
 * whether this version serves what is set.
 * @param warnings where a sentence for each renamed setting is put
 * @throws ConfigError with every problem
 */
export function checkSettings<S extends z.ZodType<Settings | StackSettings>>(
  value: unknown,
  schema: S,
  warnings: string[] = [],
): z.output<S> {
  const renamed = applyRenames(value);
  warnings.push(...renamed.warnings);
  // Without zod's compiler: to write and compile a function for each object took 20 ms of a start, for one configuration.
  const parsed = schema.safeParse(renamed.value, { jitless: true });
  if (!parsed.success) {
    throw new ConfigError(firstOf([...renamed.problems, ...fromZod(parsed.error, renamed.value, schema)]));
  }
  const settings: Settings | StackSettings = parsed.data;
  const problems = [...renamed.problems, ...unservedProblems(settings)];
  checkProviders(settings, problems);
  if ('provider_keys' in settings) checkProviderKeys(settings, problems);
  checkRoutes(settings, problems);
  checkKeys(settings, problems);
  if (problems.length > 0) throw new ConfigError(firstOf(problems));
  return parsed.data;
}

// ---

function checkProviders(settings: Settings, problems: Problem[]): void {
  for (const [name, provider] of Object.entries(settings.providers)) {
    const path = `providers.${name}`;
    if (!isKnownProvider(name)) {
      if (provider.base_url === undefined) {
        problems.push({
          path: `${path}.base_url`,
          message: `is missing: "${name}" is not a built-in provider, so say where its API lives.${suggest(name, Object.keys(knownProviders))}`,
        });
      }
      if (provider.wire === undefined) {
        problems.push({
          path: `${path}.wire`,
          message: 'is missing; it must be one of openai, anthropic, gemini (most hosts speak openai).',
        });
      }
    }
    if (provider.base_url !== undefined) checkBaseUrl(`${path}.base_url`, provider.base_url, problems);
  }
}

function checkBaseUrl(path: string, url: string, problems: Problem[]): void {
  if (url.startsWith('http:') && !plainHttpAllowed(url)) {
    problems.push({
      path,
      message: `must be https://; plain http:// is accepted only on loopback, private addresses, single-label names and .internal, found ${JSON.stringify(url)}.`,
    });
  }
  if (/[?#@]/.test(url)) {
    problems.push({
      path,
      message: 'must not hold credentials, a query or a fragment; put the key into the variable named by api_key_env.',
    });
  }
}

/** Keys of accounts must belong to the accounts that `providers` describes, where it describes any. */
function checkProviderKeys(settings: StackSettings, problems: Problem[]): void {
  for (const [provider, keys] of Object.entries(settings.provider_keys)) {
    if (typeof keys === 'string') continue;
    const path = `provider_keys.${provider}`;
    if (Object.keys(keys).length === 0) problems.push({ path, message: 'holds no key; set one, or remove it.' });
    if (settings.providers[provider]?.accounts === undefined) continue;
    const accounts = accountsOf(provider, settings).map(({ name }) => name);
    for (const account of Object.keys(keys).filter((name) => !accounts.includes(name))) {
      problems.push({
        path: `${path}.${account}`,
        message: `is the key of no account.${suggest(account, accounts)} providers.${provider}.accounts has ${accounts.join(', ')}.`,
      });
    }
  }
}

function checkRoutes(settings: Settings, problems: Problem[]): void {
  const known = [...new Set([...Object.keys(knownProviders), ...Object.keys(settings.providers)])];
  for (const [name, route] of Object.entries(settings.routes)) {
    checkRouteProviders(`routes.${name}.providers`, route, known, problems);
    checkRouteModels(`routes.${name}`, route, settings, known, problems);
    checkWeights(`routes.${name}.weights`, route, problems);
    checkSteps(name, settings, problems);
  }
}

/** A route that another stands in for must exist, and must not lead back to the first. */
function checkSteps(name: string, { routes }: Settings, problems: Problem[]): void {
  const names = Object.keys(routes);
  for (const [percent, other] of Object.entries(routes[name]?.when_budget_used ?? {})) {
    const path = `routes.${name}.when_budget_used.${percent}`;
    if (!Object.hasOwn(routes, other))
      problems.push({
        path,
        message: `"${other}" is not a route.${suggest(other, names)} Routes: ${names.join(', ')}.`,
      });
    else if (leadsTo(name, other, routes, new Set()))
      problems.push({ path, message: `"${other}" leads back to "${name}"; take one of the two steps out.` });
  }
}

function leadsTo(name: string, from: string, routes: Settings['routes'], seen: Set<string>): boolean {
  if (from === name) return true;
  if (seen.has(from)) return false;
  seen.add(from);
  const next = ownValue(routes, from)?.when_budget_used ?? {};
  return Object.values(next).some((other) => leadsTo(name, other, routes, seen));
}

function checkRouteProviders(path: string, route: RouteSettings, known: readonly string[], problems: Problem[]): void {
  route.providers?.forEach((provider, i) => {
    if (!known.includes(provider)) {
      problems.push({
        path: `${path}[${i}]`,
        message: `"${provider}" is not a known provider.${suggest(provider, known)} Known: ${known.join(', ')}.`,
      });
    } else if (route.providers?.indexOf(provider) !== i) {
      problems.push({ path: `${path}[${i}]`, message: `"${provider}" is listed twice; keep one.` });
    }
  });
}

function checkRouteModels(
  path: string,
  route: RouteSettings,
  settings: Settings,
  known: readonly string[],
  problems: Problem[],
): void {
  const { providers } = route;
  route.models?.forEach((model, i) => {
    const target = findTarget(model, settings)?.target;
    if (target === undefined) {
      problems.push({ path: `${path}.models[${i}]`, message: unknownModel(model) });
    } else if (
      providers !== undefined &&
      providers.every((provider) => known.includes(provider)) &&
      !providers.includes(target.provider)
    ) {
      problems.push({
        path: `${path}.models[${i}]`,
        message: `"${model}" is a model of ${target.provider}, which ${path}.providers does not list; add ${target.provider} there, or drop the model.`,
      });
    }
  });
}

function checkWeights(path: string, route: RouteSettings, problems: Problem[]): void {
  for (const model of Object.keys(route.weights ?? {})) {
    if (route.strategy !== 'weighted') {
      problems.push({ path, message: `has an effect only with "strategy: weighted"; found ${route.strategy}.` });
    } else if (route.models !== undefined && !route.models.includes(model)) {
      problems.push({
        path: `${path}.${model}`,
        message: `is not one of this route's models.${suggest(model, route.models)}`,
      });
    }
  }
}
