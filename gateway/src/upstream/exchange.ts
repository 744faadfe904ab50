// One exchange with a provider: a request on its way, and the answer as it is read.

import { subscribe } from 'node:diagnostics_channel';
import type { IncomingHttpHeaders } from 'node:http';
import { type Dispatcher, errors } from 'undici';
import type { CancelSignal } from '../core/cancellation';
import { GatewayError } from '../core/errors';
import type { Lingering } from './lingering';

/** A provider's answer, of which nothing but status and headers has been read yet. */
export interface UpstreamResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /**
   * Gives the body as it comes, in the same turn of the event loop. A promise from `take` holds the provider back until
   * it is fulfilled. Resolves at the end.
   * @throws GatewayError upstream_died, upstream_timeout, and whatever `take` throws
   */
  forEachChunk(take: (chunk: Buffer) => Promise<void> | undefined): Promise<void>;
  /**
   * The answer is complete: `forEachChunk` resolves, and what still comes is not read. The connection is kept where the
   * provider ends its answer within a second, else closed.
   */
  release(): void;
  /** Ends the exchange; the provider sees its connection close. */
  cancel(): void;
}

/** Told of a request on its way. */
export interface SendObserver {
  /** It has a connection, and goes out. */
  sent(): void;
  /** All of it has been given to the system. */
  delivered(): void;
}

/**
 * A connection that its provider closed while it was idle breaks within a round trip of the request that is sent on it.
 * One that breaks later is taken to have had the request; one that breaks sooner, not to.
 */
const unreadMs = 300;

/** What is asked of the connection that a request goes out on. */
interface Outgoing {
  readonly writableNeedDrain: boolean;
  once(event: 'drain', listener: () => void): unknown;
  off(event: 'drain', listener: () => void): unknown;
}

/** How much may wait here unread before the provider is held back. */
const highWater = 64 * 1024;

/**
 * One request and its answer. It sits directly on undici's dispatch: no stream object in between, so that a chunk costs
 * two function calls, and back-pressure is pause() and resume() of the socket.
 */
export class UpstreamExchange implements Dispatcher.DispatchHandler, UpstreamResponse {
  status = 0;
  headers: IncomingHttpHeaders = {};
  #resolve: ((answer: UpstreamResponse) => void) | undefined;
  readonly #reject: (error: Error) => void;
  readonly #ending: CancelSignal;
  readonly #onEnd = () => this.cancel();
  #controller: Dispatcher.DispatchController | undefined;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #ended = false;
  #failure: Error | undefined;
  #consumer: ChunkConsumer | undefined;
  #busy = false; // the consumer has asked to be waited for
  #passing = false; // what has waited is being given
  #giving = false; // the consumer is being called
  #paused = false;
  #released = false;
  /** The provider has begun to answer, so that it has read the request. */
  #answering = false;
  /** When all of the request had been given to the system; on the clock of `performance.now()`. */
  #deliveredAt: number | undefined;
  #socket: Outgoing | undefined;
  readonly #onDrain = () => this.#delivered();
  readonly #lingering: Lingering;

  readonly #sending: SendObserver | undefined;

