// How many tokens a model has written, from the bytes of its stream: for the quota while a stream is open, and for the ledger
// where a stream ends before its usage is reported. It counts what the model wrote and not what the events wrap around it,
// and finds that by name, without parsing an event. Whoever looks for other strings in the events has them found on the way.

import { standsAt } from '../core/standsAt';
import { type EventVisitor, visitEvents, WordTable } from './shared/eventStrings';
import { TokenCounter, tokensOfText } from './tokenCounter';

/** Where the events of a format's streams hold what the model wrote. */
export interface OutputFields {
  /**
   * Names of fields that hold text, reasoning or arguments as a string. Names in one list hold the same text for different
   * clients: of those the fullest is counted.
   */
  readonly texts: readonly (readonly string[])[];
  /** Names of fields that hold JSON as it is. */
  readonly values: readonly string[];
  /** What stands once for each call of a tool. */
  readonly call: CallMark;
  /** Tokens that a call costs beside its name and arguments. */
  readonly callTokens: number;
  /** Stands once for each image that is made. */
  readonly image?: string;
}

/** A field that tells of a call. */
export interface CallMark {
  readonly field: string;
  /** Its values; without them it may have any but an empty text. */
  readonly values?: readonly string[];
  /** What stands before it in its line, where the field may also tell of something else. */
  readonly behind?: string;
}

export interface OutputMeter {
  /**
   * Takes whole events.
   * @returns where marks stand in them, in their order
   */
  add(events: Buffer): readonly number[];
  /** Output tokens so far. */
  tokens(): number;
}

/** What is to be found in events beside the output. The name of an event that is an error is found with any. */
export interface EventMarks {
  /** Strings that are marks as a value, and as the name of a field whose value is not null. */
  readonly words: readonly string[];
  /** What is a mark as the data of an event, and is no JSON. */
  readonly endMark?: string | undefined;
}

/** Tokens around every answer: its beginning and end. */
const answerTokens = 3;
/** Source: https://ai.google.dev/gemini-api/docs/image-generation ("1290 tokens" an image) (2026-11). */
const imageTokens = 1_290;

/** What opens a meter of one stream of a format. What it looks for is drawn up once, which takes as long as ten events do. */
export function outputMeters(output: OutputFields, marks?: EventMarks): () => OutputMeter {
  const table = new WordTable(meanings(output, marks));
  const groups = output.texts.flatMap((names, group) => names.map(() => group)); // of each text
  return () => new Meter(output, table, groups, marks?.endMark);
}

// ---

class Meter implements OutputMeter, EventVisitor {
  readonly #output: OutputFields;
  readonly #table: WordTable<Meaning>;
  readonly #sums: ReturnType<typeof openTextSums>;
  readonly #endMark: string | undefined;
  /** Tokens of JSON that the model wrote. */
  #written = 0;
  /** Tokens of calls and images. */
  #fixed = 0;
  #events: Buffer = nothing;
  #found: number[] = none;
  /** What stands before the field that tells of a call has come in this line. */
  #isBehind = true;
  /** A value that begins before it is within one that has no end. */
  #openUntil = 0;

  /** @param endMark undefined where there is none, or no marks are looked for */
  constructor(output: OutputFields, table: WordTable<Meaning>, groups: readonly number[], endMark: string | undefined) {
    this.#output = output;
    this.#table = table;
    this.#sums = openTextSums(groups);
    this.#endMark = endMark;
  }

  add(events: Buffer): readonly number[] {
    this.#events = events;
    this.#found = none;
    this.#openUntil = 0;
    visitEvents(events, this);
    this.#events = nothing;
    return this.#found;
  }

