// Encodes the turns of a conversation as the items of a Responses request. Source:
// https://platform.openai.com/docs/api-reference/responses/create, "input" (2026-11).

import { pushAll } from '../../core/pushAll';
import type { Json } from '../jsonObject';
import { type Media, type Message, type Part, type Reasoning, textOf, type ToolResult } from '../neutral';
import { type DroppedFields, refuse } from '../shared/droppedFields';
import { textOr } from '../shared/json';
import { asText, dataUrl, extensionOf, isGoogles, isText } from '../shared/media';
import { idFor } from '../shared/names';
import { searchText } from '../shared/webSearch';
import { encodeToolName } from './encodeTools';
import type { ToolNaming } from './namespaces';

/** The system prompt as one text. */
export function encodeInstructions(system: readonly Message[], droppedFields: DroppedFields): string {
  for (const message of system)
    for (const part of message.parts) {
      if (part.type === 'raw') droppedFields.drop(part.at);
      if ('cache' in part && part.cache !== undefined) droppedFields.drop('cache_control');
    }
  return system.map((message) => textOf(message.parts, '\n\n')).join('\n\n');
}

/** The turns as items; an empty message where there are none. */
export function encodeInput(messages: readonly Message[], naming: ToolNaming, droppedFields: DroppedFields): Json[] {
  const context: ItemContext = { customCalls: new Set(), naming, droppedFields };
  const encoded = reasoningFirst(messages.flatMap((message) => encodeMessage(message, context)));
  const items = withoutLoneReasoning(encoded, droppedFields);
  return items.length > 0 ? items : [{ role: 'user', content: '' }];
}

// ---

interface ItemContext {
  /** Ids of the calls of custom tools so far: their results have a type of their own. */
  readonly customCalls: Set<string>;
  readonly naming: ToolNaming;
  readonly droppedFields: DroppedFields;
}

function encodeMessage(message: Message, context: ItemContext): Json[] {
  const out: Json[] = [];
  const role = message.role === 'system' ? 'developer' : message.role;
  let content: Json[] = []; // of the message being gathered
  const flush = () => {
    // The API takes a list of an assistant's texts only with ids: each of them becomes a message.
    if (role === 'assistant')
      pushAll(
        out,
        content.map((part) => ({ role, content: part['text'] })),
      );
    else if (content.length > 0) out.push({ role, content: plainIfText(content) });
    content = [];
  };
  for (const part of message.parts) {
    if (part.type === 'toolCall' && part.custom === true) context.customCalls.add(part.id);
    const items = encodeItem(part, context);
    if (items === undefined) pushAll(content, encodePart(part, role, context.droppedFields));
    else {
      flush();
      pushAll(out, items);
    }
  }
  flush();
  // A blank turn of the user's stays: without it another question would be asked.
  if (out.length === 0 && message.role === 'user') out.push({ role, content: '' });
  return out;
}

// The API refuses reasoning "without its required following item": of a turn that was cut off before it said or called
// anything. Source: https://github.com/openai/openai-node/issues/1567 (2026-11).
function withoutLoneReasoning(items: readonly Json[], { repair }: DroppedFields): Json[] {
  const kept: Json[] = [];
  for (const item of [...items].reverse()) {
    const next = kept.at(-1);
    const follows = next?.['role'] === 'assistant' || /_call$|^reasoning$/.test(textOr(next?.['type']));
    if (item['type'] !== 'reasoning' || follows) kept.push(item);
    else repair('lone-reasoning');
  }
  return kept.reverse();
}

// The API refuses reasoning that what came of it does not follow. Clients of Gemini's return its opaque form behind the text
// (https://ai.google.dev/gemini-api/docs/thought-signatures, 2026-11).
function reasoningFirst(items: readonly Json[]): Json[] {
  const out: Json[] = [];
  let from = 0; // of the reasoning that stands at the end of `out`
  for (const item of items) {
    if (item['type'] !== 'reasoning') {
      if (!isMade(item)) moveBefore(out, from);
      from = out.length + 1;
    }
    out.push(item);
  }
  moveBefore(out, from);
  return out;
}

// Reasoning at the end, from a position on, goes before what stands there, where that is the assistant's.
function moveBefore(items: Json[], from: number): void {
  const before = items[from - 1];
  if (from >= items.length || before === undefined || !isMade(before)) return;
  items.splice(from - 1, 1);
  items.push(before);
}

