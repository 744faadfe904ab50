// The HTTP edge: connections, time-outs and routes. Only this folder imports fastify.

import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Limits } from '../../../config/limits';
import type { Dialect } from '../core/errorBody';
import { GatewayError } from '../core/errors';
import { newId } from '../core/ids';
import { openAdmin } from './admin/routes';
import type { Caller } from './authenticate';
import { endpoints } from './endpoints';
import { answerBrokenRequest, openFailureAnswerer } from './failures';
import { answerCors } from './cors';
import { isServedHost } from './hostNames';
import { healthPaths, openOperations } from './operations';
import { baseUrlHint, dialectOf, tidyUrl } from './paths';
import { openEndpoint, openUnserved } from './serveEndpoint';
import type { ServerParts } from './serverParts';

declare module 'fastify' {
  interface FastifyRequest {
    dialect: Dialect;
    caller: Caller | undefined;
    startedAt: number;
  }
}

/** Builds the server; it listens when told to. */
export function buildServer(parts: ServerParts): FastifyInstance {
  const { services } = parts;
  const { now } = services;
  const { limits } = services.config;
  const answerFailure = openFailureAnswerer(parts);
  const isAnswered = openHostCheck(services);
  const server = fastify({
    logger: false,
    // No route has a schema: fastify would load its compilers all the same (0.4 MB of code).
    schemaController: { compilersFactory: { buildValidator: hasNoSchemas, buildSerializer: hasNoSchemas } },
    // A path that is wrongly escaped, before any hook. Fastify would repeat it, with a key that may stand in its query.
    frameworkErrors: (_error, request, reply) => {
      request.dialect = dialectOf(request.url);
      let failure: unknown = new GatewayError('bad_request', { message: wronglyEscaped });
      try {
        if (isAnswered(request, reply)) return;
      } catch (error) {
        failure = error;
      }
      void answerFailure(failure, request, reply);
    },
    bodyLimit: limits.body_bytes, // bodies are read by body.ts; this bounds what fastify would
    requestIdHeader: false,
    genReqId: () => newId('req', now()),
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
    clientErrorHandler: (error, socket) =>
      answerBrokenRequest(error, socket, services.config.settings.http.cors_origins),
  });
  applyLimits(server, limits);
  server.removeAllContentTypeParsers();
  // Whatever type a body claims (curl -d says it is a form), it is JSON to us, and it is read by body.ts.
  server.addContentTypeParser('*', (_request, _payload, done) => done(null));
  server.decorateRequest('dialect', 'openai');
  server.decorateRequest('caller', undefined);
  server.decorateRequest('startedAt', 0);
  server.addHook('onRequest', (request, reply, done) => {
    if (!isAnswered(request, reply)) done();
  });
  for (const endpoint of endpoints) openEndpoint(server, endpoint, parts);
  openUnserved(server);
  openAdmin(server, parts);
  openOperations(server, parts);
  server.setNotFoundHandler(refuseUnknown);
  server.setErrorHandler(answerFailure);
  return server;
}

/** Applies those limits of connections that can be changed while the server runs. */
export function applyLimits(server: FastifyInstance, limits: Limits): void {
  server.server.maxConnections = limits.connections;
  server.server.requestTimeout = limits.body_ms;
  server.server.headersTimeout = limits.headers_ms;
}

// ---

// Whether a request was what a browser asks first, and is answered; for every request, before anything else.
// @throws GatewayError unknown_host, unknown_origin
function openHostCheck(services: ServerParts['services']): (request: FastifyRequest, reply: FastifyReply) => boolean {
  return (request, reply) => {
    request.startedAt = services.now();
    const { hosts, cors_origins } = services.config.settings.http;
    const isServed = isServedHost(request.headers.host, hosts) || healthPaths.includes(request.url);
    if (isServed && request.headers.origin === undefined) return false;
    request.dialect = dialectOf(request.url);
    if (!isServed) throw new GatewayError('unknown_host');
    // Before credentials: a browser sends none with what it asks first, and a page must be able to read a refusal.
    return answerCors(request, reply, cors_origins);
  };
}

function hasNoSchemas(): never {
  throw new Error('bodies are checked by the gateway itself');
}

const wronglyEscaped = 'The path of the URL is wrongly escaped.';

function refuseUnknown(request: FastifyRequest): never {
  const path = request.url.split('?')[0] ?? '';
  request.dialect = dialectOf(path);
  const other = endpoints.find((endpoint) => endpoint.path === path);
  if (other !== undefined)
    throw new GatewayError('method_not_allowed', {
      message: `${path} takes ${other.method}, not ${request.method}.`,
      headers: { allow: other.method },
    });
  throw new GatewayError('not_found', {
    message: `There is nothing at ${request.method} ${path.slice(0, 200)}. ${baseUrlHint(path)}`,
  });
}
