// Encodes the turns of a conversation for chat completions. Source:
// https://platform.openai.com/docs/api-reference/chat/create, "messages" (2026-11).

import type { Json } from '../jsonObject';
import type { Media, Message, Part, ToolCall } from '../neutral';
import { customArgs } from '../shared/customTools';
import { type DroppedFields, refuse } from '../shared/droppedFields';
import { defined } from '../shared/json';
import { asText, dataUrl, extensionOf, isGoogles, isText } from '../shared/media';
import { soundFormat } from '../shared/shownMedia';
import { idFor, nameFor } from '../shared/names';
import { searchText } from '../shared/webSearch';

/** @param isOpenai the target is OpenAI itself, which knows custom tools and no reasoning fields */
export function encodeMessages(messages: readonly Message[], isOpenai: boolean, droppedFields: DroppedFields): Json[] {
  return withCallsTogether(messages).flatMap((message) => encodeMessage(message, isOpenai, droppedFields));
}

// ---

// Results must follow all calls of a turn. Assistant turns in a row that hold calls become one: Gemini's clients keep each
// piece of a stream as a turn of its own.
function withCallsTogether(messages: readonly Message[]): Message[] {
  const out: Message[] = [];
  let joined: Part[] | undefined; // the parts of the last one, where it is an assistant's that holds calls
  for (const message of messages) {
    if (message.role !== 'assistant') joined = undefined;
    else if (joined !== undefined) {
      for (const part of message.parts) joined.push(part);
      continue;
    } else if (message.parts.some((part) => part.type === 'toolCall')) joined = [...message.parts];
    out.push(joined === undefined ? message : { ...message, parts: joined });
  }
  return out;
}

// A neutral message may hold tool results among other parts. Chat completions wants each result as a message of its own,
// first, and of text alone: media in a result follow as the user's.
function encodeMessage(message: Message, isOpenai: boolean, droppedFields: DroppedFields): Json[] {
  const { results, media } = encodeResults(message.parts, droppedFields);
  const content = [...media, ...message.parts.flatMap((part) => encodePart(part, droppedFields))].filter((part) => {
    if (message.role === 'user' || part['type'] === 'text') return true;
    droppedFields.drop(String(part['type'])); // only a user's turn holds media
    return false;
  });
  const refusal = message.parts.flatMap((part) => (part.type === 'refusal' ? [part.text] : [])).join('');
  const calls = message.parts.flatMap((part) => (part.type === 'toolCall' ? [encodeCall(part, isOpenai)] : []));
  const reasoning = encodeReasoning(message.parts, isOpenai, droppedFields);
  if (content.length === 0 && calls.length === 0 && refusal === '') {
    // An empty turn stays, so that the turns around it stay apart.
    return results.length === 0 ? [{ role: message.role, content: '' }] : results;
  }
  const onlyText = content.every((part) => part['type'] === 'text');
  const plain = onlyText
    ? content.map((part) => String(part['text'])).join(message.role === 'system' ? '\n\n' : '')
    : content;
  const encoded = {
    role: message.role,
    content: content.length === 0 ? null : plain,
    ...(refusal === '' ? {} : { refusal }),
    ...reasoning,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
  return [...results, encoded];
}

function encodeResults(parts: readonly Part[], droppedFields: DroppedFields): { results: Json[]; media: Json[] } {
  const results: Json[] = [];
  const media: Json[] = [];
  for (const part of parts) {
    if (part.type !== 'toolResult') continue;
    const inner = part.parts.flatMap((item) => encodePart(item, droppedFields));
    const attached = inner.filter((item) => item['type'] !== 'text');
    const text = inner.flatMap((item) => (item['type'] === 'text' ? [String(item['text'])] : [])).join('\n');
    if (attached.length > 0) media.push({ type: 'text', text: `Attached to the result of ${part.id}:` }, ...attached);
    results.push({ role: 'tool', tool_call_id: idFor(part.id), content: part.isError ? `Error: ${text}` : text });
    if (part.cache !== undefined) droppedFields.drop('cache_control');
  }
  return { results, media };
}

// Only reasoning that this format has made goes back, in the field it came in. OpenAI itself has no such field.
function encodeReasoning(parts: readonly Part[], isOpenai: boolean, droppedFields: DroppedFields): Json {
  const out: Record<string, unknown> = {};
  for (const part of parts) {
    if (part.type !== 'reasoning') continue;
    const value = part.opaque?.format === 'chat' && !isOpenai ? part.opaque.value : undefined;
    if (typeof value === 'string') out[value] = `${typeof out[value] === 'string' ? out[value] : ''}${part.text}`;
    else if (Array.isArray(value)) {
      out['reasoning_details'] = [
        ...((out['reasoning_details'] as unknown[] | undefined) ?? []),
        ...(value as unknown[]),
      ];
    } else droppedFields.drop('reasoning');
  }
  return out;
}

function encodePart(part: Part, droppedFields: DroppedFields): Json[] {
  switch (part.type) {
    case 'text':
      if (part.cache !== undefined) droppedFields.drop('cache_control');
      if (part.citations !== undefined) droppedFields.drop('citations');
      return part.text === '' ? [] : [{ type: 'text', text: part.text }];
    case 'media':
      if (part.cache !== undefined) droppedFields.drop('cache_control');
      return encodeMedia(part, droppedFields);
    case 'webSearch': {
      const text = searchText(part);
      return text === '' ? [] : [{ type: 'text', text: `${text}\n\n` }];
    }
    case 'raw':
      if (part.format === 'chat' && part.value !== undefined) return [part.value as Json];
      droppedFields.drop(part.at);
      return [];
    case 'toolCall':
      if (part.cache !== undefined) droppedFields.drop('cache_control');
      return [];
    default:
      return [];
  }
}

function encodeMedia(media: Media, droppedFields: DroppedFields): Json[] {
  if (media.kind === 'image' && isGoogles(media)) refuse('image_url', 'is a file that only Google can read.');
  if (!droppedFields.shows(media)) return [];
  switch (media.kind) {
    case 'image':
      return [{ type: 'image_url', image_url: { url: dataUrl(media), ...defined({ detail: media.detail }) } }];
    case 'audio':
      return [{ type: 'input_audio', input_audio: { data: media.data, format: soundFormat(media.mime) } }];
    case 'document': {
      if (isText(media)) return [{ type: 'text', text: asText(media) }];
      const filename = media.name ?? `document.${extensionOf(media.mime)}`;
      return [{ type: 'file', file: { filename, file_data: dataUrl(media) } }];
    }
    case 'video':
      return [];
  }
}

function encodeCall(call: ToolCall, isOpenai: boolean): Json {
  const id = idFor(call.id);
  const name = nameFor('chat', call.name);
  if (call.custom === true && isOpenai) return { id, type: 'custom', custom: { name, input: call.args } };
  const args = call.custom === true ? customArgs(call.args) : call.args === '' ? '{}' : call.args;
  return { id, type: 'function', function: { name, arguments: args } };
}
