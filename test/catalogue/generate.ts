/**
 * Owns the making of config/models.json: facts and limits from a models.dev snapshot, prices and their history from
 * genai-prices, the rest from overrides.ts. A development tool (`npm run catalogue`); nothing at run time imports it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { calcPrice, type ModelPrice } from '@pydantic/genai-prices';
import type { Capability, Model, Price, Rates } from '../../config/catalogue';
import type { KnownProviderName } from '../../config/knownProviders';
import { devDependencies } from '../../package.json';
import { CHECKED, misspelt, retired, rows, type Facts, type Row, type UsdPrice, type UsdRates } from './overrides';

/** One model of the snapshot; fields it lacks are absent. */
export interface Fact {
  name?: string;
  release_date?: string;
  reasoning?: boolean;
  tool_call?: boolean;
  structured_output?: boolean;
  limit?: { context?: number; output?: number };
  modalities?: { input: string[] };
  cost?: UsdCost & { tiers?: (UsdCost & { tier: { size: number } })[] };
}
export interface UsdCost {
  input?: number;
  output?: number;
  cache_read?: number;
  cache_write?: number;
  input_audio?: number;
}
export interface FactsFile {
  source: string;
  providers: Record<KnownProviderName, Record<string, Fact | undefined>>;
}

const GENAI_PRICES = `@pydantic/genai-prices ${devDependencies['@pydantic/genai-prices']}`;

