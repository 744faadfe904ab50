// The items of a Responses request as turns. Source: OpenAI API reference, "Create a model response"; read more leniently
// than that page, because Codex and Cursor write items it does not list.

import type { Json } from '../codec';
import {
  defined,
  isObject,
  listOr,
  needList,
  needObject,
  needText,
  objectOr,
  optionalText,
  textOr,
  wrong,
} from '../shared/json';
import { mediaFromUrl, decodeImageDetail } from '../shared/media';
import { decodeCache } from '../anthropicMessages/blocks';
import type { Citation, Message, Part } from '../neutral';
import { decodeOpaque } from '../reasoning/envelope';
import { fullName } from './namespaces';

/** The system prompt. @throws GatewayError bad_request */
export function decodeInstructions(value: unknown): Message[] {
  const text = optionalText(value, 'instructions');
  return text === undefined || text === '' ? [] : [{ role: 'system', parts: [{ type: 'text', text }] }];
}

// Items in a row that are one turn of the model become one message: thoughts, words and calls in their order.
export function decodeInput(input: unknown): Message[] {
  if (typeof input === 'string') return [{ role: 'user', parts: [{ type: 'text', text: input }] }];
  if (input === undefined || input === null) return wrong('input', 'a text or a list of items');
  const out: { role: Message['role']; parts: Part[]; own: boolean }[] = [];
  const items = needList(input, 'input');
  if (items.length === 0) wrong('input', 'a text or a list of at least one item');
  items.forEach((raw, i) => {
    const { role, parts, own } = decodeItem(needObject(raw, `input[${i}]`), `input[${i}]`);
    const last = out.at(-1);
    // A user's own messages stay apart; results of one turn's calls belong together.
    if (last?.role === role && (role === 'assistant' || (own && last.own))) last.parts.push(...parts);
    else out.push({ role, parts, own });
  });
  return out.map(({ role, parts }) => ({ role, parts }));
}

// ---

interface Item {
  readonly role: Message['role'];
  readonly parts: Part[];
  /** A result of a call, rather than a message. */
  readonly own: boolean;
}

function decodeItem(item: Json, at: string): Item {
  const assistant = (part: Part): Item => ({ role: 'assistant', parts: [part], own: false });
  switch (item['type'] ?? 'message') {
    case 'message': {
      const role = needText(item['role'], `${at}.role`);
      const parts = decodeContent(item['content'], `${at}.content`);
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
        : decodeContent(output, `${at}.output`);
      const custom = item['type'] === 'custom_tool_call_output' ? { custom: true } : {};
      const id = needText(item['call_id'], `${at}.call_id`);
      return { role: 'user', parts: [{ type: 'toolResult', id, parts, isError: false, ...custom }], own: true };
    }
    case 'reasoning': {
      const text = [...listOr(item['summary']), ...listOr(item['content'])]
        .map((part) => textOr(objectOr(part)['text']))
        .join('\n\n');
      const opaque = decodeOpaque(item['encrypted_content'], (encrypted) => ({
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

function decodeContent(content: unknown, at: string): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (content === null || content === undefined) return wrong(at, 'a text or a list of parts');
  return needList(content, at).map((raw, i) => decodePart(needObject(raw, `${at}[${i}]`), `${at}[${i}]`));
}

function decodePart(part: Json, at: string): Part {
  const cache = decodeCache(part['cache_control'], `${at}.cache_control`);
  switch (part['type']) {
    case 'input_text':
    case 'output_text':
    case 'text': {
      const citations = decodeAnnotations(part['annotations']);
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
      return {
        ...mediaFromUrl(url, 'image', `${at}.image_url`),
        ...decodeImageDetail(part['detail'], `${at}.detail`),
        ...cache,
      };
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

function decodeAnnotations(value: unknown): Citation[] {
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
