// Events whose name says that they are errors. Anthropic's SDKs raise on the name alone, whatever their data is; some hosts put
// a message there and no error object.

import { withoutMark } from '../../core/byteOrderMark';
import type { Frame } from '../codec';
import type { CompletionFacts } from '../formatFacts';
import { parseEvent, textOr } from './json';

/** Words of which one stands in every frame whose event is named an error; a look before `isErrorFrame`. */
export const errorEventWords = ['event: error', 'event:error'] as const;

/** Whether a frame names its event an error. */
export function isErrorFrame(frame: Buffer): boolean {
  return frame.includes('error') && /^event: ?error\s*$/m.test(withoutMark(frame).toString('utf8'));
}

/**
 * The data of a frame, as an error that every format reads where the event's name says it is one and its data does not.
 * @param facts of the format
 */
export function errorData({ event, data }: Frame, facts: Pick<CompletionFacts, 'failureIn'>): string {
  if (event !== 'error') return data;
  const told = parseEvent(data);
  if (told !== undefined && facts.failureIn(told, false) !== undefined) return data;
  const message = textOr(told?.['message'], textOr(told?.['detail'], told === undefined ? data : ''));
  return JSON.stringify({ type: 'error', error: { ...told, message: message.slice(0, longestMessage) } });
}

// ---

const longestMessage = 2_000;
