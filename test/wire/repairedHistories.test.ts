// Histories that a provider would refuse, in every format, to every other.

import fc from 'fast-check';
import type { Json } from '../../gateway/src/wire/jsonObject';
import type { Format, Message, Part } from '../../gateway/src/wire/neutral';
import { codecs } from '../../gateway/src/wire';
import { encodeRepaired } from '../../gateway/src/wire/repairRequest';
import { printRequest } from '../../gateway/src/wire/shared/jsonBytes';
import { repairHistory } from '../../gateway/src/wire/shared/repairHistory';
import { readMessages } from '../simulators/anthropicContent';
import { readContents } from '../simulators/geminiContents';
import { createMemory } from '../simulators/memory';
import { readChat } from '../simulators/openaiRequest';
import { readInput } from '../simulators/responsesInput';
import { formats, targets } from './recorded';
import { repairCases } from './repairCases';
import { translated } from './translated';
import { historyProblems } from './wireRules';

const rows = repairCases.flatMap(({ repair, name, in: bodies }) =>
  formats.flatMap((from) => {
    const body = bodies[from];
    return body === undefined
      ? []
      : formats.filter((to) => to !== from).map((to) => ({ repair, name, from, to, body }));
  }),
);

// What is repaired only where the provider refuses it.
const onlyTo: Partial<Record<string, readonly Format[]>> = {
  'blank-turn': ['messages'],
  'empty-error': ['messages'],
  'tool-arguments': ['messages'],
  'json-word': ['chat', 'responses'],
};

test.each(rows)('$name: $from to $to', ({ repair, from, to, body }) => {
  const made = translated(from, to, body);
  expect(historyProblems(to, made.body)).toEqual([]);
  if ((onlyTo[repair] ?? [to]).includes(to)) expect(made.repaired).toContain(repair);
});

test.each(['chat', 'responses'] as const)('the word JSON in the system prompt counts in chat completions: %s', (to) => {
  const { text, repaired } = translated('generate', to, {
    systemInstruction: { parts: [{ text: 'Speak JSON only' }] },
    contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
    generationConfig: { responseMimeType: 'application/json' },
  });
  const isAdded = to === 'responses';
  expect([repaired, text.includes('Answer in JSON.')]).toEqual([isAdded ? ['json-word'] : [], isAdded]);
});

test.each(formats)('a sound history to %s names no repair', (to) => {
  const body = {
    model: 'm',
    messages: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: null, tool_calls: [call('c1', 'ls', '{"a":1}'), call('c2', 'ls', '{"a":1}')] },
      { role: 'tool', tool_call_id: 'c2', content: 'two' },
      { role: 'tool', tool_call_id: 'c1', content: 'one' },
      { role: 'user', content: 'Go on' },
    ],
  };
  const made = translated('chat', to, body);
  expect(made.repaired).toEqual([]);
  expect(historyProblems(to, made.body)).toEqual([]);
});

