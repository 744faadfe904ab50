// Leaves out reasoning without text that a client does not expect. Gemini signs every response, so that its opaque
// reasoning often has no text. A client that asked for no reasoning gets none of it. Anthropic's clients that did ask get
// none at the end of a message: Claude Code shows the last block, and would show nothing. What is left out before a tool
// call is in the reasoning cache; Gemini does not demand the signature of its last text. Source:
// https://ai.google.dev/gemini-api/docs/thought-signatures (2026-11).

import { formatFacts } from '../formats';
import type { Format, NeutralRequest, StreamEvent } from '../neutral';
import { wantsReasoning } from './effort';

/** A filter of one response's events. @param format the client's @param request the client's */
export function openHideEmptyReasoning(
  format: Format,
  request: NeutralRequest,
): (event: StreamEvent) => readonly StreamEvent[] {
  const { emptyReasoning } = formatFacts[format];
  const asked = wantsReasoning(request.reasoning);
  if (emptyReasoning === 'kept' || (asked && emptyReasoning === 'hiddenUnlessAsked')) return (event) => [event];
  let held: StreamEvent[] = []; // reasoning without text so far, of which the last part may still be open
  let inside = false; // of such a part
  let passed = false; // any part has been let through
  const release = (event: StreamEvent) => {
    const before = held;
    held = [];
    inside = false;
    passed = true;
    return [...before, event];
  };
  return (event) => {
    if (event.type === 'open' && event.part.type === 'reasoning') {
      held.push(event);
      inside = true;
      return [];
    }
    if (inside && event.type === 'close') {
      inside = false;
      if (asked) held.push(event);
      else held = [];
      return [];
    }
    if (inside || event.type === 'open') return release(event);
    if (event.type !== 'finish') return [event];
    return passed ? [event] : release(event); // a response of nothing else keeps it
  };
}
