// What a format must be able to do: decode its requests and responses into the neutral form, and encode them from it.

import type { Json } from './jsonObject';
import type { GatewayError } from '../core/errors';
import type { Target } from '../../../config/target';
import type { Usage } from '../core/usage';
import type { CompletionFacts, FormatFacts } from './formatFacts';
import type { NeutralRequest, NeutralResponse, Part, StreamEvent } from './neutral';
import type { Repair } from './shared/repairs';

/** What was changed in a request while it was encoded, and must be changed back in its response. */
export interface ResponseFixups {
  /** Tool names: the one sent to the provider → the client's. */
  readonly names: ReadonlyMap<string, string>;
  /** The client's names of custom tools (plain-text input) that were sent as functions with one field. */
  readonly custom: ReadonlySet<string>;
  /** The tool whose arguments are the response's text, because a JSON response was asked for through it. */
  readonly answerTool: string | undefined;
  /** The response's text is an object of ours, whose one field holds what the client asked for. */
  readonly wrapped?: boolean;
}

export interface EncodedRequest {
  readonly body: Json;
  /** Paths of what the format cannot carry. */
  readonly dropped: readonly string[];
  /** What was changed so that the provider takes it, and is not lost. */
  readonly repaired?: readonly Repair[];
  readonly fixups?: ResponseFixups;
}

/** What an encoder of responses knows beside the response. */
export interface EncodeContext {
  /** Our request id, used where the upstream gave none. */
  readonly requestId: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** The client asked for usage in its stream. */
  readonly includeUsage: boolean;
  /** The client's request: some formats repeat parts of it in the response. */
  readonly request: NeutralRequest;
  /** Called for each item that gets an id of ours, where the format has such ids. */
  readonly onItem?: (id: string, part: Part) => void;
}

/** One frame of an event stream: the event's name, if it has one, and its data. */
export interface Frame {
  readonly event: string | undefined;
  readonly data: string;
}

/** Decodes one upstream stream: frames in, neutral events out, in the order that `StreamEvent` prescribes. */
export interface Decoder {
  push(frame: Frame): readonly StreamEvent[];
  /** The stream has ended; returns the events that waited for its end. */
  end(): readonly StreamEvent[];
  /** A reason to finish has come: only usage may follow. */
  readonly ending: boolean;
  /** What the provider has reported so far, also where it is told only at the end. */
  readonly usage: Partial<Usage> | undefined;
  /** About how many bytes are held of what came, because it has to wait or is needed at the end. */
  readonly kept: number;
  /** Searches that the provider charges for, of which no part has told yet; absent where the parts tell of all as they come. */
  readonly searches?: number;
}

/** Encodes one stream for a client: neutral events in, the text of whole frames out. */
export interface Encoder {
  /** Writes the format's clean end only for a `finish` event. */
  push(event: StreamEvent): string;
  /**
   * The format's own event for a stream that cannot be finished, which comes before the error event that SDKs raise on.
   * Absent where the format has none.
   */
  fail?(error: GatewayError): string;
  /** What the format could not carry of what was pushed so far. */
  readonly lost?: readonly string[];
  /** The number of the next event, where the format numbers its events; set back where the last ones are not sent. */
  sequence?: number | undefined;
}

/** What is known of the answers of a format without decoding them. */
export type AnswerFacts = CompletionFacts &
  Pick<FormatFacts, 'output' | 'usageField' | 'searches' | 'isUsageOnly' | 'errorWord' | 'sequenceIn'> &
  Pick<Codec, 'usageIn'>;

/** A format's facts and its six translations. */
export interface Codec extends FormatFacts {
  /**
   * @param counting the request is only to be counted, and may lack what an answer needs (Anthropic's `max_tokens`)
   * @throws GatewayError bad_request, naming the field
   */
  decodeRequest(body: Json, counting?: boolean): NeutralRequest;
  /** @throws GatewayError cannot_translate for a field that the request would mean something else without */
  encodeRequest(request: NeutralRequest, target: Target): EncodedRequest;
  /** @param answers how many were asked for; one where it is left out */
  decodeResponse(body: Json, answers?: number): readonly StreamEvent[];
  encodeResponse(response: NeutralResponse, context: EncodeContext): Json;
  /** @param answers how many were asked for; one where it is left out */
  openDecoder(answers?: number): Decoder;
  openEncoder(context: EncodeContext): Encoder;
  /** Usage in one JSON value of a response (the whole body, or one event); it may be spread over several events. */
  usageIn(value: Json): Partial<Usage> | undefined;
}
