/**
 * Owns the hand-kept part of the catalogue: which models it has, their other names, who succeeds whom, and the facts and
 * prices that the two sources lack or have wrong. Everything else in config/models.json is generated from those sources.
 */
import type { Capability, ChatRefusal } from '../../config/catalogue';
import type { KnownProviderName } from '../../config/knownProviders';

/** The day the rows below were last compared with what the providers publish. */
export const CHECKED = '2026-11-26';

/** USD per million tokens. What is absent follows the provider's rule (see `rates` in generate.ts). */
export interface UsdRates {
  input: number;
  output: number;
  cache_read?: number;
  cache_write_5m?: number;
  cache_write_1h?: number;
  input_audio?: number;
}
export interface UsdPrice extends UsdRates {
  from: string;
  long_context?: UsdRates & { above: number };
}

export interface Facts {
  name: string;
  context: number;
  max_output: number;
  released: string;
  /** Without `caching`, which follows from the price, and `web_search`, which all chat models have. */
  capabilities: Exclude<Capability, 'caching' | 'web_search'>[];
}

export interface Row {
  id: string;
  provider: KnownProviderName;
  kind?: 'embedding';
  current?: true;
  default?: true;
  /** Besides the spellings that generate.ts derives (dots and dashes, `claude-4.7-opus`). */
  aliases?: string[];
  dated?: string[];
  retires?: { on: string; to: string };
  chat_refuses?: ChatRefusal;
  search_alone?: true;
  /** For a model the facts file lacks, or has without its limits. */
  facts?: Facts & { source: string };
  /** For a model that genai-prices lacks or has wrong. */
  prices?: { source: string; history: UsdPrice[] };
}

const CLAUDE: Facts['capabilities'] = ['tools', 'images', 'pdf', 'json_schema', 'reasoning'];
const GPT: Facts['capabilities'] = ['tools', 'images', 'pdf', 'json_schema', 'reasoning'];
const GEMINI: Facts['capabilities'] = ['tools', 'images', 'pdf', 'audio', 'video', 'json_schema', 'reasoning'];

const claude = (name: string, released: string, page: string): Facts & { source: string } => ({
  name,
  released,
  context: 1_000_000,
  max_output: 128_000,
  capabilities: CLAUDE,
  source: `https://platform.claude.com/docs/en/models/${page}/overview`,
});
const gpt = (name: string, released: string, page: string): Facts & { source: string } => ({
  name,
  released,
  context: 1_050_000,
  max_output: 128_000,
  capabilities: GPT,
  source: `https://developers.openai.com/api/docs/models/${page}`,
});
const gemini = (name: string, released: string, page: string): Facts & { source: string } => ({
  name,
  released,
  context: 1_048_576,
  max_output: 65_536,
  capabilities: GEMINI,
  source: `https://ai.google.dev/gemini-api/docs/models/${page}`,
});

/**
 * `current` means: sold today, general chat, not deprecated, not a -pro/-codex/-chat variant, and released since April
 * 2026 — plus Gemini 3.1 Pro, which is older but the only Pro that Google sells. Older ones are served when they are named.
 */
