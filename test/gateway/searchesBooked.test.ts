// Searches of the web are booked where the usage that counts them is far from what is parsed, or never comes.

import type { ServerResponse } from 'node:http';
import { models as catalogue } from '../../config/catalogue';
import { loadConfig } from '../../config/load';
import { findTarget } from '../../config/resolve';
import { searchCostAt } from '../../gateway/src/pipeline/admit';
import { inspect } from '../../gateway/src/pipeline/inspect';
import { bodies, type Fields, type Kind, useTranslationScene } from '../support/translation';

const scene = useTranslationScene();
const long = 'word "quoted" \\ "type": "search" ü '.repeat(100_000);
const page = { type: 'web_search_result', url: 'https://a.example/', title: 'A', encrypted_content: 'x' };
const text = { type: 'output_text', text: long, annotations: [] };
const called = (n: number, action: object = { type: 'search', query: 'q' }) => ({
  type: 'web_search_call',
  id: `ws_${n}`,
  status: 'completed',
  action,
});
const grounded = (...queries: string[]) => ({
  webSearchQueries: queries,
  groundingChunks: [{ web: { uri: page.url, title: 'A' } }],
});

const asked: Readonly<Record<Exclude<Kind, 'chat'>, { model: string; fields: Fields }>> = {
  responses: { model: 'gpt-5.5', fields: { tools: [{ type: 'web_search' }] } },
  messages: { model: 'claude-opus-4-7', fields: { tools: [{ type: 'web_search_20250305', name: 'web_search' }] } },
  generate: { model: 'gemini-3.5-flash', fields: { tools: [{ googleSearch: {} }] } },
};

const rowOf = async (answer: Response) =>
  (await scene.gateway.row(answer.headers.get('x-request-id') ?? '')) as Record<string, number>;
const searchPrice = (model: string) => catalogue.find(({ id }) => id === model)!.prices.at(-1)!.search! / 1e9;

// Four of which one opens a page, and one has a text about searches.
const calls = [called(1), called(2, { type: 'open_page', url: page.url }), called(3), called(4)];
const grounding = grounded('a', 'b', 'b', '');
const usageMetadata = { promptTokenCount: 11, candidatesTokenCount: 400, totalTokenCount: 411 };
const generated = (candidate: object) => ({
  candidates: [{ content: { role: 'model', parts: [{ text: long }] }, finishReason: 'STOP', index: 0, ...candidate }],
  usageMetadata,
  modelVersion: 'gemini-3.5-flash',
});
// Of three different queries, one twice; the calls of other tools and what they gave have words that look like queries.
const searched = (id: string, ...queries: string[]) => ({
  toolCall: { toolType: 'GOOGLE_SEARCH_WEB', args: { queries }, id },
});
const searchParts = [
  searched('s1', 'x', 'a "quoted" ] one', ''),
  { toolResponse: { toolType: 'GOOGLE_SEARCH_WEB', response: { webSearchQueries: ['p', 'q'] }, id: 's1' } },
  { toolCall: { toolType: 'URL_CONTEXT', args: { queries: ['r'] }, id: 'u1' } },
  searched('s2', 'x', 'a'),
] as const;
/** What some answers of Google's count themselves. */
const billed = (count: number) => ({
  billedToolCalls: [{ tool: 'GOOGLE_SEARCH_RETRIEVAL', successfulToolCallCount: count }, { tool: 'URL_CONTEXT', successfulToolCallCount: 9 }],
}); // prettier-ignore
const responded = (more: object) => ({
  id: 'r', object: 'response', created_at: 1, status: 'completed', model: 'gpt-5.5',
  output: [...calls, { type: 'message', id: 'x', role: 'assistant', status: 'completed', content: [text] }],
  usage: { input_tokens: 11, output_tokens: 600, total_tokens: 611 }, ...more,
}); // prettier-ignore
const message = {
  id: 'm', type: 'message', role: 'assistant', model: 'claude-opus-4-7', stop_reason: 'end_turn', stop_sequence: null,
  content: [{ type: 'text', text: long }],
  usage: { input_tokens: 11, output_tokens: 500, server_tool_use: { web_search_requests: 2 } },
}; // prettier-ignore