function isMade(item: Json): boolean {
  return item['role'] === 'assistant' || /call$/.test(textOr(item['type']));
}

// Parts that are items of their own; undefined for those that make up a message.
function encodeItem(part: Part, context: ItemContext): Json[] | undefined {
  const { naming, droppedFields } = context;
  switch (part.type) {
    case 'toolCall': {
      if (part.cache !== undefined) droppedFields.drop('cache_control');
      const id = { call_id: idFor(part.id), ...encodeToolName(part.name, naming) };
      if (part.custom === true) return [{ type: 'custom_tool_call', ...id, input: part.args }];
      return [{ type: 'function_call', ...id, arguments: part.args === '' ? '{}' : part.args }];
    }
    case 'toolResult':
      return [encodeResult(part, context)];
    case 'reasoning':
      return encodeReasoning(part, droppedFields);
    case 'webSearch':
      return part.native?.format === 'responses' ? [part.native.value as Json] : undefined;
    case 'raw':
      if (part.format === 'responses' && part.value !== undefined) return [part.value as Json];
      droppedFields.drop(part.at);
      return [];
    default:
      return undefined;
  }
}

function encodeResult(result: ToolResult, { customCalls, droppedFields }: ItemContext): Json {
  if (result.cache !== undefined) droppedFields.drop('cache_control');
  const parts = result.parts.flatMap((inner) => encodePart(inner, 'user', droppedFields));
  const output = parts.every((inner) => inner['type'] === 'input_text')
    ? parts.map((inner) => String(inner['text'])).join('\n')
    : parts;
  const marked = result.isError && typeof output === 'string' ? `Error: ${output}` : output;
  const isCustom = customCalls.has(result.id) || result.custom === true;
  return {
    type: isCustom ? 'custom_tool_call_output' : 'function_call_output',
    call_id: idFor(result.id),
    output: marked,
  };
}

function encodeReasoning({ text, opaque }: Reasoning, droppedFields: DroppedFields): Json[] {
  const native =
    opaque?.format === 'responses' ? (opaque.value as { id?: string; encrypted_content?: string }) : undefined;
  if (native?.encrypted_content === undefined) {
    droppedFields.drop('reasoning');
    return [];
  }
  const summary = text === '' ? [] : [{ type: 'summary_text', text }];
  return [{ type: 'reasoning', id: native.id ?? '', summary, encrypted_content: native.encrypted_content }];
}

function encodePart(part: Part, role: string, droppedFields: DroppedFields): Json[] {
  switch (part.type) {
    case 'text':
      if (part.cache !== undefined) droppedFields.drop('cache_control');
      if (part.citations !== undefined) droppedFields.drop('citations');
      return part.text === '' ? [] : [{ type: 'input_text', text: part.text }];
    case 'webSearch': {
      const text = searchText(part);
      return text === '' ? [] : [{ type: 'input_text', text }];
    }
    case 'refusal':
      return part.text === '' ? [] : [{ type: 'input_text', text: part.text }];
    case 'media':
      if (role !== 'assistant') return encodeMedia(part, droppedFields);
      droppedFields.drop(part.kind); // an assistant's turns hold only text
      return [];
    default:
      if (part.type === 'raw') droppedFields.drop(part.at);
      return [];
  }
}

function plainIfText(parts: readonly Json[]): unknown {
  const only = parts.length === 1 ? parts[0] : undefined;
  return typeof only?.['text'] === 'string' ? only['text'] : parts;
}

function encodeMedia(media: Media, droppedFields: DroppedFields): Json[] {
  if (media.cache !== undefined) droppedFields.drop('cache_control');
  if (!droppedFields.shows(media)) return [];
  if (media.kind === 'image')
    return [{ type: 'input_image', image_url: dataUrl(media), detail: media.detail ?? 'auto' }];
  if (isGoogles(media)) refuse('file_url', 'is a file that only Google can read.');
  if (media.url !== undefined) return [{ type: 'input_file', file_url: media.url }];
  if (isText(media)) return [{ type: 'input_text', text: asText(media) }];
  const filename = media.name ?? `document.${extensionOf(media.mime)}`;
  return [{ type: 'input_file', filename, file_data: dataUrl(media) }];
}
