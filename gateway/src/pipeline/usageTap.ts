// Reads a stream that is passed on unchanged: its usage, its completeness and its size. The one event that the gateway itself
// asked for, with the usage alone, is taken out again.

import { parseLoose } from '../core/looseJson';
import { type Usage, withSearches } from '../core/usage';
import type { AnswerFacts } from '../wire/codec';
import type { AnswerFailure } from '../wire/formatFacts';
import type { Json } from '../wire/jsonObject';
import { outputMeters, type OutputMeter } from '../wire/outputMeter';
import { errorData, isErrorFrame } from '../wire/shared/errorEvents';
import { isObject, parseEvent } from '../wire/shared/json';
import { JsonArrayCutter } from '../wire/shared/jsonArray';
import type { SearchTally } from '../wire/shared/searchCounter';
import { dataOf, singleFrames, SseCutter } from '../wire/shared/sse';

export interface UsageTap {
  /** The bytes to pass on now: whole events. @throws GatewayError upstream_garbage for an event above the limit */
  feed(chunk: Buffer): Buffer | undefined;
  /** The bytes held back until the stream's end, which has come. */
  rest(): Buffer | undefined;
  /** How many bytes are held back for an event that is not whole. */
  readonly waiting: number;
  readonly usage: Partial<Usage> | undefined;
  /** Content has come. */
  readonly said: boolean;
  /** The stream said that the answer, or each of several, is complete. */
  readonly complete: boolean;
  /** Nothing more is to come. */
  readonly last: boolean;
  /** What the provider reported inside the stream. */
  readonly failure: AnswerFailure | undefined;
  /** The number of the last event, where the format numbers them. */
  readonly sequence: number | undefined;
  /** Output tokens so far: as reported, where that is more than what the events hold. */
  readonly estimatedOutput: number;
}

export interface UsageTapOptions {
  readonly codec: AnswerFacts;
  /** Answers that were asked for at once. */
  readonly answers: number;
  /** Take out the event with the usage alone, which the client did not ask for. */
  readonly hideUsage: boolean;
  /** Bytes that one event may have. */
  readonly eventLimit: number;
}

/**
 * A tap of an event stream. Only whole events are passed on, so that a failure can follow them: a half event before it would
 * make both unreadable.
 */
export function openUsageTap(options: UsageTapOptions): UsageTap {
  return new EventTap(options);
}

/** A tap of a stream in the form of a JSON list. An item is passed on when it is whole, so that a failure can follow it. */
export function openJsonArrayTap({ codec, answers, eventLimit }: Omit<UsageTapOptions, 'hideUsage'>): UsageTap {
  const cutter = new JsonArrayCutter(eventLimit);
  const ends = openAnswerEnds(codec, answers);
  const tally = codec.searches?.openTally();
  let reported: Partial<Usage> | undefined;
  let failure: AnswerFailure | undefined;
  let said = false;
  const meter = openMeter(codec);

  const read = (bytes: Buffer): void => {
    meter.add(bytes);
    for (const item of itemsIn(bytes)) {
      if (!isObject(item)) continue;
      ends.add(item);
      failure ??= codec.failureIn(item, false);
      said ||= codec.hasContent(item);
      tally?.add(item);
      const found = codec.usageIn(item);
      if (found !== undefined) reported = { ...reported, ...found };
    }
  };

  return {
    feed(chunk) {
      const whole = cutter.push(chunk);
      if (whole !== undefined) read(whole);
      return whole;
    },
    rest() {
      ends.close();
      return cutter.rest();
    },
    get waiting() {
      return cutter.waiting;
    },
    get usage() {
      return withTally(reported, tally);
    },
    get said() {
      return said;
    },
    get complete() {
      return cutter.ended && ends.all;
    },
    get last() {
      return cutter.ended;
    },
    get failure() {
      return failure;
    },
    sequence: undefined,
    get estimatedOutput() {
      return Math.max(meter.tokens(), reported?.output ?? 0);
    },
  };
}

// ---

// A class, as an object with getters of its own is a dictionary to the engine, and each event asks a dozen times.
class EventTap implements UsageTap {
  sequence: number | undefined;
  readonly #cutter: SseCutter;
  readonly #meter: OutputMeter;
  readonly #reader: TapReader;
  readonly #codec: AnswerFacts;

  constructor(options: UsageTapOptions) {
    this.#codec = options.codec;
    this.#cutter = new SseCutter(options.eventLimit);
    this.#meter = openMeter(options.codec);
    this.#reader = new TapReader(options);
  }

  feed(chunk: Buffer): Buffer | undefined {
    const frames = this.#cutter.push(chunk);
    if (frames === undefined) return undefined;
    this.sequence = this.#codec.sequenceIn?.(frames) ?? this.sequence; // comments have none
    return this.#read(frames);
  }

  rest(): Buffer | undefined {
    const rest = this.#cutter.rest();
    const passed = rest.length === 0 ? rest : this.#read(rest);
    this.sequence = this.#codec.sequenceIn?.(rest) ?? this.sequence;
    this.#reader.close();
    return passed;
  }

  get waiting(): number {
    return this.#cutter.waiting;
  }

  get usage(): Partial<Usage> | undefined {
    return this.#reader.usage;
  }

  get said(): boolean {
    return this.#reader.said;
  }

  get complete(): boolean {
    const { said, reasoned, last, ended } = this.#reader;
    return (ended && (said || reasoned)) || (last && said);
  }

  get last(): boolean {
    return this.#reader.last;
  }

  get failure(): AnswerFailure | undefined {
    return this.#reader.failure;
  }

  get estimatedOutput(): number {
    return Math.max(this.#meter.tokens(), this.#reader.usage?.output ?? 0);
  }

  #read(frames: Buffer): Buffer {
    return this.#reader.read(frames, this.#meter.add(frames));
  }
}

