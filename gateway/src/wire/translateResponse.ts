// Translates one whole response from a provider's format into the client's. Pure, so that it may run in a worker thread.

import { GatewayError } from '../core/errors';
import type { Usage } from '../core/usage';
import { type AnswerGrowth, charactersOf, openAnswerGrowth } from './answerGrowth';
import type { Codec, EncodeContext, Encoder, ResponseFixups } from './codec';
import { codecs } from './index';
import { bytesOf, parseResponse } from './shared/jsonBytes';
import type { Format, NeutralResponse, Part, StreamEvent } from './neutral';
import { openHideEmptyReasoning } from './reasoning/hideEmpty';
import { itemName, openReasoningRecorder } from './reasoning/restore';
import { areBroken, brokenArgs } from './shared/exactJson';
import { foldAnswers, perAnswer } from './shared/answers';
import { openResponseFixups } from './shared/responseFixups';

/** What the encoder knows beside the response. */
type TaskContext = Omit<EncodeContext, 'onItem'>;

export interface ResponseTranslationTask {
  readonly context: TaskContext;
  /** JSON. */
  readonly bytes: Uint8Array;
  /** The format of `bytes`. */
  readonly spoken: Format;
  readonly fixups: ResponseFixups | undefined;
  readonly to: Format;
  /** The client asked for a stream: it gets the whole response as one. */
  readonly stream: boolean;
}

export interface TranslatedResponse {
  /** JSON, or the text of a stream; empty where the response is a failure. */
  readonly body: Uint8Array;
  readonly usage: Usage | undefined;
  /** What the client's format cannot carry. */
  readonly lost: readonly string[];
  /** The response reports a failure; then nothing of it is to be sent. */
  readonly failure: NeutralResponse['failure'];
  /** The response is refused because it would grow beyond its bounds; then nothing of it is to be sent, and it is paid for. */
  readonly refusal: string | undefined;
  /** What later turns may need, by name. */
  readonly kept: readonly (readonly [string, readonly Part[]])[];
}

/** A response in the client's format. @throws GatewayError upstream_garbage where it is no JSON */
export function translateResponse(task: ResponseTranslationTask): TranslatedResponse {
  const { bytes, spoken, fixups, to, stream, context: given } = task;
  const kept: [string, readonly Part[]][] = [];
  const context: EncodeContext = { ...given, onItem: (id, part) => kept.push([itemName(id), [part]]) };
  const record = openReasoningRecorder((name, parts) => kept.push([name, parts]), given.request.answers);
  const { answers } = given.request;
  const fixup = perAnswer(answers, () => openResponseFixups(fixups));
  const hideEmpty = perAnswer(answers, () => openHideEmptyReasoning(to, given.request));
  const decoded = codecs[spoken]
    .decodeResponse(parseResponse(bytes, codecs[spoken].objectArgs), answers)
    .flatMap((event) => fixup(event));
  decoded.forEach(record);
  const events = decoded.flatMap((event) => hideEmpty(event));
  const { usage, lost: unsaid, failure, ...response } = foldAnswers(events);
  const lost = [...unsaid, ...(stream ? [] : brokenCalls(response.parts, codecs[to]))];
  const rest = { usage, lost, failure, kept, refusal: undefined };
  if (failure !== undefined) return { ...rest, body: new Uint8Array() };
  const growth = openAnswerGrowth(codecs[to], stream, given.request);
  growth.came(bytes.length);
  for (const event of events) growth.decoded(event);
  try {
    growth.allow(charactersOf(events));
    if (stream) {
      const { body, lost: more } = encodeAsStream(codecs[to].openEncoder(context), events, growth);
      return { ...rest, lost: [...lost, ...more], body };
    }
    const body = bytesOf(codecs[to].encodeResponse({ ...response, usage, lost, failure }, context));
    growth.allow(body.length);
    return { ...rest, body };
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'upstream_garbage') throw error;
    return { ...rest, body: new Uint8Array(), refusal: error.message };
  }
}

// ---

// The events as a stream. @throws GatewayError upstream_garbage where it grows beyond its bounds
function encodeAsStream(encoder: Encoder, events: readonly StreamEvent[], growth: AnswerGrowth) {
  const pieces: string[] = [];
  let characters = 0;
  for (const event of events) {
    const piece = encoder.push(event);
    growth.allow((characters += piece.length)); // no more than its bytes, which are counted once, at the end
    pieces.push(piece);
  }
  const body = new TextEncoder().encode(pieces.join(''));
  growth.allow(body.length);
  return { body, lost: encoder.lost ?? [] };
}

// Calls whose arguments a format can only carry inside an object of ours.
function brokenCalls(parts: NeutralResponse['parts'], { argsAreObjects }: Codec): string[] {
  if (!argsAreObjects) return [];
  return parts.flatMap((part) => (part.type === 'toolCall' && areBroken(part.args) ? [brokenArgs(part.name)] : []));
}
