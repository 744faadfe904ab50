// Anthropic's messages and model list: shapes and streams. What it refuses is in anthropicRequest.ts.
import { answer, fragmentsOf, piecesOf, type Answer } from './answer';
import {
  anthropicFailure,
  anthropicNoCredit,
  anthropicNoModel,
  anthropicTooLong,
  anthropicUnauthorized,
  invalidRequest,
} from './anthropicRefusals';
import { readMessagesRequest } from './anthropicRequest';
import type { Fault } from './fault';
import { newId } from './id';
import { datedName, findModel, MODELS, type Model } from './models';
import { isJson, type Asked, type Json, type Reply, type Request, type Usage, type Wire } from './wire';

/** The provider Anthropic. */
export const anthropic: Wire = {
  provider: 'anthropic',
  basePath: '',
  key: 'sk-ant-sim-api03-7gK2nT9wQx4Vb6Zr1Lc8Yp5Jm3Hs0DfA',
  operations: [
    { method: 'POST', path: /^\/v1\/messages$/, read: readMessage },
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
  tooLong: anthropicTooLong,
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

function readMessage(request: Request): Asked {
  const { conversation, prompt, stream } = readMessagesRequest(request.body, request.headers);
  return {
    model: conversation.model,
    stream,
    prompt,
    reply(fault) {
      const said = answer(conversation, fault);
      const usage = fault.noUsage ? undefined : said.usage;
      return { ...(stream ? streamed : whole)(conversation.model, said, fault), usage };
    },
  };
}

const STOPS = { stop: 'end_turn', length: 'max_tokens', tool: 'tool_use' } as const satisfies Record<
  Answer['finish'],
  string
>;

function ending(said: Answer): Json {
  return {
    stop_reason: said.stopSequence === undefined ? STOPS[said.finish] : 'stop_sequence',
    stop_sequence: said.stopSequence ?? null,
    stop_details: null,
  };
}

function whole(model: string, said: Answer, fault: Fault): Reply {
  const content = [
    ...(said.text === '' ? [] : [{ type: 'text', text: said.text }]),
    ...said.calls.map((call) => ({ ...toolUse(call.name), input: call.args, caller: { type: 'direct' } })),
  ];
  return json(200, {
    ...envelope(model),
    content,
    ...ending(said),
    ...(!fault.noUsage && { usage: usageOf(said.usage) }),
  });
}

function streamed(model: string, said: Answer, fault: Fault): Reply {
  const pieces: string[] = [];
  const event = (type: string, data: Json) => {
    // The real ones carry blanks before the last brace; a reader must not mind.
    const text = JSON.stringify({ type, ...data }).slice(0, -1);
    pieces.push(`event: ${type}\ndata: ${text}${' '.repeat(text.length % 16)}}\n\n`);
  };
  let index = 0;
  const block = (start: Json, deltas: Json[]) => {
    event('content_block_start', { index, content_block: start });
    if (index === 0) pieces.push('event: ping\ndata: {"type": "ping"}\n\n');
    for (const delta of deltas) event('content_block_delta', { index, delta });
    event('content_block_stop', { index });
    index++;
  };
  const opening = usageOf({ ...said.usage, output: Math.min(1, said.usage.output) });
  const start = { stop_reason: null, stop_sequence: null, stop_details: null };
  event('message_start', {
    message: { ...envelope(model), content: [], ...start, ...(!fault.noUsage && { usage: opening }) },
  });
  if (said.text !== '') {
    const texts = piecesOf(said.text, fault.chunks);
    block(
      { type: 'text', text: '' },
      texts.map((text) => ({ type: 'text_delta', text })),
    );
  }
  for (const call of said.calls) {
    // The first fragment is empty, and the only one when there are no arguments.
    const json = Object.keys(call.args).length === 0 ? '' : JSON.stringify(call.args);
    const deltas = ['', ...fragmentsOf(json)].map((part) => ({ type: 'input_json_delta', partial_json: part }));
    block({ ...toolUse(call.name), input: {}, caller: { type: 'direct' } }, deltas);
  }
  event('message_delta', { delta: ending(said), ...(!fault.noUsage && { usage: cumulative(said.usage) }) });
  event('message_stop', {});
  return { status: 200, contentType: 'text/event-stream; charset=utf-8', pieces, streamed: true };
}

function toolUse(name: string): Json {
  return { type: 'tool_use', id: newId('toolu_01', 22), name };
}

function envelope(model: string): Json {
  return { model: datedName(model), id: newId('msg_01', 22), type: 'message', role: 'assistant' };
}

function usageOf(usage: Usage): Json {
  return {
    input_tokens: usage.input,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens: usage.output,
    service_tier: 'standard',
    inference_geo: 'global',
  };
}

function cumulative(usage: Usage): Json {
  return {
    input_tokens: usage.input,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: usage.output,
  };
}

/** Anthropic prints its documents on one line. */
function json(status: number, body: unknown): Reply {
  return { status, contentType: 'application/json', pieces: [JSON.stringify(body)], streamed: false };
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
