// Encodes the turns of a conversation as Anthropic takes them: user and assistant alternate, tool results come first, no
// text is blank. Source: https://platform.claude.com/docs/en/api/messages (2026-11). Which model takes what is in
// shared/modelProfiles.ts.

import { pushAll } from '../../core/pushAll';
import type { Target } from '../../../../config/target';
import type { Json } from '../jsonObject';
import type { Media, Message, NeutralRequest, Part, Reasoning, ToolResult } from '../neutral';
import { blankTurnText, fillBlankTurns } from '../shared/blankTurns';
import { encodeCache } from '../shared/cacheControl';
import { customArgs } from '../shared/customTools';
import { type DroppedFields, refuse } from '../shared/droppedFields';
import { argsObject } from '../shared/exactJson';
import { defined } from '../shared/json';
import { isGoogles, isText, plainText } from '../shared/media';
import type { ClaudeProfile } from '../shared/profileRows';
import { idFor, nameFor } from '../shared/names';
import { searchText } from '../shared/webSearch';
import { isReasoningOf } from './encodeReasoning';

/**
 * The blocks of the system prompt, and the turns.
 * @throws GatewayError cannot_translate where nothing but blank turns is left
 */
export function encodeMessages(
  request: NeutralRequest,
  target: Target,
  profile: ClaudeProfile,
  droppedFields: DroppedFields,
): { system: Json[]; turns: Json[] } {
  const head = request.messages.findIndex((message) => message.role !== 'system');
  const first = head < 0 ? request.messages.length : head;
  let system = request.messages.slice(0, first).flatMap((message) => encodeParts(message, target, droppedFields));
  const content = request.messages.slice(first).map(({ role, parts }) => ({
    role,
    content: encodeParts({ role, parts }, target, droppedFields),
  }));
  dropLoneThinking(content, droppedFields);
  fillBlankTurns(content, () => ({ type: 'text', text: blankTurnText }), droppedFields.repair);
  const turns = alternate(content, profile);
  if (turns.length === 0) {
    if (system.length === 0) refuse('messages', 'holds nothing but blank turns, which Anthropic refuses.');
    turns.push({ role: 'user', content: system }); // a request of only a system prompt: it becomes the user's
    system = [];
  }
  if (turns[0]?.role === 'assistant')
    turns.unshift({ role: 'user', content: [{ type: 'text', text: '(The conversation begins.)' }] });
  finishPrefill(turns, profile, droppedFields);
  return {
    system,
    turns: turns.map(({ role, content }) => ({
      role,
      content: plainIfText(role === 'user' ? resultsFirst(content) : content),
    })),
  };
}

/** The body's `system`: one text, or the blocks where one of them has a cache mark. */
export function encodeSystem(blocks: readonly Json[]): unknown {
  if (blocks.some((block) => block['cache_control'] !== undefined)) return blocks;
  return blocks.map((block) => String(block['text'])).join('\n\n');
}

// ---

interface Turn {
  readonly role: 'user' | 'assistant' | 'system';
  readonly content: Json[];
}

// The API refuses a turn of the model's that ends with its thinking: one that was cut off before it said anything. Source:
// https://github.com/tailcallhq/forgecode/issues/2107 (2026-11).
function dropLoneThinking(turns: readonly Turn[], { repair }: DroppedFields): void {
  let next: Turn['role'] | undefined; // of the next turn that holds anything
  for (const { role, content } of [...turns].reverse()) {
    while (role === 'assistant' && next !== 'assistant' && isThinking(content.at(-1))) {
      content.pop();
      repair('lone-reasoning');
    }
    if (content.length > 0) next = role;
  }
}

function isThinking(block: Json | undefined): boolean {
  return block?.['type'] === 'thinking' || block?.['type'] === 'redacted_thinking';
}

// Joins turns of one role. A system message in mid-conversation stays one where the model takes it (after the user's, and
// before the assistant's or last), and becomes the user's, marked, elsewhere.
function alternate(messages: readonly Turn[], profile: ClaudeProfile): Turn[] {
  const turns: Turn[] = [];
  const add = (role: Turn['role'], content: Json[]) => {
    const last = turns.at(-1);
    if (last?.role === role) pushAll(last.content, content);
    else if (content.length > 0) turns.push({ role, content });
  };
  for (const { role, content } of messages) {
    const before = turns.at(-1);
    if (role === 'user' && before?.role === 'system') {
      turns.pop();
      add('user', before.content.map(systemAsUser));
    }
    if (role !== 'system') add(role, content);
    else if (profile.systemTurns && before !== undefined && before.role !== 'assistant') add('system', content);
    else add('user', content.map(systemAsUser));
  }
  return turns;
}

function systemAsUser(block: Json): Json {
  return { ...block, text: `<system>\n${String(block['text'])}\n</system>` };
}

