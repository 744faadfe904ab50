// The paths of the administration, in one table. Everything here needs the master key.

import type { FastifyInstance } from 'fastify';
import { GatewayError } from '../../core/errors';
import { readBody } from '../body';
import { openRanges } from '../clientAddress';
import type { AdminParts, ServerParts } from '../serverParts';

export interface AdminRoute {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Of an answer without a failure. */
  readonly status: 200 | 201;
  /** A text that it answers with is CSV. */
  readonly run: (parts: AdminParts, id: string, body: Buffer, query: URLSearchParams) => Promise<object | string>;
}

export const adminRoutes: readonly AdminRoute[] = [
  { method: 'GET', path: '/admin/usage', status: 200, run: ({ usage }, _id, _body, query) => usage.report(query) },
  {
    method: 'GET',
    path: '/admin/requests',
    status: 200,
    run: ({ requests }, _id, _body, query) => requests.list(query),
  },
  { method: 'GET', path: '/admin/requests/:id', status: 200, run: ({ requests }, id) => requests.show(id) },
  { method: 'GET', path: '/admin/keys', status: 200, run: ({ keys }) => keys.list() },
  { method: 'POST', path: '/admin/keys', status: 201, run: ({ keys }, _id, body) => keys.mint(body) },
  { method: 'GET', path: '/admin/keys/:id', status: 200, run: ({ keys }, id) => keys.show(id) },
  { method: 'PATCH', path: '/admin/keys/:id', status: 200, run: ({ keys }, id, body) => keys.change(id, body) },
  { method: 'DELETE', path: '/admin/keys/:id', status: 200, run: ({ keys }, id) => keys.revoke(id) },
  { method: 'POST', path: '/admin/keys/:id/rotate', status: 200, run: ({ keys }, id, body) => keys.rotate(id, body) },
  {
    method: 'GET',
    path: '/admin/keys/:id/activity',
    status: 200,
    run: ({ usage }, id, _body, query) => usage.activity(id, query),
  },
  { method: 'POST', path: '/admin/users/:id/forget', status: 200, run: ({ users }, id) => users.forget(id) },
];

/** Bytes of a body that administers. */
const bodyLimit = 64 * 1024;

/** Opens the paths of the administration. */
export function openAdmin(
  server: FastifyInstance,
  {
    admin,
    authenticator,
    bodies,
    addresses,
    services,
  }: Pick<ServerParts, 'admin' | 'authenticator' | 'bodies' | 'addresses' | 'services'>,
): void {
  const isAdmitted = openRanges(() => services.config.settings.http.admin_cidrs);
  for (const { method, path, status, run } of adminRoutes) {
    server.route({
      method,
      url: path,
      onRequest: async (request) => {
        request.dialect = 'admin';
        const { admin_cidrs } = services.config.settings.http;
        if (admin_cidrs.length > 0 && !isAdmitted(addresses.of(request.raw))) throw new GatewayError('admin_elsewhere');
        const caller = await authenticator.identify(request.raw);
        request.caller = caller;
        if (caller === undefined) throw new GatewayError('no_credential');
        if (caller.kind !== 'master') throw new GatewayError('master_key_needed');
      },
      handler: async (request, reply) => {
        const memory = bodies.open('admin');
        try {
          const bounds = { bytes: bodyLimit, ratio: services.config.limits.unpack_ratio };
          const body = method === 'GET' ? Buffer.alloc(0) : await readBody(request.raw, bounds, memory, 'admin');
          await admin.flush();
          const { id = '' } = request.params as { id?: string };
          const answer = await run(admin, id, body, new URL(request.url, 'http://gateway').searchParams);
          if (typeof answer === 'string') void reply.type('text/csv; charset=utf-8');
          return reply.code(status).send(answer);
        } finally {
          memory.close();
        }
      },
    });
  }
}
