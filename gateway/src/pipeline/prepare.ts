// A client's request as one target gets it: its own bytes where the target speaks its format, else translated.

import type { IncomingHttpHeaders } from 'node:http';
import type { Provider } from '../../../config/load';
import type { Target } from '../../../config/target';
import type { RequestFacts } from './inspect';
import { GatewayError } from '../core/errors';
import type { TargetHealth } from '../upstream/targetHealth';
import { toUpstream } from '../upstream/headers';
import { type Edit, type JsonScan, splice } from '../core/jsonScan';
import { upstreamUrl, withCredential } from '../upstream/providers';
import type { Plan } from './plan';
import type { Prepared } from './failover';
import type { ReasoningCache } from './reasoningCache';
import { codecs, speaks } from '../wire/index';
import type { Codec, ResponseFixups } from '../wire/codec';
import { isObject } from '../wire/shared/json';
import { claudeProfile, isOpenaiReasoner } from '../wire/shared/modelProfiles';
import type { Format, NeutralRequest } from '../wire/neutral';
import type { TranslatedRequest } from '../wire/translateRequest';
import { mayHoldSystemTurns } from '../wire/sanitizePassthrough';
import { asBuffer, type BodyWorker } from './bodyWorker';

/** A client's request, ready to be put on any wire. */
export interface Outgoing {
  /** The format its client is answered in. */
  readonly format: Format;
  /** The application key's id: whose thoughts the vault may put back. */
  readonly keyId: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly ask: RequestFacts;
}

/** What is known of hosts and of earlier turns. */
export interface Memory {
  readonly health: TargetHealth;
  readonly vault: ReasoningCache;
  readonly workshop: BodyWorker;
}

export interface PreparedAnswer extends Prepared {
  readonly codec: Codec;
  /** The client's own wire: bytes go through. */
  readonly sameWire: boolean;
  /** A usage event was asked for that the client does not expect. */
  readonly hideUsage: boolean;
  /** What the answer must be rid of again, when it is translated. */
  readonly fixups: ResponseFixups | undefined;
  /** The request as it was understood, where it was translated. */
  readonly request: NeutralRequest | undefined;
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
  const way: PrepareContext = { outgoing, target, provider, plan, memory };
  const refused = provider.name === 'openai' && ask.hasRouterFields;
  if (!ask.passable || refused || !speaks(provider, format, memory.health.isChatOnly(provider.baseUrl)))
    return translated(way, false);
  const hideUsage = format === 'chat' && ask.stream && !ask.includeUsage && provider.streamUsage;
  const body = passed(outgoing, target, hideUsage);
  // Who names Anthropic's own model knows what it takes; a route's name, or another spelling, says nothing of it.
  const plainTurns =
    format === 'messages' &&
    ask.model !== target.model &&
    !claudeProfile(target).systemTurns &&
    mayHoldSystemTurns(body);
  if (!ask.hasEnvelopes && !plainTurns) return passThrough(way, body, hideUsage);
  return thenDo(memory.workshop.run('sanitizePassthrough', { format, body, plainTurns }, body.length), (made) =>
    passThrough(way, asBuffer(made), hideUsage),
  );
}

// ---

interface PrepareContext {
  readonly outgoing: Outgoing;
  readonly target: Target;
  readonly provider: Provider;
  readonly plan: Plan;
  readonly memory: Memory;
}

// The client's own format: its bytes.
function passThrough(way: PrepareContext, body: Buffer, hideUsage: boolean): PreparedAnswer {
  const { outgoing, target, provider, plan } = way;
  const { ask, format } = outgoing;
  const mode = ask.asList ? 'list' : ask.stream ? 'events' : 'whole';
  const url = upstreamUrl(provider, format, target.model, mode);
  const headers = withCredential(provider, toUpstream(outgoing.headers));
  return {
    call: { url, headers, body },
    codec: codecs[format],
    sameWire: true,
    hideUsage,
    dropped: [],
    fixups: undefined,
    request: undefined,
    // Who named one model is told its refusal. A route may have sent earlier turns to another model: that is our doing.
    ...(plan.targets.length > 1 ? { otherwise: withoutRefusedThoughts(way) } : {}),
  };
}

