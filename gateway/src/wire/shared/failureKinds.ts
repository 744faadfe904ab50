// What kind of failure an error is that stands in an answer with status 200: by its number, where it has one.

import type { FailureKind } from '../neutral';

/** The kind that an HTTP status stands for. @param message of the error */
export function kindOfStatus(status: number, message: string): FailureKind {
  if (status === 403 && isClientsOwn(message)) return 'bad_request';
  const known = kinds.get(status);
  if (known !== undefined) return known;
  return status >= 400 && status < 500 ? 'bad_request' : 'other';
}

/**
 * Whether a refusal for lack of permission is of what the client sent, and none of the gateway's key: input that OpenRouter's
 * moderation flagged (https://openrouter.ai/docs/api-reference/errors), a file or cache of somebody else's that it names to
 * Google.
 */
export function isClientsOwn(message: string): boolean {
  return /moderation|flagged|access the (file|cached ?content)/i.test(message);
}

// ---

const kinds: ReadonlyMap<number, FailureKind> = new Map([
  [401, 'credential'],
  [402, 'credit'],
  [403, 'credential'],
  [404, 'other'], // of a model or path that the gateway chose
  [408, 'timed_out'],
  [413, 'too_long'],
  [429, 'rate_limited'],
  [503, 'overloaded'],
  [504, 'timed_out'],
  [529, 'overloaded'],
]);
