// Anthropic: its doors, its keys, its model list. Messages are in anthropicMessages.ts.
import { readCount, readMessage } from './anthropicMessages';
import {
  anthropicBlocked,
  anthropicDocument as json,
  anthropicFailure,
  anthropicNoCredit,
  anthropicNoModel,
  anthropicTooLong,
  anthropicUnauthorized,
  invalidRequest,
} from './anthropicRefusals';
import { newId } from './id';
import { datedName, findModel, MODELS, type Model } from './models';
import { isJson, type Asked, type Json, type Request, type Wire } from './wire';

/** The provider Anthropic. */
export const anthropic: Wire = {
  provider: 'anthropic',
  basePath: '',
  key: 'sk-ant-sim-api03-7gK2nT9wQx4Vb6Zr1Lc8Yp5Jm3Hs0DfA',
  operations: [
    { method: 'POST', path: /^\/v1\/messages$/, read: readMessage },
    { method: 'POST', path: /^\/v1\/messages\/count_tokens$/, read: readCount },
    { method: 'GET', path: /^\/v1\/models$/, read: listModels },
    {
      method: 'GET',
      path: /^\/v1\/models\/([^/]+)$/,
      read: (_, match) => oneModel(decodeURIComponent(match[1] ?? '')),
    },
  ],
  newRequestId: () => newId('req_011C', 20),
  headers: (requestId) => ({ 'request-id': requestId, ...HEADERS, ...resets() }),
  authenticate(request, key) {
    const { 'x-api-key': given, authorization } = request.headers;
    // The SDK sends its API key as a bearer, everybody else in x-api-key; where both are sent, the latter counts.
    if (given === undefined ? authorization !== `Bearer ${key}` : given !== key) {
      throw anthropicUnauthorized(given !== undefined, authorization !== undefined);
    }
    if (request.headers['anthropic-version'] === undefined)
      throw invalidRequest('anthropic-version: header is required');
  },
  refuse(refusal, request) {
    const body = isJson(refusal.body) ? { ...refusal.body, request_id: request.id } : refusal.body;
    return { ...json(refusal.status, body), headers: refusal.headers };
  },
  noSuchPath: (_, allowed) =>
    allowed === undefined
      ? invalidRequest('Not Found', 404, 'not_found_error')
      : invalidRequest('Method Not Allowed', 405, 'invalid_request_error'),
  invalid: (message) => invalidRequest(message),
  failure: anthropicFailure,
  noCredit: anthropicNoCredit,
  tooLong: (model, tokens) => anthropicTooLong(model, tokens),
  blocked: anthropicBlocked,
  streamError(request, status) {
    const body = anthropicFailure(status, '', undefined).body as Json;
    return `event: error\ndata: ${JSON.stringify({ ...body, request_id: request.id })}\n\n`;
  },
};

// ---

const HEADERS = {
  'anthropic-organization-id': '00000000-0000-4000-8000-000000000000',
  'anthropic-ratelimit-requests-limit': '4000',
  'anthropic-ratelimit-requests-remaining': '3999',
  'anthropic-ratelimit-input-tokens-limit': '2000000',
  'anthropic-ratelimit-input-tokens-remaining': '1999000',
  'anthropic-ratelimit-output-tokens-limit': '400000',
  'anthropic-ratelimit-output-tokens-remaining': '399000',
  'anthropic-ratelimit-tokens-limit': '2400000',
  'anthropic-ratelimit-tokens-remaining': '2398000',
};

/** Every window is full again at once, to the second, as they say it. */
function resets(): Record<string, string> {
  const at = `${new Date().toISOString().slice(0, 19)}Z`;
  return {
    'anthropic-ratelimit-requests-reset': at,
    'anthropic-ratelimit-input-tokens-reset': at,
    'anthropic-ratelimit-output-tokens-reset': at,
    'anthropic-ratelimit-tokens-reset': at,
  };
}

function listModels(request: Request): Asked {
  const limit = Number(request.query.get('limit') ?? 20);
  const after = MODELS.anthropic.findIndex((model) => model.id === request.query.get('after_id')) + 1;
  const page = MODELS.anthropic.slice(after, after + limit).map(card);
  const body = {
    data: page,
    has_more: after + limit < MODELS.anthropic.length,
    first_id: page.at(0)?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  };
  return { model: '', stream: false, prompt: '', reply: () => json(200, body) };
}

function oneModel(id: string): Asked {
  const model = findModel('anthropic', id);
  if (!model) throw anthropicNoModel(id);
  return { model: id, stream: false, prompt: '', reply: () => json(200, card({ ...model, id: datedName(id) })) };
}

function card(model: Model) {
  const name = model.id
    .replace(/-\d{8}$/, '')
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return {
    type: 'model',
    id: model.id,
    display_name: name.join(' ').replace(/(\d) (\d)/, '$1.$2'),
    created_at: '2025-10-15T00:00:00Z',
    max_input_tokens: model.context,
    max_tokens: model.output,
    capabilities: null,
  };
}
