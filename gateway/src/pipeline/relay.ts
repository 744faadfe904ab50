// From a provider's answer to the client: bytes as they are on the same wire, through the neutral form on another.

import type { ServerResponse } from 'node:http';
import type { Limits } from '../../../config/limits';
import { writeToClient } from './clientConnection';
import type { Dialect } from '../core/errorBody';
import type { CancelSignal } from '../core/cancellation';
import { GatewayError } from '../core/errors';
import { acrossWires, toClient } from '../upstream/headers';
import type { Usage } from '../core/usage';
import { scanJsonInSlices } from '../core/jsonScan';
import type { PreparedAnswer } from './prepare';
import type { Sent as SentOf } from './failover';
import { openJsonArrayTap, openUsageTap } from './usageTap';
import { openStreamFraming, type StreamFraming } from './streamFraming';
import { asBuffer, type BodyWorker } from './bodyWorker';
import { codecs } from '../wire/index';
import type { Codec, EncodeContext } from '../wire/codec';
import { failureError, failureKindOf, translateError } from '../upstream/providerErrors';
import { openFrameReader } from '../wire/shared/sse';
import type { Format, StreamEvent } from '../wire/neutral';
import { itemName, type Remember, openReasoningRecorder } from '../wire/reasoning/restore';
import { openHideEmptyReasoning, openResponseFixups } from '../wire/shared/responseFixups';

type Sent = SentOf<PreparedAnswer>;

/** What became of an answer; filled in as it passes, so that it holds even when the passing fails. */
export interface ResponseProgress {
  status: number;
  usage: Partial<Usage> | undefined;
  /** Output tokens by our own estimate, for when nobody reports them. */
  estimatedOutput: number;
  /** The provider's answer was an error, or turned into one. */
  failed: boolean;
  /** The provider has said all of its answer: a client that leaves now has what it asked for. */
  complete: boolean;
  /** Parts of the answer that the client's format cannot carry. */
  lost: string[];
  /** Something has been sent to the client: from here on a failure is told inside the answer. */
  begun: boolean;
}

export const newProgress = (): ResponseProgress => ({
  status: 0,
  usage: undefined,
  estimatedOutput: 0,
  failed: false,
  complete: false,
  lost: [],
  begun: false,
});

export interface ResponseContext {
  readonly raw: ServerResponse;
  /** Ends when the client leaves, or the gateway must stop. */
  readonly ending: CancelSignal;
  /** The format it is answered in. */
  readonly format: Format;
  /** It asked for a stream. */
  readonly stream: boolean;
  /** It asked for a stream in the form of a JSON list. */
  readonly asList: boolean;
  readonly dialect: Dialect;
  readonly requestId: string;
  /** Ours: route, request id, what was dropped, what is left of the quota. */
  readonly headers: Readonly<Record<string, string>>;
  /** Seconds since 1970. */
  readonly created: number;
  /** It asked for usage in its stream. */
  readonly includeUsage: boolean;
  /** Keeps what its later turns may need of a translated answer. */
  readonly keep: Remember;
  readonly workshop: BodyWorker;
  readonly limits: Limits;
  /** Called as output grows; false ends the stream for want of quota. */
  readonly mayGoOn: (estimatedOutput: number) => boolean | Promise<boolean>;
}

/**
 * Passes an answer on to the client.
 * @throws GatewayError where nothing has been sent yet; ClientGone
 */
export async function relay(sent: Sent, client: ResponseContext, passage: ResponseProgress): Promise<void> {
  const { answer } = sent;
  passage.status = answer.status;
  const type = String(answer.headers['content-type'] ?? '');
  const streamed = answer.status < 300 && (type.includes('event-stream') || (sent.sameWire && client.asList));
  if (answer.status >= 400) await relayError(sent, client, passage);
  else if (!streamed) await relayWhole(sent, client, passage);
  else await relayStream(sent, client, passage);
}

// ---

