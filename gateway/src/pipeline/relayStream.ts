// A stream on its way to the client: its bytes as they come on the same wire, event by event through the neutral form on
// another. The client is never ahead of what was reserved, and the provider never far ahead of the client.

import { GatewayError } from '../core/errors';
import { acrossWires, toClient } from '../upstream/headers';
import { failureError } from '../upstream/providerErrors';
import { codecs } from '../wire';
import type { StreamEvent } from '../wire/neutral';
import { itemName, openReasoningRecorder } from '../wire/reasoning/restore';
import { openHideEmptyReasoning } from '../wire/reasoning/hideEmpty';
import { openResponseFixups } from '../wire/shared/responseFixups';
import { openFrameReader } from '../wire/shared/sse';
import { type AnswerTranslation, encodeContextOf } from './answerTranslation';
import { ClientGone, writeToClient } from './clientConnection';
import type { Answered, Local, Passthrough, Translated } from './context';
import type { ResponseContext } from './responseContext';
import type { ResponseProgress } from './responseProgress';
import { openStreamFraming, type StreamFraming } from './streamFraming';
import { openJsonArrayTap, openUsageTap } from './usageTap';

/**
 * Passes a stream on. A failure after its beginning is told inside it, in the client's dialect.
 * @throws GatewayError the failure that ended it; ClientGone
 */
export async function relayStream(
  answered: Answered<AnswerTranslation>,
  context: ResponseContext,
  progress: ResponseProgress,
): Promise<void> {
  const { response } = answered;
  const { raw } = context;
  const framing = openStreamFraming(context.asList);
  const headers: Record<string, string> =
    answered.kind === 'translated' ? acrossWires(response.headers, context.dialect) : toClient(response.headers);
  if (answered.kind === 'translated') headers['content-type'] = framing.contentType;
  Object.assign(headers, context.headers);
  headers['cache-control'] = 'no-cache, no-transform'; // proxies that compress would hold events back
  headers['x-accel-buffering'] = 'no'; // the same for nginx
  raw.writeHead(200, headers);
  progress.begun = true;
  const flush = setImmediate(() => raw.flushHeaders()); // unless the first event takes them along
  try {
    if (answered.kind === 'translated') await translate(answered, context, framing, progress);
    else await passThrough(answered, context, framing, progress);
    raw.end();
  } catch (error) {
    progress.failed = true;
    if (error instanceof ClientGone) throw error;
    // Whatever went wrong, the client is told, or its connection closed: it would wait for ever.
    const failure = error instanceof GatewayError ? error : new GatewayError('internal', { cause: error });
    progress.status = failure.status;
    if (failure.code === 'request_timeout')
      raw.destroy(); // it does not read, so that nothing more can be said
    else if (!raw.destroyed) raw.end(framing.fail(context.dialect, failure, context.requestId));
    throw error;
  } finally {
    clearImmediate(flush);
  }
}

// ---

async function passThrough(
  answered: Answered<AnswerTranslation> & (Passthrough | Local),
  context: ResponseContext,
  framing: StreamFraming,
  progress: ResponseProgress,
): Promise<void> {
  const eventLimit = context.limits.event_bytes;
  const codec = codecs[answered.kind === 'local' ? context.format : answered.format];
  const hideUsage = answered.kind === 'passthrough' && answered.hideUsage;
  const tap = context.asList ? openJsonArrayTap({ codec, eventLimit }) : openUsageTap({ codec, hideUsage, eventLimit });
  const write = openWriter(context, progress);
  try {
    await answered.response.forEachChunk((chunk) => {
      const bytes = tap.feed(chunk);
      if (bytes !== undefined) framing.passed();
      const passed = tap.failed && bytes !== undefined ? context.ownKeys.bytes(bytes) : bytes;
      return write(passed, tap.estimatedOutput);
    });
    await write(tap.rest(), tap.estimatedOutput);
    if (!tap.complete && !tap.failed) throw new GatewayError('upstream_died');
    progress.failed = tap.failed;
  } finally {
    progress.usage = tap.usage;
    progress.complete = tap.complete;
  }
}

