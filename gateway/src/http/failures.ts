// The one place where failures become answers.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Socket } from 'node:net';
import { type Dialect, errorBody } from '../core/errorBody';
import { type ErrorCode, errorTable, GatewayError } from '../core/errors';
import { StorageUnavailable } from '../storage/storage';
import { networkOf } from './clientAddress';
import { headersForBroken } from './cors';
import { openMinuteCounter } from './minuteCounter';
import type { ServerParts } from './serverParts';

export type FailureAnswerer = (error: unknown, request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/**
 * What answers a request that failed before anything was sent, in its client's dialect, and logs it: of callers that are not
 * known, one line a minute and address, for anybody can have as many of them as he likes.
 */
export function openFailureAnswerer({
  services,
  log,
  addresses,
}: Pick<ServerParts, 'services' | 'log' | 'addresses'>): FailureAnswerer {
  const { now } = services;
  const unknownCallers = openMinuteCounter(now);
  const tell = (failure: GatewayError, request: FastifyRequest): void => {
    const { caller } = request;
    const address = addresses.of(request.raw);
    if (caller === undefined && unknownCallers.add(networkOf(address)) > 1) return;
    log.refused({
      id: request.id,
      method: request.method,
      path: (request.url.split('?')[0] ?? '').slice(0, 200),
      status: failure.status,
      code: failure.code,
      address,
      ...(caller?.kind === 'key' ? { key: caller.key.label } : {}),
      ms: now() - request.startedAt,
    });
  };
  return async (error, request, reply) => {
    const failure = asGatewayError(error);
    if (failure.code === 'internal') log.error('a request failed', error);
    tell(failure, request);
    await answer(failure, request, reply);
  };
}

async function answer(failure: GatewayError, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (reply.raw.headersSent || reply.raw.destroyed) return;
  const unread = request.method !== 'GET' && !request.raw.readableEnded;
  await reply
    .code(failure.status)
    .headers({
      'x-request-id': request.id,
      'x-should-retry': String(errorTable[failure.code].retryable),
      ...headersFor(request.dialect, failure),
      ...(unread ? { connection: 'close' } : {}),
    })
    .type('application/json')
    .send(errorBody(request.dialect, failure, request.id));
}

// What a budget's refusal says in Anthropic's headers is for its clients alone.
function headersFor(dialect: Dialect, { headers }: GatewayError): Readonly<Record<string, string>> {
  if (dialect === 'anthropic') return headers;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('anthropic-')));
}

/** Answers what is no whole request: nothing is known of it but its connection, and where it began what it began with. */
export function answerBrokenRequest(
  error: Error & { code: string; rawPacket?: unknown },
  socket: Socket,
  origins: readonly string[],
): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const code = brokenCodes[error.code];
  const failure = new GatewayError(
    code ?? 'bad_request',
    code === undefined ? { message: 'This is not a valid HTTP request.' } : {},
  );
  const body = errorBody('openai', failure, 'unread');
  const headers = {
    ...(Buffer.isBuffer(error.rawPacket) ? headersForBroken(error.rawPacket, origins) : {}),
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${failure.status} ${failure.code}\r\n${lines.join('')}\r\n${body}`);
}

// ---

// Source: https://nodejs.org/api/http.html#event-clienterror (2026-11)
const brokenCodes: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

function asGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error instanceof StorageUnavailable) return new GatewayError('storage_failed', { cause: error });
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new GatewayError('body_too_large');
  if (code.startsWith('FST_ERR_') && error instanceof Error && 'statusCode' in error && error.statusCode === 400)
    return new GatewayError('bad_request', { message: `${error.message}.` });
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE')
    return new GatewayError('bad_request', { message: 'The body ended before it was complete.' });
  return new GatewayError('internal', { cause: error });
}
