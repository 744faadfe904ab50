// Whether the process lives, and whether it is ready for requests.

import type { FastifyInstance } from 'fastify';
import type { ServerParts } from './serverParts';

/** Opens `/livez` and `/readyz`. Neither needs a credential, and neither waits for anything. */
export function openOperations(
  server: FastifyInstance,
  { services, concurrency }: Pick<ServerParts, 'services' | 'concurrency'>,
): void {
  server.get('/livez', () => ({ status: 'ok' }));
  server.get('/readyz', (_request, reply) => {
    const ready = !concurrency.draining;
    return reply.code(ready ? 200 : 503).send({
      status: ready ? 'ok' : 'draining',
      config: services.config.digest.slice(0, 16),
      in_flight: concurrency.count,
    });
  });
}
