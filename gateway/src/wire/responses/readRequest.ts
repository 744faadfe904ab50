// An OpenAI Responses request as neutral form. Source: OpenAI API reference, "Create a model response"; read more
// leniently than that page, because Codex and Cursor write items it does not list.

import { readOthers } from '../chances';
import type { Json } from '../codec';
import { isEffort } from '../effort';
import {
  defined, isObject, listOr, needList, needObject, needText, objectOr, optionalCount, optionalFlag, optionalText, optionalWithin, otherFields,
  textOr, wrong,
} from '../json'; // prettier-ignore
import { mediaFromUrl } from '../media';
import { readCache } from '../messages/blocks';
import type { AnyTool, Citation, Message, NeutralRequest, Part, Shape, Thinking, ToolChoice } from '../neutral';
import { openSeal } from '../seal';
import { fullName } from './namespaces';

const known = new Set([
  'model', 'input', 'instructions', 'stream', 'stream_options', 'tools', 'tool_choice', 'parallel_tool_calls', 'max_output_tokens', 'temperature',
  'top_p', 'text', 'reasoning', 'metadata', 'user', 'safety_identifier', 'prompt_cache_key', 'service_tier', 'models', 'provider', 'messages',
  'top_logprobs',
]); // prettier-ignore

// What says no more than the default does, or asks for what comes anyway.
const idle = {
  store: (value: unknown) => value === false,
  background: (value: unknown) => value === false,
  truncation: (value: unknown) => value === 'disabled',
  include: (value: unknown) =>
    Array.isArray(value) && value.every((item) => item === 'reasoning.encrypted_content' || item === includeChances),
};

/** What a request includes to be told how likely tokens were. */
export const includeChances = 'message.output_text.logprobs';

export function readRequest(body: Json): NeutralRequest {
  const text = body['text'] === undefined ? {} : needObject(body['text'] ?? {}, 'text');
  const chosen = readToolChoice(body['tool_choice']);
  const tools = readTools(body['tools'], chosen.allowed);
  return {
    from: 'responses',
    messages: [...readInstructions(body['instructions']), ...readInput(body['input'])],
    stream: body['stream'] === true,
    native: { ...otherFields(body, known, idle), ...chosen.native },
    ...defined({
      tools,
      toolChoice: chosen.choice,
      parallelTools: optionalFlag(body['parallel_tool_calls'], 'parallel_tool_calls'),
      shape: readShape(text['format']),
      verbosity: optionalText(text['verbosity'], 'text.verbosity'),
      thinking: readThinking(body['reasoning']),
      maxOutput: optionalCount(body['max_output_tokens'], 'max_output_tokens'),
      temperature: optionalWithin(body['temperature'], 'temperature', 0, 2),
      topP: optionalWithin(body['top_p'], 'top_p', 0, 1),
      chances: readChances(body),
      serviceTier: optionalText(body['service_tier'], 'service_tier'),
      promptCacheKey: optionalText(body['prompt_cache_key'], 'prompt_cache_key'),
      metadata: isObject(body['metadata']) && Object.keys(body['metadata']).length > 0 ? body['metadata'] : undefined,
      endUser: optionalText(body['safety_identifier'] ?? body['user'], 'user'),
    }),
  };
}

// ---

function readChances(body: Json): number | undefined {
  const others = readOthers(body['top_logprobs'], 'top_logprobs');
  return others !== undefined && others > 0 ? others : listOr(body['include']).includes(includeChances) ? 0 : undefined;
}

function readInstructions(value: unknown): Message[] {
  const text = optionalText(value, 'instructions');
  return text === undefined || text === '' ? [] : [{ role: 'system', parts: [{ type: 'text', text }] }];
}

// Items in a row that are one turn of the model become one message: thoughts, words and calls in their order.
function readInput(input: unknown): Message[] {
  if (typeof input === 'string') return [{ role: 'user', parts: [{ type: 'text', text: input }] }];
  if (input === undefined || input === null) return wrong('input', 'a text or a list of items');
  const out: { role: Message['role']; parts: Part[]; own: boolean }[] = [];
  const items = needList(input, 'input');
  if (items.length === 0) wrong('input', 'a text or a list of at least one item');
  items.forEach((raw, i) => {
    const { role, parts, own } = readItem(needObject(raw, `input[${i}]`), `input[${i}]`);
    const last = out.at(-1);
    // A user's own messages stay apart; results of one turn's calls belong together.
    if (last?.role === role && (role === 'assistant' || (own && last.own))) last.parts.push(...parts);
    else out.push({ role, parts, own });
  });
  return out.map(({ role, parts }) => ({ role, parts }));
}

interface Item {
  readonly role: Message['role'];
  readonly parts: Part[];
  /** A result of a call, rather than a message. */
  readonly own: boolean;
}

