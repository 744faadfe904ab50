// A chat completions request as neutral form. Source: OpenAI API reference, "Create chat completion"; OpenRouter's
// additions from its "API parameters" and "Reasoning tokens"; the older `functions` of the same OpenAI page.

import { readOthers } from '../chances';
import type { Json } from '../codec';
import { isEffort } from '../effort';
import {
  defined, isObject, listOr, needList, needObject, needText, objectOr, optionalCount, optionalFlag, optionalNumber, optionalText, optionalTexts,
  optionalWithin, otherFields, textOr, wrong,
} from '../json'; // prettier-ignore
import { mediaFromUrl } from '../media';
import { isBlockType, readBlock, readCache } from '../messages/blocks';
import type {
  AnyTool, Message, NeutralRequest, Opaque, Part, Reasoning, Shape, Thinking, ToolCall, ToolChoice,
} from '../neutral'; // prettier-ignore
import { openSeal, sealedText } from '../seal';

const known = new Set([
  'model', 'messages', 'stream', 'stream_options', 'tools', 'tool_choice', 'functions', 'function_call', 'parallel_tool_calls', 'max_tokens',
  'max_completion_tokens', 'temperature', 'top_p', 'top_k', 'frequency_penalty', 'presence_penalty', 'seed', 'stop', 'user',
  'safety_identifier', 'response_format', 'reasoning_effort', 'reasoning', 'thinking', 'include_reasoning', 'verbosity', 'service_tier',
  'prompt_cache_key', 'metadata', 'models', 'provider', 'usage', 'logprobs', 'top_logprobs',
]); // prettier-ignore

// What says no more than the default does.
const idle = {
  n: (value: unknown) => value === 1,
  store: (value: unknown) => value === false,
  logit_bias: (value: unknown) => isObject(value) && Object.keys(value).length === 0,
  modalities: (value: unknown) => Array.isArray(value) && value.every((item) => item === 'text'),
};

export function readRequest(body: Json): NeutralRequest {
  const turns = needList(body['messages'], 'messages');
  if (turns.length === 0) wrong('messages', 'a list of at least one message');
  return {
    from: 'chat',
    messages: turns.map((turn, i) => readMessage(needObject(turn, `messages[${i}]`), `messages[${i}]`)),
    stream: body['stream'] === true,
    native: otherFields(body, known, idle),
    ...defined({
      tools: readTools(body),
      toolChoice: readToolChoice(body['tool_choice'] ?? body['function_call']),
      parallelTools: optionalFlag(body['parallel_tool_calls'], 'parallel_tool_calls'),
      shape: readShape(body['response_format']),
      thinking: readThinking(body),
      maxOutput:
        optionalCount(body['max_completion_tokens'], 'max_completion_tokens') ??
        optionalCount(body['max_tokens'], 'max_tokens'),
      temperature: optionalWithin(body['temperature'], 'temperature', 0, 2),
      topP: optionalWithin(body['top_p'], 'top_p', 0, 1),
      topK: optionalNumber(body['top_k'], 'top_k'),
      frequencyPenalty: optionalWithin(body['frequency_penalty'], 'frequency_penalty', -2, 2),
      presencePenalty: optionalWithin(body['presence_penalty'], 'presence_penalty', -2, 2),
      seed: optionalNumber(body['seed'], 'seed'),
      chances: readChances(body),
      stop: optionalTexts(body['stop'], 'stop'),
      verbosity: optionalText(body['verbosity'], 'verbosity'),
      serviceTier: optionalText(body['service_tier'], 'service_tier'),
      promptCacheKey: optionalText(body['prompt_cache_key'], 'prompt_cache_key'),
      metadata: isObject(body['metadata']) ? body['metadata'] : undefined,
      endUser: optionalText(body['safety_identifier'] ?? body['user'], 'user'),
    }),
  };
}

// ---

function readChances(body: Json): number | undefined {
  const others = readOthers(body['top_logprobs'], 'top_logprobs');
  if (optionalFlag(body['logprobs'], 'logprobs') === true) return others ?? 0;
  if (others !== undefined && others > 0) wrong('logprobs', 'true where "top_logprobs" is set');
  return undefined;
}

