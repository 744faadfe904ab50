// Decodes chat completions, whole and streamed. Sources: https://platform.openai.com/docs/api-reference/chat/object and
// https://platform.openai.com/docs/api-reference/chat/streaming; reasoning fields of DeepSeek and OpenRouter from
// https://api-docs.deepseek.com/guides/reasoning_model and https://openrouter.ai/docs/use-cases/reasoning-tokens (2026-11).

import { searchCount, tokenCount, type Usage, validCounts } from '../../core/usage';
import type { Decoder, Frame } from '../codec';
import type { Json } from '../jsonObject';
import type { StreamEvent } from '../neutral';
import { AnswerBuilders } from '../shared/answers';
import type { EventBuilder } from '../shared/eventBuilder';
import { countOr, isObject, listOr, objectOr, parseEvent, textOr } from '../shared/json';
import { decodeOpenaiLogprobs } from '../shared/logprobs';
import { type CallCollector, openCallCollector } from './callCollector';
import { completion, finishReason } from './completion';
import { openReasoningCollector, type ReasoningCollector } from './reasoningCollector';

/** The usage in a response or chunk; undefined where it has none. `prompt_tokens` includes everything cached. */
export function usageIn(value: Json): Partial<Usage> | undefined {
  const usage = value['usage'];
  if (!isObject(usage)) return undefined;
  const prompt = tokenCount(usage['prompt_tokens']);
  const details = objectOr(usage['prompt_tokens_details']);
  const cacheRead = Math.min(prompt, tokenCount(details['cached_tokens']));
  const cacheWrite5m = Math.min(prompt - cacheRead, tokenCount(details['cache_write_tokens']));
  const searches = objectOr(usage['server_tool_use'])['web_search_requests']; // OpenRouter's field
  const outputDetails = objectOr(usage['completion_tokens_details']);
  return validCounts({
    input: prompt - cacheRead - cacheWrite5m,
    cacheRead,
    cacheWrite5m,
    output: tokenCount(usage['completion_tokens']),
    reasoning: tokenCount(outputDetails['reasoning_tokens']),
    inputAudio: tokenCount(details['audio_tokens']),
    searches: typeof searches === 'number' ? searchCount(searches) : undefined,
  });
}

/** A whole response as neutral events. @param answers how many choices were asked for */
export function decodeResponse(body: Json, answers = 1): readonly StreamEvent[] {
  const builders = new AnswerBuilders(answers);
  const choices = listOr(body['choices']);
  const failure = completion.failureIn(body, true);
  for (const [index, choice] of (choices.length === 0 ? [{}] : choices).entries()) {
    const builder = builders.of(index);
    if (builder === undefined) {
      builders.first.lost(`choices[${index}…]`);
      break;
    }
    decodeWholeChoice(builder, objectOr(choice), body, index);
  }
  builders.first.usage(usageIn(body));
  for (const builder of builders.all) builder.done(failure);
  return builders.take();
}

function decodeWholeChoice(builder: EventBuilder, choice: Json, body: Json, index: number): void {
  const id = answerId(textOr(body['id']), index);
  builder.start(textOr(body['id']), textOr(body['model']));
  const message = objectOr(choice['message']);
  const reasoning = openReasoningCollector(builder);
  reasoning.add(message);
  reasoning.end();
  builder.text(contentText(message['content']), decodeOpenaiLogprobs(objectOr(choice['logprobs'])['content']));
  for (const annotation of listOr(message['annotations'])) decodeAnnotation(builder, objectOr(annotation));
  builder.refusal(textOr(message['refusal']));
  if (isObject(message['audio'])) builder.lost('audio');
  const calls = openCallCollector(builder, id);
  listOr(message['tool_calls']).forEach((raw, index) => calls.add({ index, ...objectOr(raw) }));
  if (isObject(message['function_call'])) calls.add({ index: 0, function: message['function_call'] });
  calls.end();
  decodeFinish(builder, choice['finish_reason'], textOr(message['refusal']) !== '');
}

// Calls without an id get one of the response's, and those of several answers must differ.
function answerId(id: string, index: number): string {
  return index === 0 ? id : `${id}_${index}`;
}

/** A decoder of one stream. @param answers how many choices were asked for */
export function openDecoder(answers = 1): Decoder {
  return new ChatDecoder(answers);
}

// ---

class ChatDecoder implements Decoder {
  readonly #builders: AnswerBuilders;
  readonly #states: ChoiceState[];

  constructor(answers: number) {
    this.#builders = new AnswerBuilders(answers);
    this.#states = [choiceState(this.#builders.first)];
  }