// A last turn of the assistant's is a prefill: the API refuses white space at its end, and newer models refuse it at all.
function finishPrefill(turns: Turn[], profile: ClaudeProfile, droppedFields: DroppedFields): void {
  const last = turns.at(-1);
  if (last?.role !== 'assistant') return;
  if (profile.prefill) return trimEnd(last.content);
  droppedFields.drop('prefill');
  const text = 'Go on exactly where your last message stops, without repeating it.';
  turns.push({ role: 'user', content: [{ type: 'text', text }] });
}

function trimEnd(content: Json[]): void {
  const last = content.at(-1);
  if (last?.['type'] === 'text') content[content.length - 1] = { ...last, text: String(last['text']).trimEnd() };
}

// Results must stand before everything else in the turn that follows a call.
function resultsFirst(content: readonly Json[]): Json[] {
  const isResult = (block: Json) => block['type'] === 'tool_result';
  return [...content.filter(isResult), ...content.filter((block) => !isResult(block))];
}

function plainIfText(content: readonly Json[]): unknown {
  const only = content.length === 1 ? content[0] : undefined;
  return only?.['type'] === 'text' && only['cache_control'] === undefined ? only['text'] : content;
}

function encodeParts(message: Message, target: Target, droppedFields: DroppedFields): Json[] {
  return message.parts.flatMap((part) => encodePart(part, target, droppedFields));
}

function encodePart(part: Part, target: Target, droppedFields: DroppedFields): Json[] {
  switch (part.type) {
    case 'text':
      if (part.citations !== undefined) droppedFields.drop('citations');
      return part.text.trim() === '' ? [] : [{ type: 'text', text: part.text, ...encodeCache(part.cache) }];
    case 'refusal':
      return part.text === '' ? [] : [{ type: 'text', text: part.text }];
    case 'reasoning':
      return encodeThinking(part, target, droppedFields);
    case 'media':
      return encodeMedia(part, droppedFields);
    case 'toolCall':
      return [
        {
          type: 'tool_use',
          id: idFor(part.id),
          name: nameFor('messages', part.name),
          input: argsObject(part.custom === true ? customArgs(part.args) : part.args, () =>
            droppedFields.repair('tool-arguments'),
          ),
          ...encodeCache(part.cache),
        },
      ];
    case 'toolResult':
      return [encodeResult(part, target, droppedFields)];
    case 'webSearch':
      if (part.native?.format === 'messages') return [part.native.value as Json];
      return encodePart({ type: 'text', text: searchText(part) }, target, droppedFields);
    case 'raw':
      if (part.format === 'messages' && part.value !== undefined) return [part.value as Json];
      droppedFields.drop(part.at);
      return [];
  }
}

// The API refuses an error without content (https://github.com/jlevy/markform/issues/153), and one with anything but text
// ("all content must be type `text` if `is_error` is true", https://github.com/vellum-ai/vellum-assistant/pull/18387; 2026-11).
function encodeResult(result: ToolResult, target: Target, droppedFields: DroppedFields): Json {
  const content = result.parts.flatMap((inner) => encodePart(inner, target, droppedFields));
  const onlyText = content.every((block) => block['type'] === 'text');
  if (result.isError && (content.length === 0 || !onlyText)) {
    droppedFields.repair('empty-error');
    content.unshift({ type: 'text', text: 'Error' });
  }
  return {
    type: 'tool_result',
    tool_use_id: idFor(result.id),
    content: plainIfText(content),
    ...(result.isError && onlyText ? { is_error: true } : {}),
    ...encodeCache(result.cache),
  };
}

function encodeThinking(part: Reasoning, target: Target, droppedFields: DroppedFields): Json[] {
  const native = isReasoningOf(part, target)
    ? (part.opaque?.value as { signature?: string; data?: string })
    : undefined;
  if (native?.signature !== undefined) return [{ type: 'thinking', thinking: part.text, signature: native.signature }];
  if (native?.data !== undefined) return [{ type: 'redacted_thinking', data: native.data }];
  droppedFields.drop('reasoning');
  return [];
}

function encodeMedia(media: Media, droppedFields: DroppedFields): Json[] {
  const { kind, mime, url, data = '' } = media;
  const cache = encodeCache(media.cache);
  const title = defined({ title: media.name });
  if (isGoogles(media) && (kind === 'image' || kind === 'document'))
    refuse(`${kind}_url`, 'is a file that only Google can read.');
  if (media.detail !== undefined && media.detail !== 'auto') droppedFields.drop('detail');
  if (!droppedFields.shows(media)) return [];
  if (kind === 'image' || (kind === 'document' && mime.startsWith('image/'))) {
    if (url !== undefined) return [{ type: 'image', source: { type: 'url', url }, ...cache }];
    const mediaType = mime.replace('image/jpg', 'image/jpeg');
    return [{ type: 'image', source: { type: 'base64', media_type: mediaType, data }, ...cache }];
  }
  if (url !== undefined) return [{ type: 'document', source: { type: 'url', url }, ...title, ...cache }];
  const source = isText(media)
    ? { type: 'text', media_type: 'text/plain', data: plainText(media) }
    : { type: 'base64', media_type: mime, data };
  return [{ type: 'document', source, ...title, ...cache }];
}
