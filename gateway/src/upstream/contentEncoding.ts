// Answers that come compressed although none was asked for: some hosts and proxies do so whatever `accept-encoding: identity`
// says. They are decompressed as they come, since failures, usage and the model's words could not be read otherwise.

import type { IncomingHttpHeaders } from 'node:http';
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
  #decoding: Decoding | undefined;

  constructor(response: UpstreamResponse, encoding: string) {
    const { 'content-encoding': coded, 'content-length': _length, ...headers } = response.headers;
    this.status = response.status;
    this.headers = bodyDecoders.has(encoding) ? headers : { ...headers, 'content-encoding': coded };
    this.#response = response;
    this.#encoding = encoding;
  }

  forEachChunk(take: (chunk: Buffer) => Promise<void> | undefined): Promise<void> {
    const open = bodyDecoders.get(this.#encoding);
    if (open === undefined) {
      this.cancel();
      return Promise.reject(encodingError(this.#encoding));
    }
    return new Promise((resolve, reject) => {
      this.#decoding = new Decoding(open, this.#encoding, take, (error) => {
        if (error === undefined) {
          this.#response.release(); // it may go on behind the end of what was encoded
          return resolve();
        }
        this.cancel();
        reject(error);
      });
      this.#decoding.read(this.#response);
    });
  }

  release(): void {
    this.#response.release();
    this.#decoding?.release();
  }

  cancel(): void {
    this.#response.cancel();
  }
}

/** One body on its way through its decoder, to who takes what comes out. */
class Decoding {
  readonly #open: OpenDecoder;
  readonly #encoding: string;
  readonly #take: (chunk: Buffer) => Promise<void> | undefined;
  readonly #ended: (error?: Error) => void;
  #decoder: BodyDecoder | undefined;
  #received = 0;
  #made = 0;
  #unwritten = 0; // chunks that the decoder has not worked through
  #busy = false; // the taker has asked to be waited for
  #complete = false; // nothing more comes from the provider
  #cut: Error | undefined; // how the answer broke off: told when all that came before has been given
  #closed: { readonly error: Error | undefined } | undefined; // the decoder makes no more, told as soon as what it made is given
  #released = false;
  #over = false;

  /** @param ended told once of the end, and of what made it one */
  constructor(
    open: OpenDecoder,
    encoding: string,
    take: (chunk: Buffer) => Promise<void> | undefined,
    ended: (error?: Error) => void,
  ) {
    this.#open = open;
    this.#encoding = encoding;
    this.#take = take;
    this.#ended = ended;
  }

  read(response: Pick<UpstreamResponse, 'forEachChunk'>): void {
    const finish = (error?: Error): void => {
      this.#cut = error;
      this.#complete = true;
      if (this.#decoder === undefined) this.#end(error);
      else this.#goOn();
    };
    response.forEachChunk((chunk) => this.#write(chunk)).then(() => finish(), finish);
  }

  /** What still comes is not given. */
  release(): void {
    this.#released = true;
    this.#goOn();
  }

  #write(chunk: Buffer): Promise<void> | undefined {
    this.#received += chunk.length;
    const decoder = (this.#decoder ??= this.#opened(chunk));
    this.#unwritten++;
    const written = (): void => {
      this.#unwritten--;
      this.#goOn();
    };
    if (this.#over || decoder.write(chunk, written)) return undefined;
    return new Promise((more) => decoder.once('drain', more)); // never, where it ended: then the exchange is ended too
  }

  #opened(first: Buffer): BodyDecoder {
    return this.#open(first)
      .on('data', (chunk: Buffer) => this.#give(chunk))
      .on('end', () => this.#close(this.#cut))
      .on('error', (error: Error) => this.#close(this.#cut ?? this.#explain(error)));
  }

  #give(chunk: Buffer): void {
    this.#made += chunk.length;
    if (this.#over || this.#released) return;
    if (this.#made > freeGrowth + mostGrowth * this.#received) return this.#end(encodingError(this.#encoding));
    try {
      this.#busy = true;
      const wait = this.#take(chunk);
      if (wait === undefined) return this.#taken();
      this.#decoder?.pause();
      const resume = (): void => {
        if (this.#closed === undefined) this.#decoder?.resume();
        this.#taken();
      };
      wait.then(resume, (error: Error) => this.#end(error));
    } catch (error) {
      this.#end(error as Error);
    }
  }

  #taken(): void {
    this.#busy = false;
    this.#goOn();
  }

  #close(error: Error | undefined): void {
    this.#closed ??= { error };
    this.#goOn();
  }

  // What is to be done when nobody is waited for. A decoder that is told of the end while it holds something drops that when it
  // finds the body cut; one that has failed still holds what was not taken.
  #goOn(): void {
    if (this.#busy || this.#over) return;
    if (this.#released) return this.#end();
    const decoder = this.#decoder;
    if (this.#closed !== undefined) {
      const rest = decoder?.read() as Buffer | null | undefined;
      if (rest instanceof Buffer) this.#give(rest);
      else this.#end(this.#closed.error);
    } else if (this.#complete && this.#unwritten === 0 && decoder?.readableLength === 0) decoder.end();
  }

  #end(error?: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#decoder?.destroy();
    this.#ended(error);
  }

  #explain(cause: Error): GatewayError {
    const isCut = (cause as NodeJS.ErrnoException).code === 'Z_BUF_ERROR';
    return isCut ? new GatewayError('upstream_died', { cause }) : encodingError(this.#encoding, cause);
  }
}
