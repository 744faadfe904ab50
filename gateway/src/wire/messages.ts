// Anthropic messages. Source: Anthropic API reference, "Messages" and "Streaming Messages".

import type { Target } from '../../../config/target';
import type { Usage } from '../money';
import { parseEvent } from './chat';
import type { Codec, Encoded, Frame, Json, Speaker } from './codec';
import {
  countOr, defined, isObject, leftOver, listOr, needList, needObject, needText, objectOr, optionalCount, optionalNumber, parseArgs, textOr, wrong,
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

export const messages: Codec = {
  format: 'messages',
  decodeRequest,
  encodeRequest,
  decodeResponse,
  encodeResponse,
  decodeStream,
  encodeStream,
  usageIn,
  isEnd: (data) => data.startsWith('{"type":"message_stop"') || /^\{\s*"type":\s*"message_stop"/.test(data),
};

// --- requests

const known = new Set([
  'model', 'messages', 'system', 'stream', 'tools', 'tool_choice', 'max_tokens', 'temperature', 'top_p', 'top_k', 'stop_sequences', 'metadata',
]); // prettier-ignore

function decodeRequest(body: Json): NeutralRequest {
  const left = leftOver(body, known);
  const out: Message[] = [];
  if (body['system'] !== undefined && body['system'] !== null)
    out.push({ role: 'system', parts: decodeContent(body['system'], 'system', left) });
  const turns = needList(body['messages'], 'messages');
  if (turns.length === 0) wrong('messages', 'a list of at least one message');
  turns.forEach((raw, i) => {
    const at = `messages[${i}]`;
    const message = needObject(raw, at);
    const role = needText(message['role'], `${at}.role`);
    if (role !== 'user' && role !== 'assistant' && role !== 'system') wrong(`${at}.role`, 'user or assistant');
    else out.push({ role, parts: decodeContent(message['content'], `${at}.content`, left) });
  });
  const maxOutput = optionalCount(body['max_tokens'], 'max_tokens');
  if (maxOutput === undefined) wrong('max_tokens', 'a whole number above 0 (this API requires it)');
  const user = objectOr(body['metadata'])['user_id'];
  return {
    messages: out,
    stream: body['stream'] === true,
    leftOver: left,
    ...defined({
      tools: decodeTools(body['tools'], left),
      toolChoice: decodeToolChoice(body['tool_choice']),
      maxOutput,
      temperature: optionalNumber(body['temperature'], 'temperature'),
      topP: optionalNumber(body['top_p'], 'top_p'),
      topK: optionalNumber(body['top_k'], 'top_k'),
      stop: Array.isArray(body['stop_sequences'])
        ? body['stop_sequences'].map((text, i) => needText(text, `stop_sequences[${i}]`))
        : undefined,
      endUser: typeof user === 'string' ? user : undefined,
    }),
  };
}

function decodeContent(content: unknown, at: string, left: string[]): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) wrong(at, 'a text or a list of blocks');
  return needList(content, at).flatMap((raw, i): Part[] => {
    const here = `${at}[${i}]`;
    const block = needObject(raw, here);
    if (block['cache_control'] !== undefined) left.push(`${here}.cache_control`);
    switch (block['type']) {
      case 'text':
        return [{ type: 'text', text: needText(block['text'], `${here}.text`) }];
      case 'image': {
        const source = needObject(block['source'], `${here}.source`);
        if (source['type'] === 'url')
          return [
            { type: 'media', kind: 'image', mime: 'image/*', url: needText(source['url'], `${here}.source.url`) },
          ];
        return [
          {
            type: 'media',
            kind: 'image',
            mime: needText(source['media_type'], `${here}.source.media_type`),
            data: needText(source['data'], `${here}.source.data`),
          },
        ];
      }
      case 'tool_use':
        return [
          {
            type: 'toolCall',
            id: needText(block['id'], `${here}.id`),
            name: needText(block['name'], `${here}.name`),
            args: JSON.stringify(block['input'] ?? {}),
          },
        ];
      case 'tool_result': {
        const inner = block['content'];
        const parts = inner === undefined || inner === null ? [] : decodeContent(inner, `${here}.content`, left);
        return [
          {
            type: 'toolResult',
            id: needText(block['tool_use_id'], `${here}.tool_use_id`),
            parts,
            isError: block['is_error'] === true,
          },
        ];
      }
      default:
        left.push(here);
        return [];
    }
  });
}