async function relayWhole(sent: Sent, client: ResponseContext, passage: ResponseProgress): Promise<void> {
  const { answer, codec, sameWire } = sent;
  const bytes = await answer.readAll(client.limits.answer_bytes);
  passage.estimatedOutput = Math.ceil(bytes.length / 4);
  if (sameWire) {
    passage.usage = await usageOfWhole(codec, bytes);
    endResponse(client, passage, answer.status, toClient(answer.headers), bytes);
    return;
  }
  const { format, workshop } = client;
  const stream = client.stream && !client.asList;
  const speaker = encodeContextOf(sent, client);
  const task = { bytes, spoken: codec.format, fixups: sent.fixups, to: format, speaker, stream };
  const told = await workshop.run('translateResponse', task, bytes.length);
  passage.usage = told.usage;
  passage.lost.push(...told.lost);
  for (const [name, parts] of told.kept) client.keep(name, parts);
  if (told.failure !== undefined) throw failureError(told.failure.kind, told.failure.message);
  const shared = acrossWires(answer.headers, client.dialect);
  const type = stream ? 'text/event-stream; charset=utf-8' : 'application/json';
  const body = asBuffer(told.body);
  endResponse(client, passage, 200, { ...shared, 'content-type': type }, client.asList ? asList(body) : body);
}

// Gemini's stream without `alt=sse` is a JSON list of pieces; one piece is a list too.
function asList(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from('['), bytes, Buffer.from(']')]);
}

const answerBounds = { depth: 512, nodes: Infinity };

/** The usage in a whole answer: of a large one only its few bytes are parsed. */
export async function usageOfWhole(
  codec: Pick<Codec, 'format' | 'usageIn'>,
  bytes: Buffer,
): Promise<Partial<Usage> | undefined> {
  try {
    const seeing = scanJsonInSlices(bytes, answerBounds);
    const { fields } = seeing instanceof Promise ? await seeing : seeing;
    const name = codec.format === 'generate' ? 'usageMetadata' : 'usage';
    const span = fields.get(name);
    return span && codec.usageIn({ [name]: JSON.parse(bytes.toString('utf8', span.start, span.end)) as unknown });
  } catch {
    return undefined; // what is no JSON has no usage; the bytes go on all the same
  }
}

/** An error answer: as it is on the same wire, in the client's words otherwise. @throws GatewayError */
export async function relayError(
  sent: Pick<Sent, 'answer' | 'sameWire' | 'target'>,
  client: ResponseContext,
  passage: ResponseProgress,
): Promise<void> {
  const { answer, sameWire } = sent;
  passage.failed = true;
  const bytes = await answer.readAll(client.limits.error_body_bytes);
  if (sameWire) {
    endResponse(client, passage, answer.status, toClient(answer.headers), bytes);
    return;
  }
  throw translateError(answer.status, bytes, acrossWires(answer.headers, client.dialect), sent.target);
}

/** Sends a whole answer. */
export function endResponse(
  client: ResponseContext,
  passage: ResponseProgress,
  status: number,
  headers: Record<string, string>,
  bytes: Buffer,
): void {
  passage.begun = true;
  client.raw.writeHead(status, Object.assign(headers, client.headers, { 'content-length': bytes.length }));
  client.raw.end(bytes);
}

async function relayStream(sent: Sent, client: ResponseContext, passage: ResponseProgress): Promise<void> {
  const { answer, sameWire } = sent;
  const { raw } = client;
  const telling = openStreamFraming(client.asList);
  const upstream = sameWire
    ? toClient(answer.headers)
    : { ...acrossWires(answer.headers, client.dialect), 'content-type': telling.contentType };
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
    if (sameWire) await passThrough(sent, client, telling, passage);
    else await translate(sent, client, telling, passage);
    raw.end();
  } catch (error) {
    passage.failed = true;
    if (!(error instanceof GatewayError)) throw error;
    passage.status = error.status;
    if (raw.destroyed) throw error;
    raw.end(telling.fail(client.dialect, error, client.requestId));
    throw error;
  } finally {
    clearImmediate(flush);
  }
}

const quotaExhausted = () =>
  new GatewayError('over_quota', { message: 'The daily token quota was used up in the middle of this answer.' });

async function passThrough(
  sent: Sent,
  client: ResponseContext,
  telling: StreamFraming,
  passage: ResponseProgress,
): Promise<void> {
  const { codec, hideUsage } = sent;
  const eventLimit = client.limits.event_bytes;
  const tap = client.asList ? openJsonArrayTap({ codec, eventLimit }) : openUsageTap({ codec, hideUsage, eventLimit });
  const say = openWriter(client, passage);
  try {
    await sent.answer.forEachChunk((chunk) => {
      const bytes = tap.feed(chunk);
      if (bytes !== undefined) telling.passed();
      return say(bytes, tap.estimatedOutput);
    });
    await say(tap.rest(), tap.estimatedOutput);
    if (!tap.complete && !tap.failed) throw new GatewayError('upstream_died');
    passage.failed = tap.failed;
  } finally {
    passage.usage = tap.usage;
    passage.complete = tap.complete;
  }
}