/** Reads whole frames. Of those after the first content, only the ones that can matter are parsed. */
class TapReader {
  said = false;
  /** The reason to end has come, where the format has it before the end. */
  reasoned: boolean;
  last = false;
  failure: AnswerFailure | undefined;
  #reported: Partial<Usage> | undefined;
  readonly #ends: AnswerEnds;
  readonly #tally: SearchTally | undefined;
  readonly #codec: AnswerFacts;
  readonly #hideUsage: boolean;

  constructor({ codec, answers, hideUsage }: UsageTapOptions) {
    this.reasoned = codec.givesReason === undefined;
    this.#ends = openAnswerEnds(codec, answers);
    this.#tally = codec.searches?.openTally();
    this.#codec = codec;
    this.#hideUsage = hideUsage;
  }

  get usage(): Partial<Usage> | undefined {
    return withTally(this.#reported, this.#tally);
  }

  get ended(): boolean {
    return this.#ends.all;
  }

  /** The stream has ended. */
  close(): void {
    this.#ends.close();
  }

  /**
   * Whole frames in, the ones to pass on out.
   * @param marks where strings stand in them that can matter, in their order
   */
  read(frames: Buffer, marks: readonly number[]): Buffer {
    const { several } = this.#ends;
    if (!several && marks.length === 0) {
      if (!this.said) this.#readUntilSaid(frames);
      return frames;
    }
    const kept: Buffer[] = [];
    let end = 0;
    let next = 0;
    for (const frame of singleFrames(frames)) {
      end += frame.length;
      const first = next;
      while ((marks[next] ?? Infinity) < end) next++;
      const look = !this.said || several || next > first;
      if (!look || !this.#readEvent(dataIn(frame, this.#codec))) kept.push(frame);
    }
    if (!this.#hideUsage) return frames;
    return kept.length === 1 && kept[0] !== undefined ? kept[0] : Buffer.concat(kept);
  }

  #readUntilSaid(frames: Buffer): void {
    for (const frame of singleFrames(frames)) {
      this.#readEvent(dataIn(frame, this.#codec));
      if (this.said) return;
    }
  }

  // Whether the event is to be taken out.
  #readEvent(data: string): boolean {
    const codec = this.#codec;
    if (data === codec.endMark) this.last = true;
    if (this.last || codec.preamble?.test(data) === true) return false;
    const event = parseEvent(data);
    if (event === undefined) return false;
    this.#ends.add(event);
    this.last ||= codec.isLast(event);
    this.failure ??= codec.failureIn(event, false);
    this.said ||= codec.hasContent(event);
    this.reasoned ||= codec.givesReason?.(event) === true;
    this.#tally?.add(event);
    const found = codec.usageIn(event);
    if (found === undefined) return false;
    this.#reported = { ...this.#reported, ...found };
    return this.#hideUsage && codec.isUsageOnly(event);
  }
}

const meters = new WeakMap<AnswerFacts, () => OutputMeter>();

// A meter whose marks are the strings of which one stands in every event that is looked at after the first content.
function openMeter(codec: AnswerFacts): OutputMeter {
  let open = meters.get(codec);
  if (open === undefined) {
    const { usageField, errorWord, endWords, endMark, searches } = codec;
    const words = [usageField, errorWord, ...endWords, ...(searches?.words ?? [])];
    meters.set(codec, (open = outputMeters(codec.output, { words, endMark })));
  }
  return open();
}

function dataIn(frame: Buffer, codec: AnswerFacts): string {
  const data = dataOf(frame);
  return isErrorFrame(frame) ? errorData({ event: 'error', data }, codec) : data;
}

// What was reported, with the searches that are charged for.
function withTally(reported: Partial<Usage> | undefined, tally: SearchTally | undefined): Partial<Usage> | undefined {
  return tally === undefined ? reported : withSearches(reported, tally.charged(reported?.searches));
}

/** Whether the answers of a stream have ended. One of several that has begun shows it in each of its events. */
interface AnswerEnds {
  /** Each event must be looked at. */
  readonly several: boolean;
  readonly all: boolean;
  add(event: Json): void;
  /** No more is to come: some hosts give fewer answers than were asked for. */
  close(): void;
}

/** Answers of one request that are told apart; no provider gives more than 128. */
const mostAnswers = 1_000;

function openAnswerEnds(codec: AnswerFacts, asked: number): AnswerEnds {
  if (asked <= 1 || codec.answersIn === undefined) {
    const ends = {
      several: false,
      all: false,
      add(event: Json): void {
        ends.all ||= codec.isEnd(event);
      },
      close: () => undefined,
    };
    return ends;
  }
  const begun = new Set<number>();
  const ended = new Set<number>();
  let wanted = asked;
  let blocked = false; // a prompt that is refused has no answers
  return {
    several: true,
    get all() {
      return blocked || (ended.size > 0 && ended.size >= wanted);
    },
    add(event) {
      const list = codec.answersIn?.(event) ?? [];
      blocked ||= list.length === 0 && codec.isEnd(event);
      for (const { index, ends } of list) {
        if (index >= mostAnswers) continue;
        begun.add(index);
        if (ends) ended.add(index);
      }
    },
    close: () => void (wanted = begun.size),
  };
}

// The items of a run of bytes, which begins with the list's bracket or with the comma after the item before.
function itemsIn(bytes: Buffer): readonly unknown[] {
  try {
    return parseLoose(`[${bytes.toString('utf8').trim().replace(/^[[,]/, '')}]`) as unknown[];
  } catch {
    return []; // the bytes are passed on; the client's parser will report them
  }
}
