// How many tokens a model has written, from the bytes of its stream: for the quota while a stream is open, and for the ledger
// where a stream ends before its usage is reported. It counts what the model wrote and not what the events wrap around it,
// and finds that by name with the engine's own byte search, without parsing an event.

/** Where the events of a format's streams hold what the model wrote. */
export interface OutputFields {
  /**
   * Names of fields that hold text, reasoning or arguments as a string. Names in one list hold the same text for different
   * clients: of those the fullest is counted.
   */
  readonly texts: readonly (readonly string[])[];
  /** Names of fields that hold JSON as it is. */
  readonly values: readonly string[];
  /** What stands once for each call of a tool: a word to look for before, and the pattern that is counted. */
  readonly call: { readonly word: string; readonly pattern: RegExp };
  /** Tokens that a call costs beside its name and arguments. */
  readonly callTokens: number;
  /** Stands once for each image that is made. */
  readonly image?: string;
}

export interface OutputMeter {
  /** Takes whole events. */
  add(events: Buffer): void;
  /** Output tokens so far. */
  tokens(): number;
}

/** Tokens around every answer: its beginning and end. */
const answerTokens = 3;
/** Source: https://ai.google.dev/gemini-api/docs/image-generation ("1290 tokens" an image) (2026-11). */
const imageTokens = 1_290;

/** A meter of one stream. */
export function openOutputMeter({ texts, values, call, callTokens, image }: OutputFields): OutputMeter {
  const fields = texts.flatMap((names, group) => names.map((name) => ({ word: word(name), group })));
  const sums = fields.map(() => 0);
  const valueWords = values.map(word);
  const callWord = Buffer.from(call.word);
  const imageWord = image === undefined ? undefined : Buffer.from(image);
  let pieces = 0; // a provider that sends token by token sends no less than one in each
  let written = 0;
  let fixed = 0;

  return {
    add(events) {
      fields.forEach(({ word: name }, i) => {
        for (let at = valueAfter(events, name, 0); at >= 0; at = valueAfter(events, name, at)) {
          if (events[at] !== quote) continue;
          const { tokens, end } = stringAt(events, at + 1);
          sums[i] = (sums[i] ?? 0) + tokens;
          if (tokens > 0) pieces++;
          at = end;
        }
      });
      for (const name of valueWords)
        for (let at = valueAfter(events, name, 0); at >= 0; at = valueAfter(events, name, at)) {
          const end = valueEnd(events, at);
          written += tokensOfText(events.toString('utf8', at, end));
          at = end;
        }
      if (events.includes(callWord)) fixed += callTokens * (events.toString('latin1').match(call.pattern)?.length ?? 0);
      if (imageWord !== undefined) fixed += imageTokens * timesIn(events, imageWord);
    },
    tokens() {
      let sum = written;
      for (let i = 0; i < fields.length; i++) {
        const group = fields[i]?.group;
        let most = sums[i] ?? 0;
        for (; fields[i + 1]?.group === group; i++) most = Math.max(most, sums[i + 1] ?? 0);
        sum += most;
      }
      const tokens = Math.max(sum, pieces) + fixed;
      return tokens === 0 ? 0 : Math.ceil(tokens + answerTokens);
    },
  };
}

/** Tokens of text that has been decoded; add them up before rounding. */
export function tokensOfText(text: string): number {
  const counter = new TokenCounter();
  for (let i = 0; i < text.length; i++) counter.character(text.charCodeAt(i));
  return counter.tokens;
}

// ---

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;

/**
 * Tokens of text without a tokenizer, whose cost an attacker could choose: a word is one token and one more for every seven
 * letters, three digits are one, signs and line ends nearly one each, blanks go with the word behind them. Fitted to
 * o200k and to Claude's counts on the recorded streams.
 */
class TokenCounter {
  tokens = 0;
  #kind = 0;
  #run = 0;

  /** @param code of a UTF-16 unit */
  character(code: number): void {
    const kind = code < 0x80 ? (kinds[code] ?? sign) : code < 0x800 ? foreign : wide;
    this.#run = kind === this.#kind ? this.#run + 1 : 0;
    this.#kind = kind;
    if (kind === letter) {
      if (this.#run % 7 === 0) this.tokens++;
    } else if (kind === digit) {
      if (this.#run % 3 === 0) this.tokens++;
    } else if (kind === line) {
      if (this.#run === 0) this.tokens += signTokens;
    } else if (kind !== blank)
      this.tokens += kind === sign ? signTokens : kind === foreign ? foreignTokens : wideTokens;
  }
}

const letter = 1;
const digit = 2;
const sign = 3;
const blank = 4;
const line = 5;
const foreign = 6;
const wide = 7;

const signTokens = 0.7;
/** A letter of Cyrillic, Greek, Hebrew, Arabic, or with an accent. */
const foreignTokens = 0.4;
/** A character of Chinese, Japanese or Korean. */
const wideTokens = 0.8;

const kinds = Uint8Array.from({ length: 0x80 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[A-Za-z]/.test(character)) return letter;
  if (/[0-9]/.test(character)) return digit;
  return character === ' ' ? blank : /\s/.test(character) ? line : sign;
});

const word = (name: string) => Buffer.from(`"${name}"`);

// Where the value begins of the next field of this name; -1 where there is none. A name within a string has escaped quotes,
// and one that is a value has no colon behind it.
function valueAfter(bytes: Buffer, name: Buffer, from: number): number {
  for (let at = bytes.indexOf(name, from); at >= 0; at = bytes.indexOf(name, at)) {
    at = skipBlank(bytes, at + name.length);
    if (bytes[at] === colon) return skipBlank(bytes, at + 1);
  }
  return -1;
}

function skipBlank(bytes: Buffer, at: number): number {
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++;
  return at;
}

// Tokens of the string that begins here, and the position of its closing quote.
function stringAt(bytes: Buffer, start: number): { tokens: number; end: number } {
  const counter = new TokenCounter();
  let at = start;
  for (; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) break;
    if (byte === backslash) {
      const escape = bytes[++at] ?? 0;
      if (escape !== 0x75) counter.character(escaped[String.fromCharCode(escape)] ?? escape);
      else {
        counter.character(Number.parseInt(bytes.toString('latin1', at + 1, at + 5), 16));
        at += 4;
      }
    } else if (byte < 0x80) counter.character(byte);
    else if (byte >= 0xf0) {
      counter.character(0xd800); // as its two UTF-16 units
      counter.character(0xdc00);
    } else if (byte >= 0xc0) counter.character(byte >= 0xe0 ? 0x800 : 0x80);
  }
  return { tokens: counter.tokens, end: at };
}

const escaped: Readonly<Record<string, number>> = { n: 0x0a, t: 0x09, r: 0x0d, b: 0x08, f: 0x0c };

// The end of the JSON value that begins here.
function valueEnd(bytes: Buffer, start: number): number {
  let depth = 0;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) at = stringAt(bytes, at + 1).end;
    else if (byte === 0x7b || byte === 0x5b) depth++;
    else if ((byte === 0x7d || byte === 0x5d) && --depth <= 0) return depth < 0 ? at : at + 1;
    else if (byte === 0x2c && depth === 0) return at;
  }
  return bytes.length;
}

function timesIn(bytes: Buffer, what: Buffer): number {
  let times = 0;
  for (let at = bytes.indexOf(what); at >= 0; at = bytes.indexOf(what, at + what.length)) times++;
  return times;
}
