// Google: its doors, its keys, its model list. Contents are in geminiContent.ts.
import { readContent, readCount } from './geminiContent';
import { googleDocument, printed, sseEvent, streamKind } from './geminiDocument';
import { readEmbedding, readEmbeddings } from './geminiEmbeddings';
import {
  googleFailure,
  googleInvalid,
  googleNoCredit,
  googleNoModel,
  googleNotFoundPage,
  googleTooLong,
  googleUnauthorized,
} from './geminiRefusals';
import { newId } from './id';
import { findModel, MODELS, type Model } from './models';
import { type Asked, type Json, type Refusal, type Reply, type Request, type Wire } from './wire';

/** The provider Google, as the Gemini API (not Vertex) speaks. */
export const google: Wire = {
  provider: 'google',
  basePath: '',
  key: 'AIzaSim8fK3nQ7vXc2RtY5uWz1Bn6Lp4Hd9JsE0',
  operations: [
    {
      method: 'POST',
      path: /^\/v1(?:beta|alpha)?\/models\/([^/:]+):(generateContent|streamGenerateContent)$/,
      read: readContent,
    },
    { method: 'POST', path: /^\/v1(?:beta|alpha)?\/models\/([^/:]+):countTokens$/, read: readCount },
    { method: 'POST', path: /^\/v1(?:beta|alpha)?\/models\/([^/:]+):embedContent$/, read: readEmbedding },
    { method: 'POST', path: /^\/v1(?:beta|alpha)?\/models\/([^/:]+):batchEmbedContents$/, read: readEmbeddings },
    { method: 'GET', path: /^\/v1(?:beta|alpha)?\/models$/, read: listModels },
    {
      method: 'GET',
      path: /^\/v1(?:beta|alpha)?\/models\/([^/:]+)$/,
      read: (request, match) => oneModel(request, match),
    },
  ],
  newRequestId: () => newId('', 16),
  headers: () => HEADERS,
  authenticate(request, key) {
    const refusal = googleUnauthorized(request, key);
    if (refusal) throw refusal;
  },
  refuse,
  noSuchPath: (request) => googleNotFoundPage(request.path),
  invalid: (message) => googleInvalid(message),
  failure: googleFailure,
  noCredit: googleNoCredit,
  tooLong: (model, tokens) => googleTooLong(model, tokens),
  streamError(request, status) {
    const { body } = googleFailure(status, 'the model', undefined);
    return streamKind(request) === 'sse' ? sseEvent(body) : `,\n${printed(body)}]\n`;
  },
};

// ---

// Google sends neither a request id nor rate limits.
const HEADERS = {
  'cache-control': 'private',
  server: 'scaffolding on HTTPServer2',
  'server-timing': 'gfet4t7; dur=12',
  vary: 'Origin, X-Origin, Referer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'SAMEORIGIN',
  'x-xss-protection': '0',
};
/** An error has the content type of the stream it stands for, and is an array of one where the answer would be an array. */
function refuse(refusal: Refusal, request: Request): Reply {
  const { status, headers } = refusal;
  if (typeof refusal.body === 'string') {
    return { status, headers, contentType: 'text/html; charset=UTF-8', pieces: [refusal.body], streamed: false };
  }
  const kind = streamKind(request);
  const reply = googleDocument(status, refusal.body);
  if (kind === 'none') return { ...reply, headers };
  const text = printed(refusal.body);
  return kind === 'sse'
    ? { ...reply, headers, contentType: 'text/event-stream' }
    : { ...reply, headers, pieces: [`[${text}]\n`] };
}

function document(model: string, body: Json): Asked {
  return { model, stream: false, prompt: '', reply: () => googleDocument(200, body) };
}

function listModels(request: Request): Asked {
  const size = Number(request.query.get('pageSize') ?? 50);
  const start = Number(request.query.get('pageToken') ?? 0);
  const models = MODELS.google.slice(start, start + size).map(card);
  const more = start + size < MODELS.google.length;
  return document('', { models, ...(more && { nextPageToken: String(start + size) }) });
}

function oneModel(request: Request, match: RegExpExecArray): Asked {
  const name = decodeURIComponent(match[1] ?? '');
  const model = findModel('google', name);
  if (!model) throw googleNoModel(name, request.path);
  return document(name, card(model));
}

function card(model: Model): Json {
  return {
    name: `models/${model.id}`,
    version: '001',
    displayName: model.id
      .split('-')
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
      .join(' '),
    description: `Simulated ${model.id}`,
    inputTokenLimit: model.context,
    outputTokenLimit: model.output,
    supportedGenerationMethods:
      model.output > 0 ? ['generateContent', 'countTokens'] : ['embedContent', 'batchEmbedContents'],
    temperature: 1,
    topP: 0.95,
    topK: 64,
    maxTemperature: 2,
  };
}
