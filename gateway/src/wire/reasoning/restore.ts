// What earlier turns left for the next: sealed thoughts before a call, for clients that drop them, and the items of answers
// in the shape of Responses, which clients only name. Where they are kept is the vault's business; here they are found in
// an answer, and put back into a request.

import { refuse } from '../shared/droppedFields';
import type { Format, Message, NeutralRequest, Part, Reasoning, StreamEvent } from '../neutral';

/** What earlier turns left. */
export interface ReasoningLookup {
  /** @param name a call's id, or `itemName` of an item's */
  get(name: string): readonly Part[] | undefined;
}

/** Takes what a later turn may need, under the name it will be asked for by. */
export type Remember = (name: string, parts: readonly Part[]) => void;

/** Under which an item of an earlier answer is kept. */
export const itemName = (id: string): string => `item ${id}`;

/** Listens to one answer: what is thought before a call is kept under the call's id. */
export function openReasoningRecorder(keep: Remember): (event: StreamEvent) => void {
  let thoughts: Reasoning[] = [];
  let text: string[] | undefined;
  return (event) => {
    if (event.type === 'open') {
      text = event.part.type === 'reasoning' ? [] : undefined;
      if (event.part.type !== 'toolCall') return;
      if (thoughts.length > 0) keep(event.part.id, thoughts);
      thoughts = [];
    } else if (event.type === 'delta') text?.push(event.text);
    else if (event.type === 'close' && text !== undefined) {
      if (event.opaque !== undefined) thoughts.push({ type: 'reasoning', text: text.join(''), opaque: event.opaque });
      text = undefined;
    }
  };
}

/** The names of all that a request may need. */
export function reasoningNames(request: NeutralRequest): string[] {
  return request.messages.flatMap((message) =>
    message.parts.flatMap((part) => {
      if (part.type === 'toolCall') return [part.id];
      return part.type === 'raw' && part.refersTo !== undefined ? [itemName(part.refersTo)] : [];
    }),
  );
}

/**
 * The request with the thoughts put back that its history lacks and this format has made. They come before the words
 * that led to the call (Anthropic refuses a turn that thinks after it has spoken); Gemini's are the call's own.
 */
export function withReasoning(request: NeutralRequest, format: Format, thoughts: ReasoningLookup): NeutralRequest {
  return mapMessages(request, (message) => {
    if (message.role !== 'assistant' || !message.parts.some((part) => part.type === 'toolCall')) return message;
    const parts: Part[] = [];
    let given = false; // the thoughts before the next call are in the history already
    let begin = 0; // of what led to the next call
    for (const part of message.parts) {
      if (isReasoningOf(part, format)) given = true;
      if (part.type !== 'toolCall') {
        parts.push(part);
        continue;
      }
      const missing = given ? [] : (thoughts.get(part.id) ?? []).filter((thought) => isReasoningOf(thought, format));
      parts.splice(format === 'generate' ? parts.length : begin, 0, ...missing);
      parts.push(part);
      begin = parts.length;
      given = false;
    }
    return { ...message, parts };
  });
}

/** The request without seals: what is left of a thought is its words, which no wire takes for its own. */
export function withoutOpaqueReasoning(request: NeutralRequest): NeutralRequest {
  const bare = (part: Part): Part => (part.type === 'reasoning' ? { type: 'reasoning', text: part.text } : part);
  return mapMessages(request, (message) => ({ ...message, parts: message.parts.map(bare) }));
}

/** Whether thoughts that this format has made stand in the request. */
export function hasOpaqueReasoning(request: NeutralRequest, format: Format): boolean {
  return request.messages.some((message) => message.parts.some((part) => isReasoningOf(part, format)));
}

/**
 * Items that a client only names, because it takes this API to have stored them, as the answer they stood in gave them.
 * @throws GatewayError cannot_translate
 */
export function withReferencedItems(request: NeutralRequest, thoughts: ReasoningLookup): NeutralRequest {
  if (request.from !== 'responses') return request;
  const found = (part: Part): readonly Part[] => {
    if (part.type !== 'raw' || part.refersTo === undefined) return [part];
    const held = thoughts.get(itemName(part.refersTo));
    return (
      held ??
      refuse(part.at, 'names an item that is not, or no longer, held here. Send the item itself (`store: false`).')
    );
  };
  return mapMessages(request, (message) => ({ ...message, parts: message.parts.flatMap(found) }));
}

// ---

function isReasoningOf(part: Part, format: Format): boolean {
  return part.type === 'reasoning' && part.opaque?.format === format;
}

function mapMessages(request: NeutralRequest, change: (message: Message) => Message): NeutralRequest {
  return { ...request, messages: request.messages.map(change) };
}
