// OpenAI: its doors, its keys, its model list. Chat is in openaiChat.ts, responses in responses.ts.
import { newId } from './id';
import { findModel, MODELS } from './models';
import { readCompletion } from './openaiChat';
import { readEmbeddings } from './openaiEmbeddings';
import {
  badRequest,
  openaiBlocked,
  openaiFailure,
  openaiNoCredit,
  openaiTooLong,
  openaiUnauthorized,
  responseTooLong,
} from './openaiRefusals';
import { openaiDocument as json } from './openaiUsage';
import { readResponse, responseError } from './responses';
import { Refusal, type Asked, type Json, type Request, type Wire } from './wire';

/** The provider OpenAI. */
export const openai: Wire = {
  provider: 'openai',
  basePath: '/v1',
  key: 'sk-sim-proj-4mE2xQ9vKc7RtY1uWz8Bn5Lp3Hd6Js0A',
  operations: [
    { method: 'POST', path: /^\/v1\/chat\/completions$/, read: readCompletion },
    { method: 'POST', path: /^\/v1\/embeddings$/, read: readEmbeddings },
    { method: 'POST', path: /^\/v1\/responses$/, read: readResponse },
    { method: 'GET', path: /^\/v1\/models$/, read: () => document({ object: 'list', data: MODELS.openai.map(card) }) },
    {
      method: 'GET',
      path: /^\/v1\/models\/([^/]+)$/,
      read: (_, match) => oneModel(decodeURIComponent(match[1] ?? '')),
    },
  ],
  newRequestId: () => newId('req_', 32).toLowerCase(),
  headers: (requestId) => ({ ...HEADERS, 'x-request-id': requestId }),
  authenticate(request, key) {
    const [, given] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
    if (given !== key) throw openaiUnauthorized(given);
  },
  refuse: (refusal) =>
    typeof refusal.body === 'string'
      ? { ...json(refusal.status, ''), pieces: [refusal.body], contentType: 'text/html', headers: refusal.headers }
      : { ...json(refusal.status, refusal.body), headers: refusal.headers },
  noSuchPath: (request, allowed) =>
    allowed === undefined
      ? badRequest(`Invalid URL (${request.method} ${request.path})`, null, null, 404)
      : badRequest(`Not allowed to ${request.method} on ${request.path}.`, null, 'method_not_supported', 405),
  invalid: (message) => badRequest(message),
  failure: openaiFailure,
  noCredit: openaiNoCredit,
  tooLong: (model, tokens, request) => (isResponse(request) ? responseTooLong() : openaiTooLong(model, tokens)),
  blocked: openaiBlocked,
  streamError(request, status, sent) {
    const { body } = openaiFailure(status, 'the model', undefined);
    return isResponse(request) ? responseError(body, sent) : `data: ${JSON.stringify(body)}\n\n`;
  },
};

// ---

const HEADERS = {
  'access-control-expose-headers': 'X-Request-ID',
  'openai-organization': 'org-simulated',
  'openai-processing-ms': '12',
  'openai-version': '2020-10-01',
  'x-ratelimit-limit-requests': '10000',
  'x-ratelimit-limit-tokens': '2000000',
  'x-ratelimit-remaining-requests': '9999',
  'x-ratelimit-remaining-tokens': '1999900',
  'x-ratelimit-reset-requests': '6ms',
  'x-ratelimit-reset-tokens': '3ms',
};

function isResponse(request: Request): boolean {
  return request.path === '/v1/responses';
}

function document(body: Json): Asked {
  return { model: '', stream: false, prompt: '', reply: () => json(200, body) };
}

function card(model: { id: string }): Json {
  return { id: model.id, object: 'model', created: 1_745_000_000, owned_by: 'system' };
}

function oneModel(id: string): Asked {
  const model = findModel('openai', id);
  if (!model) {
    const error = { message: `The model '${id}' does not exist`, type: 'invalid_request_error', param: 'model' };
    throw new Refusal(404, { error: { ...error, code: 'model_not_found' } });
  }
  return document(card(model));
}
