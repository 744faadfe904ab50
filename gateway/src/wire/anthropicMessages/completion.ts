// When a message of Anthropic's is a finished answer. Sources: https://platform.claude.com/docs/en/api/messages,
// https://platform.claude.com/docs/en/build-with-claude/streaming, https://platform.claude.com/docs/en/api/errors (2026-11).

import type { AnswerFailure, CompletionFacts } from '../formatFacts';
import type { Json } from '../jsonObject';
import type { FinishReason } from '../neutral';
import { kindOfError } from '../shared/failureKinds';
import { countOr, isObject, objectOr, textOr } from '../shared/json';
import { tooLongIn } from '../shared/tooLong';

/** Anthropic's reasons to stop; any other is a failure. */
export const stopReasons: ReadonlyMap<string, FinishReason> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['refusal', 'refusal'],
  ['pause_turn', 'pause'],
  ['compaction', 'pause'],
]);

export const completion: CompletionFacts = {
  failureIn(value, whole) {
    const { error } = value;
    if (value['type'] === 'error' || isObject(error)) return failureOf(objectOr(error));
    if (textOr(error) !== '') return { kind: 'other', message: textOr(error) }; // of a host that copies the format
    if (!whole) return failureOfStop(objectOr(value['delta'])['stop_reason']);
    const { content, stop_reason: reason } = value;
    if (!Array.isArray(content)) return { kind: 'other', message: 'The answer holds no content.' };
    if (content.length === 0 && typeof reason !== 'string')
      return { kind: 'other', message: 'The answer is empty and has no reason to stop.' };
    return failureOfStop(reason);
  },
  hasContent(event) {
    switch (event['type']) {
      case 'content_block_start': {
        const block = objectOr(event['content_block']);
        return ['text', 'thinking', 'name', 'data'].some((field) => isFull(block[field])); // `data` of redacted thinking
      }
      case 'content_block_delta': {
        const delta = objectOr(event['delta']);
        return isFull(delta['text']) || isFull(delta['thinking']) || isFull(delta['partial_json']);
      }
      default:
        return false;
    }
  },
  endWords: ['message_stop', 'stop_reason'], // the reason is looked at too, which may be a failure
  isEnd: isStop,
  givesReason: (event) => textOr(objectOr(event['delta'])['stop_reason']) !== '',
  isLast: isStop,
};

// ---

function isStop(event: Json): boolean {
  return event['type'] === 'message_stop';
}

function isFull(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function failureOfStop(reason: unknown): AnswerFailure | undefined {
  if (typeof reason !== 'string' || stopReasons.has(reason)) return undefined;
  return { kind: 'other', message: `The answer stopped with "${reason.slice(0, 100)}".` };
}

/** The HTTP status that a type of error comes with. */
const statuses: ReadonlyMap<string, number> = new Map([
  ['invalid_request_error', 400],
  ['authentication_error', 401],
  ['billing_error', 402],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['request_too_large', 413],
  ['rate_limit_error', 429],
  ['api_error', 500],
  ['timeout_error', 504],
  ['overloaded_error', 529],
]);

function failureOf(error: Json): AnswerFailure {
  const message = textOr(error['message']);
  if (tooLongIn(error) !== undefined) return { kind: 'too_long', message };
  const code = countOr(error['code']); // of hosts that copy the format
  return { kind: kindOfError(error, statuses.get(textOr(error['type'])) ?? (code >= 400 ? code : 500)), message };
}
