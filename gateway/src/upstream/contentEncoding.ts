// Answers that come compressed although none was asked for: some hosts and proxies do so whatever `accept-encoding: identity`
// says. They are decompressed as they come, since failures, usage and the model's words could not be read otherwise.

import type { IncomingHttpHeaders } from 'node:http';
import { largeBodyBytes } from '../core/bodySize';
import { type BodyDecoder, bodyDecoders, codingIn, type OpenDecoder } from '../core/contentCodings';
import { GatewayError } from '../core/errors';
import type { UpstreamResponse } from './exchange';

/** The failure of an answer that is encoded in a way that cannot be decoded here; undefined for any other. */
export function unreadable({ headers }: Pick<UpstreamResponse, 'headers'>): GatewayError | undefined {
  const encoding = encodingOf(headers);
  return encoding === undefined || bodyDecoders.has(encoding) ? undefined : encodingError(encoding);
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

function encodingOf(headers: IncomingHttpHeaders): string | undefined {
  return codingIn(headers['content-encoding']);
}

function encodingError(encoding: string, cause?: unknown): GatewayError {
  const message = `The provider's answer came with the content-encoding "${encoding.slice(0, 40)}", which was not asked for and cannot be decoded.`;
  return new GatewayError('upstream_garbage', { message, cause });
}

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
    this.headers = bodyDecoders.has(encoding) ? headers : { ...headers, 'content-encoding': coded };
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
    const open = bodyDecoders.get(this.#encoding);
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
