// The neutral form between wires: ordered parts, one event stream, and a response that is a folded stream. Pure values.

import type { Usage } from '../money';

/** The four request/response formats. A wire speaks one or more of them. */
export type Format = 'chat' | 'responses' | 'messages' | 'generate';

/** Something only one format understands (signatures, encrypted reasoning): it goes back there or nowhere. */
export interface Opaque {
  readonly format: Format;
  readonly value: unknown;
}

export type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string; readonly opaque?: Opaque }
  | {
      readonly type: 'media';
      readonly kind: 'image' | 'document' | 'audio';
      readonly mime: string;
      readonly data?: string;
      readonly url?: string;
    }
  | {
      readonly type: 'toolCall';
      readonly id: string;
      readonly name: string;
      /** JSON text, as it came */ readonly args: string;
    }
  | {
      readonly type: 'toolResult';
      readonly id: string;
      readonly name?: string;
      readonly parts: readonly Part[];
      readonly isError: boolean;
    };

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly parts: readonly Part[];
}

export interface Tool {
  readonly name: string;
  readonly description?: string;
  readonly schema: unknown;
}

export type ToolChoice =
  { readonly type: 'auto' | 'none' | 'required' } | { readonly type: 'named'; readonly name: string };

export interface NeutralRequest {
  readonly messages: readonly Message[];
  readonly stream: boolean;
  readonly tools?: readonly Tool[];
  readonly toolChoice?: ToolChoice;
  readonly maxOutput?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly stop?: readonly string[];
  readonly endUser?: string;
  /** Fields of the request that have no place in the neutral form, by their path. */
  readonly leftOver: readonly string[];
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'refusal' | 'other';

export type StreamEvent =
  | { readonly type: 'start'; readonly id: string; readonly model: string }
  | {
      readonly type: 'open';
      readonly part:
        | { readonly type: 'text' }
        | { readonly type: 'reasoning' }
        | { readonly type: 'toolCall'; readonly id: string; readonly name: string };
    }
  | { readonly type: 'delta'; readonly text: string }
  | { readonly type: 'close' }
  | { readonly type: 'usage'; readonly usage: Usage }
  | { readonly type: 'finish'; readonly reason: FinishReason; readonly stopSequence?: string }
  | { readonly type: 'failure'; readonly kind: 'overloaded' | 'rate_limited' | 'other'; readonly message: string }
  /** Something of the answer that the neutral form does not carry. */
  | { readonly type: 'lost'; readonly what: string };

export interface NeutralResponse {
  readonly id: string;
  readonly model: string;
  readonly parts: readonly Part[];
  readonly usage: Usage | undefined;
  readonly reason: FinishReason;
  readonly stopSequence: string | undefined;
  readonly lost: readonly string[];
}

/** A whole answer is its stream, folded: both ways of asking cannot disagree. */
export function fold(events: Iterable<StreamEvent>): NeutralResponse {
  const parts: Part[] = [];
  const lost: string[] = [];
  let id = '';
  let model = '';
  let usage: Usage | undefined;
  let reason: FinishReason = 'other';
  let stopSequence: string | undefined;
  for (const event of events) {
    switch (event.type) {
      case 'start':
        ({ id, model } = event);
        break;
      case 'open':
        parts.push(event.part.type === 'toolCall' ? { ...event.part, args: '' } : { ...event.part, text: '' });
        break;
      case 'delta':
        parts.push(grown(parts.pop(), event.text));
        break;
      case 'usage':
        usage = event.usage;
        break;
      case 'finish':
        ({ reason, stopSequence } = { stopSequence: undefined, ...event });
        break;
      case 'lost':
        lost.push(event.what);
        break;
      case 'close':
      case 'failure':
        break;
    }
  }
  return { id, model, parts, usage, reason, stopSequence, lost };
}

/** The concatenated text of parts, for places that only take text. */
export function textOf(parts: readonly Part[]): string {
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

// ---

function grown(part: Part | undefined, text: string): Part {
  if (part?.type === 'text' || part?.type === 'reasoning') return { ...part, text: part.text + text };
  if (part?.type === 'toolCall') return { ...part, args: part.args + text };
  return { type: 'text', text };
}
