// Settings: a value checked against the schema, and then for what no schema can say.

import { z } from 'zod';
import { nearestModels } from './catalogue';
import { isKnownProvider, knownProviders } from './knownProviders';
import { plainHttpAllowed } from './plainHttp';
import { ConfigError, fromZod, type Problem, suggest } from './problems';
import { findTarget } from './resolve';
import { type Settings, settingsSchema } from './schema';
import { parseYaml } from './yaml';

/** config.yaml → checked settings. @throws ConfigError with every problem. */
export function parseSettings(text: string | undefined): Settings {
  return checkSettings(text === undefined ? {} : parseYaml(text), settingsSchema);
}

/**
 * Checks a value against a schema of settings and then what no schema can say (routes against providers and models).
 * @throws ConfigError with every problem.
 */
export function checkSettings<S extends z.ZodType<Settings>>(value: unknown, schema: S): z.output<S> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new ConfigError(fromZod(parsed.error, value, (path) => namesAt(schema, path)));
  const problems: Problem[] = [];
  checkProviders(parsed.data, problems);
  checkRoutes(parsed.data, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return parsed.data;
}

// ---

// The names a mapping of the schema allows, read off its JSON schema so that there is one source.
function namesAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  interface Node {
    properties?: Record<string, Node>;
    additionalProperties?: Node | boolean;
    items?: Node;
  }
  let node: Node | undefined = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Node;
  for (const step of path) {
    if (typeof step === 'number') node = node?.items;
    else
      node =
        node?.properties?.[String(step)] ??
        (typeof node?.additionalProperties === 'object' ? node.additionalProperties : undefined);
  }
  return Object.keys(node?.properties ?? {});
}

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
    if (
      provider.base_url !== undefined &&
      provider.base_url.startsWith('http:') &&
      !plainHttpAllowed(provider.base_url)
    ) {
      problems.push({
        path: `${path}.base_url`,
        message: `must be https://; plain http:// is accepted only on loopback, private addresses, single-label names and .internal, found ${JSON.stringify(provider.base_url)}.`,
      });
    }
    if (provider.base_url !== undefined && /[?#@]/.test(provider.base_url)) {
      problems.push({
        path: `${path}.base_url`,
        message:
          'must not hold credentials, a query or a fragment; put the key into the variable named by api_key_env.',
      });
    }
  }
}

function checkRoutes(settings: Settings, problems: Problem[]): void {
  const known = [...Object.keys(knownProviders), ...Object.keys(settings.providers)];
  for (const [name, route] of Object.entries(settings.routes)) {
    const path = `routes.${name}`;
    route.providers?.forEach((provider, i) => {
      if (!known.includes(provider)) {
        problems.push({
          path: `${path}.providers[${i}]`,
          message: `"${provider}" is not a known provider.${suggest(provider, known)} Known: ${[...new Set(known)].join(', ')}.`,
        });
      } else if (route.providers?.indexOf(provider) !== i) {
        problems.push({ path: `${path}.providers[${i}]`, message: `"${provider}" is listed twice; keep one.` });
      }
    });
    route.models?.forEach((model, i) => {
      const target = findTarget(model, settings)?.target;
      if (target === undefined) {
        const near = nearestModels(model);
        problems.push({
          path: `${path}.models[${i}]`,
          message: `"${model}" is not a known model.${near.length > 0 ? ` Nearest: ${near.join(', ')}.` : ''} A model the catalogue does not know is written provider/model.`,
        });
      } else if (
        route.providers !== undefined &&
        route.providers.every((provider) => known.includes(provider)) &&
        !route.providers.includes(target.provider)
      ) {
        problems.push({
          path: `${path}.models[${i}]`,
          message: `"${model}" is a model of ${target.provider}, which routes.${name}.providers does not list; add ${target.provider} there, or drop the model.`,
        });
      }
    });
    for (const model of Object.keys(route.weights ?? {})) {
      if (route.strategy !== 'weighted')
        problems.push({
          path: `${path}.weights`,
          message: `has an effect only with "strategy: weighted"; found ${route.strategy}.`,
        });
      else if (route.models !== undefined && !route.models.includes(model)) {
        problems.push({
          path: `${path}.weights.${model}`,
          message: `is not one of this route's models.${suggest(model, route.models)}`,
        });
      }
    }
  }
}
