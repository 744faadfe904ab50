// When a chat completion is a finished answer. Sources: https://platform.openai.com/docs/api-reference/chat/object,
// https://platform.openai.com/docs/api-reference/chat/streaming; errors on a choice and the reason `error`:
// https://openrouter.ai/docs/api-reference/errors; `eos_token`: https://huggingface.github.io/text-generation-inference;
// `model_length`: https://docs.mistral.ai/api (2026-11).

import type { AnswerFailure, CompletionFacts } from '../formatFacts';
import type { Json } from '../jsonObject';
import type { FinishReason } from '../neutral';
import { isObject, listOr, objectOr } from '../shared/json';
import { openaiFailure } from '../shared/openaiErrors';

/** OpenAI's reasons to end, and those of hosts that copy its API. Any other (`error`, `abort`) is a failure. */
export const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  ['tool_calls', 'tool_calls'],
  ['function_call', 'tool_calls'],
  ['content_filter', 'refusal'],
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
    const reported = openaiFailure(value['error']);
    if (reported !== undefined) return reported;
    const choices = listOr(value['choices']);
    for (const choice of choices) {
      const failure = failureOfChoice(objectOr(choice), whole);
      if (failure !== undefined) return failure;
    }
    return whole && choices.length === 0 ? { kind: 'other', message: 'The answer holds no choices.' } : undefined;
  },
  hasContent: (event) => listOr(event['choices']).some((choice) => isFilled(objectOr(objectOr(choice)['delta']))),
  endWords: ['[DONE]', '"finish_reason"'],
  // `[DONE]` alone ends no answer: an empty stream may have it.
  isEnd: (data) => /"finish_reason":\s*"[^"]/.test(data),
  isLast: (data) => data === '[DONE]',
};

// ---

function failureOfChoice(choice: Json, whole: boolean): AnswerFailure | undefined {
  const reported = openaiFailure(choice['error']);
  if (reported !== undefined) return reported;
  const reason = choice['finish_reason'];
  if (typeof reason === 'string' && reason !== '') {
    if (finishReasons.has(reason)) return undefined;
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
