// The neutral form between formats: a request of ordered parts, a stream of events, and a response that is a folded stream.

import type { Usage } from '../core/usage';

/**
 * The four formats of requests and responses: OpenAI chat completions, OpenAI Responses, Anthropic messages, Gemini's
 * generateContent. A provider's API has one or two of them.
 */
export type Format = 'chat' | 'responses' | 'messages' | 'generate';

/** A value that only one format understands (a signature, encrypted reasoning). It is sent back there or nowhere. */
export interface Opaque {
  readonly format: Format;
  /** The model that made it, where known: some providers accept it only for that model. */
  readonly model?: string;
  readonly value: unknown;
}

/** How long the provider is to cache the prompt prefix that ends here. */
export type CacheMark = '5m' | '1h';

/** The source of a statement. */
export interface Citation {
  readonly url: string;
  readonly title?: string;
  /** Half-open range of characters of the text it stands in. */
  readonly start?: number;
  readonly end?: number;
}

/** A token and its log probability. */
export interface Logprob {
  readonly token: string;
  readonly logprob: number;
  /** Its bytes, where the provider sends them: a token may be a part of a character. */
  readonly bytes?: readonly number[];
}

/** A token of the response, and its likeliest alternatives. */
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

/** The model's text for why it does not answer. */
export interface Refusal {
  readonly type: 'refusal';
  readonly text: string;
}

/** Reasoning: readable text, the opaque form that its provider wants back, or both. */
export interface Reasoning {
  readonly type: 'reasoning';
  readonly text: string;
  readonly opaque?: Opaque;
}

export interface Media {
  readonly type: 'media';
  readonly kind: 'image' | 'document' | 'audio' | 'video';
  /** `image/*` and the like where it is not known. */
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
  /** JSON text as it came; for a custom tool the plain input. */
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

/** A page that a search has found. */
export interface SearchResult {
  readonly url: string;
  readonly title?: string;
  /** How old the page is, in the provider's words. */
  readonly pageAge?: string;
}

/** A search of the web that the provider has run: what it asked, what it found, or both. */
export interface WebSearch {
  readonly type: 'webSearch';
  readonly id: string;
  readonly queries: readonly string[];
  /** Absent where it is not told what was found. */
  readonly results?: readonly SearchResult[];
  /** How many searches the provider charges for it, where that is not one. */
  readonly charged?: number;
  /** The provider's word for why it failed. */
  readonly error?: string;
  /** The block or item of a history that it stands for, where a provider made it. */
  readonly native?: Opaque;
}

/** A value without a neutral form: put back unchanged for its own format, named as dropped for any other. */
export interface Raw {
  readonly type: 'raw';
  readonly format: Format;
  readonly value: unknown;
  /** Its path in the request. */
  readonly at: string;
  /** Id of the item of an earlier response that it stands for. */
  readonly refersTo?: string;
  /** Id of the call that it is, or of the call whose result it is. */
  readonly callId?: string;
  readonly resultOf?: string;
}

export type Part = Text | Refusal | Reasoning | Media | ToolCall | ToolResult | WebSearch | Raw;

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly parts: readonly Part[];
}

/** The group that a tool was declared in, and its name there; the tool's `name` joins both. */
export interface Namespace {
  readonly name: string;
  readonly description?: string;
  readonly tool: string;
}

export interface Tool {
  readonly type: 'function';
  /** Its path in the request, where a client declares it. */
  readonly at?: string;
  readonly name: string;
  readonly namespace?: Namespace;
  readonly description?: string;
  /** JSON schema of the arguments. */
  readonly schema: unknown;
  readonly strict?: boolean;
  readonly cache?: CacheMark;
}

/** A tool whose input is plain text, with or without a grammar. */
export interface CustomTool {
  readonly type: 'custom';
  /** Its path in the request, where a client declares it. */
  readonly at?: string;
  readonly name: string;
  readonly namespace?: Namespace;
  readonly description?: string;
  readonly grammar?: { readonly syntax: string; readonly definition: string };
}

/** Where the user is, as far as is said. */
export interface UserLocation {
  readonly city?: string;
  readonly region?: string;
  /** ISO 3166-1, two letters. */
  readonly country?: string;
  /** IANA name. */
  readonly timezone?: string;
}

/** A search of the web that the provider itself runs. */
export interface WebSearchTool {
  readonly type: 'webSearch';
  /** Its path in the request. */
  readonly at: string;
  readonly allowedDomains?: readonly string[];
  readonly blockedDomains?: readonly string[];
  /** The most searches of one answer. */
  readonly maxUses?: number;
  readonly userLocation?: UserLocation;
  /** How much of what is found the model reads: low, medium or high. */
  readonly contextSize?: string;
  /** The tool as its own format declares it. */
  readonly native: Opaque;
  /** Paths of its fields without a neutral form. */
  readonly others: readonly string[];
}

export type AnyTool = Tool | CustomTool | WebSearchTool | Raw;

/** Whether a tool is the client's own, which it calls by its name. */
export function isClientTool(tool: AnyTool): tool is Tool | CustomTool {
  return tool.type === 'function' || tool.type === 'custom';
}

type NameSet = Pick<ReadonlySet<string>, 'has'>;