export const rows: Row[] = [
  // Anthropic. Lifecycle: https://platform.claude.com/docs/en/about-claude/model-deprecations
  {
    id: 'claude-fable-5-2',
    provider: 'anthropic',
    current: true,
    aliases: ['claude-fable-latest'],
    facts: claude('Claude Fable 5.2', '2026-11-09', 'fable-5-2'),
    // Newer than genai-prices 0.1.8. Cache hits are 0.025 × input, as on Fable 5.1; the one-hour write follows the 2 × rule.
    prices: {
      source: 'https://platform.claude.com/docs/en/about-claude/pricing',
      history: [{ from: '2026-11-09', input: 8, output: 40, cache_read: 0.2, cache_write_5m: 10, cache_write_1h: 16 }],
    },
  },
  {
    id: 'claude-fable-5-1',
    provider: 'anthropic',
    current: true,
    facts: claude('Claude Fable 5.1', '2026-09-01', 'fable-5-1'),
  },
  { id: 'claude-fable-5', provider: 'anthropic', current: true },
  {
    id: 'claude-opus-5-5',
    provider: 'anthropic',
    current: true,
    aliases: ['claude-opus-latest'],
    facts: claude('Claude Opus 5.5', '2026-09-22', 'opus-5-5'),
  },
  {
    id: 'claude-opus-5',
    provider: 'anthropic',
    current: true,
    facts: claude('Claude Opus 5', '2026-07-24', 'opus-5'),
  },
  { id: 'claude-opus-4-8', provider: 'anthropic', current: true },
  { id: 'claude-opus-4-7', provider: 'anthropic', current: true },
  { id: 'claude-opus-4-6', provider: 'anthropic' },
  { id: 'claude-opus-4-5', provider: 'anthropic', dated: ['claude-opus-4-5-20251101'] },
  {
    id: 'claude-sonnet-5-5',
    provider: 'anthropic',
    current: true,
    aliases: ['claude-sonnet-latest'],
    facts: claude('Claude Sonnet 5.5', '2026-09-28', 'sonnet-5-5'),
    // genai-prices 0.1.8 takes it for Sonnet 5 (`starts_with`), and so misses the cut of cache hits to 0.05 × input.
    prices: {
      source: 'https://platform.claude.com/docs/en/about-claude/pricing',
      history: [
        { from: '2026-09-28', input: 2, output: 10, cache_read: 0.2, cache_write_5m: 2.5, cache_write_1h: 4 },
        { from: '2026-10-07', input: 2, output: 10, cache_read: 0.1, cache_write_5m: 2.5, cache_write_1h: 4 },
      ],
    },
  },
  // Not 5.5: that one refuses a forced tool call (`tool_choice` any/tool), which many OpenAI clients rely on.
  { id: 'claude-sonnet-5', provider: 'anthropic', current: true, default: true },
  { id: 'claude-sonnet-4-6', provider: 'anthropic' },
  {
    id: 'claude-sonnet-4-5',
    provider: 'anthropic',
    dated: ['claude-sonnet-4-5-20250929'],
    // Not the newest: it took sampling settings and a forced tool, and Sonnet 4.6 is the newest that takes both.
    retires: { on: '2026-11-30', to: 'claude-sonnet-4-6' },
    // genai-prices keeps the tier above 200k at every date; the long-context beta ended on 2026-04-30.
    prices: {
      source: 'https://platform.claude.com/docs/en/about-claude/pricing',
      history: [
        {
          ...{ from: '2025-09-29', input: 3, output: 15, cache_read: 0.3, cache_write_5m: 3.75, cache_write_1h: 6 },
          long_context: {
            ...{ above: 200_000, input: 6, output: 22.5, cache_read: 0.6, cache_write_5m: 7.5, cache_write_1h: 12 },
          },
        },
        { from: '2026-04-30', input: 3, output: 15, cache_read: 0.3, cache_write_5m: 3.75, cache_write_1h: 6 },
      ],
    },
  },
  {
    id: 'claude-haiku-5-5',
    provider: 'anthropic',
    current: true,
    aliases: ['claude-haiku-latest'],
    facts: claude('Claude Haiku 5.5', '2026-10-07', 'haiku-5-5'),
    // Newer than genai-prices 0.1.8. Above 100k prompt tokens every token of the request costs five times as much.
    prices: {
      source: 'https://platform.claude.com/docs/en/models/haiku-5-5/overview',
      history: [
        {
          ...{
            from: '2026-10-07',
            input: 0.1,
            output: 0.5,
            cache_read: 0.01,
            cache_write_5m: 0.125,
            cache_write_1h: 0.2,
          },
          long_context: {
            ...{ above: 100_000, input: 0.5, output: 2.5, cache_read: 0.05, cache_write_5m: 0.625, cache_write_1h: 1 },
          },
        },
      ],
    },
  },
  { id: 'claude-haiku-4-5', provider: 'anthropic', dated: ['claude-haiku-4-5-20251001'] },

  // OpenAI. Lifecycle: https://developers.openai.com/api/docs/deprecations
  // `chat_refuses`: -pro and -codex models are 404 "only supported in v1/responses" or "not a chat model" (for example
  // https://github.com/egoist/chatwise-releases/issues/1256, https://neon.com/docs/ai-gateway/openai-responses). From 5.4 on
  // tools with an effort are 400 (https://github.com/dotnet/extensions/issues/7407), from 5.6 on tools without one too, for
  // these reason by default (https://github.com/BerriAI/litellm/pull/34569, https://github.com/livekit/agents/pull/7169,
  // https://github.com/docker/docker-agent/pull/4165). Read 2026-11-26.
  {
    id: 'gpt-6.2-astra',
    provider: 'openai',
    chat_refuses: 'tools',
    current: true,
    aliases: ['gpt-astra-latest'],
    facts: gpt('GPT-6.2 Astra', '2026-11-17', 'gpt-6.2-astra'),
    // Newer than genai-prices 0.1.8. Cache hits were announced as 60 % below GPT-6 Astra's; writes follow the 1.25 × rule.
    // Above 272k input tokens, as on all of GPT-6: input and cache twice, output 1.5 times as much.
    prices: {
      source: 'https://developers.openai.com/api/docs/models/gpt-6.2-astra',
      history: [
        {
          ...{ from: '2026-11-17', input: 8, output: 40, cache_read: 0.4, cache_write_5m: 10 },
          long_context: { above: 272_000, input: 16, output: 60, cache_read: 0.8, cache_write_5m: 20 },
        },
      ],
    },
  },
  {
    id: 'gpt-6.2-sol',
    provider: 'openai',
    chat_refuses: 'tools',
    current: true,
    default: true,
    // OpenRouter's "latest GPT" is a moving name; the everyday model is the cautious reading of it.
    aliases: ['gpt-sol-latest', 'gpt-latest'],
    facts: gpt('GPT-6.2 Sol', '2026-11-17', 'gpt-6.2-sol'),
    // Newer than genai-prices 0.1.8.
    prices: {
      source: 'https://developers.openai.com/api/docs/models/gpt-6.2-sol',
      history: [
        {
          ...{ from: '2026-11-17', input: 2, output: 10, cache_read: 0.1, cache_write_5m: 2.5 },
          long_context: { above: 272_000, input: 4, output: 15, cache_read: 0.2, cache_write_5m: 5 },
        },
      ],
    },
  },
  {
    id: 'gpt-6.1-sol',
    provider: 'openai',
    chat_refuses: 'tools',
    current: true,
    facts: gpt('GPT-6.1 Sol', '2026-09-29', 'gpt-6.1-sol'),
    // Newer than genai-prices 0.1.8.
    prices: {
      source: 'https://developers.openai.com/api/docs/models/gpt-6.1-sol',
      history: [
        {
          ...{ from: '2026-09-29', input: 2, output: 10, cache_read: 0.1, cache_write_5m: 2.5 },
          long_context: { above: 272_000, input: 4, output: 15, cache_read: 0.2, cache_write_5m: 5 },
        },
      ],
    },
  },
  {
    id: 'gpt-6.1-terra',
    provider: 'openai',
    chat_refuses: 'tools',
    current: true,
    aliases: ['gpt-terra-latest'],
    facts: gpt('GPT-6.1 Terra', '2026-10-26', 'gpt-6.1-terra'),
    // Newer than genai-prices 0.1.8.
    prices: {
      source: 'https://developers.openai.com/api/docs/models/gpt-6.1-terra',
      history: [
        {
          ...{ from: '2026-10-26', input: 1, output: 5, cache_read: 0.05, cache_write_5m: 1.25 },
          long_context: { above: 272_000, input: 2, output: 7.5, cache_read: 0.1, cache_write_5m: 2.5 },
        },
      ],
    },
  },
  {
    id: 'gpt-6-astra',
    provider: 'openai',
    chat_refuses: 'tools',
    current: true,
    facts: gpt('GPT-6 Astra', '2026-09-03', 'gpt-6-astra'),
  },
  {
    id: 'gpt-6-sol',
    provider: 'openai',
    chat_refuses: 'tools',
    current: true,
    facts: gpt('GPT-6 Sol', '2026-09-22', 'gpt-6-sol'),
  },
  {
    id: 'gpt-6-luna',
    provider: 'openai',
    chat_refuses: 'tools',
    current: true,
    aliases: ['gpt-luna-latest'],
    facts: gpt('GPT-6 Luna', '2026-09-22', 'gpt-6-luna'),
  },
  {
    id: 'gpt-5.6-sol',
    provider: 'openai',
    chat_refuses: 'tools',
    current: true,
    // OpenAI's own alias.
    aliases: ['gpt-5.6'],
    facts: gpt('GPT-5.6 Sol', '2026-07-09', 'gpt-5.6-sol'),
  },
  {
    id: 'gpt-5.6-terra',
    provider: 'openai',
    chat_refuses: 'tools',
    current: true,
    facts: gpt('GPT-5.6 Terra', '2026-07-09', 'gpt-5.6-terra'),
  },
  {
    id: 'gpt-5.6-luna',
    provider: 'openai',
    chat_refuses: 'tools',
    current: true,
    facts: gpt('GPT-5.6 Luna', '2026-07-09', 'gpt-5.6-luna'),
  },
  { id: 'gpt-5.5', provider: 'openai', chat_refuses: 'reasoned_tools', current: true, dated: ['gpt-5.5-2026-04-23'] },
  { id: 'gpt-5.5-pro', provider: 'openai', chat_refuses: 'all', dated: ['gpt-5.5-pro-2026-04-23'] },
  { id: 'gpt-5.4', provider: 'openai', chat_refuses: 'reasoned_tools', dated: ['gpt-5.4-2026-03-05'] },
  { id: 'gpt-5.4-pro', provider: 'openai', chat_refuses: 'all', dated: ['gpt-5.4-pro-2026-03-05'] },
  {
    id: 'gpt-5.4-mini',
    provider: 'openai',
    chat_refuses: 'reasoned_tools',
    aliases: ['gpt-mini-latest'],
    dated: ['gpt-5.4-mini-2026-03-17'],
  },
  {
    id: 'gpt-5.4-nano',
    provider: 'openai',
    chat_refuses: 'reasoned_tools',
    dated: ['gpt-5.4-nano-2026-03-17'],
    retires: { on: '2027-04-01', to: 'gpt-5.4-mini' },
  },
  { id: 'gpt-5.3-codex', provider: 'openai', chat_refuses: 'all', retires: { on: '2027-04-01', to: 'gpt-6.1-sol' } },
  { id: 'gpt-5.2', provider: 'openai', dated: ['gpt-5.2-2025-12-11'] },
  { id: 'gpt-5.2-pro', provider: 'openai', chat_refuses: 'all', dated: ['gpt-5.2-pro-2025-12-11'] },
  {
    id: 'gpt-5.1',
    provider: 'openai',
    dated: ['gpt-5.1-2025-11-13'],
    retires: { on: '2027-04-01', to: 'gpt-5.4' },
  },
  {
    id: 'gpt-5',
    provider: 'openai',
    dated: ['gpt-5-2025-08-07'],
    retires: { on: '2026-12-11', to: 'gpt-6.1-sol' },
    // The facts file has its price only.
    facts: {
      name: 'GPT-5',
      released: '2025-08-07',
      context: 400_000,
      max_output: 128_000,
      capabilities: ['tools', 'images', 'json_schema', 'reasoning'],
      source: 'https://developers.openai.com/api/docs/models/gpt-5',
    },
  },
  {
    id: 'gpt-5-mini',
    provider: 'openai',
    dated: ['gpt-5-mini-2025-08-07'],
    retires: { on: '2026-12-11', to: 'gpt-6.1-terra' },
  },
  {
    id: 'gpt-5-nano',
    provider: 'openai',
    dated: ['gpt-5-nano-2025-08-07'],
    retires: { on: '2026-12-11', to: 'gpt-6-luna' },
  },
  {
    id: 'gpt-5-pro',
    provider: 'openai',
    chat_refuses: 'all',
    dated: ['gpt-5-pro-2025-10-06'],
    retires: { on: '2026-12-11', to: 'gpt-6.1-sol' },
  },
  { id: 'o3', provider: 'openai', dated: ['o3-2025-04-16'], retires: { on: '2026-12-11', to: 'gpt-6.1-sol' } },
  {
    id: 'o3-pro',
    provider: 'openai',
    chat_refuses: 'all',
    dated: ['o3-pro-2025-06-10'],
    retires: { on: '2026-12-11', to: 'gpt-6.1-sol' },
  },
  {
    id: 'gpt-4.1',
    provider: 'openai',
    dated: ['gpt-4.1-2025-04-14'],
    retires: { on: '2027-01-14', to: 'gpt-5.4' },
  },
  {
    id: 'gpt-4.1-mini',
    provider: 'openai',
    dated: ['gpt-4.1-mini-2025-04-14'],
    retires: { on: '2027-01-14', to: 'gpt-5.4-mini' },
  },
  {
    id: 'gpt-4o',
    provider: 'openai',
    dated: ['gpt-4o-2024-08-06', 'gpt-4o-2024-11-20'],
    retires: { on: '2027-01-14', to: 'gpt-5.4' },
  },
  {
    id: 'gpt-4o-mini',
    provider: 'openai',
    dated: ['gpt-4o-mini-2024-07-18'],
    retires: { on: '2027-01-14', to: 'gpt-5.4-mini' },
  },
  { id: 'text-embedding-3-large', provider: 'openai', kind: 'embedding' },
  { id: 'text-embedding-3-small', provider: 'openai', kind: 'embedding' },
  { id: 'text-embedding-ada-002', provider: 'openai', kind: 'embedding' },

  // Google. Lifecycle: https://ai.google.dev/gemini-api/docs/deprecations
  // `search_alone`: built-in tools beside functions came with Gemini 3
  // (https://ai.google.dev/gemini-api/docs/tool-combination, 2026-11).
  {
    id: 'gemini-4-argon',
    provider: 'google',
    current: true,
    facts: gemini('Gemini 4 Argon', '2026-09-30', 'gemini-4-argon'),
    // Newer than genai-prices 0.1.8. The price of its introduction ends on 2026-11-30.
    prices: {
      source: 'https://ai.google.dev/gemini-api/docs/pricing',
      history: [
        { from: '2026-09-30', input: 2, output: 10, cache_read: 0.1 },
        { from: '2026-12-01', input: 4, output: 20, cache_read: 0.2 },
      ],
    },
  },
  {
    id: 'gemini-3.8-flash',
    provider: 'google',
    current: true,
    default: true,
    aliases: ['gemini-flash-latest'],
    facts: gemini('Gemini 3.8 Flash', '2026-09-02', 'gemini-3.8-flash'),
  },
  {
    id: 'gemini-3.7-flash',
    provider: 'google',
    current: true,
    facts: gemini('Gemini 3.7 Flash', '2026-08-13', 'gemini-3.7-flash'),
  },
  {
    id: 'gemini-3.6-flash',
    provider: 'google',
    current: true,
    facts: gemini('Gemini 3.6 Flash', '2026-07-21', 'gemini-3.6-flash'),
  },
  { id: 'gemini-3.5-flash', provider: 'google', current: true },
  {
    id: 'gemini-3.5-flash-lite',
    provider: 'google',
    current: true,
    aliases: ['gemini-flash-lite-latest'],
    facts: gemini('Gemini 3.5 Flash-Lite', '2026-07-21', 'gemini-3.5-flash-lite'),
  },
  { id: 'gemini-3.1-pro-preview', provider: 'google', current: true, aliases: ['gemini-pro-latest'] },
  { id: 'gemini-3.1-flash-lite', provider: 'google', current: true },
  { id: 'gemini-3-flash-preview', provider: 'google' },
  {
    id: 'gemini-2.5-pro',
    provider: 'google',
    search_alone: true,
    retires: { on: '2026-12-01', to: 'gemini-3.8-flash' },
    // The facts file has its price only.
    facts: gemini('Gemini 2.5 Pro', '2025-06-17', 'gemini-2.5-pro'),
  },
  {
    id: 'gemini-2.5-flash',
    provider: 'google',
    search_alone: true,
    retires: { on: '2026-12-01', to: 'gemini-3.5-flash-lite' },
    // The facts file has its price only.
    facts: gemini('Gemini 2.5 Flash', '2025-06-17', 'gemini-2.5-flash'),
  },
  { id: 'gemini-2.5-flash-lite', provider: 'google', search_alone: true },
  {
    id: 'gemini-embedding-2',
    provider: 'google',
    kind: 'embedding',
    facts: {
      name: 'Gemini Embedding 2',
      released: '2026-04-22',
      context: 8_192,
      max_output: 0,
      capabilities: [],
      source: 'https://ai.google.dev/gemini-api/docs/models/gemini-embedding-2',
    },
  },
  { id: 'gemini-embedding-001', provider: 'google', kind: 'embedding' },
];

