// Server-sent events: splitting a stream's bytes into frames without changing them, and reading the frames. Source:
// https://html.spec.whatwg.org/multipage/server-sent-events.html (2026-11).

import { createParser } from 'eventsource-parser';
import { textOf } from '../../core/byteOrderMark';
import { GatewayError } from '../../core/errors';
import type { Frame } from '../codec';

/** Cuts a byte stream into whole frames and keeps what is incomplete. A blank line ends a frame: LF LF, CR LF CR LF or CR CR. */
export class SseCutter {
  #parts: Buffer[] = [];
  #size = 0;
  readonly #limit: number;

  /** @param limit bytes one frame may have */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes of a frame that is not whole. */
  get waiting(): number {
    return this.#size;
  }

  /** The bytes up to the last blank line so far; undefined while there is none. @throws GatewayError upstream_garbage */
  push(chunk: Buffer): Buffer | undefined {
    const first = this.#parts.length === 0;
    const cut = lastFrameEnd(chunk);
    if (first && cut === chunk.length) return chunk;
    if (cut <= 0) {
      // The blank line itself may be cut in two.
      const seam = first ? -1 : this.#seam(chunk);
      if (seam < 0) {
        this.#parts.push(chunk);
        this.#size += chunk.length;
        if (this.#size > this.#limit)
          throw new GatewayError('upstream_garbage', {
            message: `The provider sent an event larger than ${this.#limit} bytes.`,
          });
        return undefined;
      }
      return this.#take(chunk, seam);
    }
    return this.#take(chunk, cut);
  }

  /** The bytes after the last blank line. */
  rest(): Buffer {
    const rest = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#size = 0;
    return rest;
  }

  #take(chunk: Buffer, cut: number): Buffer {
    const whole =
      this.#parts.length === 0 ? chunk.subarray(0, cut) : Buffer.concat([...this.#parts, chunk.subarray(0, cut)]);
    this.#parts = cut < chunk.length ? [chunk.subarray(cut)] : [];
    this.#size = chunk.length - cut;
    return whole;
  }

  // Where in the new chunk a blank line ends that began in the bytes before it; -1 when none does.
  #seam(chunk: Buffer): number {
    const tail = Buffer.concat(this.#parts.slice(-3)).subarray(-3);
    const end = lastFrameEnd(Buffer.concat([tail, chunk.subarray(0, 3)]));
    return end > tail.length ? end - tail.length : -1;
  }
}

/** Splits whole frames into single ones, each with its blank line. */
export function singleFrames(bytes: Buffer): Iterable<Buffer> {
  const { length } = bytes;
  // Nearly always there is one.
  return bytes.indexOf('\n\n') === length - 2 && bytes.indexOf(cr) < 0 && length > 2 ? [bytes] : split(bytes);
}

/** The `data` of one frame, its lines joined. */
export function dataOf(frame: Buffer): string {
  const text = textOf(frame); // the stream's first may have a mark before it
  if (text.startsWith('data: ') && text.indexOf('\n') >= text.length - 2) return text.slice(6).trimEnd();
  return linesOfData(text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text);
}

/** Reads the frames of a byte stream, wherever its chunks are cut. */
export interface FrameReader {
  /** @throws GatewayError upstream_garbage for an event above the limit */
  push(chunk: Buffer): Frame[];
  /** Bytes since the last whole event. */
  readonly waiting: number;
  /** The last frame, which may lack its blank line. */
  end(): Frame[];
}

/** A reader of one stream. @param limit bytes one event may have */
export function openFrameReader(limit: number): FrameReader {
  return new Reader(limit);
}

// ---

class Reader implements FrameReader {
  waiting = 0;
  #ready: Frame[] = [];
  readonly #limit: number;
  readonly #decoder = new TextDecoder();
  readonly #parser = createParser({
    onEvent: ({ event, data }) => {
      this.waiting = 0;
      this.#ready.push({ event, data });
    },
  });

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Buffer): Frame[] {
    this.waiting += chunk.length;
    this.#parser.feed(this.#decoder.decode(chunk, { stream: true }));
    if (this.#ready.length === 0 && this.waiting > this.#limit)
      throw new GatewayError('upstream_garbage', {
        message: `The provider sent an event larger than ${this.#limit} bytes.`,
      });
    return this.#take();
  }

  end(): Frame[] {
    this.#parser.feed(`${this.#decoder.decode()}\n\n`);
    return this.#take();
  }

  #take(): Frame[] {
    const frames = this.#ready;
    this.#ready = [];
    return frames;
  }
}

function* split(bytes: Buffer): Generator<Buffer> {
  const ends = blankLines.map((blank) => openSearch(bytes, blank));
  for (let from = 0; from < bytes.length;) {
    const start = from;
    const end = Math.min(bytes.length, ...ends.map((next) => next(start)));
    yield bytes.subarray(start, end);
    from = end;
  }
}

// The values of the lines that hold data. An event may have a hundred thousand: the engine's own search finds them.
function linesOfData(text: string): string {
  const values: string[] = [];
  for (let from = 0; from < text.length;) {
    const next = text.indexOf('\n', from);
    const end = next < 0 ? text.length : next;
    if (text.startsWith('data:', from)) values.push(text.slice(from + (text[from + 5] === ' ' ? 6 : 5), end));
    from = end + 1;
  }
  return values.join('\n');
}

const lf = 0x0a;
const cr = 0x0d;

function lastFrameEnd(bytes: Buffer): number {
  const length = bytes.length;
  if (bytes[length - 1] === lf && (bytes[length - 2] === lf || (bytes[length - 2] === cr && bytes[length - 3] === lf)))
    return length;
  return Math.max(
    after(bytes.lastIndexOf('\n\n'), 2),
    after(bytes.lastIndexOf('\n\r\n'), 3),
    after(bytes.lastIndexOf('\r\r'), 2),
  );
}

const blankLines = ['\n\n', '\n\r\n', '\r\r'] as const;

// The end of the next of some words at or behind a position, which only grows: what was found before it is looked for again,
// and nothing twice, as a chunk may have thousands of frames.
function openSearch(bytes: Buffer, word: string): (from: number) => number {
  let at = -1;
  return (from) => {
    if (at < from) at = bytes.indexOf(word, from);
    if (at < 0) at = Infinity;
    return at + word.length;
  };
}

const after = (at: number, length: number) => (at < 0 ? -1 : at + length);
