// Error objects of OpenAI's two formats, and of the hosts that copy them. Sources:
// https://platform.openai.com/docs/guides/error-codes#api-errors,
// https://platform.openai.com/docs/api-reference/responses/object (`error.code`),
// https://openrouter.ai/docs/api-reference/errors (numbers as codes, and errors on a choice) (2026-11).

import type { AnswerFailure } from '../formatFacts';
import type { Json } from '../jsonObject';
import type { FailureKind } from '../neutral';
import { kindOfError, operatorsKind } from './failureKinds';
import { isObject, textOr } from './json';
import { tooLongIn } from './tooLong';

/** The failure that the value of an `error` field reports; undefined where there is none. Some hosts send a text. */
export function openaiFailure(error: unknown): AnswerFailure | undefined {
  if (typeof error === 'string' && error !== '') return { kind: 'other', message: error };
  return isObject(error) ? { kind: openaiFailureKind(error), message: textOr(error['message']) } : undefined;
}

/** The kind of failure that an error object of OpenAI's reports. */
export function openaiFailureKind(error: Json): FailureKind {
  const words = `${textOr(error['type'])} ${textOr(error['code'])}`;
  const number = Number(error['code']);
  const told = Number.isInteger(number) && number >= 400 ? number : undefined;
  const status = told ?? (/permission/.test(words) ? 403 : undefined);
  const operators = operatorsKind(error, status ?? 400);
  if (operators !== undefined) return operators;
  if (tooLongIn(error) !== undefined) return 'too_long';
  for (const [pattern, kind] of wordKinds) if (pattern.test(words)) return kind;
  return status === undefined ? 'other' : kindOfError(error, status);
}

// ---

const wordKinds: readonly (readonly [RegExp, FailureKind])[] = [
  [/insufficient_quota|billing/, 'credit'],
  [/invalid_api_key|authentication/, 'credential'],
  [/overload/, 'overloaded'],
  [/rate_limit/, 'rate_limited'],
  [/context_length|string_above_max/, 'too_long'],
  [/invalid_request|invalid_prompt|bio_policy|image/, 'bad_request'],
];
