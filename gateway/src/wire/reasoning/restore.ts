// What earlier turns left for the next: opaque reasoning before a tool call, for clients that do not send it back, and the
// items of Responses, which clients may name instead of sending. Where they are kept is the reasoning cache's business
// (pipeline/reasoningCache.ts); this file finds them in a response and puts them back into a request. Sources:
// https://platform.claude.com/docs/en/build-with-claude/extended-thinking,
// https://ai.google.dev/gemini-api/docs/thought-signatures,
// https://platform.openai.com/docs/guides/conversation-state (2026-11).

import type { FormatFacts } from '../formatFacts';
import type { Format, Message, NeutralRequest, Part, Reasoning, StreamEvent } from '../neutral';
import { perAnswer } from '../shared/answers';
import { refuse } from '../shared/droppedFields';

/** What earlier turns left. */
export interface ReasoningLookup {
  /** @param name a tool call's id, or an item's `itemName` */
  get(name: string): readonly Part[] | undefined;
}

/** Takes what a later turn may need, under the name it will be looked up by. */
export type Remember = (name: string, parts: readonly Part[]) => void;

/** The name under which an item of an earlier response is kept. */
export const itemName = (id: string): string => `item ${id}`;

/**
 * An observer of one response's events that remembers the reasoning before each tool call, under the call's id.
 * @param answers how many were asked for
 */
export function openReasoningRecorder(remember: Remember, answers?: number): (event: StreamEvent) => void {
  if (answers === undefined) return openRecorder(remember);
  return perAnswer(answers, () => {
    const record = openRecorder(remember);
    return (event) => (record(event), []);
  });
}

// ---

function openRecorder(remember: Remember): (event: StreamEvent) => void {
  let reasoning: Reasoning[] = []; // since the last call
  let text: string[] | undefined; // of the open reasoning part
  return (event) => {
    if (event.type === 'open') {
      text = event.part.type === 'reasoning' ? [] : undefined;
      if (event.part.type !== 'toolCall') return;
      if (reasoning.length > 0) remember(event.part.id, reasoning);
      reasoning = [];
    } else if (event.type === 'delta') text?.push(event.text);
    else if (event.type === 'close' && text !== undefined) {
      if (event.opaque !== undefined) reasoning.push({ type: 'reasoning', text: text.join(''), opaque: event.opaque });
      text = undefined;
    }
  };
}

/** The names of everything that a request may need from earlier turns. */
export function reasoningNames(request: NeutralRequest): string[] {
  return request.messages.flatMap((message) =>
    message.parts.flatMap((part) => {
      if (part.type === 'toolCall') return [part.id];
      return part.type === 'raw' && part.refersTo !== undefined ? [itemName(part.refersTo)] : [];
    }),
  );
}

/**
 * The request with the opaque reasoning put back that its history lacks and that this format understands. Anthropic
 * refuses a turn with reasoning after text, so that there it comes before the text that led to the call; Gemini's belongs
 * to the call itself.
 */
export function withReasoning(
  request: NeutralRequest,
  facts: Pick<FormatFacts, 'format' | 'reasoningPlacement' | 'isApartFromCall'>,
  earlier: ReasoningLookup,
): NeutralRequest {
  const { format, reasoningPlacement } = facts;
  const isApart = (part: Part) =>
    part.type === 'reasoning' && part.opaque !== undefined && facts.isApartFromCall?.(part.opaque) === true;
  const restored = new Set<string>(); // ids of calls: of several alike one is what it was, and the others are copies
  return mapMessages(request, (message) => {
    if (message.role !== 'assistant' || !message.parts.some((part) => part.type === 'toolCall')) return message;
    const parts: Part[] = [];
    let present = false; // the history holds the reasoning before the next call
    let apart = false; // and that which clients may lack beside it
    let begin = 0; // index of what led to the next call
    for (const part of message.parts) {
      if (isReasoningOf(part, format)) present = true;
      if (isApart(part)) apart = true;
      if (part.type !== 'toolCall') {
        parts.push(part);
        continue;
      }
      const kept = restored.has(part.id) ? undefined : earlier.get(part.id);
      restored.add(part.id);
      const missing = (kept ?? []).filter(
        (found) => isReasoningOf(found, format) && !(isApart(found) ? apart : present),
      );
      const before = present ? 1 : 0; // the call's own signature stands directly before it
      parts.splice(reasoningPlacement === 'beforeCall' ? parts.length - before : begin, 0, ...missing);
      parts.push(part);
      begin = parts.length;
      present = apart = false;
    }
    return { ...message, parts };
  });
}

/** The request with only the text of its reasoning, which no provider takes for its own. */
export function withoutOpaqueReasoning(request: NeutralRequest): NeutralRequest {
  const textOnly = (part: Part): Part => (part.type === 'reasoning' ? { type: 'reasoning', text: part.text } : part);
  return mapMessages(request, (message) => ({ ...message, parts: message.parts.map(textOnly) }));
}

/** Whether the request holds opaque reasoning that this format understands. */
export function hasOpaqueReasoning(request: NeutralRequest, format: Format): boolean {
  return request.messages.some((message) => message.parts.some((part) => isReasoningOf(part, format)));
}

/** Characters that named items may have together: a name has some thirty bytes, and an item may have two megabytes. */
const mostReferenced = 4 * 1024 * 1024;

/**
 * The request with the items in full that it only names, because its client takes this API to have stored them. An item is named
 * once, as OpenAI demands ("Duplicate item found with id …").
 * @throws GatewayError cannot_translate for an item that is not, or no longer, kept, one that is named again, and too many of them
 */
export function withReferencedItems(request: NeutralRequest, earlier: ReasoningLookup): NeutralRequest {
  const named = new Set<string>();
  let size = 0;
  const found = (part: Part): readonly Part[] => {
    if (part.type !== 'raw' || part.refersTo === undefined) return [part];
    if (named.has(part.refersTo)) refuse(part.at, 'names an item that is named before. Name each item once.');
    named.add(part.refersTo);
    const item = earlier.get(itemName(part.refersTo));
    if (item === undefined)
      return refuse(
        part.at,
        'names an item that is not, or no longer, held here. Send the item itself (`store: false`).',
      );
    size += JSON.stringify(item).length;
    if (size > mostReferenced)
      refuse(
        part.at,
        `makes the items that are only named more than ${mostReferenced} bytes. Send the items themselves (\`store: false\`).`,
      );
    return item;
  };
  const names = (part: Part) => part.type === 'raw' && part.refersTo !== undefined;
  if (!request.messages.some(({ parts }) => parts.some(names))) return request;
  return mapMessages(request, (message) => ({ ...message, parts: message.parts.flatMap(found) }));
}

// ---

function isReasoningOf(part: Part, format: Format): boolean {
  return part.type === 'reasoning' && part.opaque?.format === format;
}

function mapMessages(request: NeutralRequest, change: (message: Message) => Message): NeutralRequest {
  return { ...request, messages: request.messages.map(change) };
}
