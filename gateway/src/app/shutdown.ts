// Shutting down: no new request is taken, those in flight end or are ended at the deadline, everything is settled, and
// connections and files are closed.

import type { FastifyInstance } from 'fastify';
import { Server as NetServer } from 'node:net';
import type { Ledger } from '../accounting/ledger';
import { GatewayError } from '../core/errors';
import type { Concurrency } from '../http/concurrency';
import type { BodyWorker } from '../pipeline/bodyWorker';
import type { Storage } from '../storage/storage';
import type { Log } from '../telemetry/log';
import type { UpstreamPool } from '../upstream/pool';
import { logHead, type Maintenance } from './maintenance';

export interface ShutdownParts {
  readonly server: FastifyInstance;
  readonly concurrency: Concurrency;
  readonly ledger: Pick<Ledger, 'flush'>;
  readonly storage: Pick<Storage, 'close' | 'head'>;
  readonly upstream: Pick<UpstreamPool, 'close'>;
  readonly bodyWorker: Pick<BodyWorker, 'close'>;
  readonly maintenance: Maintenance;
  readonly log: Log;
  /** Time for requests to end. */
  readonly drainMs: number;
}

/** Time for the error that ends what has not ended in time to reach its clients. */
const lastWordsMs = 1_000;
/** A connection whose request has just ended would otherwise stay open for its keep-alive time. */
const sweepMs = 50;

/** What is still not ended or booked this long after the time to drain is left: the next start books it as reserved. */
const mostLateMs = 1_500;

/** Ends a running gateway. Resolves when nothing of it is left. @throws Error when that takes too long */
export async function shutDown(parts: ShutdownParts): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      parts.log.warn('the time to stop is over; what is not booked yet is booked as reserved at the next start', {
        in_flight: parts.concurrency.count,
      });
      reject(new Error('what is in flight could not be ended and booked in time'));
    }, parts.drainMs + mostLateMs);
  });
  await Promise.race([endInOrder(parts), late]).finally(() => clearTimeout(timer));
}

// ---

async function endInOrder(parts: ShutdownParts): Promise<void> {
  const { server, concurrency, maintenance, log } = parts;
  concurrency.draining = true;
  log.info('draining', { in_flight: concurrency.count });
  // The plain server's way to stop listening: the HTTP server's own also closes connections whose answer is still on its
  // way to a slow reader (Node's closeIdleConnections takes `end()` for sent).
  const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server.server, () => resolve()));
  const closeIdle = () => {
    if (concurrency.flushing === 0) server.server.closeIdleConnections();
  };
  closeIdle();
  const sweep = setInterval(closeIdle, sweepMs);
  const cut = () => server.server.closeAllConnections();
  const deadline = setTimeout(() => {
    concurrency.cutAll(new GatewayError('draining'));
    setTimeout(cut, lastWordsMs).unref(); // requests and answers that are stuck half-way
  }, parts.drainMs);
  await concurrency.empty();
  clearTimeout(deadline);
  const rest = setTimeout(cut, lastWordsMs); // what is left then has not sent a whole request
  await closed;
  clearTimeout(rest);
  clearInterval(sweep);
  maintenance.stop();
  await server.close();
  await parts.upstream.close();
  await parts.bodyWorker.close();
  await parts.ledger.flush();
  await logHead(parts.storage, log).catch((error: unknown) =>
    log.error('the end of the ledger’s chain could not be read', error),
  );
  await parts.storage.close();
  log.info('stopped');
}
