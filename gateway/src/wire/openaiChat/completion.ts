// When a chat completion is a finished answer. Sources: https://platform.openai.com/docs/api-reference/chat/object,
// https://platform.openai.com/docs/api-reference/chat/streaming; errors on a choice and the reason `error`:
// https://openrouter.ai/docs/api-reference/errors; `eos_token`: https://huggingface.github.io/text-generation-inference;
// `model_length`: https://docs.mistral.ai/api; `sensitive`: https://docs.z.ai/api-reference (2026-11).

import type { AnswerFailure, CompletionFacts } from '../formatFacts';
import type { Json } from '../jsonObject';
import type { FinishReason } from '../neutral';
import { countOr, isObject, listOr, objectOr, textOr } from '../shared/json';
import { openaiFailure } from '../shared/openaiErrors';

/**
 * The neutral reason for OpenAI's, and for those of hosts that copy its API, some in capitals; undefined for any other
 * (`error`, `abort`, `network_error`, `insufficient_system_resource`), which is a failure.
 */
export function finishReason(reason: string): FinishReason | undefined {
  return finishReasons.get(reason) ?? finishReasons.get(reason.toLowerCase());
}

const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  ['tool_calls', 'tool_calls'],
  ['function_call', 'tool_calls'],
  ['content_filter', 'refusal'],
  ['safety', 'refusal'],
  ['recitation', 'refusal'],
  ['sensitive', 'refusal'],
  ['complete', 'stop'],
  ['eos', 'stop'],
  ['eos_token', 'stop'],
  ['stop_sequence', 'stop'],
  ['end_turn', 'stop'],
  ['max_tokens', 'length'],
  ['model_length', 'length'],
  ['tool_use', 'tool_calls'],
]);

export const completion: CompletionFacts = {
  failureIn(value, whole) {
    // Some hosts send the error itself, as vLLM's older versions and those that are made of it.
    const reported = openaiFailure(value['error']) ?? (value['object'] === 'error' ? openaiFailure(value) : undefined);
    if (reported !== undefined) return reported;
    const choices = listOr(value['choices']);
    for (const choice of choices) {
      const failure = failureOfChoice(objectOr(choice), whole);
      if (failure !== undefined) return failure;
    }
    return whole && choices.length === 0 ? { kind: 'other', message: 'The answer holds no choices.' } : undefined;
  },
  hasContent: (event) => listOr(event['choices']).some((choice) => isFilled(objectOr(objectOr(choice)['delta']))),
  endWords: ['finish_reason'],
  isEnd: (event) => answersIn(event).some(({ ends }) => ends),
  answersIn,
  isLast: () => false,
  endMark: '[DONE]',
};

// ---

function answersIn(event: Json) {
  return listOr(event['choices']).map((choice) => {
    const { index, finish_reason: reason } = objectOr(choice);
    return { index: countOr(index), ends: textOr(reason) !== '' };
  });
}

function failureOfChoice(choice: Json, whole: boolean): AnswerFailure | undefined {
  const reported = openaiFailure(choice['error']);
  if (reported !== undefined) return reported;
  const reason = choice['finish_reason'];
  if (typeof reason === 'string' && reason !== '') {
    if (finishReason(reason) !== undefined) return undefined;
    return { kind: 'other', message: `The answer ended with "${reason.slice(0, 100)}".` };
  }
  return whole && !isFilled(objectOr(choice['message']))
    ? { kind: 'other', message: 'The answer is empty and has no reason to end.' }
    : undefined;
}

const texts = ['content', 'refusal', 'reasoning_content', 'reasoning'];
const others = ['tool_calls', 'function_call', 'audio', 'reasoning_details', 'images'];

// A message or a delta.
function isFilled(message: Json): boolean {
  return (
    texts.some((name) => isFull(message[name])) ||
    others.some((name) => isFull(message[name]) || isObject(message[name]))
  );
}

// Some hosts send content as a list of parts.
function isFull(value: unknown): boolean {
  return (typeof value === 'string' || Array.isArray(value)) && value.length > 0;
}
