// The turns of a conversation as Anthropic takes them: user and assistant by turns, results first, nothing blank. Source:
// Anthropic API reference, "Messages"; which model takes what is in models.ts.

import type { Target } from '../../../../config/target';
import type { Json } from '../codec';
import { defined, parseArgs } from '../shared/json';
import { type DroppedFields, refuse } from '../shared/droppedFields';
import { isText, plainText } from '../shared/media';
import type { ClaudeProfile } from '../shared/modelProfiles';
import { idFor, nameFor } from '../shared/names';
import type { CacheMark, Media, Message, NeutralRequest, Part, Reasoning } from '../neutral';
import { customArgs } from '../shared/responseFixups';

interface Turn {
  readonly role: 'user' | 'assistant' | 'system';
  readonly content: Json[];
}

// System words at the head are the system prompt. Later ones keep their place: as such where the model knows that (after
// the user's and before the assistant's, or last), else as the user's, marked.
export function encodeMessages(
  request: NeutralRequest,
  target: Target,
  rules: ClaudeProfile,
  droppedFields: DroppedFields,
): { system: Json[]; turns: Json[] } {
  const head = request.messages.findIndex((message) => message.role !== 'system');
  const first = head < 0 ? request.messages.length : head;
  let system = request.messages.slice(0, first).flatMap((message) => encodeParts(message, target, droppedFields));
  const turns: Turn[] = [];
  const add = (role: Turn['role'], content: Json[]) => {
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...content);
    else if (content.length > 0) turns.push({ role, content });
  };
  for (const message of request.messages.slice(first)) {
    const content = encodeParts(message, target, droppedFields);
    const before = turns.at(-1);
    if (message.role === 'user' && before?.role === 'system') {
      turns.pop();
      add('user', before.content.map(marked));
    }
    if (message.role !== 'system') add(message.role, content);
    else if (rules.systemTurns && before !== undefined && before.role !== 'assistant') add('system', content);
    else add('user', content.map(marked));
  }
  if (turns.length === 0) {
    if (system.length === 0) refuse('messages', 'holds nothing but blank turns, which Anthropic refuses.');
    turns.push({ role: 'user', content: system }); // nothing but a system prompt: that is the question
    system = [];
  }
  if (turns[0]?.role === 'assistant')
    turns.unshift({ role: 'user', content: [{ type: 'text', text: '(The conversation begins.)' }] });
  const last = turns.at(-1);
  if (last?.role === 'assistant') {
    if (rules.prefill) trimEnd(last.content);
    else {
      droppedFields.drop('prefill');
      turns.push({
        role: 'user',
        content: [{ type: 'text', text: 'Go on exactly where your last message stops, without repeating it.' }],
      });
    }
  }
  return {
    system,
    turns: turns.map(({ role, content }) => ({
      role,
      content: plainIfText(role === 'user' ? resultsFirst(content) : content),
    })),
  };
}

function marked(block: Json): Json {
  return { ...block, text: `<system>\n${String(block['text'])}\n</system>` };
}

// Results must stand before everything else in the turn that follows a call.
function resultsFirst(content: readonly Json[]): Json[] {
  const isResult = (block: Json) => block['type'] === 'tool_result';
  return [...content.filter(isResult), ...content.filter((block) => !isResult(block))];
}

// White space at the end of the last assistant turn is refused.
function trimEnd(content: Json[]): void {
  const last = content.at(-1);
  if (last?.['type'] === 'text') content[content.length - 1] = { ...last, text: String(last['text']).trimEnd() };
}

function plainIfText(content: readonly Json[]): unknown {
  const only = content.length === 1 ? content[0] : undefined;
  return only?.['type'] === 'text' && only['cache_control'] === undefined ? only['text'] : content;
}

export function encodeSystem(blocks: readonly Json[]): unknown {
  if (blocks.some((block) => block['cache_control'] !== undefined)) return blocks;
  return blocks.map((block) => String(block['text'])).join('\n\n');
}

function encodeParts(message: Message, target: Target, droppedFields: DroppedFields): Json[] {
  return message.parts.flatMap((part) => encodePart(part, target, droppedFields));
}

function encodePart(part: Part, target: Target, droppedFields: DroppedFields): Json[] {
  switch (part.type) {
    case 'text':
      if (part.citations !== undefined) droppedFields.drop('citations');
      return part.text.trim() === '' ? [] : [{ type: 'text', text: part.text, ...cacheControl(part.cache) }]; // blank ones are refused
    case 'refusal':
      return part.text === '' ? [] : [{ type: 'text', text: part.text }];
    case 'reasoning': {
      const own = isOwn(part, target) ? (part.opaque?.value as { signature?: string; data?: string }) : undefined;
      if (own?.signature !== undefined) return [{ type: 'thinking', thinking: part.text, signature: own.signature }];
      if (own?.data !== undefined) return [{ type: 'redacted_thinking', data: own.data }];
      droppedFields.drop('reasoning');
      return [];
    }
    case 'media':
      return encodeMedia(part, droppedFields);
    case 'toolCall':
      return [
        {
          type: 'tool_use',
          id: idFor(part.id),
          name: nameFor('messages', part.name),
          input: parseArgs(part.custom === true ? customArgs(part.args) : part.args),
          ...cacheControl(part.cache),
        },
      ];
    case 'toolResult':
      return [
        {
          type: 'tool_result',
          tool_use_id: idFor(part.id),
          content: plainIfText(part.parts.flatMap((inner) => encodePart(inner, target, droppedFields))),
          ...(part.isError ? { is_error: true } : {}),
          ...cacheControl(part.cache),
        },
      ];
    case 'raw':
      if (part.format === 'messages' && part.value !== undefined) return [part.value as Json];
      droppedFields.drop(part.at);
      return [];
  }
}

function encodeMedia(media: Media, droppedFields: DroppedFields): Json[] {
  const cache = cacheControl(media.cache);
  if (media.detail !== undefined && media.detail !== 'auto') droppedFields.drop('detail');
  if (media.kind === 'image' || (media.kind === 'document' && media.mime.startsWith('image/'))) {
    if (media.url !== undefined) return [{ type: 'image', source: { type: 'url', url: media.url }, ...cache }];
    return [
      {
        type: 'image',
        source: { type: 'base64', media_type: media.mime.replace('image/jpg', 'image/jpeg'), data: media.data ?? '' },
        ...cache,
      },
    ];
  }
  if (media.kind === 'document') {
    const title = defined({ title: media.name });
    if (media.url !== undefined)
      return [{ type: 'document', source: { type: 'url', url: media.url }, ...title, ...cache }];
    if (isText(media))
      return [
        {
          type: 'document',
          source: { type: 'text', media_type: 'text/plain', data: plainText(media) },
          ...title,
          ...cache,
        },
      ];
    if (media.mime === 'application/pdf')
      return [
        {
          type: 'document',
          source: { type: 'base64', media_type: media.mime, data: media.data ?? '' },
          ...title,
          ...cache,
        },
      ];
  }
  droppedFields.drop(media.kind === 'document' ? media.mime : media.kind);
  return [];
}

export function cacheControl(cache: CacheMark | undefined): Json {
  if (cache === undefined) return {};
  return { cache_control: { type: 'ephemeral', ...(cache === '1h' ? { ttl: '1h' } : {}) } };
}

/** Whether thoughts are this provider's, and this model's where that is known. */
export function isOwn(part: Reasoning, target: Target): boolean {
  if (part.opaque?.format !== 'messages') return false;
  const maker = part.opaque.model;
  return maker === undefined || maker.startsWith(target.model) || target.model.startsWith(maker);
}
