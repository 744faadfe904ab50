// The list of models: one document whose fields satisfy OpenAI's, Anthropic's and OpenRouter's clients at once.

import { models as catalogue, type ModelKind, type Price } from '../../../config/catalogue';
import { type Config, type Route } from '../../../config/load';
import { isKnownProvider } from '../../../config/knownProviders';
import { findTarget, type FoundTarget } from '../../../config/resolve';
import { catalogueTarget, rateOn, type Target } from '../../../config/target';
import type { Dialect } from '../core/errorBody';
import { GatewayError } from '../core/errors';
import { longestModelName } from '../pipeline/inspect';
import { allowedTargets, type ScopedKey, usableTargets } from '../pipeline/keyScope';
import { claudePrefix, routeNamed } from '../pipeline/plan';

/** Whose list it is, and of which day (ISO date, for prices). Without a key, of whoever asks. */
export interface ListedFor {
  readonly config: Config;
  readonly key: ScopedKey | undefined;
  readonly day: string;
}

/**
 * Every route and every current model of the providers that are present, as far as the key may use them.
 * @param dialect `openai`: embedding models too, which the other APIs list elsewhere or not at all; `anthropic`: routes also
 *   under names with `claude` in them, because Claude Code shows no others
 */
export function listModels(to: ListedFor, dialect: Dialect): object {
  const routes = routeEntries(to);
  const aliases =
    dialect === 'anthropic' ? routes.map((route) => ({ ...route, id: `${claudePrefix}${route.id}` })) : [];
  const embeddings = dialect === 'openai' ? modelEntries(to, 'embedding') : [];
  const data = [...routes, ...aliases, ...modelEntries(to, 'chat'), ...embeddings];
  return {
    object: 'list',
    data,
    has_more: false,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  };
}

/** The same in the shape of Gemini's API. Source: Gemini API reference, "models.list". */
export function listGeminiModels(to: ListedFor): object {
  return { models: [...routeEntries(to), ...modelEntries(to, 'chat')].map(geminiEntry) };
}

/** One of them in the shape of Gemini's API. @throws GatewayError unknown_model, not_allowed */
export function oneGeminiModel(to: ListedFor, name: string): object {
  return geminiEntry(oneModel(to, name));
}

/** One model or route, by any of its names. @throws GatewayError unknown_model, not_allowed */
export function oneModel({ config, key = unscoped, day }: ListedFor, name: string): Entry {
  if (name.length > longestModelName) throw unknown(name);
  const named = routeNamed(config, name);
  if (named !== undefined && named.targets.length > 0)
    return routeEntry(named, allowedTargets(config, key, { ...named, requested: name, route: named.name }, day), day);
  const found = findTarget(name, config.settings, day);
  if (found === undefined || !config.providers.has(found.target.provider) || goesOn(config, name, found, day)) {
    throw unknown(name);
  }
  allowedTargets(config, key, { requested: name, route: null, targets: [found.target] }, day);
  return entry(found.target.model, found.target, day);
}

// ---

type Entry = ReturnType<typeof entry>;

function unknown(name: string): GatewayError {
  return new GatewayError('unknown_model', {
    field: 'model',
    message: `There is no model or route "${name.slice(0, 100)}" here. GET /v1/models lists them all.`,
  });
}

// Whether a name is that of a model with more behind it (`openai/gpt-5.5/endpoints`), which no model of any provider has.
function goesOn(config: Config, name: string, { target }: FoundTarget, day: string): boolean {
  if (target.priced !== 'unknown' || config.providers.get(target.provider)?.models.has(target.model) === true)
    return false;
  if (isKnownProvider(target.provider) && target.model.includes('/')) return true;
  for (let slash = name.lastIndexOf('/'); slash > 0; slash = name.lastIndexOf('/', slash - 1)) {
    const before = name.slice(0, slash);
    const known = findTarget(before, config.settings, day)?.target;
    const isOwn = known !== undefined && config.providers.get(known.provider)?.models.has(known.model) === true;
    if (routeNamed(config, before) !== undefined || known?.row !== undefined || isOwn) return true;
  }
  return false;
}

function geminiEntry(of: Entry): object {
  return {
    name: `models/${of.id}`,
    baseModelId: of.id,
    version: '001',
    displayName: of.display_name,
    description: of.name,
    inputTokenLimit: of.context_length ?? 0,
    outputTokenLimit: of.top_provider.max_completion_tokens ?? 0,
    supportedGenerationMethods: of.supported_parameters.length === 0 ? [] : ['generateContent', 'countTokens'],
  };
}

