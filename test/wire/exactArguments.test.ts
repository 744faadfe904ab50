// Tool arguments keep their digits in every direction, whole and streamed; what is no JSON object is told and not emptied.

import type { Json } from '../../gateway/src/wire/jsonObject';
import type { Format } from '../../gateway/src/wire/neutral';
import { codecs } from '../../gateway/src/wire';
import type { EncodeContext } from '../../gateway/src/wire/codec';
import { fold } from '../../gateway/src/wire/fold';
import { sanitizePassthrough } from '../../gateway/src/wire/sanitizePassthrough';
import { parseWithExact } from '../../gateway/src/wire/shared/exactJson';
import { translateResponse } from '../../gateway/src/wire/translateResponse';
import { formats, streamEvents } from './recorded';
import { translated } from './translated';

const args =
  '{"id":1234567890123456789,"price":1.0,"far":-1e400,"tiny":-0,"pi":12345678901.1234567,"in":[{"of":12345678901234567.25}],"text":"1.0"}';
const cut = '{"path": "/tmp/a';
const pairs = formats.flatMap((from) => formats.filter((to) => to !== from).map((to) => ({ from, to })));

/** The history of one call, with the arguments as each format has them. */
const histories: Readonly<Record<Format, string>> = {
  chat: JSON.stringify({
    messages: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: args } }] },
      { role: 'tool', tool_call_id: 'c1', content: 'done' },
    ],
  }),
  responses: JSON.stringify({
    input: [
      { role: 'user', content: 'Hi' },
      { type: 'function_call', call_id: 'c1', name: 'f', arguments: args },
      { type: 'function_call_output', call_id: 'c1', output: 'done' },
    ],
  }),
  messages:
    '{"max_tokens":2000,"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"tool_use",' +
    `"id":"c1","name":"f","input" : ${args}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1"}]}]}`,
  generate:
    '{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"functionCall":{"name":"f",' +
    `"args":${args}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"a":1}}}]}]}`,
};

const sent = (text: string) => text.includes(args) || text.includes(JSON.stringify(args));

test.each(pairs)('a history from $from to $to', ({ from, to }) => {
  const { text, repaired } = translated(from, to, histories[from]);
  expect(sent(text)).toBe(true);
  expect(repaired).toEqual([]);
});

test('arguments that a client of chat completions sends as an object', () => {
  const body = `{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":${args}}}]},{"role":"tool","tool_call_id":"c1","content":"done"}]}`;
  expect(translated('chat', 'messages', body).text).toContain(args);
});

test('a result of Gemini’s that is an object', () => {
  const body =
    '{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{}}}]},' +
    `{"role":"user","parts":[{"functionResponse":{"name":"f","response":${args}}}]}]}`;
  expect(sent(translated('generate', 'chat', body).text)).toBe(true);
});

test('settings stay numbers in a body whose arguments keep their digits', () => {
  const body = histories.messages.replace('"max_tokens":2000', '"max_tokens":2e3,"temperature":1.0');
  expect(translated('messages', 'chat', body).body).toMatchObject({ max_completion_tokens: 2000 });
});

test('a body that is printed anew on its own wire keeps every number', () => {
  const body = histories.messages.replace('"max_tokens":2000', '"max_tokens":2e3,"temperature":1.0');
  const printed = sanitizePassthrough({
    format: 'messages',
    body: Buffer.from(body),
    envelopes: true,
    plainTurns: true,
    plainImages: false,
  });
  const text = Buffer.from(printed).toString();
  expect(text).toContain(args);
  expect(text).toContain('"max_tokens":2e3,"temperature":1.0');
});

test('half of a character in arguments is repaired, and a whole one stays', () => {
  const broken = '{"a":"\\ud83d b","b":"\\ud83d\\udc4b","c":"\\\\ud83d"}';
  const whole = '{"a":"\\ufffd b","b":"\\ud83d\\udc4b","c":"\\\\ud83d"}';
  const { text, repaired } = translated('chat', 'responses', histories.chat.replace(JSON.stringify(args), JSON.stringify(broken))); // prettier-ignore
  expect(text).toContain(JSON.stringify(whole));
  expect(repaired).toEqual(['lone-surrogate']);
});

test('a body of deeply nested arguments is read as any other', () => {
  const depth = 60;
  const bulk = JSON.stringify('x'.repeat(200)).repeat(1).concat(',').repeat(20_000);
  const body = `${'{"input":'.repeat(depth)}{"a":[${bulk}1]}${'}'.repeat(depth)}`;
  expect(parseWithExact(body, ['input'])).toEqual(JSON.parse(body));
});

