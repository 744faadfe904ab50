// Translates one whole response from a provider's format into the client's. Pure, so that it may run in a worker thread.

import type { Usage } from '../core/usage';
import type { Codec, EncodeContext, ResponseFixups } from './codec';
import { codecs } from './index';
import { bytesOf, parseResponse } from './shared/jsonBytes';
import type { Format, NeutralResponse, Part } from './neutral';
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
  /** What later turns may need, by name. */
  readonly kept: readonly (readonly [string, readonly Part[]])[];
}

/** @throws GatewayError upstream_garbage */
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
  const rest = { usage, lost, failure, kept };
  if (failure !== undefined) return { ...rest, body: new Uint8Array() };
  const codec = codecs[to];
  if (!stream) return { ...rest, body: bytesOf(codec.encodeResponse({ ...response, usage, lost, failure }, context)) };
  const encoder = codec.openEncoder(context);
  const text = events.map((event) => encoder.push(event)).join('');
  return { ...rest, lost: [...lost, ...(encoder.lost ?? [])], body: new TextEncoder().encode(text) };
}

// ---

// Calls whose arguments a format can only carry inside an object of ours.
function brokenCalls(parts: NeutralResponse['parts'], { argsAreObjects }: Codec): string[] {
  if (!argsAreObjects) return [];
  return parts.flatMap((part) => (part.type === 'toolCall' && areBroken(part.args) ? [brokenArgs(part.name)] : []));
}
