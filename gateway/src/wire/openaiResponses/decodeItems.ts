// Decodes the items of a Responses request as turns. Source:
// https://platform.openai.com/docs/api-reference/responses/create, "input" (2026-11). More is taken than that page lists,
// because Codex and Cursor send other items too.

import { pushAll } from '../../core/pushAll';
import type { Json } from '../jsonObject';
import type { Citation, Message, Part } from '../neutral';
import { decodeOpaque } from '../reasoning/envelope';
import { decodeCache, markMessage } from '../shared/cacheControl';
import {
  defined, isObject, listOr, needList, needObject, needText, objectOr, optionalText, textOr, wrong,
} from '../shared/json'; // prettier-ignore
import { decodeImageDetail, mediaFromFile, mediaFromUrl } from '../shared/media';
import { fullName } from './namespaces';
import { decodeSearch } from './searches';

/** The system prompt, if any. @throws GatewayError bad_request */
export function decodeInstructions(value: unknown): Message[] {
  const text = optionalText(value, 'instructions');
  return text === undefined || text === '' ? [] : [{ role: 'system', parts: [{ type: 'text', text }] }];
}

/**
 * The items as turns. Items in a row that are one turn of the model become one message: reasoning, text and calls in their
 * order.
 * @throws GatewayError bad_request naming the field
 */
export function decodeInput(input: unknown): Message[] {
  if (typeof input === 'string') return [{ role: 'user', parts: [{ type: 'text', text: input }] }];
  if (input === undefined || input === null) return wrong('input', 'a text or a list of items');
  const out: { role: Message['role']; parts: Part[]; isResult: boolean }[] = [];
  const items = needList(input, 'input');
  if (items.length === 0) wrong('input', 'a text or a list of at least one item');
  items.forEach((raw, i) => {
    const item = needObject(raw, `input[${i}]`);
    const { role, parts: unmarked, isResult } = decodeItem(item, `input[${i}]`);
    const parts = [...markMessage(unmarked, decodeCache(item['cache_control'], `input[${i}].cache_control`))];
    const last = out.at(-1);
    // A user's messages stay apart; the results of one turn's calls belong together.
    if (last?.role === role && (role === 'assistant' || (isResult && last.isResult))) pushAll(last.parts, parts);
    else out.push({ role, parts, isResult });
  });
  return out.map(({ role, parts }) => ({ role, parts }));
}

// ---

interface Item {
  readonly role: Message['role'];
  readonly parts: Part[];
  /** The result of a call, as opposed to a message. */
  readonly isResult: boolean;
}

function decodeItem(item: Json, at: string): Item {
  switch (item['type'] ?? 'message') {
    case 'message':
      return decodeMessage(item, at);
    case 'function_call':
      return assistantItem(decodeCall(item, 'arguments', at));
    case 'custom_tool_call':
      return assistantItem({ ...decodeCall(item, 'input', at), custom: true });
    case 'function_call_output':
    case 'custom_tool_call_output':
      return { role: 'user', parts: [decodeOutput(item, at)], isResult: true };
    case 'reasoning':
      return assistantItem(decodeReasoning(item));
    case 'web_search_call': {
      const search = decodeSearch(item);
      return assistantItem(search ?? { type: 'raw', format: 'responses', value: item, at });
    }
    case 'item_reference': {
      const refersTo = needText(item['id'], `${at}.id`);
      return assistantItem({ type: 'raw', format: 'responses', value: item, at, refersTo });
    }
    case 'compaction':
      return assistantItem({ type: 'raw', format: 'responses', value: item, at });
    default:
      if (typeof item['type'] !== 'string') return wrong(`${at}.type`, 'a text such as "message"');
      return decodeOtherItem(item, item['type'].endsWith('_output'), at);
  }
}

