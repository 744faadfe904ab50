// Several answers to one request, between chat completions and Gemini: `n` and `candidateCount`.

import { codecs } from '../../gateway/src/wire';
import type { EncodeContext } from '../../gateway/src/wire/codec';
import { translateResponse } from '../../gateway/src/wire/translateResponse';
import type { Format, StreamEvent } from '../../gateway/src/wire/neutral';
import { foldAnswers } from '../../gateway/src/wire/shared/answers';
import { openFrameReader } from '../../gateway/src/wire/shared/sse';
import { translated } from './translated';

const chatAsked = { messages: [{ role: 'user', content: 'Hi' }], n: 2 };
const geminiAsked = { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }], generationConfig: { candidateCount: 2 } };

const context = (from: Format): EncodeContext => ({
  requestId: 'req_1',
  created: 1,
  includeUsage: true,
  request: { from, native: {}, stream: false, messages: [], answers: 2 },
});

describe('requests', () => {
  test('from chat to Gemini and back', () => {
    expect(translated('chat', 'generate', chatAsked)).toMatchObject({
      dropped: [],
      body: { generationConfig: { candidateCount: 2 } },
    });
    expect(translated('generate', 'chat', geminiAsked)).toMatchObject({ dropped: [], body: { n: 2 } });
  });

  test('more than Gemini gives is named', () => {
    const { body, dropped } = translated('chat', 'generate', { ...chatAsked, n: 20 });
    expect([body['generationConfig'], dropped]).toEqual([{ candidateCount: 8 }, ['n']]);
  });

  test.each(['messages', 'responses'] as const)('named where there is one answer: %s', (to) => {
    expect(translated('chat', to, chatAsked).dropped).toEqual(['n']);
    expect(translated('generate', to, geminiAsked).dropped).toEqual(['n']);
  });

  test('a count that is none is refused by name', () => {
    for (const n of [0, 1.5, 'two'])
      expect(() => translated('chat', 'generate', { ...chatAsked, n })).toThrow(
        expect.objectContaining({ field: 'n' }),
      );
  });
});

const chatAnswer = {
  id: 'x',
  model: 'm',
  choices: [
    { index: 0, message: { content: 'One' }, finish_reason: 'stop' },
    {
      index: 1,
      message: { content: null, tool_calls: [{ type: 'function', function: { name: 'f', arguments: '{}' } }] },
      finish_reason: 'tool_calls',
    },
  ],
  usage: { prompt_tokens: 3, completion_tokens: 9 },
};
const geminiAnswer = {
  responseId: 'x',
  modelVersion: 'm',
  candidates: [
    { index: 0, content: { parts: [{ text: 'One' }] }, finishReason: 'STOP' },
    { index: 1, content: { parts: [{ functionCall: { name: 'f', args: {} } }] }, finishReason: 'STOP' },
  ],
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 9, totalTokenCount: 12 },
};
const answer = (spoken: Format, to: Format, body: unknown, stream = false) => {
  const bytes = Buffer.from(JSON.stringify(body));
  const made = translateResponse({ context: context(to), bytes, spoken, fixups: undefined, to, stream });
  return { lost: made.lost, usage: made.usage, text: Buffer.from(made.body).toString() };
};

describe('whole answers', () => {
  test('from Gemini to chat', () => {
    const { text, lost } = answer('generate', 'chat', geminiAnswer);
    expect(lost).toEqual([]);
    expect(JSON.parse(text)).toMatchObject({
      choices: [
        { index: 0, message: { content: 'One' }, finish_reason: 'stop' },
        { index: 1, message: { tool_calls: [{ function: { name: 'f' } }] }, finish_reason: 'tool_calls' },
      ],
      usage: { prompt_tokens: 3, completion_tokens: 9 },
    });
  });

  test('from chat to Gemini', () => {
    const { text, lost } = answer('chat', 'generate', chatAnswer);
    expect(lost).toEqual([]);
    expect(JSON.parse(text)).toMatchObject({
      candidates: [
        { index: 0, content: { parts: [{ text: 'One' }] }, finishReason: 'STOP' },
        { index: 1, content: { parts: [{ functionCall: { name: 'f', args: {} } }] } },
      ],
      usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 9 },
    });
  });

  test('those that nobody asked for are named', () => {
    const asked = { ...context('chat'), request: { ...context('chat').request, answers: undefined as never } };
    const bytes = Buffer.from(JSON.stringify(geminiAnswer));
    const made = translateResponse({ context: asked, bytes, spoken: 'generate', fixups: undefined, to: 'chat', stream: false }); // prettier-ignore
    expect(made.lost).toEqual(['candidates[1…]']);
  });
});

