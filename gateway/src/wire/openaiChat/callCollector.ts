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
  /** Characters that are held for calls which have not begun, and what each call costs beside them. */
  readonly kept: number;
}

/** What a call costs beside its text. */
const callCost = 64;

/**
 * One call at a time is passed on as it grows. A second one begins at once where the first is whole JSON already, and
 * waits for the end otherwise.
 * @param responseId for calls without an id
 */
export function openCallCollector(builder: EventBuilder, responseId: string): CallCollector {
  const waiting = new Map<number, Call>();
  const begun = new Set<number>();
  let live: LiveCall | undefined;
  let held = 0; // characters of the calls that wait

  const begin = (index: number, call: Call) => {
    builder.call(call.id === '' ? `call_${responseId}_${index}` : call.id, call.name, call.custom);
    builder.args(call.args);
    live = { index, custom: call.custom, json: openJsonEnd() };
    live.json.add(call.args);
    begun.add(index);
    if (waiting.delete(index)) held -= sizeOf(call);
  };
  return {
    get kept() {
      return held + callCost * (waiting.size + begun.size);
    },
    add(delta) {
      const { call, index } = decodeDelta(delta, live?.index ?? -1);
      if (live?.index === index) {
        live.json.add(call.args);
        builder.args(call.args);
        return;
      }
      if (begun.has(index)) {
        if (call.args !== '') builder.lost('tool call arguments after their end');
        return;
      }
      const before = waiting.get(index);
      const sum = joined(before, call);
      waiting.set(index, sum);
      held += sizeOf(sum) - (before === undefined ? 0 : sizeOf(before));
      if (sum.name !== '' && (live === undefined || live.custom || live.json.ended)) begin(index, sum);
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

function sizeOf({ id, name, args }: Call): number {
  return id.length + name.length + args.length;
}

/** The call that is passed on as it grows. */
interface LiveCall {
  readonly index: number;
  readonly custom: boolean;
  readonly json: JsonEnd;
}

/** Tells where an object ends whose text comes in pieces; each is looked at once, however many there are. */
interface JsonEnd {
  add(piece: string): void;
  /** The object has been closed, as many times as it was opened. */
  readonly ended: boolean;
}

function openJsonEnd(): JsonEnd {
  let depth = 0;
  let inString = false;
  let escaped = false;
  let ended = false;
  return {
    add(piece) {
      for (let at = 0; at < piece.length && !ended; at++) {
        const code = piece.charCodeAt(at);
        if (inString) {
          if (escaped) escaped = false;
          else if (code === backslash) escaped = true;
          else if (code === quote) inString = false;
        } else if (code === quote) inString = true;
        else if (code === openBrace || code === openBracket) depth++;
        else if (code === closeBrace || code === closeBracket) ended = --depth <= 0;
      }
    },
    get ended() {
      return ended;
    },
  };
}

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
