// What a simulated model says: a pure function of the conversation, the same for every wire.
import { example } from './example';
import { NO_FAULT, withoutInstructions, type Fault } from './fault';
import { cutBytes, speech, thought } from './speech';
import { argumentsOf, toolCalls } from './toolCalls';
import { citing, searchOf, type Search, type Searching } from './webSearch';
import type { Json, Usage } from './wire';

export interface Turn {
  role: 'user' | 'assistant' | 'tool';
  text: string;
}

export interface Tool {
  name: string;
  schema: unknown;
  /** takes free text, not JSON: OpenAI's custom tools */
  custom?: boolean;
}

/** A piece of the prompt, in the order in which it is read: what is counted, and what a prompt cache remembers. */
export interface Segment {
  text: string;
  bytes: number;
  /** what Gemini counts apart; absent for text */
  modality?: 'IMAGE' | 'AUDIO' | 'VIDEO' | 'DOCUMENT';
  /** an Anthropic cache breakpoint at its end */
  ttl?: '5m' | '1h';
}

/** A request of any wire, reduced to what an answer depends on. */
export interface Conversation {
  model: string;
  turns: readonly Turn[];
  tools: readonly Tool[];
  /** the names are those that `any` may choose from; absent means all */
  toolChoice: { type: 'auto' | 'none' | 'any'; names?: readonly string[] };
  /** several calls in one answer are welcome */
  parallel: boolean;
  /** the most tokens that may come out, thoughts included */
  limit: number | undefined;
  stop: readonly string[];
  /** the tools, the system prompt and the messages, in the order in which the provider reads them */
  segments: readonly Segment[];
  /** whether words come before a tool call, as Claude likes it */
  preamble: boolean;
  /** the answer is JSON, of this schema if there is one */
  format?: { schema?: unknown } | undefined;
  /** the provider's own search of the web is at hand, or must be used */
  searching?: Searching | undefined;
  /** what it searches for is told beside the tools it calls */
  circulates?: boolean | undefined;
  /** how many words it thinks before it answers */
  thinking?: number | undefined;
}

export interface ToolCall {
  name: string;
  args: Json;
  /** instead of arguments, for a custom tool */
  text?: string;
}

/** A place in the text that a source is given for. */
export interface Citation {
  start: number;
  end: number;
  text: string;
  title: string;
  url: string;
}

export interface Answer {
  /** what it thought before; empty if it did not */
  thought: string;
  text: string;
  /** what it says instead of an answer */
  refusal: string;
  calls: readonly ToolCall[];
  finish: 'stop' | 'length' | 'tool' | 'refusal' | 'filter' | 'pause';
  /** the stop sequence that ended it */
  stopSequence: string | undefined;
  citation: Citation | undefined;
  /** the search of the web that it began with */
  search: Search | undefined;
  usage: Usage;
}

/** The simulated tokenizer: four bytes to a token, rounded up. */
export function tokens(bytes: number): number {
  return Math.ceil(bytes / 4);
}

/** What a prompt counts, everything in it. */
export function inputTokens(segments: readonly Segment[]): number {
  return tokens(segments.reduce((sum, segment) => sum + segment.bytes, 0));
}

/** A segment of nothing but text. */
export function textSegment(text: string): Segment {
  return { text, bytes: Buffer.byteLength(text) };
}

/** The answer, complete. */
export function answer(conversation: Conversation, fault: Fault = NO_FAULT): Answer {
  const prompt = withoutInstructions(lastUserText(conversation.turns));
  const said = outcome(conversation, prompt, fault);
  const thinks = (conversation.thinking ?? 0) > 0 || fault.reasoningContent === true;
  const thinking = thinks ? thought(prompt, fault.think ?? (conversation.thinking || DEFAULT_THOUGHT)) : '';
  const reasoning = tokens(Buffer.byteLength(thinking));
  const limit = conversation.limit ?? Infinity;
  const whole: Omit<Answer, 'usage'> = { ...said, thought: thinking };
  const output = reasoning + tokens(Buffer.byteLength(said.text + said.refusal) + byteLength(said.calls));
  const usage = { input: inputTokens(conversation.segments), output, ...(reasoning > 0 && { reasoning }) };
  if (output <= limit) return { ...whole, usage: reported(usage, fault) };
  // A call that does not fit is not made at all: half of its arguments would be of no use to anyone.
  const left = Math.max(0, limit - reasoning);
  const cut = {
    thought: cutBytes(thinking, limit * 4),
    text: said.calls.length > 0 ? '' : cutBytes(said.text, left * 4),
    refusal: cutBytes(said.refusal, left * 4),
    calls: [],
    finish: 'length' as const,
    stopSequence: undefined,
    citation: undefined,
    search: undefined,
  };
  const spent = { ...usage, output: limit, ...(reasoning > 0 && { reasoning: Math.min(reasoning, limit) }) };
  return { ...cut, usage: reported(spent, fault) };
}