function decodeTools(value: unknown, left: string[]): Tool[] | undefined {
  if (value === undefined || value === null) return undefined;
  return needList(value, 'tools').flatMap((raw, i): Tool[] => {
    const tool = needObject(raw, `tools[${i}]`);
    if (tool['type'] !== undefined && tool['type'] !== 'custom') {
      left.push(`tools[${i}]`);
      return [];
    }
    const description = tool['description'];
    return [
      {
        name: needText(tool['name'], `tools[${i}].name`),
        schema: tool['input_schema'] ?? { type: 'object', properties: {} },
        ...(typeof description === 'string' ? { description } : {}),
      },
    ];
  });
}

function decodeToolChoice(value: unknown): ToolChoice | undefined {
  if (value === undefined || value === null) return undefined;
  const choice = needObject(value, 'tool_choice');
  switch (choice['type']) {
    case 'auto':
    case 'none':
      return { type: choice['type'] };
    case 'any':
      return { type: 'required' };
    case 'tool':
      return { type: 'named', name: needText(choice['name'], 'tool_choice.name') };
    default:
      return wrong('tool_choice.type', 'one of auto, any, tool, none');
  }
}

/** For a model whose own limit nobody knows; above any answer people wait for, within what every current model takes. */
const unknownMaxOutput = 32_000;

function encodeRequest(request: NeutralRequest, target: Target): Encoded {
  const system = request.messages.filter((message) => message.role === 'system').flatMap((message) => message.parts);
  const turns: { role: 'user' | 'assistant'; content: Json[] }[] = [];
  for (const message of request.messages) {
    if (message.role === 'system') continue;
    const content = message.parts.flatMap(encodePart);
    if (content.length === 0) continue;
    const last = turns.at(-1);
    if (last?.role === message.role) last.content.push(...content);
    else turns.push({ role: message.role, content });
  }
  const choice = request.toolChoice;
  const dropped = [...request.leftOver];
  // Anthropic's scale ends at 1, the others' at 2.
  const temperature = request.temperature === undefined ? undefined : Math.min(1, request.temperature);
  return {
    body: {
      model: target.model,
      // A missing maximum is the model's own limit: a small constant would cut answers nobody asked to cut.
      max_tokens: Math.min(
        request.maxOutput ?? Infinity,
        target.maxOutput ?? (request.maxOutput === undefined ? unknownMaxOutput : Infinity),
      ),
      messages: turns.map((turn) => ({ role: turn.role, content: plainIfText(turn.content) })),
      ...defined({
        system:
          system.length === 0 ? undefined : system.map((part) => (part.type === 'text' ? part.text : '')).join('\n\n'),
        temperature,
        top_p: request.topP,
        top_k: request.topK,
        stop_sequences: request.stop,
        metadata: request.endUser === undefined ? undefined : { user_id: request.endUser },
        tools: request.tools?.map((tool) => ({
          name: tool.name,
          ...defined({ description: tool.description }),
          input_schema: tool.schema,
        })),
        tool_choice: choice && encodeToolChoice(choice),
        stream: request.stream ? true : undefined,
      }),
    },
    dropped,
  };
}

function plainIfText(content: readonly Json[]): unknown {
  const only = content.length === 1 ? content[0] : undefined;
  return only?.['type'] === 'text' ? only['text'] : content;
}

