// How each provider is called: the URLs and the credential, by the wire it speaks. A new OpenAI-compatible host needs no line
// here. Sources: https://platform.openai.com/docs/api-reference/chat/create,
// https://platform.openai.com/docs/api-reference/responses/create, https://platform.claude.com/docs/en/api/messages,
// https://platform.claude.com/docs/en/api/versioning, https://ai.google.dev/api/generate-content (2026-11).

import type { Account } from '../../../config/accounts';
import { knownProviders, type WireId } from '../../../config/knownProviders';
import type { Provider } from '../../../config/load';
import type { Target } from '../../../config/target';
import { withApiKey } from './auth/apiKey';
import type { CountFormat } from '../wire/countRequest';
import type { Format } from '../wire/neutral';

/** How a response comes: whole, as events, or as one JSON list (Gemini's stream without `alt=sse`). */
export type ResponseMode = 'whole' | 'events' | 'list';

/** Where a provider counts tokens, and the format of the requests and responses there. */
export interface CountEndpoint {
  readonly format: CountFormat;
  readonly url: URL;
}

/** Where a provider makes embeddings. */
export interface EmbeddingsEndpoint {
  readonly url: URL;
  /** It takes OpenAI's requests unchanged; otherwise they are translated (wire/embeddings.ts). */
  readonly sameWire: boolean;
}

/**
 * The URL of an inference request.
 * @param model ends up in the path for Gemini
 */
export function upstreamUrl(provider: Provider, format: Format, model: string, mode: ResponseMode): URL {
  const row = wireTable[provider.wire];
  const text = provider.baseUrl + row.path(format, model, mode);
  if (row.modelInPath) return new URL(text); // a cache would hold one URL for each model that clients name
  let url = urls.get(text);
  if (url === undefined) urls.set(text, (url = new URL(text)));
  return url;
}

/** Where the target's tokens are counted; undefined where its provider has no counter. */
export function countEndpoint(provider: Provider, target: Target): CountEndpoint | undefined {
  const counter = wireTable[provider.wire].counter(provider, target.model);
  return counter && { format: counter.format, url: new URL(provider.baseUrl + counter.path) };
}

/** Where the target makes embeddings; undefined where its provider makes none. */
export function embeddingsEndpoint(provider: Provider, target: Target): EmbeddingsEndpoint | undefined {
  const embeddings = wireTable[provider.wire].embeddings(target.model);
  return embeddings && { url: new URL(provider.baseUrl + embeddings.path), sameWire: embeddings.sameWire };
}

/**
 * Requests that only hosts with OpenAI's API have, and that no other wire has the like of: older completions, filling in the
 * middle as Mistral has it (https://docs.mistral.ai/api/#tag/fim), and compaction of a conversation
 * (https://platform.openai.com/docs/api-reference/responses/compact) (2026-11).
 */
export type VerbatimKind = 'completions' | 'fim' | 'compact';

/** The URL of such a request; undefined where the provider is known to have none. */
export function verbatimUrl(provider: Provider, kind: VerbatimKind): URL | undefined {
  if (provider.wire !== 'openai') return undefined;
  if (kind === 'compact' && !provider.responses) return undefined;
  if (kind === 'fim' && isAtOpenai(provider)) return undefined;
  return new URL(provider.baseUrl + verbatimPaths[kind]);
}

/** Whether a provider is OpenAI, perhaps behind a proxy: it refuses fields that other hosts of its API take. */
export function isOpenai({ name }: Provider): boolean {
  return name === 'openai';
}

/** Whether a provider is reached at OpenAI's own address, where chat completions and Responses are both served. */
export function isAtOpenai({ baseUrl }: Provider): boolean {
  return baseUrl === knownProviders.openai.base_url;
}

/**
 * The headers of a call: those given, the wire's required ones, the account's own, and the credential.
 * @param sent names and values in turn; an account's own header takes the place of one of them
 * @returns names and values in turn; a promise only where a credential must be fetched first
 */
