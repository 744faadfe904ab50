// What a simulated model says: a pure function of the conversation, the same for every wire.
import { example } from './example';
import { NO_FAULT, withoutInstructions, type Fault } from './fault';
import type { Json, Usage } from './wire';

export interface Turn {
  role: 'user' | 'assistant' | 'tool';
  text: string;
}

export interface Tool {
  name: string;
  schema: unknown;
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
  /** the most tokens that may come out */
  limit: number | undefined;
  stop: readonly string[];
  /** of the system prompt, the messages and the tools together */
  inputBytes: number;
  /** whether words come before a tool call, as Claude likes it */
  preamble: boolean;
}

export interface ToolCall {
  name: string;
  args: Json;
}

export interface Answer {
  text: string;
  calls: ToolCall[];
  finish: 'stop' | 'length' | 'tool';
  /** the stop sequence that ended it */
  stopSequence: string | undefined;
  usage: Usage;
}

/** The simulated tokenizer: four bytes to a token, rounded up. */
export function tokens(bytes: number): number {
  return Math.ceil(bytes / 4);
}

/** The answer, complete. */
export function answer(conversation: Conversation, fault: Fault = NO_FAULT): Answer {
  const prompt = withoutInstructions(lastUserText(conversation.turns));
  const calls = toolCalls(conversation, prompt);
  const said = calls.length > 0 ? preamble(conversation, calls) : speech(conversation, prompt, fault.chunks);
  const result = calls.length > 0 ? { text: said, calls, stopSequence: undefined } : stopAt(said, conversation.stop);
  const bytes = Buffer.byteLength(result.text) + byteLength(result.calls);
  const usage = { input: tokens(conversation.inputBytes), output: tokens(bytes) };
  const limit = conversation.limit ?? Infinity;
  if (usage.output > limit) {
    // A call that does not fit is not made at all: half of its arguments would be of no use to anyone.
    const text = calls.length > 0 ? '' : cutBytes(result.text, limit * 4);
    const spent = { ...usage, output: limit };
    return { text, calls: [], finish: 'length', stopSequence: undefined, usage: fault.usage ?? spent };
  }
  return { ...result, finish: calls.length > 0 ? 'tool' : 'stop', usage: fault.usage ?? usage };
}

/** The last thing the user said, instructions and all. */
export function lastUserText(turns: readonly Turn[]): string {
  return turns.findLast((turn) => turn.role === 'user')?.text ?? '';
}

/** A text cut into `count` pieces, or into pieces of three words; joined they are the text again. */
export function piecesOf(text: string, count?: number): string[] {
  const words = text.match(/\s*\S+\s*$|\s*\S+/g) ?? (text === '' ? [] : [text]);
  const pieces = Math.min(words.length, count ?? Math.ceil(words.length / 3));
  const cut = (n: number) => Math.round((n * words.length) / pieces);
  return Array.from({ length: pieces }, (_, n) => words.slice(cut(n), cut(n + 1)).join(''));
}

/** The JSON of a call's arguments in the fragments in which it is streamed. */
export function fragmentsOf(json: string): string[] {
  return json.match(/.{1,12}/gsu) ?? [];
}

// ---

const MOST_WORDS = 200_000;
const SPELT = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
const LENGTH = new RegExp(`\\b(\\d{1,6}|${SPELT.join('|')})[- ](word|paragraph)s?\\b`, 'i');
const FILLER = (
  'A gateway stands between a program and the models that answer it and nobody notices when it works. ' +
  'It counts what passes and it remembers who asked and it gives back what it was given. ' +
  'The words of this answer mean nothing but there are exactly as many as you wanted. '
)
  .trim()
  .split(' ');

