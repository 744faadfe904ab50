// The neutral form between wires: ordered parts, one event stream, and a response that is a folded stream. Pure values.

import type { Usage } from '../core/usage';

/** The four request/response formats. A wire speaks one or more of them. */
export type Format = 'chat' | 'responses' | 'messages' | 'generate';

/** Something only one format understands (signatures, encrypted reasoning): it goes back there or nowhere. */
export interface Opaque {
  readonly format: Format;
  /** The model that made it, where known: some providers bind it to the model too. */
  readonly model?: string;
  readonly value: unknown;
}

/** How long a prompt prefix that ends here shall stay in the provider's cache. */
export type CacheMark = '5m' | '1h';

/** Where a statement comes from. */
export interface Citation {
  readonly url: string;
  readonly title?: string;
  /** Half-open range of characters of the text it stands in. */
  readonly start?: number;
  readonly end?: number;
}

/** A token and the logarithm of how likely it was. */
export interface Logprob {
  readonly token: string;
  readonly logprob: number;
  /** Its bytes, where they are told: a token may be a part of a character. */
  readonly bytes?: readonly number[];
}

/** A token of the answer, and the likeliest ones in its place. */
export interface TokenLogprob extends Logprob {
  readonly top: readonly Logprob[];
}

export interface Text {
  readonly type: 'text';
  readonly text: string;
  readonly logprobs?: readonly TokenLogprob[];
  readonly citations?: readonly Citation[];
  readonly cache?: CacheMark;
}

/** The model's own words for why it does not answer. */
export interface Refusal {
  readonly type: 'refusal';
  readonly text: string;
}

/** Thoughts: readable text, the sealed form their provider wants back, or both. */
export interface Reasoning {
  readonly type: 'reasoning';
  readonly text: string;
  readonly opaque?: Opaque;
}

export interface Media {
  readonly type: 'media';
  readonly kind: 'image' | 'document' | 'audio' | 'video';
  /** `image/*` and the like where nobody says. */
  readonly mime: string;
  /** Base64. */
  readonly data?: string;
  readonly url?: string;
  readonly name?: string;
  /** Image resolution, in OpenAI's words. */
  readonly detail?: string;
  readonly cache?: CacheMark;
}

export interface ToolCall {
  readonly type: 'toolCall';
  readonly id: string;
  readonly name: string;
  /** JSON text as it came; for a custom tool its plain input. */
  readonly args: string;
  readonly custom?: boolean;
  readonly cache?: CacheMark;
}

export interface ToolResult {
  readonly type: 'toolResult';
  readonly id: string;
  readonly name?: string;
  readonly parts: readonly Part[];
  readonly isError: boolean;
  readonly custom?: boolean;
  readonly cache?: CacheMark;
}

/** What has no neutral form: put back as it is for its own format, named as dropped for any other. */
export interface Raw {
  readonly type: 'raw';
  readonly format: Format;
  readonly value: unknown;
  /** Its path in the request. */
  readonly at: string;
  /** It only names an item of an earlier answer, by this id. */
  readonly refersTo?: string;
}

export type Part = Text | Refusal | Reasoning | Media | ToolCall | ToolResult | Raw;

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly parts: readonly Part[];
}

/** The group that a tool was declared in, and its name there; its own `name` is both in one. */
export interface Namespace {
  readonly name: string;
  readonly description?: string;
  readonly tool: string;
}

export interface Tool {
  readonly type: 'function';
  readonly name: string;
  readonly namespace?: Namespace;
  readonly description?: string;
  /** JSON schema of the arguments. */
  readonly schema: unknown;
  readonly strict?: boolean;
  readonly cache?: CacheMark;
}

/** A tool whose input is plain text, perhaps bound to a grammar. */
export interface CustomTool {
  readonly type: 'custom';
  readonly name: string;
  readonly namespace?: Namespace;
  readonly description?: string;
  readonly grammar?: { readonly syntax: string; readonly definition: string };
}

export type AnyTool = Tool | CustomTool | Raw;

export type ToolChoice =
  { readonly type: 'auto' | 'none' | 'required' } | { readonly type: 'named'; readonly name: string };

/** The form the answer's text must have. */
export type ResponseFormat =
  | { readonly type: 'json' }
  | {
      readonly type: 'schema';
      readonly name?: string;
      readonly description?: string;
      readonly schema: unknown;
      readonly strict?: boolean;
    };

export const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;
export type Effort = (typeof efforts)[number];

/** How much to think. Neither effort nor budget: as the model sees fit. */
export interface ReasoningOptions {
  readonly effort?: Effort;
  /** Tokens. */
  readonly budget?: number;
  /** Whether the thoughts shall be readable in the answer. */
  readonly show: boolean;
}

