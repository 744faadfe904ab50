// What a test or a demo can make go wrong, and the language it is asked for in.
//
// Four ways to ask, later ones winning over earlier ones word by word:
//   simulator.always(fault)                  every call until told otherwise
//   [[sim: word word=value …]]               in the last user message: the way through a gateway, which forwards no header
//   simulator.next(fault)                    one call; a queue
//   x-sim: word word=value …                 a request header, for tests that talk to the simulator directly
//
// | word             | what the simulator does                                                                           |
// |------------------|---------------------------------------------------------------------------------------------------|
// | status=N         | answers N with the provider's own error body for it                                               |
// | retry_after=S    | how long that error asks to wait: a header, and in Google's case the RetryInfo in the body         |
// | no_credit        | refuses as the provider does when the account has run dry (429, 400 and 429)                      |
// | too_long         | refuses as if the input did not fit the context window                                            |
// | delay_ms=N       | waits before the first byte                                                                       |
// | gap_ms=N         | waits between the events of a stream                                                              |
// | chunks=N         | cuts a text answer into N pieces, making it longer if it has fewer words                          |
// | stall_after=N    | goes silent after N events and keeps the socket open; never the last one                          |
// | cut_after=N      | destroys the socket after N events, never the last one; 0 is before the headers                   |
// | error_after=N    | sends the provider's in-stream error after N events, then ends; the status is `status` or its 500, 529, 503 |
// | garbage          | answers 200 with a page of HTML                                                                   |
// | hold=NAME        | answers only after release('NAME'); once released, a name holds nobody any more                   |
// | hold_after=N     | lets N events of a stream go before that                                                          |
// | silence_ms=N     | says nothing for N ms in the middle of a stream, after `silence_after` events (1)                 |
// | usage=IN/OUT     | reports these tokens                                                                              |
// | no_usage         | reports none                                                                                      |
// | cached=N         | reports N of the input tokens as read from the prompt cache                                       |
// | cache_write=N    | reports N of them as written to it (no word for it in chat, nor Google's)                                            |
// | calls=N          | calls N tools, going round those it was given                                                     |
// | think=N          | thinks N words where it thinks at all                                                             |
// | redacted         | Anthropic: the thoughts come as redacted_thinking                                                 |
// | reasoning_content | OpenAI's chat: thoughts in `reasoning_content`, as DeepSeek and its likes send them              |
// | refuse           | the model declines: refusal field, refusal part, stop_reason refusal, finishReason SAFETY          |
// | safety           | a filter ends the answer in its middle: content_filter, refusal, SAFETY                           |
// | block            | the prompt itself is blocked: a 400 of OpenAI's and Anthropic's, Google's promptFeedback          |
// | pause            | Anthropic: the turn pauses (pause_turn)                                                           |
// | cite             | the answer names a source: annotations, citations, groundingMetadata                              |
// | fail             | OpenAI's responses: the response ends as failed, with a 200                                       |
// | only=A,B         | the brackets around it count only for these providers (openai, anthropic, google) or model ids    |
//
// A JSON answer is one event: N of 1 or more cuts or stalls it in its middle. error_after makes it an error answer, as
// error_after=0 makes one of a stream.
// A test may also give a `script`: what the model does next, in code. There is no word for it.
// A word that is not in the table is refused with a 400: a misspelt fault must not pass for a healthy answer.
import type { Tool, ToolCall } from './answer';
import type { Provider, Usage } from './wire';

/**
 * What a model does next: the tools to call, or words. Undefined leaves it to the simulator.
 * @param results what tools have answered so far in the conversation
 */
export type Script = (results: readonly string[], tools: readonly Tool[]) => readonly ToolCall[] | string | undefined;

/** A fault; the comment at the top of this file says what each word does. */
export interface Fault {
  status?: number;
  retryAfter?: number;
  noCredit?: boolean;
  tooLong?: boolean;
  delayMs?: number;
  gapMs?: number;
  chunks?: number;
  stallAfter?: number;
  cutAfter?: number;
  errorAfter?: number;
  garbage?: boolean;
  hold?: string;
  holdAfter?: number;
  silenceMs?: number;
  silenceAfter?: number;
  usage?: Usage;
  noUsage?: boolean;
  cached?: number;
  cacheWrite?: number;
  calls?: number;
  think?: number;
  redacted?: boolean;
  reasoningContent?: boolean;
  refuse?: boolean;
  safety?: boolean;
  block?: boolean;
  pause?: boolean;
  cite?: boolean;
  fail?: boolean;
  script?: Script;
}

