// Decodes the turns of a chat completions request. Sources:
// https://platform.openai.com/docs/api-reference/chat/create, "messages"; OpenRouter's additions from
// https://openrouter.ai/docs/use-cases/reasoning-tokens (2026-11).

import { pushAll } from '../../core/pushAll';
import type { Json } from '../jsonObject';
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
import { mediaFromFile, mediaFromUrl, decodeImageDetail } from '../shared/media';
import { decodeBlock, isBlockType } from '../shared/anthropicBlocks';
import { decodeCache, markMessage } from '../shared/cacheControl';
import type { Message, Opaque, Part, Reasoning, ToolCall } from '../neutral';
import { decodeOpaque, envelopeText } from '../reasoning/envelope';

/** One message as a neutral turn. @param at its path. @throws GatewayError bad_request naming the field */
export function decodeMessage(message: Json, at: string): Message {
  const { role, parts } = decodeTurn(message, at);
  return { role, parts: markMessage(parts, decodeCache(message['cache_control'], `${at}.cache_control`)) };
}

// ---

function decodeTurn(message: Json, at: string): Message {
  const role = needText(message['role'], `${at}.role`);
  const name: Part[] =
    typeof message['name'] !== 'string' || role === 'tool' || role === 'function' ? [] : [lost(`${at}.name`)];
  switch (role) {
    case 'system':
    case 'developer':
      return { role: 'system', parts: [...decodeContent(message['content'], `${at}.content`), ...name] };
    case 'user':
      return { role: 'user', parts: [...decodeContent(message['content'], `${at}.content`), ...name] };
    case 'assistant':
      return { role: 'assistant', parts: [...decodeAssistant(message, at), ...name] };
    case 'tool':
    case 'function': {
      const id = role === 'tool' ? needText(message['tool_call_id'], `${at}.tool_call_id`) : legacyId(message['name']);
      const parts = decodeContent(message['content'], `${at}.content`);
      return { role: 'user', parts: [{ type: 'toolResult', id, parts, isError: false }] };
    }
    default:
      return wrong(`${at}.role`, 'one of system, developer, user, assistant, tool');
  }
}

// Something of a message that has no neutral form, and is named where it is dropped.
function lost(at: string): Part {
  return { type: 'raw', format: 'chat', value: undefined, at };
}

function decodeContent(content: unknown, at: string): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (content === null || content === undefined) return wrong(at, 'a text or a list of parts');
  return needList(content, at).flatMap((raw, i): Part[] => decodePart(needObject(raw, `${at}[${i}]`), `${at}[${i}]`));
}

function decodePart(part: Json, at: string): Part[] {
  const cache = decodeCache(part['cache_control'], `${at}.cache_control`);
  switch (part['type']) {
    case 'text':
    case 'input_text':
    case 'output_text':
      return [{ type: 'text', text: needText(part['text'], `${at}.text`), ...cache }];
    case 'refusal':
      return [{ type: 'refusal', text: needText(part['refusal'], `${at}.refusal`) }];
    case 'image_url': {
      const image = withUrl(part['image_url'], `${at}.image_url`);
      const media = mediaFromUrl(needText(image['url'], `${at}.image_url.url`), 'image', `${at}.image_url.url`);
      return [{ ...media, ...decodeImageDetail(image['detail'], `${at}.image_url.detail`), ...cache }];
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
      const url = needText(withUrl(part['video_url'], `${at}.video_url`)['url'], `${at}.video_url.url`);
      return [{ ...mediaFromUrl(url, 'video', `${at}.video_url.url`), ...cache }];
    }
    case 'file': {
      const file = needObject(part['file'], `${at}.file`);
      const data = file['file_data'];
      if (typeof data !== 'string') return [{ type: 'raw', format: 'chat', value: part, at: `${at}.file.file_id` }];
      const media = mediaFromFile(data, `${at}.file.file_data`);
      return [{ ...media, ...defined({ name: optionalText(file['filename'], `${at}.file.filename`) }), ...cache }];
    }
    default:
      // Cursor sends Anthropic's blocks in chat bodies when a model's name begins with claude-.
      if (isBlockType(part['type'])) return decodeBlock(part, at);
      return typeof part['type'] === 'string'
        ? [{ type: 'raw', format: 'chat', value: part, at }]
        : wrong(`${at}.type`, 'a text such as "text" or "image_url"');
  }
}

// Some clients write the URL itself where an object with it belongs.
function withUrl(value: unknown, at: string): Json {
  return typeof value === 'string' ? { url: value } : needObject(value, at);
}

