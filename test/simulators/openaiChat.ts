// OpenAI's chat completions: shapes and streams. What it refuses is in openaiRequest.ts.
import { answer, type Answer, type ToolCall } from './answer';
import type { Fault } from './fault';
import { newId } from './id';
import { datedName } from './models';
import { isReasoningModel } from './openaiModels';
import { readChat, type ChatRequest } from './openaiRequest';
import { chatUsage, openaiDocument } from './openaiUsage';
import { accountForPrefix } from './promptCache';
import { fragmentsOf, piecesOf } from './speech';
import { argumentsOf } from './toolCalls';
import type { Asked, Json, Reply, Request } from './wire';

/** A chat completion request, understood. */
export function readCompletion(request: Request): Asked {
  const chat = readChat(request.body);
  return {
    model: chat.conversation.model,
    stream: chat.stream,
    prompt: chat.prompt,
    reply(fault) {
      const said = answer(chat.conversation, fault);
      // Each of several choices is the same answer; its tokens are counted each time.
      if (!fault.usage) said.usage.output *= chat.n;
      accountForPrefix(said.usage, chat.conversation, chat.cacheKey, request.memory, fault);
      return chat.stream ? streamed(chat, said, fault) : completion(chat, said, fault);
    },
  };
}

// ---

const FINISH = {
  stop: 'stop',
  pause: 'stop',
  refusal: 'stop',
  length: 'length',
  tool: 'tool_calls',
  filter: 'content_filter',
} as const satisfies Record<Answer['finish'], string>;

function completion(chat: ChatRequest, said: Answer, fault: Fault): Reply {
  const model = chat.conversation.model;
  const silent = said.calls.length > 0 || said.refusal !== '';
  const message = {
    role: 'assistant',
    content: silent ? null : said.text,
    ...(showsThoughts(chat, fault) && { reasoning_content: said.thought }),
    ...(said.calls.length > 0 && { tool_calls: said.calls.map((call) => toolCall(call, argumentsOf(call))) }),
    refusal: said.refusal || null,
    annotations: annotations(said),
  };
  const body = {
    ...envelope('chat.completion', model),
    choices: Array.from({ length: chat.n }, (_, index) => ({
      index,
      message,
      ...(!isReasoningModel(model) && { logprobs: null }),
      finish_reason: FINISH[said.finish],
    })),
    ...(!fault.noUsage && { usage: chatUsage(said.usage, isDeepseek(model)) }),
    service_tier: 'default',
    system_fingerprint: fingerprint(model),
  };
  return { ...openaiDocument(200, body), usage: fault.noUsage ? undefined : said.usage };
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
    for (const { delta, finish } of deltas(said, showsThoughts(chat, fault), fault))
      pieces.push(event([{ index, delta, finish_reason: finish ?? null }]));
  }
  const reports = chat.includeUsage && !fault.noUsage;
  if (reports) pieces.push(event([], chatUsage(said.usage, isDeepseek(model))));
  pieces.push('data: [DONE]\n\n');
  return {
    status: 200,
    contentType: 'text/event-stream; charset=utf-8',
    pieces,
    streamed: true,
    usage: reports ? said.usage : undefined,
  };
}

/** One choice of a stream, from the role to the reason why it ends. */
function* deltas(said: Answer, thoughts: boolean, fault: Fault): Generator<{ delta: Json; finish?: string }> {
  const silent = said.calls.length > 0 || said.refusal !== '';
  yield { delta: { role: 'assistant', content: silent ? null : '', refusal: null } };
  if (thoughts) for (const piece of piecesOf(said.thought)) yield { delta: { reasoning_content: piece } };
  for (const content of piecesOf(said.text, fault.chunks)) yield { delta: { content } };
  for (const refusal of piecesOf(said.refusal)) yield { delta: { refusal } };
  for (const [index, call] of said.calls.entries()) {
    yield { delta: { tool_calls: [{ index, ...toolCall(call, '') }] } };
    for (const part of fragmentsOf(argumentsOf(call))) {
      const holder = call.text === undefined ? { function: { arguments: part } } : { custom: { input: part } };
      yield { delta: { tool_calls: [{ index, ...holder }] } };
    }
  }
  if (said.citation) yield { delta: { annotations: annotations(said) } };
  yield { delta: {}, finish: FINISH[said.finish] };
}

function toolCall(call: ToolCall, args: string): Json {
  const id = newId('call_', 24);
  return call.text === undefined
    ? { id, type: 'function', function: { name: call.name, arguments: args } }
    : { id, type: 'custom', custom: { name: call.name, input: args } };
}

function annotations({ citation }: Answer): Json[] {
  if (!citation) return [];
  const { start, end, title, url } = citation;
  return [{ type: 'url_citation', url_citation: { start_index: start, end_index: end, title, url } }];
}

/** OpenAI keeps its models' thoughts to itself in chat; DeepSeek and its likes send them. */
function showsThoughts(chat: ChatRequest, fault: Fault): boolean {
  const thinks = (chat.conversation.thinking ?? 0) > 0 && isDeepseek(chat.conversation.model);
  return thinks || fault.reasoningContent === true;
}

function isDeepseek(model: string): boolean {
  return model.startsWith('deepseek');
}

function envelope(object: string, model: string): Json {
  const created = Math.floor(Date.now() / 1000);
  return { id: newId('chatcmpl-', 29), object, created, model: datedName(model) };
}

function fingerprint(model: string): string | null {
  return isReasoningModel(model) ? null : 'fp_51a0c8e2d7';
}
