// Reads a stream that is passed on unchanged: its usage, its completeness and its size. The one event that the gateway itself
// asked for, with the usage alone, is taken out again.

import type { Usage } from '../core/usage';
import type { Codec } from '../wire/codec';
import { openOutputMeter } from '../wire/outputMeter';
import { isObject, parseEvent } from '../wire/shared/json';
import { JsonArrayCutter } from '../wire/shared/jsonArray';
import { dataOf, singleFrames, SseCutter } from '../wire/shared/sse';

export interface UsageTap {
  /** The bytes to pass on now. @throws GatewayError upstream_garbage for an event above the limit */
  feed(chunk: Buffer): Buffer | undefined;
  /** The bytes held back until the stream's end. */
  rest(): Buffer | undefined;
  readonly usage: Partial<Usage> | undefined;
  /** The stream said that it is complete. */
  readonly complete: boolean;
  /** The provider reported a failure inside the stream. */
  readonly failed: boolean;
  /** Output tokens so far: as reported, where that is more than what the events hold. */
  readonly estimatedOutput: number;
}

export interface UsageTapOptions {
  readonly codec: Codec;
  /** Take out the event with the usage alone, which the client did not ask for. */
  readonly hideUsage: boolean;
  /** Bytes that one event may have. */
  readonly eventLimit: number;
}

const nothing = Buffer.alloc(0);

/** A tap of an event stream. Without `hideUsage`, bytes are passed on as they come, whole frames or not. */
export function openUsageTap(options: UsageTapOptions): UsageTap {
  const { hideUsage, eventLimit } = options;
  const cutter = new SseCutter(eventLimit);
  const meter = openOutputMeter(options.codec.output);
  const reader = openFrameReader(options);
  const read = (frames: Buffer): Buffer => {
    meter.add(frames);
    return reader.read(frames);
  };
  return {
    feed(chunk) {
      const frames = cutter.push(chunk);
      const kept = frames === undefined ? nothing : read(frames);
      return hideUsage ? kept : chunk;
    },
    rest() {
      const rest = cutter.rest();
      const kept = rest.length === 0 ? rest : read(rest);
      return hideUsage ? kept : nothing;
    },
    get usage() {
      return reader.usage;
    },
    get complete() {
      return reader.complete;
    },
    get failed() {
      return reader.failed;
    },
    get estimatedOutput() {
      return Math.max(meter.tokens(), reader.usage?.output ?? 0);
    },
  };
}

/** A tap of a stream in the form of a JSON list. An item is passed on when it is whole, so that a failure can follow it. */
export function openJsonArrayTap({ codec, eventLimit }: Pick<UsageTapOptions, 'codec' | 'eventLimit'>): UsageTap {
  const cutter = new JsonArrayCutter(eventLimit);
  let usage: Partial<Usage> | undefined;
  let failed = false;
  const meter = openOutputMeter(codec.output);

  const read = (bytes: Buffer): void => {
    meter.add(bytes);
    for (const item of itemsIn(bytes)) {
      if (!isObject(item)) continue;
      if (codec.isFailure(item)) failed = true;
      const found = codec.usageIn(item);
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
      return Math.max(meter.tokens(), usage?.output ?? 0);
    },
  };
}

// ---

interface FrameReader {
  /** Whole frames in, the ones to pass on out. Only frames that can matter are parsed. */
  read(frames: Buffer): Buffer;
  readonly usage: Partial<Usage> | undefined;
  readonly complete: boolean;
  readonly failed: boolean;
}

function openFrameReader({ codec, hideUsage }: UsageTapOptions): FrameReader {
  const eventWords = [Buffer.from(`"${codec.usageField}"`), Buffer.from(codec.errorWord)];
  const endWords = codec.endWords.map((word) => Buffer.from(word));
  let usage: Partial<Usage> | undefined;
  let complete = false;
  let failed = false;

  // Whether the event is to be taken out.
  const readEvent = (data: string): boolean => {
    const event = parseEvent(data);
    if (event === undefined) return false;
    if (codec.isFailure(event)) failed = true;
    const found = codec.usageIn(event);
    if (found === undefined) return false;
    usage = { ...usage, ...found };
    return hideUsage && codec.isUsageOnly(event);
  };
  return {
    read(frames) {
      if (!hasValueOfAny(frames, eventWords) && !hasValueOfAny(frames, endWords)) return frames;
      const kept: Buffer[] = [];
      for (const frame of singleFrames(frames)) {
        const data = dataOf(frame);
        complete ||= codec.isEnd(data);
        const hidden = hasValueOfAny(frame, eventWords) && readEvent(data);
        if (!hidden) kept.push(frame);
      }
      if (!hideUsage) return frames;
      return kept.length === 1 && kept[0] !== undefined ? kept[0] : Buffer.concat(kept);
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
  };
}

// The items of a run of bytes, which begins with the list's bracket or with the comma after the item before.
function itemsIn(bytes: Buffer): readonly unknown[] {
  try {
    return JSON.parse(`[${bytes.toString('utf8').trim().replace(/^[[,]/, '')}]`) as unknown[];
  } catch {
    return []; // the bytes are passed on; the client's parser will report them
  }
}

const n = 0x6e;
const blank = 0x20;
const colon = 0x3a;

function hasValueOfAny(bytes: Buffer, words: readonly Buffer[]): boolean {
  for (const word of words) if (hasValueOf(bytes, word)) return true;
  return false;
}

// Whether a word stands in the bytes with a value other than null. Every chunk of chat completions carries `"usage":null` and
// `"finish_reason":null`, and parsing each of them would cost more than passing it on.
function hasValueOf(bytes: Buffer, word: Buffer): boolean {
  for (let at = bytes.indexOf(word); at >= 0; at = bytes.indexOf(word, at + word.length)) {
    let next = at + word.length;
    while (bytes[next] === colon || bytes[next] === blank) next++;
    if (bytes[next] !== n) return true;
  }
  return false;
}