/**
 * Names that no longer answer upstream, under the model that takes their place: the provider's own recommendation where
 * it still stands and takes what the model took (sampling settings, a forced tool), else the nearest in purpose and price
 * that does. Written with dashes for dots; endings that only say a version
 * (`-20240229`, `-002`, `-latest`, `-exp`) are left away, findModel sees through them.
 *
 * No embedding model is here: a successor's vectors live in another space, and mixing them fails in silence.
 */
export const retired: Record<string, string[]> = {
  // Claude Sonnet 4 and Opus 4 went on 2026-06-15, Opus 4.1 on 2026-08-05, everything before them earlier.
  'claude-sonnet-4-6': [
    ...['claude-sonnet-4', 'claude-sonnet-4-0', 'claude-4-sonnet'],
    ...['claude-3-7-sonnet', 'claude-3-5-sonnet', 'claude-3-sonnet', 'claude-sonnet-3-7', 'claude-sonnet-3-5'],
    ...['claude-2', 'claude-2-0', 'claude-2-1', 'claude-1', 'claude-v1'],
  ],
  // Anthropic recommends Opus 4.8, which takes no sampling settings; these did.
  'claude-opus-4-6': [
    ...['claude-opus-4', 'claude-opus-4-0', 'claude-4-opus', 'claude-opus-4-1', 'claude-4-1-opus'],
    ...['claude-3-opus', 'claude-opus-3'],
  ],
  'claude-haiku-4-5': [
    ...['claude-3-5-haiku', 'claude-3-haiku', 'claude-haiku-3-5', 'claude-haiku-3'],
    ...['claude-instant', 'claude-instant-1', 'claude-instant-1-1', 'claude-instant-1-2', 'claude-instant-v1'],
  ],

  // gpt-3.5-turbo, gpt-4, gpt-4-turbo, gpt-4.1-nano, o1, o3-mini and o4-mini went on 2026-10-23. Those that did not reason are
  // answered by models that do so only when asked, and that therefore take temperature, top_p and log probabilities.
  'gpt-5.4': [
    ...['gpt-4', 'gpt-4-32k', 'gpt-4-turbo', 'gpt-4-turbo-preview', 'gpt-4-vision-preview', 'gpt-4-5-preview'],
    ...['gpt-4-1106-preview', 'gpt-4-1106-vision-preview', 'gpt-4-0125-preview', 'gpt-4-turbo-0125-preview'],
    'gpt-4o-2024-05-13',
  ],
  'gpt-5.4-mini': [
    ...['gpt-3-5-turbo', 'gpt-3-5-turbo-16k', 'gpt-3-5-turbo-instruct', 'gpt-35-turbo', 'gpt-35-turbo-16k'],
    ...['chatgpt-4o', 'gpt-4-1-nano', 'gpt-5-chat', 'gpt-5-1-chat', 'gpt-5-2-chat', 'gpt-5-3-chat'],
  ],
  // The Codex variants of GPT-5, 5.1 and 5.2 went on 2026-07-23.
  'gpt-6.1-sol': [
    ...['o1', 'o1-preview', 'o1-pro', 'o3-mini', 'o3-mini-high', 'codex-mini'],
    ...['gpt-5-codex', 'gpt-5-1-codex', 'gpt-5-1-codex-max', 'gpt-5-2-codex'],
  ],
  'gpt-6.1-terra': ['o1-mini', 'o4-mini', 'o4-mini-high', 'gpt-5-codex-mini', 'gpt-5-1-codex-mini'],

  // Gemini 1.5 went in September 2025, 2.0 on 2026-06-01, 3 Pro Preview on 2026-03-09.
  'gemini-3.1-flash-lite': [
    ...['gemini-1-5-flash', 'gemini-1-5-flash-8b', 'gemini-flash-1-5', 'gemini-flash-1-5-8b'],
    ...['gemini-2-0-flash-lite', 'gemini-2-0-flash-lite-preview', 'gemini-3-1-flash-lite-preview'],
  ],
  'gemini-3.5-flash-lite': [
    ...['gemini-pro', 'gemini-1-0-pro', 'gemini-pro-vision', 'gemini-1-0-pro-vision'],
    ...['gemini-2-0-flash', 'gemini-2-0-flash-thinking', 'gemini-2-0-flash-thinking-exp', 'gemini-2-5-flash-preview'],
  ],
  'gemini-3.1-pro-preview': [
    ...['gemini-1-5-pro', 'gemini-pro-1-5', 'gemini-2-0-pro', 'gemini-2-0-pro-exp'],
    ...['gemini-2-5-pro-preview', 'gemini-2-5-pro-exp', 'gemini-3-pro-preview', 'gemini-3-pro'],
  ],
  'gemini-2.5-flash-lite': ['gemini-2-5-flash-lite-preview'],
};

/** Names that were never sold, but that people write, under the model they mean. Same spelling as above. */
export const misspelt: Record<string, string[]> = {
  'claude-haiku-4-5': ['claude-haiku-4', 'claude-4-haiku'],
  'gpt-6-sol': ['gpt-6'],
  'gpt-6.1-sol': ['gpt-6-1'],
  'gpt-6.2-sol': ['gpt-6-2'],
  'gemini-3.1-pro-preview': ['gemini-3-1-pro'],
  'gemini-3-flash-preview': ['gemini-3-flash'],
};
