// Token counts: by the provider's own counter where it has one, with tools, images and system prompt in it; else by an
// estimate, which says so. A count is free and is not booked. Sources: Anthropic "Count tokens in a Message", Gemini
// "models.countTokens", OpenAI "Get input token counts".

import type { ServerResponse } from 'node:http';
import type { Provider } from '../../config/load';
import { isoDay } from '../../config/load';
import type { Target } from '../../config/target';
import { watchClient } from './client';
import { GatewayError } from './errors';
import { translateError } from './failure';
import type { Gateway, Incoming } from './handle';
import { acrossWires, toClient, toUpstream } from './headers';
import { field, peek, type Peek } from './peek';
import { withCredential } from './providers';
import { plan } from './route';
import { type Prepared, send } from './send';
import { codecs } from './wire';
import type { Json } from './wire/codec';
import { countOr, isObject, objectOr } from './wire/json';
import { readRequest as readMessages } from './wire/messages/readRequest';
import type { Format, NeutralRequest } from './wire/neutral';

/** @throws GatewayError where nothing has been sent to the client yet */
export async function countTokens(gateway: Gateway, incoming: Incoming): Promise<void> {
  const { config, health, now } = gateway;
  const { body, format, raw, id, startedAt } = incoming;
  const leaving = watchClient(raw, gateway.stopping);
  const seen = peek(body, { depth: config.limits.json_depth, nodes: config.limits.json_nodes });
  const model = incoming.named?.model ?? field(body, seen, 'model');
  if (typeof model !== 'string' || model === '')
    throw new GatewayError('bad_request', { field: 'model', message: '"model" is missing: name a model or a route.' });
  const estimate = estimateCount(seen);
  const needs = { capabilities: [], input: 0, output: undefined };
  const chosen = plan(config, model, needs, health, { now: startedAt, day: isoDay(startedAt), chance: Math.random() });
  const [target] = chosen.targets;
  if (target === undefined) throw new GatewayError('no_capable_target');
  const headers = {
    'x-request-id': id,
    'x-ovth-route': `${model.slice(0, 200).replace(/[^\x20-\x7e]/g, '?')} -> ${target.label}`,
  };
  const provider = config.providers.get(target.provider);
  const counter = provider === undefined ? undefined : counterOf(provider, target);
  if (provider === undefined || counter === undefined) {
    read(format, body); // a body that is none is refused here as anywhere
    return end(raw, 200, { ...headers, 'x-ovth-tokens': 'estimated' }, printed(format, estimate));
  }
  // One target: another model would count otherwise.
  const one = { ...chosen, targets: [target] };
  const sent = await send(
    one,
    { config, upstream: gateway.upstream, health, now, onAttempt: () => undefined },
    leaving,
    (): CountCall => prepare(incoming, counter, provider, target),
  );
  const bytes = await sent.answer.whole(config.limits.error_body_bytes);
  const status = sent.answer.status;
  if (status === 404 || status === 405 || status === 501)
    return end(raw, 200, { ...headers, 'x-ovth-tokens': 'estimated' }, printed(format, estimate));
  if (sent.sameWire) return end(raw, status, { ...toClient(sent.answer.headers), ...headers }, bytes);
  if (status >= 400) throw translateError(status, bytes, acrossWires(sent.answer.headers, incoming.dialect), target);
  const counted = counter.read(objectOr(JSON.parse(bytes.toString('utf8'))));
  end(raw, 200, { ...headers, 'x-ovth-tokens': 'counted' }, printed(format, counted));
}

// ---

interface CountCall extends Prepared {
  readonly sameWire: boolean;
}

interface Counter {
  readonly format: Format;
  readonly url: URL;
  /** Of a whole request, what the counter takes. */
  body(request: Json): Json;
  read(answer: Json): number;
}

function counterOf(provider: Provider, target: Target): Counter | undefined {
  const base = provider.baseUrl;
  switch (provider.wire) {
    case 'anthropic':
      return {
        format: 'messages',
        url: new URL(`${base}/v1/messages/count_tokens`),
        body: (request) => only(request, ['model', 'messages', 'system', 'tools', 'tool_choice', 'thinking']),
        read: (answer) => countOr(answer['input_tokens']),
      };
    case 'gemini':
      return {
        format: 'generate',
        url: new URL(`${base}/v1beta/models/${encodeURIComponent(target.model)}:countTokens`),
        body: (request) => ({ generateContentRequest: { model: `models/${target.model}`, ...request } }),
        read: (answer) => countOr(answer['totalTokens']),
      };
    case 'openai':
      if (!provider.responses) return undefined;
      return {
        format: 'responses',
        url: new URL(`${base}/responses/input_tokens`),
        body: (request) =>
          only(request, [
            'model',
            'input',
            'instructions',
            'tools',
            'tool_choice',
            'parallel_tool_calls',
            'text',
            'reasoning',
          ]),
        read: (answer) => countOr(answer['input_tokens']),
      };
  }
}

function prepare(incoming: Incoming, counter: Counter, provider: Provider, target: Target): CountCall {
  const sameWire = counter.format === incoming.format;
  const body = sameWire
    ? named(incoming, target)
    : counter.body(codecs[counter.format].encodeRequest(read(incoming.format, incoming.body), target).body);
  const headers = withCredential(provider, sameWire ? toUpstream(incoming.headers) : ['accept', 'application/json']);
  return { call: { url: counter.url, headers, body: Buffer.from(JSON.stringify(body)) }, dropped: [], sameWire };
}

function named({ body, format }: Incoming, target: Target): Json {
  const json = parse(body);
  if (format !== 'generate') return { ...json, model: target.model };
  const inner = json['generateContentRequest'];
  return isObject(inner) ? { ...json, generateContentRequest: { ...inner, model: `models/${target.model}` } } : json;
}

function read(format: Format, body: Buffer): NeutralRequest {
  const json = parse(body);
  if (format === 'messages') return readMessages(json, true);
  const inner = json['generateContentRequest'];
  return codecs[format].decodeRequest(format === 'generate' && isObject(inner) ? inner : json);
}

function parse(body: Buffer): Json {
  try {
    const json: unknown = JSON.parse(body.toString('utf8'));
    if (isObject(json)) return json;
  } catch {
    // told below
  }
  throw new GatewayError('bad_json');
}

/** Bytes of a prompt a token stands for, on average; reservations count fewer, to be on the safe side. */
const bytesPerToken = 4;

function estimateCount(seen: Peek): number {
  return Math.ceil(seen.textBytes / bytesPerToken) + seen.mediaCount * 1_600;
}

function only(request: Json, fields: readonly string[]): Json {
  return Object.fromEntries(fields.flatMap((name) => (request[name] === undefined ? [] : [[name, request[name]]])));
}

function printed(format: Format, tokens: number): Buffer {
  const shapes: Readonly<Record<Format, Json>> = {
    messages: { input_tokens: tokens },
    generate: { totalTokens: tokens },
    responses: { object: 'response.input_tokens', input_tokens: tokens },
    chat: { input_tokens: tokens },
  };
  return Buffer.from(JSON.stringify(shapes[format]));
}

function end(raw: ServerResponse, status: number, headers: Record<string, string>, bytes: Buffer): void {
  raw.writeHead(status, { 'content-type': 'application/json', ...headers, 'content-length': bytes.length });
  raw.end(bytes);
}
