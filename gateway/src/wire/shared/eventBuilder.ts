// Builds the neutral events of a response, in the only order that `StreamEvent` allows: a part is opened before it is
// filled and closed before the next. Providers that do not mark where parts begin and end get the marks here.

import { type Usage, usageOf } from '../../core/usage';
import type { AnswerFailure } from '../formatFacts';
import type { Citation, FinishReason, Opaque, OpenPart, StreamEvent, TokenLogprob, WebSearch } from '../neutral';

export interface EventBuilder {
  /** Only the first call counts. */
  start(id: string, model: string): void;
  /** @param logprobs of the tokens of this piece */
  text(text: string, logprobs?: readonly TokenLogprob[]): void;
  refusal(text: string): void;
  reasoning(text: string): void;
  /** Closes the open reasoning with its opaque form; opens and closes an empty part where none is open. */
  opaqueReasoning(opaque: Opaque): void;
  /** Opens a tool call; one without a name is lost. */
  call(id: string, name: string, custom?: boolean): void;
  /** Adds to the open call's arguments: JSON text, or a custom tool's plain input. */
  args(text: string): void;
  /** Of the open text; one without a range stands for all of it. */
  citation(citation: Citation): void;
  /** A search, whole. */
  search(found: Omit<WebSearch, 'type'>): void;
  close(): void;
  usage(found: Partial<Usage> | undefined): void;
  /** Kept until `done`, because usage may come after it. */
  finish(reason: FinishReason, stopSequence?: string): void;
  failure(failure: AnswerFailure): void;
  /** Names something of the response that has no neutral form. */
  lost(what: string): void;
  /**
   * The provider's response is complete: closes, reports the usage, and finishes where a reason is known.
   * @param failure what the whole response turned out to be
   */
  done(failure?: AnswerFailure): void;
  readonly finished: boolean;
  /** The usage as far as it has come, also before `done` tells it. */
  readonly reported: Partial<Usage> | undefined;
  /** A reason to finish is known. */
  readonly ending: boolean;
  /** A part has been opened. */
  readonly filled: boolean;
  readonly started: boolean;
  /** Type of the part being filled. */
  readonly open: OpenPart['type'] | undefined;
  /** Number of tool calls so far. */
  readonly calls: number;
  /** The events since the last call of `take`. */
  take(): StreamEvent[];
}

/** A builder of one response's events. */
export function openEventBuilder(): EventBuilder {
  return new Builder();
}

// ---

class Builder implements EventBuilder {
  finished = false;
  started = false;
  filled = false;
  open: OpenPart['type'] | undefined;
  calls = 0;
  #events: StreamEvent[] = [];
  #usage: Partial<Usage> | undefined;
  #ending: { reason: FinishReason; stopSequence?: string } | undefined;
  /** Characters of the open part. */
  #length = 0;
  /** Citations of the open text without a range. */
  #citations: Citation[] = [];

  start(id: string, model: string): void {
    if (this.started) return;
    this.started = true;
    this.#events.push({ type: 'start', id, model });
  }

  text(text: string, logprobs?: readonly TokenLogprob[]): void {
    this.#fill('text', text, logprobs);
  }

  refusal(text: string): void {
    this.#fill('refusal', text);
  }

  reasoning(text: string): void {
    this.#fill('reasoning', text);
  }

  opaqueReasoning(opaque: Opaque): void {
    if (this.open !== 'reasoning') this.#openPart({ type: 'reasoning' });
    this.#closePart(opaque);
  }

  call(id: string, name: string, custom?: boolean): void {
    this.close();
    if (name === '') return this.lost('a call without a name'); // no client could answer it
    this.calls++;
    this.#openPart({ type: 'toolCall', id, name, ...(custom === true ? { custom } : {}) });
  }

  args(text: string): void {
    if (text !== '' && this.open === 'toolCall') this.#put({ type: 'delta', text });
  }

  citation(citation: Citation): void {
    if (this.open !== 'text') return;
    if (citation.end === undefined) this.#citations.push(citation);
    else this.#put({ type: 'citation', citation });
  }

  search(found: Omit<WebSearch, 'type'>): void {
    this.#openPart({ type: 'webSearch', ...found });
    this.close();
  }

  close(): void {
    this.#closePart(undefined);
  }

  usage(found: Partial<Usage> | undefined): void {
    if (found !== undefined) this.#usage = { ...this.#usage, ...found };
  }

  get reported(): Partial<Usage> | undefined {
    return this.#usage;
  }

  finish(reason: FinishReason, stopSequence?: string): void {
    this.#ending = { reason, ...(stopSequence === undefined ? {} : { stopSequence }) };
  }

  get ending(): boolean {
    return this.#ending !== undefined;
  }

  failure({ kind, message }: AnswerFailure): void {
    if (this.finished) return;
    this.finished = true;
    this.close();
    this.#putUsage();
    this.#put({ type: 'failure', kind, message });
  }

  lost(what: string): void {
    this.#events.push({ type: 'lost', what });
  }

  done(failure?: AnswerFailure): void {
    if (this.finished) return;
    if (failure !== undefined) return this.failure(failure);
    this.close();
    this.#putUsage();
    if (this.#ending === undefined) return;
    this.finished = true;
    this.#put({ type: 'finish', ...this.#ending, reason: this.#finishReason(this.#ending.reason) });
  }

  take(): StreamEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  // Hosts and providers say `stop` after calls (Gemini always, OpenAI where the tool was named), and some `tool_calls` after
  // none.
  #finishReason(reason: FinishReason): FinishReason {
    if (reason === 'tool_calls' && this.calls === 0) return 'stop';
    return reason === 'stop' && this.calls > 0 ? 'tool_calls' : reason;
  }

  // Begins the response where the provider has not done so.
  #put(event: StreamEvent): void {
    this.start('', '');
    this.#events.push(event);
  }

  #putUsage(): void {
    if (this.#usage !== undefined) this.#put({ type: 'usage', usage: usageOf(this.#usage) });
  }

  #openPart(part: OpenPart): void {
    this.close();
    this.filled = true;
    this.#put({ type: 'open', part });
    this.open = part.type;
  }

  #fill(type: 'text' | 'refusal' | 'reasoning', text: string, logprobs: readonly TokenLogprob[] = []): void {
    if (text === '') return;
    if (this.open !== type) this.#openPart({ type });
    if (logprobs.length > 0) this.#put({ type: 'logprobs', logprobs });
    this.#length += text.length;
    this.#put({ type: 'delta', text });
  }

  #closePart(opaque: Opaque | undefined): void {
    if (this.open === undefined) return;
    for (const citation of this.#citations)
      this.#put({ type: 'citation', citation: { ...citation, start: 0, end: this.#length } });
    this.#citations = [];
    this.#length = 0;
    this.#put(opaque === undefined ? { type: 'close' } : { type: 'close', opaque });
    this.open = undefined;
  }
}
