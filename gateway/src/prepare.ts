// A client's request as one target gets it: its own bytes where the target speaks its format, else translated.

import type { IncomingHttpHeaders } from 'node:http';
import type { Provider } from '../../config/load';
import type { Target } from '../../config/target';
import type { Ask } from './ask';
import { GatewayError } from './errors';
import type { Health } from './health';
import { toUpstream } from './headers';
import { type Edit, type Peek, splice } from './peek';
import { upstreamUrl, withCredential } from './providers';
import type { Plan } from './route';
import type { Prepared } from './send';
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

/** What is known of hosts and of earlier turns. */
export interface Memory {
  readonly health: Health;
  readonly vault: Vault;
}

export interface PreparedAnswer extends Prepared {
  readonly codec: Codec;
  /** The client's own wire: bytes go through. */
  readonly sameWire: boolean;
  /** A usage event was asked for that the client does not expect. */
  readonly hideUsage: boolean;
  /** What the answer must be rid of again, when it is translated. */
  readonly undo: Undo | undefined;
  readonly otherwise?: () => PreparedAnswer;
}

/** @throws GatewayError cannot_translate, bad_json, bad_request */
export function prepare(
  outgoing: Outgoing,
  target: Target,
  provider: Provider,
  plan: Plan,
  memory: Memory,
): PreparedAnswer {
  const { ask, format } = outgoing;
  const chatOnly = memory.health.isChatOnly(provider.baseUrl);
  const spoken = upstreamFormat(provider, target, ask.format, chatOnly, () => outgoing.neutral());
  const codec = codecs[spoken];
  const sameWire = ask.pure && spoken === format;
  const mode = sameWire && ask.asList ? 'list' : ask.stream ? 'events' : 'whole';
  const url = upstreamUrl(provider, spoken, target.model, mode);
  if (sameWire) {
    const hideUsage = format === 'chat' && ask.stream && !ask.includeUsage && provider.streamUsage;
    const body = ask.sealed ? unsealed(outgoing, target.model, hideUsage) : passed(outgoing, target.model, hideUsage);
    const headers = withCredential(provider, toUpstream(outgoing.headers));
    return { call: { url, headers, body }, codec, sameWire, hideUsage, dropped: [], undo: undefined };
  }
  const request = memory.vault.restore(outgoing.keyId, outgoing.neutral(), spoken);
  const { body: encoded, dropped, undo } = codec.encodeRequest(request, target);
  if (plan.strict && dropped.length > 0) {
    throw new GatewayError('cannot_translate', {
      ...(dropped[0] === undefined ? {} : { field: dropped[0] }),
      message: `Route "${plan.requested}" is strict, and ${target.label} cannot carry: ${dropped.join(', ')}.`,
    });
  }
  const headers = withCredential(provider, ['accept', ask.stream ? 'text/event-stream' : 'application/json']);
  const call = { url, headers, body: Buffer.from(JSON.stringify(encoded)) };
  const prepared: PreparedAnswer = { call, codec, sameWire, hideUsage: false, dropped, undo };
  if (spoken !== 'responses' || ask.format === 'responses') return prepared;
  return {
    ...prepared,
    // A host that calls itself OpenAI and has no Responses: the same request as chat, and so from now on.
    otherwise() {
      memory.health.setChatOnly(provider.baseUrl);
      return prepare(outgoing, target, provider, plan, memory);
    },
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

function modelEdit(ask: Ask, model: string): Edit | undefined {
  const span = ask.seen.fields.get('model');
  if (ask.format === 'generate') return undefined; // the path names it
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