describe('what is said survives', () => {
  const toClaude = (messages: Json[]) => translated('chat', 'messages', { model: 'm', messages }).body['messages'];

  test('an id used again: each result keeps its call', () => {
    const turn = (n: number) => [
      { role: 'user', content: `Q${n}` },
      { role: 'assistant', tool_calls: [call('call_0', `tool_${n}`, '{}')] },
      { role: 'tool', tool_call_id: 'call_0', content: `R${n}` },
    ];
    const { body } = translated('chat', 'generate', { model: 'm', messages: [...turn(1), ...turn(2)] });
    const results = (body['contents'] as { parts: Json[] }[]).flatMap(({ parts }) =>
      parts.flatMap((part) => (part['functionResponse'] ? [part['functionResponse'] as Json] : [])),
    );
    expect(results.map(({ name, response }) => [name, response])).toEqual([
      ['tool_1', { output: 'R1' }],
      ['tool_2', { output: 'R2' }],
    ]);
  });

  test('an orphan result is told as text', () => {
    expect(JSON.stringify(toClaude([{ role: 'user', content: 'Hi' }, { role: 'tool', tool_call_id: 'x', content: 'rain' }]))).toContain('rain'); // prettier-ignore
  });

  test('a blank last question stays the last', () => {
    const turns = toClaude([
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello' },
      { role: 'user', content: '' },
    ]);
    expect(turns).toEqual([
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello' },
      { role: 'user', content: '(empty message)' },
    ]);
  });

  test('the output of a call that is left out is left out with it', () => {
    const { body, dropped } = translated('responses', 'messages', {
      model: 'm',
      input: [
        { role: 'user', content: 'Hi' },
        { type: 'local_shell_call', call_id: 'c1', action: { type: 'exec', command: ['ls'] } },
        { type: 'function_call_output', call_id: 'c1', output: 'files' },
        { role: 'user', content: 'Go on' },
      ],
    });
    expect(dropped).toEqual(expect.arrayContaining(['input[1]', 'input[1].output']));
    expect(historyProblems('messages', body)).toEqual([]);
    expect(JSON.stringify(body)).not.toContain('files');
  });

  test('what a tool of OpenAI’s found is left out with its call, and the question stays', () => {
    const { body, dropped } = translated('responses', 'messages', {
      model: 'm',
      input: [
        { role: 'user', content: 'Which tools are there?' },
        { type: 'tool_search_call', call_id: 's1', execution: 'client', arguments: {} },
        { type: 'tool_search_output', call_id: 's1', execution: 'client', tools: [] },
      ],
    });
    expect(dropped).toEqual(['input[1]', 'input[2]']);
    expect(body['messages']).toEqual([{ role: 'user', content: 'Which tools are there?' }]);
  });

  test('reasoning that nothing followed is left out, and named', () => {
    const sealed = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'e' };
    const question = (content: string) => ({ role: 'user', content });
    const input = [
      question('Hi'),
      sealed,
      question('Go on'),
      sealed,
      { role: 'assistant', content: 'Yes' },
      question('So?'),
    ];
    const { repaired, body } = translated('responses', 'responses', { model: 'm', input });
    expect(repaired).toEqual(['lone-reasoning']);
    expect(body['input']).toEqual([question('Hi'), question('Go on'), sealed, { role: 'assistant', content: 'Yes' }, question('So?')]); // prettier-ignore
    const thinking = { type: 'thinking', thinking: 'Hm', signature: 's' };
    const turn = (...content: object[]) => ({ role: 'assistant', content });
    const messages = [question('Hi'), turn(thinking), question('Go on'), turn(thinking, { type: 'text', text: 'Yes' }), question('So?')]; // prettier-ignore
    const claude = translated('messages', 'messages', { model: 'm', max_tokens: 2_000, messages });
    expect(claude.repaired).toEqual(['lone-reasoning', 'blank-turn']);
    expect(claude.body['messages']).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Hi' },
          { type: 'text', text: 'Go on' },
        ],
      },
      turn(thinking, { type: 'text', text: 'Yes' }),
      question('So?'),
    ]);
  });

  test('a history whose beginning its provider holds stays as it is', () => {
    const input = [{ type: 'function_call_output', call_id: 'c1', output: 'done' }];
    const { body, repaired } = translated('responses', 'responses', {
      model: 'm',
      previous_response_id: 'resp_1',
      input,
    });
    expect([body['input'], repaired]).toEqual([input, []]);
  });

  test('the same call in another order of its fields, and one that differs', () => {
    const calls = ['{"a":1,"b":[2]}', '{ "b": [2], "a": 1 }', '{"a":1,"b":[3]}'].map((args) => call('c1', 'ls', args));
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', tool_calls: calls },
      { role: 'tool', tool_call_id: 'c1', content: 'one' },
      { role: 'tool', tool_call_id: 'c1', content: 'two' },
    ];
    const { body, repaired } = translated('chat', 'chat', { model: 'm', messages });
    expect(repaired).toEqual(['repeated-call', 'reused-call-id']);
    expect((body['messages'] as Json[]).slice(1)).toMatchObject([
      { tool_calls: [{ id: 'c1' }, { id: 'c1_2' }] },
      { tool_call_id: 'c1', content: 'one' },
      { tool_call_id: 'c1_2', content: 'two' },
    ]);
  });

  test('ten thousand calls under one id, in one turn and in many', () => {
    const count = 10_000;
    const result = { role: 'tool', tool_call_id: 'c', content: 'x' };
    const calls = Array.from({ length: count }, (_, n) => call('c', 'ls', `{"n":${n}}`));
    const together = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', tool_calls: calls },
      ...calls.map(() => result),
    ];
    const apart = [
      { role: 'user', content: 'Hi' },
      ...calls.flatMap((one) => [{ role: 'assistant', tool_calls: [one] }, result]),
    ];
    const blank = [
      { role: 'user', content: 'Hi' },
      ...calls.flatMap(() => [
        { role: 'assistant', content: 'Y' },
        { role: 'user', content: '' },
      ]),
    ];
    for (const messages of [together, apart, blank])
      expect(historyProblems('messages', translated('chat', 'messages', { model: 'm', messages }).body)).toEqual([]);
  });

  test('a choice of a tool that is left out is left out with it', () => {
    const { body, dropped } = translated('messages', 'chat', {
      model: 'm',
      max_tokens: 100,
      messages: [{ role: 'user', content: 'Hi' }],
      tools: [
        { type: 'web_search_20250305', name: 'web_search' },
        { name: 'ls', input_schema: { type: 'object' } },
      ],
      tool_choice: { type: 'tool', name: 'web_search' },
    });
    expect(body).not.toHaveProperty('tool_choice');
    expect(dropped).toEqual(expect.arrayContaining(['tools[0]', 'tool_choice']));
  });
});

// --- arbitrary histories

