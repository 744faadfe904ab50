// Which targets are asked for a search of the web, and what becomes of it at those that have none.

import { startTestGateway, type TestGateway } from '../support/gateway';
import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { wholeAnswer } from '../support/routeScene';
import { bodies, claude, type Fields, geminiText, type Kind, paths } from '../support/translation';

let fake: FakeUpstream;
let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  fake = await startFakeUpstream();
  gateway = await startTestGateway({
    now: () => Date.UTC(2026, 10, 26, 12),
    config: `
routes:
  either: {models: [plain/m, claude-haiku-4-5]}
  hosts: {models: [plain/m]}
  demanding: {models: [plain/m], strict: true}
  blind: {models: [blind/m]}
  blind-messages: {models: [claudish/m]}
  blind-generate: {models: [geminish/m]}
  minimal: {models: [gpt-5]}
  cheap: {models: [gemini-2.5-flash-lite, claude-haiku-4-5], strategy: cheapest-capable}
providers:
  anthropic: {base_url: "${fake.url}"}
  google: {base_url: "${fake.url}"}
  openai: {base_url: "${fake.url}/v1"}
  blind: {wire: openai, base_url: "${fake.url}/v1", responses: true}
  claudish: {wire: anthropic, base_url: "${fake.url}", models: {m: {capabilities: [tools]}}}
  geminish: {wire: gemini, base_url: "${fake.url}"}
  plain: {wire: openai, base_url: "${fake.url}/v1", models: {m: {}}}
  finder: {wire: openai, base_url: "${fake.url}/v1", responses: false, models: {m: {capabilities: [tools, web_search]}}}
`,
  });
  key = await gateway.mint();
});
afterAll(async () => {
  await gateway.close();
  await fake.close();
});
beforeEach(() => {
  fake.calls.length = 0;
});

const ask = (kind: Kind, model: string, fields: Fields) =>
  post(kind, model, JSON.stringify(bodies(model, false, fields)[kind]));
const post = (kind: Kind, model: string, body: string) =>
  fetch(gateway.url + paths(model, false)[kind], {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body,
  });
const sent = (n = 0) => JSON.parse(fake.calls[n]?.body.toString() ?? '{}') as Fields;

const searches: Readonly<Record<Kind, Fields>> = {
  chat: { web_search_options: {} },
  responses: { tools: [{ type: 'web_search_preview' }] },
  messages: { tools: [{ type: 'web_search_20260318', name: 'web_search' }] },
  generate: { tools: [{ google_search: {} }] },
};
const chatAnswer = {
  choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
};

test.each(Object.entries(searches) as [Kind, Fields][])(
  'a search in %s passes by a host without one',
  async (kind, fields) => {
    fake.answer = { body: JSON.stringify(claude([{ type: 'text', text: 'ok' }])) };
    const answer = await ask(kind, 'either', fields);
    expect([answer.status, answer.headers.get('x-ovth-route')]).toEqual([
      200,
      expect.stringContaining('anthropic/claude-haiku-4-5') as string,
    ]);
    expect(sent()['tools']).toEqual([expect.objectContaining({ name: 'web_search' }) as object]);
    expect(answer.headers.get('x-ovth-dropped')).toBeNull();
  },
);

test('a function that is called as the search is none', async () => {
  fake.answer = { body: JSON.stringify(chatAnswer) };
  const named = { type: 'function', name: 'web_search', parameters: { type: 'object', properties: {} } };
  const answer = await ask('responses', 'either', { tools: [named] });
  expect(answer.headers.get('x-ovth-route')).toContain('plain/m');
});

test.each(['hosts', 'plain/m'])('%s has nothing that searches: dropped and named', async (model) => {
  fake.answer = { body: JSON.stringify(chatAnswer) };
  const answer = await ask('messages', model, searches.messages);
  expect([answer.status, answer.headers.get('x-ovth-dropped')]).toEqual([200, 'tools[0]']);
  expect(sent()).not.toHaveProperty('tools');
  expect(sent()).not.toHaveProperty('web_search_options');
});