  push({ data }: Frame): readonly StreamEvent[] {
    const { first } = this.#builders;
    if (first.finished) return [];
    if (data === '[DONE]') {
      // Some hosts end without a reason (recorded: openrouter.ai, Novita); the mark alone says that it is whole.
      for (const { calls, finished, builder } of this.#states) {
        calls?.end();
        if (!finished && (builder.filled || this.#states.length > 1)) builder.finish('stop');
      }
      return this.end();
    }
    const chunk = parseEvent(data);
    if (chunk === undefined) return [];
    decodeChunk(first, this.#stateOf, chunk);
    return this.#builders.take();
  }

  end(): readonly StreamEvent[] {
    for (const { reasoning, calls } of this.#states) {
      reasoning.end();
      calls?.end();
    }
    this.#builders.done();
    return this.#builders.take();
  }

  get ending(): boolean {
    return this.#builders.ending;
  }

  get usage(): Partial<Usage> | undefined {
    return this.#builders.first.reported;
  }

  get kept(): number {
    let kept = 0;
    for (const { reasoning, calls } of this.#states) kept += reasoning.kept + (calls?.kept ?? 0);
    return kept;
  }

  readonly #stateOf = (index: number): ChoiceState | undefined => {
    const builder = this.#builders.of(index);
    for (let next = this.#states.length; builder !== undefined && next <= index; next++) {
      const other = this.#builders.of(next);
      if (other !== undefined) this.#states.push(choiceState(other));
    }
    return builder === undefined ? undefined : this.#states[index];
  };
}

interface ChoiceState {
  readonly builder: EventBuilder;
  readonly reasoning: ReasoningCollector;
  calls: CallCollector | undefined;
  /** A refusal has come. */
  refused: boolean;
  /** A finish reason has come. */
  finished: boolean;
}

function choiceState(builder: EventBuilder): ChoiceState {
  return { builder, reasoning: openReasoningCollector(builder), calls: undefined, refused: false, finished: false };
}

function decodeChunk(builder: EventBuilder, stateOf: (index: number) => ChoiceState | undefined, chunk: Json): void {
  const failure = completion.failureIn(chunk, false);
  const id = textOr(chunk['id']);
  const choices = listOr(chunk['choices']);
  // Azure and others begin with an event that has no choices and no id.
  if (id !== '' || choices.length > 0) builder.start(id, textOr(chunk['model']));
  builder.usage(usageIn(chunk));
  for (const raw of choices) {
    const choice = objectOr(raw);
    const index = countOr(choice['index']);
    const state = stateOf(index);
    if (state === undefined) continue;
    if (index > 0) state.builder.start(id, textOr(chunk['model']));
    decodeChoice(state, choice, answerId(id, index));
  }
  if (failure === undefined) return;
  stateOf(0)?.calls?.end();
  builder.failure(failure);
}

function decodeChoice(state: ChoiceState, choice: Json, id: string): void {
  const { builder, reasoning } = state;
  const delta = objectOr(choice['delta']);
  reasoning.add(delta);
  const text = contentText(delta['content']);
  const refusal = textOr(delta['refusal']);
  const called = listOr(delta['tool_calls']);
  if (text !== '' || refusal !== '' || called.length > 0) reasoning.end();
  builder.text(text, decodeOpenaiLogprobs(objectOr(choice['logprobs'])['content']));
  for (const annotation of listOr(delta['annotations'])) decodeAnnotation(builder, objectOr(annotation));
  builder.refusal(refusal);
  state.refused ||= refusal !== '';
  for (const call of called) (state.calls ??= openCallCollector(builder, id)).add(objectOr(call));
  state.finished ||= textOr(choice['finish_reason']) !== '';
  decodeFinish(builder, choice['finish_reason'], state.refused);
}

function decodeFinish(builder: EventBuilder, given: unknown, refused: boolean): void {
  const reason = finishReason(textOr(given));
  if (reason === undefined) return; // it goes on, or it is a failure
  builder.finish(refused && reason === 'stop' ? 'refusal' : reason);
}

// Some hosts send content as a list of parts.
function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  return listOr(content)
    .map((part) => textOr(objectOr(part)['text']))
    .join('');
}

function decodeAnnotation(builder: EventBuilder, annotation: Json): void {
  const citation = objectOr(annotation['url_citation']);
  const url = textOr(citation['url']);
  if (url === '') return builder.lost(`annotation ${textOr(annotation['type'])}`.trim());
  const hasRange = typeof citation['start_index'] === 'number' && typeof citation['end_index'] === 'number';
  builder.citation({
    url,
    ...(typeof citation['title'] === 'string' ? { title: citation['title'] } : {}),
    ...(hasRange ? { start: countOr(citation['start_index']), end: countOr(citation['end_index']) } : {}),
  });
}
