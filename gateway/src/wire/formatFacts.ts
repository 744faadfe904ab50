// The facts about a format that the gateway needs without decoding a body: where a setting stands in a request, where a
// response reports usage, which frame ends a stream. One object of these stands in each codec folder's `facts.ts`.

import type { Capability, ChatRefusal } from '../../../config/catalogue';
import type { Target } from '../../../config/target';
import type { Json } from './jsonObject';
import type { Effort, FailureKind, Format, Opaque } from './neutral';
import type { OutputFields } from './outputMeter';
import type { DemandKind, DemandSource, FormDemands } from './shared/formDemands';
import type { MendedField } from './shared/mending';
import type { SearchCounter, SearchTally } from './shared/searchCounter';

/** The parsed value of a top-level field of a request body; undefined where the field is absent. */
export type SettingReader = (name: string) => unknown;

/** Where the settings stand that routing and admission read. */
export interface RequestFields {
  /** The top-level field that holds the conversation. */
  readonly conversation: string;
  /** Without the conversation the request is refused before it is routed. */
  readonly conversationRequired: boolean;
  /** Bodies of another format that clients send to this format's path, and the fields they are known by. */
  readonly alsoReceives?: { readonly format: Format; readonly has: string; readonly lacks: string };
  /** The most output tokens that one answer may have; undefined where the body names none, or no whole number. */
  maxOutput(setting: SettingReader): number | undefined;
  /** How many answers are asked for; the maximum is of each. */
  answers?(setting: SettingReader): number | undefined;
  /** An older name of the maximum, which newer models refuse. */
  readonly renamedMaxOutput?: { readonly older: string; readonly newer: string };
  /** The caller's own id of its end user, as it stands in the body. */
  endUser(setting: SettingReader): unknown;
  /** What the settings demand of a model; media and tools are found by the scan. */
  capabilities(setting: SettingReader): readonly Capability[];
  /** The top-level fields that demand something of the form of an answer; a body without them demands nothing. */
  readonly demanding: readonly string[];
  /** What it demands. */
  readonly demands: (source: DemandSource) => FormDemands;
  /** Where a request asks for the web search that its provider runs. */
  readonly webSearch: {
    /** The top-level field. */
    readonly field: string;
    /** One of these stands in a field that does; a look before `placesIn`. */
    readonly marks: readonly Buffer[];
    /** Where the field's value does, by path; empty where it does not. */
    placesIn(value: unknown): readonly string[];
    /** Whether functions of the client's stand beside it in the field's value, which some models of the format refuse. */
    besideFunctions?(value: unknown): boolean;
    /** The body without it, and without a choice of it. */
    without(body: Json): Json;
    /** The most searches that it allows; undefined where it names no number. */
    most?(setting: SettingReader): number | undefined;
  };
  /** Whether a request asks for usage in its stream; absent where streams report usage unasked. */
  wantsUsage?(setting: SettingReader): boolean;
  /** Fields of OpenRouter's that stand in bodies of this format and that the format's own provider refuses. */
  readonly routerFields: readonly string[];
  /** Bytes within `tools` that show tools to be declared in another format. */
  readonly foreignTools?: Buffer;
}

/** What is changed of a body that is passed on in its own format. */
export interface PassthroughFacts {
  /** The body without our envelopes, which are forged signatures to the provider; every other field as it was. */
  withoutEnvelopes(body: Json): Json;
  /** The top-level fields that `mend` looks at; a body without them is not changed. */
  readonly mendable: readonly string[];
  /** What is changed of a request for a model that the gateway chose, where that model would refuse it. */
  readonly mend: (setting: SettingReader, target: Target) => readonly MendedField[];
  /** Whether a model does what is demanded of the form of its answer. @param effort what the request asks for */
  readonly honours: (kind: DemandKind, target: Target, effort: Effort | undefined) => boolean;
  /** Whether the format's own provider refuses a request of a target in it, and takes it in another of its formats. */
  readonly refused?: (target: Target, needs: readonly Capability[], setting: SettingReader) => boolean;
  /** Whether a request is one that a model has been found to refuse. */
  readonly refusedAs?: (refusal: ChatRefusal, needs: readonly Capability[], setting: SettingReader) => boolean;
  /** Images whose URL stands where an object with it belongs: some hosts of the format take them, its own provider refuses them. */
  readonly plainImages?: {
    /** The key that such a URL stands under. */
    readonly key: string;
    /** The body with an object around each. */
    asObjects(body: Json): Json;
  };
  /** System messages in mid-conversation, where some models of the format refuse them. */
  readonly systemTurns?: {
    /** Whether the model takes them. */
    taken(target: Target): boolean;
    /** One of these stands in a body that holds some. */
    readonly marks: readonly string[];
    /** The body with each of them as the user's, marked. */
    asUser(body: Json): Json;
  };
}

