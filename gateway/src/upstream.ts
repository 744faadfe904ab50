// The way out: one connection pool an origin, and one exchange with a provider. The only importer of undici.

import type { IncomingHttpHeaders } from 'node:http';
import { type Dispatcher, errors, Pool } from 'undici';
import type { Limits } from '../../config/limits';
import { GatewayError } from './errors';

export interface Call {
  /** Origin and path come from configuration only; nothing of a client's request chooses where we connect. */
  readonly url: URL;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: Buffer;
}

/** A provider's answer, of which nothing but status and headers has been read yet. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The whole body. @throws GatewayError upstream_died, upstream_timeout, upstream_garbage (above the limit) */
  whole(limit: number): Promise<Buffer>;
  /** The body as it comes; reading slower than the provider sends holds the provider back. @throws as whole() */
  chunks(): AsyncGenerator<Buffer>;
  /** Ends the exchange; the provider sees its connection close. */
  cancel(): void;
}

export interface Upstream {
  /** @throws GatewayError upstream_unreachable, upstream_timeout, or the signal's reason */
  send(call: Call, signal: AbortSignal): Promise<Answer>;
  close(): Promise<void>;
}

export function openUpstream(limits: Limits): Upstream {
  const pools = new Map<string, Pool>();
  const poolOf = (origin: string): Pool => {
    let pool = pools.get(origin);
    if (pool === undefined) {
      pool = new Pool(origin, {
        connections: limits.upstream_connections,
        pipelining: 1,
        allowH2: false,
        headersTimeout: limits.first_byte_ms,
        bodyTimeout: limits.silence_ms,
        connect: { timeout: limits.connect_ms, rejectUnauthorized: true, minVersion: 'TLSv1.2' },
      });
      pools.set(origin, pool);
    }
    return pool;
  };
  return {
    send: (call, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason as Error);
        const exchange = new Exchange(resolve, reject, signal);
        poolOf(call.url.origin).dispatch(
          { path: call.url.pathname + call.url.search, method: 'POST', headers: call.headers, body: call.body },
          exchange,
        );
      }),
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

// ---

/** How much may wait here unread before the provider is held back. */
const highWater = 64 * 1024;

/**
 * One request and its answer. It sits directly on undici's dispatch: no stream object in between, so that a chunk costs
 * two function calls, and back-pressure is pause() and resume() of the socket.
 */
class Exchange implements Dispatcher.DispatchHandler, Answer {
  status = 0;
  headers: IncomingHttpHeaders = {};
  #resolve: ((answer: Answer) => void) | undefined;
  readonly #reject: (error: Error) => void;
  readonly #signal: AbortSignal;
  readonly #onAbort = () => this.cancel();
  #controller: Dispatcher.DispatchController | undefined;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(resolve: (answer: Answer) => void, reject: (error: Error) => void, signal: AbortSignal) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#signal.aborted) this.cancel();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.status = status;
    this.headers = headers;
    this.#resolve?.(this);
    this.#resolve = undefined;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes > highWater) controller.pause();
    this.#stir();
  }

  onResponseEnd(): void {
    this.#finish();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const reason = this.#signal.aborted ? (this.#signal.reason as Error) : explain(error, this.#resolve === undefined);
    this.#failure = reason;
    if (this.#resolve !== undefined) this.#reject(reason);
    this.#resolve = undefined;
    this.#finish();
  }

  async whole(limit: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let size = 0;
    while (!this.#ended || this.#waiting.length > 0) {
      if (this.#waiting.length === 0) await this.#more();
      for (const part of this.#take()) {
        parts.push(part);
        size += part.length;
      }
      if (size > limit) {
        this.cancel();
        throw new GatewayError('upstream_garbage', { message: `The provider's answer is larger than ${limit} bytes.` });
      }
    }
    if (this.#failure !== undefined) throw this.#failure;
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, size);
  }

  async *chunks(): AsyncGenerator<Buffer> {
    try {
      while (!this.#ended || this.#waiting.length > 0) {
        if (this.#waiting.length === 0) await this.#more();
        const parts = this.#take();
        if (parts.length > 0) yield parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
      }
      if (this.#failure !== undefined) throw this.#failure;
    } finally {
      if (!this.#ended) this.cancel();
    }
  }

  cancel(): void {
    if (this.#ended) return;
    this.#controller?.abort(
      this.#signal.aborted
        ? (this.#signal.reason as Error)
        : new GatewayError('upstream_died', { message: 'The exchange was cancelled.' }),
    );
  }

  #take(): Buffer[] {
    const parts = this.#waiting;
    this.#waiting = [];
    if (this.#waitingBytes > highWater && !this.#ended) this.#controller?.resume();
    this.#waitingBytes = 0;
    return parts;
  }

  #more(): Promise<void> {
    return new Promise((wake) => {
      this.#wake = wake;
    });
  }

  #stir(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #finish(): void {
    this.#ended = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#stir();
  }
}

// undici's failures in our words. Its own texts may name addresses, so they go into `cause` and the log, not to clients.
function explain(cause: Error, begun: boolean): GatewayError {
  if (cause instanceof GatewayError) return cause;
  if (cause instanceof errors.HeadersTimeoutError || cause instanceof errors.BodyTimeoutError)
    return new GatewayError('upstream_timeout', { cause });
  if (begun) return new GatewayError('upstream_died', { cause });
  return new GatewayError('upstream_unreachable', { cause });
}
