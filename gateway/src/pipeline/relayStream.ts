// A stream on its way to the client: its bytes as they come on the same wire, event by event through the neutral form on
// another. The client is never ahead of what was reserved, and the provider never far ahead of the client.

import { withSearches } from '../core/usage';
import { GatewayError } from '../core/errors';
import { acrossWires, type HeaderList, setHeader, toClient, withOwnHeaders } from '../upstream/headers';
import type { UpstreamResponse } from '../upstream/exchange';
import { failureError } from '../upstream/providerErrors';
import { isDeath } from '../upstream/readAll';
import { answerFacts, codecs } from '../wire';
import type { Decoder, Frame } from '../wire/codec';
import type { CompletionFacts } from '../wire/formatFacts';
import { errorData } from '../wire/shared/errorEvents';
import { parseEvent } from '../wire/shared/json';
import { dataOf, type FrameReader, openFrameReader } from '../wire/shared/sse';
import { AnswerEncoder } from './answerEncoder';
import type { AnswerTranslation } from './answerTranslation';
import { ClientGone } from './clientConnection';
import type { Answered, Local, Passthrough, Translated } from './context';
import { cleanFailure } from './cleanFailure';
import type { ResponseContext } from './responseContext';
import { headerText } from './responseHeaders';
import { noteLost, type ResponseProgress } from './responseProgress';
import { openSlicedEncoding } from './slicedEncoding';
import { openStreamEnding } from './streamEnding';
import { openStreamFraming, type StreamFraming } from './streamFraming';
import { StreamMemory } from './streamMemory';
import { StreamOutput } from './streamOutput';
import { openJsonArrayTap, openUsageTap, type UsageTap } from './usageTap';

/**
 * Passes a stream on. A failure before its first content goes to the next target where there is one; a failure after its
 * beginning is told inside it, in the client's dialect.
 * @throws GatewayError the failure that ended it; ClientGone
 */
export async function relayStream(
  answered: Answered<AnswerTranslation>,
  context: ResponseContext,
  progress: ResponseProgress,
): Promise<void> {
  const { raw } = context;
  const framing = openStreamFraming(context.asList);
  const memory = new StreamMemory(context.memory);
  const output = new StreamOutput(headersOf(answered, context, framing), context, progress, memory);
  const relay: StreamRelay = { context, framing, output, memory, progress };
  try {
    if (answered.kind === 'translated') await translate(answered, relay);
    else await passThrough(answered, relay);
    raw.end();
  } catch (error) {
    if (error instanceof MovedOn) return;
    output.close(); // nothing is sent while it is decided who answers
    if (!progress.begun && error instanceof GatewayError && (await context.turn.moveOn(error))) return;
    if (error instanceof ClientGone || !progress.begun) throw error;
    // Whatever went wrong, the client is told, or its connection closed: it would wait for ever.
    const failure = error instanceof GatewayError ? error : new GatewayError('internal', { cause: error });
    progress.status = failure.status;
    if (failure.code === 'request_timeout')
      raw.destroy(); // it does not read, so that nothing more can be said
    else if (!raw.destroyed) raw.end(framing.fail(context.dialect, failure, context.requestId, output.next));
    throw error;
  } finally {
    output.close();
    memory.close();
  }
}

// ---

/** Another target answers, and nothing of this stream was sent. */
class MovedOn extends Error {}

/** What passing one stream on has to do with. */
interface StreamRelay {
  readonly context: ResponseContext;
  readonly framing: StreamFraming;
  readonly output: StreamOutput;
  readonly memory: StreamMemory;
  readonly progress: ResponseProgress;
}

function headersOf(
  { kind, response }: Answered<AnswerTranslation>,
  context: ResponseContext,
  framing: StreamFraming,
): HeaderList {
  const headers =
    kind === 'translated'
      ? withOwnHeaders(acrossWires(response.headers, context.dialect, context.ownKeys), context.headers)
      : toClient(response.headers, context.ownKeys, context.headers);
  if (kind === 'translated') headers.push('content-type', framing.contentType);
  setHeader(headers, 'cache-control', 'no-cache, no-transform'); // proxies that compress would hold events back
  setHeader(headers, 'x-accel-buffering', 'no'); // the same for nginx
  return headers;
}

