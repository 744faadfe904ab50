// Several answers to one request (`n`, `candidateCount`), whose pieces come mixed in one stream. Each has a builder and
// filters of its own; an event `answer` says whose the events after it are. Sources:
// https://platform.openai.com/docs/api-reference/chat/create, "n";
// https://ai.google.dev/api/generate-content, "candidateCount" (2026-11).

import { pushAll } from '../../core/pushAll';
import type { NeutralResponse, StreamEvent } from '../neutral';
import { fold } from '../fold';
import { type EventBuilder, openEventBuilder } from './eventBuilder';

/** The most answers that are told apart, as OpenAI's API has it. */
export const mostAnswers = 128;

/** The builders of the answers of one stream. */
export class AnswerBuilders {
  /** Of the first answer, which also tells the usage. */
  readonly first: EventBuilder = openEventBuilder();
  readonly #builders: EventBuilder[] = [this.first];
  readonly #most: number;
  /** Whose the events are that were taken last. */
  #current = 0;

  /** @param asked how many answers were asked for; others are lost */
  constructor(asked = 1) {
    this.#most = Math.min(asked, mostAnswers);
  }

  /** The builder of an answer; undefined for one that was not asked for. */
  of(index: number): EventBuilder | undefined {
    if (index >= this.#most) return undefined;
    for (let next = this.#builders.length; next <= index; next++) this.#builders.push(openEventBuilder());
    return this.#builders[index];
  }

  /** The builders of all answers that have begun, by their numbers. */
  get all(): readonly EventBuilder[] {
    return this.#builders;
  }

  /** Every answer that has begun has a reason to finish. */
  get ending(): boolean {
    return this.#builders.length === 1 ? this.first.ending : this.#builders.every((builder) => builder.ending);
  }

  /** Finishes all answers, the first one last; none where one of them has no reason to finish. */
  done(): void {
    for (const builder of this.#builders) {
      if (this.#builders.length === 1 || this.ending) builder.done();
      else builder.close();
    }
  }

  /** The events since the last call; those of the first answer come last where it has finished. */
  take(): StreamEvent[] {
    if (this.#builders.length === 1) return this.first.take();
    const out: StreamEvent[] = [];
    const order = this.first.finished ? [...this.#builders.keys()].reverse() : [...this.#builders.keys()];
    for (const index of order) {
      const events = this.#builders[index]?.take() ?? [];
      if (events.length === 0) continue;
      if (index !== this.#current) out.push({ type: 'answer', index });
      this.#current = index;
      pushAll(out, events);
    }
    return out;
  }
}

type Filter = (event: StreamEvent) => readonly StreamEvent[];

/** A filter that keeps what it knows of each answer apart. @param asked how many answers were asked for */
export function perAnswer(asked: number | undefined, open: () => Filter): Filter {
  if (asked === undefined || asked <= 1) return open();
  const filters = [open()];
  let current = filters[0];
  return (event) => {
    if (event.type !== 'answer') return current?.(event) ?? [];
    current = filters[event.index] ??= open();
    return [event];
  };
}

/** Several answers from their events: the first one, with the others. */
export function foldAnswers(events: readonly StreamEvent[]): NeutralResponse {
  const lists: StreamEvent[][] = [[]];
  let current = lists[0];
  for (const event of events) {
    if (event.type === 'answer') current = lists[event.index] ??= [];
    else current?.push(event);
  }
  const [first, ...others] = lists.map((list) => fold(list));
  const response = first ?? fold([]);
  if (others.length === 0) return response;
  const failure = response.failure ?? others.find((other) => other.failure !== undefined)?.failure;
  return { ...response, failure, others, lost: [...response.lost, ...others.flatMap(({ lost }) => lost)] };
}