/** No fault: recognised by identity on the fast path. */
export const NO_FAULT: Fault = Object.freeze({});

/** The instructions for this provider and model in a text. Throws `BadInstruction`. */
export function instructionsIn(text: string, provider: Provider, model: string): Fault {
  if (!text.includes(OPENING)) return NO_FAULT;
  const faults: Fault[] = [];
  for (const [, words = ''] of text.matchAll(INSTRUCTION)) {
    const only = /(?:^|\s)only=(\S+)/.exec(words)?.[1]?.split(',');
    const fault = parseFault(words);
    if (!only || only.includes(provider) || only.includes(model)) faults.push(fault);
  }
  return merge(...faults);
}

/** One instruction without its brackets. Throws `BadInstruction`. */
export function parseFault(words: string): Fault {
  const fault: Fault = {};
  for (const word of words.trim().split(/\s+/)) {
    if (word === '') continue;
    const [name = '', value = ''] = word.split(/=(.*)/s);
    const read = Object.hasOwn(WORDS, name) ? WORDS[name] : undefined;
    if (!read) throw new BadInstruction(`the simulator knows no instruction '${name}'`);
    Object.assign(fault, read(value, name));
  }
  return fault;
}

/** A text without its instructions: what the user really said. */
export function withoutInstructions(text: string): string {
  return text.includes(OPENING) ? text.replace(INSTRUCTION, '').trim() : text;
}

/** Faults laid over one another; the last word counts. */
export function merge(...faults: (Fault | undefined)[]): Fault {
  const present = faults.filter((fault) => fault !== undefined && fault !== NO_FAULT);
  return present.length === 0 ? NO_FAULT : Object.assign({}, ...present);
}

/** An instruction nobody can follow. */
export class BadInstruction extends Error {}

// ---

const OPENING = '[[sim:';
const INSTRUCTION = /\[\[sim:([^\]]*)\]\]/g;

const WORDS: Record<string, (value: string, name: string) => Fault> = {
  status: (value, name) => {
    const status = number(value, name);
    if (status < 400 || status > 599) throw new BadInstruction(`the simulator's instruction 'status' takes 400 to 599`);
    return { status };
  },
  retry_after: (value, name) => ({ retryAfter: number(value, name) }),
  no_credit: () => ({ noCredit: true }),
  too_long: () => ({ tooLong: true }),
  delay_ms: (value, name) => ({ delayMs: number(value, name) }),
  gap_ms: (value, name) => ({ gapMs: number(value, name) }),
  chunks: (value, name) => ({ chunks: number(value, name) }),
  stall_after: (value, name) => ({ stallAfter: number(value, name) }),
  cut_after: (value, name) => ({ cutAfter: number(value, name) }),
  error_after: (value, name) => ({ errorAfter: number(value, name) }),
  garbage: () => ({ garbage: true }),
  hold: (value) => ({ hold: value }),
  hold_after: (value, name) => ({ holdAfter: number(value, name) }),
  usage: (value, name) => {
    const [input = '', output = ''] = value.split('/');
    return { usage: { input: number(input, name), output: number(output, name) } };
  },
  no_usage: () => ({ noUsage: true }),
  silence_ms: (value, name) => ({ silenceMs: number(value, name) }),
  silence_after: (value, name) => ({ silenceAfter: number(value, name) }),
  cached: (value, name) => ({ cached: number(value, name) }),
  cache_write: (value, name) => ({ cacheWrite: number(value, name) }),
  calls: (value, name) => ({ calls: number(value, name) }),
  think: (value, name) => ({ think: number(value, name) }),
  redacted: () => ({ redacted: true }),
  reasoning_content: () => ({ reasoningContent: true }),
  refuse: () => ({ refuse: true }),
  safety: () => ({ safety: true }),
  block: () => ({ block: true }),
  pause: () => ({ pause: true }),
  cite: () => ({ cite: true }),
  fail: () => ({ fail: true }),
  only: () => ({}),
};

function number(value: string, name: string): number {
  if (!/^\d+$/.test(value)) throw new BadInstruction(`the simulator's instruction '${name}' takes a whole number`);
  return Number(value);
}
