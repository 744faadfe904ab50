// From text and environment to a configuration the gateway can run on, or to all that is wrong with them at once.

import { hash } from 'node:crypto';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { findModel, models, nearestModels } from './catalogue';
import { defaultLimits, limitNames, type Limits } from './limits';
import { plainHttpAllowed } from './plainHttp';
import { ConfigError, fromZod, type Problem, suggest } from './problems';
import { type ProviderSettings, type RouteSettings, type Settings, settingsSchema, type Strategy } from './schema';
import { Secret } from './secret';
import { catalogueTarget, configuredTarget, type Target, unknownTarget } from './target';
import { isKnownProvider, knownProviders, type WireId } from './knownProviders';

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

export interface Route {
  readonly name: string;
  readonly strategy: Strategy;
  readonly strict: boolean;
  /** Only those whose provider is present. */
  readonly targets: readonly Target[];
  /** Target label → share, for `weighted`. */
  readonly weights: ReadonlyMap<string, number>;
}

/** An immutable snapshot; a reload makes a new one. */
export interface Config {
  readonly settings: Settings;
  /** Present ones only: known, and with a key where one is needed. */
  readonly providers: ReadonlyMap<string, Provider>;
  /** Known providers that are absent → the environment variable that would bring them. */
  readonly absent: ReadonlyMap<string, string>;
  readonly routes: ReadonlyMap<string, Route>;
  readonly limits: Limits;
  readonly masterKey: Secret | undefined;
  readonly warnings: readonly string[];
  /** SHA-256 over text and secrets, to tell whether anything changed. */
  readonly digest: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param text config.yaml; undefined when there is none, which means all defaults.
 * @param today ISO date; models past their last day are answered by their successors.
 * @throws ConfigError with every problem of the text and the environment.
 */
export function loadConfig(text: string | undefined, environment: Environment, today = isoDay(Date.now())): Config {
  const problems: Problem[] = [];
  const settings = collect(problems, () => parseSettings(text)) ?? settingsSchema.parse({});
  const warnings: string[] = [];
  const masterKey = checkMasterKey(environment['OVTH_MASTER_KEY'], problems);
  const { providers, absent } = findProviders(settings, environment, problems);
  for (const [label, key] of Object.entries(settings.keys)) {
    if (key.sha256 === undefined)
      problems.push({
        path: `keys.${label}.sha256`,
        message:
          'is missing: write the hash of the key here, or leave the entry out and mint a key with POST /admin/keys.',
      });
  }
  if (problems.length === 0 && providers.size === 0) problems.push(noProvider());
  const routes = new Map<string, Route>();
  for (const [name, route] of Object.entries(settings.routes)) {
    const plan = resolveRoute(name, route, settings, warnings, today);
    const targets = plan.filter((target) => providers.has(target.provider));
    if (targets.length === 0) {
      const needed = [...new Set(plan.map((target) => absent.get(target.provider) ?? target.provider))];
      warnings.push(`routes.${name}: none of its providers has a key; set ${needed.join(' or ')}.`);
    }
    routes.set(name, {
      name,
      strategy: route.strategy,
      strict: route.strict,
      targets,
      weights: weightsOf(route, plan),
    });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    settings,
    providers,
    absent,
    routes,
    limits: limitsOf(settings),
    masterKey,
    warnings,
    digest: digestOf(text, providers, masterKey),
  };
}

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

/** Settings → the warnings that loading them would print (retired models and the like), with no environment. */
export function warningsOf(settings: Settings, today = isoDay(Date.now())): string[] {
  const warnings: string[] = [];
  for (const [name, route] of Object.entries(settings.routes)) resolveRoute(name, route, settings, warnings, today);
  return warnings;
}

/** ISO date of a moment, in UTC. @param now milliseconds since 1970 */
export function isoDay(now: number): string {
  const day = Math.floor(now / 86_400_000);
  if (day !== known.day) known = { day, text: new Date(now).toISOString().slice(0, 10) };
  return known.text;
}

// Asked for several times a request, and the same all day.
let known = { day: -1, text: '' };

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

function parseYaml(text: string): unknown {
  const fail: (message: string) => never = (message) => {
    throw new ConfigError([{ path: '', message }]);
  };
  if (text.startsWith('\uFEFF'))
    fail('line 1, column 1: the file starts with a byte-order mark; save it as plain UTF-8.');
  if (text.trim() === '') fail('the file is empty; write at least one setting, or remove the file to run on defaults.');
  const lines = new LineCounter();
  const document = parseDocument(text, { uniqueKeys: true, lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map((error) => {
        const { line, col } = lines.linePos(error.pos[0]);
        return { path: '', message: `line ${line}, column ${col}: ${yamlMessage(error.message, text, error.pos[0])}` };
      }),
    );
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    fail(`the file cannot be read as YAML: ${error instanceof Error ? error.message : String(error)}.`);
  }
  if (value === null || value === undefined)
    fail('the file is empty; write at least one setting, or remove the file to run on defaults.');
  if (typeof value !== 'object' || Array.isArray(value))
    fail('the file must be a mapping of settings, such as "routes:".');
  return value;
}

function yamlMessage(message: string, text: string, position: number): string {
  if (message.startsWith('Map keys must be unique')) {
    const key = /^[^:\n]*/.exec(text.slice(position))?.[0].trim() ?? '';
    return `"${key}" stands twice; keep one.`;
  }
  if (/tab/i.test(message)) return 'a tab is used for indentation; YAML wants spaces.';
  return `${message.replace(/\.$/, '')}.`;
}

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

/** A model name of a route (or of a request that is no route) → its target, present or not. */
export function findTarget(
  name: string,
  settings: Settings,
  today?: string,
): { target: Target; warning?: string } | undefined {
  const slash = name.indexOf('/');
  if (slash > 0) {
    const provider = name.slice(0, slash);
    const model = name.slice(slash + 1);
    const own = settings.providers[provider];
    const custom = own?.models[model];
    if (custom !== undefined) return { target: configuredTarget(provider, model, custom) };
    if (own !== undefined && !isKnownProvider(provider))
      return model === '' ? undefined : { target: unknownTarget(provider, model) };
  }
  const found = findModel(name, undefined, today);
  if (found !== undefined) {
    const target = catalogueTarget(found.model, found.send);
    return found.warning === undefined ? { target } : { target, warning: found.warning };
  }
  if (slash > 0 && slash < name.length - 1 && isKnownProvider(name.slice(0, slash))) {
    return { target: unknownTarget(name.slice(0, slash), name.slice(slash + 1)) };
  }
  for (const [provider, own] of Object.entries(settings.providers)) {
    const custom = own.models[name];
    if (custom !== undefined) return { target: configuredTarget(provider, name, custom) };
  }
  return undefined;
}

function resolveRoute(
  name: string,
  route: RouteSettings,
  settings: Settings,
  warnings: string[],
  today: string,
): Target[] {
  if (route.models !== undefined) {
    return route.models.flatMap((model, i) => {
      const found = findTarget(model, settings, today);
      if (found?.warning !== undefined) warnings.push(`routes.${name}.models[${i}]: ${found.warning}`);
      return found === undefined ? [] : [found.target];
    });
  }
  const providers = route.providers ?? [
    ...new Set([...Object.keys(knownProviders), ...Object.keys(settings.providers)]),
  ];
  return providers.flatMap((provider) => {
    const own = Object.entries(settings.providers[provider]?.models ?? {}).map(([model, custom]) =>
      configuredTarget(provider, model, custom),
    );
    const rows = models.filter((row) => row.provider === provider && row.kind === 'chat');
    const chosen = route.strategy === 'ordered' ? rows.filter((row) => row.default) : rows.filter((row) => row.current);
    const all = [...own, ...chosen.map((row) => catalogueTarget(row, row.id))];
    return route.strategy === 'ordered' ? all.slice(0, 1) : all;
  });
}

function weightsOf(route: RouteSettings, plan: readonly Target[]): Map<string, number> {
  const weights = new Map<string, number>();
  route.models?.forEach((model, i) => {
    const target = plan[i];
    if (target !== undefined) weights.set(target.label, route.weights?.[model] ?? 1);
  });
  return weights;
}

function findProviders(
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

function noProvider(): Problem {
  const variables = Object.values(knownProviders).map((provider) => provider.api_key_env);
  return {
    path: '',
    message: `no provider has a key: set at least one of ${variables.join(', ')} (in the environment or in .env), or try it without any key: npm run demo.`,
  };
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

function limitsOf(settings: Settings): Limits {
  return Object.fromEntries(
    limitNames.map((name) => [name, settings.limits[name] ?? defaultLimits[name]]),
  ) as unknown as Limits;
}

function digestOf(text: string | undefined, providers: Map<string, Provider>, masterKey: Secret | undefined): string {
  const secrets = [...providers.values()].map((provider) => [provider.name, provider.key?.reveal() ?? '']);
  return hash('sha256', JSON.stringify([text ?? null, secrets, masterKey?.reveal() ?? '']));
}
