// From a provider's answer to the client: bytes as they are on the same wire, through the neutral form on another.

import type { ServerResponse } from 'node:http';
import type { Limits } from '../../config/limits';
import { write } from './client';
import { type Dialect, streamError } from './dialects';
import { GatewayError } from './errors';
import { acrossWires, toClient } from './headers';
import type { Usage } from './money';
import { peek } from './peek';
import type { Sent } from './send';
import { openTap } from './tap';
import { codecs } from './wire';
import type { Codec, Json, Speaker } from './wire/codec';
import { readFrames } from './wire/frames';
import { isObject } from './wire/json';
import { fold, type Format, type StreamEvent } from './wire/neutral';

/** What became of an answer; filled in as it passes, so that it holds even when the passing fails. */
export interface Passage {
  status: number;
  usage: Partial<Usage> | undefined;
  /** Output tokens by our own estimate, for when nobody reports them. */
  estimatedOutput: number;
  /** The provider's answer was an error, or turned into one. */
  failed: boolean;
  /** Parts of the answer that the client's format cannot carry. */
  lost: string[];
  /** Something has been sent to the client: from here on a failure is told inside the answer. */
  begun: boolean;
}

export const newPassage = (): Passage => ({
  status: 0,
  usage: undefined,
  estimatedOutput: 0,
  failed: false,
  lost: [],
  begun: false,
});

export interface Client {
  readonly raw: ServerResponse;
  readonly signal: AbortSignal;
  readonly format: Format;
  readonly dialect: Dialect;
  readonly requestId: string;
  /** Ours: route, request id, what was dropped, what is left of the quota. */
  readonly headers: Readonly<Record<string, string>>;
  readonly speaker: Speaker;
  readonly limits: Limits;
  /** Called as output grows; false ends the stream for want of quota. */
  readonly mayGoOn: (estimatedOutput: number) => boolean | Promise<boolean>;
}

/**
 * Passes an answer on to the client.
 * @throws GatewayError where nothing has been sent yet; ClientGone
 */
export async function relay(sent: Sent, client: Client, passage: Passage): Promise<void> {
  const { answer } = sent;
  passage.status = answer.status;
  const streamed = answer.status < 300 && String(answer.headers['content-type'] ?? '').includes('event-stream');
  if (answer.status >= 400) await relayError(sent, client, passage);
  else if (!streamed) await relayWhole(sent, client, passage);
  else await relayStream(sent, client, passage);
}

// ---

async function relayWhole(sent: Sent, client: Client, passage: Passage): Promise<void> {
  const { answer, codec, sameWire } = sent;
  const bytes = await answer.whole(client.limits.answer_bytes);
  passage.estimatedOutput = Math.ceil(bytes.length / 4);
  if (sameWire) {
    passage.usage = usageOfWhole(codec, bytes);
    end(client, passage, answer.status, toClient(answer.headers), bytes);
    return;
  }
  const body = parse(bytes);
  passage.usage = codec.usageIn(body);
  const response = fold(codec.decodeResponse(body));
  passage.lost.push(...response.lost);
  const encoded = speakerCodec(client.format).encodeResponse(response, client.speaker);
  end(
    client,
    passage,
    200,
    { ...acrossWires(answer.headers), 'content-type': 'application/json' },
    Buffer.from(JSON.stringify(encoded)),
  );
}

function parse(bytes: Buffer): Json {
  try {
    const body: unknown = JSON.parse(bytes.toString('utf8'));
    if (isObject(body)) return body;
  } catch {
    // told below
  }
  throw new GatewayError('upstream_garbage');
}

const answerBounds = { depth: 512, nodes: Infinity };

// Of a large answer only the few bytes of its usage are parsed.
function usageOfWhole(codec: Codec, bytes: Buffer): Partial<Usage> | undefined {
  try {
    const { fields } = peek(bytes, answerBounds);
    const name = codec.format === 'generate' ? 'usageMetadata' : 'usage';
    const span = fields.get(name);
    return span && codec.usageIn({ [name]: JSON.parse(bytes.toString('utf8', span.start, span.end)) as unknown });
  } catch {
    return undefined; // what is no JSON has no usage; the bytes go on all the same
  }
}

async function relayError(sent: Sent, client: Client, passage: Passage): Promise<void> {
  const { answer, sameWire } = sent;
  passage.failed = true;
  const bytes = await answer.whole(client.limits.error_body_bytes);
  if (sameWire) {
    end(client, passage, answer.status, toClient(answer.headers), bytes);
    return;
  }
  throw translateError(answer.status, bytes, acrossWires(answer.headers), sent.target.label);
}

// A provider's error on another wire: its status decides the kind, its text is for the client only when the fault is the client's.
function translateError(status: number, bytes: Buffer, headers: Record<string, string>, label: string): GatewayError {
  if (status === 401 || status === 403) return new GatewayError('upstream_credential', { headers });
  if (status === 429) return new GatewayError('upstream_rate_limited', { headers });
  if (status === 503 || status === 529) return new GatewayError('upstream_overloaded', { headers });
  if (status === 408 || status === 504) return new GatewayError('upstream_timeout', { headers });
  if (status >= 500) return new GatewayError('upstream_error', { headers });
  const text = errorText(bytes);
  const message = `${label} refused the request (${status})${text === '' ? '.' : `: ${text}`}`;
  return new GatewayError(status === 404 ? 'unknown_model' : status === 413 ? 'body_too_large' : 'bad_request', {
    message,
    headers,
  });
}

