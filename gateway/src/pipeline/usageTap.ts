// Listening to a same-wire stream without touching it: usage, completeness and size, and the one event we asked for
// ourselves taken out again.

import type { Usage } from '../core/usage';
import type { Codec } from '../wire/codec';
import { dataOf, SseCutter, JsonArrayCutter, singleFrames } from '../wire/shared/sse';
import { isObject, parseEvent } from '../wire/shared/json';

export interface UsageTap {
  /** The bytes to pass on now. @throws GatewayError upstream_garbage for an event above the limit */
  feed(chunk: Buffer): Buffer | undefined;
  /** What was held back at the end of the stream. */
  rest(): Buffer | undefined;
  readonly usage: Partial<Usage> | undefined;
  /** The stream said that it is complete. */
  readonly complete: boolean;
  /** The provider reported a failure inside the stream. */
  readonly failed: boolean;
  /** Output tokens so far, from the sizes of the events alone. */
  readonly estimatedOutput: number;
}

export interface UsageTapOptions {
  readonly codec: Codec;
  /** Drop the closing `choices: []` usage event, which the client did not ask for. */
  readonly hideUsage: boolean;
  readonly eventLimit: number;
}

const nothing = Buffer.alloc(0);
const usageWords = { generate: Buffer.from('"usageMetadata"'), others: Buffer.from('"usage"') };
const errorWord = Buffer.from('"error"');

export function openUsageTap({ codec, hideUsage, eventLimit }: UsageTapOptions): UsageTap {
  const cutter = new SseCutter(eventLimit);
  const meter = openMeter();
  const usageWord = codec.format === 'generate' ? usageWords.generate : usageWords.others;
  const endWords = codec.endWords.map((word) => Buffer.from(word));
  let usage: Partial<Usage> | undefined;
  let complete = false;
  let failed = false;

  // Whole frames in, the ones to pass on out. Only frames that can matter are parsed.
  const read = (bytes: Buffer): Buffer => {
    meter.add(bytes);
    if (!says(bytes, usageWord) && !says(bytes, errorWord) && !endWords.some((word) => says(bytes, word))) return bytes;
    const kept: Buffer[] = [];
    for (const frame of singleFrames(bytes)) {
      const data = dataOf(frame);
      complete ||= codec.isEnd(data);
      const hidden = says(frame, usageWord) || says(frame, errorWord) ? readTelling(data) : false;
      if (!hidden) kept.push(frame);
    }
    if (!hideUsage) return bytes;
    return kept.length === 1 && kept[0] !== undefined ? kept[0] : Buffer.concat(kept);
  };

  const readTelling = (data: string): boolean => {
    const event = parseEvent(data);
    if (event === undefined) return false;
    if (isObject(event['error'])) failed = true;
    const found = codec.usageIn(event);
    if (found === undefined) return false;
    usage = { ...usage, ...found };
    return hideUsage && Array.isArray(event['choices']) && event['choices'].length === 0;
  };

  return {
    feed(chunk) {
      const whole = cutter.push(chunk);
      const passed = whole === undefined ? nothing : read(whole);
      // Without anything to hide, bytes go on as they come, whole frames or not.
      return hideUsage ? passed : chunk;
    },
    rest() {
      const rest = cutter.rest();
      const passed = rest.length === 0 ? rest : read(rest);
      return hideUsage ? passed : nothing;
    },
    get usage() {
      return usage;
    },
    get complete() {
      return complete;
    },
    get failed() {
      return failed;
    },
    get estimatedOutput() {
      return meter.tokens();
    },
  };
}

/** The same for a stream in the form of a JSON list. A piece goes on when it is whole, so that a failure can follow it. */
export function openJsonArrayTap({ codec, eventLimit }: Pick<UsageTapOptions, 'codec' | 'eventLimit'>): UsageTap {
  const cutter = new JsonArrayCutter(eventLimit);
  let usage: Partial<Usage> | undefined;
  let failed = false;
  let pieces = 0;

  const read = (bytes: Buffer): void => {
    for (const piece of piecesIn(bytes)) {
      pieces++;
      if (!isObject(piece)) continue;
      if (isObject(piece['error'])) failed = true;
      const found = codec.usageIn(piece);
      if (found !== undefined) usage = { ...usage, ...found };
    }
  };

  return {
    feed(chunk) {
      const whole = cutter.push(chunk);
      if (whole !== undefined) read(whole);
      return whole;
    },
    rest: () => cutter.rest(),
    get usage() {
      return usage;
    },
    get complete() {
      return cutter.ended;
    },
    get failed() {
      return failed;
    },
    get estimatedOutput() {
      return Math.max(pieces, usage?.output ?? 0);
    },
  };
}

// ---

// Each run of pieces begins with the list's bracket or the comma after the piece before.
function piecesIn(bytes: Buffer): readonly unknown[] {
  try {
    return JSON.parse(`[${bytes.toString('utf8').trim().replace(/^[[,]/, '')}]`) as unknown[];
  } catch {
    return []; // what cannot be read is the client's to judge
  }
}

const n = 0x6e;
const blank = 0x20;
const colon = 0x3a;

// Whether a word stands in the bytes with something to say: chat events all carry `"usage":null` and
// `"finish_reason":null`, and parsing each of them would cost more than passing it on.
function says(bytes: Buffer, word: Buffer): boolean {
  for (let at = bytes.indexOf(word); at >= 0; at = bytes.indexOf(word, at + word.length)) {
    let next = at + word.length;
    while (bytes[next] === colon || bytes[next] === blank) next++;
    if (bytes[next] !== n) return true;
  }
  return false;
}

/**
 * Tokens of a stream from its bytes alone. What every event repeats (ids, names, punctuation) is learnt as the size of
 * the smallest event so far; what is above that is text, at about four bytes a token, and an event is at least one token.
 */
function openMeter() {
  let events = 0;
  let bytes = 0;
  let smallest = Infinity;
  return {
    add(frames: Buffer): void {
      let from = 0;
      while (from < frames.length) {
        const next = frames.indexOf('\n\n', from);
        const end = next < 0 ? frames.length : next + 2;
        events++;
        bytes += end - from;
        smallest = Math.min(smallest, end - from);
        from = end;
      }
    },
    tokens: () => (events === 0 ? 0 : Math.max(events, Math.ceil((bytes - events * smallest) / 4))),
  };
}
