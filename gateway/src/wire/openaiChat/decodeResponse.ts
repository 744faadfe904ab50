// Chat completions answers as neutral events, whole and streamed. Source: OpenAI API reference, "The chat completion
// object" and "The chat completion chunk object"; reasoning fields of DeepSeek and OpenRouter from their own pages.

import { validCounts, tokenCount, type Usage } from '../../core/usage';
import { decodeOpenaiLogprobs } from '../shared/logprobs';
import type { Decoder, Frame, Json } from '../codec';
import { countOr, isObject, listOr, objectOr, parseEvent, textOr } from '../shared/json';
import type { FailureKind, FinishReason, StreamEvent } from '../neutral';
import { openEventBuilder, type EventBuilder } from '../shared/eventBuilder';

const reasons: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'refusal',
};

export function usageIn(value: Json): Partial<Usage> | undefined {
  const usage = value['usage'];
  if (!isObject(usage)) return undefined;
  const prompt = tokenCount(usage['prompt_tokens']);
  const details = objectOr(usage['prompt_tokens_details']);
  const cacheRead = Math.min(prompt, tokenCount(details['cached_tokens']));
  const cacheWrite5m = Math.min(prompt - cacheRead, tokenCount(details['cache_write_tokens']));
  const made = objectOr(usage['completion_tokens_details']);
  return validCounts({
    input: prompt - cacheRead - cacheWrite5m,
    cacheRead,
    cacheWrite5m,
    output: tokenCount(usage['completion_tokens']),
    reasoning: tokenCount(made['reasoning_tokens']),
    inputAudio: tokenCount(details['audio_tokens']),
  });
}

export function decodeResponse(body: Json): readonly StreamEvent[] {
  const builder = openEventBuilder();
  const id = textOr(body['id']);
  builder.start(id, textOr(body['model']));
  const choices = listOr(body['choices']);
  if (choices.length > 1) builder.lost('choices[1…]');
  const choice = objectOr(choices[0]);
  const message = objectOr(choice['message']);
  const thoughts = openReasoning(builder);
  thoughts.add(message);
  thoughts.end();
  builder.text(contentText(message['content']), decodeOpenaiLogprobs(objectOr(choice['logprobs'])['content']));
  for (const annotation of listOr(message['annotations'])) cite(builder, objectOr(annotation));
  builder.refusal(textOr(message['refusal']));
  if (isObject(message['audio'])) builder.lost('audio');
  const calls = openCalls(builder, id);
  listOr(message['tool_calls']).forEach((raw, index) => calls.add({ index, ...objectOr(raw) }));
  if (isObject(message['function_call'])) calls.add({ index: 0, function: message['function_call'] });
  calls.end();
  builder.usage(usageIn(body));
  finish(builder, choice['finish_reason'], textOr(message['refusal']) !== '');
  builder.done();
  return builder.take();
}

export function openDecoder(): Decoder {
  const builder = openEventBuilder();
  const thoughts = openReasoning(builder);
  let calls: Calls | undefined;
  let refused = false;
  let reasoned = false;
  const push = ({ data }: Frame): readonly StreamEvent[] => {
    if (builder.finished) return [];
    if (data === '[DONE]') {
      // Some hosts end without a reason (recorded: openrouter.ai, Novita); the mark alone says that it is whole.
      calls?.end();
      if (!reasoned) builder.finish(builder.calls > 0 ? 'tool_calls' : 'stop');
      return end();
    }
    const chunk = parseEvent(data);
    if (chunk === undefined) return [];
    if (isObject(chunk['error'])) {
      const error = chunk['error'];
      builder.failure(failureKind(error), textOr(error['message']));
      return builder.take();
    }
    const id = textOr(chunk['id']);
    // Azure and others begin with an event that has no choices and no id.
    if (id !== '' || listOr(chunk['choices']).length > 0) builder.start(id, textOr(chunk['model']));
    builder.usage(usageIn(chunk));
    for (const raw of listOr(chunk['choices'])) {
      const choice = objectOr(raw);
      if (countOr(choice['index']) > 0) continue;
      const delta = objectOr(choice['delta']);
      thoughts.add(delta);
      const text = contentText(delta['content']);
      const refusal = textOr(delta['refusal']);
      const called = listOr(delta['tool_calls']);
      if (text !== '' || refusal !== '' || called.length > 0) thoughts.end();
      builder.text(text, decodeOpenaiLogprobs(objectOr(choice['logprobs'])['content']));
      for (const annotation of listOr(delta['annotations'])) cite(builder, objectOr(annotation));
      builder.refusal(refusal);
      refused ||= refusal !== '';
      for (const call of called) (calls ??= openCalls(builder, id)).add(objectOr(call));
      reasoned ||= typeof choice['finish_reason'] === 'string';
      finish(builder, choice['finish_reason'], refused);
    }
    return builder.take();
  };
  const end = (): readonly StreamEvent[] => {
    thoughts.end();
    calls?.end();
    builder.done();
    return builder.take();
  };
  return { push, end };
}

