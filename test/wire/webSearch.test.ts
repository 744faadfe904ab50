// Searches in the answers of each provider, in the forms that the simulators do not take: several at once, failed and paused
// ones, pages that were opened, places in words of many bytes. What is encoded of them is valid by the providers' schemas.

import { codecs } from '../../gateway/src/wire';
import type { Json } from '../../gateway/src/wire/jsonObject';
import { fold } from '../../gateway/src/wire/fold';
import type { Format, NeutralResponse, StreamEvent, WebSearch } from '../../gateway/src/wire/neutral';
import { specs } from '../support/specs';
import { openAnswerCheck } from './answerSpecs';
import { formats, streamEvents, targets } from './recorded';

const searchesOf = ({ parts }: NeutralResponse) =>
  parts.flatMap((part) => (part.type === 'webSearch' ? [[part.queries, part.results?.map(({ url }) => url)]] : []));
const sse = (events: readonly Json[]) => events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');

// --- Anthropic

const use = (id: string, query: string) => ({ type: 'server_tool_use', id, name: 'web_search', input: { query } });
const page = (url: string) => ({ type: 'web_search_result', url, title: url.toUpperCase(), encrypted_content: 'x', page_age: '1 day' }); // prettier-ignore
const found = (id: string, ...urls: string[]) => ({ type: 'web_search_tool_result', tool_use_id: id, content: urls.map(page) }); // prettier-ignore

function claude(content: readonly Json[], searches: number, stopReason = 'end_turn'): Json {
  const usage = { input_tokens: 5, output_tokens: 2, server_tool_use: { web_search_requests: searches } };
  return { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-haiku-4-5', content, stop_reason: stopReason, usage }; // prettier-ignore
}

function claudeStream(message: Json): Json[] {
  const { content, stop_reason: stopReason, usage, ...head } = message as Json & { content: Json[] };
  return [
    { type: 'message_start', message: { ...head, content: [], usage: { input_tokens: 5, output_tokens: 1 } } },
    ...content.flatMap((block, index): Json[] => {
      const input = block['input'] === undefined ? '' : JSON.stringify(block['input']);
      const deltas =
        block['type'] === 'text'
          ? [{ type: 'text_delta', text: block['text'] }]
          : [input.slice(0, 5), input.slice(5)].map((part) => ({ type: 'input_json_delta', partial_json: part }));
      const empty = block['type'] === 'text' ? { ...block, text: '' } : input === '' ? block : { ...block, input: {} };
      return [
        { type: 'content_block_start', index, content_block: empty },
        ...(block['type'] === 'web_search_tool_result' ? [] : deltas).map((delta) => ({ type: 'content_block_delta', index, delta })), // prettier-ignore
        { type: 'content_block_stop', index },
      ];
    }),
    { type: 'message_delta', delta: { stop_reason: stopReason }, usage },
    { type: 'message_stop' },
  ];
}

const both = (message: Json): NeutralResponse[] => [
  fold(codecs.messages.decodeResponse(message)),
  fold(streamEvents('messages', sse(claudeStream(message)))),
];

test('two calls of Claude before their results are two searches', () => {
  const message = claude(
    [use('srvtoolu_1', 'one'), use('srvtoolu_2', 'two'), found('srvtoolu_1', 'https://a.example'), found('srvtoolu_2')],
    2,
  );
  for (const response of both(message)) {
    expect(searchesOf(response)).toEqual([
      [['one'], ['https://a.example']],
      [['two'], []],
    ]);
    expect(response.usage?.searches).toBe(2);
    expect(response.lost).toEqual([]);
  }
});

test('a search of Claude that failed, and one that was paused', () => {
  const failed = { type: 'web_search_tool_result_error', error_code: 'max_uses_exceeded' };
  const result = { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: failed };
  for (const { parts } of both(claude([use('srvtoolu_1', 'one'), result], 1)))
    expect(parts).toEqual([{ type: 'webSearch', id: 'srvtoolu_1', queries: ['one'], results: [], error: 'max_uses_exceeded' }]); // prettier-ignore
  for (const response of both(claude([{ type: 'text', text: 'Wait' }, use('srvtoolu_1', 'one')], 1, 'pause_turn')))
    expect([searchesOf(response), response.reason]).toEqual([[[['one'], undefined]], 'pause']);
});

test("another tool of Anthropic's is lost, by its name", () => {
  const code = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'code_execution', input: {} };
  for (const response of both(claude([code, { type: 'text', text: 'Hi' }], 0)))
    expect(response.lost).toEqual(['server_tool_use']);
});

