// A search of the web that a provider runs itself, for the clients of every wire at every provider: the official SDKs where
// there is one, and what is charged for it. The pages are those that the simulators find for the query.

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { models as catalogue } from '../../config/catalogue';
import { type Scene, startScene } from '../support/sim';
import { searchOf } from '../simulators/webSearch';

let scene: Scene;
let key: string;
let openai: OpenAI;
let anthropic: Anthropic;

beforeAll(async () => {
  scene = await startScene('routes:\n  found: {models: [gpt-5.5]}\n');
  key = await scene.gateway.mint();
  openai = new OpenAI({ baseURL: `${scene.gateway.url}/v1`, apiKey: key, maxRetries: 0 });
  anthropic = new Anthropic({ baseURL: `${scene.gateway.url}/anthropic`, apiKey: key, maxRetries: 0 });
});
afterAll(() => scene.close());
beforeEach(() => {
  scene.simulators.reset();
  scene.gateway.requests.length = 0;
});

const models = ['gpt-5.5', 'claude-haiku-4-5', 'gemini-3.5-flash', 'gemini-2.5-flash'] as const;
const prompt = 'Search the web for tidal power in Ærø';
const { query, pages } = searchOf('auto', prompt)!;
const urls = pages.map(({ url }) => url);

const claudeTool = { type: 'web_search_20250305', name: 'web_search', max_uses: 8 } as const;
const asked = (model: string) => ({
  model,
  max_tokens: 2_000,
  messages: [{ role: 'user' as const, content: prompt }],
  tools: [claudeTool],
});

// The row of the one request that has been made.
async function row() {
  while (scene.gateway.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  return (await scene.gateway.row(scene.gateway.requests[0]!.id)) as Record<string, number>;
}

// Nano-USD of a row's tokens and searches at the catalogue's prices.
function priceOf(model: string, used: Record<string, number>): number {
  const rates = catalogue.find(({ id }) => id === model)!.prices.at(-1)!;
  const tokens =
    used['input']! * rates.input + used['output']! * rates.output + used['cache_read']! * rates.cache_read +
    used['cache_write_5m']! * rates.cache_write_5m; // prettier-ignore
  return tokens + used['searches']! * rates.search!;
}

describe.each(models)('%s', (model) => {
  const booked = async () => {
    const found = await row();
    expect(found['searches']).toBe(1);
    expect(found['cost_usd']).toBeCloseTo(priceOf(model, found) / 1e9, 12);
  };

  test.each([false, true])("a client of Anthropic's (streamed: %s)", async (stream) => {
    const answer = stream
      ? await anthropic.messages.stream(asked(model)).finalMessage()
      : await anthropic.messages.create(asked(model));
    const kinds = answer.content.map(({ type }) => type).filter((type) => type !== 'thinking');
    expect(kinds.sort()).toEqual(['server_tool_use', 'text', 'web_search_tool_result']);
    const at = answer.content.findIndex(({ type }) => type === 'server_tool_use');
    const call = answer.content[at] as Anthropic.ServerToolUseBlock;
    const result = answer.content[at + 1] as Anthropic.WebSearchToolResultBlock;
    expect(call).toMatchObject({ name: 'web_search', input: { query } });
    expect(call.id).toMatch(/^srvtoolu_[a-zA-Z0-9_]+$/);
    expect(result.tool_use_id).toBe(call.id);
    const found = result.content as Anthropic.WebSearchResultBlock[];
    expect(found.map(({ type, url }) => [type, url])).toEqual(urls.map((url) => ['web_search_result', url]));
    expect(found.every(({ title, encrypted_content: sealed }) => title !== '' && typeof sealed === 'string')).toBe(
      true,
    );
    const text = answer.content.find((block) => block.type === 'text')!;
    expect(text.citations?.[0]).toMatchObject({ type: 'web_search_result_location', url: urls[0] });
    expect(answer.usage.server_tool_use?.web_search_requests).toBe(1);
    await booked();
  });

  test.each([false, true])("a client of OpenAI's Responses (streamed: %s)", async (stream) => {
    const body = { model, input: prompt, tools: [{ type: 'web_search' as const }] };
    const seen: string[] = [];
    let answer: OpenAI.Responses.Response;
    if (stream) {
      const events = openai.responses.stream(body);
      for await (const event of events) seen.push(event.type);
      answer = await events.finalResponse();
    } else answer = await openai.responses.create(body);
    const call = answer.output.find((item) => item.type === 'web_search_call')!;
    expect(call).toMatchObject({ status: 'completed', action: { type: 'search', query, queries: [query] } });
    expect(call.id).toMatch(/^ws_.{1,61}$/);
    const message = answer.output.find((item) => item.type === 'message')!;
    const part = message.content[0] as OpenAI.Responses.ResponseOutputText;
    const [cited] = part.annotations as OpenAI.Responses.ResponseOutputText.URLCitation[];
    expect(cited).toMatchObject({ type: 'url_citation', url: urls[0], title: pages[0]!.title });
    expect([cited!.start_index, cited!.end_index > 0]).toEqual([0, true]);
    if (stream) {
      const phases = ['in_progress', 'searching', 'completed'].map((phase) => `response.web_search_call.${phase}`);
      expect(seen.filter((type) => type.includes('web_search_call'))).toEqual(phases);
      expect(seen).toContain('response.output_text.annotation.added');
    }
    await booked();
  });

  test.each([false, true])("a client of Gemini's (streamed: %s)", async (stream) => {
    const path = `/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`;
    const answer = await scene.post(path, key, {
      contents: [{ role: 'user', parts: [{ text: prompt }] }],
      tools: [{ googleSearch: {} }],
    });
    const text = await answer.text();
    const pieces = (
      stream ? text.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : [])) : [text]
    ).map((one) => JSON.parse(one) as Piece);
    const said = pieces
      .flatMap(({ candidates }) => candidates?.[0]?.content?.parts ?? [])
      .map((part) => (part.thought === true ? '' : (part.text ?? '')))
      .join('');
    const grounding = pieces.flatMap(({ candidates }) => candidates?.[0]?.groundingMetadata ?? []).at(-1)!;
    expect(grounding.webSearchQueries).toEqual([query]);
    expect(grounding.groundingChunks.map(({ web }) => web.uri)).toEqual(urls);
    const [support] = grounding.groundingSupports;
    expect(support?.groundingChunkIndices).toEqual([0]);
    // Its places are bytes of the answer.
    const { startIndex = 0, endIndex, text: words } = support!.segment;
    expect(Buffer.from(said).subarray(startIndex, endIndex).toString()).toBe(words);
    expect(words).not.toBe('');
    await booked();
  });
});