/** What kind of failure an error object of OpenAI's is. */
export function failureKind(error: Json): FailureKind {
  const words = `${textOr(error['type'])} ${textOr(error['code'])} ${typeof error['code'] === 'number' ? error['code'] : ''}`;
  if (/overload|503|529/.test(words)) return 'overloaded';
  if (/rate_limit|429/.test(words)) return 'rate_limited';
  if (/context_length|string_above_max/.test(words)) return 'too_long';
  return /invalid_request/.test(words) ? 'bad_request' : 'other';
}

// ---

function finish(builder: EventBuilder, raw: unknown, refused: boolean): void {
  if (typeof raw !== 'string') return;
  const reason = reasons[raw] ?? 'other';
  builder.finish(refused && reason === 'stop' ? 'refusal' : reason);
}

// Some hosts send content as a list of parts.
function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  return listOr(content)
    .map((part) => textOr(objectOr(part)['text']))
    .join('');
}

function cite(builder: EventBuilder, annotation: Json): void {
  const cited = objectOr(annotation['url_citation']);
  const url = textOr(cited['url']);
  if (url === '') return builder.lost(`annotation ${textOr(annotation['type'])}`.trim());
  const place = typeof cited['start_index'] === 'number' && typeof cited['end_index'] === 'number';
  builder.citation({
    url,
    ...(typeof cited['title'] === 'string' ? { title: cited['title'] } : {}),
    ...(place ? { start: countOr(cited['start_index']), end: countOr(cited['end_index']) } : {}),
  });
}

interface Thoughts {
  add(delta: Json): void;
  /** The thoughts are over: their sealed form is now complete. */
  end(): void;
}

// Text comes in one of three fields, sealed pieces in `reasoning_details`. Both are remembered by the field they came
// in, so that they can go back there.
function openReasoning(builder: EventBuilder): Thoughts {
  let field: string | undefined;
  let details: Record<string, unknown>[] = [];
  return {
    add(delta) {
      const pieces = listOr(delta['reasoning_details']).map(objectOr);
      for (const piece of pieces) details = joined(details, piece);
      const name = ['reasoning_content', 'reasoning'].find((key) => textOr(delta[key]) !== '');
      const text =
        name === undefined
          ? pieces.map((piece) => textOr(piece['text']) || textOr(piece['summary'])).join('')
          : textOr(delta[name]);
      field ??= name;
      builder.reasoning(text);
    },
    end() {
      if (details.length > 0) builder.opaqueReasoning({ format: 'chat', value: details });
      else if (field !== undefined && builder.open === 'reasoning')
        builder.opaqueReasoning({ format: 'chat', value: field });
      details = [];
      field = undefined;
    },
  };
}

// Pieces of one detail carry the same index; their texts are joined, the last of everything else holds.
function joined(details: Record<string, unknown>[], piece: Json): Record<string, unknown>[] {
  const last = details.at(-1);
  if (last === undefined || last['type'] !== piece['type'] || last['index'] !== piece['index'])
    return [...details, { ...piece }];
  const sum: Record<string, unknown> = { ...last };
  for (const [key, value] of Object.entries(piece)) {
    const grows =
      (key === 'text' || key === 'summary' || key === 'data') &&
      typeof sum[key] === 'string' &&
      typeof value === 'string';
    sum[key] = grows ? `${sum[key] as string}${value}` : (value ?? sum[key]);
  }
  return [...details.slice(0, -1), sum];
}

interface Calls {
  add(delta: Json): void;
  end(): void;
}

interface Call {
  id: string;
  name: string;
  custom: boolean;
  args: string;
}

// Calls of one answer may come interleaved by index. One at a time is told as it grows; a second one is told at once
// too when the first is already whole JSON, and is held until then otherwise.
function openCalls(builder: EventBuilder, answerId: string): Calls {
  const waiting = new Map<number, Call>();
  let live: { index: number; args: string; custom: boolean } | undefined;
  const told = new Set<number>();

  const tell = (index: number, call: Call) => {
    builder.call(call.id === '' ? `call_${answerId}_${index}` : call.id, call.name, call.custom);
    builder.args(call.args);
    live = { index, args: call.args, custom: call.custom };
    told.add(index);
    waiting.delete(index);
  };
  const isWhole = () => {
    if (live === undefined || live.custom) return true;
    try {
      JSON.parse(live.args);
      return true;
    } catch {
      return false;
    }
  };
  return {
    add(delta) {
      const custom = isObject(delta['custom']);
      const made = objectOr(custom ? delta['custom'] : delta['function']);
      const index = countOr(delta['index'], (live?.index ?? -1) + (textOr(delta['id']) === '' ? 0 : 1));
      const raw = custom ? made['input'] : made['arguments'];
      const args = isObject(raw) ? JSON.stringify(raw) : textOr(raw);
      if (live?.index === index) {
        live.args += args;
        builder.args(args);
        return;
      }
      if (told.has(index)) {
        if (args !== '') builder.lost('tool call arguments after their end');
        return;
      }
      const held = waiting.get(index);
      const call: Call = {
        id: held?.id || textOr(delta['id']),
        name: held?.name || textOr(made['name']),
        custom: held?.custom ?? custom,
        args: (held?.args ?? '') + args,
      };
      waiting.set(index, call);
      if (call.name !== '' && isWhole()) tell(index, call);
    },
    end() {
      for (const [index, call] of [...waiting].sort(([a], [b]) => a - b)) tell(index, call);
    },
  };
}
