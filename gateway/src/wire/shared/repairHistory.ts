// Makes a history whole: every call has an id of its own and exactly one result, directly after the turn that made it.
// Clients cut turns off, send results twice, and hosts number their calls from 0 in every answer; each provider refuses the
// whole conversation for it, in every later turn too. Sources (2026-11): Anthropic, "tool_use ids must be unique"
// (https://github.com/anthropics/claude-code/issues/21083) and "tool_use ids were found without tool_result blocks
// immediately after" (https://platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use); chat completions,
// "must be followed by tool messages responding to each tool_call_id"
// (https://platform.openai.com/docs/guides/function-calling); Gemini, as many responses as calls, directly after them
// (https://ai.google.dev/gemini-api/docs/function-calling).

import { type Format, type Message, type Part, textOf, type ToolCall, type ToolResult } from '../neutral';
import { withWholeEscapes } from './exactJson';
import { isObject } from './json';
import type { NoteRepair } from './repairs';

export interface HistoryRepairs {
  readonly repaired: NoteRepair;
  /** Names what is left out, because what it refers to is. */
  readonly dropped: (name: string) => void;
}

/** The messages as every provider takes them. @param format the one they are encoded in, whose own items stay */
export function repairHistory(
  messages: readonly Message[],
  format: Format,
  repairs: HistoryRepairs,
): readonly Message[] {
  const holdsTools = messages.some(({ parts }) => parts.some(isToolPart));
  return holdsTools ? new History(format, repairs).repair(messages) : messages;
}

// ---

function isToolPart({ type }: Part): boolean {
  return type === 'toolCall' || type === 'toolResult';
}

interface Call {
  readonly call: ToolCall;
  /** The number of the model's turn that made it. */
  readonly turn: number;
  result?: ToolResult;
  /** It has a result of the format's own, which stays where it stands. */
  answered?: boolean;
}

/** What is known of an id that calls came with; a hostile history may use one id for all of its calls. */
interface IdUse {
  /** Calls without a result, by turn; those before `at` have one. */
  readonly open: { readonly turn: number; readonly calls: Call[]; at: number }[];
  /** The turn that used it last, its first call there, and all of them where there are several. */
  turn: number;
  first: ToolCall;
  forms: Set<string> | undefined;
  /** The number that the next call under it gets. */
  next: number;
  /** The result that came last. */
  last?: ToolResult;
}

/** Turns of the model's in a row are one: some clients keep each piece of an answer as a message of its own. */
interface ModelTurn {
  /** Index of its last message. */
  end: number;
  readonly calls: Call[];
}

class History {
  readonly #format: Format;
  readonly #repairs: HistoryRepairs;
  readonly #turns: ModelTurn[] = [];
  readonly #uses = new Map<string, IdUse>();
  readonly #ids = new Set<string>();
  /** Calls without a neutral form, by id: their path, and whether they are encoded. */
  readonly #raw = new Map<string, { at: string; kept: boolean }>();
  /** Since the last turn of the model's, something other than results. */
  #apart = false;

  constructor(format: Format, repairs: HistoryRepairs) {
    this.#format = format;
    this.#repairs = repairs;
  }

