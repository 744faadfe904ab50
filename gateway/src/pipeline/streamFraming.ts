// The two ways a stream is told: as server-sent events, or as one JSON list, piece by piece, to Gemini's clients that do not
// ask for events (`alt=sse`). Source: Gemini API reference, "models.streamGenerateContent".

import { type Dialect, errorBody, streamError } from '../core/errorBody';
import type { GatewayError } from '../core/errors';

export interface StreamFraming {
  readonly contentType: string;
  /** Bytes of the provider's own went to the client. */
  passed(): void;
  /** Whole events of our own, as this way puts them. */
  put(events: string): string;
  /** What tells a waiting client that its stream is alive. @param frame the format's own for events */
  keepAlive(frame: string): string;
  /** The last words of a stream of our own. */
  end(): string;
  /** The last words of a stream that cannot be finished. */
  fail(dialect: Dialect, error: GatewayError, requestId: string): string;
}

export function openStreamFraming(asList: boolean): StreamFraming {
  return asList ? openList() : events;
}

// ---

const events: StreamFraming = {
  contentType: 'text/event-stream; charset=utf-8',
  passed: () => undefined,
  put: (text) => text,
  keepAlive: (frame) => frame,
  end: () => '',
  fail: streamError,
};

function openList(): StreamFraming {
  let begun = false;
  const piece = (json: string): string => {
    const before = begun ? ',\n' : '[';
    begun = true;
    return before + json;
  };
  return {
    contentType: 'application/json; charset=utf-8',
    passed: () => (begun = true),
    put: (text) =>
      text
        .split('\n\n')
        .filter((frame) => frame.startsWith('data: '))
        .map((frame) => piece(frame.slice('data: '.length)))
        .join(''),
    keepAlive: () => '\n',
    end: () => (begun ? ']' : '[]'),
    fail: (dialect, error, requestId) => `${piece(errorBody(dialect, error, requestId))}]`,
  };
}
