// The HTTP edge: paths, credentials, bodies, and the one place where failures become answers. The only importer of fastify.

import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { isoDay } from '../../../config/calendar';
import type { Authenticator, Caller } from './authenticate';
import type { Keys, Requests } from './admin/keys';
import { type BodyBudget, readBody } from './body';
import { type Dialect, errorBody } from '../core/errorBody';
import { decodeName, dialectOf, type Endpoint, endpoints, tidyUrl } from './endpoints';
import { type ErrorCode, GatewayError } from '../core/errors';
import type { Concurrency } from './concurrency';
import type { Services } from '../pipeline/handle';
import { newId } from '../core/ids';
import { listGeminiModels, listModels, oneGeminiModel, oneModel } from './modelList';
import { type Handler, handlerFor } from './handlers';

export interface ServerParts {
  readonly gateway: Services;
  readonly access: Authenticator;
  readonly keys: Keys;
  readonly requests: Requests;
  readonly bodies: BodyBudget;
  readonly flight: Concurrency;
}

declare module 'fastify' {
  interface FastifyRequest {
    dialect: Dialect;
    caller: Caller | undefined;
    startedAt: number;
  }
}

/** Builds the server; it listens when told to. */
export function buildServer(parts: ServerParts): FastifyInstance {
  const { gateway } = parts;
  const { limits } = gateway.config;
  const server = fastify({
    logger: false,
    bodyLimit: limits.body_bytes, // bodies are read by body.ts; this bounds what fastify would
    requestIdHeader: false,
    genReqId: () => newId('req', gateway.now()),
    rewriteUrl: (request) => tidyUrl(request.url ?? '/'),
    forceCloseConnections: false,
    requestTimeout: limits.body_ms, // fastify's own option: it overwrites the server's
    keepAliveTimeout: 75_000, // longer than a proxy in front keeps its idle connections
    http: {
      headersTimeout: limits.headers_ms,
      connectionsCheckingInterval: 1_000, // the time-outs act only when someone looks
      maxHeaderSize: limits.header_bytes,
      keepAlive: true,
    },
    clientErrorHandler(error, socket) {
      const codes: Record<string, ErrorCode> = {
        HPE_HEADER_OVERFLOW: 'headers_too_large',
        ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
      };
      const failure = new GatewayError(
        codes[error.code] ?? 'bad_request',
        codes[error.code] === undefined ? { message: 'This is not a valid HTTP request.' } : {},
      );
      const body = errorBody('openai', failure, 'unread');
      if (socket.writable) {
        socket.end(
          `HTTP/1.1 ${failure.status} ${failure.code}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
        );
      } else socket.destroy();
    },
  });
  server.server.maxConnections = limits.connections;
  server.removeAllContentTypeParsers();
  // Whatever type a body claims (curl -d says it is a form), it is JSON to us, and it is read by body.ts.
  server.addContentTypeParser('*', (_request, _payload, done) => done(null));
  server.decorateRequest('dialect', 'openai');
  server.decorateRequest('caller', undefined);
  server.decorateRequest('startedAt', 0);

  server.addHook('onRequest', (request, _reply, done) => {
    request.startedAt = gateway.now();
    done();
  });
  for (const door of endpoints) openDoor(server, door, parts);
  openAdmin(server, parts);
  openOperations(server, parts);

  server.setNotFoundHandler((request) => {
    const path = request.url.split('?')[0] ?? '';
    request.dialect = dialectOf(path);
    const other = endpoints.find((door) => door.path === path);
    if (other !== undefined)
      throw new GatewayError('method_not_allowed', {
        message: `${path} takes ${other.method}, not ${request.method}.`,
        headers: { allow: other.method },
      });
    throw new GatewayError('not_found', { message: `There is nothing at ${request.method} ${path.slice(0, 200)}.` });
  });
  server.setErrorHandler((error, request, reply) => answerError(error, request, reply, gateway));
  return server;
}

// ---

function openDoor(server: FastifyInstance, door: Endpoint, parts: ServerParts): void {
  const { gateway, access } = parts;
  const { serves, dialect } = door;
  server.route({
    method: door.method,
    url: door.path,
    // Before the body is read: what a caller may do is known from its headers alone.
    onRequest: (request, reply, done) => {
      request.dialect = dialect;
      const open = serves === 'models' || serves === 'model';
      request.caller = open ? access.identifyIfAny(request.headers) : access.identify(request.headers);
      const work = handlerFor(serves, { rest: restOf(request), alt: (request.query as { alt?: unknown }).alt });
      if (work === undefined) return done();
      if (request.caller?.kind === 'master') throw new GatewayError('master_key_refused');
      // The rest of fastify's way (body parsers, serializers) has nothing to do here: relay.ts answers. Only a failure
      // goes on, to the error handler.
      infer(request, reply, work, parts).catch(done);
    },
    handler: (request) => {
      const day = isoDay(request.startedAt);
      if (serves === 'models') {
        return dialect === 'gemini'
          ? listGeminiModels(gateway.config, day)
          : listModels(gateway.config, day, dialect === 'anthropic');
      }
      if (serves === 'model') {
        const name = restOf(request);
        return dialect === 'gemini' ? oneGeminiModel(gateway.config, name, day) : oneModel(gateway.config, name, day);
      }
      throw new GatewayError('not_built', {
        message: `This gateway version does not serve ${door.method} ${door.path}.`,
      });
    },
  });
}

// What follows a door's fixed part.
function restOf(request: FastifyRequest): string {
  return decodeName((request.params as { '*'?: string })['*'] ?? '');
}

async function infer(request: FastifyRequest, reply: FastifyReply, work: Handler, parts: ServerParts): Promise<void> {
  const { gateway, bodies, flight } = parts;
  if (request.caller?.kind !== 'key') throw new GatewayError('no_credential');
  const { key } = request.caller;
  const { limits } = gateway.config;
  flight.acquire(key.id, limits);
  const { raw } = reply;
  let size = 0;
  try {
    const body = await readBody(request.raw, limits.body_bytes, bodies);
    size = body.length;
    await work.handle(gateway, {
      id: request.id,
      key,
      format: work.format,
      ...(work.named === undefined ? {} : { named: work.named }),
      dialect: request.dialect,
      headers: request.headers,
      body,
      raw: reply.raw,
      startedAt: request.startedAt,
    });
  } finally {
    bodies.give(size);
    // In flight until the client has all of its answer: a shutdown waits for slow readers too. An answer that has not
    // begun is a failure, which the error handler tells.
    if (!raw.headersSent || raw.writableFinished || raw.destroyed) flight.release(key.id);
    else {
      flight.flushing++;
      raw.once('close', () => {
        flight.flushing--;
        flight.release(key.id);
      });
    }
  }
}

function openAdmin(server: FastifyInstance, parts: ServerParts): void {
  const { gateway, access, keys, requests, bodies } = parts;
  const route = (
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    url: string,
    status: number,
    work: (id: string, body: Buffer) => object,
  ) => {
    server.route({
      method,
      url,
      onRequest: async (request) => {
        request.dialect = 'admin';
        if (access.identify(request.headers).kind !== 'master') throw new GatewayError('master_key_needed');
      },
      handler: async (request, reply) => {
        const body = method === 'GET' ? Buffer.alloc(0) : await readBody(request.raw, 64 * 1024, bodies);
        bodies.give(body.length);
        gateway.ledger.flush(); // what is shown is what is booked
        return reply.code(status).send(work((request.params as { id?: string }).id ?? '', body));
      },
    });
  };
  route('GET', '/admin/requests', 200, () => requests.list());
  route('GET', '/admin/requests/:id', 200, (id) => requests.show(id));
  route('GET', '/admin/keys', 200, () => keys.list());
  route('POST', '/admin/keys', 201, (_id, body) => keys.mint(body));
  route('GET', '/admin/keys/:id', 200, (id) => keys.show(id));
  route('PATCH', '/admin/keys/:id', 200, (id, body) => keys.change(id, body));
  route('DELETE', '/admin/keys/:id', 200, (id) => keys.revoke(id));
  route('POST', '/admin/keys/:id/rotate', 200, (id) => keys.rotate(id));
}

function openOperations(server: FastifyInstance, { gateway, flight }: ServerParts): void {
  server.get('/livez', () => ({ status: 'ok' }));
  server.get('/readyz', (_request, reply) => {
    const ready = !flight.draining;
    return reply
      .code(ready ? 200 : 503)
      .send({ status: ready ? 'ok' : 'draining', config: gateway.config.digest.slice(0, 16), in_flight: flight.count });
  });
}

async function answerError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  gateway: Services,
): Promise<void> {
  const failure = asGatewayError(error);
  if (failure.code === 'internal') gateway.log.error('a request failed', error);
  gateway.log.refused({
    id: request.id,
    method: request.method,
    path: (request.url.split('?')[0] ?? '').slice(0, 200),
    status: failure.status,
    code: failure.code,
    ...(request.caller?.kind === 'key' ? { key: request.caller.key.label } : {}),
    ms: gateway.now() - request.startedAt,
  });
  if (reply.raw.headersSent || reply.raw.destroyed) return;
  const unread = request.method !== 'GET' && !request.raw.readableEnded;
  await reply
    .code(failure.status)
    .headers({ 'x-request-id': request.id, ...failure.headers, ...(unread ? { connection: 'close' } : {}) })
    .type('application/json')
    .send(errorBody(request.dialect, failure, request.id));
}

function asGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new GatewayError('body_too_large');
  if (code.startsWith('FST_ERR_') && error instanceof Error && 'statusCode' in error && error.statusCode === 400)
    return new GatewayError('bad_request', { message: `${error.message}.` });
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE')
    return new GatewayError('bad_request', { message: 'The body ended before it was complete.' });
  return new GatewayError('internal', { cause: error });
}