function encodePart(part: Part): Json[] {
  switch (part.type) {
    case 'text':
      return part.text === '' ? [] : [{ type: 'text', text: part.text }]; // empty text blocks are refused
    case 'media':
      return part.url === undefined
        ? [{ type: 'image', source: { type: 'base64', media_type: part.mime, data: part.data ?? '' } }]
        : [{ type: 'image', source: { type: 'url', url: part.url } }];
    case 'toolCall':
      return [{ type: 'tool_use', id: part.id, name: part.name, input: parseArgs(part.args) }];
    case 'toolResult':
      return [
        {
          type: 'tool_result',
          tool_use_id: part.id,
          content: part.parts.flatMap(encodePart),
          ...(part.isError ? { is_error: true } : {}),
        },
      ];
    case 'reasoning':
      return [];
  }
}

function encodeToolChoice(choice: ToolChoice): Json {
  if (choice.type === 'named') return { type: 'tool', name: choice.name };
  return { type: choice.type === 'required' ? 'any' : choice.type };
}

// --- answers

const reasons: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'refusal',
};

const reasonNames: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  refusal: 'refusal',
  other: 'end_turn',
};

// `input_tokens` excludes the cache here. The first event of a stream has input and cache, the last the output.
function usageIn(value: Json): Partial<Usage> | undefined {
  const usage = isObject(value['usage']) ? value['usage'] : objectOr(value['message'])['usage'];
  if (!isObject(usage)) return undefined;
  const writes = objectOr(usage['cache_creation']);
  const oneHour = countOr(writes['ephemeral_1h_input_tokens']);
  const count = (key: string) => (typeof usage[key] === 'number' ? countOr(usage[key]) : undefined);
  const allWrites = count('cache_creation_input_tokens');
  return defined({
    input: count('input_tokens'),
    cacheRead: count('cache_read_input_tokens'),
    cacheWrite5m: allWrites === undefined ? undefined : Math.max(0, allWrites - oneHour),
    cacheWrite1h: isObject(usage['cache_creation']) ? oneHour : undefined,
    output: count('output_tokens'),
  });
}

const zero: Usage = { input: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, reasoning: 0 };

function* decodeResponse(body: Json): Generator<StreamEvent> {
  yield { type: 'start', id: textOr(body['id']), model: textOr(body['model']) };
  for (const raw of listOr(body['content'])) {
    const block = objectOr(raw);
    const open = openOf(block);
    if (open === undefined) {
      yield { type: 'lost', what: textOr(block['type'], 'block') };
      continue;
    }
    yield open;
    const text = block['type'] === 'tool_use' ? JSON.stringify(block['input'] ?? {}) : textOr(block['text']);
    if (text !== '') yield { type: 'delta', text };
    yield { type: 'close' };
  }
  const usage = usageIn(body);
  if (usage !== undefined) yield { type: 'usage', usage: { ...zero, ...usage } };
  yield finishOf(body['stop_reason'], body['stop_sequence']);
}

function openOf(block: Json): StreamEvent | undefined {
  switch (block['type']) {
    case 'text':
      return { type: 'open', part: { type: 'text' } };
    case 'tool_use':
      return { type: 'open', part: { type: 'toolCall', id: textOr(block['id']), name: textOr(block['name']) } };
    default:
      return undefined;
  }
}

function finishOf(reason: unknown, stopSequence: unknown): StreamEvent {
  return {
    type: 'finish',
    reason: reasons[textOr(reason)] ?? 'other',
    ...(typeof stopSequence === 'string' ? { stopSequence } : {}),
  };
}

