// Which pages of other origins may call inference and model paths from a browser (`http.cors_origins`). They bring a key of
// their own, never cookies, so that credentials in the browser's sense are not allowed. Sources:
// https://fetch.spec.whatwg.org/#http-cors-protocol, https://wicg.github.io/private-network-access (2026-11).

import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../core/errors';
import { healthPaths } from './operations';

/**
 * Lets a page read the answer to its request where its origin may, and answers what its browser asks before.
 * @param origins `http.cors_origins` at this moment
 * @returns whether the request was such a question, and has been answered
 * @throws GatewayError unknown_origin for the question of a page that may not
 */
export function answerCors(request: FastifyRequest, reply: FastifyReply, origins: readonly string[]): boolean {
  const { origin } = request.headers;
  if (origin === undefined) return false;
  const isQuestion = request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
  const readable = readableHeaders(request.url, origin, origins);
  if (readable === undefined) {
    if (isQuestion) throw new GatewayError('unknown_origin');
    return false;
  }
  const { raw } = reply; // where an answer that is no longer fastify's finds them too
  for (const [name, value] of Object.entries(readable)) raw.setHeader(name, value);
  if (!isQuestion) return false;
  raw.setHeader('vary', questionVaries);
  raw.setHeader('access-control-allow-methods', 'GET, HEAD, POST');
  raw.setHeader('access-control-max-age', maxAgeSeconds);
  const headers = request.headers['access-control-request-headers'];
  if (headers !== undefined) raw.setHeader('access-control-allow-headers', headers);
  if (request.headers['access-control-request-private-network'] === 'true')
    raw.setHeader('access-control-allow-private-network', 'true');
  raw.writeHead(204).end();
  reply.hijack();
  return true;
}

/**
 * The headers with which a page reads the answer to what is no whole request, as far as its beginning tells whose it is.
 * @param head what was received of it
 */
export function headersForBroken(head: Buffer, origins: readonly string[]): Readonly<Record<string, string>> {
  const text = head.toString('latin1');
  const url = /^[A-Z]+ (\S+) HTTP\/1\.[01]\r\n/.exec(text)?.[1];
  const origin = /\r\norigin:[ \t]*(\S+)[ \t]*\r\n/i.exec(text)?.[1];
  return (url !== undefined && origin !== undefined && readableHeaders(url, origin, origins)) || {};
}

// ---

// With which a page reads an answer; undefined where it may not.
function readableHeaders(
  url: string,
  origin: string,
  origins: readonly string[],
): Readonly<Record<string, string>> | undefined {
  const allowed = isOpen(url) ? allowedOrigin(origin, origins) : undefined;
  return allowed === undefined
    ? undefined
    : { 'access-control-allow-origin': allowed, 'access-control-expose-headers': exposed, vary: 'origin' };
}

/** What a browser asks is not asked again for this long; Chromium takes no more. */
const maxAgeSeconds = 7_200;

const questionVaries =
  'origin, access-control-request-method, access-control-request-headers, access-control-request-private-network';

// Ours by name, for what does not know `*`, which stands for a provider's own.
const exposed = [
  'x-request-id', 'x-ovth-route', 'x-ovth-dropped', 'x-ovth-repaired', 'x-ovth-cost-usd', 'x-ovth-warning', 'x-ovth-budget', 'x-ovth-old-key',
  'x-ovth-tokens', 'x-should-retry', 'retry-after',
  ...['limit', 'remaining', 'reset'].flatMap((fact) => [`x-ratelimit-${fact}-tokens`, `x-ratelimit-${fact}-requests`]),
  '*',
].join(', '); // prettier-ignore

/** What stands before the path in a request to a proxy; the router leaves it out. */
const absolute = /^https?:\/\/[^/?]*/i;

// The router decodes a path before it is compared, and so must this: byte by byte, for one that is wrongly escaped too.
function isOpen(url: string): boolean {
  const path = (url.replace(absolute, '').split('?', 1)[0] ?? '').replace(/%[0-7][0-9a-f]/gi, decodeURIComponent);
  return !/^\/+admin(\/|$)/i.test(path) && !healthPaths.includes(path);
}

function allowedOrigin(origin: string, origins: readonly string[]): string | undefined {
  if (origins.length === 0) return undefined;
  if (origins.includes('*')) return '*';
  const asked = origin.toLowerCase();
  return origins.some((each) => each.toLowerCase() === asked) ? origin : undefined;
}
