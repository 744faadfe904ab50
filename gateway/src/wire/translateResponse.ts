// One whole answer from a provider's format into the client's. Pure: it may as well run in a worker.

import { GatewayError } from '../core/errors';
import type { Usage } from '../core/usage';
import type { EncodeContext, ResponseFixups } from './codec';
import { codecs } from './index';
import { fold, type Format, type NeutralResponse, type Part } from './neutral';
import { itemName, openReasoningRecorder } from './reasoning/restore';
import { bytesOf, parseBody } from './translateRequest';
import { openHideEmptyReasoning, openResponseFixups } from './shared/responseFixups';

export interface ResponseTranslationTask {
  /** JSON. */
  readonly bytes: Uint8Array;
  readonly spoken: Format;
  readonly fixups: ResponseFixups | undefined;
  readonly to: Format;
  readonly speaker: Omit<EncodeContext, 'onItem'>;
  /** The client asked for a stream: it is told the whole answer as one. */
  readonly stream: boolean;
}

export interface TranslatedResponse {
  /** JSON, or the text of a stream. */
  readonly body: Uint8Array;
  readonly usage: Usage | undefined;
  readonly lost: readonly string[];
  /** The answer was a failure; then it is not to be sent. */
  readonly failure: NeutralResponse['failure'];
  /** What later turns may need, by name. */
  readonly kept: readonly (readonly [string, readonly Part[]])[];
}

/** @throws GatewayError upstream_garbage */
export function translateResponse({
  bytes,
  spoken,
  fixups,
  to,
  speaker,
  stream,
}: ResponseTranslationTask): TranslatedResponse {
  const kept: [string, readonly Part[]][] = [];
  const told: EncodeContext = { ...speaker, onItem: (id, part) => kept.push([itemName(id), [part]]) };
  const listen = openReasoningRecorder((name, parts) => kept.push([name, parts]));
  const undoing = openResponseFixups(fixups);
  const quiet = openHideEmptyReasoning(to, speaker.request);
  const undone = codecs[spoken].decodeResponse(parsed(bytes)).flatMap((event) => undoing(event));
  undone.forEach(listen);
  const events = undone.flatMap((event) => quiet(event));
  const { usage, lost, failure, ...response } = fold(events);
  const rest = { usage, lost, failure, kept };
  if (failure !== undefined) return { ...rest, body: new Uint8Array() };
  const codec = codecs[to];
  if (!stream) return { ...rest, body: bytesOf(codec.encodeResponse({ ...response, usage, lost, failure }, told)) };
  const encoder = codec.openEncoder(told);
  return { ...rest, body: new TextEncoder().encode(events.map((event) => encoder.push(event)).join('')) };
}

// ---

function parsed(bytes: Uint8Array) {
  try {
    return parseBody(bytes);
  } catch (cause) {
    throw new GatewayError('upstream_garbage', { cause });
  }
}
