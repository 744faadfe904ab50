// Looks into a whole answer that is passed on unchanged. Pure, so that it may run in a worker thread.

import { textOf } from '../core/byteOrderMark';
import { parseLoose } from '../core/looseJson';
import { lastObjectOf } from '../core/jsonTail';
import { type Usage, withSearches } from '../core/usage';
import type { AnswerFailure } from './formatFacts';
import { answerFacts, type AnswerFormat } from './index';
import type { Json } from './jsonObject';
import { isObject } from './shared/json';
import type { SearchCounter } from './shared/searchCounter';

export interface InspectedAnswer {
  readonly usage: Partial<Usage> | undefined;
  /** What the answer is, where it is none. */
  readonly failure: AnswerFailure | 'garbage' | undefined;
}

/** What a whole answer used, and whether it is one. */
export function inspectAnswer({ format, bytes }: { format: AnswerFormat; bytes: Uint8Array }): InspectedAnswer {
  const answer = parsed(bytes);
  if (answer === undefined) return { usage: undefined, failure: 'garbage' };
  const facts = answerFacts[format];
  return { usage: facts.usageIn(answer), failure: facts.failureIn(answer, true) };
}

/**
 * What an answer used of which only the end is at hand. The searches that its usage tells win over those that were counted.
 * @param searches of all of its bytes
 */
export function usageAtEnd(
  format: AnswerFormat,
  tail: Buffer,
  searches: Pick<SearchCounter, 'count' | 'fields'> | undefined,
): Partial<Usage> | undefined {
  const facts = answerFacts[format];
  const usage = lastObjectOf(tail, facts.usageField);
  const told =
    usage === undefined
      ? undefined
      : facts.usageIn({ ...searches?.fields, ...facts.searches?.atEnd?.(tail), [facts.usageField]: usage });
  return told?.searches === undefined ? withSearches(told, searches?.count() ?? 0) : told;
}

// ---

function parsed(bytes: Uint8Array): Json | undefined {
  try {
    const answer: unknown = parseLoose(textOf(bytes));
    return isObject(answer) ? answer : undefined;
  } catch {
    return undefined; // the bytes are passed on; the client's parser will report them
  }
}
