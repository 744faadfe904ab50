// APIs that clients may look for and that this gateway does not have: refused in their own dialect, so that nobody takes
// them for a wrong base URL. Sources: https://platform.openai.com/docs/api-reference,
// https://platform.claude.com/docs/en/api/overview, https://ai.google.dev/api, https://docs.ollama.com/api (2026-11).

import type { Dialect } from '../core/errorBody';

export interface UnservedPath {
  readonly path: string;
  readonly dialect: Dialect;
  /** What stands there, as the subject of a sentence in the plural. */
  readonly what: string;
  /** Where to find what comes nearest, as a sentence. */
  readonly instead?: string;
}

const unserved = (
  dialect: Dialect,
  what: string,
  paths: readonly string[],
  instead?: string,
): readonly UnservedPath[] =>
  paths.map((path) => ({ path, dialect, what, ...(instead === undefined ? {} : { instead }) }));

const throughOpenai = "Point the client's OpenAI-compatible provider at https://HOST/v1 instead.";

const storedNowhere = 'No answer is stored here: send the whole conversation with each request.';

/** In the order of the documentation. A path that ends in `/*` stands for everything below it. */
export const unservedPaths: readonly UnservedPath[] = [
  ...unserved('openai', 'files', ['/v1/files', '/v1/files/*', '/v1/uploads', '/v1/uploads/*']),
  ...unserved('openai', 'batches', ['/v1/batches', '/v1/batches/*']),
  ...unserved('openai', 'images', ['/v1/images/*']),
  ...unserved('openai', 'videos', ['/v1/videos', '/v1/videos/*']),
  ...unserved('openai', 'audio endpoints', ['/v1/audio/*']),
  ...unserved('openai', 'rerankings', ['/v1/rerank', '/v2/rerank']),
  ...unserved('openai', 'moderations', ['/v1/moderations']),
  ...unserved('openai', 'realtime sessions', ['/v1/realtime', '/v1/realtime/*']),
  ...unserved('openai', 'stored objects of OpenAI', [
    '/v1/assistants', '/v1/assistants/*', '/v1/threads', '/v1/threads/*', '/v1/vector_stores', '/v1/vector_stores/*',
    '/v1/fine_tuning/*', '/v1/containers', '/v1/containers/*', '/v1/conversations', '/v1/conversations/*',
  ]), // prettier-ignore
  ...unserved('openai', 'stored answers', ['/v1/responses/*'], storedNowhere),
  ...unserved('anthropic', 'batches', [
    '/anthropic/v1/messages/batches', '/anthropic/v1/messages/batches/*', '/v1/messages/batches', '/v1/messages/batches/*',
  ]), // prettier-ignore
  ...unserved('anthropic', 'files', ['/anthropic/v1/files', '/anthropic/v1/files/*']),
  ...unserved('gemini', 'files', ['/v1beta/files', '/v1beta/files/*', '/upload/*']),
  ...unserved('gemini', 'batches', ['/v1beta/batches', '/v1beta/batches/*']),
  ...unserved('gemini', 'cached contents', ['/v1beta/cachedContents', '/v1beta/cachedContents/*']),
  ...unserved('gemini', 'file search stores', ['/v1beta/fileSearchStores', '/v1beta/fileSearchStores/*']),
  ...unserved('gemini', 'interactions', ['/v1beta/interactions', '/v1beta/interactions/*']),
  ...unserved('gemini', 'live sessions', ['/v1beta/auth_tokens', '/ws/*']),
  ...unserved('openrouter', 'stored answers', ['/api/v1/responses/*'], storedNowhere),
  ...unserved('openrouter', 'rerankings', ['/api/v1/rerank']),
  ...unserved('openrouter', 'images', ['/api/v1/images', '/api/v1/images/*']),
  ...unserved('openrouter', 'audio endpoints', ['/api/v1/audio/*']),
  ...unserved('openrouter', 'files', ['/api/v1/files', '/api/v1/files/*']),
  ...unserved(
    'ollama',
    "calls of Ollama's API",
    [
      '/api/chat', '/api/generate', '/api/tags', '/api/show', '/api/ps', '/api/version', '/api/embed', '/api/embeddings',
      '/api/pull', '/api/push', '/api/create', '/api/copy', '/api/delete', '/api/blobs/*',
    ],
    throughOpenai,
  ), // prettier-ignore
];
