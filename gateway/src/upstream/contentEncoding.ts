// Answers that come compressed although none was asked for: some hosts and proxies do so whatever `accept-encoding: identity`
// says. They are decompressed as they come, since failures, usage and the model's words could not be read otherwise.
// Source: RFC 9110 section 8.4 (content-encoding), RFC 8878 (zstd).

import type { IncomingHttpHeaders } from 'node:http';
import {
  constants,
  type BrotliDecompress,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
  type Gunzip,
  type Inflate,
  type InflateRaw,
  type ZstdDecompress,
} from 'node:zlib';
import { largeBodyBytes } from '../core/bodySize';
import { GatewayError } from '../core/errors';
import type { UpstreamResponse } from './exchange';

/** The failure of an answer that is encoded in a way that cannot be decoded here; undefined for any other. */
export function unreadable({ headers }: Pick<UpstreamResponse, 'headers'>): GatewayError | undefined {
  const encoding = encodingOf(headers);
  return encoding === undefined || decoders.has(encoding) ? undefined : encodingError(encoding);
}

/**
 * An answer with its body decoded, and the headers of a body that never was encoded. One that cannot be decoded keeps its
 * header, and fails as soon as it is read.
 */
export function decoded(response: UpstreamResponse): UpstreamResponse {
  const encoding = encodingOf(response.headers);
  if (encoding === undefined) return response;
  return new DecodedResponse(response, encoding);
}

// ---

// What a body is encoded with, in lower case and without the prefix of `x-gzip` (RFC 9110 section 8.4.1.3); undefined for nothing.
function encodingOf(headers: IncomingHttpHeaders): string | undefined {
  const encoding = headers['content-encoding']?.trim().toLowerCase().replace(/^x-/, '');
  return encoding === '' || encoding === 'identity' ? undefined : encoding;
}

function encodingError(encoding: string, cause?: unknown): GatewayError {
  const message = `The provider's answer came with the content-encoding "${encoding.slice(0, 40)}", which was not asked for and cannot be decoded.`;
  return new GatewayError('upstream_garbage', { message, cause });
}

type BodyDecoder = Gunzip | Inflate | InflateRaw | BrotliDecompress | ZstdDecompress;
type OpenDecoder = (first: Buffer) => BodyDecoder;

// "deflate" is a zlib stream, and raw where hosts take the name by its word: the lower half of a zlib stream's first byte is 8
// (RFC 1950).
const decoders: ReadonlyMap<string, OpenDecoder> = new Map<string, OpenDecoder>([
  ['gzip', () => createGunzip()],
  ['deflate', ([first = 0]) => ((first & 0x0f) === 8 ? createInflate() : createInflateRaw())],
  ['br', () => createBrotliDecompress()],
  // A window above 8 MiB, for which room would be made at once, is refused as RFC 9659 has it.
  ['zstd', () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: 23 } })],
]);

/** JSON and events shrink to a tenth, a long repetition to a hundredth; what grows more is a bomb. */
const mostGrowth = 200;
const freeGrowth = 4 * 1024 * 1024;

class DecodedResponse implements UpstreamResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly #response: UpstreamResponse;
  readonly #encoding: string;
  #released = false;

  constructor(response: UpstreamResponse, encoding: string) {
    const { 'content-encoding': coded, 'content-length': _length, ...headers } = response.headers;
    this.status = response.status;
    this.headers = decoders.has(encoding) ? headers : { ...headers, 'content-encoding': coded };
    this.#response = response;
    this.#encoding = encoding;
  }

  async readAll(limit: number, take?: (bytes: number) => void): Promise<Buffer> {
    const parts: Buffer[] = [];
    let size = 0;
    await this.forEachChunk((chunk) => {
      parts.push(chunk);
      size += chunk.length;
      if (size > limit)
        throw new GatewayError('upstream_garbage', { message: `The provider's answer is larger than ${limit} bytes.` });
      if (size > largeBodyBytes) take?.(chunk.length);
      return undefined;
    });
    return Buffer.concat(parts, size);
  }

  forEachChunk(take: (chunk: Buffer) => Promise<void> | undefined): Promise<void> {
    const open = decoders.get(this.#encoding);
    if (open !== undefined) return this.#pass(open, take);
    this.cancel();
    return Promise.reject(encodingError(this.#encoding));
  }

  release(): void {
    this.#released = true;
    this.#response.release();
  }

  cancel(): void {
    this.#response.cancel();
  }

  #pass(open: OpenDecoder, take: (chunk: Buffer) => Promise<void> | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      let decoder: BodyDecoder | undefined;
      let received = 0;
      let made = 0;
      let cut: Error | undefined; // how the answer broke off: told when all that came before has been given
      let over = false;
      const end = (error?: Error): void => {
        if (over) return;
        over = true;
        decoder?.destroy();
        if (error === undefined || this.#released) return resolve();
        this.cancel();
        reject(error);
      };
      const give = (chunk: Buffer): void => {
        made += chunk.length;
        if (over) return;
        if (made > freeGrowth + mostGrowth * received) return end(encodingError(this.#encoding));
        try {
          const wait = take(chunk);
          if (this.#released) return end();
          if (wait === undefined) return;
          decoder?.pause();
          wait.then(() => decoder?.resume(), end);
        } catch (error) {
          end(error as Error);
        }
      };
      const openWith = (first: Buffer): BodyDecoder =>
        open(first)
          .on('data', give)
          .on('end', () => end(cut))
          .on('error', (error: Error) => end(cut ?? this.#explain(error)));
      const reading = this.#response.forEachChunk((chunk) => {
        received += chunk.length;
        decoder ??= openWith(chunk);
        const into = decoder;
        if (over || into.write(chunk)) return undefined;
        return new Promise((more) => into.once('drain', more)); // never, where it failed: then the exchange is cancelled
      });
      const finish = (error?: Error): void => {
        cut = error;
        if (decoder === undefined || this.#released) end(error);
        else decoder.end();
      };
      reading.then(() => finish(), finish);
    });
  }

  #explain(cause: Error): GatewayError {
    const isCut = (cause as NodeJS.ErrnoException).code === 'Z_BUF_ERROR';
    return isCut ? new GatewayError('upstream_died', { cause }) : encodingError(this.#encoding, cause);
  }
}
