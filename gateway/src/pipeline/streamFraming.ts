// The two framings of a stream: server-sent events, and one JSON list, which Gemini's clients get that do not ask for events
// (`alt=sse`). Sources: https://html.spec.whatwg.org/multipage/server-sent-events.html;
// https://ai.google.dev/api/generate-content, "models.streamGenerateContent" (2026-11).

import { textOf } from '../core/byteOrderMark';
import { type Dialect, errorBody, streamError } from '../core/errorBody';
import type { GatewayError } from '../core/errors';

export interface StreamFraming {
  readonly contentType: string;
  /** It is one JSON list. */
  readonly isList: boolean;
  /**
   * The provider's own bytes have come, of which the first tell what they are: a host that knows events only sends those to
   * whoever asked for a list. They are passed on as they are, and a failure behind them is told as an event.
   * @returns whether the framing is another from now on
   */
  settle(bytes: Buffer): boolean;
  /** Notes that bytes of the provider's own went to the client. */
  passed(): void;
  /** Whole events of ours, as text of server-sent events, in this framing. */
  put(events: string): string;
  /** A text that shows a waiting client that its stream is alive. @param frame the format's own for events */
  keepAlive(frame: string): string;
  /** The end of a stream of ours. */
  end(): string;
  /** The end of a stream that cannot be finished. @param sequence the number of that event, for dialects that number them */
  fail(dialect: Dialect, error: GatewayError, requestId: string, sequence?: number): string;
}

/** The framing of one stream. @param asList one JSON list instead of events */
export function openStreamFraming(asList: boolean): StreamFraming {
  return asList ? openListFraming() : eventFraming;
}

// ---

const eventFraming: StreamFraming = {
  contentType: 'text/event-stream; charset=utf-8',
  isList: false,
  settle: () => false,
  passed: () => undefined,
  put: (events) => events,
  keepAlive: (frame) => frame,
  end: () => '',
  fail: streamError,
};

function openListFraming(): StreamFraming {
  let begun = false; // the list's opening bracket is sent
  let isSettled = false;
  const item = (json: string): string => {
    const before = begun ? ',\n' : '[';
    begun = true;
    return before + json;
  };
  const framing = {
    contentType: 'application/json; charset=utf-8',
    isList: true,
    settle(bytes: Buffer): boolean {
      if (isSettled) return false;
      isSettled = true;
      framing.isList = !beginsEvents(bytes);
      return !framing.isList;
    },
    passed: () => (begun = true),
    put: (events: string) =>
      events
        .split('\n\n')
        .filter((frame) => frame.startsWith('data: '))
        .map((frame) => item(frame.slice('data: '.length)))
        .join(''),
    keepAlive: () => '\n',
    end: () => (begun ? ']' : '[]'),
    fail: (dialect: Dialect, error: GatewayError, requestId: string) =>
      framing.isList ? `${item(errorBody(dialect, error, requestId))}]` : streamError(dialect, error, requestId),
  };
  return framing;
}

// Whether bytes begin with a line of an event stream, where JSON might.
function beginsEvents(bytes: Buffer): boolean {
  return /^[a-z:]/.test(textOf(bytes.subarray(0, 64)).trimStart());
}