const events = (format: Format, text: string): StreamEvent[] => {
  const frames = openFrameReader(1_000_000);
  const decoder = codecs[format].openDecoder(2);
  return [
    ...[...frames.push(Buffer.from(text)), ...frames.end()].flatMap((frame) => [...decoder.push(frame)]),
    ...decoder.end(),
  ];
};
const said = (list: readonly StreamEvent[]) => {
  const { others = [], ...first } = foldAnswers(list);
  return [first, ...others].map(({ parts, reason }) => [
    parts.map((part) => {
      if (part.type === 'toolCall') return [part.name, part.args];
      return part.type === 'webSearch' ? part.queries : part.text;
    }),
    reason,
  ]);
};
const line = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
const chatStream =
  [
    { id: 'x', model: 'm', choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] },
    { id: 'x', model: 'm', choices: [{ index: 1, delta: { role: 'assistant', content: 'Z' } }] },
    { id: 'x', model: 'm', choices: [{ index: 0, delta: { content: 'On' } }] },
    { id: 'x', model: 'm', choices: [{ index: 1, delta: { content: 'wei' }, finish_reason: null }] },
    { id: 'x', model: 'm', choices: [{ index: 0, delta: { content: 'e' }, finish_reason: null }] },
    { id: 'x', model: 'm', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
    { id: 'x', model: 'm', choices: [{ index: 1, delta: { content: 'te' } }] },
    { id: 'x', model: 'm', choices: [{ index: 1, delta: {}, finish_reason: 'length' }] },
    { id: 'x', model: 'm', choices: [], usage: { prompt_tokens: 3, completion_tokens: 9 } },
  ]
    .map(line)
    .join('') + 'data: [DONE]\n\n';
const geminiStream = [
  { candidates: [{ index: 0, content: { parts: [{ text: 'On' }] } }], responseId: 'x', modelVersion: 'm' },
  { candidates: [{ index: 1, content: { parts: [{ text: 'Zwei' }] } }], responseId: 'x', modelVersion: 'm' },
  { candidates: [{ index: 0, content: { parts: [{ text: 'e' }] }, finishReason: 'STOP' }], responseId: 'x' },
  {
    candidates: [{ index: 1, content: { parts: [{ text: 'te' }] }, finishReason: 'MAX_TOKENS' }],
    usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 9, totalTokenCount: 12 },
  },
]
  .map(line)
  .join('');
const two = [
  [['One'], 'stop'],
  [['Zweite'], 'length'],
];

describe.each([
  ['chat', 'generate', chatStream],
  ['generate', 'chat', geminiStream],
] as const)('a stream from %s to %s', (from, to, text) => {
  test('keeps its answers apart', () => {
    const decoded = events(from, text);
    expect(said(decoded)).toEqual(two);
    const encoder = codecs[to].openEncoder(context(to));
    const encoded = decoded.map((event) => encoder.push(event)).join('');
    expect(said(events(to, encoded))).toEqual(two);
    expect(foldAnswers(events(to, encoded)).usage).toMatchObject({ input: 3, output: 9 });
    if (to === 'chat') expect(encoded.match(/data: \[DONE\]\n\n$/g)).toHaveLength(1);
  });

  test('ends in no way before its last answer does', () => {
    const cut = text.slice(0, text.lastIndexOf(from === 'chat' ? '{"id":"x","model":"m","choices":[{"index":1,"delta":{},"finish' : '{"candidates"') - 'data: '.length); // prettier-ignore
    expect(events(from, cut).some((event) => event.type === 'finish')).toBe(false);
  });

  test('holds what the whole answer holds', () => {
    const whole = from === 'chat' ? chatAnswer : geminiAnswer;
    const streamed = answer(from, to, whole, true).text;
    expect(said(events(to, streamed))).toEqual([
      [['One'], 'stop'],
      [[['f', '{}']], 'tool_calls'],
    ]);
  });
});

