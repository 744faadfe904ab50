// How each wire is called: where, with which credential. A new OpenAI-compatible host costs no line here.

import type { Provider } from '../../../config/load';
import type { WireId } from '../../../config/knownProviders';
import type { Format } from '../wire/neutral';

/** How an answer comes: whole, as events, or as a list of pieces (Gemini's stream without `alt=sse`). */
export type ResponseMode = 'whole' | 'events' | 'list';

const geminiActions: Readonly<Record<ResponseMode, string>> = {
  whole: 'generateContent',
  events: 'streamGenerateContent?alt=sse',
  list: 'streamGenerateContent',
};

interface WireRow {
  /** Appended to the base URL. Gemini names model and mode in the path, the others in the body. */
  path(format: Format, model: string, mode: ResponseMode): string;
  readonly keyHeader: string;
  keyValue(key: string): string;
  /** Headers a call must carry unless the client sent its own. */
  readonly required: Readonly<Record<string, string>>;
}

const openaiPaths: Readonly<Record<Format, string>> = {
  chat: '/chat/completions',
  responses: '/responses',
  messages: '/messages',
  generate: '/chat/completions',
};

const wireTable = {
  openai: {
    path: (format) => openaiPaths[format],
    keyHeader: 'authorization',
    keyValue: (key) => `Bearer ${key}`,
    required: {},
  },
  anthropic: {
    path: () => '/v1/messages',
    keyHeader: 'x-api-key',
    keyValue: (key) => key,
    required: { 'anthropic-version': '2023-06-01' },
  },
  gemini: {
    path: (_format, model, mode) => `/v1beta/models/${encodeURIComponent(model)}:${geminiActions[mode]}`,
    keyHeader: 'x-goog-api-key', // never ?key=: URLs end up in logs
    keyValue: (key) => key,
    required: {},
  },
} as const satisfies Record<WireId, WireRow>;

export function upstreamUrl(provider: Provider, format: Format, model: string, mode: ResponseMode): URL {
  const path = wireTable[provider.wire].path(format, model, mode);
  if (provider.wire === 'gemini') return new URL(provider.baseUrl + path); // differs by model: not worth remembering
  const name = provider.baseUrl + path;
  let url = urls.get(name);
  if (url === undefined) urls.set(name, (url = new URL(name)));
  return url;
}

/** Credential and required headers of a call, names and values in turn, added to those the client sent. */
export function withCredential(provider: Provider, sent: string[]): string[] {
  const row: WireRow = wireTable[provider.wire];
  const [{ key, headers }] = provider.accounts;
  const out = [...sent, 'content-type', 'application/json', 'accept-encoding', 'identity'];
  for (const [name, value] of Object.entries(headers)) {
    const at = sent.findIndex((item, i) => i % 2 === 0 && item === name);
    if (at < 0) out.push(name, value);
    else out[at + 1] = value; // the operator's wins over the client's
  }
  for (const [name, value] of Object.entries(row.required)) {
    if (!out.some((item, i) => i % 2 === 0 && item === name)) out.push(name, value);
  }
  if (key !== undefined) out.push(row.keyHeader, row.keyValue(key.reveal()));
  return out;
}

// ---

const urls = new Map<string, URL>();
