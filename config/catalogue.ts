/**
 * What the gateway knows about models: their names, limits, capabilities and dated prices. Pure look-ups over
 * models.json, which `npm run catalogue` generates. Routes, keys and requests are not known here.
 */
import { isKnownProvider, type KnownProviderName } from './knownProviders';
import data from './models.json';
import { nearest } from './nearest';

/**
 * What a model can do beyond text: the kinds of input it reads, and the features routing asks for. `web_search` is a search
 * that its provider runs.
 */
export const capabilities = [
  'tools',
  'images',
  'pdf',
  'audio',
  'video',
  'json_schema',
  'reasoning',
  'caching',
  'web_search',
] as const;
/** One of them. */
export type Capability = (typeof capabilities)[number];

/** What a model is for. */
export const modelKinds = ['chat', 'embedding'] as const;
/** One of them. */
export type ModelKind = (typeof modelKinds)[number];

/**
 * What OpenAI refuses of a model at `/chat/completions`: `all`; `tools`, requests with function tools unless their effort is
 * `none`; `reasoned_tools`, the same only where they name an effort.
 */
export type ChatRefusal = 'all' | 'tools' | 'reasoned_tools';

/** Integer nano-USD per token (one USD per million tokens is 1,000). */
export interface Rates {
  input: number;
  output: number;
  cache_read: number;
  cache_write_5m: number;
  cache_write_1h: number;
  /** Only where audio input costs something else than text. */
  input_audio?: number;
  /** Nano-USD of one search of the web, as its provider counts them; absent where it has none. */
  search?: number;
  /** Only where a search by the older tool, OpenAI's `web_search_preview`, costs something else. */
  search_preview?: number;
}

/** Rates with the day they begin to hold. */
export interface Price extends Rates {
  /** ISO date (UTC) the price holds from. */
  from: string;
  /** What the *whole* request costs once it has more than `above` input tokens, cached ones included. */
  long_context?: Rates & { above: number };
}

/** A model the catalogue knows. */
export interface Model {
  /** The provider's own id: what is sent upstream. */
  id: string;
  provider: KnownProviderName;
  /** As people read it, for example `Claude Opus 4.7`. */
  name: string;
  /** OpenRouter's id, for example `anthropic/claude-opus-4.7`. */
  openrouter_id: string;
  /** Other accepted spellings; `id` is sent for them. */
  aliases: string[];
  /** Dated ids: sent upstream as asked, so that a pinned version stays pinned. */
  dated: string[];
  /** What it answers: chat, or requests for embeddings. */
  kind: ModelKind;
  /** Tokens of input and output together. */
  context: number;
  /** Tokens; 0 for embeddings, which have no output. */
  max_output: number;
  capabilities: Capability[];
  /** ISO date. */
  released: string;
  /** Among the general chat models the gateway offers by itself; others are served when named. */
  current: boolean;
  /** The one chat model of its provider that an `ordered` route without models uses. */
  default: boolean;
  /** What OpenAI refuses of it at `/chat/completions`, and takes at `/responses`; absent where it takes everything. */
  chat_refuses?: ChatRefusal;
  /** It takes its provider's web search only without functions beside it. */
  search_alone?: true;
  /** Ascending by `from`; at least one. */
  prices: Price[];
  /** The day the provider has said it will stop answering, and the model that takes over. */
  retires?: { on: string; to: string };
  /** Where limits and capabilities, and the prices, were read, and on which day (ISO date). */
  source: { facts: string; prices: string; date: string };
}

/** What a name of the catalogue stands for. */
export interface Resolved {
  model: Model;
  /** The id to send upstream. */
  send: string;
  /** Set when the name was retired or misspelt and a successor answers: a sentence naming both. */
  warning?: string;
}

/** Every model, the rows of one provider together. */
export const models = data.models as readonly Model[];

/**
 * The price of models the catalogue does not know: $5 / $25 per million, cache read $0.50, cache write $6.25 (5 minutes)
 * and $10 (1 hour), a search $0.014. It is that of a frontier model, so that an unknown name is rarely counted too cheap
 * and never free.
 */
