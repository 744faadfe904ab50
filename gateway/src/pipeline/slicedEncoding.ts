// Encodes what a provider's stream holds, a slice at a time where that is much: one event may hold thousands of calls or
// citations, and a call's pieces may wait until many are told at once. Encoding them in one go held the event loop for 90 ms.

import type { GatewayError } from '../core/errors';
import type { Decoder, Frame } from '../wire/codec';
import type { StreamEvent } from '../wire/neutral';

export interface SlicedEncoding {
  /** Encodes and writes what frames hold, in their order; gives a promise only where it must be waited for. */
  push(frames: readonly Frame[]): Promise<void> | undefined;
  /** The stream has ended: encodes and writes what waited for that. */
  end(): Promise<void> | undefined;
}

export interface SlicedEncodingParts {
  readonly decoder: Pick<Decoder, 'push' | 'end'>;
  encode(events: readonly StreamEvent[]): string;
  /**
   * Counts what is held.
   * @param bytes of an event that is not yet encoded as a whole
   * @returns why there is no room for it
   */
  gather(bytes: number): GatewayError | undefined;
  /** Gives a promise only where it must be waited for; the next slice is encoded when it is fulfilled. */
  write(text: string): Promise<void> | undefined;
}

/** What one slice may cost, in characters of text: some milliseconds of encoding. */
const sliceCost = 96 * 1024;
/** What an event costs beside its text. */
const eventCost = 96;
/** What a logprob costs. */
const logprobCost = 48;

/** An encoding of one stream. Between its slices the client takes what was written, and every other request has a turn. */
export function openSlicedEncoding(parts: SlicedEncodingParts): SlicedEncoding {
  const { decoder } = parts;
  // @param before what has been encoded and not written
  const inSlices = async (before: string, events: readonly StreamEvent[], bytes: number): Promise<void> => {
    await writeCounted(before, bytes);
    for (const slice of slicesOf(events)) {
      await nextTurn();
      await writeCounted(parts.encode(slice), bytes);
    }
    const full = parts.gather(0);
    if (full !== undefined) throw full;
  };
  const push = (frames: readonly Frame[]): Promise<void> | undefined => {
    let text = '';
    try {
      let read = 0;
      for (const frame of frames) {
        read++;
        const events = decoder.push(frame);
        if (areMany(events)) return inSlices(text, events, frame.data.length).then(() => push(frames.slice(read)));
        text += parts.encode(events);
      }
    } catch (error) {
      return writeAndThrow(text, error); // what came before it is told, however the bytes were cut
    }
    return writeCounted(text, 0);
  };
  // @param bytes of the event of which a slice is written
  const writeCounted = (text: string, bytes: number): Promise<void> | undefined => {
    const full = parts.gather(bytes);
    return full === undefined ? parts.write(text) : writeAndThrow(text, full);
  };
  const writeAndThrow = async (text: string, error: unknown): Promise<void> => {
    await parts.write(text);
    throw error;
  };
  return {
    push,
    end() {
      const events = decoder.end();
      return areMany(events) ? inSlices('', events, 0) : parts.write(parts.encode(events));
    },
  };
}

// ---

function areMany(events: readonly StreamEvent[]): boolean {
  let cost = 0;
  for (const event of events) cost += costOf(event);
  return cost > sliceCost;
}

/** The events in order, as many at a time as one slice may cost; at least one. */
function* slicesOf(events: readonly StreamEvent[]): Generator<readonly StreamEvent[]> {
  let from = 0;
  let cost = 0;
  for (const [at, event] of events.entries()) {
    const own = costOf(event);
    if (at > from && cost + own > sliceCost) {
      yield events.slice(from, at);
      from = at;
      cost = 0;
    }
    cost += own;
  }
  yield events.slice(from);
}

function costOf(event: StreamEvent): number {
  if (event.type === 'delta') return eventCost + event.text.length;
  return eventCost + (event.type === 'logprobs' ? logprobCost * event.logprobs.length : 0);
}

/** Resolves when everybody else has had a turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