/** The last thing the user said, instructions and all. */
export function lastUserText(turns: readonly Turn[]): string {
  return turns.findLast((turn) => turn.role === 'user')?.text ?? '';
}

// ---

type Outcome = Omit<Answer, 'thought' | 'usage'>;

/** Thoughts that come whether or not anybody asked how many. */
const DEFAULT_THOUGHT = 16;
const REFUSAL = "I'm sorry, but I can't help with that.";

function outcome(conversation: Conversation, prompt: string, fault: Fault): Outcome {
  const none: Outcome = {
    text: '',
    refusal: '',
    calls: [],
    finish: 'stop',
    stopSequence: undefined,
    citation: undefined,
    search: undefined,
  };
  if (fault.refuse) return { ...none, refusal: REFUSAL, finish: 'refusal' };
  const results = conversation.turns.flatMap(({ role, text }) => (role === 'tool' ? [text] : []));
  const scripted = fault.script?.(results, conversation.tools);
  if (typeof scripted === 'string') return { ...none, text: scripted };
  const calls =
    scripted?.slice(0, conversation.parallel ? undefined : 1) ?? toolCalls(conversation, prompt, fault.calls);
  if (calls.length > 0) {
    const isFirst = conversation.circulates === true && conversation.turns.at(-1)?.role !== 'tool';
    const search = isFirst ? searchOf(conversation.searching, prompt) : undefined;
    return { ...none, text: preamble(conversation, calls), calls, search, finish: 'tool' };
  }
  const said = conversation.format ? document(conversation.format, prompt) : words(conversation, prompt, fault);
  const stopped = stopAt(said, conversation.stop);
  // A filter notices late: half of the text has been said.
  if (fault.safety)
    return { ...none, text: cutBytes(stopped.text, Math.ceil(Buffer.byteLength(stopped.text) / 2)), finish: 'filter' };
  const search = searchOf(conversation.searching, prompt);
  const cited = fault.cite === true || search !== undefined ? citationOf(stopped.text) : undefined;
  const citation = cited && search ? citing(cited, search) : cited;
  return { ...none, ...stopped, citation, search, finish: fault.pause ? 'pause' : 'stop' };
}

function words(conversation: Conversation, prompt: string, fault: Fault): string {
  const { model, turns } = conversation;
  const turn = turns.filter((one) => one.role === 'user').length;
  return speech({ model, turn, prompt, results: trailingResults(turns) }, fault.chunks);
}

/** JSON that the schema accepts; without one, an object of the simulator's own. */
function document(format: { schema?: unknown }, prompt: string): string {
  return JSON.stringify(format.schema === undefined ? { answer: prompt } : example(format.schema, prompt));
}

/** What the tools have just answered; empty when the user spoke last. */
function trailingResults(turns: readonly Turn[]): string[] {
  const after = turns.findLastIndex((turn) => turn.role !== 'tool') + 1;
  return turns.slice(after).map((turn) => turn.text);
}

// Who has to call does so without a word.
function preamble(conversation: Conversation, calls: readonly ToolCall[]): string {
  return conversation.preamble && conversation.toolChoice.type !== 'any'
    ? `I'll use ${calls.map((call) => call.name).join(' and ')}.`
    : '';
}

function byteLength(calls: readonly ToolCall[]): number {
  return calls.reduce((sum, call) => sum + call.name.length + Buffer.byteLength(argumentsOf(call)), 0);
}

function stopAt(text: string, sequences: readonly string[]): { text: string; stopSequence: string | undefined } {
  let end = text.length;
  let stopSequence: string | undefined;
  for (const sequence of sequences) {
    const at = sequence === '' ? -1 : text.indexOf(sequence);
    if (at >= 0 && at < end) [end, stopSequence] = [at, sequence];
  }
  return { text: text.slice(0, end), stopSequence };
}

/** The first sentence, as if it had been found somewhere. */
function citationOf(text: string): Citation {
  const end = /^.*?[.!?](?=\s|$)/s.exec(text)?.[0].length ?? text.length;
  return { start: 0, end, text: text.slice(0, end), title: 'A simulated source', url: 'https://example.com/source' };
}

function reported(usage: Usage, fault: Fault): Usage {
  if (!fault.usage) return usage;
  const reasoning = Math.min(usage.reasoning ?? 0, fault.usage.output);
  return { ...fault.usage, ...(reasoning > 0 && { reasoning }) };
}
