// Which targets are asked for a search of the web, and what becomes of it at those that have none.

import { startTestGateway, type TestGateway } from '../support/gateway';
import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { bodies, claude, type Fields, geminiText, type Kind, paths } from '../support/translation';

let fake: FakeUpstream;
let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  fake = await startFakeUpstream();
  gateway = await startTestGateway({
    config: `
routes:
  either: {models: [plain/m, claude-haiku-4-5]}
  hosts: {models: [plain/m]}
  demanding: {models: [plain/m], strict: true}
  cheap: {models: [gemini-2.5-flash-lite, claude-haiku-4-5], strategy: cheapest-capable}
providers:
  anthropic: {base_url: "${fake.url}"}
  google: {base_url: "${fake.url}"}
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
  fetch(gateway.url + paths(model, false)[kind], {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(bodies(model, false, fields)[kind]),
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
