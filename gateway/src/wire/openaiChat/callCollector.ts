// Collects the tool calls of one chat completion, whose pieces may come interleaved by index, while neutral events hold one
// call after another. Source: https://platform.openai.com/docs/api-reference/chat/streaming, "tool_calls" (2026-11).

import type { Json } from '../jsonObject';
import type { EventBuilder } from '../shared/eventBuilder';
import { countOr, isObject, objectOr, textOr } from '../shared/json';

export interface CallCollector {
  /** @param delta an item of `tool_calls`, or a stream's delta of one */
  add(delta: Json): void;
  /** All pieces have come. */
  end(): void;
}

/**
 * One call at a time is passed on as it grows. A second one begins at once where the first is whole JSON already, and
 * waits for the end otherwise.
 * @param responseId for calls without an id
 */
export function openCallCollector(builder: EventBuilder, responseId: string): CallCollector {
  const waiting = new Map<number, Call>();
  const begun = new Set<number>();
  let live: LiveCall | undefined;

  const begin = (index: number, call: Call) => {
    builder.call(call.id === '' ? `call_${responseId}_${index}` : call.id, call.name, call.custom);
    builder.args(call.args);
    live = { index, args: call.args, custom: call.custom, unfinished: -1 };
    begun.add(index);
    waiting.delete(index);
  };
  return {
    add(delta) {
      const { call, index } = decodeDelta(delta, live?.index ?? -1);
      if (live?.index === index) {
        live.args += call.args;
        builder.args(call.args);
        return;
      }
      if (begun.has(index)) {
        if (call.args !== '') builder.lost('tool call arguments after their end');
        return;
      }
      const sum = joined(waiting.get(index), call);
      waiting.set(index, sum);
      if (sum.name !== '' && (live === undefined || live.custom || isWhole(live))) begin(index, sum);
    },
    end() {
      for (const [index, call] of [...waiting].sort(([a], [b]) => a - b)) begin(index, call);
    },
  };
}

// ---

interface Call {
  readonly id: string;
  readonly name: string;
  readonly custom: boolean;
  /** JSON text, or a custom tool's plain input. */
  readonly args: string;
}

// @param live index of the call that is being passed on, -1 for none: some hosts name no index
function decodeDelta(delta: Json, live: number): { index: number; call: Call } {
  const id = textOr(delta['id']);
  const custom = isObject(delta['custom']);
  const fields = objectOr(custom ? delta['custom'] : delta['function']);
  const args = custom ? fields['input'] : fields['arguments'];
  return {
    index: countOr(delta['index'], live + (id === '' ? 0 : 1)),
    call: { id, name: textOr(fields['name']), custom, args: isObject(args) ? JSON.stringify(args) : textOr(args) },
  };
}

function joined(before: Call | undefined, { id, name, custom, args }: Call): Call {
  if (before === undefined) return { id, name, custom, args };
  return { id: before.id || id, name: before.name || name, custom: before.custom, args: before.args + args };
}

/** The call that is passed on as it grows. */
interface LiveCall {
  readonly index: number;
  args: string;
  readonly custom: boolean;
  /** The length at which its arguments were last seen not to be whole: pieces of another call may come by the thousand. */
  unfinished: number;
}

function isWhole(call: LiveCall): boolean {
  if (call.unfinished === call.args.length) return false;
  if (isJson(call.args)) return true;
  call.unfinished = call.args.length;
  return false;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