  constructor(
    resolve: (answer: UpstreamResponse) => void,
    reject: (error: Error) => void,
    { ending, lingering, sending }: { ending: CancelSignal; lingering: Lingering; sending: SendObserver | undefined },
  ) {
    this.#sending = sending;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#ending = ending;
    this.#lingering = lingering;
    ending.on(this.#onEnd);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#ending.reason !== undefined) this.cancel();
    else {
      noteBeginning(this);
      this.#sending?.sent();
    }
  }

  /** Its head goes out on this connection. */
  goesOutOn(socket: Outgoing): void {
    this.#socket = socket;
  }

  // undici has written it, and of a large one most may wait in the process until the provider reads.
  onRequestSent(): void {
    if (this.#socket?.writableNeedDrain === true) this.#socket.once('drain', this.#onDrain);
    else this.#delivered();
  }

  /** Its first byte has come. */
  onResponseStarted(): void {
    this.#answering = true;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.status = status;
    this.headers = singleValues(headers);
    this.#resolve?.(this);
    this.#resolve = undefined;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#released) return;
    if (this.#consumer !== undefined && !this.#busy && !this.#passing && this.#waiting.length === 0) {
      this.#give(this.#consumer, chunk);
      return;
    }
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes > highWater) this.#pause();
  }

  onResponseEnd(): void {
    this.#finish();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const reason =
      this.#ending.reason ??
      (this.#isNoAnswer(error)
        ? new GatewayError('upstream_garbage', { cause: error })
        : explain(error, this.#resolve === undefined || this.#mayHaveBeenRead()));
    this.#failure = reason;
    if (this.#resolve !== undefined) this.#reject(reason);
    this.#resolve = undefined;
    this.#finish();
  }

  forEachChunk(take: (chunk: Buffer) => Promise<void> | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#consumer = { take, resolve, reject };
      this.#pass();
    });
  }

  release(): void {
    if (this.#ended || this.#released) return;
    this.#released = true;
    this.#take();
    this.#lingering.add(this);
    this.#resume();
    this.#pass();
  }

  cancel(): void {
    if (this.#ended) return;
    const reason = this.#ending.reason ?? new GatewayError('upstream_died', { message: 'The exchange was cancelled.' });
    if (this.#controller !== undefined) this.#controller.abort(reason);
    else if (this.#resolve !== undefined) {
      // It waits for a connection, which may take long: whoever sent it is told now, and it is aborted once it has one.
      this.#resolve = undefined;
      this.#reject(reason);
    }
  }

  // What has waited goes first; then, at the end, the word that it is one.
  #pass(): void {
    const consumer = this.#consumer;
    if (consumer === undefined || this.#busy || this.#passing || this.#giving) return;
    this.#passing = true;
    while (this.#waiting.length > 0 && !this.#busy && this.#consumer !== undefined) {
      const parts = this.#take();
      this.#give(consumer, parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts));
    }
    this.#passing = false;
    if (this.#busy || this.#consumer === undefined) return;
    if (!this.#ended && !this.#released) {
      this.#resume();
      return;
    }
    this.#consumer = undefined;
    if (this.#failure === undefined || this.#released) consumer.resolve();
    else consumer.reject(this.#failure);
  }

  #give(consumer: ChunkConsumer, chunk: Buffer): void {
    const fail = (error: Error) => {
      this.#consumer = undefined;
      this.cancel();
      consumer.reject(error);
    };
    try {
      this.#giving = true;
      const wait = consumer.take(chunk);
      this.#giving = false;
      if (wait === undefined) {
        if (this.#released) this.#pass();
        return;
      }
      this.#busy = true;
      this.#pause();
      wait.then(() => {
        this.#busy = false;
        this.#pass();
      }, fail);
    } catch (error) {
      this.#giving = false;
      fail(error as Error);
    }
  }

  #take(): Buffer[] {
    const parts = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return parts;
  }

  #pause(): void {
    if (this.#paused || this.#ended) return;
    this.#paused = true;
    this.#controller?.pause();
  }

  // undici may give what it has at once, from within this call: all that waits here must have been given before.
  #resume(): void {
    if (!this.#paused || this.#ended) return;
    this.#paused = false;
    this.#controller?.resume();
  }

  /** What has come is no head of HTTP's. It is an answer all the same: the request has been read. */
  #isNoAnswer(error: Error): boolean {
    if (this.#resolve === undefined || isTimeout(error)) return false;
    return error instanceof errors.HTTPParserError || (this.#answering && !isOfConnection(error));
  }

  /** So long after it was sent, a request may have been read before its connection broke: the provider may have answered it. */
  #mayHaveBeenRead(): boolean {
    if (this.#answering) return true;
    return this.#deliveredAt !== undefined && performance.now() - this.#deliveredAt > unreadMs;
  }

  #delivered(): void {
    this.#deliveredAt = performance.now();
    this.#sending?.delivered();
  }

  #finish(): void {
    this.#ended = true;
    this.#socket?.off('drain', this.#onDrain);
    this.#socket = undefined;
    if (this.#released) this.#lingering.delete(this);
    this.#ending.off(this.#onEnd);
    this.#pass();
  }
}

// Which connection a request goes out on, undici tells on a channel, in the same turn in which it tells the request that it begins
// (https://undici.nodejs.org/#/docs/api/DiagnosticsChannel).
let beginning: UpstreamExchange | undefined;
function noteBeginning(exchange: UpstreamExchange): void {
  beginning = exchange;
}
subscribe('undici:client:sendHeaders', (message) => {
  beginning?.goesOutOn((message as { socket: Outgoing }).socket);
  beginning = undefined;
});

interface ChunkConsumer {
  readonly take: (chunk: Buffer) => Promise<void> | undefined;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Headers of which a message has one; of several, as a proxy in between adds its own, the first counts, as it does to Node. */
const single: ReadonlySet<string> = new Set([
  'content-type', 'content-length', 'content-encoding', 'retry-after', 'retry-after-ms',
]); // prettier-ignore

// undici gives a header that came more than once as a list. Nothing behind this reckons with one.
function singleValues(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  let out = headers;
  for (const name in headers) {
    const value = headers[name];
    if (!Array.isArray(value) || name === 'set-cookie') continue;
    if (out === headers) out = { ...headers };
    out[name] = single.has(name) ? value[0] : value.join(', ');
  }
  return out;
}

function isTimeout(error: Error): boolean {
  return error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError;
}

// Of a connection that broke, as undici or the system tells it.
function isOfConnection(error: Error): boolean {
  return error instanceof GatewayError || error instanceof errors.SocketError || 'syscall' in error;
}

// undici's failures in our words. Its own texts may name addresses, so they go into `cause` and the log, not to clients.
function explain(cause: Error, begun: boolean): GatewayError {
  if (cause instanceof GatewayError) return cause;
  if (isTimeout(cause)) return new GatewayError('upstream_timeout', { cause });
  if (begun) return new GatewayError('upstream_died', { cause });
  return new GatewayError('upstream_unreachable', { cause });
}
