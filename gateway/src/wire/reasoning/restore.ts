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

/** What an earlier turn left under a name. */
export interface Left {
  readonly parts: readonly Part[];
  /** About what they have as text. */
  readonly bytes: number;
}

/** What earlier turns left. */
export interface ReasoningLookup {
  /** @param name a tool call's id, or an item's `itemName` */
  get(name: string): Left | undefined;
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

/** Bytes that one request may have put back: a name has some thirty bytes, and what it stands for may have two megabytes. */
const mostRestored = 4 * 1024 * 1024;

/** What earlier turns left, as far as one request has it put back. */
export class Restoring {
  /** Of all that was found so far. */
  bytes = 0;
  readonly #earlier: ReasoningLookup;

  constructor(earlier: ReasoningLookup) {
    this.#earlier = earlier;
  }

  /** What a name stands for; 'full' where it is more than is put back in one request. */
  find(name: string): readonly Part[] | 'full' | undefined {
    const left = this.#earlier.get(name);
    if (left === undefined) return undefined;
    if (this.bytes + left.bytes > mostRestored) return 'full';
    this.bytes += left.bytes;
    return left.parts;
  }
}

/**
 * The request with the opaque reasoning put back that its history lacks and that this format understands. Anthropic
 * refuses a turn with reasoning after text, so that there it comes before the text that led to the call; Gemini's belongs
 * to the call itself. Where it is too much, the newest is put back: providers demand that of the turn that goes on.
 */
export function withReasoning(
  request: NeutralRequest,
  facts: Pick<FormatFacts, 'format' | 'reasoningPlacement' | 'isApartFromCall'>,
  restoring: Restoring,
): NeutralRequest {
  const { format, reasoningPlacement } = facts;
  const left = leftOfCalls(request, restoring);
  if (left.size === 0) return request;
  const isApart = (part: Part) =>
    part.type === 'reasoning' && part.opaque !== undefined && facts.isApartFromCall?.(part.opaque) === true;
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
      const missing = (left.get(part.id) ?? []).filter(
        (found) => isReasoningOf(found, format) && !(isApart(found) ? apart : present),
      );
      left.delete(part.id); // of several calls of one id one is what it was, and the others are copies
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

/**
 * The request with the items in full that it only names, because its client takes this API to have stored them. An item is named
 * once, as OpenAI demands ("Duplicate item found with id …").
 * @throws GatewayError cannot_translate for an item that is not, or no longer, kept, one that is named again, and too many of them
 */
export function withReferencedItems(request: NeutralRequest, restoring: Restoring): NeutralRequest {
  const named = new Set<string>();
  const found = (part: Part): readonly Part[] => {
    if (part.type !== 'raw' || part.refersTo === undefined) return [part];
    if (named.has(part.refersTo)) refuse(part.at, 'names an item that is named before. Name each item once.');
    named.add(part.refersTo);
    const item = restoring.find(itemName(part.refersTo));
    if (item === 'full')
      return refuse(
        part.at,
        `makes the items that are only named more than ${mostRestored} bytes. Send the items themselves (\`store: false\`).`,
      );
    if (item === undefined)
      return refuse(
        part.at,
        'names an item that is not, or no longer, held here. Send the item itself (`store: false`).',
      );
    return item;
  };
  const names = (part: Part) => part.type === 'raw' && part.refersTo !== undefined;
  if (!request.messages.some(({ parts }) => parts.some(names))) return request;
  return mapMessages(request, (message) => ({ ...message, parts: message.parts.flatMap(found) }));
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

// By the calls' ids, from the newest on.
function leftOfCalls(request: NeutralRequest, restoring: Restoring): Map<string, readonly Part[]> {
  const found = new Map<string, readonly Part[]>();
  const asked = new Set<string>();
  for (const { role, parts } of request.messages.toReversed()) {
    if (role !== 'assistant') continue;
    for (const part of parts.toReversed()) {
      if (part.type !== 'toolCall' || asked.has(part.id)) continue;
      asked.add(part.id);
      const left = restoring.find(part.id);
      if (left === 'full') return found;
      if (left !== undefined) found.set(part.id, left);
    }
  }
  return found;
}

function isReasoningOf(part: Part, format: Format): boolean {
  return part.type === 'reasoning' && part.opaque?.format === format;
}

function mapMessages(request: NeutralRequest, change: (message: Message) => Message): NeutralRequest {
  return { ...request, messages: request.messages.map(change) };
}
