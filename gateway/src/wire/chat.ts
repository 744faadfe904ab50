// OpenAI chat completions. Source: OpenAI API reference, "Chat" and "Chat streaming".

import type { Usage } from '../money';
import type { Codec, Encoded, Frame, Json, Speaker } from './codec';
import {
  countOr, defined, isObject, leftOver, listOr, needList, needObject, needText, objectOr, optionalCount, optionalNumber, textOr, wrong,
} from './json'; // prettier-ignore
import {
  type FinishReason,
  type Message,
  type NeutralRequest,
  type NeutralResponse,
  type Part,
  type StreamEvent,
  type Tool,
  type ToolChoice,
} from './neutral';
import type { Target } from '../../../config/target';

export const chat: Codec = {
  format: 'chat',
  decodeRequest,
  encodeRequest,
  decodeResponse,
  encodeResponse,
  decodeStream,
  encodeStream,
  usageIn,
  isEnd: (data) => data === '[DONE]' || /"finish_reason":\s*"/.test(data),
};

// --- requests

const known = new Set([
  'model', 'messages', 'stream', 'stream_options', 'tools', 'tool_choice', 'max_tokens', 'max_completion_tokens', 'temperature', 'top_p', 'top_k',
  'stop', 'user', 'n', 'models', 'provider',
]); // prettier-ignore

function decodeRequest(body: Json): NeutralRequest {
  const messages: Message[] = [];
  const left = leftOver(body, known);
  if (typeof body['n'] === 'number' && body['n'] > 1) left.push('n');
  needList(body['messages'], 'messages').forEach((raw, i) => {
    const at = `messages[${i}]`;
    const message = needObject(raw, at);
    const role = needText(message['role'], `${at}.role`);
    switch (role) {
      case 'system':
      case 'developer':
        messages.push({ role: 'system', parts: decodeContent(message['content'], `${at}.content`, left) });
        break;
      case 'user':
        messages.push({ role: 'user', parts: decodeContent(message['content'], `${at}.content`, left) });
        break;
      case 'assistant':
        messages.push({ role: 'assistant', parts: decodeAssistant(message, at, left) });
        break;
      case 'tool': {
        const parts = decodeContent(message['content'], `${at}.content`, left);
        messages.push({
          role: 'user',
          parts: [
            { type: 'toolResult', id: needText(message['tool_call_id'], `${at}.tool_call_id`), parts, isError: false },
          ],
        });
        break;
      }
      default:
        wrong(`${at}.role`, 'one of system, developer, user, assistant, tool');
    }
  });
  if (messages.length === 0) wrong('messages', 'a list of at least one message');
  const stop = body['stop'];
  return {
    messages,
    stream: body['stream'] === true,
    leftOver: left,
    ...defined({
      tools: decodeTools(body['tools'], left),
      toolChoice: decodeToolChoice(body['tool_choice']),
      maxOutput:
        optionalCount(body['max_completion_tokens'], 'max_completion_tokens') ??
        optionalCount(body['max_tokens'], 'max_tokens'),
      temperature: optionalNumber(body['temperature'], 'temperature'),
      topP: optionalNumber(body['top_p'], 'top_p'),
      topK: optionalNumber(body['top_k'], 'top_k'),
      stop:
        typeof stop === 'string'
          ? [stop]
          : Array.isArray(stop)
            ? stop.map((text, i) => needText(text, `stop[${i}]`))
            : undefined,
      endUser: typeof body['user'] === 'string' ? body['user'] : undefined,
    }),
  };
}

function decodeContent(content: unknown, at: string, left: string[]): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (content === null || content === undefined) return wrong(at, 'a text or a list of parts');
  return needList(content, at).flatMap((raw, i): Part[] => {
    const part = needObject(raw, `${at}[${i}]`);
    switch (part['type']) {
      case 'text':
        return [{ type: 'text', text: needText(part['text'], `${at}[${i}].text`) }];
      case 'image_url':
        return [decodeImage(objectOr(part['image_url'])['url'], `${at}[${i}].image_url.url`)];
      default:
        left.push(`${at}[${i}]`);
        return [];
    }
  });
}