function errorText(bytes: Buffer): string {
  try {
    const body: unknown = JSON.parse(bytes.toString('utf8'));
    const error = isObject(body) ? body['error'] : undefined;
    const message = isObject(error) ? error['message'] : undefined;
    return typeof message === 'string' ? message.slice(0, 2_000) : '';
  } catch {
    return '';
  }
}

function end(client: Client, passage: Passage, status: number, headers: Record<string, string>, bytes: Buffer): void {
  passage.begun = true;
  client.raw.writeHead(status, Object.assign(headers, client.headers, { 'content-length': bytes.length }));
  client.raw.end(bytes);
}

async function relayStream(sent: Sent, client: Client, passage: Passage): Promise<void> {
  const { answer, sameWire } = sent;
  const { raw } = client;
  const upstream = sameWire
    ? toClient(answer.headers)
    : { ...acrossWires(answer.headers), 'content-type': 'text/event-stream; charset=utf-8' };
  // no-transform: proxies that compress would hold events back. x-accel-buffering: the same for nginx.
  raw.writeHead(200, {
    ...upstream,
    ...client.headers,
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
  passage.begun = true;
  const flush = setImmediate(() => raw.flushHeaders()); // unless the first event takes them along
  try {
    if (sameWire) await passThrough(sent, client, passage);
    else await translate(sent, client, passage);
    raw.end();
  } catch (error) {
    passage.failed = true;
    if (!(error instanceof GatewayError)) throw error;
    passage.status = error.status;
    if (raw.destroyed) throw error;
    raw.end(streamError(client.dialect, error, client.requestId));
    throw error;
  } finally {
    clearImmediate(flush);
  }
}

const quotaEnded = () =>
  new GatewayError('over_quota', { message: 'The daily token quota was used up in the middle of this answer.' });

async function passThrough(sent: Sent, client: Client, passage: Passage): Promise<void> {
  const { raw, signal, limits } = client;
  const tap = openTap({ codec: sent.codec, hideUsage: sent.hideUsage, eventLimit: limits.event_bytes });
  try {
    for await (const chunk of sent.answer.chunks()) {
      const bytes = tap.feed(chunk);
      const estimate = tap.estimatedOutput;
      if (estimate > passage.estimatedOutput) {
        passage.estimatedOutput = estimate;
        const allowed = client.mayGoOn(estimate);
        if (allowed !== true && !(await allowed)) throw quotaEnded();
      }
      if (bytes !== undefined && bytes.length > 0) await write(raw, bytes, limits.reader_stall_ms, signal);
    }
    const rest = tap.rest();
    if (rest !== undefined && rest.length > 0) await write(raw, rest, limits.reader_stall_ms, signal);
    if (!tap.complete && !tap.failed) throw new GatewayError('upstream_died');
    passage.failed = tap.failed;
  } finally {
    passage.usage = tap.usage;
  }
}

async function translate(sent: Sent, client: Client, passage: Passage): Promise<void> {
  const { raw, signal, limits } = client;
  const watch: Watch = { bytes: 0, finished: false, failure: undefined };
  const events = sent.codec.decodeStream(readFrames(sent.answer.chunks(), limits.event_bytes));
  for await (const text of speakerCodec(client.format).encodeStream(observe(events, watch, passage), client.speaker)) {
    const estimate = Math.ceil(watch.bytes / 4);
    if (estimate > passage.estimatedOutput) {
      passage.estimatedOutput = estimate;
      const allowed = client.mayGoOn(estimate);
      if (allowed !== true && !(await allowed)) throw quotaEnded();
    }
    await write(raw, text, limits.reader_stall_ms, signal);
  }
  if (watch.failure !== undefined) throw watch.failure;
  if (!watch.finished) throw new GatewayError('upstream_died');
  if (passage.lost.length > 0)
    await write(raw, `: x-ovth-lost: ${[...new Set(passage.lost)].join(', ')}\n\n`, limits.reader_stall_ms, signal);
}

interface Watch {
  bytes: number;
  finished: boolean;
  failure: GatewayError | undefined;
}

async function* observe(
  events: AsyncIterable<StreamEvent>,
  watch: Watch,
  passage: Passage,
): AsyncGenerator<StreamEvent> {
  for await (const event of events) {
    if (event.type === 'delta') watch.bytes += Buffer.byteLength(event.text);
    else if (event.type === 'usage') passage.usage = event.usage;
    else if (event.type === 'finish') watch.finished = true;
    else if (event.type === 'lost') passage.lost.push(event.what);
    else if (event.type === 'failure') {
      const code =
        event.kind === 'overloaded'
          ? 'upstream_overloaded'
          : event.kind === 'rate_limited'
            ? 'upstream_rate_limited'
            : 'upstream_error';
      watch.failure = new GatewayError(code);
      return;
    }
    yield event;
  }
}

function speakerCodec(format: Format): Codec {
  const codec = codecs[format];
  if (codec === undefined) throw new GatewayError('not_built');
  return codec;
}