function routeEntries({ config, key = unscoped, day }: ListedFor): Entry[] {
  return [...config.routes.values()].flatMap((route) => {
    const targets = usableTargets(config, key, { route: route.name, targets: route.targets }, day);
    return targets.length === 0 ? [] : [routeEntry(route, targets, day)];
  });
}

/** @param targets of the route, those that may be used: at least one */
function routeEntry({ name, strategy }: Route, targets: readonly Target[], day: string): Entry {
  const widest = targets.reduce((best, target) => ((target.context ?? 0) > (best.context ?? 0) ? target : best));
  return {
    ...entry(name, widest, day),
    display_name: `${name} (route: ${strategy})`,
    name: `Route: ${name}`,
    owned_by: 'ovth',
  };
}

/** A key that may use everything. */
const unscoped: ScopedKey = { label: '', models: null, routes: null };

// A model of the operator's own of which nobody says what it is for is listed among the chat models.
function modelEntries({ config, key = unscoped, day }: ListedFor, kind: ModelKind): Entry[] {
  const rows = catalogue
    .filter((row) => row.kind === kind && (row.current || kind === 'embedding') && config.providers.has(row.provider))
    .map((row) => ({ id: row.id, target: catalogueTarget(row, row.id) }));
  const own = [...config.providers.values()]
    .flatMap((provider) => [...provider.models.values()])
    .filter((target) => (target.kind ?? 'chat') === kind)
    .map((target) => ({ id: target.label, target }));
  return [...rows, ...own]
    .filter(({ target }) => usableTargets(config, key, { route: null, targets: [target] }, day).length > 0)
    .map(({ id, target }) => entry(id, target, day));
}

function entry(id: string, target: Target, day: string) {
  const released = target.row?.released ?? '2024-01-01';
  const inputs = [
    'text',
    ...(['images', 'pdf', 'audio', 'video'] as const)
      .filter((kind) => target.capabilities.has(kind))
      .map((kind) => inputNames[kind]),
  ];
  const name = target.row?.name ?? target.label;
  const output = target.kind === 'embedding' ? 'embeddings' : 'text'; // OpenRouter's words
  return {
    // OpenAI
    id,
    object: 'model',
    created: Math.floor(Date.parse(released) / 1_000),
    owned_by: target.provider,
    // Anthropic
    type: 'model',
    display_name: name,
    created_at: `${released}T00:00:00Z`,
    // OpenRouter
    name,
    canonical_slug: target.row?.openrouter_id ?? target.label,
    description: '',
    context_length: target.context ?? null,
    architecture: {
      modality: `${inputs.join('+')}->${output}`,
      input_modalities: inputs,
      output_modalities: [output],
      tokenizer: target.provider,
      instruct_type: null,
    },
    pricing: pricing(rateOn(target, day)),
    top_provider: {
      context_length: target.context ?? null,
      max_completion_tokens: target.maxOutput ?? null,
      is_moderated: false,
    },
    per_request_limits: null,
    supported_parameters: parameters(target),
  };
}

const inputNames = { images: 'image', pdf: 'file', audio: 'audio', video: 'video' } as const;

// OpenRouter's form: USD per token and per search, as text.
function pricing(price: Price) {
  const usd = (nano: number) => (nano / 1e9).toFixed(12).replace(/\.?0+$/, '');
  return {
    prompt: usd(price.input),
    completion: usd(price.output),
    request: '0',
    image: '0',
    input_cache_read: usd(price.cache_read),
    input_cache_write: usd(price.cache_write_5m),
    input_cache_write_1h: usd(price.cache_write_1h),
    ...(price.search === undefined ? {} : { web_search: usd(price.search) }),
  };
}

function parameters(target: Target): string[] {
  if (target.kind === 'embedding') return [];
  const out = ['max_tokens', 'temperature', 'top_p', 'stop'];
  if (target.capabilities.has('tools')) out.push('tools', 'tool_choice');
  if (target.capabilities.has('json_schema')) out.push('response_format', 'structured_outputs');
  if (target.capabilities.has('reasoning')) out.push('reasoning', 'include_reasoning');
  return out;
}