/** The tools of which only some may be used. @param allowed names of the client's own */
export function allowedOf(tools: readonly AnyTool[], allowed: NameSet | undefined): AnyTool[] {
  return tools.filter((tool) => allowed === undefined || !isClientTool(tool) || allowed.has(tool.name));
}

export type ToolChoice =
  { readonly type: 'auto' | 'none' | 'required' | 'webSearch' } | { readonly type: 'named'; readonly name: string };

/** The format that the response's text must have. */
export type ResponseFormat =
  | { readonly type: 'json' }
  | {
      readonly type: 'schema';
      readonly name?: string;
      readonly description?: string;
      readonly schema: unknown;
      readonly strict?: boolean;
    };

/** Levels of reasoning, ascending. */
export const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;
export type Effort = (typeof efforts)[number];

/** How much to reason. With neither effort nor budget the model decides. */
export interface ReasoningOptions {
  readonly effort?: Effort;
  /** Tokens. */
  readonly budget?: number;
  /** The response is to hold the reasoning's text. */
  readonly show: boolean;
  /** It is not named by the client that the reasoning is to be shown: only where that asks nothing more of the account. */
  readonly implied?: true;
}

/** A whole request. */
export interface NeutralRequest {
  /** The format of the client's request. */
  readonly from: Format;
  readonly messages: readonly Message[];
  readonly stream: boolean;
  readonly tools?: readonly AnyTool[];
  readonly toolChoice?: ToolChoice;
  readonly parallelTools?: boolean;
  readonly responseFormat?: ResponseFormat;
  readonly reasoning?: ReasoningOptions;
  readonly maxOutput?: number;
  /** How many answers are asked for, where it is more than one. */
  readonly answers?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  readonly seed?: number;
  /** The response is to hold log probabilities, with this many alternatives for each token. */
  readonly topLogprobs?: number;
  readonly stop?: readonly string[];
  readonly verbosity?: string;
  readonly serviceTier?: string;
  readonly promptCacheKey?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly endUser?: string;
  /** Fields without a neutral form, by path: put back for their own format, named as dropped for any other. */
  readonly native: Readonly<Record<string, unknown>>;
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'refusal' | 'pause' | 'other';

/** What a provider's failure is: `credential` and `credit` are its operator's to mend, `other` is the provider's own. */
export type FailureKind =
  | 'overloaded'
  | 'rate_limited'
  | 'timed_out'
  | 'too_long'
  | 'bad_request'
  | 'other'
  // Of the operator's account: this request alone is too large for it; it may not use this model; its key, its credit or its
  // region; and a model that is not there.
  | 'allowance'
  | 'forbidden'
  | 'credential'
  | 'credit'
  | 'region'
  | 'unknown_model'
  // The target's host has no model under this name that can do what the request asks for.
  | 'incapable';

/**
 * The events of a response, in this order: `start`; for each part `open`, then `delta`, `citation` and `logprobs`, then
 * `close`; `usage`; `finish` or `failure`. `lost` may stand anywhere. Where several answers were asked for, each has its own
 * events, and the first one finishes last.
 */
export type StreamEvent =
  /** The events after it, up to the next of these, are those of this answer; those before all of these, of the first. */
  | { readonly type: 'answer'; readonly index: number }
  | { readonly type: 'start'; readonly id: string; readonly model: string }
  | {
      readonly type: 'open';
      readonly part:
        | { readonly type: 'text' }
        | { readonly type: 'refusal' }
        | { readonly type: 'reasoning' }
        | { readonly type: 'toolCall'; readonly id: string; readonly name: string; readonly custom?: boolean }
        /** It comes whole: nothing but `close` follows. */
        | WebSearch;
    }
  | { readonly type: 'delta'; readonly text: string }
  | { readonly type: 'citation'; readonly citation: Citation }
  /** Of the delta that follows. */
  | { readonly type: 'logprobs'; readonly logprobs: readonly TokenLogprob[] }
  | { readonly type: 'close'; readonly opaque?: Opaque }
  | { readonly type: 'usage'; readonly usage: Usage }
  | { readonly type: 'finish'; readonly reason: FinishReason; readonly stopSequence?: string }
  | { readonly type: 'failure'; readonly kind: FailureKind; readonly message: string }
  /** Names something of the response that has no neutral form. */
  | { readonly type: 'lost'; readonly what: string };

export type OpenPart = Extract<StreamEvent, { type: 'open' }>['part'];

/** A whole response. */
export interface NeutralResponse {
  readonly id: string;
  readonly model: string;
  readonly parts: readonly (Text | Refusal | Reasoning | ToolCall | WebSearch)[];
  readonly usage: Usage | undefined;
  readonly reason: FinishReason;
  readonly stopSequence: string | undefined;
  readonly lost: readonly string[];
  readonly failure: { readonly kind: FailureKind; readonly message: string } | undefined;
  /** The answers after the first, where several were asked for. */
  readonly others?: readonly NeutralResponse[];
}

/** The concatenated text of parts, for fields that only take text. */
export function textOf(parts: readonly Part[], between = ''): string {
  return parts.flatMap((part) => (part.type === 'text' || part.type === 'refusal' ? [part.text] : [])).join(between);
}
