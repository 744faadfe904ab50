// Every inference path: which dialect its caller speaks and which format its body has. A path that is not built yet
// is here too, so that it is refused in its own dialect.

import type { Dialect } from '../core/errorBody';
import type { VerbatimKind } from '../pipeline/services/verbatim';
import type { Format } from '../wire/neutral';

export interface Endpoint {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly dialect: Dialect;
  readonly serves:
    | { readonly inference: Format }
    | { readonly count: Format }
    | { readonly verbatim: VerbatimKind }
    | 'embeddings'
    | 'gemini'
    | 'models'
    | 'model'
    | 'websocket'
    | 'not_built';
}

const post = (path: string, dialect: Dialect, serves: Endpoint['serves']): Endpoint => ({
  method: 'POST',
  path,
  dialect,
  serves,
});
const get = (path: string, dialect: Dialect, serves: Endpoint['serves']): Endpoint => ({
  method: 'GET',
  path,
  dialect,
  serves,
});

export const endpoints: readonly Endpoint[] = [
  post('/v1/chat/completions', 'openai', { inference: 'chat' }),
  post('/v1/responses', 'responses', { inference: 'responses' }),
  post('/v1/responses/input_tokens', 'responses', { count: 'responses' }),
  post('/v1/responses/compact', 'responses', { verbatim: 'compact' }),
  get('/v1/responses', 'responses', 'websocket'), // Codex looks for one first
  post('/v1/embeddings', 'openai', 'embeddings'),
  post('/v1/completions', 'openai', { verbatim: 'completions' }),
  post('/v1/fim/completions', 'openai', { verbatim: 'fim' }),
  get('/v1/models', 'openai', 'models'),
  get('/v1/models/*', 'openai', 'model'),

  post('/anthropic/v1/messages', 'anthropic', { inference: 'messages' }),
  post('/anthropic/v1/messages/count_tokens', 'anthropic', { count: 'messages' }),
  get('/anthropic/v1/models', 'anthropic', 'models'),
  get('/anthropic/v1/models/*', 'anthropic', 'model'),
  post('/v1/messages', 'anthropic', { inference: 'messages' }),
  post('/v1/messages/count_tokens', 'anthropic', { count: 'messages' }),

  post('/v1beta/models/*', 'gemini', 'gemini'),
  // Google's provider of the ai package leaves `models/` out before names with a slash.
  post('/v1beta/*', 'gemini', 'gemini'),
  post('/v1/models/*', 'gemini', 'gemini'), // what Google's SDK calls by default since its version 3
  get('/v1beta/models', 'gemini', 'models'),
  get('/v1beta/models/*', 'gemini', 'model'),

  post('/api/v1/chat/completions', 'openrouter', { inference: 'chat' }),
  post('/api/v1/messages', 'anthropic', { inference: 'messages' }),
  post('/api/v1/responses', 'responses', { inference: 'responses' }),
  post('/api/v1/responses/input_tokens', 'responses', { count: 'responses' }),
  post('/api/v1/responses/compact', 'responses', { verbatim: 'compact' }),
  get('/api/v1/responses', 'responses', 'websocket'),
  post('/api/v1/messages/count_tokens', 'anthropic', { count: 'messages' }),
  post('/api/v1/completions', 'openrouter', { verbatim: 'completions' }),
  post('/api/v1/fim/completions', 'openrouter', { verbatim: 'fim' }),
  post('/api/v1/embeddings', 'openrouter', 'embeddings'),
  get('/api/v1/models', 'openrouter', 'models'),
  get('/api/v1/models/*', 'openrouter', 'model'),
  get('/api/v1/key', 'openrouter', 'not_built'),
  get('/api/v1/credits', 'openrouter', 'not_built'),
  get('/api/v1/generation', 'openrouter', 'not_built'),
];

/** What Gemini says in a path: `models/{model}:{action}`. */
export interface GeminiPath {
  readonly model: string;
  readonly action: string;
}

/** A name out of a path; as it is where it is wrongly escaped. */
export function decodeName(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @param rest what follows `models/`, decoded; undefined where it has no action */
export function geminiPath(rest: string): GeminiPath | undefined {
  const colon = rest.lastIndexOf(':');
  return colon <= 0 ? undefined : { model: rest.slice(0, colon), action: rest.slice(colon + 1) };
}
