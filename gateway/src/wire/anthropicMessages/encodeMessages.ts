// Encodes the turns of a conversation as Anthropic takes them: user and assistant alternate, tool results come first, no
// text is blank. Source: https://platform.claude.com/docs/en/api/messages (2026-11). Which model takes what is in
// shared/modelProfiles.ts.

import type { Target } from '../../../../config/target';
import type { Json } from '../jsonObject';
import type { Media, Message, NeutralRequest, Part, Reasoning } from '../neutral';
import { encodeCache } from '../shared/cacheControl';
import { customArgs } from '../shared/customTools';
import { type DroppedFields, refuse } from '../shared/droppedFields';
import { defined, parseArgs } from '../shared/json';
import { isText, plainText } from '../shared/media';
import type { ClaudeProfile } from '../shared/modelProfiles';
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
  const turns = alternate(
    request.messages.slice(first).map(({ role, parts }) => ({
      role,
      content: encodeParts({ role, parts }, target, droppedFields),
    })),
    profile,
  );
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

// Joins turns of one role. A system message in mid-conversation stays one where the model takes it (after the user's, and
// before the assistant's or last), and becomes the user's, marked, elsewhere.
function alternate(messages: readonly Turn[], profile: ClaudeProfile): Turn[] {
  const turns: Turn[] = [];
  const add = (role: Turn['role'], content: Json[]) => {
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...content);
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
          input: parseArgs(part.custom === true ? customArgs(part.args) : part.args),
          ...encodeCache(part.cache),
        },
      ];
    case 'toolResult':
      return [
        {
          type: 'tool_result',
          tool_use_id: idFor(part.id),
          content: plainIfText(part.parts.flatMap((inner) => encodePart(inner, target, droppedFields))),
          ...(part.isError ? { is_error: true } : {}),
          ...encodeCache(part.cache),
        },
      ];
    case 'webSearch':
      if (part.native?.format === 'messages') return [part.native.value as Json];
      return encodePart({ type: 'text', text: searchText(part) }, target, droppedFields);
    case 'raw':
      if (part.format === 'messages' && part.value !== undefined) return [part.value as Json];
      droppedFields.drop(part.at);
      return [];
  }
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
  if (media.detail !== undefined && media.detail !== 'auto') droppedFields.drop('detail');
  if (kind === 'image' || (kind === 'document' && mime.startsWith('image/'))) {
    if (url !== undefined) return [{ type: 'image', source: { type: 'url', url }, ...cache }];
    const source = { type: 'base64', media_type: mime.replace('image/jpg', 'image/jpeg'), data };
    return [{ type: 'image', source, ...cache }];
  }
  if (kind === 'document') {
    if (url !== undefined) return [{ type: 'document', source: { type: 'url', url }, ...title, ...cache }];
    if (isText(media)) {
      const source = { type: 'text', media_type: 'text/plain', data: plainText(media) };
      return [{ type: 'document', source, ...title, ...cache }];
    }
    if (mime === 'application/pdf')
      return [{ type: 'document', source: { type: 'base64', media_type: mime, data }, ...title, ...cache }];
  }
  droppedFields.drop(kind === 'document' ? mime : kind);
  return [];
}