interface Piece {
  candidates?: {
    content?: { parts?: { text?: string; thought?: boolean }[] };
    groundingMetadata?: {
      webSearchQueries: string[];
      groundingChunks: { web: { uri: string; title: string } }[];
      groundingSupports: {
        segment: { startIndex?: number; endIndex: number; text: string };
        groundingChunkIndices: number[];
      }[];
    };
  }[];
}

// OpenAI's own chat completions search only with models made for it.
test.each(models.filter((model) => model !== 'gpt-5.5'))('a client of chat completions at %s', async (model) => {
  const answer = await openai.chat.completions.create({
    model,
    messages: [{ role: 'user', content: prompt }],
    web_search_options: {},
  });
  expect(answer.choices[0]?.message.annotations?.[0]).toMatchObject({
    type: 'url_citation',
    url_citation: { url: urls[0], title: pages[0]!.title },
  });
  expect((await row())['searches']).toBe(1);
});

test('a client of chat completions by a route to OpenAI, which is asked in Responses', async () => {
  const answer = await openai.chat.completions.create({
    model: 'found',
    messages: [{ role: 'user', content: prompt }],
    web_search_options: {},
  });
  expect(answer.choices[0]?.message.annotations?.[0]).toMatchObject({ url_citation: { url: urls[0] } });
  expect((await row())['searches']).toBe(1);
});

test('without a search nothing is charged for one', async () => {
  await anthropic.messages.create({ ...asked('gpt-5.5'), messages: [{ role: 'user', content: 'Good morning' }] });
  expect((await row())['searches']).toBe(0);
});

test("a search that must be made is made, with Claude Code's request", async () => {
  const must = { ...asked('gpt-5.5'), tool_choice: { type: 'tool' as const, name: 'web_search' } };
  const answer = await anthropic.messages.create({ ...must, messages: [{ role: 'user', content: 'Ærø' }] });
  expect(answer.content.map(({ type }) => type)).toContain('web_search_tool_result');
});

test('GPT-5 takes no search with the least of efforts: it gets the next', async () => {
  const thinking = { type: 'disabled' as const };
  const answer = await anthropic.messages.create({ ...asked('gpt-5'), thinking });
  expect(answer.content.map(({ type }) => type)).toContain('web_search_tool_result');
});

test.each([
  ['gemini-2.5-flash', 'tools[0], tools[0].max_uses'],
  ['gemini-3.5-flash', 'tools[0].max_uses'],
])('a search beside a JSON answer at %s', async (model, dropped) => {
  const schema = {
    type: 'object',
    properties: { a: { type: 'string' } },
    required: ['a'],
    additionalProperties: false,
  };
  const answer = await scene.post('/v1/messages', key, {
    ...asked(model),
    output_config: { format: { type: 'json_schema', schema } },
  });
  expect([answer.status, answer.headers.get('x-ovth-dropped')?.split(', ').sort().join(', ')]).toEqual([200, dropped]);
});

test.each([
  ['gpt-4.1', 'web_search', 10_000_000],
  ['gpt-4.1', 'web_search_preview', 25_000_000],
  ['gpt-5.5', 'web_search_preview', 10_000_000],
] as const)('%s charges for %s: %d nano-USD', async (model, type, price) => {
  await openai.responses.create({ model, input: prompt, tools: [{ type }] });
  const used = await row();
  const rates = catalogue.find(({ id }) => id === model)!.prices.at(-1)!;
  const tokens = used['input']! * rates.input + used['cache_read']! * rates.cache_read + used['output']! * rates.output;
  expect(used['searches']).toBe(1);
  expect(used['cost_usd']).toBeCloseTo((tokens + price) / 1e9, 12);
});
