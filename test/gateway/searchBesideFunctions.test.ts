// Google's search beside the client's functions: from Gemini 3 on both are declared, and what Google wants back of its search
// goes through the histories of clients of every format. The simulator refuses parts that do not come back as they were.

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { type Scene, startScene } from '../support/sim';
import { searchOf } from '../simulators/webSearch';

let scene: Scene;
let key: string;
let openai: OpenAI;
let anthropic: Anthropic;

beforeAll(async () => {
  scene = await startScene('routes:\n  older: {models: [gemini-2.5-flash-lite]}\n');
  key = await scene.gateway.mint();
  openai = new OpenAI({ baseURL: `${scene.gateway.url}/v1`, apiKey: key, maxRetries: 0 });
  anthropic = new Anthropic({ baseURL: `${scene.gateway.url}/anthropic`, apiKey: key, maxRetries: 0 });
});
afterAll(() => scene.close());
beforeEach(() => {
  scene.simulators.reset();
  scene.gateway.requests.length = 0;
});

const model = 'gemini-3.5-flash';
const prompt = 'Call get_weather, and search the web for tidal power in Ærø';
const { query, pages } = searchOf('auto', prompt)!;
const schema = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] };
const words = 'Searched the web for';

type Json = Record<string, unknown>;
const sent = async (n: number) =>
  JSON.parse((await scene.simulators.google.waitForCalls(n))[n - 1]!.body.toString()) as Json;
// The parts of its own tools that Google's answer held.
const hosted = (body: Json) =>
  (body['contents'] as { parts: Json[] }[]).flatMap(({ parts }) =>
    parts.filter((part) => part['toolCall'] !== undefined || part['toolResponse'] !== undefined),
  );
const answered = (n: number) => {
  const text = scene.simulators.google.calls[n - 1]!.answer.toString();
  const pieces = text.includes('data: ')
    ? text.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []))
    : [text];
  const parts = pieces.flatMap((one) => {
    const { candidates = [] } = JSON.parse(one) as { candidates?: { content: { parts?: Json[] } }[] };
    return candidates.flatMap(({ content }) => content.parts ?? []);
  });
  return hosted({ contents: [{ parts }] });
};
async function searchesBooked() {
  while (scene.gateway.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const rows = await Promise.all(scene.gateway.requests.map(({ id }) => scene.gateway.row(id)));
  return rows.map((row) => (row as { searches: number }).searches);
}

const isCall = (item: OpenAI.Responses.ResponseOutputItem): item is OpenAI.Responses.ResponseFunctionToolCall =>
  item.type === 'function_call';
const callIn = ({ output }: OpenAI.Responses.Response) => output.find(isCall)!;

// What is true of the first request, and of the one that returns the function's result.
async function expectCombined() {
  const first = await sent(1);
  expect((first['tools'] as Json[]).flatMap((tool) => Object.keys(tool)).sort()).toEqual([
    'functionDeclarations',
    'googleSearch',
  ]);
  expect(first['toolConfig']).toEqual({
    functionCallingConfig: { mode: 'VALIDATED' },
    includeServerSideToolInvocations: true,
  });
  const second = await sent(2);
  expect(hosted(second)).toHaveLength(2);
  expect(hosted(second)).toEqual(answered(1));
  expect(JSON.stringify(second['contents'])).not.toContain(words);
  expect(scene.simulators.google.calls.map(({ status }) => status)).toEqual([200, 200]);
}

const claudeTools: Anthropic.Messages.ToolUnion[] = [
  { type: 'web_search_20250305', name: 'web_search' },
  { name: 'get_weather', input_schema: schema },
];

describe.each([false, true])('streamed: %s', (stream) => {
  test.each([true, false])("a client of Anthropic's (shown its thoughts: %s)", async (thinks) => {
    const opening = { role: 'user' as const, content: prompt };
    const ask = (messages: Anthropic.MessageParam[]) => {
      const thinking = thinks ? { thinking: { type: 'enabled' as const, budget_tokens: 1_024 } } : {};
      const body = { model, max_tokens: 4_000, messages, tools: claudeTools, ...thinking };
      return stream ? anthropic.messages.stream(body).finalMessage() : anthropic.messages.create(body);
    };
    const answer = await ask([opening]);
    const kinds = answer.content.map(({ type }) => type).filter((type) => type !== 'thinking');
    expect(kinds).toEqual(['server_tool_use', 'web_search_tool_result', 'tool_use']);
    expect(answer.content.find(({ type }) => type === 'server_tool_use')).toMatchObject({ input: { query } });
    expect(answer.stop_reason).toBe('tool_use');
    const call = answer.content.find((block) => block.type === 'tool_use')!;
    const last = await ask([
      opening,
      { role: 'assistant', content: answer.content as Anthropic.ContentBlockParam[] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'rain' }] },
    ]);
    const result = last.content.find((block) => block.type === 'web_search_tool_result')!;
    expect((result.content as Anthropic.WebSearchResultBlock[]).map(({ url }) => url)).toEqual(
      pages.map(({ url }) => url),
    );
    await expectCombined();
    expect(await searchesBooked()).toEqual([1, 1]); // the second answer searches once more, and tells it twice
  });

  test.each([true, false])("a client of OpenAI's Responses (sends ids back: %s)", async (sendsIds) => {
    const opening = { role: 'user' as const, content: prompt };
    const tools: OpenAI.Responses.Tool[] = [
      { type: 'web_search' },
      { type: 'function', name: 'get_weather', parameters: schema, strict: false },
    ];
    const ask = (input: OpenAI.Responses.ResponseInput) => {
      const body = { model, input, tools, store: false, include: ['reasoning.encrypted_content' as const] };
      return stream ? openai.responses.stream(body).finalResponse() : openai.responses.create(body);
    };
    const answer = await ask([opening]);
    const kinds = answer.output.map(({ type }) => type).filter((type) => type !== 'reasoning');
    expect(kinds).toEqual(['web_search_call', 'function_call']);
    expect(answer.output.find(({ type }) => type === 'web_search_call')).toMatchObject({
      action: { queries: [query] },
      status: 'completed',
    });
    const call = callIn(answer);
    const history = answer.output.map((item) => (sendsIds ? item : { ...item, id: undefined }));
    const last = await ask([
      opening,
      ...(history as OpenAI.Responses.ResponseInput),
      { type: 'function_call_output', call_id: call.call_id, output: 'rain' },
    ]);
    expect(last.output.map(({ type }) => type)).toContain('web_search_call');
    await expectCombined();
    expect(await searchesBooked()).toEqual([1, 1]);
  });

  test('a client of chat completions, which has no place for a search', async () => {
    const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters: schema } }];
    const ask = async (messages: OpenAI.ChatCompletionMessageParam[]) => {
      const body = { model, messages, tools, web_search_options: {} };
      if (!stream) return (await openai.chat.completions.create(body)).choices[0]!.message;
      return openai.chat.completions.stream(body).finalMessage();
    };
    const opening = { role: 'user' as const, content: prompt };
    const { tool_calls: calls } = await ask([opening]);
    expect(calls).toHaveLength(1);
    await ask([
      opening,
      { role: 'assistant', content: null, tool_calls: calls! },
      { role: 'tool', tool_call_id: calls![0]!.id, content: 'rain' },
    ]);
    await expectCombined();
    expect(await searchesBooked()).toEqual([1, 1]);
  });
});

