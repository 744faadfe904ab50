// What kind of failure an error is that stands in an answer with status 200: by its number, where it has one.

import type { FailureKind } from '../neutral';

/** The kind that an HTTP status stands for. */
export function kindOfStatus(status: number): FailureKind {
  const known = kinds.get(status);
  if (known !== undefined) return known;
  return status >= 400 && status < 500 ? 'bad_request' : 'other';
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