/** Writes to the client as long as the quota lasts; gives a promise only where it must be waited for. */
function openWriter(client: ResponseContext, passage: ResponseProgress) {
  const { raw, ending, limits } = client;
  const put = (bytes: Buffer | string | undefined) =>
    bytes === undefined || bytes.length === 0 ? undefined : writeToClient(raw, bytes, limits.reader_stall_ms, ending);
  return (bytes: Buffer | string | undefined, estimate: number): Promise<void> | undefined => {
    if (estimate <= passage.estimatedOutput) return put(bytes);
    passage.estimatedOutput = estimate;
    const allowed = client.mayGoOn(estimate);
    if (allowed === true) return put(bytes);
    return Promise.resolve(allowed).then((granted) => {
      if (!granted) throw quotaExhausted();
      return put(bytes);
    });
  };
}

async function translate(
  sent: Sent,
  client: ResponseContext,
  telling: StreamFraming,
  passage: ResponseProgress,
): Promise<void> {
  const { raw, limits } = client;
  const frames = openFrameReader(limits.event_bytes);
  const decoder = sent.codec.openDecoder();
  const speaker = codecs[client.format];
  const told = encodeContextOf(sent, client);
  const encoder = speaker.openEncoder({ ...told, onItem: (id, part) => client.keep(itemName(id), [part]) });
  const listen = openReasoningRecorder(client.keep);
  const fixups = openResponseFixups(sent.fixups);
  const quiet = openHideEmptyReasoning(client.format, told.request);
  const alive = keepAlive(raw, telling.keepAlive(speaker.keepAlive), limits.keep_alive_ms);
  let bytes = 0;

  const tell = (events: readonly StreamEvent[]): string => {
    let text = '';
    for (const decoded of events) {
      for (const event of fixups(decoded)) {
        listen(event);
        if (event.type === 'delta') bytes += event.text.length;
        else if (event.type === 'usage') passage.usage = event.usage;
        else if (event.type === 'finish') passage.complete = true;
        else if (event.type === 'lost') passage.lost.push(event.what);
        else if (event.type === 'failure') throw failureError(event.kind, event.message);
        for (const shown of quiet(event)) text += encoder.push(shown);
      }
    }
    return text;
  };
  const put = openWriter(client, passage);
  const say = (text: string): Promise<void> | undefined => {
    if (text !== '') alive.refresh();
    return put(telling.put(text), Math.ceil(bytes / 4));
  };

  try {
    await sent.answer.forEachChunk((chunk) => {
      let text = '';
      for (const frame of frames.push(chunk)) text += tell(decoder.push(frame));
      return say(text);
    });
    let rest = '';
    for (const frame of frames.end()) rest += tell(decoder.push(frame));
    await say(rest + tell(decoder.end()));
    if (!passage.complete) throw new GatewayError('upstream_died');
    await put(telling.end(), 0);
    // Gemini's SDKs know no comments.
    if (passage.lost.length > 0 && client.format !== 'generate')
      await say(`: x-ovth-lost: ${[...new Set(passage.lost)].join(', ')}\n\n`);
  } catch (error) {
    // A format with a failure of its own tells it, before the error event that SDKs raise on.
    if (error instanceof GatewayError && !raw.destroyed)
      raw.write(encoder.push({ type: 'failure', kind: failureKindOf(error), message: error.message }) || '');
    throw error;
  } finally {
    alive.stop();
  }
}

function encodeContextOf({ request }: Sent, client: ResponseContext): Omit<EncodeContext, 'onItem'> {
  const { requestId, created, includeUsage, format, stream } = client;
  // A translated answer always has its request; the empty one only stands in for the types.
  return {
    requestId,
    created,
    includeUsage,
    request: request ?? { from: format, messages: [], native: {}, stream },
  };
}

// Tells a waiting client now and then that its stream is alive: what the provider sends to keep its own alive says
// nothing on another wire.
function keepAlive(raw: ServerResponse, frame: string, everyMs: number): { refresh(): void; stop(): void } {
  const timer = setInterval(() => {
    if (!raw.writableNeedDrain && !raw.destroyed) raw.write(frame);
  }, everyMs);
  return { refresh: () => void timer.refresh(), stop: () => clearInterval(timer) };
}