async function passThrough(
  answered: Answered<AnswerTranslation> & (Passthrough | Local),
  relay: StreamRelay,
): Promise<void> {
  const { context, framing, output, memory, progress } = relay;
  const { response } = answered;
  let tap = openTap(answered, relay);
  const ending = openStreamEnding(response, context.limits.end_ms);
  const write = (bytes: Buffer | undefined): Promise<void> | undefined => {
    if (bytes === undefined) return undefined;
    framing.passed();
    const next = tap.sequence === undefined ? undefined : tap.sequence + 1;
    if (tap.failure === undefined) return output.write(bytes, tap.estimatedOutput, tap.said || tap.complete, next);
    const clean = context.ownKeys.bytes(bytes);
    return passFailure(clean, failureError(cleanFailure(tap.failure, context)), tap, relay);
  };
  let rest: Buffer | undefined;
  try {
    try {
      await response.forEachChunk((chunk) => {
        if (framing.settle(chunk)) tap = openTap(answered, relay);
        const bytes = tap.feed(chunk);
        const wait = writeBefore(memory.gathers(tap.waiting), write(bytes));
        if (tap.last) response.release();
        else if (tap.complete || tap.failure !== undefined) ending.after(wait, bytes?.includes('data:') === true);
        return wait;
      });
      rest = tap.rest();
    } catch (error) {
      // After the reason to end it is no failure that a connection breaks: all of the answer is there, but for a usage that may
      // have followed and is estimated. Told as one it would make the client ask, and pay, once more for what it has.
      if (!(tap.complete || tap.failure !== undefined) || !isDeath(error)) throw error;
    }
    if (tap.failure === undefined && !tap.complete) {
      if (progress.begun) await write(wholeEvent(rest)); // else another target may answer
      throw new GatewayError('upstream_died');
    }
    // A list whose provider ended it at an error lacks its bracket, without which the error could not be read.
    if (framing.isList && tap.failure !== undefined && !tap.last) await output.write(framing.end(), 0, tap.said);
    else await write(rest);
    noteAnswer(tap, progress);
  } catch (error) {
    if (!(error instanceof MovedOn)) noteAnswer(tap, progress);
    throw error;
  } finally {
    ending.stop();
  }
}

function openTap(
  answered: Answered<AnswerTranslation> & (Passthrough | Local),
  { context, framing }: Pick<StreamRelay, 'context' | 'framing'>,
): UsageTap {
  const { answers, limits } = context;
  const codec = answerFacts[answered.kind === 'local' ? context.format : (answered.answerFormat ?? answered.format)];
  const hideUsage = answered.kind === 'passthrough' && answered.hideUsage;
  const options = { codec, answers, eventLimit: limits.event_bytes };
  return framing.isList ? openJsonArrayTap(options) : openUsageTap({ ...options, hideUsage });
}

// The last event of a stream, where it lacks its blank line alone. Before the error that we tell, half an event would make both
// unreadable.
function wholeEvent(rest: Buffer | undefined): Buffer | undefined {
  return rest === undefined || parseEvent(dataOf(rest)) === undefined ? undefined : Buffer.concat([rest, blankLine]);
}

const blankLine = Buffer.from('\n\n');

function noteAnswer({ usage, complete }: UsageTap, progress: ResponseProgress): void {
  progress.usage = usage;
  progress.complete = complete;
}

// The provider's own words for a failure, unless another target answers instead.
async function passFailure(
  bytes: Buffer,
  failure: GatewayError,
  { said, estimatedOutput, usage }: Pick<UsageTap, 'said' | 'estimatedOutput' | 'usage'>,
  { context, output, progress }: StreamRelay,
): Promise<void> {
  output.close(); // nothing is sent while it is decided who answers
  progress.usage = usage;
  if (!progress.begun && !said && (await context.turn.moveOn(failure))) throw new MovedOn();
  progress.failure = failure;
  progress.status = failure.status;
  output.commit();
  await output.write(bytes, estimatedOutput, said);
}

