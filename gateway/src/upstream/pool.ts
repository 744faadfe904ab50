// The way out: one connection pool an origin.

import { buildConnector, errors, Pool } from 'undici';
import type { LimitName, Limits } from '../../../config/limits';
import type { CancelSignal } from '../core/cancellation';
import { type SendObserver, UpstreamExchange, type UpstreamResponse } from './exchange';
import { openLingering } from './lingering';

export interface UpstreamRequest {
  /** Origin and path come from configuration only; nothing of a client's request chooses where we connect. */
  readonly url: URL;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: Buffer;
}

export interface UpstreamPool {
  /**
   * @param sending told when the request goes out: it may wait for a connection before
   * @throws GatewayError upstream_unreachable, upstream_timeout, or the ending's reason
   */
  send(call: UpstreamRequest, ending: CancelSignal, sending?: SendObserver): Promise<UpstreamResponse>;
  close(): Promise<void>;
}

/** Limits that a pool of connections is made with. */
const poolLimits = [
  'upstream_connections',
  'first_byte_ms',
  'silence_ms',
  'connect_ms',
] as const satisfies readonly LimitName[];

/** @param limits those of this moment: connections that are made after a change have the new ones */
export function openUpstreamPool(limits: () => Limits): UpstreamPool {
  let pools = new Map<string, Pool>();
  let made = limits();
  const lingering = openLingering();
  const renew = (next: Limits): void => {
    const changed = poolLimits.some((name) => made[name] !== next[name]);
    made = next;
    if (!changed) return;
    const old = pools;
    pools = new Map();
    for (const pool of old.values()) void pool.close(); // when its requests have ended
  };
  const poolOf = (origin: string): Pool => {
    const now = limits();
    if (now !== made) renew(now);
    let pool = pools.get(origin);
    if (pool === undefined) {
      pool = new Pool(origin, {
        connections: made.upstream_connections,
        pipelining: 1,
        allowH2: false,
        headersTimeout: made.first_byte_ms,
        bodyTimeout: made.silence_ms,
        connect: openConnector(made.connect_ms),
      });
      pools.set(origin, pool);
    }
    return pool;
  };
  return {
    send: (call, ending, sending) =>
      new Promise((resolve, reject) => {
        if (ending.reason !== undefined) return reject(ending.reason);
        const exchange = new UpstreamExchange(resolve, reject, { ending, lingering, sending });
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

/** Errors of connections that had brought an answer before. */
const ofUsedConnections = new WeakSet<object>();

/** Whether the connection that broke had been used before: then its provider may have closed it while it was idle. */
export function brokeOnReuse(error: unknown): boolean {
  if (error instanceof errors.SocketError) return (error.socket?.bytesRead ?? 0) > 0;
  return typeof error === 'object' && error !== null && ofUsedConnections.has(error);
}

function openConnector(timeout: number): buildConnector.connector {
  const connect = buildConnector({ allowH2: false, timeout, rejectUnauthorized: true, minVersion: 'TLSv1.2' });
  return (options, callback) =>
    connect(options, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      // The system's own errors (ECONNRESET, EPIPE) do not say what they are of.
      socket.prependListener('error', (broken: Error) => {
        if (socket.bytesRead > 0) ofUsedConnections.add(broken);
      });
      callback(null, socket);
    });
}