/** How tokens are counted in a format. */
export interface CountFacts {
  /** The request to be counted, of the body of a count request. */
  requestOf(body: Json): Json;
  /** What a client is answered. */
  response(tokens: number): Json;
  /** The provider's own counter; OpenAI has none for chat completions. */
  readonly counter?: {
    /** A client's count request with the target's model in it. */
    withModel(body: Json, model: string): Json;
    /** An encoded request with only what the counter takes. */
    fromRequest(request: Json, model: string): Json;
    /** The top-level field of its response that holds the count. */
    readonly tokensField: string;
  };
}

/** A failure that an answer reports, or is. */
export interface AnswerFailure {
  readonly kind: FailureKind;
  /** The provider's words, or ours for what is wrong with its answer. */
  readonly message: string;
}

/**
 * What makes an answer of the format a finished one. It stands in each codec folder's `completion.ts`; an answer that is
 * passed on unchanged and one that is translated are judged by the same.
 */
export interface CompletionFacts {
  /**
   * The failure that a whole answer, or one event of a stream, is or reports: an error, an abnormal or unknown reason to
   * end, and of a whole answer nothing where there must be something. Undefined for none.
   */
  failureIn(value: Json, whole: boolean): AnswerFailure | undefined;
  /** Whether an event of a stream holds content: a text, reasoning, or a tool's name or arguments that are not empty. */
  hasContent(event: Json): boolean;
  /** Begins the data of long events that hold no content; a look before `hasContent`. */
  readonly preamble?: RegExp;
  /**
   * Strings of which one stands, and names no null, in every event that ends a stream or gives its reason to end; a look before
   * `isEnd`.
   */
  readonly endWords: readonly string[];
  /** Whether an event says that the answer is complete. Usage may follow. */
  isEnd(event: Json): boolean;
  /**
   * Whether an event gives the reason to end, in formats of which it stands before the end word. Without it, and without
   * content, an answer is none.
   */
  givesReason?(event: Json): boolean;
  /** The answers that an event of a stream is of, and whether each ends with it; for formats that give several at once. */
  answersIn?(event: Json): readonly { readonly index: number; readonly ends: boolean }[];
  /** Whether nothing follows an event; some formats have no such one. */
  isLast(event: Json): boolean;
  /** The data, no JSON, of a frame that nothing follows. Alone it ends no answer: an empty stream may have it. */
  readonly endMark?: string;
}

export interface FormatFacts extends CompletionFacts {
  readonly format: Format;
  /** The URL's path names the model, and the body does not. */
  readonly namesModelInPath: boolean;
  /** OpenAI-compatible hosts may lack it; then its requests are sent as chat completions. */
  readonly optionalOnHosts: boolean;
  readonly request: RequestFields;
  readonly passthrough: PassthroughFacts;
  readonly count: CountFacts;

  /** Where a stream holds what the model wrote. */
  readonly output: OutputFields;
  /** A call's arguments are an object, and no text. */
  readonly argsAreObjects: boolean;
  /** Fields that may hold a call's arguments, or its result, as an object: their numbers keep their digits. */
  readonly objectArgs: readonly string[];
  /** The top-level field of a whole response, and of the events of a stream, that holds the usage. */
  readonly usageField: string;
  /** A stream reports usage only where its request asks for it. */
  readonly usageOnRequest: boolean;
  /** Searches of the web that streams and long answers show as they are made; absent where the usage alone tells of them. */
  readonly searches?: {
    /** Strings of which one stands in every event that shows one; a look before it is added to the tally. */
    readonly words: readonly string[];
    openTally(): SearchTally;
    openCounter(): SearchCounter;
    /** What the usage counts them by, of the end of a whole answer; absent where that is the usage itself. */
    atEnd?(tail: Buffer): Json;
  };
  /** Whether an event of a stream holds the usage and nothing else. */
  isUsageOnly(event: Json): boolean;
  /** A string in every event that reports an error; a look before `failureIn`. */
  readonly errorWord: string;
  /** The number of the last event in some frames, where the format numbers its events. */
  sequenceIn?(frames: Buffer): number | undefined;
  /** The events at the end of a stream hold the whole answer once more, so that it is kept until then. */
  readonly repeatsAnswer: boolean;
  /** A frame that shows a waiting client that its stream is alive, and says nothing else. */
  readonly keepAlive: string;
  /** The format's clients skip comment lines (`: …`) of an event stream. */
  readonly carriesComments: boolean;

  /** The setting, by its path, that asks for a summary of reasoning, where a provider may refuse it to an account. */
  readonly summarySetting?: readonly [string, string];
  /** Where opaque reasoning stands in a turn: before the text that led to a tool call, or directly before the call. */
  readonly reasoningPlacement: 'beforeText' | 'beforeCall';
  /** Whether a client may lack it that returns the other reasoning before a call: a signature is told with the call itself. */
  isApartFromCall?(opaque: Opaque): boolean;
  /**
   * What becomes of reasoning without text in a response: `kept`; `hiddenUnlessAsked`, where the request asked for no
   * reasoning; `hiddenAtEnd`, the same, and also where nothing follows it.
   */
  readonly emptyReasoning: 'kept' | 'hiddenUnlessAsked' | 'hiddenAtEnd';
}