async function translate(
  answered: Answered<AnswerTranslation> & Translated<AnswerTranslation>,
  relay: StreamRelay,
): Promise<void> {
  const { context, framing, output, memory, progress } = relay;
  const { raw, limits } = context;
  const { response } = answered;
  const frames = openFrameReader(limits.event_bytes);
  const decoder = codecs[answered.format].openDecoder(answered.translation.request.answers);
  const encoder = new AnswerEncoder(answered, context, progress);
  const alive = keepAlive(progress, raw, framing.keepAlive(codecs[context.format].keepAlive), limits.keep_alive_ms);
  const ending = openStreamEnding(response, limits.end_ms);
  const write = (text: string): Promise<void> | undefined => {
    if (text !== '') alive.refresh();
    const said = encoder.said || progress.complete;
    return output.write(framing.put(text), Math.ceil(encoder.tokens), said, encoder.sequence);
  };
  const encoding = openSlicedEncoding({
    decoder: readingErrors(decoder, codecs[answered.format]),
    encode: (events) => encoder.encode(events),
    gather: (more) =>
      more > 0 || memory.isDue ? memory.gathers(frames.waiting + decoder.kept + encoder.kept + more) : undefined,
    write: (text) => writeBefore(encoder.failure, text === '' ? undefined : write(text)),
  });
  const noteEnd = (wait: Promise<void> | undefined, isEvent: boolean): void => {
    if (progress.complete) response.release();
    else if (decoder.ending) ending.after(wait, isEvent);
  };
  try {
    const take = (chunk: Buffer): Promise<void> | undefined => {
      const list = frames.push(chunk);
      encoder.came(chunk.length, list);
      memory.came(chunk.length);
      const wait = encoding.push(list);
      noteEnd(wait, list.length > 0);
      return wait?.then(() => noteEnd(undefined, list.length > 0)); // the end may have come in a later slice
    };
    await encoding.push(await readFrames(response, frames, take, () => decoder.ending));
    await encoding.end();
    if (!progress.complete) throw new GatewayError('upstream_died');
    output.commit();
    await output.write(framing.end(), 0, true);
    await writeLost(relay, encoder.lost);
  } catch (error) {
    progress.failure = encoder.failure;
    noteReported(decoder, progress, error);
    // A format with a failure of its own tells it, before the error event that SDKs raise on.
    if (error instanceof GatewayError && progress.begun && !raw.destroyed) {
      encoder.sequence = output.next;
      raw.write(encoder.fail(error) || '');
      output.next = encoder.sequence ?? 0;
    }
    throw error;
  } finally {
    alive.stop();
    ending.stop();
  }
}

// A decoder to which an event that is named an error is one, whatever its data is.
function readingErrors(
  decoder: Pick<Decoder, 'push' | 'end'>,
  facts: Pick<CompletionFacts, 'failureIn'>,
): Pick<Decoder, 'push' | 'end'> {
  return {
    push: (frame) => decoder.push(frame.event === 'error' ? { ...frame, data: errorData(frame, facts) } : frame),
    end: () => decoder.end(),
  };
}

// What came before a failure is written before it, however the bytes were cut.
function writeBefore(failure: GatewayError | undefined, written: Promise<void> | undefined): Promise<void> | undefined {
  if (failure === undefined) return written;
  return Promise.resolve(written).then(() => {
    throw failure;
  });
}

// What the provider has reported before a stream failed, whose events may not have been encoded. Of searches its parts may show
// more than was reported before the end.
function noteReported(
  { usage, searches, ending }: Pick<Decoder, 'usage' | 'searches' | 'ending'>,
  progress: Pick<ResponseProgress, 'usage' | 'complete'>,
  error: unknown,
): void {
  if (usage !== undefined) {
    const shown = ending ? 0 : (progress.usage?.searches ?? 0);
    progress.usage = withSearches({ ...progress.usage, ...usage }, Math.max(shown, usage.searches ?? 0));
  }
  if (searches !== undefined) progress.usage = withSearches(progress.usage, searches);
  // An answer that we refuse to encode may have come whole: then its usage is what it costs.
  if (error instanceof GatewayError && error.code === 'upstream_garbage') progress.complete ||= ending;
}

// The frames of a stream, to its end, or to where it broke off when its end had been told: only usage can be missing then.
// Returns those that are left.
async function readFrames(
  response: Pick<UpstreamResponse, 'forEachChunk'>,
  frames: Pick<FrameReader, 'end'>,
  take: (chunk: Buffer) => Promise<void> | undefined,
  hasEnded: () => boolean,
): Promise<readonly Frame[]> {
  try {
    await response.forEachChunk(take);
    return frames.end();
  } catch (error) {
    if (!hasEnded() || !isDeath(error)) throw error;
    return [];
  }
}

// Names what was lost in a closing comment. A name may be one of the provider's own, with a line end in it.
function writeLost({ context, output, progress }: StreamRelay, lost: readonly string[]): Promise<void> | undefined {
  for (const what of lost) noteLost(progress, what);
  if (progress.lost.length === 0 || !codecs[context.format].carriesComments) return undefined;
  return output.write(`: x-ovth-lost: ${progress.lost.map(headerText).join(', ')}\n\n`, 0, true);
}

// Tells a waiting client now and then that its stream is alive: what the provider sends to keep its own alive says
// nothing on another wire.
function keepAlive(
  progress: Pick<ResponseProgress, 'begun'>,
  raw: ResponseContext['raw'],
  frame: string,
  everyMs: number,
): { refresh(): void; stop(): void } {
  const timer = setInterval(() => {
    if (progress.begun && !raw.writableNeedDrain && !raw.destroyed) raw.write(frame);
  }, everyMs);
  return { refresh: () => void timer.refresh(), stop: () => clearInterval(timer) };
}