test.each<[string, Exclude<Kind, 'chat'>, object, number]>([
  ['calls', 'responses', responded({}), 3],
  ['calls, and counts them', 'responses', responded({ tool_usage: { web_search: { num_requests: 2 } } }), 2],
  ['usage', 'messages', message, 2],
  ['grounding at its end', 'generate', generated({ groundingMetadata: grounding }), 2],
  [
    'grounding far from its end',
    'generate',
    generated({ groundingMetadata: { ...grounding, rendered: 'x'.repeat(100_000) } }),
    2,
  ],
  ['parts', 'generate', generated({ content: { role: 'model', parts: [...searchParts, { text: long }] } }), 3],
  [
    'parts and grounding that repeats their queries',
    'generate',
    generated({ content: { role: 'model', parts: [...searchParts, { text: long }] }, groundingMetadata: grounding }),
    4,
  ],
  [
    "a function's arguments that look like those of a search",
    'generate',
    generated({
      content: {
        role: 'model',
        parts: [
          { text: long },
          { functionCall: { name: 'f', args: { ...grounding, toolCall: searchParts[0].toolCall } } },
        ],
      },
    }),
    0,
  ],
  [
    'parts of a model that is charged by the prompt',
    'generate',
    {
      ...generated({ content: { role: 'model', parts: [...searchParts, { text: long }] } }),
      modelVersion: 'gemini-2.5-flash',
    },
    1,
  ],
  [
    'parts, and counts what is billed',
    'generate',
    {
      ...generated({ content: { role: 'model', parts: [...searchParts, { text: long }] } }),
      usageMetadata: { ...usageMetadata, ...billed(2) },
    },
    2,
  ],
  [
    'parts, and counts that none is billed',
    'generate',
    {
      ...generated({ content: { role: 'model', parts: [...searchParts, { text: long }] } }),
      usageMetadata: { ...usageMetadata, ...billed(0) },
    },
    0,
  ],
  [
    'counts of a model that is charged by the prompt, named at its beginning',
    'generate',
    {
      modelVersion: 'models/gemini-2.5-flash',
      candidates: generated({ groundingMetadata: grounding }).candidates,
      usageMetadata: { ...usageMetadata, ...billed(3) },
    },
    1,
  ],
])('of an answer of megabytes that has %s (%s)', async (_what, kind, body, searches) => {
  const { model, fields } = asked[kind];
  const bytes = JSON.stringify(body);
  scene.fake.answer = { body: bytes, slice: 70_000 };
  const answer = await scene.ask(kind, model, false, fields);
  expect(await answer.text()).toBe(bytes);
  const row = await rowOf(answer);
  expect([row['outcome'], row['estimated'], row['searches']]).toEqual(['ok', false, searches]);
  expect(row['cost_usd']).toBeGreaterThan(searches * searchPrice(model));
  const parts = row['cost_parts'] as unknown as Record<string, number>;
  expect([parts['searches_usd'], parts['other_usd']]).toEqual([expect.closeTo(searches * searchPrice(model), 9), 0]);
});

const events = (list: readonly object[]) =>
  list
    .map((event) => `${'type' in event ? `event: ${String(event.type)}\n` : ''}data: ${JSON.stringify(event)}\n\n`)
    .join('');

