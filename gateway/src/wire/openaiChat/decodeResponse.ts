// Decodes chat completions, whole and streamed. Sources: https://platform.openai.com/docs/api-reference/chat/object and
// https://platform.openai.com/docs/api-reference/chat/streaming; reasoning fields of DeepSeek and OpenRouter from
// https://api-docs.deepseek.com/guides/reasoning_model and https://openrouter.ai/docs/use-cases/reasoning-tokens (2026-11).

import { tokenCount, type Usage, validCounts } from '../../core/usage';
import type { Decoder } from '../codec';
import type { Json } from '../jsonObject';
import type { FinishReason, StreamEvent } from '../neutral';
import { type EventBuilder, openEventBuilder } from '../shared/eventBuilder';
import { countOr, isObject, listOr, lookUp, objectOr, parseEvent, textOr } from '../shared/json';
import { decodeOpenaiLogprobs } from '../shared/logprobs';
import { openaiFailureKind } from '../shared/openaiErrors';
import { type CallCollector, openCallCollector } from './callCollector';
import { openReasoningCollector, type ReasoningCollector } from './reasoningCollector';

const finishReasons: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'refusal',
};

/** The usage in a response or chunk; undefined where it has none. `prompt_tokens` includes everything cached. */
export function usageIn(value: Json): Partial<Usage> | undefined {
  const usage = value['usage'];
  if (!isObject(usage)) return undefined;
  const prompt = tokenCount(usage['prompt_tokens']);
  const details = objectOr(usage['prompt_tokens_details']);
  const cacheRead = Math.min(prompt, tokenCount(details['cached_tokens']));
  const cacheWrite5m = Math.min(prompt - cacheRead, tokenCount(details['cache_write_tokens']));
  const outputDetails = objectOr(usage['completion_tokens_details']);
  return validCounts({
    input: prompt - cacheRead - cacheWrite5m,
    cacheRead,
    cacheWrite5m,
    output: tokenCount(usage['completion_tokens']),
    reasoning: tokenCount(outputDetails['reasoning_tokens']),
    inputAudio: tokenCount(details['audio_tokens']),
  });
}

/** A whole response as neutral events; only the first choice. */
export function decodeResponse(body: Json): readonly StreamEvent[] {
  const builder = openEventBuilder();
  const id = textOr(body['id']);
  builder.start(id, textOr(body['model']));
  const choices = listOr(body['choices']);
  if (choices.length > 1) builder.lost('choices[1…]');
  const choice = objectOr(choices[0]);
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
  builder.usage(usageIn(body));
  decodeFinish(builder, choice['finish_reason'], textOr(message['refusal']) !== '');
  builder.done();
  return builder.take();
}

/** A decoder of one stream. */
export function openDecoder(): Decoder {
  const builder = openEventBuilder();
  const state: StreamState = {
    builder,
    reasoning: openReasoningCollector(builder),
    calls: undefined,
    refused: false,
    finished: false,
  };
  return {
    push: ({ data }) => {
      if (builder.finished) return [];
      if (data === '[DONE]') {
        // Some hosts end without a reason (recorded: openrouter.ai, Novita); the mark alone says that it is whole.
        state.calls?.end();
        if (!state.finished) builder.finish(builder.calls > 0 ? 'tool_calls' : 'stop');
        return endStream(state);
      }
      const chunk = parseEvent(data);
      if (chunk !== undefined) decodeChunk(state, chunk);
      return chunk === undefined ? [] : builder.take();
    },
    end: () => endStream(state),
  };
}

// ---

interface StreamState {
  readonly builder: EventBuilder;
  readonly reasoning: ReasoningCollector;
  calls: CallCollector | undefined;
  /** A refusal has come. */
  refused: boolean;
  /** A finish reason has come. */
  finished: boolean;
}

function decodeChunk(state: StreamState, chunk: Json): void {
  const { builder } = state;
  const error = chunk['error'];
  if (isObject(error)) return builder.failure(openaiFailureKind(error), textOr(error['message']));
  const id = textOr(chunk['id']);
  const choices = listOr(chunk['choices']);
  // Azure and others begin with an event that has no choices and no id.
  if (id !== '' || choices.length > 0) builder.start(id, textOr(chunk['model']));
  builder.usage(usageIn(chunk));
  for (const raw of choices) {
    const choice = objectOr(raw);
    if (countOr(choice['index']) === 0) decodeChoice(state, choice, id);
  }
}

function decodeChoice(state: StreamState, choice: Json, id: string): void {
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
  state.finished ||= typeof choice['finish_reason'] === 'string';
  decodeFinish(builder, choice['finish_reason'], state.refused);
}

function endStream({ builder, reasoning, calls }: StreamState): readonly StreamEvent[] {
  reasoning.end();
  calls?.end();
  builder.done();
  return builder.take();
}

function decodeFinish(builder: EventBuilder, finishReason: unknown, refused: boolean): void {
  if (typeof finishReason !== 'string') return;
  const reason = lookUp(finishReasons, finishReason) ?? 'other';
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