function decodeImage(value: unknown, at: string): Part {
  const url = needText(value, at);
  const inline = /^data:([^;,]+);base64,/.exec(url);
  if (inline === null) return { type: 'media', kind: 'image', mime: 'image/*', url };
  return { type: 'media', kind: 'image', mime: inline[1] ?? 'image/png', data: url.slice(inline[0].length) };
}

function decodeAssistant(message: Json, at: string, left: string[]): Part[] {
  const content = message['content'];
  const parts =
    content === null || content === undefined || content === '' ? [] : decodeContent(content, `${at}.content`, left);
  listOr(message['tool_calls']).forEach((raw, i) => {
    const call = needObject(raw, `${at}.tool_calls[${i}]`);
    const made = needObject(call['function'], `${at}.tool_calls[${i}].function`);
    parts.push({
      type: 'toolCall',
      id: needText(call['id'], `${at}.tool_calls[${i}].id`),
      name: needText(made['name'], `${at}.tool_calls[${i}].function.name`),
      args: textOr(made['arguments']),
    });
  });
  return parts;
}

function decodeTools(value: unknown, left: string[]): Tool[] | undefined {
  if (value === undefined || value === null) return undefined;
  return needList(value, 'tools').flatMap((raw, i): Tool[] => {
    const tool = needObject(raw, `tools[${i}]`);
    if (tool['type'] !== 'function') {
      left.push(`tools[${i}]`);
      return [];
    }
    const made = needObject(tool['function'], `tools[${i}].function`);
    const description = made['description'];
    return [
      {
        name: needText(made['name'], `tools[${i}].function.name`),
        schema: made['parameters'] ?? { type: 'object', properties: {} },
        ...(typeof description === 'string' ? { description } : {}),
      },
    ];
  });
}

function decodeToolChoice(value: unknown): ToolChoice | undefined {
  if (value === undefined || value === null) return undefined;
  if (value === 'auto' || value === 'none' || value === 'required') return { type: value };
  const name = objectOr(objectOr(value)['function'])['name'];
  return typeof name === 'string'
    ? { type: 'named', name }
    : wrong('tool_choice', 'auto, none, required or a named function');
}

function encodeRequest(request: NeutralRequest, target: Target): Encoded {
  const messages = request.messages.flatMap(encodeMessage);
  // Reasoning models of OpenAI refuse max_tokens; other hosts may not know the newer name.
  const limitField = target.provider === 'openai' ? 'max_completion_tokens' : 'max_tokens';
  const choice = request.toolChoice;
  return {
    body: {
      model: target.model,
      messages,
      ...defined({
        [limitField]: request.maxOutput,
        temperature: request.temperature,
        top_p: request.topP,
        stop: request.stop,
        user: request.endUser,
        tools: request.tools?.map((tool) => ({
          type: 'function',
          function: { name: tool.name, ...defined({ description: tool.description }), parameters: tool.schema },
        })),
        tool_choice:
          choice && (choice.type === 'named' ? { type: 'function', function: { name: choice.name } } : choice.type),
        stream: request.stream ? true : undefined,
        stream_options: request.stream ? { include_usage: true } : undefined,
      }),
    },
    dropped: [...request.leftOver, ...(request.topK === undefined ? [] : ['top_k'])],
  };
}

// A neutral message may hold tool results among other parts; chat wants each result as a message of its own, first.
function encodeMessage(message: Message): Json[] {
  const out: Json[] = [];
  for (const part of message.parts) {
    if (part.type === 'toolResult')
      out.push({
        role: 'tool',
        tool_call_id: part.id,
        content: part.parts.map((inner) => (inner.type === 'text' ? inner.text : '')).join(''),
      });
  }
  const content = message.parts.flatMap((part): Json[] => {
    if (part.type === 'text') return [{ type: 'text', text: part.text }];
    if (part.type === 'media' && part.kind === 'image')
      return [{ type: 'image_url', image_url: { url: part.url ?? `data:${part.mime};base64,${part.data ?? ''}` } }];
    return [];
  });
  const calls = message.parts.flatMap((part) =>
    part.type === 'toolCall'
      ? [
          {
            id: part.id,
            type: 'function',
            function: { name: part.name, arguments: part.args === '' ? '{}' : part.args },
          },
        ]
      : [],
  );
  if (content.length === 0 && calls.length === 0) return out;
  const onlyText = content.every((part) => part['type'] === 'text');
  const plain = onlyText
    ? content.map((part) => textOr(part['text'])).join(message.role === 'system' ? '\n\n' : '')
    : content;
  out.push({
    role: message.role,
    content: content.length === 0 ? null : plain,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  });
  return out;
}