const id = fc.constantFrom('c1', 'c2', 'call_0', '', 'functions.ls:0', 'x'.repeat(60));
const said = fc.constantFrom('', ' ', 'yes', 'a\ud83d b', 'Grüße');
const result = fc
  .record({ id, text: said, isError: fc.boolean() })
  .map(({ id: of, text, isError }): Part => ({ type: 'toolResult', id: of, parts: [{ type: 'text', text }], isError }));
const made = fc.record({ id, name: fc.constantFrom('ls', 'cat'), args: fc.constantFrom('', '{}', '{"a":1}', '{"a') });
const part = fc.oneof(
  said.map((text): Part => ({ type: 'text', text })),
  result,
  made.map((one): Part => ({ type: 'toolCall', ...one })),
);
const message = fc.record({
  role: fc.constantFrom(
    'user' as const,
    'user' as const,
    'assistant' as const,
    'assistant' as const,
    'system' as const,
  ),
  parts: fc.array(part, { maxLength: 4 }),
});
const history = fc
  .array(message, { maxLength: 9 })
  .map((messages): Message[] => [{ role: 'user', parts: [{ type: 'text', text: 'First' }] }, ...messages]);

// The simulators refuse in their providers' words; each of these throws a refusal.
const simulated: Readonly<Record<Format, (body: Json) => unknown>> = {
  chat: (body) => readChat(Buffer.from(JSON.stringify(body))),
  responses: (body) => readInput(body['input'] as unknown[], createMemory()),
  messages: (body) => readMessages(body['messages'], targets.messages.model),
  generate: (body) => readContents(body['contents'], targets.generate.model),
};

describe.each(formats)('any history to %s', (to: Format) => {
  const encode = (messages: Message[]) => {
    const from = to === 'chat' ? 'messages' : 'chat';
    const encoded = encodeRepaired(
      codecs[to],
      { from, native: {}, stream: false, messages, maxOutput: 2_000 },
      targets[to],
    );
    const { bytes } = printRequest(encoded.body);
    return { body: JSON.parse(Buffer.from(bytes).toString()) as Json, repaired: encoded.repaired };
  };

  test('is one that its provider takes', () => {
    fc.assert(
      fc.property(history, (messages) => {
        const { body } = encode(messages);
        expect(historyProblems(to, body)).toEqual([]);
        simulated[to](body);
      }),
      { numRuns: 400, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false },
    );
  });

  test('is repaired in the same way in a later turn, so that the provider’s cache holds', () => {
    const of = (body: Json) => (body['messages'] ?? body['contents'] ?? body['input']) as unknown[];
    fc.assert(
      fc.property(history, (messages) => {
        const whole: Message[] = [...messages, { role: 'assistant', parts: [{ type: 'text', text: 'Done' }] }];
        const next: Message[] = [...whole, { role: 'user', parts: [{ type: 'text', text: 'Next' }] }];
        const earlier = of(encode([...whole, { role: 'user', parts: [{ type: 'text', text: 'Next' }] }]).body);
        const later = of(
          encode([...next, { role: 'assistant', parts: [{ type: 'toolCall', id: 'c1', name: 'ls', args: '{}' }] }])
            .body,
        );
        expect(later.slice(0, earlier.length)).toEqual(earlier);
      }),
      { numRuns: 200, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false },
    );
  });
});

function call(of: string, name: string, args: string): Json {
  return { id: of, type: 'function', function: { name, arguments: args } };
}

test('a result that is sent again and again is compared with the one before it, not with all', () => {
  let reads = 0;
  const counted = (text: string): Part => ({
    type: 'text',
    get text() {
      reads++;
      return text;
    },
  });
  const result = (text: string, more = 0): Message => ({
    role: 'user',
    parts: [{ type: 'toolResult', id: 'c', isError: false, parts: [counted(text), ...Array.from({ length: more }, () => counted('x'))] }],
  });
  const messages: Message[] = [
    { role: 'user', parts: [{ type: 'text', text: 'hi' }] },
    { role: 'assistant', parts: [{ type: 'toolCall', id: 'c', name: 'f', args: '{}' }] },
    ...Array.from({ length: 1_000 }, (_, i) => result(`${i}`)),
  ];
  const repaired = new Set<string>();
  repairHistory(messages, 'messages', { repaired: (repair) => void repaired.add(repair), dropped: () => undefined });
  expect([...repaired]).toEqual(['misplaced-result', 'repeated-result'].filter((repair) => repaired.has(repair)));
  expect(repaired.has('repeated-result')).toBe(true);
  expect(reads).toBeLessThan(3_000);
  // Of different lengths they are not compared by their texts at all.
  reads = 0;
  repairHistory([...messages.slice(0, 2), result('a'), ...Array.from({ length: 100 }, () => result('a', 500))], 'messages', { repaired: () => undefined, dropped: () => undefined });
  expect(reads).toBeLessThan(120_000);
}); // prettier-ignore