export const UNKNOWN_PRICE: Price = {
  from: '1970-01-01',
  input: 5_000,
  output: 25_000,
  cache_read: 500,
  cache_write_5m: 6_250,
  cache_write_1h: 10_000,
  search: 14_000_000,
};

/**
 * The model a name stands for, and the id to send upstream for it; `undefined` for a name that is not in the catalogue
 * (`nearestModels` then helps). Accepted in any case: native ids, dotted and other aliases, dated ids, and any of them
 * behind `anthropic/`, `openai/`, `google/` or OpenRouter's `~provider/`. Retired and misspelt names come back as their
 * successor with a warning.
 *
 * @param provider find only models of this one
 * @param on ISO date (UTC): models whose announced last day has come are answered by their successor; without it the
 *   announcement is ignored
 */
export function findModel(name: string, provider?: KnownProviderName, on?: string): Resolved | undefined {
  const found = names.get(name) ?? search(name);
  if (found === undefined || (provider !== undefined && found.model.provider !== provider)) return undefined;
  return on === undefined ? found : asOf(found, name, on);
}

/** Up to three native ids like this name, newest first among equals; for messages about unknown models. */
export function nearestModels(name: string): string[] {
  const wanted = splitProvider(name.slice(0, MAX_NAME).toLowerCase()).bare;
  return nearest(wanted, suggestions);
}

// ---

const MAX_NAME = 200;

/** Endings of dated and moving ids: `-20250514`, `-2024-04-09`, `-0613`, `-002`, `-05-20`, `-latest`, `-exp`. */
const VERSION = /-(?:\d{8}|\d{4}-\d{2}-\d{2}|\d{2}-\d{2,4}|\d{3,4}|latest|exp)$/;

const names = new Map<string, Resolved>();
for (const model of models) {
  const resolved: Resolved = { model, send: model.id };
  for (const name of [model.id, ...model.aliases, bareName(model.openrouter_id)]) names.set(name, resolved);
  for (const name of model.dated) names.set(name, { model, send: name });
}

const retired = new Map(Object.entries(data.retired));
const misspelt = new Map(Object.entries(data.misspelt));

const suggestions = [...models]
  .sort((a, b) => Number(b.current) - Number(a.current) || b.released.localeCompare(a.released))
  .map((model) => model.id);

/** Everything but a name spelt exactly as in the catalogue. */
function search(asked: string): Resolved | undefined {
  if (asked.length > MAX_NAME) return undefined;
  const { provider, bare } = splitProvider(asked.toLowerCase());
  if (provider === null) return undefined;
  const found = names.get(bare) ?? names.get(bare.replaceAll('.', '-')) ?? successor(bare);
  return provider === undefined || found?.model.provider === provider ? found : undefined;
}

/** `provider` is undefined for a bare name, and null for a prefix that is none of ours. */
function splitProvider(name: string): { provider: KnownProviderName | undefined | null; bare: string } {
  const slash = name.indexOf('/');
  if (slash === -1) return { provider: undefined, bare: name.trim() };
  const prefix = name.slice(name.startsWith('~') ? 1 : 0, slash).trim();
  const provider = isKnownProvider(prefix) ? prefix : null;
  return { provider, bare: name.slice(slash + 1).trim() };
}

function successor(name: string): Resolved | undefined {
  const plain = name.replaceAll('.', '-');
  const stem = plain.replace(VERSION, '');
  const heir = retired.get(plain) ?? retired.get(stem);
  if (heir !== undefined) return answeredBy(heir, `${name} is no longer sold; ${heir} answers in its place`);
  const meant = misspelt.get(plain) ?? misspelt.get(stem);
  if (meant !== undefined) return answeredBy(meant, `${name} is not a model's name; ${meant} answers in its place`);
  return undefined;
}

function answeredBy(id: string, warning: string): Resolved | undefined {
  const found = names.get(id);
  return found && { ...found, warning };
}

function asOf(found: Resolved, asked: string, on: string): Resolved {
  const { retires } = found.model;
  if (retires === undefined || on < retires.on) return found;
  const warning = `${asked} is no longer sold since ${retires.on}; ${retires.to} answers in its place`;
  return answeredBy(retires.to, warning) ?? found;
}

function bareName(openrouterId: string): string {
  return openrouterId.slice(openrouterId.indexOf('/') + 1);
}