// --- answers

const reasons: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'refusal',
};

const reasonNames: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  refusal: 'content_filter',
  other: 'stop',
};

function usageIn(value: Json): Partial<Usage> | undefined {
  const usage = value['usage'];
  if (!isObject(usage)) return undefined;
  const prompt = countOr(usage['prompt_tokens']);
  const details = objectOr(usage['prompt_tokens_details']);
  const cacheRead = Math.min(prompt, countOr(details['cached_tokens']));
  const cacheWrite5m = Math.min(prompt - cacheRead, countOr(details['cache_write_tokens']));
  const made = objectOr(usage['completion_tokens_details']);
  return {
    input: prompt - cacheRead - cacheWrite5m,
    cacheRead,
    cacheWrite5m,
    output: countOr(usage['completion_tokens']),
    reasoning: countOr(made['reasoning_tokens']),
    inputAudio: countOr(details['audio_tokens']),
  };
}

function fullUsage(value: Json): Usage | undefined {
  const usage = usageIn(value);
  return usage && { input: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, reasoning: 0, ...usage };
}

function* decodeResponse(body: Json): Generator<StreamEvent> {
  yield { type: 'start', id: textOr(body['id']), model: textOr(body['model']) };
  const choice = objectOr(listOr(body['choices'])[0]);
  const message = objectOr(choice['message']);
  const text = textOr(message['content']);
  if (text !== '')
    yield* [
      { type: 'open', part: { type: 'text' } },
      { type: 'delta', text },
      { type: 'close' },
    ] satisfies StreamEvent[];
  if (isObject(message['audio'])) yield { type: 'lost', what: 'audio' };
  for (const raw of listOr(message['tool_calls'])) {
    const call = objectOr(raw);
    const made = objectOr(call['function']);
    yield { type: 'open', part: { type: 'toolCall', id: textOr(call['id']), name: textOr(made['name']) } };
    yield { type: 'delta', text: textOr(made['arguments']) };
    yield { type: 'close' };
  }
  const usage = fullUsage(body);
  if (usage !== undefined) yield { type: 'usage', usage };
  yield { type: 'finish', reason: reasons[textOr(choice['finish_reason'])] ?? 'other' };
}

async function* decodeStream(frames: AsyncIterable<Frame>): AsyncGenerator<StreamEvent> {
  let started = false;
  let open: string | undefined; // what kind of block is being filled: 'text', or a tool call's index
  let reason: FinishReason | undefined;
  for await (const { data } of frames) {
    if (data === '[DONE]') break;
    const chunk = parseEvent(data);
    if (chunk === undefined) continue;
    if (isObject(chunk['error'])) {
      yield failureOf(chunk['error']);
      return;
    }
    if (!started) {
      started = true;
      yield { type: 'start', id: textOr(chunk['id']), model: textOr(chunk['model']) };
    }
    const usage = fullUsage(chunk);
    if (usage !== undefined) yield { type: 'usage', usage };
    const choice = objectOr(listOr(chunk['choices'])[0]);
    const delta = objectOr(choice['delta']);
    const text = textOr(delta['content']);
    if (text !== '') {
      if (open !== 'text') {
        if (open !== undefined) yield { type: 'close' };
        yield { type: 'open', part: { type: 'text' } };
        open = 'text';
      }
      yield { type: 'delta', text };
    }
    for (const raw of listOr(delta['tool_calls'])) {
      const call = objectOr(raw);
      const made = objectOr(call['function']);
      const index = `tool ${countOr(call['index'])}`;
      if (open !== index) {
        if (open !== undefined) yield { type: 'close' };
        yield { type: 'open', part: { type: 'toolCall', id: textOr(call['id']), name: textOr(made['name']) } };
        open = index;
      }
      const args = textOr(made['arguments']);
      if (args !== '') yield { type: 'delta', text: args };
    }
    if (typeof choice['finish_reason'] === 'string') reason = reasons[choice['finish_reason']] ?? 'other';
  }
  if (open !== undefined) yield { type: 'close' };
  if (reason !== undefined) yield { type: 'finish', reason };
}

