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
import type { Translator } from './translator';
import type { Vault } from './vault';
import { codecs, speaks } from './wire';
import type { Codec, Undo } from './wire/codec';
import { isObject, objectOr } from './wire/json';
import type { Format, NeutralRequest } from './wire/neutral';
import type { Translation } from './wire/translate';
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
}

/** What is known of hosts and of earlier turns. */
export interface Memory {
  readonly health: Health;
  readonly vault: Vault;
  readonly translator: Translator;
}

export interface PreparedAnswer extends Prepared {
  readonly codec: Codec;
  /** The client's own wire: bytes go through. */
  readonly sameWire: boolean;
  /** A usage event was asked for that the client does not expect. */
  readonly hideUsage: boolean;
  /** What the answer must be rid of again, when it is translated. */
  readonly undo: Undo | undefined;
  /** The request as it was understood, where it was translated. */
  readonly request: NeutralRequest | undefined;
  readonly otherwise?: () => PreparedAnswer | Promise<PreparedAnswer>;
}

/** @throws GatewayError cannot_translate, bad_json, bad_request */
export function prepare(
  outgoing: Outgoing,
  target: Target,
  provider: Provider,
  plan: Plan,
  memory: Memory,
): PreparedAnswer | Promise<PreparedAnswer> {
  const { ask, format } = outgoing;
  const chatOnly = memory.health.isChatOnly(provider.baseUrl);
  const refused = ask.forRouter && provider.name === 'openai';
  if (ask.pure && !refused && speaks(provider, format, chatOnly)) {
    const mode = ask.asList ? 'list' : ask.stream ? 'events' : 'whole';
    const url = upstreamUrl(provider, format, target.model, mode);
    const hideUsage = format === 'chat' && ask.stream && !ask.includeUsage && provider.streamUsage;
    const body = ask.sealed ? unsealed(outgoing, target.model, hideUsage) : passed(outgoing, target.model, hideUsage);
    const headers = withCredential(provider, toUpstream(outgoing.headers));
    const call = { url, headers, body };
    return { call, codec: codecs[format], sameWire: true, hideUsage, dropped: [], undo: undefined, request: undefined };
  }
  const { wire, responses } = provider;
  const thoughts = memory.vault.of(outgoing.keyId);
  const task = {
    from: ask.format,
    body: outgoing.body,
    stream: ask.stream,
    provider: { wire, responses },
    chatOnly,
    target,
    thoughts,
  };
  const translation = memory.translator.translate(task, () => memory.vault.all(outgoing.keyId));
  const put = (done: Translation) => putTranslation(done, outgoing, target, provider, plan, memory);
  return translation instanceof Promise ? translation.then(put) : put(translation);
}

function putTranslation(
  { spoken, body, dropped, undo, request }: Translation,
  outgoing: Outgoing,
  target: Target,
  provider: Provider,
  plan: Plan,
  memory: Memory,
): PreparedAnswer {
  // prettier-ignore
  const { ask } = outgoing;
  if (plan.strict && dropped.length > 0) {
    throw new GatewayError('cannot_translate', {
      ...(dropped[0] === undefined ? {} : { field: dropped[0] }),
      message: `Route "${plan.requested}" is strict, and ${target.label} cannot carry: ${dropped.join(', ')}.`,
    });
  }
  const url = upstreamUrl(provider, spoken, target.model, ask.stream ? 'events' : 'whole');
  const headers = withCredential(provider, ['accept', ask.stream ? 'text/event-stream' : 'application/json']);
  const call = { url, headers, body: Buffer.from(body.buffer, body.byteOffset, body.byteLength) };
  const prepared: PreparedAnswer = {
    call,
    codec: codecs[spoken],
    sameWire: false,
    hideUsage: false,
    dropped,
    undo,
    request,
  };
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
