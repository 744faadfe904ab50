// Attempts: the same request to one target after another, until one answers. Nothing has reached the client yet.

import type { Config, Provider } from '../../config/load';
import type { Target } from '../../config/target';
import type { Ask } from './ask';
import { GatewayError } from './errors';
import { type Health, retryAfterMs } from './health';
import { toUpstream } from './headers';
import { type Edit, type Peek, splice } from './peek';
import { upstreamUrl, withCredential } from './providers';
import type { Plan } from './route';
import type { Answer, Call, Upstream } from './upstream';
import type { IncomingHttpHeaders } from 'node:http';
import type { Vault } from './vault';
import { codecs, upstreamFormat } from './wire';
import type { Codec, Undo } from './wire/codec';
import { isObject, objectOr } from './wire/json';
import type { Format, NeutralRequest } from './wire/neutral';
import { withoutSeals } from './wire/unseal';

/** A client's request, ready to be put on any wire. */
export interface Outgoing {
  /** The format its client is answered in. */
  readonly format: Format;
  /** The application key's id: whose thoughts the vault may put back. */
  readonly keyId: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly ask: Ask;
  /** Decodes the body once, when a target on another wire comes up. @throws GatewayError bad_json, bad_request */
  neutral(): NeutralRequest;
}

export interface Sent {
  readonly target: Target;
  readonly codec: Codec;
  readonly answer: Answer;
  /** The client's own wire: bytes go through. */
  readonly sameWire: boolean;
  /** A usage event was asked for that the client does not expect. */
  readonly hideUsage: boolean;
  readonly dropped: readonly string[];
  /** What the answer must be rid of again, when it is translated. */
  readonly undo: Undo | undefined;
  readonly attempts: number;
  /** Milliseconds from the last attempt's start to its first byte. */
  readonly firstByteMs: number;
}

export interface Way {
  readonly config: Config;
  readonly upstream: Upstream;
  readonly health: Health;
  readonly vault: Vault;
  readonly now: () => number;
  /** Called when a target is about to be sent to, so that what is booked names the one that was. */
  onAttempt(target: Target): void;
}

// Statuses after which another target may do better: the failure is the provider's or our credential's, not the client's.
const worthAnother = new Set([401, 408, 429, 500, 502, 503, 504, 529]);

/**
 * Sends to the plan's targets in turn. A client's own 4xx ends it at once; the last failure is returned as the answer
 * it was, or thrown where there was none.
 * @throws GatewayError upstream_unreachable, upstream_timeout, cannot_translate
 */
export async function send(outgoing: Outgoing, plan: Plan, way: Way, signal: AbortSignal): Promise<Sent> {
  const { config, upstream, health, now } = way;
  const targets = plan.targets.slice(0, config.limits.attempts);
  let attempts = 0;
  for (const [i, target] of targets.entries()) {
    const provider = config.providers.get(target.provider);
    if (provider === undefined) continue;
    const last = i === targets.length - 1;
    let prepared = prepare(outgoing, target, provider, plan, way);
    way.onAttempt(target);
    for (let retries = 0; ; retries++) {
      attempts++;
      const startedAt = now();
      let answer: Answer;
      try {
        answer = await upstream.send(prepared.call, signal);
      } catch (error) {
        if (signal.aborted || !(error instanceof GatewayError)) throw error;
        health.failed(target.label, now());
        if (retries === 0 && wasStale(error)) continue;
        // A request that was sent whole and never answered may have been done: another try could be paid twice.
        if (last || error.code === 'upstream_timeout') throw error;
        break;
      }
      const firstByteMs = now() - startedAt;
      if (isMissingPath(answer) && prepared.codec.format === 'responses' && outgoing.format !== 'responses') {
        // A host that calls itself OpenAI and has no Responses: the same request as chat, and so from now on.
        answer.cancel();
        health.setChatOnly(provider.baseUrl);
        prepared = prepare(outgoing, target, provider, plan, way);
        continue;
      }
      if (worthAnother.has(answer.status) || isGarbage(answer)) {
        health.failed(
          target.label,
          now(),
          answer.status === 429 || answer.status === 503
            ? retryAfterMs(answer.headers['retry-after'], now())
            : undefined,
        );
        if (!last) {
          answer.cancel();
          break;
        }
        if (isGarbage(answer)) {
          answer.cancel();
          throw new GatewayError('upstream_garbage');
        }
      } else {
        health.succeeded(target.label, firstByteMs);
      }
      const { call: _call, ...rest } = prepared;
      return { ...rest, target, answer, attempts, firstByteMs };
    }
  }
  throw new GatewayError('upstream_unreachable');
}

// ---