// What a provider has streamed when it breaks off: two searches, another that failed or is under way, and a word.
const streams: Readonly<Record<Exclude<Kind, 'chat'>, string>> = {
  responses: events([
    { type: 'response.created', sequence_number: 0, response: responded({ status: 'in_progress', output: [], usage: null }) },
    ...calls.slice(0, 3).flatMap((item, i) => [
      { type: 'response.output_item.added', output_index: i, item: { ...item, status: 'in_progress' } },
      { type: 'response.web_search_call.searching', output_index: i, item_id: item.id },
      { type: 'response.output_item.done', output_index: i, item },
    ]),
    { type: 'response.output_item.added', output_index: 4, item: { ...calls[3], status: 'in_progress' } },
    { type: 'response.output_item.added', output_index: 5, item: { type: 'message', id: 'x', role: 'assistant', content: [] } },
    { type: 'response.output_text.delta', output_index: 5, content_index: 0, item_id: 'x', delta: 'So' },
  ]),
  messages: events([
    { type: 'message_start', message: { ...message, content: [], stop_reason: null, usage: { input_tokens: 11, output_tokens: 1, server_tool_use: { web_search_requests: 0 } } } },
    ...[[page], [page], { type: 'web_search_tool_result_error', error_code: 'unavailable' }].flatMap((content, i) => [
      { type: 'content_block_start', index: 2 * i, content_block: { type: 'server_tool_use', id: `srvtoolu_${i}`, name: 'web_search', input: { query: 'q' } } },
      { type: 'content_block_stop', index: 2 * i },
      { type: 'content_block_start', index: 2 * i + 1, content_block: { type: 'web_search_tool_result', tool_use_id: `srvtoolu_${i}`, content } },
      { type: 'content_block_stop', index: 2 * i + 1 },
    ]),
    { type: 'content_block_start', index: 6, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 6, delta: { type: 'text_delta', text: 'So' } },
  ]),
  generate: events([
    { ...generated({ content: { role: 'model', parts: [{ text: 'So' }] }, finishReason: undefined }) },
    { ...generated({ content: { role: 'model', parts: [{ text: ' it' }] }, groundingMetadata: grounding, finishReason: undefined }) },
  ]),
}; // prettier-ignore

test.each<[Kind, Exclude<Kind, 'chat'>]>([
  ['responses', 'responses'],
  ['messages', 'messages'],
  ['generate', 'generate'],
  ['messages', 'responses'],
  ['chat', 'messages'],
  ['generate', 'messages'],
])('of a stream that broke off, to a client of %s from a provider of %s', async (client, provider) => {
  const { model } = asked[provider];
  scene.fake.answer = (_call: unknown, response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(streams[provider], () => response.destroy());
  };
  const fields = client === 'chat' ? { web_search_options: {} } : asked[client].fields;
  const answer = await scene.ask(client, model, true, fields);
  expect(await answer.text().catch(() => '')).toContain('So');
  const row = await rowOf(answer);
  expect([row['outcome'], row['estimated'], row['searches']]).toEqual(['upstream_died', true, 2]);
  expect(row['cost_usd']).toBeGreaterThan(2 * searchPrice(model));
});

// Google tells those beside functions as parts, and what they found not at all where a function is called; a later piece may
// tell once more what an earlier one has told.
const piece = (parts: readonly object[], more: object = { finishReason: undefined }) =>
  generated({ content: { role: 'model', parts }, ...more });
const use = { functionCall: { id: 'f1', name: 'ls', args: {} }, thoughtSignature: 'c2ln' };
const so = piece([{ text: 'So' }]);
const said: Readonly<Record<string, readonly object[]>> = {
  'in calls': [so, piece([searched('1', 'a')]), piece([searched('2', 'b')]), piece([use], {})],
  'before a text': [so, piece([searched('1', 'a')]), piece([searched('2', 'b')]), piece([{ text: '.' }], {})],
  'asked twice': [so, piece([searched('1', 'a')]), piece([searched('2', 'b', 'a')]), piece([searched('3', 'b')]), piece([{ text: '.' }], {})],
  'told again with what they found': [
    so, piece([searched('1', 'a'), searched('2', 'b')]), piece([{ text: '.' }], { groundingMetadata: grounded('b', 'a'), finishReason: undefined }), piece([{ text: '.' }], { groundingMetadata: grounded('a', '') }),
  ],
  'in grounding of several pieces': [so, piece([{ text: '.' }], { groundingMetadata: grounded('a') , finishReason: undefined }), piece([{ text: '.' }], { groundingMetadata: grounded('a', 'b') })],
  'counted by Google': [so, piece([searched('1', 'a', 'b', 'c')]), { ...piece([{ text: '.' }], {}), usageMetadata: { ...usageMetadata, ...billed(2) } }],
}; // prettier-ignore

