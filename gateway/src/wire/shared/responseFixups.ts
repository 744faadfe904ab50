// Changes back in a response what encoding changed in its request: tool names, custom tools sent as functions, and the
// tool or object that the response's text was asked for through. Also gives every call an id that any client may send
// back.

import type { ResponseFixups } from '../codec';
import type { OpenPart, StreamEvent } from '../neutral';
import { openUnwrap, type Unwrap } from '../schema/wrapNonObject';
import { customInput } from './customTools';
import { idFor } from './names';

/** A filter of one response's events. @param fixups undefined where the request needed no changes */
export function openResponseFixups(fixups: ResponseFixups | undefined): (event: StreamEvent) => readonly StreamEvent[] {
  let inside: 'answer' | 'custom' | undefined;
  let args = ''; // of a custom tool: the JSON around its input can only be taken off when it is whole
  let answered = false;
  let called = false;
  let unwrap: Unwrap | undefined; // of the open text
  const open = (part: OpenPart): StreamEvent => {
    const isAnswer = isAnswerTool(part, fixups);
    inside = undefined;
    unwrap = fixups?.wrapped === true && (part.type === 'text' || isAnswer) ? openUnwrap() : undefined;
    if (part.type !== 'toolCall') return { type: 'open', part };
    if (isAnswer) {
      inside = 'answer';
      answered = true;
      return { type: 'open', part: { type: 'text' } };
    }
    called = true;
    const name = fixups?.names.get(part.name) ?? part.name;
    const call = { ...part, name, id: idFor(part.id) }; // other APIs refuse Kimi's ids, such as `functions.f:0`
    if (fixups?.custom.has(name) !== true) return { type: 'open', part: call };
    inside = 'custom';
    args = '';
    return { type: 'open', part: { ...call, custom: true } };
  };
  return (event) => {
    switch (event.type) {
      case 'open':
        return [open(event.part)];
      case 'delta':
        if (unwrap !== undefined) return deltas(unwrap.push(event.text));
        if (inside !== 'custom') return [event];
        args += event.text;
        return [];
      case 'close': {
        const text = unwrap?.end() ?? (inside === 'custom' ? customInput(args) : '');
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

// ---

function deltas(text: string): StreamEvent[] {
  return text === '' ? [] : [{ type: 'delta', text }];
}

function isAnswerTool(part: OpenPart, fixups: ResponseFixups | undefined): boolean {
  return part.type === 'toolCall' && part.name === fixups?.answerTool;
}
