// Server-sent events as bytes: splitting a stream into frames without changing one of them, and reading them.

import { createParser } from 'eventsource-parser';
import { GatewayError } from '../../core/errors';
import type { Frame } from '../codec';

/** Cuts a byte stream into whole frames; what is incomplete waits. Blank lines end a frame: LF LF or CR LF CR LF. */
export class SseCutter {
  #parts: Buffer[] = [];
  #size = 0;
  readonly #limit: number;

  /** @param limit bytes one frame may have */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The bytes up to the last blank line so far; undefined while there is none. @throws GatewayError upstream_garbage */
  push(chunk: Buffer): Buffer | undefined {
    const first = this.#parts.length === 0;
    const cut = lastFrameEnd(chunk);
    if (first && cut === chunk.length) return chunk;
    if (cut <= 0) {
      // The blank line itself may be cut in two: look at the seam.
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

  /** What never came to its blank line. */
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

  // Where, in the new chunk, a blank line ends that began in what is waiting; -1 when none does.
  #seam(chunk: Buffer): number {
    const tail = Buffer.concat(this.#parts.slice(-3)).subarray(-3);
    const end = lastFrameEnd(Buffer.concat([tail, chunk.subarray(0, 3)]));
    return end > tail.length ? end - tail.length : -1;
  }
}

/** Cuts the bytes of a JSON list into its pieces; what is incomplete waits. */
export class JsonArrayCutter {
  /** The list has come to its closing bracket. */
  ended = false;
  #waiting: Buffer[] = [];
  #size = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  readonly #limit: number;

  /** @param limit bytes one piece may have */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The bytes up to the end of the last piece so far; undefined while there is none. @throws GatewayError upstream_garbage */
  push(chunk: Buffer): Buffer | undefined {
    const cut = this.#walk(chunk);
    if (cut < 0) {
      this.#waiting.push(chunk);
      this.#size += chunk.length;
      if (this.#size > this.#limit)
        throw new GatewayError('upstream_garbage', {
          message: `The provider sent a piece larger than ${this.#limit} bytes.`,
        });
      return undefined;
    }
    const whole = Buffer.concat([...this.#waiting, chunk.subarray(0, cut)]);
    this.#waiting = [chunk.subarray(cut)];
    this.#size = chunk.length - cut;
    return whole;
  }

  /** What came after the last piece. */
  rest(): Buffer {
    const rest = Buffer.concat(this.#waiting);
    this.#waiting = [];
    return rest;
  }

  // Where the last piece in the chunk ends; -1 when none does.
  #walk(chunk: Buffer): number {
    let cut = -1;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (this.#escaped) this.#escaped = false;
      else if (this.#inString) {
        if (byte === 0x5c) this.#escaped = true;
        else if (byte === 0x22) this.#inString = false;
      } else if (byte === 0x22) this.#inString = true;
      else if (byte === 0x7b || byte === 0x5b) this.#depth++;
      else if (byte === 0x7d || byte === 0x5d) {
        this.#depth--;
        if (this.#depth === 1) cut = at + 1;
        else if (this.#depth === 0) this.ended = true;
      }
    }
    return cut;
  }
}

/** Splits bytes that hold whole frames into single ones, each with its blank line. */
export function* singleFrames(bytes: Buffer): Generator<Buffer> {
  let from = 0;
  while (from < bytes.length) {
    const end = nextFrameEnd(bytes, from);
    yield bytes.subarray(from, end);
    from = end;
  }
}

/** The `data` of one frame, its lines joined. */
export function dataOf(frame: Buffer): string {
  const text = frame.toString('utf8');
  if (text.startsWith('data: ') && text.indexOf('\n') >= text.length - 2) return text.slice(6).trimEnd();
  return text
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(line.startsWith('data: ') ? 6 : 5))
    .join('\n');
}

/** Reads frames off a byte stream, however it was cut. */
export interface FrameReader {
  /** @throws GatewayError upstream_garbage for an event above the limit */
  push(chunk: Buffer): Frame[];
  /** What the stream ended with: a last event without its blank line is still an event. */
  end(): Frame[];
}

/** @param limit bytes one event may have */
export function openFrameReader(limit: number): FrameReader {
  let ready: Frame[] = [];
  let size = 0;
  const decoder = new TextDecoder();
  const parser = createParser({
    onEvent: (event) => {
      size = 0;
      ready.push({ event: event.event, data: event.data });
    },
  });
  const take = (): Frame[] => {
    const frames = ready;
    ready = [];
    return frames;
  };
  return {
    push(chunk) {
      size += chunk.length;
      parser.feed(decoder.decode(chunk, { stream: true }));
      if (ready.length === 0 && size > limit)
        throw new GatewayError('upstream_garbage', {
          message: `The provider sent an event larger than ${limit} bytes.`,
        });
      return take();
    },
    end() {
      parser.feed(`${decoder.decode()}\n\n`);
      return take();
    },
  };
}

// ---

const lf = 0x0a;

function lastFrameEnd(bytes: Buffer): number {
  const length = bytes.length;
  if (
    bytes[length - 1] === lf &&
    (bytes[length - 2] === lf || (bytes[length - 2] === 0x0d && bytes[length - 3] === lf))
  )
    return length;
  return Math.max(after(bytes.lastIndexOf('\n\n'), 2), after(bytes.lastIndexOf('\n\r\n'), 3));
}

function nextFrameEnd(bytes: Buffer, from: number): number {
  const plain = bytes.indexOf('\n\n', from);
  const near = plain < 0 ? bytes.subarray(from) : bytes.subarray(from, plain);
  const carriage = near.indexOf('\n\r\n');
  if (carriage >= 0) return from + carriage + 3;
  return plain < 0 ? bytes.length : plain + 2;
}

const after = (at: number, length: number) => (at < 0 ? -1 : at + length);