function readMessage(message: Json, at: string): Message {
  const role = needText(message['role'], `${at}.role`);
  const name: Part[] =
    message['name'] === undefined || role === 'tool' || role === 'function'
      ? []
      : [{ type: 'raw', format: 'chat', value: undefined, at: `${at}.name` }];
  switch (role) {
    case 'system':
    case 'developer':
      return { role: 'system', parts: [...readContent(message['content'], `${at}.content`), ...name] };
    case 'user':
      return { role: 'user', parts: [...readContent(message['content'], `${at}.content`), ...name] };
    case 'assistant':
      return { role: 'assistant', parts: [...readAssistant(message, at), ...name] };
    case 'tool':
    case 'function': {
      const id = role === 'tool' ? needText(message['tool_call_id'], `${at}.tool_call_id`) : legacyId(message['name']);
      const parts = readContent(message['content'], `${at}.content`);
      return { role: 'user', parts: [{ type: 'toolResult', id, parts, isError: false }] };
    }
    default:
      return wrong(`${at}.role`, 'one of system, developer, user, assistant, tool');
  }
}

function readContent(content: unknown, at: string): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (content === null || content === undefined) return wrong(at, 'a text or a list of parts');
  return needList(content, at).flatMap((raw, i): Part[] => readPart(needObject(raw, `${at}[${i}]`), `${at}[${i}]`));
}

function readPart(part: Json, at: string): Part[] {
  const cache = readCache(part['cache_control'], `${at}.cache_control`);
  switch (part['type']) {
    case 'text':
    case 'input_text':
    case 'output_text':
      return [{ type: 'text', text: needText(part['text'], `${at}.text`), ...cache }];
    case 'refusal':
      return [{ type: 'refusal', text: needText(part['refusal'], `${at}.refusal`) }];
    case 'image_url': {
      const image = needObject(part['image_url'], `${at}.image_url`);
      const media = mediaFromUrl(needText(image['url'], `${at}.image_url.url`), 'image', `${at}.image_url.url`);
      return [{ ...media, ...defined({ detail: optionalText(image['detail'], `${at}.image_url.detail`) }), ...cache }];
    }
    case 'input_audio': {
      const audio = needObject(part['input_audio'], `${at}.input_audio`);
      const format = needText(audio['format'], `${at}.input_audio.format`);
      const data = needText(audio['data'], `${at}.input_audio.data`);
      return [
        { type: 'media', kind: 'audio', mime: format === 'mp3' ? 'audio/mpeg' : `audio/${format}`, data, ...cache },
      ];
    }
    case 'video_url': {
      const url = needText(objectOr(part['video_url'])['url'], `${at}.video_url.url`);
      return [{ ...mediaFromUrl(url, 'video', `${at}.video_url.url`), ...cache }];
    }
    case 'file': {
      const file = needObject(part['file'], `${at}.file`);
      const data = file['file_data'];
      if (typeof data !== 'string') return [{ type: 'raw', format: 'chat', value: part, at: `${at}.file.file_id` }];
      const media = mediaFromUrl(
        /^(data|https?):/.test(data) ? data : `data:application/pdf;base64,${data}`,
        'document',
        `${at}.file.file_data`,
      );
      return [{ ...media, ...defined({ name: optionalText(file['filename'], `${at}.file.filename`) }), ...cache }];
    }
    default:
      // Cursor writes Anthropic's blocks into chat bodies when a model is called claude-….
      if (isBlockType(part['type'])) return readBlock(part, at);
      return typeof part['type'] === 'string'
        ? [{ type: 'raw', format: 'chat', value: part, at }]
        : wrong(`${at}.type`, 'a text such as "text" or "image_url"');
  }
}

function readAssistant(message: Json, at: string): Part[] {
  const content = message['content'];
  const said = content === null || content === undefined || content === '' ? [] : readContent(content, `${at}.content`);
  if (typeof message['refusal'] === 'string' && message['refusal'] !== '')
    said.push({ type: 'refusal', text: message['refusal'] });
  const thoughts = readThoughts(message, at);
  const calls = readCalls(message, at).flatMap((call): Part[] => {
    const own = thoughts.filter((thought) => thought.call === call.id);
    return [...own.map(({ part }) => part), call];
  });
  const ids = new Set(calls.flatMap((part) => (part.type === 'toolCall' ? [part.id] : [])));
  const first = thoughts.filter(({ call }) => call === undefined || !ids.has(call)).map(({ part }) => part);
  return [...first, ...said, ...calls];
}

