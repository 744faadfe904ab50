// The paths of the administration, in one table. Everything here needs the master key, or a credential with a scope.

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AdminScope } from '../../../../config/adminCredentials';
import { GatewayError } from '../../core/errors';
import { readBody } from '../body';
import { openRanges } from '../clientAddress';
import type { Caller } from '../authenticate';
import type { AdminParts, ServerParts } from '../serverParts';
import type { Doer } from './keys';

export interface AdminRoute {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Of an answer without a failure. */
  readonly status: 200 | 201;
  /** Each of them lets a credential do it; the master key always may. */
  readonly scopes: readonly AdminScope[];
  /** A text that it answers with is CSV. */
  readonly run: (
    parts: AdminParts,
    id: string,
    body: Buffer,
    query: URLSearchParams,
    by: Doer,
    idempotencyKey: string | undefined,
  ) => Promise<object | string>;
}

const read = { method: 'GET', status: 200, scopes: ['read'] } as const;
const readKeys = { method: 'GET', status: 200, scopes: ['read', 'keys'] } as const;
const changeKeys = { status: 200, scopes: ['keys'] } as const;

export const adminRoutes: readonly AdminRoute[] = [
  { ...read, path: '/admin/usage', run: ({ usage }, _id, _body, query) => usage.report(query) },
  { ...read, path: '/admin/requests', run: ({ requests }, _id, _body, query) => requests.list(query) },
  { ...read, path: '/admin/requests/:id', run: ({ requests }, id) => requests.show(id) },
  { ...readKeys, path: '/admin/keys', run: ({ keys }) => keys.list() },
  {
    ...{ method: 'POST', path: '/admin/keys', status: 201, scopes: ['keys'] },
    run: ({ keys }, _id, body, _query, by) => keys.mint(body, by),
  },
  { ...readKeys, path: '/admin/keys/:id', run: ({ keys }, id) => keys.show(id) },
  {
    ...{ ...changeKeys, method: 'PATCH', path: '/admin/keys/:id' },
    run: ({ keys }, id, body, _query, by, idempotencyKey) => keys.change(id, body, by, idempotencyKey),
  },
  {
    ...{ ...changeKeys, method: 'DELETE', path: '/admin/keys/:id' },
    run: ({ keys }, id, _body, _query, by) => keys.revoke(id, by),
  },
  {
    ...{ ...changeKeys, method: 'POST', path: '/admin/keys/:id/rotate' },
    run: ({ keys }, id, body, _query, by) => keys.rotate(id, body, by),
  },
  { ...read, path: '/admin/credentials', run: ({ credentials }) => credentials.list() },
  {
    ...{ method: 'POST', path: '/admin/credentials', status: 201, scopes: [] },
    run: ({ credentials }, _id, body, _query, by) => credentials.mint(body, by),
  },
  {
    ...{ method: 'DELETE', path: '/admin/credentials/:id', status: 200, scopes: [] },
    run: ({ credentials }, id, _body, _query, by) => credentials.revoke(id, by),
  },
  { ...read, path: '/admin/audit', run: ({ audit }, _id, _body, query) => audit.list(query) },
  {
    ...{ ...read, path: '/admin/keys/:id/activity' },
    run: ({ usage }, id, _body, query) => usage.activity(id, query),
  },
  {
    ...{ method: 'POST', path: '/admin/users/:id/forget', status: 200, scopes: [] },
    run: ({ users }, id, _body, _query, by) => users.forget(id, by),
  },
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
  const doer = (request: FastifyRequest): Doer => ({
    credential: request.caller?.kind === 'credential' ? request.caller.credential.id : 'master',
    address: addresses.of(request.raw),
  });
  const isAdmitted = openRanges(() => services.config.settings.http.admin_cidrs);
  for (const { method, path, status, scopes, run } of adminRoutes) {
    server.route({
      method,
      url: path,
      onRequest: async (request) => {
        request.dialect = 'admin';
        const { admin_cidrs } = services.config.settings.http;
        if (admin_cidrs.length > 0 && !isAdmitted(addresses.of(request.raw))) throw new GatewayError('admin_elsewhere');
        request.caller = await authenticator.identifyAdmin(request.raw);
        requireScope(request.caller, scopes);
      },
      handler: async (request, reply) => {
        const memory = bodies.open('admin');
        try {
          const bounds = { bytes: bodyLimit, ratio: services.config.limits.unpack_ratio };
          const body = method === 'GET' ? Buffer.alloc(0) : await readBody(request.raw, bounds, memory, 'admin');
          await admin.flush();
          const { id = '' } = request.params as { id?: string };
          const query = new URL(request.url, 'http://gateway').searchParams;
          const once = request.headers['idempotency-key']?.toString();
          const answer = await run(admin, id, body, query, doer(request), once);
          if (typeof answer === 'string') void reply.type('text/csv; charset=utf-8');
          return reply.code(status).send(answer);
        } finally {
          memory.close();
        }
      },
    });
  }
}

// ---

function requireScope(caller: Caller | undefined, scopes: readonly AdminScope[]): void {
  if (caller === undefined) throw new GatewayError('no_credential');
  if (caller.kind === 'master') return;
  if (caller.kind === 'key' || scopes.length === 0) throw new GatewayError('master_key_needed');
  const { label, scopes: own } = caller.credential;
  if (scopes.some((scope) => own.includes(scope))) return;
  throw new GatewayError('scope_needed', {
    message: `The credential "${label}" may not do this: it has ${own.join(', ')}, and this takes ${scopes.join(' or ')}.`,
  });
}
