// Google's generateContent, streamGenerateContent and model list: shapes and streams. What it refuses is in geminiRequest.ts.
import { answer, piecesOf, tokens, type Answer } from './answer';
import type { Fault } from './fault';
import {
  googleFailure,
  googleInvalid,
  googleNoCredit,
  googleNoModel,
  googleNotFoundPage,
  googleTooLong,
  googleUnauthorized,
} from './geminiRefusals';
import { readGenerate } from './geminiRequest';
import { newId } from './id';
import { findModel, MODELS, type Model } from './models';
import { type Asked, type Json, type Refusal, type Reply, type Request, type Usage, type Wire } from './wire';

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
  tooLong: googleTooLong,
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
const JSON_TYPE = 'application/json; charset=UTF-8';

type StreamKind = 'sse' | 'array' | 'none';

function streamKind(request: Request): StreamKind {
  if (!request.path.endsWith(':streamGenerateContent')) return 'none';
  return request.query.get('alt') === 'sse' ? 'sse' : 'array';
}

/** An error has the content type of the stream it stands for, and is an array of one where the answer would be an array. */
function refuse(refusal: Refusal, request: Request): Reply {
  const { status, headers } = refusal;
  if (typeof refusal.body === 'string') {
    return { status, headers, contentType: 'text/html; charset=UTF-8', pieces: [refusal.body], streamed: false };
  }
  const kind = streamKind(request);
  const text = printed(refusal.body);
  const pieces = [kind === 'array' ? `[${text}]\n` : text];
  return { status, headers, contentType: kind === 'sse' ? 'text/event-stream' : JSON_TYPE, pieces, streamed: false };
}

function readContent(request: Request, match: RegExpExecArray): Asked {
  const name = decodeURIComponent(match[1] ?? '');
  const model = findModel('google', name);
  if (!model) throw googleNoModel(name, request.path);
  const kind = streamKind(request);
  const { conversation, prompt } = readGenerate(request.body, model);
  return {
    model: name,
    stream: kind !== 'none',
    prompt,
    reply(fault) {
      const said = answer(conversation, fault);
      const usage = fault.noUsage ? undefined : said.usage;
      return { ...(kind === 'none' ? whole(name, said, fault) : streamed(name, said, fault, kind)), usage };
    },
  };
}

function whole(model: string, said: Answer, fault: Fault): Reply {
  const parts: Json[] = [...(said.text === '' ? [] : [{ text: said.text }]), ...callParts(model, said)];
  const body = response(model, newId('', 22), parts, said, said.usage, fault);
  return { status: 200, contentType: JSON_TYPE, pieces: [printed(body)], streamed: false };
}

function streamed(model: string, said: Answer, fault: Fault, kind: 'sse' | 'array'): Reply {
  const id = newId('', 22);
  const texts = piecesOf(said.text, fault.chunks).map((text) => ({ text }));
  const groups: Json[][] = texts.map((part) => [part]);
  if (said.calls.length > 0) groups.push(callParts(model, said));
  if (groups.length === 0) groups.push([]);
  let sent = 0;
  const chunks = groups.map((parts, n) => {
    const last = n === groups.length - 1;
    sent += Buffer.byteLength(texts[n]?.text ?? '');
    // Cumulative: what has come so far, and with the last chunk what has come in all.
    const usage = { ...said.usage, output: last ? said.usage.output : Math.min(tokens(sent), said.usage.output) };
    return response(model, id, parts, last ? said : undefined, usage, fault);
  });
  const pieces =
    kind === 'sse'
      ? chunks.map(sseEvent)
      : chunks.map((chunk, n) => `${n === 0 ? '[' : ',\n'}${printed(chunk)}${n === chunks.length - 1 ? ']\n' : ''}`);
  return { status: 200, contentType: kind === 'sse' ? 'text/event-stream' : JSON_TYPE, pieces, streamed: true };
}

const FINISH = { stop: 'STOP', length: 'MAX_TOKENS', tool: 'STOP' } as const satisfies Record<Answer['finish'], string>;

/** A whole answer, or one chunk of it; `end` is given for the last. */
function response(model: string, id: string, parts: Json[], end: Answer | undefined, usage: Usage, fault: Fault): Json {
  const candidate = {
    content: { ...(parts.length > 0 && { parts }), role: 'model' },
    ...(end && { finishReason: FINISH[end.finish] }),
    index: 0,
    ...(end?.finish === 'tool' && { finishMessage: 'Model generated function call(s).' }),
  };
  return {
    candidates: [candidate],
    ...(!fault.noUsage && { usageMetadata: usageOf(usage) }),
    modelVersion: model,
    responseId: id,
  };
}

function callParts(model: string, said: Answer): Json[] {
  // Gemini 3 names its calls and signs the first of them.
  const third = model.startsWith('gemini-3');
  return said.calls.map((call, n) => ({
    functionCall: { name: call.name, args: call.args, ...(third && { id: newId('', 8) }) },
    ...(third && n === 0 && { thoughtSignature: Buffer.from(newId('simulated thought ', 40)).toString('base64') }),
  }));
}

function usageOf(usage: Usage): Json {
  return {
    promptTokenCount: usage.input,
    ...(usage.output > 0 && { candidatesTokenCount: usage.output }),
    totalTokenCount: usage.input + usage.output,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: usage.input }],
    serviceTier: 'standard',
  };
}

/** Google prints its documents over many lines. */
function printed(body: unknown): string {
  return `${JSON.stringify(body, null, 2)}\n`;
}

/** Its events have a blank after each colon and none after a comma, and end their lines with CRLF. */
function sseEvent(body: unknown): string {
  return `data: ${JSON.stringify(body, null, 1).replace(/\n */g, '')}\r\n\r\n`;
}

function document(model: string, body: Json): Asked {
  const reply = { status: 200, contentType: JSON_TYPE, pieces: [printed(body)], streamed: false };
  return { model, stream: false, prompt: '', reply: () => reply };
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
    supportedGenerationMethods: ['generateContent', 'countTokens'],
    temperature: 1,
    topP: 0.95,
    topK: 64,
    maxTemperature: 2,
  };
}