function readCalls(message: Json, at: string): ToolCall[] {
  const legacy = message['function_call'];
  const raw = message['tool_calls'];
  if (isObject(legacy)) {
    const name = needText(legacy['name'], `${at}.function_call.name`);
    return [{ type: 'toolCall', id: legacyId(name), name, args: textOr(legacy['arguments']) }];
  }
  if (raw === undefined || raw === null) return [];
  return needList(raw, `${at}.tool_calls`).map((value, i): ToolCall => {
    const here = `${at}.tool_calls[${i}]`;
    const call = needObject(value, here);
    const id = needText(call['id'], `${here}.id`);
    if (call['type'] === 'custom') {
      const custom = needObject(call['custom'], `${here}.custom`);
      const name = needText(custom['name'], `${here}.custom.name`);
      return { type: 'toolCall', id, name, args: textOr(custom['input']), custom: true };
    }
    const made = needObject(call['function'], `${here}.function`);
    const args = made['arguments'];
    return {
      type: 'toolCall',
      id,
      name: needText(made['name'], `${here}.function.name`),
      args: isObject(args) ? JSON.stringify(args) : textOr(args),
    };
  });
}

interface Thought {
  readonly part: Reasoning;
  /** The tool call it belongs to, where it says so. */
  readonly call: string | undefined;
}

// Three spellings of thoughts: OpenRouter's details (with signatures), its plain text, DeepSeek's plain text; and
// Google's own field on tool calls.
function readThoughts(message: Json, at: string): Thought[] {
  const details = message['reasoning_details'];
  const out: Thought[] = [];
  if (Array.isArray(details))
    out.push(...joined(details, `${at}.reasoning_details`).map((detail) => readDetail(detail)));
  if (out.length === 0) {
    const field = ['reasoning_content', 'reasoning'].find((name) => textOr(message[name]) !== '');
    if (field !== undefined)
      out.push({
        part: { type: 'reasoning', text: textOr(message[field]), opaque: { format: 'chat', value: field } },
        call: undefined,
      });
  }
  for (const raw of listOr(message['tool_calls'])) {
    const call = objectOr(raw);
    const signature = objectOr(objectOr(call['extra_content'])['google'])['thought_signature'];
    const id = textOr(call['id']);
    if (typeof signature !== 'string' || out.some((thought) => thought.call === id)) continue;
    out.push({ part: { type: 'reasoning', text: '', opaque: { format: 'generate', value: signature } }, call: id });
  }
  return out;
}

// The pieces of a streamed thought, where a client kept them one by one, become one again.
function joined(details: readonly unknown[], at: string): Json[] {
  const out: Json[] = [];
  for (const [i, raw] of details.entries()) {
    const detail = needObject(raw, `${at}[${i}]`);
    const last = out.at(-1);
    const goesOn =
      last?.['type'] === 'reasoning.text' &&
      detail['type'] === 'reasoning.text' &&
      typeof detail['index'] === 'number' &&
      last['index'] === detail['index'] &&
      (last['signature'] ?? undefined) === undefined;
    if (goesOn) out[out.length - 1] = { ...last, ...detail, text: textOr(last['text']) + textOr(detail['text']) };
    else out.push(detail);
  }
  return out;
}

function readDetail(detail: Json): Thought {
  const text = sealedText(detail['signature']) ?? (textOr(detail['text']) || textOr(detail['summary']));
  const opaque = openSeal(
    detail['signature'] ?? detail['data'],
    () => ({ format: 'chat', value: [detail] }) satisfies Opaque,
  );
  const id = detail['id'];
  const part: Reasoning = {
    type: 'reasoning',
    text,
    opaque: opaque ?? { format: 'chat', value: [detail] },
  };
  return { part, call: typeof id === 'string' ? id : undefined };
}

function readTools(body: Json): AnyTool[] | undefined {
  const functions = body['functions'];
  if (functions !== undefined && functions !== null)
    return needList(functions, 'functions').map((raw, i) =>
      readFunction(needObject(raw, `functions[${i}]`), `functions[${i}]`),
    );
  const tools = body['tools'];
  if (tools === undefined || tools === null) return undefined;
  return needList(tools, 'tools').map((raw, i): AnyTool => readTool(needObject(raw, `tools[${i}]`), `tools[${i}]`));
}

