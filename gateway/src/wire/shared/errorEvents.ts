// Events whose name says that they are errors. Anthropic's SDKs raise on the name alone, whatever their data is; some hosts put
// a message there and no error object.

import { textOf } from '../../core/byteOrderMark';
import type { Frame } from '../codec';
import type { CompletionFacts } from '../formatFacts';
import { parseEvent, textOr } from './json';

/** Whether a frame names its event an error. */
export function isErrorFrame(frame: Buffer): boolean {
  return frame.includes('error') && /^event: ?error\s*$/m.test(textOf(frame));
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
