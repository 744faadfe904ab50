// One row of the table of endpoints as a route: who asks, how much is in flight, the body, and the handler.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ServerResponse } from 'node:http';
import { isoDay } from '../../../config/calendar';
import { GatewayError } from '../core/errors';
import type { Caller } from './authenticate';
import { readBody } from './body';
import type { Concurrency } from './concurrency';
import { decodeName, type Endpoint } from './endpoints';
import { type Handler, handlerFor } from './handlers';
import { listGeminiModels, listModels, oneGeminiModel, oneModel } from './modelList';
import { unservedPaths } from './unserved';
import type { ServerParts } from './serverParts';

/** Opens an endpoint. */
export function openEndpoint(server: FastifyInstance, endpoint: Endpoint, parts: ServerParts): void {
  const { services, authenticator } = parts;
  const { serves, dialect } = endpoint;
  const open = serves === 'models' || serves === 'model';
  server.route({
    method: endpoint.method,
    url: endpoint.path,
    // Before the body is read: what a caller may do is known from its headers alone.
    onRequest: (request, reply, done) => {
      request.dialect = dialect;
      if (serves === 'websocket') throw withoutWebsocket(request, endpoint.path);
      if (serves === 'not_built')
        throw new GatewayError('not_built', {
          message: `This gateway version does not serve ${endpoint.method} ${endpoint.path}.`,
        });
      const go = (caller: Caller | undefined): void => {
        request.caller = caller;
        if (caller === undefined && !open) throw new GatewayError('no_credential');
        const handler = handlerFor(serves, {
          rest: restOf(request),
          alt: (request.query as { alt?: unknown }).alt,
        });
        if (handler === undefined) return done();
        // The rest of fastify's way (body parsers, serializers) has nothing to do here: the pipeline answers. Only a
        // failure goes on, to the error handler.
        infer(request, reply, caller, handler, parts).catch(done);
      };
      // Source: https://ai.google.dev/api, "key" (2026-11). It is read here and nowhere else: no log, error or URL of ours has a query.
      const inQuery = dialect === 'gemini' ? (request.query as { key?: unknown }).key : undefined;
      const caller = authenticator.identify(request.raw, inQuery);
      if (caller instanceof Promise) caller.then(go).catch(done);
      else go(caller);
    },
    handler: (request) => {
      const key = request.caller?.kind === 'key' ? request.caller.key : undefined;
      const to = { config: services.config, key, day: isoDay(request.startedAt) };
      if (serves === 'models') return dialect === 'gemini' ? listGeminiModels(to) : listModels(to, dialect);
      const name = restOf(request);
      return dialect === 'gemini' ? oneGeminiModel(to, name) : oneModel(to, name);
    },
  });
}

/** Opens the paths of APIs that the gateway does not have, which say so to whoever calls. */
export function openUnserved(server: FastifyInstance): void {
  for (const { path, dialect, what, instead } of unservedPaths) {
    server.route({
      method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      url: path,
      onRequest: (request) => {
        request.dialect = dialect;
        const refusal = `This gateway serves no ${what}: there is nothing at ${request.method} ${askedPath(request)}.`;
        throw new GatewayError('not_built', { message: instead === undefined ? refusal : `${refusal} ${instead}` });
      },
      handler: () => undefined,
    });
  }
}

// ---

/** Characters of a path that are told. */
const longestTold = 200;

// As the client sent it, and without its query, which may hold a key.
function askedPath({ originalUrl }: FastifyRequest): string {
  return (originalUrl.split('?', 1)[0] ?? '').slice(0, longestTold);
}

// Whoever asks for a WebSocket falls back to POST at once when it is told so by this status, and not after some tries:
// https://github.com/openai/codex/pull/10824.
function withoutWebsocket({ method, headers }: FastifyRequest, path: string): GatewayError {
  return headers.upgrade?.toLowerCase() === 'websocket'
    ? new GatewayError('upgrade_required', { headers: { connection: 'close', upgrade: 'HTTP/1.1' } })
    : new GatewayError('method_not_allowed', {
        message: `${path} takes POST, not ${method}.`,
        headers: { allow: 'POST' },
      });
}

// What follows an endpoint's fixed part.
function restOf(request: FastifyRequest): string {
  const rest = (request.params as { '*'?: string })['*'];
  return rest === undefined ? '' : decodeName(rest);
}

async function infer(
  request: FastifyRequest,
  reply: FastifyReply,
  caller: Caller | undefined,
  handler: Handler,
  { services, bodies, concurrency, addresses }: ServerParts,
): Promise<void> {
  if (caller?.kind === 'master') throw new GatewayError('master_key_refused');
  if (caller?.kind !== 'key') throw new GatewayError('no_credential');
  const { key, oldUntil } = caller;
  const { limits } = services.config;
  const { raw } = reply;
  const ending = concurrency.acquire(key.id, limits);
  const memory = bodies.open(key.id);
  try {
    const body = await readBody(request.raw, { bytes: limits.body_bytes, ratio: limits.unpack_ratio }, memory, key.id);
    await handler.run(services, {
      id: request.id,
      key,
      oldKeyUntil: oldUntil,
      format: handler.format,
      pathModel: handler.pathModel,
      dialect: request.dialect,
      headers: request.headers,
      body,
      memory,
      raw,
      address: addresses.of(request.raw),
      ending,
      startedAt: request.startedAt,
    });
  } finally {
    const release = () => {
      memory.close();
      concurrency.release(key.id);
    };
    releaseWhenSent(raw, release, concurrency, limits.reader_stall_ms);
  }
}

// In flight until the client has all of its answer: a shutdown waits for slow readers too. An answer that has not begun is a
// failure, which the error handler tells.
function releaseWhenSent(raw: ServerResponse, release: () => void, concurrency: Concurrency, stallMs: number): void {
  const sent = raw.writableEnded && raw.writableLength === 0; // all of it is with the operating system
  if (!raw.headersSent || sent || raw.writableFinished || raw.destroyed) return release();
  concurrency.flushing++;
  let unsent = raw.writableLength;
  // A reader that has taken nothing for the whole time is cut: what waits for it is held in memory.
  const stalled = setInterval(() => {
    if (raw.writableLength >= unsent) raw.destroy();
    unsent = raw.writableLength;
  }, stallMs);
  raw.once('close', () => {
    clearInterval(stalled);
    concurrency.flushing--;
    release();
  });
}