async function translate(
  answered: Answered<AnswerTranslation> & Translated<AnswerTranslation>,
  context: ResponseContext,
  framing: StreamFraming,
  progress: ResponseProgress,
): Promise<void> {
  const { raw, limits } = context;
  const frames = openFrameReader(limits.event_bytes);
  const decoder = codecs[answered.format].openDecoder();
  const encoder = openAnswerEncoder(answered, context, progress);
  const alive = keepAlive(raw, framing.keepAlive(codecs[context.format].keepAlive), limits.keep_alive_ms);
  const put = openWriter(context, progress);
  const write = (text: string): Promise<void> | undefined => {
    if (text !== '') alive.refresh();
    return put(framing.put(text), Math.ceil(encoder.bytes / 4));
  };
  try {
    await answered.response.forEachChunk((chunk) => {
      let text = '';
      for (const frame of frames.push(chunk)) text += encoder.encode(decoder.push(frame));
      return write(text);
    });
    let rest = '';
    for (const frame of frames.end()) rest += encoder.encode(decoder.push(frame));
    await write(rest + encoder.encode(decoder.end()));
    if (!progress.complete) throw new GatewayError('upstream_died');
    await put(framing.end(), 0);
    if (progress.lost.length > 0 && codecs[context.format].carriesComments)
      await write(`: x-ovth-lost: ${[...new Set(progress.lost)].join(', ')}\n\n`);
  } catch (error) {
    // A format with a failure of its own tells it, before the error event that SDKs raise on.
    if (error instanceof GatewayError && !raw.destroyed) raw.write(encoder.fail(error) || '');
    throw error;
  } finally {
    alive.stop();
  }
}

/** Decoded events of a provider's stream as the client's format, with what earlier encoding did undone. */
function openAnswerEncoder(
  { translation }: Translated<AnswerTranslation>,
  context: ResponseContext,
  progress: ResponseProgress,
) {
  const encodeContext = encodeContextOf(translation, context);
  const encoder = codecs[context.format].openEncoder({
    ...encodeContext,
    onItem: (id, part) => context.remember(itemName(id), [part]),
  });
  const record = openReasoningRecorder(context.remember);
  const fixup = openResponseFixups(translation.fixups);
  const hideEmpty = openHideEmptyReasoning(context.format, encodeContext.request);
  let bytes = 0;
  const note = (event: StreamEvent): void => {
    if (event.type === 'delta') bytes += event.text.length;
    else if (event.type === 'usage') progress.usage = event.usage;
    else if (event.type === 'finish') progress.complete = true;
    else if (event.type === 'lost') progress.lost.push(event.what);
    else if (event.type === 'failure') throw failureError(event.kind, context.ownKeys.text(event.message));
  };
  return {
    /** Characters of content so far. */
    get bytes() {
      return bytes;
    },
    /** @throws GatewayError for a failure that the provider tells in its stream */
    encode(events: readonly StreamEvent[]): string {
      let text = '';
      for (const decoded of events) {
        for (const event of fixup(decoded)) {
          record(event);
          note(event);
          for (const shown of hideEmpty(event)) text += encoder.push(shown);
        }
      }
      return text;
    },
    fail: (error: GatewayError) => encoder.fail?.(error) ?? '',
  };
}

/** Writes to the client as long as the quota lasts; gives a promise only where it must be waited for. */
function openWriter(context: ResponseContext, progress: ResponseProgress) {
  const { raw, client, limits, reservation, extendBy } = context;
  const put = (bytes: Buffer | string | undefined): Promise<void> | undefined => {
    if (bytes === undefined || bytes.length === 0) return undefined;
    progress.firstTokenAt ??= context.now();
    return writeToClient(raw, bytes, limits.reader_stall_ms, client);
  };
  return (bytes: Buffer | string | undefined, estimate: number): Promise<void> | undefined => {
    if (estimate <= progress.estimatedOutput) return put(bytes);
    progress.estimatedOutput = estimate;
    if (estimate <= reservation.output) return put(bytes);
    return reservation.extend(Math.max(extendBy, estimate - reservation.output)).then((granted) => {
      if (!granted)
        throw new GatewayError('over_quota', { message: 'The quota was used up in the middle of this answer.' });
      return put(bytes);
    });
  };
}

// Tells a waiting client now and then that its stream is alive: what the provider sends to keep its own alive says
// nothing on another wire.
function keepAlive(raw: ResponseContext['raw'], frame: string, everyMs: number): { refresh(): void; stop(): void } {
  const timer = setInterval(() => {
    if (!raw.writableNeedDrain && !raw.destroyed) raw.write(frame);
  }, everyMs);
  return { refresh: () => void timer.refresh(), stop: () => clearInterval(timer) };
}