export function authorize(provider: Provider, account: Account, sent: string[]): string[] | Promise<string[]> {
  const { fixed, required } = templateOf(provider, account);
  const out = sent.slice();
  for (const [name, value] of required) if (!hasHeader(sent, name)) out.push(name, value);
  for (const [name, value] of Object.entries(account.headers)) {
    const at = sent.findIndex((item, i) => i % 2 === 0 && item === name);
    if (at < 0) out.push(name, value);
    else out[at + 1] = value;
  }
  out.push(...fixed);
  return wireTable[provider.wire].credential(account, out);
}

// ---

const urls = new Map<string, URL>();

const verbatimPaths: Readonly<Record<VerbatimKind, string>> = {
  completions: '/completions',
  fim: '/fim/completions',
  compact: '/responses/compact',
};

/** What is the same for every call of an account. */
interface HeaderTemplate {
  readonly fixed: readonly string[];
  readonly required: readonly (readonly [string, string])[];
}

const templates = new WeakMap<Account, HeaderTemplate>();

function templateOf(provider: Provider, account: Account): HeaderTemplate {
  let template = templates.get(account);
  if (template === undefined) {
    const required = Object.entries(wireTable[provider.wire].requiredHeaders);
    const fixed = ['content-type', 'application/json', 'accept-encoding', 'identity'];
    templates.set(account, (template = { fixed, required }));
  }
  return template;
}

function hasHeader(headers: readonly string[], name: string): boolean {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return true;
  return false;
}

/** One wire; every path is appended to the base URL. */
interface WireRow {
  path(format: Format, model: string, mode: ResponseMode): string;
  /** The path names the model and the mode; otherwise the body does. */
  readonly modelInPath: boolean;
  counter(provider: Provider, model: string): { readonly format: CountFormat; readonly path: string } | undefined;
  embeddings(model: string): { readonly path: string; readonly sameWire: boolean } | undefined;
  /** Adds the account's credential, at once or when it has been fetched. */
  credential(account: Account, headers: string[]): string[] | Promise<string[]>;
  /** Headers that a call must have, where the client sent none of the name. */
  readonly requiredHeaders: Readonly<Record<string, string>>;
}

const openaiPaths: Readonly<Record<Format, string>> = {
  chat: '/chat/completions',
  responses: '/responses',
  messages: '/messages',
  generate: '/chat/completions',
};

const geminiMethods: Readonly<Record<ResponseMode, string>> = {
  whole: 'generateContent',
  events: 'streamGenerateContent?alt=sse',
  list: 'streamGenerateContent',
};

const geminiPath = (model: string, method: string) => `/v1beta/models/${encodeURIComponent(model)}:${method}`;

const wireTable: Readonly<Record<WireId, WireRow>> = {
  openai: {
    path: (format) => openaiPaths[format],
    modelInPath: false,
    counter: ({ responses }) => (responses ? { format: 'responses', path: '/responses/input_tokens' } : undefined),
    embeddings: () => ({ path: '/embeddings', sameWire: true }),
    credential: withApiKey('authorization', (key) => `Bearer ${key}`),
    requiredHeaders: {},
  },
  anthropic: {
    path: () => '/v1/messages',
    modelInPath: false,
    counter: () => ({ format: 'messages', path: '/v1/messages/count_tokens' }),
    embeddings: () => undefined,
    credential: withApiKey('x-api-key'),
    requiredHeaders: { 'anthropic-version': '2023-06-01' },
  },
  gemini: {
    path: (_format, model, mode) => geminiPath(model, geminiMethods[mode]),
    modelInPath: true,
    counter: (_provider, model) => ({ format: 'generate', path: geminiPath(model, 'countTokens') }),
    embeddings: (model) => ({ path: geminiPath(model, 'batchEmbedContents'), sameWire: false }),
    credential: withApiKey('x-goog-api-key'), // never ?key=, because URLs end up in logs
    requiredHeaders: {},
  },
};