/** The JSON object of an event's data; undefined for what is none (comments of some hosts). */
export function parseEvent(data: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(data);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function failureOf(error: Json): StreamEvent {
  const code = `${textOr(error['type'])} ${textOr(error['code'])}`;
  const kind = /overload/.test(code) ? 'overloaded' : /rate_limit/.test(code) ? 'rate_limited' : 'other';
  return { type: 'failure', kind, message: textOr(error['message']) };
}

function encodeUsage(usage: Usage): Json {
  const prompt = usage.input + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
  return {
    prompt_tokens: prompt,
    completion_tokens: usage.output,
    total_tokens: prompt + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cacheRead },
    completion_tokens_details: { reasoning_tokens: usage.reasoning },
  };
}

function encodeResponse(response: NeutralResponse, speaker: Speaker): Json {
  const text = response.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
  const calls = response.parts.flatMap((part) =>
    part.type === 'toolCall'
      ? [
          {
            id: part.id,
            type: 'function',
            function: { name: part.name, arguments: part.args === '' ? '{}' : part.args },
          },
        ]
      : [],
  );
  return {
    id: `chatcmpl-${response.id === '' ? speaker.requestId : response.id}`,
    object: 'chat.completion',
    created: speaker.created,
    model: response.model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text === '' && calls.length > 0 ? null : text,
          refusal: null,
          ...(calls.length > 0 ? { tool_calls: calls } : {}),
        },
        logprobs: null,
        finish_reason: reasonNames[response.reason],
      },
    ],
    ...(response.usage === undefined ? {} : { usage: encodeUsage(response.usage) }),
  };
}

async function* encodeStream(events: AsyncIterable<StreamEvent>, speaker: Speaker): AsyncGenerator<string> {
  let head = { id: '', object: 'chat.completion.chunk', created: speaker.created, model: '' };
  let usage: Usage | undefined;
  let calls = -1;
  let inCall = false;
  let argued = false;
  const say = (delta: Json, finish: string | null = null) =>
    `data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], ...(speaker.includeUsage ? { usage: null } : {}) })}\n\n`;
  for await (const event of events) {
    switch (event.type) {
      case 'start':
        head = { ...head, id: `chatcmpl-${event.id === '' ? speaker.requestId : event.id}`, model: event.model };
        yield say({ role: 'assistant', content: '' });
        break;
      case 'open':
        inCall = event.part.type === 'toolCall';
        argued = false;
        if (event.part.type === 'toolCall') {
          calls++;
          yield say({
            tool_calls: [
              { index: calls, id: event.part.id, type: 'function', function: { name: event.part.name, arguments: '' } },
            ],
          });
        }
        break;
      case 'delta':
        argued = true;
        yield say(
          inCall ? { tool_calls: [{ index: calls, function: { arguments: event.text } }] } : { content: event.text },
        );
        break;
      case 'close':
        if (inCall && !argued) yield say({ tool_calls: [{ index: calls, function: { arguments: '{}' } }] });
        inCall = false;
        break;
      case 'usage':
        usage = event.usage;
        break;
      case 'finish':
        yield say({}, reasonNames[event.reason]);
        if (speaker.includeUsage && usage !== undefined)
          yield `data: ${JSON.stringify({ ...head, choices: [], usage: encodeUsage(usage) })}\n\n`;
        yield 'data: [DONE]\n\n';
        break;
      case 'lost':
      case 'failure':
        break; // told by the caller, in words that every format shares
    }
  }
}