  tokens(): number {
    const tokens = Math.max(this.#written + this.#sums.total(), this.#sums.pieces) + this.#fixed;
    return tokens === 0 ? 0 : Math.ceil(tokens + answerTokens);
  }

  line(start: number): void {
    this.#isBehind = this.#output.call.behind === undefined;
    if (isMark(this.#events, start, this.#endMark)) this.#find(start);
  }

  string(start: number, end: number, value: number): number {
    const events = this.#events;
    const meaning = this.#table.find(events, start, end);
    if (meaning === undefined) return end;
    const { call, callTokens } = this.#output;
    if (meaning.isMark === true && (value < 0 || events[value] !== n)) this.#find(start);
    if (meaning.isBehind === true) this.#isBehind = true;
    if (meaning.isCall === true && this.#isBehind && tellsOfCall(events, value, call)) this.#fixed += callTokens;
    if (meaning.isImage === true) this.#fixed += imageTokens;
    if (value < 0) return end;
    if (meaning.text !== undefined && events[value] === quote) return this.#countText(meaning.text, value + 1);
    return meaning.isJson === true && value >= this.#openUntil ? this.#countJson(value, end) : end;
  }

  #countText(text: number, start: number): number {
    const counter = new TokenCounter();
    const last = countString(counter, this.#events, start);
    this.#sums.add(text, counter.tokens);
    return last;
  }

  // Behind the beginning of a value without an end marks may stand.
  #countJson(value: number, nameEnd: number): number {
    const last = valueEnd(this.#events, value);
    this.#written += tokensOfText(this.#events.toString('utf8', value, last < 0 ? ~last : last));
    if (last >= 0) return last;
    this.#openUntil = ~last;
    return nameEnd;
  }

  #find(position: number): void {
    if (this.#found === none) this.#found = [position];
    else this.#found.push(position);
  }
}

const nothing = Buffer.alloc(0);
const none: number[] = [];

/** What a string in an event stands for. */
interface Meaning {
  /** It names the text of this place in the list of all. */
  readonly text?: number;
  /** It names JSON that the model wrote. */
  readonly isJson?: true;
  /** It names the field that tells of a call. */
  readonly isCall?: true;
  /** It stands before that field. */
  readonly isBehind?: true;
  readonly isImage?: true;
  readonly isMark?: true;
}

// Tokens of each text so far, by its place in the list of all.
function openTextSums(groups: readonly number[]) {
  const sums = groups.map(() => 0);
  const all = {
    /** A provider that sends token by token sends no less than one in each. */
    pieces: 0,
    add(text: number, tokens: number): void {
      sums[text] = (sums[text] ?? 0) + tokens;
      if (tokens > 0) all.pieces++;
    },
    /** Of names for the same text the fullest counts. */
    total(): number {
      let total = 0;
      for (let i = 0; i < groups.length; i++) {
        let most = sums[i] ?? 0;
        for (; groups[i + 1] === groups[i]; i++) most = Math.max(most, sums[i + 1] ?? 0);
        total += most;
      }
      return total;
    },
  };
  return all;
}

function meanings({ texts, values, call, image }: OutputFields, marks: EventMarks | undefined): Map<string, Meaning> {
  const table = new Map<string, Meaning>();
  const add = (word: string, meaning: Meaning) => table.set(word, { ...table.get(word), ...meaning });
  texts.flat().forEach((name, text) => add(name, { text }));
  for (const name of values) add(name, { isJson: true });
  add(call.field, { isCall: true });
  if (call.behind !== undefined) add(call.behind, { isBehind: true });
  if (image !== undefined) add(image, { isImage: true });
  for (const word of marks?.words ?? []) add(word, { isMark: true });
  return table;
}

const quote = 0x22;
const backslash = 0x5c;
const blank = 0x20;
const lf = 0x0a;
const cr = 0x0d;
const n = 0x6e;

// Whether a line names its event an error, or has the end mark as its data.
function isMark(events: Buffer, start: number, endMark: string | undefined): boolean {
  return (
    hasField(events, start, 'event:', 'error') || (endMark !== undefined && hasField(events, start, 'data:', endMark))
  );
}

// Whether a line is this field, and its value begins so.
function hasField(events: Buffer, start: number, field: string, value: string): boolean {
  if (!standsAt(events, start, field)) return false;
  const at = start + field.length;
  return standsAt(events, events[at] === blank ? at + 1 : at, value);
}

// Whether the field whose value begins here tells of a call.
function tellsOfCall(events: Buffer, value: number, { values }: CallMark): boolean {
  if (value < 0) return false;
  if (events[value] !== quote) return values === undefined && events[value] !== n;
  if (values === undefined) return events[value + 1] !== quote;
  for (const each of values)
    if (standsAt(events, value + 1, each) && events[value + 1 + each.length] === quote) return true;
  return false;
}

// Counts the string that begins here, and returns where it ends: its closing quote, or the end of its line.
function countString(counter: TokenCounter, bytes: Buffer, start: number): number {
  let at = start;
  for (; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === quote || byte === lf || byte === cr) return at;
    if (byte === backslash) {
      const escape = bytes[++at] ?? 0;
      if (escape === lf || escape === cr) return at;
      if (escape !== 0x75) counter.character(escaped[String.fromCharCode(escape)] ?? escape);
      else {
        const digits = /^[\da-f]{0,4}/i.exec(bytes.toString('latin1', at + 1, at + 5))?.[0] ?? '';
        counter.character(Number.parseInt(digits, 16));
        at += digits.length; // the line may end within it
      }
    } else if (byte < 0x80) counter.character(byte);
    else if (byte >= 0xf0) {
      counter.character(0xd800); // as its two UTF-16 units
      counter.character(0xdc00);
    } else if (byte >= 0xc0) counter.character(byte >= 0xe0 ? 0x800 : 0x80);
  }
  return bytes.length;
}

const escaped: Readonly<Record<string, number>> = { n: 0x0a, t: 0x09, r: 0x0d, b: 0x08, f: 0x0c };

// The end of the JSON value that begins here. Of one without an end, as its complement (below zero), the blank line that ends
// its event, or the end of all.
function valueEnd(bytes: Buffer, start: number): number {
  let depth = 0;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) at = passString(bytes, at + 1);
    else if (byte === 0x7b || byte === 0x5b) depth++;
    else if (byte === 0x7d || byte === 0x5d) {
      if (--depth <= 0) return depth < 0 ? at : at + 1;
    } else if (byte === 0x2c && depth === 0) return at;
    else if (byte === lf && isLineEnd(bytes[at + 1])) return ~at;
    else if (byte === cr && isLineEnd(bytes[at + 1]) && (bytes[at + 1] === cr || isLineEnd(bytes[at + 2]))) return ~at;
  }
  return ~bytes.length;
}

// The last byte of a string: its closing quote, or the one before its line's end.
function passString(bytes: Buffer, start: number): number {
  let at = start;
  for (; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) return at;
    if (byte === backslash && !isLineEnd(bytes[at + 1])) at++;
    else if (isLineEnd(byte)) break;
  }
  return at - 1;
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === lf || byte === cr;
}