export interface NeutralRequest {
  /** The format it was asked in. */
  readonly from: Format;
  readonly messages: readonly Message[];
  readonly stream: boolean;
  readonly tools?: readonly AnyTool[];
  readonly toolChoice?: ToolChoice;
  readonly parallelTools?: boolean;
  readonly responseFormat?: ResponseFormat;
  readonly reasoning?: ReasoningOptions;
  readonly maxOutput?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  readonly seed?: number;
  /** The answer is to tell how likely its tokens were, and so many others in the place of each. */
  readonly topLogprobs?: number;
  readonly stop?: readonly string[];
  readonly verbosity?: string;
  readonly serviceTier?: string;
  readonly promptCacheKey?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly endUser?: string;
  /** Fields without a neutral form, by name: put back for their own format, named as dropped for any other. */
  readonly native: Readonly<Record<string, unknown>>;
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'refusal' | 'pause' | 'other';

export type FailureKind = 'overloaded' | 'rate_limited' | 'too_long' | 'bad_request' | 'other';

export type StreamEvent =
  | { readonly type: 'start'; readonly id: string; readonly model: string }
  | {
      readonly type: 'open';
      readonly part:
        | { readonly type: 'text' }
        | { readonly type: 'refusal' }
        | { readonly type: 'reasoning' }
        | { readonly type: 'toolCall'; readonly id: string; readonly name: string; readonly custom?: boolean };
    }
  | { readonly type: 'delta'; readonly text: string }
  | { readonly type: 'citation'; readonly citation: Citation }
  /** Of the delta that follows. */
  | { readonly type: 'logprobs'; readonly logprobs: readonly TokenLogprob[] }
  | { readonly type: 'close'; readonly opaque?: Opaque }
  | { readonly type: 'usage'; readonly usage: Usage }
  | { readonly type: 'finish'; readonly reason: FinishReason; readonly stopSequence?: string }
  | { readonly type: 'failure'; readonly kind: FailureKind; readonly message: string }
  /** Something of the answer that the neutral form does not carry. */
  | { readonly type: 'lost'; readonly what: string };

export type OpenPart = Extract<StreamEvent, { type: 'open' }>['part'];

export interface NeutralResponse {
  readonly id: string;
  readonly model: string;
  readonly parts: readonly (Text | Refusal | Reasoning | ToolCall)[];
  readonly usage: Usage | undefined;
  readonly reason: FinishReason;
  readonly stopSequence: string | undefined;
  readonly lost: readonly string[];
  readonly failure: { readonly kind: FailureKind; readonly message: string } | undefined;
}

/** A whole answer is its stream, folded: both ways of asking cannot disagree. */
export function fold(events: Iterable<StreamEvent>): NeutralResponse {
  const parts: (Text | Refusal | Reasoning | ToolCall)[] = [];
  const lost: string[] = [];
  let response: Omit<NeutralResponse, 'parts' | 'lost'> = {
    id: '',
    model: '',
    usage: undefined,
    reason: 'other',
    stopSequence: undefined,
    failure: undefined,
  };
  let open: OpenPart | undefined;
  let pieces: string[] = [];
  let citations: Citation[] = [];
  let logprobs: TokenLogprob[] = [];
  for (const event of events) {
    switch (event.type) {
      case 'start':
        response = { ...response, id: event.id, model: event.model };
        break;
      case 'open':
        open = event.part;
        pieces = [];
        citations = [];
        logprobs = [];
        break;
      case 'delta':
        pieces.push(event.text);
        break;
      case 'citation':
        citations.push(event.citation);
        break;
      case 'logprobs':
        logprobs.push(...event.logprobs);
        break;
      case 'close':
        if (open !== undefined) parts.push(whole(open, pieces.join(''), citations, logprobs, event.opaque));
        open = undefined;
        break;
      case 'usage':
        response = { ...response, usage: event.usage };
        break;
      case 'finish':
        response = { ...response, reason: event.reason, stopSequence: event.stopSequence };
        break;
      case 'failure':
        response = { ...response, failure: event };
        break;
      case 'lost':
        lost.push(event.what);
        break;
    }
  }
  return { ...response, parts, lost };
}

/** The concatenated text of parts, for places that only take text. */
export function textOf(parts: readonly Part[], between = ''): string {
  return parts.flatMap((part) => (part.type === 'text' || part.type === 'refusal' ? [part.text] : [])).join(between);
}

// ---

function whole(
  open: OpenPart,
  text: string,
  citations: readonly Citation[],
  logprobs: readonly TokenLogprob[],
  opaque: Opaque | undefined,
): Text | Refusal | Reasoning | ToolCall {
  switch (open.type) {
    case 'text':
      return {
        type: 'text',
        text,
        ...(citations.length > 0 ? { citations } : {}),
        ...(logprobs.length > 0 ? { logprobs } : {}),
      };
    case 'refusal':
      return { type: 'refusal', text };
    case 'reasoning':
      return { type: 'reasoning', text, ...(opaque === undefined ? {} : { opaque }) };
    case 'toolCall':
      return { ...open, args: text };
  }
}