function translated(way: PrepareContext, unthought: boolean): PreparedAnswer | Promise<PreparedAnswer> {
  const { outgoing, target, memory } = way;
  const { wire, responses, baseUrl } = way.provider;
  const { body, ask } = outgoing;
  const task = {
    from: ask.format,
    body,
    stream: ask.stream,
    provider: { wire, responses },
    chatOnly: memory.health.isChatOnly(baseUrl),
    target,
    unthought,
  };
  const made = memory.workshop.run('translateRequest', task, body.length, memory.vault.of(outgoing.keyId));
  return thenDo(made, (translation) => putTranslation(translation, way));
}

function putTranslation(
  { spoken, body, dropped, fixups, thought, request }: TranslatedRequest,
  way: PrepareContext,
): PreparedAnswer {
  const { outgoing, target, provider, plan } = way;
  const { ask } = outgoing;
  if (plan.strict && dropped.length > 0) {
    throw new GatewayError('cannot_translate', {
      ...(dropped[0] === undefined ? {} : { field: dropped[0] }),
      message: `Route "${plan.requested}" is strict, and ${target.label} cannot carry: ${dropped.join(', ')}.`,
    });
  }
  const url = upstreamUrl(provider, spoken, target.model, ask.stream ? 'events' : 'whole');
  const headers = withCredential(provider, ['accept', ask.stream ? 'text/event-stream' : 'application/json']);
  const prepared: PreparedAnswer = {
    call: { url, headers, body: asBuffer(body) },
    codec: codecs[spoken],
    sameWire: false,
    hideUsage: false,
    dropped,
    fixups,
    request,
  };
  if (spoken === 'responses' && ask.format !== 'responses') return { ...prepared, otherwise: asChat(way, thought) };
  return thought ? { ...prepared, otherwise: withoutRefusedThoughts(way) } : prepared;
}

const missing = [404, 405, 501];

// A host that calls itself OpenAI and has no Responses: the same request as chat, and so from now on.
function asChat(way: PrepareContext, thought: boolean): NonNullable<Prepared['otherwise']> {
  const { provider, memory } = way;
  const bare = withoutRefusedThoughts(way);
  return {
    after: new Set(thought ? [...missing, ...bare.after] : missing),
    way(status, refusal) {
      if (!missing.includes(status)) return bare.way(status, refusal);
      memory.health.setChatOnly(provider.baseUrl);
      return translated(way, false);
    },
  };
}

// What providers say of sealed thoughts they will not open: Anthropic of a `thinking` block, OpenAI of an encrypted item,
// Gemini of a thought signature.
const blamesThoughts =
  /signature`? in `?thinking|thinking`? blocks?[^"]{0,80}cannot be modified|invalid_encrypted_content|encrypted content[^"]{0,200}could not be|(?:corrupted )?thought signature(?: is not valid|\.)/i;
const badRequest = new Set([400]);

// A conversation whose sealed thoughts are refused would be stuck for good: once more, without them.
function withoutRefusedThoughts(way: PrepareContext): NonNullable<Prepared['otherwise']> {
  return {
    after: badRequest,
    way: (_status, refusal) =>
      blamesThoughts.test(refusal.toString('utf8', 0, 8_192)) ? translated(way, true) : undefined,
  };
}

function thenDo<T, R>(made: T | Promise<T>, then: (made: T) => R): R | Promise<R> {
  return made instanceof Promise ? made.then(then) : then(made);
}

function passed({ body, ask }: Outgoing, target: Target, hideUsage: boolean): Buffer {
  const edits = [
    modelEdit(ask, target.model),
    isOpenaiReasoner(target) ? maximumEdit(body, ask) : undefined,
    hideUsage ? usageEdit(body, ask.scan) : undefined,
  ];
  return splice(
    body,
    edits.filter((edit) => edit !== undefined),
  );
}

function modelEdit(ask: RequestFacts, model: string): Edit | undefined {
  const span = ask.scan.fields.get('model');
  if (ask.format === 'generate') return undefined; // the path names it
  return span === undefined || ask.model === model ? undefined : { ...span, text: JSON.stringify(model) };
}

// OpenAI's reasoning models refuse the older name of the maximum, which most clients of other hosts send.
function maximumEdit(body: Buffer, { format, scan }: RequestFacts): Edit | undefined {
  const older = scan.fields.get('max_tokens');
  if (format !== 'chat' || older === undefined || scan.fields.has('max_completion_tokens')) return undefined;
  const name = '"max_tokens"';
  const start = body.lastIndexOf(name, older.start);
  return { start, end: start + name.length, text: '"max_completion_tokens"' };
}

// `stream_options.include_usage` set, and nothing else changed.
function usageEdit(body: Buffer, seen: JsonScan): Edit | undefined {
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