// --- OpenAI

const call = (action: Json) => ({ id: 'ws_1', type: 'web_search_call', status: 'completed', action });
const cited = { type: 'url_citation', url: 'https://a.example', title: 'The A', start_index: 0, end_index: 2 };
const openai = (output: readonly Json[], more: Json = {}): Json => ({
  id: 'resp_1', object: 'response', status: 'completed', model: 'gpt-5.5', error: null, output, ...more,
  usage: { input_tokens: 5, output_tokens: 2 },
}); // prettier-ignore

test("pages that OpenAI's model opened are no searches", () => {
  const sources = [
    { type: 'url', url: 'https://a.example' },
    { type: 'url', url: 'https://b.example' },
  ];
  const message = { id: 'msg_1', type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hi', annotations: [cited] }] }; // prettier-ignore
  const search = call({ type: 'search', query: 'one', queries: ['one', 'two'], sources });
  const response = fold(
    codecs.responses.decodeResponse(openai([search, call({ type: 'open_page', url: 'https://a.example' }), message])),
  );
  expect(response.parts[0]).toEqual({
    type: 'webSearch',
    id: 'ws_1',
    queries: ['one', 'two'],
    results: [{ url: 'https://a.example', title: 'The A' }, { url: 'https://b.example' }],
  });
  expect([response.usage?.searches, response.lost]).toEqual([1, ['web_search_call open_page']]);
});

test('what OpenAI says that it charges for is believed', () => {
  const usage = codecs.responses.usageIn(
    openai([call({ type: 'search', query: 'one' })], { tool_usage: { web_search: { num_requests: 3 } } }),
  );
  expect(usage?.searches).toBe(3);
});

test.each([-1, 0.5, 1e9, '3', null])('%p is no count of searches', (count) => {
  const usage = { input_tokens: 5, output_tokens: 2, server_tool_use: { web_search_requests: count } };
  expect(codecs.messages.usageIn({ usage })?.searches).toBeUndefined();
  const told = codecs.responses.usageIn(openai([], { tool_usage: { web_search: { num_requests: count } } }));
  expect(told?.searches).toBeUndefined();
});

// --- Google

const chunk = (title: string) => ({ web: { uri: `https://${title}.example`, title } });
const support = (startIndex: number, endIndex: number, index: number) => ({
  segment: { startIndex, endIndex },
  groundingChunkIndices: [index],
});
const gemini = (parts: readonly Json[], groundingMetadata?: Json, finishReason?: string): Json => ({
  candidates: [{ index: 0, content: { role: 'model', parts }, ...(groundingMetadata && { groundingMetadata }), ...(finishReason && { finishReason }) }],
  usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 2 },
  modelVersion: 'gemini-3.5-flash',
  responseId: 'r1',
}); // prettier-ignore