async function* decodeStream(frames: AsyncIterable<Frame>): AsyncGenerator<StreamEvent> {
  let usage: Usage = zero;
  let carried = false; // is the block that is open one that the neutral form carries?
  let finish: StreamEvent | undefined;
  for await (const { data } of frames) {
    const event = parseEvent(data);
    if (event === undefined) continue;
    const found = usageIn(event);
    if (found !== undefined) usage = { ...usage, ...found };
    switch (event['type']) {
      case 'message_start': {
        const message = objectOr(event['message']);
        yield { type: 'start', id: textOr(message['id']), model: textOr(message['model']) };
        break;
      }
      case 'content_block_start': {
        const block = objectOr(event['content_block']);
        const open = openOf(block);
        carried = open !== undefined;
        yield open ?? { type: 'lost', what: textOr(block['type'], 'block') };
        if (carried && textOr(block['text']) !== '') yield { type: 'delta', text: textOr(block['text']) };
        break;
      }
      case 'content_block_delta': {
        const delta = objectOr(event['delta']);
        const text = textOr(delta['text']) || textOr(delta['partial_json']);
        if (carried && text !== '') yield { type: 'delta', text };
        break;
      }
      case 'content_block_stop':
        if (carried) yield { type: 'close' };
        carried = false;
        break;
      case 'message_delta': {
        const delta = objectOr(event['delta']);
        finish = finishOf(delta['stop_reason'], delta['stop_sequence']);
        break;
      }
      case 'message_stop':
        yield { type: 'usage', usage };
        if (finish !== undefined) yield finish;
        return;
      case 'error': {
        const error = objectOr(event['error']);
        const type = textOr(error['type']);
        yield { type: 'usage', usage };
        yield {
          type: 'failure',
          kind: type === 'overloaded_error' ? 'overloaded' : type === 'rate_limit_error' ? 'rate_limited' : 'other',
          message: textOr(error['message']),
        };
        return;
      }
    }
  }
}

function encodeUsage(usage: Usage): Json {
  return {
    input_tokens: usage.input,
    cache_creation_input_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
    cache_read_input_tokens: usage.cacheRead,
    output_tokens: usage.output,
  };
}

function encodeResponse(response: NeutralResponse, speaker: Speaker): Json {
  return {
    id: `msg_${response.id === '' ? speaker.requestId : response.id}`,
    type: 'message',
    role: 'assistant',
    model: response.model,
    content: response.parts.flatMap(encodePart),
    stop_reason: reasonNames[response.reason],
    stop_sequence: response.stopSequence ?? null,
    usage: encodeUsage(response.usage ?? zero),
  };
}

async function* encodeStream(events: AsyncIterable<StreamEvent>, speaker: Speaker): AsyncGenerator<string> {
  const say = (type: string, rest: Json) => `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
  let index = -1;
  let inCall = false;
  let usage: Usage = zero;
  for await (const event of events) {
    switch (event.type) {
      case 'start':
        yield say('message_start', {
          message: {
            id: `msg_${event.id === '' ? speaker.requestId : event.id}`,
            type: 'message',
            role: 'assistant',
            model: event.model,
            content: [],
            stop_reason: null,
            stop_sequence: null,
            usage: { ...encodeUsage(usage), output_tokens: 1 },
          },
        });
        break;
      case 'open':
        index++;
        inCall = event.part.type === 'toolCall';
        yield say('content_block_start', {
          index,
          content_block:
            event.part.type === 'toolCall'
              ? { type: 'tool_use', id: event.part.id, name: event.part.name, input: {} }
              : { type: 'text', text: '' },
        });
        break;
      case 'delta':
        yield say('content_block_delta', {
          index,
          delta: inCall
            ? { type: 'input_json_delta', partial_json: event.text }
            : { type: 'text_delta', text: event.text },
        });
        break;
      case 'close':
        yield say('content_block_stop', { index });
        break;
      case 'usage':
        usage = event.usage;
        break;
      case 'finish':
        yield say('message_delta', {
          delta: { stop_reason: reasonNames[event.reason], stop_sequence: event.stopSequence ?? null },
          usage: encodeUsage(usage),
        });
        yield say('message_stop', {});
        break;
      case 'lost':
      case 'failure':
        break; // told by the caller, in words that every format shares
    }
  }
}
