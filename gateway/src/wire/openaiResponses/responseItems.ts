// The items of a response, which whole and streamed responses share. Source:
// https://platform.openai.com/docs/api-reference/responses/object (2026-11).

import type { Json } from '../jsonObject';
import type { Citation, Opaque, OpenPart, Part, Text } from '../neutral';
import { wrapEnvelope } from '../reasoning/envelope';
import { encodeOpenaiLogprobs } from '../shared/logprobs';
import type { ToolNaming } from './namespaces';
import { encodeAction } from './searches';

/** What belongs to a text beside its characters. */
export type TextDetails = Pick<Text, 'citations' | 'logprobs'>;

/** An item's id. @param responseId with its prefix `resp_` */
export function itemId(
  part: { readonly type: Exclude<OpenPart['type'], 'webSearch'>; readonly custom?: boolean },
  responseId: string,
  index: number,
): string {
  const prefixes = { text: 'msg', refusal: 'msg', reasoning: 'rs', toolCall: part.custom === true ? 'ctc' : 'fc' };
  return `${prefixes[part.type]}_${responseId.slice('resp_'.length)}_${index}`;
}

/** An item at its beginning. */
export function newItem(part: OpenPart, id: string, naming: ToolNaming): Json {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return { id, type: 'message', status: 'in_progress', role: 'assistant', content: [] };
    case 'reasoning':
      return { id, type: 'reasoning', summary: [] };
    case 'webSearch':
      return { id, type: 'web_search_call', status: 'in_progress', action: encodeAction(part) };
    case 'toolCall':
      return part.custom === true
        ? { id, type: 'custom_tool_call', status: 'in_progress', call_id: part.id, ...naming(part.name), input: '' }
        : { id, type: 'function_call', status: 'in_progress', call_id: part.id, ...naming(part.name), arguments: '' };
  }
}

/** What a finished item holds. */
export interface ItemContent {
  /** Text, or arguments (JSON text; a custom tool's plain input). */
  readonly text: string;
  readonly details: TextDetails;
  readonly opaque: Opaque | undefined;
}

/** An item at its end. */
export function doneItem(part: OpenPart, id: string, naming: ToolNaming, { text, details, opaque }: ItemContent): Json {
  const item = newItem(part, id, naming);
  switch (part.type) {
    case 'text':
    case 'refusal':
      return { ...item, status: 'completed', content: [contentPart(part, text, details)] };
    case 'reasoning':
      return {
        ...item,
        summary: text === '' ? [] : [{ type: 'summary_text', text }],
        // Also where there is nothing opaque: without it, OpenAI would take the item for one that it has stored, and
        // refuse it.
        encrypted_content: wrapEnvelope(opaque),
      };
    case 'webSearch':
      return { ...item, status: part.error === undefined ? 'completed' : 'failed' };
    case 'toolCall':
      return {
        ...item,
        status: 'completed',
        ...(part.custom === true ? { input: text } : { arguments: text === '' ? '{}' : text }),
      };
  }
}

/** The one part of a message's content. */
export function contentPart(part: { readonly type: 'text' | 'refusal' }, text: string, details: TextDetails): Json {
  if (part.type === 'refusal') return { type: 'refusal', refusal: text };
  return {
    type: 'output_text',
    text,
    annotations: (details.citations ?? []).map(encodeAnnotation),
    logprobs: encodeOpenaiLogprobs(details.logprobs ?? []),
  };
}

/** The neutral part that an item was made of. */
export function partOfItem(part: OpenPart, text: string, opaque: Opaque | undefined): Part {
  if (part.type === 'webSearch') return part;
  if (part.type === 'toolCall') return { ...part, args: text };
  return part.type === 'reasoning'
    ? { type: 'reasoning', text, ...(opaque === undefined ? {} : { opaque }) }
    : { type: part.type, text };
}

/** A citation as an annotation. */
export function encodeAnnotation(citation: Citation): Json {
  return {
    type: 'url_citation',
    url: citation.url,
    title: citation.title ?? citation.url,
    start_index: citation.start ?? 0,
    end_index: citation.end ?? 0,
  };
}