function readItem(item: Json, at: string): Item {
  const assistant = (part: Part): Item => ({ role: 'assistant', parts: [part], own: false });
  switch (item['type'] ?? 'message') {
    case 'message': {
      const role = needText(item['role'], `${at}.role`);
      const parts = readContent(item['content'], `${at}.content`);
      if (role === 'user' || role === 'assistant') return { role, parts, own: false };
      if (role === 'system' || role === 'developer') return { role: 'system', parts, own: false };
      return wrong(`${at}.role`, 'one of user, assistant, system, developer');
    }
    case 'function_call':
      return assistant({
        type: 'toolCall',
        id: needText(item['call_id'], `${at}.call_id`),
        name: fullName(item['namespace'], needText(item['name'], `${at}.name`)),
        args: textOr(item['arguments']),
      });
    case 'custom_tool_call':
      return assistant({
        type: 'toolCall',
        id: needText(item['call_id'], `${at}.call_id`),
        name: fullName(item['namespace'], needText(item['name'], `${at}.name`)),
        args: textOr(item['input']),
        custom: true,
      });
    case 'function_call_output':
    case 'custom_tool_call_output': {
      const output = item['output'];
      const parts: Part[] = isObject(output)
        ? [{ type: 'text', text: textOr(output['content'], JSON.stringify(output)) }]
        : readContent(output, `${at}.output`);
      const custom = item['type'] === 'custom_tool_call_output' ? { custom: true } : {};
      const id = needText(item['call_id'], `${at}.call_id`);
      return { role: 'user', parts: [{ type: 'toolResult', id, parts, isError: false, ...custom }], own: true };
    }
    case 'reasoning': {
      const text = [...listOr(item['summary']), ...listOr(item['content'])]
        .map((part) => textOr(objectOr(part)['text']))
        .join('\n\n');
      const opaque = openSeal(item['encrypted_content'], (encrypted) => ({
        format: 'responses',
        value: { id: textOr(item['id']), encrypted_content: encrypted },
      }));
      return assistant({ type: 'reasoning', text, ...defined({ opaque }) });
    }
    case 'item_reference':
      return assistant({
        type: 'raw',
        format: 'responses',
        value: item,
        at,
        refersTo: needText(item['id'], `${at}.id`),
      });
    case 'compaction':
      return assistant({ type: 'raw', format: 'responses', value: item, at });
    default:
      if (typeof item['type'] !== 'string') return wrong(`${at}.type`, 'a text such as "message"');
      return {
        role: item['type'].endsWith('_output') ? 'user' : 'assistant',
        parts: [{ type: 'raw', format: 'responses', value: item, at }],
        own: true,
      };
  }
}

function readContent(content: unknown, at: string): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (content === null || content === undefined) return wrong(at, 'a text or a list of parts');
  return needList(content, at).map((raw, i) => readPart(needObject(raw, `${at}[${i}]`), `${at}[${i}]`));
}

function readPart(part: Json, at: string): Part {
  const cache = readCache(part['cache_control'], `${at}.cache_control`);
  switch (part['type']) {
    case 'input_text':
    case 'output_text':
    case 'text': {
      const citations = readAnnotations(part['annotations']);
      return {
        type: 'text',
        text: needText(part['text'], `${at}.text`),
        ...(citations.length > 0 ? { citations } : {}),
        ...cache,
      };
    }
    case 'refusal':
      return { type: 'refusal', text: needText(part['refusal'], `${at}.refusal`) };
    case 'input_image': {
      const url = isObject(part['image_url']) ? part['image_url']['url'] : part['image_url'];
      if (typeof url !== 'string') return { type: 'raw', format: 'responses', value: part, at: `${at}.file_id` };
      const detail = optionalText(part['detail'], `${at}.detail`);
      return { ...mediaFromUrl(url, 'image', `${at}.image_url`), ...defined({ detail }), ...cache };
    }
    case 'input_file': {
      const name = optionalText(part['filename'], `${at}.filename`);
      const data = part['file_data'];
      const url = part['file_url'];
      if (typeof data === 'string')
        return {
          ...mediaFromUrl(
            data.startsWith('data:') ? data : `data:application/pdf;base64,${data}`,
            'document',
            `${at}.file_data`,
          ),
          ...defined({ name }),
          ...cache,
        };
      if (typeof url === 'string')
        return { ...mediaFromUrl(url, 'document', `${at}.file_url`), ...defined({ name }), ...cache };
      return { type: 'raw', format: 'responses', value: part, at: `${at}.file_id` };
    }
    case 'input_audio': {
      const audio = objectOr(part['input_audio']);
      const format = textOr(audio['format'], 'wav');
      return {
        type: 'media',
        kind: 'audio',
        mime: format === 'mp3' ? 'audio/mpeg' : `audio/${format}`,
        data: needText(audio['data'], `${at}.input_audio.data`),
      };
    }
    default:
      return typeof part['type'] === 'string'
        ? { type: 'raw', format: 'responses', value: part, at }
        : wrong(`${at}.type`, 'a text such as "input_text" or "input_image"');
  }
}

function readAnnotations(value: unknown): Citation[] {
  return listOr(value).flatMap((raw): Citation[] => {
    const annotation = objectOr(raw);
    const url = textOr(annotation['url']);
    if (annotation['type'] !== 'url_citation' || url === '') return [];
    const { title, start_index: start, end_index: end } = annotation;
    return [
      {
        url,
        ...defined({
          title: typeof title === 'string' ? title : undefined,
          start: typeof start === 'number' ? start : undefined,
          end: typeof end === 'number' ? end : undefined,
        }),
      },
    ];
  });
}