const context = (format: Format): EncodeContext => ({
  requestId: 'req_1',
  created: 1,
  includeUsage: false,
  request: { from: format, native: {}, stream: false, messages: [] },
});

/** An answer that calls, as each provider sends it. */
const answers: Readonly<Record<Format, (text: string, reason: string) => string>> = {
  chat: (text, reason) =>
    JSON.stringify({
      id: 'x',
      model: 'm',
      choices: [
        {
          index: 0,
          message: { tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: text } }] },
          finish_reason: reason,
        },
      ],
    }),
  responses: (text, reason) =>
    JSON.stringify({
      id: 'x',
      model: 'm',
      status: reason === 'length' ? 'incomplete' : 'completed',
      ...(reason === 'length' ? { incomplete_details: { reason: 'max_output_tokens' } } : {}),
      output: [{ type: 'function_call', call_id: 'c1', name: 'f', arguments: text }],
    }),
  messages: (text, reason) =>
    `{"id":"x","type":"message","model":"m","content":[{"type":"tool_use","id":"c1","name":"f","input":${text}}],"stop_reason":"${reason === 'length' ? 'max_tokens' : 'tool_use'}"}`,
  generate: (text) =>
    `{"candidates":[{"content":{"parts":[{"functionCall":{"id":"c1","name":"f","args":${text}}}]},"finishReason":"STOP"}]}`,
};

const answered = (from: Format, to: Format, text: string, reason: string, stream = false) => {
  const { body, lost } = translateResponse({
    context: context(to),
    bytes: Buffer.from(answers[from](text, reason)),
    spoken: from,
    fixups: undefined,
    to,
    stream,
  });
  return { text: Buffer.from(body).toString(), lost };
};

describe.each(pairs)('an answer from $from to $to', ({ from, to }) => {
  test('whole', () => {
    const { text, lost } = answered(from, to, args, 'tool_calls');
    expect(sent(text)).toBe(true);
    expect(lost).toEqual([]);
  });

  test('streamed', () => {
    const streamed = answered(from, to, args, 'tool_calls', true).text;
    const calls = (events: ReturnType<typeof streamEvents>) =>
      fold(events).parts.flatMap((part) => (part.type === 'toolCall' ? [part.args] : []));
    expect(calls(streamEvents(to, streamed))).toEqual([args]);
    // The stream of one format is read and written again as another.
    const encoder = codecs[from].openEncoder(context(from));
    const again = streamEvents(to, streamed).map((event) => encoder.push(event)).join(''); // prettier-ignore
    expect(calls(streamEvents(from, again))).toEqual([args]);
  });
});

describe('arguments that were cut', () => {
  test.each(['messages', 'generate'] as const)('a history to %s holds them, and names it', (to) => {
    const { text, repaired } = translated(
      'chat',
      to,
      histories.chat.replace(JSON.stringify(args), JSON.stringify(cut)),
    );
    expect(text).toContain(JSON.stringify({ INVALID_JSON: cut }));
    expect(repaired).toEqual(['tool-arguments']);
  });

  test.each(['messages', 'generate'] as const)('a whole answer to %s holds them, says why, and names it', (to) => {
    const { text, lost } = answered('chat', to, cut, 'length');
    expect(text).toContain(JSON.stringify({ INVALID_JSON: cut }));
    expect(text).toMatch(/"stop_reason":"max_tokens"|"finishReason":"MAX_TOKENS"/);
    expect(lost).toEqual(['arguments of f (no JSON object)']);
  });

  test('a stream to Gemini holds them, says why, and names it', () => {
    const { text, lost } = answered('chat', 'generate', cut, 'length', true);
    expect(text).toContain(JSON.stringify({ INVALID_JSON: cut }));
    expect(text).toContain('"finishReason":"MAX_TOKENS"');
    expect(lost).toEqual(['arguments of f (no JSON object)']);
  });

  test.each(['chat', 'responses', 'messages'] as const)('a stream to %s passes them as they are', (to) => {
    const events = streamEvents(to, answered(to === 'chat' ? 'responses' : 'chat', to, cut, 'length', true).text);
    expect(fold(events)).toMatchObject({ reason: 'length', parts: [{ type: 'toolCall', args: cut }] });
  });
});

test('an array, a number and a word are no arguments', () => {
  for (const text of ['[1]', '12345678901234567890', 'null', 'ls'])
    expect(answered('chat', 'messages', text, 'tool_calls').text).toContain(JSON.stringify({ INVALID_JSON: text }));
});

test('a call without arguments is one of none', () => {
  const body = JSON.parse(answered('chat', 'messages', '', 'tool_calls').text) as { content: Json[] };
  expect(body.content[0]?.['input']).toEqual({});
});
