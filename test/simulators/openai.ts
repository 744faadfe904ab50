// OpenAI's chat completions and model list: shapes and streams. What it refuses is in openaiRequest.ts.
import { answer, fragmentsOf, piecesOf, type Answer } from './answer';
import type { Fault } from './fault';
import { newId } from './id';
import { datedName, findModel, isReasoningModel, MODELS } from './models';
import { readChat, type ChatRequest } from './openaiRequest';
import { badRequest, openaiFailure, openaiNoCredit, openaiTooLong, openaiUnauthorized } from './openaiRefusals';
import { Refusal, type Asked, type Json, type Reply, type Request, type Usage, type Wire } from './wire';

/** The provider OpenAI. */
export const openai: Wire = {
  provider: 'openai',
  basePath: '/v1',
  key: 'sk-sim-proj-4mE2xQ9vKc7RtY1uWz8Bn5Lp3Hd6Js0A',
  operations: [
    { method: 'POST', path: /^\/v1\/chat\/completions$/, read: readCompletion },
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
  tooLong: openaiTooLong,
  streamError: (_, status) => `data: ${JSON.stringify(openaiFailure(status, 'the model', undefined).body)}\n\n`,
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

function readCompletion(request: Request): Asked {
  const chat = readChat(request.body);
  return {
    model: chat.conversation.model,
    stream: chat.stream,
    prompt: chat.prompt,
    reply(fault) {
      const said = answer(chat.conversation, fault);
      // Each of several choices is the same answer; its tokens are counted each time.
      if (!fault.usage) said.usage.output *= chat.n;
      return chat.stream ? streamed(chat, said, fault) : completion(chat, said, fault);
    },
  };
}

function completion(chat: ChatRequest, said: Answer, fault: Fault): Reply {
  const model = chat.conversation.model;
  const message = {
    role: 'assistant',
    content: said.calls.length > 0 ? null : said.text,
    ...(said.calls.length > 0 && {
      tool_calls: said.calls.map((call) => ({
        id: newId('call_', 24),
        type: 'function',
        function: { name: call.name, arguments: JSON.stringify(call.args) },
      })),
    }),
    refusal: null,
    annotations: [],
  };
  const body = {
    ...envelope('chat.completion', model),
    choices: Array.from({ length: chat.n }, (_, index) => ({
      index,
      message,
      ...(!isReasoningModel(model) && { logprobs: null }),
      finish_reason: FINISH[said.finish],
    })),
    ...(!fault.noUsage && { usage: usageOf(said.usage) }),
    service_tier: 'default',
    system_fingerprint: fingerprint(model),
  };
  return { ...json(200, body), usage: fault.noUsage ? undefined : said.usage };
}

function streamed(chat: ChatRequest, said: Answer, fault: Fault): Reply {
  const model = chat.conversation.model;
  const head = JSON.stringify({
    ...envelope('chat.completion.chunk', model),
    service_tier: 'default',
    system_fingerprint: fingerprint(model),
  }).slice(0, -1);
  // `usage` is in every chunk or in none: null but for the last, as soon as the client asks for it.
  const event = (choices: unknown[], usage?: Json) =>
    `data: ${head},"choices":${JSON.stringify(choices)}` +
    (chat.includeUsage ? `,"usage":${JSON.stringify(usage ?? null)}` : '') +
    `${chat.obfuscate ? `,"obfuscation":"${newId('', 1 + (said.usage.output % 13))}"` : ''}}\n\n`;
  const pieces: string[] = [];
  for (let index = 0; index < chat.n; index++) {
    const delta = (content: Json, finish: string | null = null) =>
      pieces.push(event([{ index, delta: content, finish_reason: finish }]));
    delta({ role: 'assistant', content: said.calls.length > 0 ? null : '', refusal: null });
    for (const content of piecesOf(said.text, fault.chunks)) delta({ content });
    for (const [at, call] of said.calls.entries()) {
      const start = {
        index: at,
        id: newId('call_', 24),
        type: 'function',
        function: { name: call.name, arguments: '' },
      };
      delta({ tool_calls: [start] });
      for (const part of fragmentsOf(JSON.stringify(call.args))) {
        delta({ tool_calls: [{ index: at, function: { arguments: part } }] });
      }
    }
    delta({}, FINISH[said.finish]);
  }
  const reports = chat.includeUsage && !fault.noUsage;
  if (reports) pieces.push(event([], usageOf(said.usage)));
  pieces.push('data: [DONE]\n\n');
  return {
    status: 200,
    contentType: 'text/event-stream; charset=utf-8',
    pieces,
    streamed: true,
    usage: reports ? said.usage : undefined,
  };
}

const FINISH = { stop: 'stop', length: 'length', tool: 'tool_calls' } as const satisfies Record<
  Answer['finish'],
  string
>;

function envelope(object: string, model: string): Json {
  const created = Math.floor(Date.now() / 1000);
  return { id: newId('chatcmpl-', 29), object, created, model: datedName(model) };
}

function fingerprint(model: string): string | null {
  return isReasoningModel(model) ? null : 'fp_51a0c8e2d7';
}

function usageOf(usage: Usage): Json {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

/** OpenAI prints its documents over many lines. */
function json(status: number, body: unknown): Reply {
  const pieces = [`${JSON.stringify(body, null, 2)}\n`];
  return { status, contentType: 'application/json', pieces, streamed: false };
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