function speech(conversation: Conversation, prompt: string, chunks: number | undefined): string {
  const turn = conversation.turns.filter((one) => one.role === 'user').length;
  const results = trailingResults(conversation.turns);
  const opening =
    results.length > 0
      ? `The tool answered: ${results.map((text) => `"${quote(text, 200)}"`).join(' and ')}.`
      : `You said: "${quote(prompt, 60)}".`;
  const sentence = `${opening} This is ${conversation.model}, simulated, at turn ${turn}.`;
  const [, amount = '', unit] = LENGTH.exec(prompt) ?? [];
  const count = Math.min(
    MOST_WORDS,
    SPELT.includes(amount.toLowerCase()) ? SPELT.indexOf(amount.toLowerCase()) : +amount,
  );
  if (unit?.toLowerCase() === 'word') return wordsFrom(sentence, Math.max(count, chunks ?? 0));
  if (unit) return Array.from({ length: Math.min(count, 2_000) }, (_, n) => paragraph(n, sentence)).join('\n\n');
  if (chunks !== undefined && sentence.split(/\s+/).length < chunks) return wordsFrom(sentence, chunks);
  return sentence;
}

function wordsFrom(sentence: string, count: number): string {
  const words = sentence.split(/\s+/).slice(0, count);
  while (words.length < count) words.push(FILLER[words.length % FILLER.length] ?? '');
  return words.join(' ');
}

function paragraph(n: number, sentence: string): string {
  return n === 0 ? `${sentence} ${FILLER.join(' ')}` : FILLER.join(' ');
}

function quote(text: string, longest: number): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  if (flat.length <= longest) return flat;
  // By code points, so that no emoji is torn in half.
  const points = [...flat.slice(0, longest * 2)];
  return points.length <= longest && flat.length <= longest * 2 ? flat : `${points.slice(0, longest).join('')}…`;
}

/** What the tools have just answered; empty when the user spoke last. */
function trailingResults(turns: readonly Turn[]): string[] {
  const after = turns.findLastIndex((turn) => turn.role !== 'tool') + 1;
  return turns.slice(after).map((turn) => turn.text);
}

function toolCalls(conversation: Conversation, prompt: string): ToolCall[] {
  const { tools, toolChoice, turns, parallel } = conversation;
  if (tools.length === 0 || toolChoice.type === 'none') return [];
  const allowed = tools.filter((tool) => toolChoice.names?.includes(tool.name) ?? true);
  const demanded = toolChoice.type === 'any';
  if (!demanded && turns.at(-1)?.role === 'tool') return [];
  const mentioned = allowed.filter((tool) => mentions(prompt, tool.name));
  const asked = demanded || /\b(?:call|use|invoke|run)\b[^.?!]*\b(?:tool|function)s?\b|\bcall\b/i.test(prompt);
  const chosen = mentioned.length > 0 ? mentioned : asked ? allowed.slice(0, 1) : [];
  return (parallel ? chosen : chosen.slice(0, 1)).map((tool) => ({
    name: tool.name,
    args: argumentsFor(tool, prompt),
  }));
}

/** `get_weather` is mentioned by "get_weather" and by "get weather", but not by "forget weather". */
function mentions(prompt: string, name: string): boolean {
  const pattern = name.replace(/[^\w-]/g, '\\$&').replace(/[_-]+/g, '[_ -]+');
  return new RegExp(`(?<!\\w)${pattern}(?!\\w)`, 'i').test(prompt);
}

function argumentsFor(tool: Tool, prompt: string): Json {
  const value = example(tool.schema, prompt);
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function preamble(conversation: Conversation, calls: readonly ToolCall[]): string {
  return conversation.preamble ? `I'll use ${calls.map((call) => call.name).join(' and ')}.` : '';
}

function byteLength(calls: readonly ToolCall[]): number {
  return calls.reduce((sum, call) => sum + call.name.length + Buffer.byteLength(JSON.stringify(call.args)), 0);
}

function stopAt(
  text: string,
  sequences: readonly string[],
): { text: string; calls: ToolCall[]; stopSequence: string | undefined } {
  let end = text.length;
  let stopSequence: string | undefined;
  for (const sequence of sequences) {
    const at = sequence === '' ? -1 : text.indexOf(sequence);
    if (at >= 0 && at < end) [end, stopSequence] = [at, sequence];
  }
  return { text: text.slice(0, end), calls: [], stopSequence };
}

/** The longest beginning of a text that fits in so many bytes without tearing a character. */
function cutBytes(text: string, bytes: number): string {
  const whole = Buffer.from(text);
  let end = Math.min(whole.length, bytes);
  while (end > 0 && end < whole.length && ((whole[end] ?? 0) & 0xc0) === 0x80) end--;
  return whole.toString('utf8', 0, end);
}