test('bytes of UTF-8 become units of UTF-16 and back, whatever the order and however many there are', () => {
  const text = 'Hi 🎈🎈, Ærø 世界 é turns.';
  const places = ['🎈🎈', '世界', 'Hi', 'é turns', 'Ærø', '🎈'].map((words) => ({ words, start: text.indexOf(words) }));
  const byte = (unit: number) => Buffer.byteLength(text.slice(0, unit));
  const supports = places.map(({ words, start }, i) => support(byte(start), byte(start + words.length), i % 2));
  const grounding = { webSearchQueries: ['one'], groundingChunks: [chunk('a'), chunk('b')], groundingSupports: supports };
  const { parts, ...response } = fold(codecs.generate.decodeResponse(gemini([{ text }], grounding, 'STOP')));
  const found = parts.find((part) => part.type === 'text');
  expect(found?.citations?.map(({ start, end }) => text.slice(start, end))).toEqual(places.map(({ words }) => words));
  const back = codecs.generate.encodeResponse({ parts, ...response }, { requestId: 'r', created: 1, includeUsage: true, request: codecs.generate.decodeRequest({ contents: [{ parts: [{ text: 'hi' }] }] }) });
  const [candidate] = back['candidates'] as { groundingMetadata: { groundingSupports: { segment: { startIndex: number; endIndex: number; text: string } }[] } }[];
  const segments = candidate!.groundingMetadata.groundingSupports.map(({ segment }) => segment);
  expect(segments).toEqual(places.map(({ words, start }) => ({ startIndex: byte(start), endIndex: byte(start + words.length), text: words })));
  const many = Array.from({ length: 5_000 }, () => support(0, 2, 0));
  const bounded = fold(codecs.generate.decodeResponse(gemini([{ text }], { ...grounding, groundingSupports: many }, 'STOP')));
  expect(bounded.parts.find((part) => part.type === 'text')?.citations).toHaveLength(1_000);
}); // prettier-ignore

test('what Google found comes in pieces, and stands in a text that is signed at its end', () => {
  const response = fold(
    streamEvents(
      'generate',
      sse([
        gemini([{ text: 'Ærø ' }], { webSearchQueries: ['', 'one'], groundingChunks: [chunk('a')] }),
        gemini([{ text: 'turns.' }], { webSearchQueries: ['two', 'one'], groundingChunks: [chunk('b')], groundingSupports: [support(6, 12, 1)] }),
        gemini([{ text: '', thoughtSignature: 'sig' }], { searchEntryPoint: { renderedContent: '<a>' } }, 'STOP'),
      ]),
    ),
  ); // prettier-ignore
  expect(response.parts).toEqual([
    {
      type: 'text',
      text: 'Ærø turns.',
      citations: [{ url: 'https://b.example', title: 'b', start: 4, end: 10 }],
    },
    { type: 'reasoning', text: '', opaque: { format: 'generate', value: 'sig' } },
    {
      type: 'webSearch',
      id: 'search_r1',
      queries: ['one', 'two'],
      results: [
        { url: 'https://a.example', title: 'a' },
        { url: 'https://b.example', title: 'b' },
      ],
      charged: 2,
    },
  ]);
  expect(response.lost).toEqual(['searchEntryPoint']);
});

test('a whole answer of Google tells its search before the text', () => {
  const grounding = { webSearchQueries: ['one'], groundingChunks: [chunk('a')], groundingSupports: [support(0, 5, 0)] };
  const { parts } = fold(codecs.generate.decodeResponse(gemini([{ text: 'Hm', thought: true }, { text: 'Ærø.' }], grounding, 'STOP'))); // prettier-ignore
  expect(parts.map(({ type }) => type)).toEqual(['reasoning', 'webSearch', 'text']);
  expect(parts[2]).toMatchObject({ citations: [{ url: 'https://a.example', start: 0, end: 3 }] });
});

test.each([
  ['gemini-2.5-flash', 1],
  ['gemini-3.5-flash', 2],
])('%s charges for %d of two queries', (modelVersion, searches) => {
  const answer = gemini([{ text: 'Hi' }], { webSearchQueries: ['one', '', 'two'] }, 'STOP');
  expect(codecs.generate.usageIn({ ...answer, modelVersion })?.searches).toBe(searches);
});

// --- to every format

const search: WebSearch = {
  type: 'webSearch',
  id: 'x-1',
  queries: ['one', 'two'],
  results: [{ url: 'https://a.example', title: 'A', pageAge: '1 day' }, { url: 'https://b.example' }],
};
const answer: StreamEvent[] = [
  { type: 'start', id: 'x1', model: 'm' },
  { type: 'open', part: search },
  { type: 'close' },
  { type: 'open', part: { ...search, id: 'x-2', results: [], error: 'unavailable' } },
  { type: 'close' },
  { type: 'open', part: { type: 'text' } },
  { type: 'delta', text: 'Ærø ' },
  { type: 'delta', text: 'turns.' },
  { type: 'citation', citation: { url: 'https://a.example', title: 'A', start: 4, end: 10 } },
  { type: 'close' },
  { type: 'usage', usage: { input: 5, output: 2, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0, searches: 2 } }, // prettier-ignore
  { type: 'finish', reason: 'stop' },
];

