// What a provider says of a failure, as it may be told to a client.

import type { KeyCleaner } from '../upstream/ownKeys';
import type { AnswerFailure } from '../wire/formatFacts';

/** A failure that a provider tells, without our keys in its words. */
export function cleanFailure(
  failure: AnswerFailure,
  { ownKeys }: { readonly ownKeys: Pick<KeyCleaner, 'text'> },
): AnswerFailure {
  return { ...failure, message: ownKeys.text(failure.message) };
}
