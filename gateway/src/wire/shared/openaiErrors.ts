// Error objects of OpenAI's two formats. Source: https://platform.openai.com/docs/guides/error-codes#api-errors.

import type { Json } from '../jsonObject';
import type { FailureKind } from '../neutral';
import { textOr } from './json';

/** The kind of failure that an error object of OpenAI's reports. */
export function openaiFailureKind(error: Json): FailureKind {
  const code = error['code'];
  const text = `${textOr(error['type'])} ${textOr(code)} ${typeof code === 'number' ? code : ''}`;
  if (/overload|503|529/.test(text)) return 'overloaded';
  if (/rate_limit|429/.test(text)) return 'rate_limited';
  if (/context_length|string_above_max/.test(text)) return 'too_long';
  return /invalid_request/.test(text) ? 'bad_request' : 'other';
}