/** Of whole streams, and of ones that break off before their last piece. */
const bookedOf = (name: string, isBroken: boolean): number =>
  !isBroken ? 2 : name === 'counted by Google' ? 3 : name === 'in grounding of several pieces' ? 1 : 2;

const cases = Object.keys(said).flatMap((name) =>
  (['sse', 'list', 'messages', 'chat'] as const).flatMap((client) =>
    [true, false].map((isBroken): [string, typeof client, boolean] => [name, client, isBroken]),
  ),
);
test.each(cases)('%s, to a client of %s (broken off: %s)', async (name, client, isBroken) => {
  const { model, fields } = asked.generate;
  const pieces = said[name]!;
  const sent = isBroken ? pieces.slice(0, -1) : pieces;
  scene.fake.answer = (_call: unknown, response: ServerResponse) => {
    response.writeHead(200, { 'content-type': client === 'list' ? 'application/json' : 'text/event-stream' });
    const list = `[${sent.map((one) => JSON.stringify(one)).join(',\r\n')}${isBroken ? '' : ']'}`;
    response.write(client === 'list' ? list : events(sent), () => (isBroken ? response.destroy() : response.end()));
  };
  const answer =
    client === 'list'
      ? await fetch(`${scene.gateway.url}/v1beta/models/${model}:streamGenerateContent`, {
          method: 'POST',
          headers: { 'x-goog-api-key': scene.key },
          body: JSON.stringify(bodies(model, true, fields).generate),
        })
      : client === 'sse'
        ? await scene.ask('generate', model, true, fields)
        : await scene.ask(client, model, true, client === 'chat' ? { web_search_options: {} } : asked.messages.fields);
  expect(await answer.text().catch(() => '')).toContain('So');
  const row = await rowOf(answer);
  expect([row['outcome'], row['searches']]).toEqual([isBroken ? 'upstream_died' : 'ok', bookedOf(name, isBroken)]);
});

describe('money is reserved for searches, at the price of the target', () => {
  const uses = (max: number) => ({ tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: max }] });

  test.each<[Kind, string, Fields, number]>([
    ['messages', 'claude-opus-4-7', uses(8), 8],
    ['messages', 'claude-opus-4-7', uses(1), 1],
    ['messages', 'gemini-3.5-flash', uses(1), 1],
    ['messages', 'claude-opus-4-7', uses(1e9), 100],
    ['messages', 'claude-opus-4-7', asked.messages.fields, 3],
    ['messages', 'claude-opus-4-7', {}, 0],
    ['messages', 'own/m', uses(8), 0],
    ['responses', 'gpt-5.5', { ...asked.responses.fields, max_tool_calls: 5 }, 5],
    ['responses', 'gpt-5.5', { max_tool_calls: 5 }, 0],
    ['responses', 'gpt-5.5', asked.responses.fields, 3],
    ['generate', 'gemini-3.5-flash', asked.generate.fields, 3],
    ['chat', 'gpt-5.5', { web_search_options: {} }, 3],
  ])('%s to %s with %j: of %d', async (kind, model, fields, searches) => {
    const text = 'providers: {own: {base_url: "https://own.example/v1", wire: openai}}';
    const { settings, limits } = loadConfig(text, { ANTHROPIC_API_KEY: 'k' });
    const { target } = findTarget(model, settings, '2026-11-26')!;
    const body = Buffer.from(JSON.stringify(bodies(model, false, fields)[kind]));
    const { needs } = await inspect(kind, body, limits, { model, stream: false, asList: false });
    const price = catalogue.find(({ id }) => id === model)?.prices.at(-1)?.search ?? 0;
    expect(searchCostAt(target, needs, '2026-11-26')).toBe(searches * price);
  });
});
