// A route's embedding models answer embeddings, and its chat models answer chats; one named directly is refused for the other
// kind; and what of them the lists show.

import { say, type Scene, startScene } from '../support/sim';

let scene: Scene;
let key: string;
beforeAll(async () => {
  scene = await startScene(
    'routes: {mixed: {models: [text-embedding-3-small, gpt-5.5]}, chats: {models: [gpt-5.5]}}\n',
  );
  key = await scene.gateway.mint();
});
afterAll(() => scene.close());
beforeEach(() => scene.simulators.reset());

test('a chat goes to the chat model', async () => {
  const answer = await scene.post('/v1/chat/completions', key, { model: 'mixed', messages: say('hi') });
  expect([answer.status, answer.headers.get('x-ovth-route')]).toEqual([200, expect.stringContaining('openai/gpt-5.5')]);
});

test('an embedding goes to the embedding model', async () => {
  const answer = await scene.post('/v1/embeddings', key, { model: 'mixed', input: 'hi' });
  expect([answer.status, answer.headers.get('x-ovth-route')]).toEqual([
    200,
    expect.stringContaining('openai/text-embedding-3-small'),
  ]);
});

test('a route without an embedding model says so', async () => {
  const answer = await scene.post('/v1/embeddings', key, { model: 'chats', input: 'hi' });
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('makes no embeddings');
});

describe('a model of the wrong kind, named directly, is refused by name', () => {
  const asked = {
    '/v1/chat/completions': { messages: say('hi') },
    '/v1/responses': { input: 'hi' },
    '/v1/completions': { prompt: 'hi' },
    '/anthropic/v1/messages': { messages: say('hi'), max_tokens: 9 },
    '/anthropic/v1/messages/count_tokens': { messages: say('hi') },
    '/v1beta/models/text-embedding-3-small:generateContent': { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
  };
  test.each(Object.entries(asked))('an embedding model at %s', async (path, body) => {
    for (const model of ['text-embedding-3-small', 'openai/text-embedding-3-small']) {
      const answer = await scene.post(path, key, { model, ...body });
      const text = await answer.text();
      expect([answer.status, scene.simulators.openai.calls.length]).toEqual([400, 0]);
      expect(text).toContain('text-embedding-3-small');
      expect(text).toContain('POST /v1/embeddings');
    }
  });

  test.each(['gpt-5.5', 'openai/gpt-5.5', 'gemini-3.5-flash', 'claude-opus-4.7'])(
    '%s for embeddings',
    async (model) => {
      const answer = await scene.post('/v1/embeddings', key, { model, input: 'hi' });
      const text = await answer.text();
      expect([answer.status, scene.simulators.openai.calls.length]).toEqual([400, 0]);
      expect(text).toContain(`\\"${model}\\" makes no embeddings`);
    },
  );

  test('of which nobody knows the kind is asked', async () => {
    const answer = await scene.post('/v1/embeddings', key, { model: 'openai/brand-new', input: 'hi' });
    expect(scene.simulators.openai.calls.length).toBe(1);
    await answer.text();
  });
});

describe('lists of models', () => {
  const listed = async (path: string) =>
    (await (await fetch(scene.gateway.url + path)).json()) as { data?: Row[]; models?: Row[] };
  interface Row {
    id: string;
    name: string;
    architecture: object;
    supported_parameters: string[];
  }
  test('OpenAI’s has the embedding models, as what they are', async () => {
    const { data = [] } = await listed('/v1/models');
    for (const id of ['text-embedding-3-small', 'text-embedding-3-large', 'gemini-embedding-001'])
      expect(data.find((row) => row.id === id)).toMatchObject({
        object: 'model',
        architecture: { modality: 'text->embeddings', output_modalities: ['embeddings'] },
        supported_parameters: [],
      });
    expect(new Set(data.map(({ id }) => id)).size).toBe(data.length);
  });

  test('those of the other APIs have none: their clients would chat with them', async () => {
    for (const path of ['/anthropic/v1/models', '/api/v1/models', '/v1beta/models']) {
      const { data, models } = await listed(path);
      const names = (data ?? models ?? []).map(({ id, name }) => id ?? name);
      expect(names.length).toBeGreaterThan(10);
      expect(names.filter((name) => name.includes('embedding'))).toEqual([]);
    }
  });

  test('an embedding model is found by its name', async () => {
    expect((await fetch(`${scene.gateway.url}/v1/models/text-embedding-3-small`)).status).toBe(200);
  });

  test.each([
    'gpt-5.5/endpoints',
    'openai/gpt-5.5/endpoints',
    'anthropic/claude-opus-4.7/endpoints',
    'openai/not/a/model',
    'mixed/endpoints',
    'mixed/x',
    `openai/${'x'.repeat(300)}`,
    `openai${'/x'.repeat(5_000)}`,
  ])('%.60s is a 404', async (name) => {
    for (const base of ['/v1/models', '/anthropic/v1/models', '/api/v1/models', '/v1beta/models'])
      expect((await fetch(`${scene.gateway.url}${base}/${name}`)).status).toBe(404);
  });
});
