// Writes down what a provider says as neutral events, and cannot write an unlawful sequence: a part is opened before it
// is filled, closed before the next, and what comes without brackets on its wire gets them here.

import { usageOf, type Usage } from '../../core/usage';
import type { Citation, FailureKind, FinishReason, Opaque, OpenPart, StreamEvent, TokenLogprob } from '../neutral';

export interface EventBuilder {
  start(id: string, model: string): void;
  /** @param logprobs of the tokens of this piece */
  text(text: string, logprobs?: readonly TokenLogprob[]): void;
  refusal(text: string): void;
  reasoning(text: string): void;
  /** Ends the open thoughts with their sealed form; opens and ends empty ones where none are open. */
  opaqueReasoning(opaque: Opaque): void;
  call(id: string, name: string, custom?: boolean): void;
  args(text: string): void;
  /** Of the open text; one without a place stands for all of it. */
  citation(citation: Citation): void;
  close(): void;
  usage(found: Partial<Usage> | undefined): void;
  /** Remembered until `done`: usage may come after it. */
  finish(reason: FinishReason, stopSequence?: string): void;
  failure(kind: FailureKind, message: string): void;
  lost(what: string): void;
  /** The provider said that it is done: closes, reports usage and finishes if a reason is known. */
  done(): void;
  readonly finished: boolean;
  readonly started: boolean;
  /** Kind of the part being filled. */
  readonly open: OpenPart['type'] | undefined;
  readonly calls: number;
  /** The events since the last call. */
  take(): StreamEvent[];
}

export function openEventBuilder(): EventBuilder {
  let out: StreamEvent[] = [];
  let open: OpenPart['type'] | undefined;
  let usage: Partial<Usage> | undefined;
  let ending: { reason: FinishReason; stopSequence?: string } | undefined;
  let started = false;
  let over = false;
  let calls = 0;
  let length = 0; // characters of the open part
  let placeless: Citation[] = [];

  // A provider that never said so has begun all the same once it says something.
  const put = (event: StreamEvent) => {
    if (!started) out.push({ type: 'start', id: '', model: '' });
    started = true;
    out.push(event);
  };
  const close = (opaque?: Opaque) => {
    if (open === undefined) return;
    for (const citation of placeless) put({ type: 'citation', citation: { ...citation, start: 0, end: length } });
    placeless = [];
    length = 0;
    put(opaque === undefined ? { type: 'close' } : { type: 'close', opaque });
    open = undefined;
  };
  const fill = (type: 'text' | 'refusal' | 'reasoning', text: string, logprobs: readonly TokenLogprob[] = []) => {
    if (text === '') return;
    if (open !== type) {
      close();
      put({ type: 'open', part: { type } });
      open = type;
    }
    if (logprobs.length > 0) put({ type: 'logprobs', logprobs });
    length += text.length;
    put({ type: 'delta', text });
  };

  return {
    start(id, model) {
      if (started) return;
      started = true;
      out.push({ type: 'start', id, model });
    },
    text: (text, logprobs) => fill('text', text, logprobs),
    refusal: (text) => fill('refusal', text),
    reasoning: (text) => fill('reasoning', text),
    opaqueReasoning(opaque) {
      if (open !== 'reasoning') {
        close();
        put({ type: 'open', part: { type: 'reasoning' } });
        open = 'reasoning';
      }
      close(opaque);
    },
    call(id, name, custom) {
      close();
      if (name === '') {
        out.push({ type: 'lost', what: 'a call without a name' }); // nobody could answer it
        return;
      }
      calls++;
      put({ type: 'open', part: { type: 'toolCall', id, name, ...(custom === true ? { custom } : {}) } });
      open = 'toolCall';
    },
    args(text) {
      if (text !== '' && open === 'toolCall') put({ type: 'delta', text });
    },
    citation(citation) {
      if (open !== 'text') return;
      if (citation.end === undefined) placeless.push(citation);
      else put({ type: 'citation', citation });
    },
    close: () => close(),
    usage(found) {
      if (found !== undefined) usage = { ...usage, ...found };
    },
    finish(reason, stopSequence) {
      ending = { reason, ...(stopSequence === undefined ? {} : { stopSequence }) };
    },
    failure(kind, message) {
      if (over) return;
      over = true;
      close();
      if (usage !== undefined) put({ type: 'usage', usage: usageOf(usage) });
      put({ type: 'failure', kind, message });
    },
    lost(what) {
      out.push({ type: 'lost', what });
    },
    done() {
      if (over) return;
      close();
      if (usage !== undefined) put({ type: 'usage', usage: usageOf(usage) });
      if (ending === undefined) return;
      over = true;
      const { reason } = ending;
      put({ type: 'finish', ...ending, reason: reason === 'tool_calls' && calls === 0 ? 'stop' : reason });
    },
    get finished() {
      return over;
    },
    get started() {
      return started;
    },
    get open() {
      return open;
    },
    get calls() {
      return calls;
    },
    take() {
      const events = out;
      out = [];
      return events;
    },
  };
}
