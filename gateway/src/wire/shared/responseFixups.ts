// Undoes in an answer what encoding did to the question: mapped tool names, plain-input tools sent as functions, and the
// tool that stood for the form of the answer. And gives every call an id that any client may send back.

import type { ResponseFixups } from '../codec';
import { wantsReasoning } from '../reasoning/effort';
import { isObject, textOr } from './json';
import { idFor } from './names';
import type { Format, NeutralRequest, OpenPart, StreamEvent } from '../neutral';
import { openUnwrap, type Unwrap } from '../schema/wrapNonObject';

/** The one field of a function that stands for a plain-input tool. */
export const customField = 'input';

/** A stream's own undoing: events in, events out. */
export function openResponseFixups(fixups: ResponseFixups | undefined): (event: StreamEvent) => readonly StreamEvent[] {
  let inside: 'answer' | 'custom' | undefined;
  let held = ''; // the JSON around a plain input can only be taken off when it is whole
  let answered = false;
  let called = false;
  let unwrap: Unwrap | undefined; // of the open text
  return (event) => {
    switch (event.type) {
      case 'open': {
        inside = undefined;
        unwrap = undefined;
        if (fixups?.wrapped === true && (event.part.type === 'text' || isAnswer(event.part, fixups)))
          unwrap = openUnwrap();
        if (event.part.type !== 'toolCall') return [event];
        const { name: taken, id } = event.part;
        if (isAnswer(event.part, fixups)) {
          inside = 'answer';
          answered = true;
          return [{ type: 'open', part: { type: 'text' } }];
        }
        called = true;
        const name = fixups?.names.get(taken) ?? taken;
        const part = { ...event.part, name, id: idFor(id) }; // Kimi's `functions.f:0` is no id elsewhere
        if (fixups?.custom.has(name) !== true) return [{ type: 'open', part }];
        inside = 'custom';
        held = '';
        return [{ type: 'open', part: { ...part, custom: true } }];
      }
      case 'delta':
        if (unwrap !== undefined) return deltas(unwrap.push(event.text));
        if (inside !== 'custom') return [event];
        held += event.text;
        return [];
      case 'close': {
        const text = unwrap?.end() ?? (inside === 'custom' ? plainInput(held) : '');
        inside = undefined;
        unwrap = undefined;
        return [...deltas(text), event];
      }
      case 'finish':
        return answered && !called && event.reason === 'tool_calls' ? [{ ...event, reason: 'stop' }] : [event];
      default:
        return [event];
    }
  };
}

/**
 * Leaves out thoughts without words that a client does not expect. Gemini seals every answer, so there are two kinds: all
 * of them, for a client of messages or Responses that asked for no thinking; and those that nothing follows, for one of
 * messages that did: Claude Code shows the last block, and would print nothing. (Before a tool call the vault has kept the
 * seal; Gemini does not ask for that of its last words.)
 */
export function openHideEmptyReasoning(
  format: Format,
  request: NeutralRequest,
): (event: StreamEvent) => readonly StreamEvent[] {
  const thoughtful = wantsReasoning(request.reasoning);
  if (format === 'chat' || format === 'generate' || (thoughtful && format === 'responses')) return (event) => [event];
  let held: StreamEvent[] = []; // thoughts without words, of which the last may still be open
  let inside = false;
  let told = false; // anything at all
  const release = (event: StreamEvent) => {
    const before = held;
    held = [];
    inside = false;
    told = true;
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
      if (thoughtful) held.push(event);
      else held = [];
      return [];
    }
    if (inside || event.type === 'open') return release(event);
    if (event.type !== 'finish') return [event];
    return told ? [event] : release(event); // an answer of nothing else keeps them
  };
}

/** A plain input as the arguments of the function that stands for its tool. */
export function customArgs(input: string): string {
  return JSON.stringify({ [customField]: input });
}

// ---

function deltas(text: string): StreamEvent[] {
  return text === '' ? [] : [{ type: 'delta', text }];
}

function isAnswer(part: OpenPart, fixups: ResponseFixups | undefined): boolean {
  return part.type === 'toolCall' && part.name === fixups?.answerTool;
}

function plainInput(args: string): string {
  try {
    const value: unknown = JSON.parse(args);
    return isObject(value) && customField in value ? textOr(value[customField]) : args;
  } catch {
    return args; // what the model made of it, rather than nothing
  }
}