// An item of one of OpenAI's own tools. The result of `local_shell_call` may be a `function_call_output`.
function decodeOtherItem(item: Json, isResult: boolean, at: string): Item {
  const id = typeof item['call_id'] === 'string' ? item['call_id'] : undefined;
  const part = { type: 'raw', format: 'responses', value: item, at } as const;
  return isResult
    ? { role: 'user', parts: [{ ...part, ...defined({ resultOf: id }) }], isResult }
    : { role: 'assistant', parts: [{ ...part, ...defined({ callId: id }) }], isResult: true };
}

function assistantItem(part: Part): Item {
  return { role: 'assistant', parts: [part], isResult: false };
}

function decodeMessage(item: Json, at: string): Item {
  const role = needText(item['role'], `${at}.role`);
  const parts = decodeContent(item['content'], `${at}.content`);
  // Whether a message was the answer or a word on the way to it: only OpenAI's models are told.
  if (typeof item['phase'] === 'string')
    parts.push({ type: 'raw', format: 'responses', value: undefined, at: `${at}.phase` });
  if (role === 'user' || role === 'assistant') return { role, parts, isResult: false };
  if (role === 'system' || role === 'developer') return { role: 'system', parts, isResult: false };
  return wrong(`${at}.role`, 'one of user, assistant, system, developer');
}

function decodeCall(item: Json, argsField: 'arguments' | 'input', at: string) {
  return {
    type: 'toolCall' as const,
    id: needText(item['call_id'], `${at}.call_id`),
    name: fullName(item['namespace'], needText(item['name'], `${at}.name`)),
    args: isObject(item[argsField]) ? JSON.stringify(item[argsField]) : textOr(item[argsField]),
  };
}

function decodeOutput(item: Json, at: string): Part {
  const output = item['output'];
  const parts: Part[] = isObject(output)
    ? [{ type: 'text', text: textOr(output['content'], JSON.stringify(output)) }]
    : decodeContent(output, `${at}.output`);
  const custom = item['type'] === 'custom_tool_call_output' ? { custom: true } : {};
  const id = needText(item['call_id'], `${at}.call_id`);
  return { type: 'toolResult', id, parts, isError: false, ...custom };
}

function decodeReasoning(item: Json): Part {
  const text = [...listOr(item['summary']), ...listOr(item['content'])]
    .map((part) => textOr(objectOr(part)['text']))
    .join('\n\n');
  const opaque = decodeOpaque(item['encrypted_content'], (encrypted) => ({
    format: 'responses',
    value: { id: textOr(item['id']), encrypted_content: encrypted },
  }));
  return { type: 'reasoning', text, ...defined({ opaque }) };
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
      const text = needText(part['text'], `${at}.text`);
      return { type: 'text', text, ...(citations.length > 0 ? { citations } : {}), ...cache };
    }
    case 'refusal':
      return { type: 'refusal', text: needText(part['refusal'], `${at}.refusal`) };
    case 'input_image': {
      const url = isObject(part['image_url']) ? part['image_url']['url'] : part['image_url'];
      if (typeof url !== 'string') return { type: 'raw', format: 'responses', value: part, at: `${at}.file_id` };
      const detail = decodeImageDetail(part['detail'], `${at}.detail`);
      return { ...mediaFromUrl(url, 'image', `${at}.image_url`), ...detail, ...cache };
    }
    case 'input_file':
      return decodeFile(part, cache, at);
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

function decodeFile(part: Json, cache: ReturnType<typeof decodeCache>, at: string): Part {
  const name = defined({ name: optionalText(part['filename'], `${at}.filename`) });
  const data = part['file_data'];
  const url = part['file_url'];
  if (typeof data === 'string') {
    return { ...mediaFromFile(data, `${at}.file_data`), ...name, ...cache };
  }
  if (typeof url === 'string') return { ...mediaFromUrl(url, 'document', `${at}.file_url`), ...name, ...cache };
  return { type: 'raw', format: 'responses', value: part, at: `${at}.file_id` };
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