function decodeAssistant(message: Json, at: string): Part[] {
  const content = message['content'];
  const parts =
    content === null || content === undefined || content === '' ? [] : decodeContent(content, `${at}.content`);
  if (typeof message['refusal'] === 'string' && message['refusal'] !== '')
    parts.push({ type: 'refusal', text: message['refusal'] });
  const reasoning = decodeReasoning(message, at);
  const calls = decodeCalls(message, at).flatMap((call): Part[] => {
    const before = reasoning.filter((found) => found.callId === call.id);
    return [...before.map(({ part }) => part), call];
  });
  const ids = new Set(calls.flatMap((part) => (part.type === 'toolCall' ? [part.id] : [])));
  const first = reasoning.filter(({ callId }) => callId === undefined || !ids.has(callId)).map(({ part }) => part);
  // Sounds of an earlier answer are OpenAI's to know; sources of one are told to clients, and to no model.
  const unsaid = ['audio', 'annotations'].filter((name) => isObject(message[name]) || listOr(message[name]).length > 0);
  return [...first, ...parts, ...calls, ...unsaid.map((name) => lost(`${at}.${name}`))];
}

function decodeCalls(message: Json, at: string): ToolCall[] {
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
    const fn = needObject(call['function'], `${here}.function`);
    const args = fn['arguments'];
    return {
      type: 'toolCall',
      id,
      name: needText(fn['name'], `${here}.function.name`),
      args: isObject(args) ? JSON.stringify(args) : textOr(args),
    };
  });
}

interface PlacedReasoning {
  readonly part: Reasoning;
  /** Id of the tool call it belongs to, where it names one. */
  readonly callId: string | undefined;
}

// Reasoning stands in one of three fields: OpenRouter's details (with signatures), OpenRouter's text, DeepSeek's text.
// Google's signatures stand in a field of the tool calls.
function decodeReasoning(message: Json, at: string): PlacedReasoning[] {
  const details = message['reasoning_details'];
  const out: PlacedReasoning[] = [];
  if (Array.isArray(details))
    pushAll(
      out,
      joinPieces(details, `${at}.reasoning_details`).map((detail) => decodeDetail(detail)),
    );
  if (out.length === 0) {
    const field = ['reasoning_content', 'reasoning'].find((name) => textOr(message[name]) !== '');
    if (field !== undefined)
      out.push({
        part: { type: 'reasoning', text: textOr(message[field]), opaque: { format: 'chat', value: field } },
        callId: undefined,
      });
  }
  for (const raw of listOr(message['tool_calls'])) {
    const call = objectOr(raw);
    const signature = objectOr(objectOr(call['extra_content'])['google'])['thought_signature'];
    const id = textOr(call['id']);
    if (typeof signature !== 'string' || out.some((found) => found.callId === id)) continue;
    out.push({ part: { type: 'reasoning', text: '', opaque: { format: 'generate', value: signature } }, callId: id });
  }
  return out;
}

// Joins the pieces of one streamed detail, which some clients keep one by one.
function joinPieces(details: readonly unknown[], at: string): Json[] {
  const out: Json[] = [];
  for (const [i, raw] of details.entries()) {
    const detail = needObject(raw, `${at}[${i}]`);
    const last = out.at(-1);
    const continues =
      last?.['type'] === 'reasoning.text' &&
      detail['type'] === 'reasoning.text' &&
      typeof detail['index'] === 'number' &&
      last['index'] === detail['index'] &&
      (last['signature'] ?? undefined) === undefined;
    if (continues) out[out.length - 1] = { ...last, ...detail, text: textOr(last['text']) + textOr(detail['text']) };
    else out.push(detail);
  }
  return out;
}

function decodeDetail(detail: Json): PlacedReasoning {
  const text = envelopeText(detail['signature']) ?? (textOr(detail['text']) || textOr(detail['summary']));
  const opaque = decodeOpaque(
    detail['signature'] ?? detail['data'],
    () => ({ format: 'chat', value: [detail] }) satisfies Opaque,
  );
  const id = detail['id'];
  const part: Reasoning = { type: 'reasoning', text, opaque: opaque ?? { format: 'chat', value: [detail] } };
  return { part, callId: typeof id === 'string' ? id : undefined };
}

// The older `function_call` has no id; its function's name stands in for one.
function legacyId(name: unknown): string {
  return `call_${textOr(name, 'function')}`;
}
