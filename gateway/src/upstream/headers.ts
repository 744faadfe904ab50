// Which headers cross the gateway: all but those that belong to one connection, to credentials, or to us.

import type { IncomingHttpHeaders } from 'node:http';
import type { Dialect } from '../core/errorBody';
import type { KeyCleaner } from './ownKeys';

// RFC 9110 section 7.6.1 (connection-level), and what names a person or a proxy rather than the request.
const perConnection = [
  'connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'content-length', 'expect',
]; // prettier-ignore

const neverSentUpstream = new Set([
  ...perConnection,
  'host', 'accept-encoding', 'content-type', 'content-encoding', 'http2-settings',
  'authorization', 'proxy-authorization', 'x-api-key', 'api-key', 'x-goog-api-key', 'cookie',
  'forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port', 'x-forwarded-server', 'x-real-ip',
  'origin', 'referer', 'http-referer', 'x-title',
  // What a request is, is said by its method and path alone.
  'x-http-method-override', 'x-http-method', 'x-method-override',
  // Who is billed is the operator's to say. Anthropic's SDK: "Name the profile to bill in the `anthropic-user-profile-id`
  // header" (1.12.0); Codex names an account of ChatGPT.
  'openai-organization', 'openai-project', 'chatgpt-account-id', 'x-goog-user-project', 'anthropic-organization-id',
  'anthropic-workspace-id', 'anthropic-user-profile-id',
]); // prettier-ignore

const neverSentToClient = new Set([
  ...perConnection,
  'content-encoding', 'set-cookie', 'server', 'alt-svc', 'strict-transport-security', 'proxy-authenticate', 'via', 'nel', 'report-to', 'expect-ct',
  'openai-organization', 'openai-project', 'anthropic-organization-id', 'x-request-id', 'x-ovth-route', 'x-ovth-dropped',
]); // prettier-ignore

// A browser's own headers mean nothing to a provider; ours and Cloudflare's must not be forged by either side.
const neverSentPrefix = /^(sec-|cf-|x-ovth-|access-control-)/;

const crossesUpstream = remembering((name) => !neverSentUpstream.has(name) && !neverSentPrefix.test(name));
const crossesToClient = remembering((name) => !neverSentToClient.has(name) && !neverSentPrefix.test(name));

/** A client's headers that a provider on the same wire shall see, names and values in turn. */
export function toUpstream(headers: IncomingHttpHeaders): string[] {
  const out: string[] = [];
  const nominated = nominatedBy(headers.connection);
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || !crossesUpstream(name) || nominated?.has(name) === true) continue;
    out.push(name, typeof value === 'string' ? value : value.join(', '));
  }
  return out;
}

/**
 * Headers of an answer, names and values in turn, as `ServerResponse.writeHead` takes them. An object to which names are added
 * and from which others are taken becomes a dictionary, which is slow to fill and to walk.
 */
export type HeaderList = (string | number)[];

/** Our headers on an answer. */
export interface OwnHeaders {
  /** Names and values in turn. */
  readonly list: readonly string[];
  /** They tell of limits: what the provider tells of its own is left out, as a client would take the one for the other. */
  readonly tellLimits: boolean;
}

/** @param list names and values in turn */
export function ownHeaders(list: readonly string[]): OwnHeaders {
  return { list, tellLimits: list.some((name, at) => at % 2 === 0 && tellsLimits(name)) };
}

/** An answer's headers, and ours. */
export function withOwnHeaders(theirs: Readonly<Record<string, string>>, ours: OwnHeaders): HeaderList {
  const out: HeaderList = [];
  for (const [name, value] of Object.entries(theirs)) if (!ours.tellLimits || !tellsLimits(name)) out.push(name, value);
  return appended(out, ours.list);
}

/** A provider's headers that its client on the same wire shall see, without our keys, and ours. */
export function toClient(headers: IncomingHttpHeaders, ownKeys: KeyCleaner, ours: OwnHeaders): HeaderList {
  const out: HeaderList = [];
  const nominated = nominatedBy(headers.connection);
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || !crossesToClient(name) || nominated?.has(name) === true) continue;
    if (ours.tellLimits && tellsLimits(name)) continue;
    out.push(name, ownKeys.header(typeof value === 'string' ? value : value.join(', ')));
  }
  return appended(out, ours.list);
}

/** Sets a header of a list, in place of the one it may have. */
export function setHeader(list: HeaderList, name: string, value: string): void {
  for (let at = 0; at < list.length; at += 2) {
    if (list[at] !== name) continue;
    list[at + 1] = value;
    return;
  }
  list.push(name, value);
}

/** The type of an answer's body in lower case, as which media types are compared (RFC 9110 section 8.3.1); empty for none. */
export function mediaType(headers: IncomingHttpHeaders): string {
  return (headers['content-type'] ?? '').toLowerCase();
}

/** Of a provider's headers, those that mean something on every wire, in the words of the client's, without our keys. */
export function acrossWires(
  headers: IncomingHttpHeaders,
  dialect: Dialect,
  ownKeys: KeyCleaner,
): Record<string, string> {
  const out: Record<string, string> = {};
  const wait = waitOf(headers);
  if (wait !== undefined) out['retry-after'] = ownKeys.header(wait);
  for (const unit of ['requests', 'tokens']) {
    for (const fact of ['limit', 'remaining', 'reset']) {
      const openai = `x-ratelimit-${fact}-${unit}`;
      const anthropic = `anthropic-ratelimit-${unit}-${fact}`;
      const value = headers[openai] ?? headers[anthropic];
      // The two write the time of a reset differently (a duration, a date): it goes only to its own side.
      const own = dialect === 'anthropic' ? anthropic : openai;
      if (typeof value === 'string' && (fact !== 'reset' || headers[own] !== undefined))
        out[own] = ownKeys.header(value);
    }
  }
  return out;
}

// ---

function appended(list: HeaderList, more: readonly string[]): HeaderList {
  for (const each of more) list.push(each);
  return list;
}

function tellsLimits(name: string): boolean {
  return name.startsWith('x-ratelimit-') || name.startsWith('anthropic-ratelimit-');
}

const longestWaitSeconds = 24 * 60 * 60;

// Whole seconds from 1 on, as every client reads them, whatever the provider says; a date stays one. OpenAI says
// milliseconds in a header of its own: https://github.com/openai/openai-node, `retry-after-ms` (2026-11).
function waitOf(headers: IncomingHttpHeaders): string | undefined {
  const text = headers['retry-after']?.trim();
  const ms = headers['retry-after-ms'];
  const seconds = text === undefined || text === '' ? Number(typeof ms === 'string' ? ms : NaN) / 1_000 : Number(text);
  if (Number.isNaN(seconds)) return text !== undefined && !Number.isNaN(Date.parse(text)) ? text : undefined;
  return String(Math.min(longestWaitSeconds, Math.max(1, Math.ceil(seconds))));
}

// What a sender says belongs to its connection alone (RFC 9110 section 7.6.1): nearly always nothing but `keep-alive`.
function nominatedBy(connection: string | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined;
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()));
}

/** Names whose answer is remembered: the same dozen stand in nearly every request. */
const mostNames = 500;
const longestName = 64;

function remembering(decide: (name: string) => boolean): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (name) => {
    let answer = known.get(name);
    if (answer === undefined) {
      answer = decide(name);
      if (known.size < mostNames && name.length <= longestName) known.set(name, answer);
    }
    return answer;
  };
}
