// What a format must be able to do.

import type { Target } from '../../../config/target';
import type { Usage } from '../core/usage';
import type { Format, NeutralRequest, NeutralResponse, Part, StreamEvent } from './neutral';

/** A JSON object as parsed. */
export type Json = Readonly<Record<string, unknown>>;

/** What must be undone in the answer to an encoded request. */
export interface ResponseFixups {
  /** Tool names as the wire took them, and as the client knows them. */
  readonly names: ReadonlyMap<string, string>;
  /** Names (the client's) of tools with plain input that went as functions with one field. */
  readonly custom: ReadonlySet<string>;
  /** The tool that stands for the wanted form of the answer: its arguments are the answer's text. */
  readonly answerTool: string | undefined;
  /** The answer is the one field of an object that was made for it. */
  readonly wrapped?: boolean;
}

export interface EncodedRequest {
  readonly body: Json;
  /** Paths of what the format could not carry. */
  readonly dropped: readonly string[];
  readonly fixups?: ResponseFixups;
}

/** What our side of an answer knows when it speaks a format. */
export interface EncodeContext {
  /** Our request id, used where the upstream gave none. */
  readonly requestId: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** The client asked for usage in its stream. */
  readonly includeUsage: boolean;
  /** The request as it was understood: some formats repeat parts of it in the answer. */
  readonly request: NeutralRequest;
  /** Told each item that gets an id of ours, where the format has such. */
  readonly onItem?: (id: string, part: Part) => void;
}

/** One frame of an event stream: the name of the event, if any, and its data. */
export interface Frame {
  readonly event: string | undefined;
  readonly data: string;
}

/** Reads one upstream stream: frames in, lawful neutral events out. */
export interface Decoder {
  push(frame: Frame): readonly StreamEvent[];
  /** The stream ended; says what was still waiting for its end. */
  end(): readonly StreamEvent[];
}

/** Writes one stream to a client: neutral events in, text of whole frames out. */
export interface Encoder {
  /** Ends with the format's clean end only for a `finish` event. */
  push(event: StreamEvent): string;
}

export interface Codec {
  readonly format: Format;
  /** @throws GatewayError bad_request, naming the field */
  decodeRequest(body: Json): NeutralRequest;
  /** @throws GatewayError cannot_translate for what cannot be left out without changing the question */
  encodeRequest(request: NeutralRequest, target: Target): EncodedRequest;
  decodeResponse(body: Json): readonly StreamEvent[];
  encodeResponse(response: NeutralResponse, speaker: EncodeContext): Json;
  openDecoder(): Decoder;
  openEncoder(speaker: EncodeContext): Encoder;
  /** A frame that tells a waiting client that its stream is alive, and nothing else. */
  readonly keepAlive: string;
  /** Usage in one JSON value of an answer (the whole body, or one event); it may be spread over several events. */
  usageIn(value: Json): Partial<Usage> | undefined;
  /** Words of which one stands, with a value that is not null, in a frame that ends a stream; a look before `isEnd`. */
  readonly endWords: readonly string[];
  /** Whether the data of a frame says that the stream is complete. */
  isEnd(data: string): boolean;
}