test.each(formats)('searches in %s are valid, and read back whole as streamed', (format: Format) => {
  const context = {
    requestId: 'req_1',
    created: 1,
    includeUsage: true,
    request: { from: format, native: {}, stream: true, messages: [] },
  };
  const check = openAnswerCheck(specs());
  const whole = JSON.parse(JSON.stringify(codecs[format].encodeResponse(fold(answer), context))) as Json;
  expect(check.whole(format, whole)).toEqual([]);
  const encoder = codecs[format].openEncoder(context);
  const text = answer.map((event) => encoder.push(event)).join('');
  expect(check.stream(format, text)).toEqual([]);
  const readings = [fold(codecs[format].decodeResponse(whole)), fold(streamEvents(format, text))];
  for (const { parts } of readings) {
    const [said] = parts.flatMap((part) => (part.type === 'text' ? [part] : []));
    expect([said?.text, said?.citations?.map(({ url }) => url)]).toEqual(['Ærø turns.', ['https://a.example']]);
    if (format !== 'messages') expect(said?.citations?.[0]).toMatchObject({ start: 4, end: 10 }); // which has no places
  }
  const asked = readings.map(({ parts }) => parts.flatMap((part) => (part.type === 'webSearch' ? part.queries : [])).join('; ')); // prettier-ignore
  const wanted = { chat: '', responses: 'one; two; one; two', messages: 'one; two; one; two', generate: 'one; two' };
  expect(asked).toEqual([wanted[format], wanted[format]]);
});

// --- tools

test("fields of OpenAI's search that nobody else has are named, but for the default's own", () => {
  const droppedOf = (tool: Json) => {
    const request = codecs.responses.decodeRequest({
      model: 'm',
      input: 'hi',
      tools: [{ type: 'web_search', ...tool }],
    });
    return codecs.messages.encodeRequest(request, targets.messages).dropped;
  };
  expect(droppedOf({ external_web_access: true, search_content_types: ['text'] })).toEqual([]);
  expect(droppedOf({ external_web_access: false, search_content_types: ['text', 'image'] })).toEqual([
    'tools[0].external_web_access',
    'tools[0].search_content_types',
  ]);
});

test('allowed and blocked domains at once: Anthropic takes the first', () => {
  const filters = { allowed_domains: ['a.example'], blocked_domains: ['b.example'] };
  const request = codecs.responses.decodeRequest({ model: 'm', input: 'hi', tools: [{ type: 'web_search', filters }] });
  const { body, dropped } = codecs.messages.encodeRequest(request, targets.messages);
  expect(body['tools']).toEqual([{ type: 'web_search_20250305', name: 'web_search', allowed_domains: ['a.example'] }]);
  expect(dropped).toEqual(['tools[0].blocked_domains']);
});

test.each([
  ['tools[0].max_uses', 'messages', { tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 0 }] }],
  ['tools[0].search_context_size', 'responses', { tools: [{ type: 'web_search', search_context_size: 'huge' }] }],
  ['web_search_options', 'chat', { web_search_options: true }],
] as const)('a wrong %s is refused by name', (field, format, fields) => {
  const body = { model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'hi' }], input: 'hi', ...fields };
  expect(() => codecs[format].decodeRequest(body)).toThrow(expect.objectContaining({ field }) as Error);
});

test('a search that must not be made is not declared to Google, which could not be kept from it', () => {
  const request = codecs.messages.decodeRequest({
    model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'hi' }],
    tools: [{ type: 'web_search_20250305', name: 'web_search' }], tool_choice: { type: 'none' },
  }); // prettier-ignore
  expect(codecs.generate.encodeRequest(request, targets.generate).body).not.toHaveProperty('tools');
});
