// Undoes in an answer what encoding did to the question: mapped tool names, plain-input tools sent as functions, and the
// tool that stood for the form of the answer. And gives every call an id that any client may send back.

import type { Undo } from './codec';
import { thinks } from './effort';
import { isObject, textOr } from './json';
import { idFor } from './names';
import type { Format, NeutralRequest, StreamEvent } from './neutral';

/** The one field of a function that stands for a plain-input tool. */
export const customField = 'input';

/** A stream's own undoing: events in, events out. */
export function openUndo(undo: Undo | undefined): (event: StreamEvent) => readonly StreamEvent[] {
  let inside: 'answer' | 'custom' | undefined;
  let held = ''; // the JSON around a plain input can only be taken off when it is whole
  let answered = false;
  let called = false;
  return (event) => {
    switch (event.type) {
      case 'open': {
        inside = undefined;
        if (event.part.type !== 'toolCall') return [event];
        const { name: taken, id } = event.part;
        if (taken === undo?.answerTool) {
          inside = 'answer';
          answered = true;
          return [{ type: 'open', part: { type: 'text' } }];
        }
        called = true;
        const name = undo?.names.get(taken) ?? taken;
        const part = { ...event.part, name, id: idFor(id) }; // Kimi's `functions.f:0` is no id elsewhere
        if (undo?.custom.has(name) !== true) return [{ type: 'open', part }];
        inside = 'custom';
        held = '';
        return [{ type: 'open', part: { ...part, custom: true } }];
      }
      case 'delta':
        if (inside !== 'custom') return [event];
        held += event.text;
        return [];
      case 'close': {
        const text = inside === 'custom' ? plainInput(held) : '';
        inside = undefined;
        return text === '' ? [event] : [{ type: 'delta', text }, event];
      }
      case 'finish':
        return answered && !called && event.reason === 'tool_calls' ? [{ ...event, reason: 'stop' }] : [event];
      default:
        return [event];
    }
  };
}

/**
 * Leaves out thoughts without words. Gemini seals every answer; a client of messages or Responses that asked for no
 * thinking would be given an empty block it does not expect. (Before a tool call the vault has kept the seal.)
 */
export function openQuiet(format: Format, request: NeutralRequest): (event: StreamEvent) => readonly StreamEvent[] {
  if (format === 'chat' || format === 'generate' || thinks(request.thinking)) return (event) => [event];
  let held: StreamEvent | undefined;
  return (event) => {
    const before = held;
    held = undefined;
    if (event.type === 'open' && event.part.type === 'reasoning') {
      held = event;
      return [];
    }
    if (before === undefined) return [event];
    return event.type === 'close' ? [] : [before, event];
  };
}

/** A plain input as the arguments of the function that stands for its tool. */
export function customArgs(input: string): string {
  return JSON.stringify({ [customField]: input });
}

// ---

function plainInput(args: string): string {
  try {
    const value: unknown = JSON.parse(args);
    return isObject(value) && customField in value ? textOr(value[customField]) : args;
  } catch {
    return args; // what the model made of it, rather than nothing
  }
}
