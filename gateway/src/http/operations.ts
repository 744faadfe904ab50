// Whether the process lives, and whether it is ready for requests.

import type { FastifyInstance } from 'fastify';
import { errorTable } from '../core/errors';
import type { ServerParts } from './serverParts';

/** Answered under any host name: whoever watches over the process calls it by its address. */
export const healthPaths: readonly string[] = ['/livez', '/readyz'];

/** Opens `/livez` and `/readyz`. Neither needs a credential, and neither waits for anything. */
export function openOperations(
  server: FastifyInstance,
  {
    services,
    concurrency,
    ledgerProblem,
    deployStamp,
  }: Pick<ServerParts, 'services' | 'concurrency' | 'ledgerProblem' | 'deployStamp'>,
): void {
  server.get('/livez', () => ({ status: 'ok' }));
  server.get('/readyz', (_request, reply) => {
    const why = ledgerProblem() !== undefined ? 'storage_failed' : concurrency.draining ? 'draining' : undefined;
    return reply.code(why === undefined ? 200 : 503).send({
      status: why ?? 'ok',
      ...(why === undefined ? {} : { reason: errorTable[why].message }),
      config: services.config.digest.slice(0, 16),
      in_flight: concurrency.count,
      // By these the deploy program sees whether the box runs what it should.
      ...deployStamp(),
    });
  });
}
