// What a format must be able to do, and the table of all of them.

import type { Target } from '../../../config/target';
import type { Usage } from '../money';
import type { Format, NeutralRequest, NeutralResponse, StreamEvent } from './neutral';

/** A JSON object as parsed. */
export type Json = Readonly<Record<string, unknown>>;

export interface Encoded {
  readonly body: Json;
  /** Paths of what the format could not carry. */
  readonly dropped: readonly string[];
}

/** What our side of an answer knows when it speaks a format. */
export interface Speaker {
  /** Our request id, used where the upstream gave none. */
  readonly requestId: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** The client asked for usage in its stream. */
  readonly includeUsage: boolean;
}

/** One frame of an event stream: the name of the event, if any, and its data. */
export interface Frame {
  readonly event: string | undefined;
  readonly data: string;
}

export interface Codec {
  readonly format: Format;
  /** @throws GatewayError bad_request, naming the field */
  decodeRequest(body: Json): NeutralRequest;
  encodeRequest(request: NeutralRequest, target: Target): Encoded;
  decodeResponse(body: Json): Iterable<StreamEvent>;
  encodeResponse(response: NeutralResponse, speaker: Speaker): Json;
  decodeStream(frames: AsyncIterable<Frame>): AsyncIterable<StreamEvent>;
  /** Text of whole frames. Ends with the format's clean end only after a `finish` event. */
  encodeStream(events: AsyncIterable<StreamEvent>, speaker: Speaker): AsyncIterable<string>;
  /** Usage in one JSON value of an answer (the whole body, or one event); it may be spread over several events. */
  usageIn(value: Json): Partial<Usage> | undefined;
  /** Whether the data of a frame says that the stream is complete. */
  isEnd(data: string): boolean;
}