test.each(['claude-haiku-4-5', 'gpt-5.5'])('gone on with by %s, the search is words', async (then) => {
  const input = [{ role: 'user' as const, content: prompt }];
  const tools: OpenAI.Responses.Tool[] = [
    { type: 'web_search' },
    { type: 'function', name: 'get_weather', parameters: schema, strict: false },
  ];
  const include = ['reasoning.encrypted_content' as const];
  const answer = await openai.responses.create({ model, input, tools, store: false, include });
  const call = callIn(answer);
  const result = { type: 'function_call_output' as const, call_id: call.call_id, output: 'rain' };
  await openai.responses.create({ model: then, input: [...input, ...answer.output, result] as never, tools, store: false });
  const simulator = scene.simulators[then === 'gpt-5.5' ? 'openai' : 'anthropic'];
  const body = (await simulator.waitForCalls(1))[0]!.body.toString();
  expect(body).toContain(`${words} \\"${query}\\".`);
  expect(body).not.toMatch(/toolCall|search_suggestions|GOOGLE_SEARCH/);
}); // prettier-ignore

test('a model that takes it alone gets the functions, and the search is named', async () => {
  const body = { model: 'gemini-2.5-flash-lite', max_tokens: 2_000, messages: [{ role: 'user', content: prompt }] };
  const answer = await scene.post('/v1/messages', key, { ...body, tools: claudeTools });
  expect([answer.status, answer.headers.get('x-ovth-dropped')]).toEqual([200, 'tools[0]']);
  expect(await sent(1)).not.toHaveProperty('toolConfig');
});

describe('a client of Google', () => {
  const declared = { functionDeclarations: [{ name: 'get_weather', parameters: schema }] };
  const toolConfig = { includeServerSideToolInvocations: true, functionCallingConfig: { mode: 'VALIDATED' } };
  const body = { contents: [{ role: 'user', parts: [{ text: prompt }] }], tools: [declared, { googleSearch: {} }], toolConfig };
  const post = (name: string, more: object = {}) =>
    scene.post(`/v1beta/models/${name}:generateContent`, key, { ...body, ...more });

  test('gets the bytes of Google, and one search is booked', async () => {
    const answer = await post(model);
    expect(await answer.text()).toBe(scene.simulators.google.calls[0]!.answer.toString());
    expect(await searchesBooked()).toEqual([1]);
  });

  test('by a route to a model that takes it alone', async () => {
    const answer = await post('older');
    const dropped = answer.headers.get('x-ovth-dropped')?.split(', ').sort();
    expect([answer.status, dropped]).toEqual([200, ['toolConfig.includeServerSideToolInvocations', 'tools[1]']]);
    const { tools, toolConfig: config } = await sent(1);
    expect([tools, config]).toEqual([[declared], { functionCallingConfig: { mode: 'VALIDATED' } }]);
  });

  test('named exactly, such a model refuses in its own words', async () => {
    const answer = await post('gemini-2.5-flash-lite');
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('is unsupported') as string]);
  });

  test('whose history goes to another provider', async () => {
    const { candidates } = (await (await post(model)).json()) as { candidates: { content: { parts: Json[] } }[] };
    const call = candidates[0]!.content.parts.find((part) => part['functionCall'] !== undefined)!['functionCall'] as Json;
    const result = { functionResponse: { id: call['id'], name: 'get_weather', response: { output: 'rain' } } };
    const contents = [...body.contents, candidates[0]!.content, { role: 'user', parts: [result] }];
    expect((await post('claude-haiku-4-5', { contents })).status).toBe(200);
    const there = (await scene.simulators.anthropic.waitForCalls(1))[0]!.body.toString();
    expect(there).toContain(`${words} \\"${query}\\".`);
    expect((await post(model, { contents })).status).toBe(200);
    expect(hosted(await sent(2))).toEqual(answered(1));
  });
}); // prettier-ignore