  repair(messages: readonly Message[]): Message[] {
    const rest = messages.map((message, index) => this.#withoutResults(message, index, messages[index - 1]));
    const out: Message[] = [];
    const turns = new Map(this.#turns.map((turn) => [turn.end, turn]));
    let results: ToolResult[] = []; // of the turn before, which wait for the user's next message
    const flush = (parts: readonly Part[]) => {
      if (results.length + parts.length > 0) out.push({ role: 'user', parts: [...results, ...parts] });
      results = [];
    };
    for (const [index, message] of messages.entries()) {
      const parts = rest[index] ?? [];
      const onlyResults = parts.length === 0 && message.parts.length > 0;
      const takesResults = message.role === 'user' && message.parts.some(({ type }) => type === 'toolResult');
      if (results.length > 0 && takesResults) flush(parts);
      else {
        flush([]);
        if (!onlyResults) out.push({ ...message, parts });
      }
      const turn = turns.get(index);
      if (turn !== undefined) results = this.#resultsOf(turn);
    }
    flush([]);
    return out;
  }

  // A message's parts without its results, and with its calls under the ids that they are sent with.
  #withoutResults(message: Message, index: number, before: Message | undefined): Part[] {
    if (message.role === 'assistant') {
      const last = this.#turns.at(-1);
      if (last !== undefined && before?.role === 'assistant') last.end = index;
      else this.#turns.push({ end: index, calls: [] });
      this.#apart = false;
    }
    const parts = message.parts.flatMap((part) => {
      if (part.type === 'toolCall') return this.#takeCall(part, message.role);
      if (part.type === 'toolResult') return this.#takeResult(part, message.role);
      if (part.type === 'raw') this.#takeRaw(part);
      return [part];
    });
    if (message.role !== 'assistant' && parts.length > 0) this.#apart = true;
    return parts;
  }

  #takeCall(call: ToolCall, role: Message['role']): Part[] {
    const turn = this.#turns.at(-1);
    if (role !== 'assistant' || turn === undefined) {
      this.#repairs.repaired('misplaced-call');
      return [{ type: 'text', text: `Called the tool ${call.name} with: ${call.args}` }];
    }
    const used = this.#uses.get(call.id);
    // Some clients send a call in the content and in `tool_calls`: https://github.com/BerriAI/litellm/issues/23510.
    if (used?.turn === this.#turns.length && isRepeated(used, call)) {
      this.#repairs.repaired('repeated-call');
      return [];
    }
    const use: IdUse = used ?? { open: [], turn: 0, first: call, forms: undefined, next: 2 };
    this.#uses.set(call.id, use);
    if (use.turn !== this.#turns.length)
      Object.assign(use, { turn: this.#turns.length, first: call, forms: undefined });
    const own = { ...call, id: this.#freeId(call.id, use), args: this.#wholeArgs(call) };
    if (own.id !== call.id) this.#repairs.repaired('reused-call-id');
    const made: Call = { call: own, turn: this.#turns.length };
    turn.calls.push(made);
    const group = use.open.at(-1);
    if (group?.turn === made.turn) group.calls.push(made);
    else use.open.push({ turn: made.turn, calls: [made], at: 0 });
    return [own];
  }

  #wholeArgs({ args, custom }: ToolCall): string {
    const whole = custom === true ? args : withWholeEscapes(args);
    if (whole !== args) this.#repairs.repaired('lone-surrogate');
    return whole;
  }

  // Only what stands before decides on an id, so that later turns find the same one and the provider's cache holds.
  #freeId(id: string, use: IdUse): string {
    const base = id === '' ? 'call' : id;
    let free = base;
    while (this.#ids.has(free)) free = `${base}_${use.next++}`;
    this.#ids.add(free);
    return free;
  }

  #takeResult(result: ToolResult, role: Message['role']): Part[] {
    const use = this.#uses.get(result.id);
    const call = use === undefined ? undefined : takeOpen(use);
    if (use !== undefined && call !== undefined) {
      if (this.#apart || role !== 'user' || call.turn !== this.#turns.length)
        this.#repairs.repaired('misplaced-result');
      use.last = result;
      call.result = { ...result, id: call.call.id };
      return [];
    }
    const raw = this.#raw.get(result.id);
    if (raw !== undefined) {
      if (raw.kept) return [result];
      this.#repairs.dropped(`${raw.at}.output`);
      return [];
    }
    this.#repairs.repaired(use === undefined ? 'orphan-result' : 'repeated-result');
    if (use?.last !== undefined && saysTheSame(use.last, result)) return [];
    const what = use === undefined ? 'Result of a tool call that is not shown' : 'Another result of the same tool call';
    return [{ type: 'text', text: `${what}:\n` }, ...result.parts];
  }

  #takeRaw({ format, at, callId, resultOf }: Extract<Part, { type: 'raw' }>): void {
    const kept = format === this.#format;
    if (callId !== undefined) this.#raw.set(callId, { at, kept });
    const use = resultOf === undefined || !kept ? undefined : this.#uses.get(resultOf);
    const call = use === undefined ? undefined : takeOpen(use);
    if (call !== undefined) call.answered = true;
  }

  #resultsOf({ calls }: ModelTurn): ToolResult[] {
    return calls.flatMap(({ call, result, answered }): ToolResult[] => {
      if (answered === true) return [];
      if (result !== undefined) return [result];
      this.#repairs.repaired('missing-result');
      const parts = [{ type: 'text', text: 'There is no result: the call was interrupted.' } as const];
      return [
        { type: 'toolResult', id: call.id, parts, isError: true, ...(call.custom === true ? { custom: true } : {}) },
      ];
    });
  }
}

// The first call without a result of the latest turn that has one: results come in the order of their calls.
function takeOpen({ open }: IdUse): Call | undefined {
  const group = open.at(-1);
  const call = group?.calls[group.at++];
  if (group !== undefined && group.at >= group.calls.length) open.pop();
  return call;
}

// Whether the turn has made this call already.
function isRepeated(use: IdUse, call: ToolCall): boolean {
  use.forms ??= new Set([formOf(use.first)]);
  const form = formOf(call);
  if (use.forms.has(form)) return true;
  use.forms.add(form);
  return false;
}

// A call's name and arguments as one text, whatever the blanks and the order of its fields.
function formOf({ name, args }: ToolCall): string {
  try {
    return `${name} ${JSON.stringify(inOrder(JSON.parse(args === '' ? '{}' : args)))}`;
  } catch {
    return `${name} ${args}`;
  }
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, inOrder(value[key])])); // prettier-ignore
}

function saysTheSame(one: ToolResult, other: ToolResult): boolean {
  return one.parts.length === other.parts.length && textOf(one.parts, '\n') === textOf(other.parts, '\n');
}
