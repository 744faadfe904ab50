// Looks into a whole answer that is passed on unchanged. Pure, so that it may run in a worker thread.

import { lastObjectOf } from '../core/jsonTail';
import type { Usage } from '../core/usage';
import type { AnswerFailure } from './formatFacts';
import { codecs } from './index';
import type { Json } from './jsonObject';
import type { Format } from './neutral';
import { isObject } from './shared/json';

export interface InspectedAnswer {
  readonly usage: Partial<Usage> | undefined;
  /** What the answer is, where it is none. */
  readonly failure: AnswerFailure | 'garbage' | undefined;
}

/** What a whole answer used, and whether it is one. */
export function inspectAnswer({ format, bytes }: { format: Format; bytes: Uint8Array }): InspectedAnswer {
  const answer = parsed(bytes);
  if (answer === undefined) return { usage: undefined, failure: 'garbage' };
  const codec = codecs[format];
  return { usage: codec.usageIn(answer), failure: codec.failureIn(answer, true) };
}

/** What an answer used of which only the end is at hand. */
export function usageAtEnd(format: Format, tail: Buffer): Partial<Usage> | undefined {
  const codec = codecs[format];
  const usage = lastObjectOf(tail, codec.usageField);
  return usage === undefined ? undefined : codec.usageIn({ [codec.usageField]: usage });
}

// ---

function parsed(bytes: Uint8Array): Json | undefined {
  try {
    const answer: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
    return isObject(answer) ? answer : undefined;
  } catch {
    return undefined; // the bytes are passed on; the client's parser will report them
  }
}