// --- with a search of the web in each

const grounded = (index: number, text: string, queries: readonly string[], from: number) => ({
  index,
  content: { parts: [{ text }] },
  finishReason: 'STOP',
  groundingMetadata: {
    webSearchQueries: queries,
    groundingChunks: [{ web: { uri: `https://${index}.example`, title: `${index}` } }],
    groundingSupports: [{ segment: { startIndex: from, endIndex: from + 3 }, groundingChunkIndices: [0] }],
  },
});
const searched = {
  candidates: [grounded(0, 'It is One.', ['a'], 6), grounded(1, 'Zwei', ['b', 'c'], 1)],
  responseId: 'x',
  modelVersion: 'gemini-3.5-flash',
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 9, totalTokenCount: 12 },
};
// The second answer first, and words of both in pieces that come mixed.
const searchedStream = [
  { candidates: [{ index: 0, content: { parts: [{ text: 'It is ' }] } }], responseId: 'x', modelVersion: 'gemini-3.5-flash' },
  { candidates: [grounded(1, 'Zwei', ['b', 'c'], 1)], responseId: 'x' },
  { candidates: [grounded(0, 'One.', ['a'], 6)], usageMetadata: searched.usageMetadata },
]
  .map(line)
  .join(''); // prettier-ignore
const sourcesOf = (list: readonly StreamEvent[]) => {
  const { others = [], ...first } = foldAnswers(list);
  return [first, ...others].map(({ parts }) => [
    parts.flatMap((part) => (part.type === 'webSearch' ? [[part.id, part.queries, part.results]] : [])),
    parts.flatMap((part) => (part.type === 'text' ? [[part.text, part.citations]] : [])),
  ]);
};
const sources = [
  [
    [['search_x', ['a'], [{ url: 'https://0.example', title: '0' }]]],
    [['It is One.', [{ url: 'https://0.example', title: '0', start: 6, end: 9 }]]],
  ],
  [
    [['search_x_1', ['b', 'c'], [{ url: 'https://1.example', title: '1' }]]],
    [['Zwei', [{ url: 'https://1.example', title: '1', start: 1, end: 4 }]]],
  ],
];

describe.each([
  ['whole', () => codecs.generate.decodeResponse(searched, 2)],
  ['streamed', () => events('generate', searchedStream)],
])('answers of Gemini that each searched, %s', (_how, decode) => {
  test('keep what they found apart, and are charged for together', () => {
    expect(sourcesOf(decode())).toEqual(sources);
    expect(foldAnswers(decode()).usage?.searches).toBe(3);
  });

  test('are told apart to a client of Gemini, whole and streamed', () => {
    const native = { format: 'generate', value: { googleSearch: {} } } as const;
    const tools = [{ type: 'webSearch', at: 'tools[0].googleSearch', native, others: [] } as const];
    const asked = { ...context('generate'), request: { ...context('generate').request, tools } };
    const whole = codecs.generate.encodeResponse(foldAnswers(decode()), asked);
    expect(sourcesOf(codecs.generate.decodeResponse(whole, 2))).toEqual(sources);
    const encoder = codecs.generate.openEncoder(asked);
    const encoded = decode().map((event) => encoder.push(event)).join(''); // prettier-ignore
    expect(sourcesOf(events('generate', encoded))).toEqual(sources);
  });
});

test('of the searches of several answers, older models of Google charge for one prompt', () => {
  expect(codecs.generate.usageIn({ ...searched, modelVersion: 'gemini-2.5-flash' })?.searches).toBe(1);
  expect(codecs.generate.usageIn(searched)?.searches).toBe(3);
});