describe('on its own wire', () => {
  const f = { name: 'f', input_schema: { type: 'object', maximum: 1 } };
  const digits = (body: string) => body.replace('"maximum":1', '"maximum":12345678901234567890');
  const tool = { type: 'function', name: 'g', parameters: { type: 'object', maximum: 1 } };
  const declared = { functionDeclarations: [{ name: 'h', parametersJsonSchema: { maximum: 1 } }] };

  test.each<[string, Kind, string, Fields, Fields, string]>([
    ['one alone', 'chat', 'blind', { web_search_options: {}, x: 1 }, { x: 1 }, 'web_search_options'],
    ['one alone', 'responses', 'blind', { tools: [{ type: 'web_search' }], tool_choice: 'required' }, {}, 'tools[0]'],
    ['one beside a function', 'responses', 'blind', { tools: [tool, { type: 'web_search_preview' }], tool_choice: { type: 'web_search_preview' } }, { tools: [tool] }, 'tools[1]'],
    ['one beside a function', 'messages', 'blind-messages', { tools: [...searches.messages['tools'] as object[], f], tool_choice: { type: 'auto' } }, { tools: [f], tool_choice: { type: 'auto' } }, 'tools[0]'],
    ['one that is chosen', 'messages', 'blind-messages', { tools: [...searches.messages['tools'] as object[], f], tool_choice: { type: 'tool', name: 'web_search' } }, { tools: [f] }, 'tools[0]'],
    ['one with functions', 'generate', 'blind-generate', { tools: [{ ...declared, googleSearch: {} }] }, { tools: [declared] }, 'tools[0]'],
    ['one alone', 'generate', 'blind-generate', { tools: [{ google_search: {} }], x: 1 }, { x: 1 }, 'tools[0]'],
  ])('%s (%s) goes where a route has no host that searches, and is named', async (_what, kind, route, fields, kept, name) => {
    fake.answer = { body: JSON.stringify(wholeAnswer(kind, 'ok')) };
    const answer = await post(kind, route, digits(JSON.stringify(bodies(route, false, fields)[kind])));
    expect([answer.status, answer.headers.get('x-ovth-dropped')]).toEqual([200, name]);
    const expected = bodies('m', false, kept)[kind];
    expect(JSON.parse(fake.calls[0]!.body.toString())).toEqual(JSON.parse(digits(JSON.stringify(expected))));
    expect(fake.calls[0]!.body.includes('12345678901234567890')).toBe(JSON.stringify(kept).includes('maximum'));
  });

  test('the same named by its host is sent as it is', async () => {
    fake.answer = { body: JSON.stringify(wholeAnswer('messages', 'ok')) };
    const answer = await ask('messages', 'claudish/m', searches.messages);
    expect([answer.headers.get('x-ovth-dropped'), sent()['tools']]).toEqual([null, searches.messages['tools']]);
  });

  test.each<[string, Fields, string, string | null]>([
    ['minimal', searches.responses, 'low', 'reasoning.effort'],
    ['low', searches.responses, 'low', null],
    ['minimal', {}, 'minimal', null],
  ])('effort %s with %j becomes %s where a model refuses it', async (effort, fields, taken, dropped) => {
    fake.answer = { body: JSON.stringify(wholeAnswer('responses', 'ok')) };
    const answer = await ask('responses', 'minimal', { ...fields, reasoning: { effort } });
    expect([answer.status, answer.headers.get('x-ovth-dropped'), sent()['reasoning']]).toEqual([200, dropped, { effort: taken }]);
    fake.calls.length = 0;
    await ask('responses', 'gpt-5', { ...fields, reasoning: { effort } });
    expect(sent()['reasoning']).toEqual({ effort });
  });
}); // prettier-ignore

test('a strict route without one refuses by name', async () => {
  const answer = await ask('messages', 'demanding', searches.messages);
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('plain/m lacks web_search');
  expect(fake.calls).toEqual([]);
});

test('a host whose configuration says that it searches is asked', async () => {
  fake.answer = { body: JSON.stringify(chatAnswer) };
  const place = { type: 'approximate', city: 'Oslo', country: 'NO' };
  const tool = { type: 'web_search_20250305', name: 'web_search', max_uses: 2, user_location: place };
  const answer = await ask('messages', 'finder/m', { tools: [tool] });
  expect(answer.headers.get('x-ovth-dropped')).toBe('tools[0].max_uses');
  expect(sent()['web_search_options']).toEqual({
    user_location: { type: 'approximate', approximate: { city: 'Oslo', country: 'NO' } },
  });
});

// Flash Lite is a tenth of Haiku by the token, and Google's search costs three and a half times Anthropic's.
test.each([
  ['without a search', {}, 'google/gemini-2.5-flash-lite'],
  ['with one', searches.messages, 'anthropic/claude-haiku-4-5'],
] as const)('the cheapest %s', async (_what, fields, target) => {
  fake.answer = {
    body: JSON.stringify(target.startsWith('google') ? geminiText('ok', { finishReason: 'STOP' }) : claude([])),
  };
  const answer = await ask('messages', 'cheap', fields);
  expect(answer.headers.get('x-ovth-route')).toContain(target);
  expect(fake.calls).toHaveLength(1);
});