function readTool(tool: Json, at: string): AnyTool {
  if (isObject(tool['function']))
    return { ...readFunction(tool['function'], `${at}.function`), ...readCache(tool['cache_control'], at) };
  // Flat tools, as Responses and Anthropic write them: some clients send those to this path.
  if (tool['type'] === 'function' || isObject(tool['input_schema'])) return readFunction(tool, at);
  if (tool['type'] === 'custom') {
    const custom = isObject(tool['custom']) ? tool['custom'] : tool;
    const grammar = objectOr(custom['format']);
    const inner = isObject(grammar['grammar']) ? grammar['grammar'] : grammar;
    return {
      type: 'custom',
      name: needText(custom['name'], `${at}.custom.name`),
      ...defined({
        description: optionalText(custom['description'], `${at}.custom.description`),
        grammar:
          grammar['type'] === 'grammar'
            ? { syntax: textOr(inner['syntax']), definition: textOr(inner['definition']) }
            : undefined,
      }),
    };
  }
  return typeof tool['type'] === 'string'
    ? { type: 'raw', format: 'chat', value: tool, at }
    : wrong(`${at}.type`, '"function" or "custom"');
}

function readFunction(made: Json, at: string): AnyTool {
  return {
    type: 'function',
    name: needText(made['name'], `${at}.name`),
    schema: made['parameters'] ?? made['input_schema'] ?? { type: 'object', properties: {} },
    ...defined({
      description: optionalText(made['description'], `${at}.description`),
      strict: optionalFlag(made['strict'], `${at}.strict`),
    }),
    ...readCache(made['cache_control'], `${at}.cache_control`),
  };
}

function readToolChoice(value: unknown): ToolChoice | undefined {
  if (value === undefined || value === null) return undefined;
  if (value === 'auto' || value === 'none' || value === 'required') return { type: value };
  const choice = objectOr(value);
  // Anthropic's spelling, from clients that mix.
  if (choice['type'] === 'auto' || choice['type'] === 'none') return { type: choice['type'] };
  if (choice['type'] === 'any') return { type: 'required' };
  const name = objectOr(choice['function'])['name'] ?? objectOr(choice['custom'])['name'] ?? choice['name'];
  return typeof name === 'string'
    ? { type: 'named', name }
    : wrong('tool_choice', 'auto, none, required or a named function');
}

function readShape(value: unknown): Shape | undefined {
  if (value === undefined || value === null) return undefined;
  const format = needObject(value, 'response_format');
  switch (format['type']) {
    case 'text':
      return undefined;
    case 'json_object':
      return { type: 'json' };
    case 'json_schema': {
      const at = 'response_format.json_schema';
      const held = needObject(format['json_schema'], at);
      return {
        type: 'schema',
        schema: needObject(held['schema'] ?? {}, `${at}.schema`),
        ...defined({
          name: optionalText(held['name'], `${at}.name`),
          description: optionalText(held['description'], `${at}.description`),
          strict: optionalFlag(held['strict'], `${at}.strict`),
        }),
      };
    }
    default:
      return wrong('response_format.type', 'one of text, json_object, json_schema');
  }
}

function readThinking(body: Json): Thinking | undefined {
  const wanted = body['reasoning'];
  if (isObject(wanted)) {
    if (wanted['enabled'] === false) return { effort: 'none', show: false };
    const effort = wanted['effort'] ?? undefined;
    if (effort !== undefined && !isEffort(effort))
      wrong('reasoning.effort', 'one of none, minimal, low, medium, high, xhigh, max');
    return {
      show: wanted['exclude'] !== true,
      ...defined({ effort, budget: optionalCount(wanted['max_tokens'], 'reasoning.max_tokens') }),
    };
  }
  const thinking = body['thinking'];
  if (isObject(thinking)) {
    if (thinking['type'] === 'disabled') return { effort: 'none', show: false };
    return { show: true, ...defined({ budget: optionalCount(thinking['budget_tokens'], 'thinking.budget_tokens') }) };
  }
  const effort = body['reasoning_effort'];
  if (effort === undefined || effort === null) return body['include_reasoning'] === true ? { show: true } : undefined;
  if (!isEffort(effort)) wrong('reasoning_effort', 'one of none, minimal, low, medium, high, xhigh, max');
  return { effort, show: effort !== 'none' };
}

// Functions of the older kind have no call ids: their name has to do.
function legacyId(name: unknown): string {
  return `call_${textOr(name, 'function')}`;
}