interface Prepared {
  readonly call: Call;
  readonly codec: Codec;
  readonly sameWire: boolean;
  readonly hideUsage: boolean;
  readonly dropped: readonly string[];
  readonly undo: Undo | undefined;
}

function prepare(outgoing: Outgoing, target: Target, provider: Provider, plan: Plan, way: Way): Prepared {
  const { ask, format } = outgoing;
  const chatOnly = way.health.isChatOnly(provider.baseUrl);
  const spoken = upstreamFormat(provider, target, ask.format, chatOnly, () => outgoing.neutral());
  const codec = codecs[spoken];
  const sameWire = ask.pure && spoken === format;
  const url = upstreamUrl(provider, spoken, target.model, ask.stream);
  if (sameWire) {
    const hideUsage = format === 'chat' && ask.stream && !ask.includeUsage && provider.streamUsage;
    const body = ask.sealed ? unsealed(outgoing, target.model, hideUsage) : passed(outgoing, target.model, hideUsage);
    const headers = withCredential(provider, toUpstream(outgoing.headers));
    return { call: { url, headers, body }, codec, sameWire, hideUsage, dropped: [], undo: undefined };
  }
  const request = way.vault.restore(outgoing.keyId, outgoing.neutral(), spoken);
  const { body: encoded, dropped, undo } = codec.encodeRequest(request, target);
  if (plan.strict && dropped.length > 0) {
    throw new GatewayError('cannot_translate', {
      ...(dropped[0] === undefined ? {} : { field: dropped[0] }),
      message: `Route "${plan.requested}" is strict, and ${target.label} cannot carry: ${dropped.join(', ')}.`,
    });
  }
  const headers = withCredential(provider, ['accept', ask.stream ? 'text/event-stream' : 'application/json']);
  return {
    call: { url, headers, body: Buffer.from(JSON.stringify(encoded)) },
    codec,
    sameWire,
    hideUsage: false,
    dropped,
    undo,
  };
}

function passed({ body, ask }: Outgoing, model: string, hideUsage: boolean): Buffer {
  const edits = [modelEdit(ask, model), ...(hideUsage ? [usageEdit(body, ask.seen)] : [])];
  return splice(
    body,
    edits.filter((edit) => edit !== undefined),
  );
}

// The history holds thoughts of another provider: the one case where a body on its own wire is printed anew.
function unsealed({ body, format }: Outgoing, model: string, hideUsage: boolean): Buffer {
  const json: unknown = JSON.parse(body.toString('utf8'));
  if (!isObject(json)) return body;
  const kept: Record<string, unknown> = { ...withoutSeals(format, json) };
  if ('model' in kept) kept['model'] = model;
  if (hideUsage) kept['stream_options'] = { ...objectOr(kept['stream_options']), include_usage: true };
  return Buffer.from(JSON.stringify(kept));
}

function isMissingPath(answer: Answer): boolean {
  return answer.status === 404 || answer.status === 405 || answer.status === 501;
}

function modelEdit(ask: Ask, model: string): Edit | undefined {
  const span = ask.seen.fields.get('model');
  return span === undefined || ask.model === model ? undefined : { ...span, text: JSON.stringify(model) };
}

// `stream_options.include_usage` set, and nothing else changed.
function usageEdit(body: Buffer, seen: Peek): Edit | undefined {
  const span = seen.fields.get('stream_options');
  if (span === undefined) {
    const at = seen.close;
    return { start: at, end: at, text: ',"stream_options":{"include_usage":true}' };
  }
  const options: unknown = JSON.parse(body.toString('utf8', span.start, span.end));
  if (!isObject(options) || 'include_usage' in options) {
    return { ...span, text: JSON.stringify({ ...(isObject(options) ? options : {}), include_usage: true }) };
  }
  const inside = span.start + 1;
  return { start: inside, end: inside, text: `"include_usage":true${Object.keys(options).length > 0 ? ',' : ''}` };
}

// The provider closed an idle connection just as we wrote to it: nothing was processed.
function wasStale(error: GatewayError): boolean {
  const cause = error.cause as { code?: string; socket?: { bytesRead?: number } } | undefined;
  return (
    error.code === 'upstream_unreachable' &&
    (cause?.code === 'UND_ERR_SOCKET' || cause?.code === 'ECONNRESET' || cause?.code === 'EPIPE') &&
    (cause.socket?.bytesRead ?? 1) > 0
  );
}

function isGarbage(answer: Answer): boolean {
  if (answer.status >= 300 && answer.status < 400) return true; // redirects are never followed
  const type = answer.headers['content-type'];
  return answer.status < 300 && typeof type === 'string' && !/json|event-stream/.test(type);
}
