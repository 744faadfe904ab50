// A provider's stream on its way to another format, event by event: what is encoded, and what is noted of it for the ledger.

import type { GatewayError } from '../core/errors';
import { withSearches } from '../core/usage';
import type { KeyCleaner } from '../upstream/ownKeys';
import { failureError } from '../upstream/providerErrors';
import { codecs } from '../wire';
import { type AnswerGrowth, openAnswerGrowth } from '../wire/answerGrowth';
import type { Frame } from '../wire/codec';
import type { OpenPart, StreamEvent } from '../wire/neutral';
import { tokensOfText } from '../wire/tokenCounter';
import { openHideEmptyReasoning } from '../wire/reasoning/hideEmpty';
import { itemName, openReasoningRecorder } from '../wire/reasoning/restore';
import { perAnswer } from '../wire/shared/answers';
import { openResponseFixups } from '../wire/shared/responseFixups';
import { type AnswerTranslation, encodeContextOf } from './answerTranslation';
import type { Translated } from './context';
import { cleanFailure } from './cleanFailure';
import type { ResponseContext } from './responseContext';
import { noteLost, type ResponseProgress } from './responseProgress';

/** What of the response's context this has to do with. */
type EncodedContext = Pick<ResponseContext, 'format' | 'remember' | 'requestId' | 'created' | 'includeUsage'> & {
  readonly ownKeys: Pick<KeyCleaner, 'text'>;
};

type Progress = Pick<ResponseProgress, 'usage' | 'complete' | 'lost'>;

/** Decoded events of a provider's stream as the client's format, with what earlier encoding did undone. */
export class AnswerEncoder {
  /** Tokens of content so far, by our estimate. */
  tokens = 0;
  /** Content has come. */
  said = false;
  /** What the provider told in its stream; nothing is encoded after it. */
  failure: GatewayError | undefined;
  #made = 0; // bytes of what has been encoded
  #first = true; // what is encoded is the first answer's, which finishes last
  readonly #steps: ReturnType<typeof openSteps>;
  readonly #kept: ReturnType<typeof openKeptBytes>;
  readonly #growth: AnswerGrowth;
  readonly #context: EncodedContext;
  readonly #progress: Progress;

  constructor(
    { translation }: Pick<Translated<AnswerTranslation>, 'translation'>,
    context: EncodedContext,
    progress: Progress,
  ) {
    this.#steps = openSteps(translation, context);
    this.#kept = openKeptBytes(codecs[context.format].repeatsAnswer);
    this.#growth = openAnswerGrowth(codecs[context.format], true, translation.request);
    this.#context = context;
    this.#progress = progress;
  }

  /** More of the provider's stream has come, which the encoding may grow from. */
  came(bytes: number, frames: readonly Frame[]): void {
    this.#growth.came(bytes, frames);
  }

  /** @throws GatewayError upstream_garbage where it grows beyond its bounds */
  encode(events: readonly StreamEvent[]): string {
    const { fixup, record, hideEmpty, encoder } = this.#steps;
    let text = '';
    for (const decoded of events) {
      for (const event of fixup(decoded)) {
        record(event);
        this.#note(event);
        this.#growth.decoded(event);
        if (this.failure !== undefined) return text;
        for (const shown of hideEmpty(event)) text += encoder.push(shown);
        // A text has no fewer bytes than characters; its bytes are counted once, below.
        if (text.length > muchText) this.#growth.allow(this.#made + text.length);
      }
    }
    this.#growth.allow((this.#made += Buffer.byteLength(text)));
    return text;
  }

  /** Bytes of the answer that are kept. */
  get kept(): number {
    return this.#kept.bytes;
  }

  /** What the client's format could not carry. */
  get lost(): readonly string[] {
    return this.#steps.encoder.lost ?? [];
  }

  /** The format's own event for a stream that cannot be finished; empty where it has none. */
  fail(error: GatewayError): string {
    return this.#steps.encoder.fail?.(error) ?? '';
  }

  /** The number of the next event, where the client's format numbers them. */
  get sequence(): number | undefined {
    return this.#steps.encoder.sequence;
  }

  set sequence(next: number | undefined) {
    const { encoder } = this.#steps;
    if (encoder.sequence !== undefined) encoder.sequence = next;
  }

  #note(event: StreamEvent): void {
    this.#kept.note(event);
    this.said ||= isContent(event);
    if (event.type === 'delta') this.tokens += tokensOfText(event.text);
    else if (event.type === 'answer') this.#first = event.index === 0;
    else if (event.type === 'finish') this.#progress.complete ||= this.#first;
    else if (event.type === 'failure') this.failure = failureError(cleanFailure(event, this.#context));
    else noteUse(event, this.#progress);
  }
}

// ---

function noteUse(event: StreamEvent, progress: Pick<ResponseProgress, 'usage' | 'lost'>): void {
  if (event.type === 'open') noteSearch(event.part, progress);
  else if (event.type === 'usage') progress.usage = event.usage;
  else if (event.type === 'lost') noteLost(progress, event.what);
}

// What each event goes through.
function openSteps(translation: AnswerTranslation, context: EncodedContext) {
  const encodeContext = encodeContextOf(translation, context);
  const { answers } = translation.request;
  return {
    record: openReasoningRecorder(context.remember, answers),
    fixup: perAnswer(answers, () => openResponseFixups(translation.fixups)),
    hideEmpty: perAnswer(answers, () => openHideEmptyReasoning(context.format, encodeContext.request)),
    encoder: codecs[context.format].openEncoder({
      ...encodeContext,
      onItem: (id, part) => context.remember(itemName(id), [part]),
    }),
  };
}

// Whether an event says something to the client: a text, or the call of a tool.
function isContent(event: StreamEvent): boolean {
  return event.type === 'delta' ? event.text !== '' : event.type === 'open' && event.part.type === 'toolCall';
}

// Counts a search that is charged for, should the stream break off before its usage.
function noteSearch(part: OpenPart, progress: Pick<ResponseProgress, 'usage'>): void {
  if (part.type !== 'webSearch' || part.error !== undefined) return;
  progress.usage = withSearches(progress.usage, (progress.usage?.searches ?? 0) + (part.charged ?? 1));
}

/** Characters that one event may have become before they are looked at in its midst. */
const muchText = 4_096;

/** What a piece of text costs beside its characters. */
const pieceBytes = 32;

/** Bytes of an answer that are kept, by us or by the encoder: calls and reasoning until they are whole. */
function openKeptBytes(repeatsAnswer: boolean) {
  let gathers = repeatsAnswer; // what the open part holds is kept until it is closed
  const kept = {
    bytes: 0,
    note(event: StreamEvent): void {
      if (event.type === 'delta') {
        if (gathers) kept.bytes += event.text.length + pieceBytes;
      } else if (event.type === 'open')
        gathers = repeatsAnswer || event.part.type === 'toolCall' || event.part.type === 'reasoning';
      else if (event.type === 'close' && !repeatsAnswer) kept.bytes = 0;
    },
  };
  return kept;
}
