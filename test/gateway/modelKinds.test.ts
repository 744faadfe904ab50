// A route's embedding models answer embeddings, and its chat models answer chats.

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