/** The snapshot, or undefined where the folder that holds it is not there. */
export function readFacts(): FactsFile | undefined {
  const path = join(process.env['OVTH_SHARED'] ?? '../shared', 'catalogue', 'models-dev.json');
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as FactsFile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The text of config/models.json. Throws when a row has no facts or no price in any source. */
export function generate(facts: FactsFile): string {
  const catalogue = {
    models: rows.map((row) => modelOf(row, facts)),
    retired: turnAround(retired),
    misspelt: turnAround(misspelt),
  };
  return print(catalogue);
}

/** What the snapshot says, in the catalogue's terms; absent where it has no limits. */
export function factsOf(row: Row, fact: Fact | undefined): Facts | undefined {
  if (fact?.name === undefined || fact.release_date === undefined || fact.limit?.context === undefined)
    return undefined;
  const inputs = fact.modalities?.input ?? [];
  const has: [Facts['capabilities'][number], boolean | undefined][] = [
    ['tools', fact.tool_call],
    ['images', inputs.includes('image')],
    ['pdf', inputs.includes('pdf')],
    ['audio', inputs.includes('audio')],
    ['video', inputs.includes('video')],
    // Anthropic's models have structured outputs from 4.5 on, and no older one is in the catalogue.
    ['json_schema', fact.structured_output === true || row.provider === 'anthropic'],
    ['reasoning', fact.reasoning],
  ];
  return {
    name: fact.name.replace(/ \(latest\)$/, ''),
    released: fact.release_date,
    context: fact.limit.context,
    // The snapshot has the length of the vector here.
    max_output: row.kind === 'embedding' ? 0 : (fact.limit.output ?? 0),
    capabilities: has.filter(([, yes]) => yes).map(([capability]) => capability),
  };
}

/** Nano-USD per token from USD per million tokens; throws on a price that would have to be rounded. */
export function nano(usdPerMillion: number): number {
  const exact = usdPerMillion * 1000;
  if (Math.abs(exact - Math.round(exact)) > 1e-6) throw new Error(`${usdPerMillion} USD/M is not whole nano-USD`);
  return Math.round(exact);
}

// ---

function modelOf(row: Row, file: FactsFile): Model {
  const facts = row.facts ?? factsOf(row, file.providers[row.provider][row.id]);
  if (facts === undefined) throw new Error(`no facts for ${row.id}: add them to overrides.ts`);
  const history = row.prices?.history ?? historyOf(row, facts.released);
  const cached = history.some((price) => price.cache_read !== undefined);
  const openrouterId = `${row.provider}/${row.provider === 'anthropic' ? dotted(row.id) : row.id}`;
  return {
    id: row.id,
    provider: row.provider,
    name: facts.name,
    openrouter_id: openrouterId,
    aliases: [...new Set([...spellings(row.id), ...(row.aliases ?? [])])].filter((alias) => alias !== row.id),
    dated: row.dated ?? [],
    kind: row.kind ?? 'chat',
    context: facts.context,
    max_output: facts.max_output,
    capabilities: [
      ...facts.capabilities,
      ...(cached ? ['caching' as const] : []),
      ...(row.kind === 'embedding' ? [] : ['web_search' as const]),
    ] satisfies Capability[],
    released: facts.released,
    current: row.current ?? false,
    default: row.default ?? false,
    prices: history.map((price) => priceOf(price, row)),
    ...(row.retires && { retires: row.retires }),
    ...(row.chat_refuses && { chat_refuses: row.chat_refuses }),
    ...(row.search_alone && { search_alone: row.search_alone }),
    source: {
      facts: row.facts?.source ?? file.source.split(';')[0] ?? file.source,
      prices: row.prices?.source ?? GENAI_PRICES,
      date: CHECKED,
    },
  };
}

/** `claude-opus-4-7` → `claude-opus-4.7`. */
function dotted(id: string): string {
  return id.replace(/-(\d+)-(\d+)$/, '-$1.$2');
}

/** Dots for dashes and back; and Claude's older order of words, which OpenRouter and others still use. */
function spellings(id: string): string[] {
  const claude = /^claude-([a-z]+)-([\d-]+)$/.exec(id);
  if (claude === null) return [id.replaceAll('.', '-')];
  const [, tier = '', version = ''] = claude;
  return [dotted(id), `claude-${version}-${tier}`, `claude-${version.replaceAll('-', '.')}-${tier}`];
}

function historyOf(row: Row, released: string): UsdPrice[] {
  const found = calcPrice({ input_tokens: 1 }, row.id, { providerId: row.provider })?.model.prices;
  if (found === undefined) throw new Error(`no price for ${row.id}: add it to overrides.ts`);
  if (!Array.isArray(found)) return [usdPrice(found, released)];
  return found.map(({ constraint, prices }) => {
    if (constraint?.type === 'time_of_date') throw new Error(`${row.id} has prices by the hour`);
    return usdPrice(prices, constraint?.start_date ?? released);
  });
}

function usdPrice(prices: ModelPrice, from: string): UsdPrice {
  const tiers = Object.values(prices).flatMap((rate) => (typeof rate === 'object' ? rate.tiers : []));
  const above = tiers[0]?.start;
  const base = usdRates(prices, undefined);
  if (above === undefined) return { from, ...base };
  if (tiers.some((tier) => tier.start !== above)) throw new Error('more than one long-context tier');
  return { from, ...base, long_context: { above, ...usdRates(prices, above) } };
}

function usdRates(prices: ModelPrice, above: number | undefined): UsdRates {
  const rate = (key: string): number | undefined => {
    const found = prices[key];
    if (typeof found !== 'object') return found;
    return above === undefined ? found.base : found.tiers.find((tier) => tier.start === above)?.price;
  };
  const optional = {
    cache_read: rate('cache_read_mtok'),
    cache_write_5m: rate('cache_write_mtok'),
    cache_write_1h: rate('cache_write_1h_mtok'),
    input_audio: rate('input_audio_mtok'),
  };
  const given = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
  return { input: rate('input_mtok') ?? 0, output: rate('output_mtok') ?? 0, ...given };
}

function priceOf({ from, long_context, ...base }: UsdPrice, row: Row): Price {
  const { provider } = row;
  const price = { from, ...rates(base, provider), ...searchPrice(row) };
  if (long_context === undefined) return price;
  const { above, ...long } = long_context;
  return { ...price, long_context: { above, ...rates(long, provider) } };
}

// Nano-USD of one search. All chat models of the catalogue have it, at one price for each provider but Google, which counts
// the searches of Gemini 3 and the prompts of Gemini 2.5 that were searched for. Sources:
// https://platform.claude.com/docs/en/about-claude/pricing ($10 for 1,000), https://openai.com/api/pricing ($10 for 1,000
// calls of `web_search`; $25 for `web_search_preview` on models that do not reason),
// https://ai.google.dev/gemini-api/docs/pricing ($14 for 1,000 searches, $35 for 1,000 prompts) (2026-11).
function searchPrice({ id, provider, kind }: Row): Pick<Price, 'search' | 'search_preview'> {
  if (kind === 'embedding') return {};
  if (/^gpt-4/.test(id)) return { search: 10_000_000, search_preview: 25_000_000 };
  if (provider !== 'google') return { search: 10_000_000 };
  return { search: id.startsWith('gemini-2') ? 35_000_000 : 14_000_000 };
}

/**
 * Fills what a provider does not price apart: tokens read from a cache without its own price cost what input costs, and
 * so do tokens written to one. OpenAI and Google have no one-hour write, so that rate is never above their only one.
 */
function rates(usd: UsdRates, provider: KnownProviderName): Rates {
  if (provider === 'anthropic' && (usd.cache_write_5m === undefined || usd.cache_write_1h === undefined))
    throw new Error('Anthropic sells two kinds of cache writes; one has no price');
  const write = usd.cache_write_5m ?? usd.input;
  return {
    input: nano(usd.input),
    output: nano(usd.output),
    cache_read: nano(usd.cache_read ?? usd.input),
    cache_write_5m: nano(write),
    cache_write_1h: nano(usd.cache_write_1h ?? write),
    ...(usd.input_audio !== undefined && usd.input_audio !== usd.input && { input_audio: nano(usd.input_audio) }),
  };
}

/** `{successor: [names]}` → `{name: successor}`. */
function turnAround(table: Record<string, string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(table).flatMap(([to, from]) => from.map((name) => [name, to])));
}

/** JSON with the innermost objects and lists on one line each: a price or a list of names is one line of a diff. */
function print(value: unknown): string {
  const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ');
  const indented = JSON.stringify(value, null, 2).replace(/"source": \{[^{}]*\}|\[[^[\]{}]*\]/g, oneLine);
  return `${indented.replace(/\{\n\s+"(?:from|above|on)": [^{}]*\}/g, oneLine)}\n`;
}

if (require.main === module) {
  const facts = readFacts();
  if (facts === undefined) throw new Error('no catalogue/models-dev.json: set OVTH_SHARED to the folder that has it');
  writeFileSync(join('config', 'models.json'), generate(facts));
}