function readTools(value: unknown, allowed: ReadonlySet<string> | undefined): AnyTool[] | undefined {
  if (value === undefined || value === null) return undefined;
  const tools = needList(value, 'tools').flatMap((raw, i) => {
    const tool = needObject(raw, `tools[${i}]`);
    return tool['type'] === 'namespace' ? readNamespace(tool, `tools[${i}]`) : [readTool(tool, `tools[${i}]`)];
  });
  return allowed === undefined ? tools : tools.filter((tool) => tool.type === 'raw' || allowed.has(tool.name));
}

function readNamespace(group: Json, at: string): AnyTool[] {
  const name = needText(group['name'], `${at}.name`);
  const about = defined({ description: optionalText(group['description'], `${at}.description`) });
  return needList(group['tools'], `${at}.tools`).map((raw, i) => {
    const tool = readTool(needObject(raw, `${at}.tools[${i}]`), `${at}.tools[${i}]`);
    if (tool.type === 'raw') return { ...tool, value: undefined };
    return { ...tool, name: fullName(name, tool.name), namespace: { name, ...about, tool: tool.name } };
  });
}

function readTool(tool: Json, at: string): AnyTool {
  const nested = objectOr(tool['function']); // the chat spelling, from clients that mix
  const made = Object.keys(nested).length > 0 ? nested : tool;
  const type = tool['type'] ?? (isObject(tool['input_schema']) ? 'function' : undefined); // Anthropic's, likewise
  switch (type) {
    case 'function':
      return {
        type: 'function',
        name: needText(made['name'], `${at}.name`),
        schema: made['parameters'] ?? made['input_schema'] ?? { type: 'object', properties: {} },
        ...defined({
          description: optionalText(made['description'], `${at}.description`),
          strict: optionalFlag(made['strict'], `${at}.strict`),
        }),
      };
    case 'custom': {
      const format = objectOr(tool['format']);
      return {
        type: 'custom',
        name: needText(tool['name'], `${at}.name`),
        ...defined({
          description: optionalText(tool['description'], `${at}.description`),
          grammar:
            format['type'] === 'grammar'
              ? { syntax: textOr(format['syntax']), definition: textOr(format['definition']) }
              : undefined,
        }),
      };
    }
    default:
      return typeof type === 'string'
        ? { type: 'raw', format: 'responses', value: tool, at }
        : wrong(`${at}.type`, 'a text such as "function"');
  }
}

interface Chosen {
  readonly choice?: ToolChoice;
  readonly allowed?: ReadonlySet<string>;
  readonly native: Record<string, unknown>;
}

function readToolChoice(value: unknown): Chosen {
  if (value === undefined || value === null) return { native: {} };
  if (value === 'auto' || value === 'none' || value === 'required') return { choice: { type: value }, native: {} };
  const choice = needObject(value, 'tool_choice');
  switch (choice['type']) {
    case 'function':
    case 'custom': {
      const name = needText(choice['name'] ?? objectOr(choice['function'])['name'], 'tool_choice.name');
      return { choice: { type: 'named', name: fullName(choice['namespace'], name) }, native: {} };
    }
    case 'allowed_tools': {
      const mode = choice['mode'];
      if (mode !== 'auto' && mode !== 'required') wrong('tool_choice.mode', '"auto" or "required"');
      const names = needList(choice['tools'], 'tool_choice.tools')
        .map(objectOr)
        .map((tool) => fullName(tool['namespace'], textOr(tool['name'])));
      return { choice: { type: mode }, allowed: new Set(names), native: {} };
    }
    default:
      return typeof choice['type'] === 'string'
        ? { native: { tool_choice: choice } }
        : wrong('tool_choice', 'auto, none, required or a named tool');
  }
}

function readShape(value: unknown): Shape | undefined {
  if (value === undefined || value === null) return undefined;
  const format = needObject(value, 'text.format');
  switch (format['type']) {
    case 'text':
      return undefined;
    case 'json_object':
      return { type: 'json' };
    case 'json_schema':
      return {
        type: 'schema',
        schema: needObject(format['schema'], 'text.format.schema'),
        ...defined({
          name: optionalText(format['name'], 'text.format.name'),
          description: optionalText(format['description'], 'text.format.description'),
          strict: optionalFlag(format['strict'], 'text.format.strict'),
        }),
      };
    default:
      return wrong('text.format.type', 'one of text, json_object, json_schema');
  }
}

function readThinking(value: unknown): Thinking | undefined {
  if (value === undefined || value === null) return undefined;
  const wanted = needObject(value, 'reasoning');
  const effort = wanted['effort'] ?? undefined;
  if (effort !== undefined && !isEffort(effort))
    wrong('reasoning.effort', 'one of none, minimal, low, medium, high, xhigh, max');
  const summary = wanted['summary'] ?? wanted['generate_summary'] ?? undefined;
  if (effort === undefined && summary === undefined) return undefined;
  return { show: summary !== undefined && effort !== 'none', ...defined({ effort }) };
}
