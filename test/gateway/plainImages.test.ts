// An image whose URL stands where chat completions have an object with it: taken for what it is on every wire. OpenAI itself
// refuses it, and whoever names OpenAI's model is told so by OpenAI.

import { type Scene, startScene } from '../support/sim';

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const url = `data:image/png;base64,${png}`;

let scene: Scene;
let key: string;
beforeAll(async () => {
  scene = await startScene('routes: {seeing: {models: [gpt-5.5]}}\n');
  key = await scene.gateway.mint();
});
afterAll(() => scene.close());
beforeEach(() => scene.simulators.reset());

const content = (image: unknown) => [
  { type: 'text', text: 'What is this?' },
  { type: 'image_url', image_url: image },
];
const chat = (model: string, image: unknown, more: object = {}) => ({
  model,
  messages: [{ role: 'user', content: content(image) }],
  ...more,
});
const post = (body: object | string) => scene.post('/v1/chat/completions', key, body);
const sentTo = (provider: 'openai' | 'anthropic' | 'google') => {
  const [call] = scene.simulators[provider].calls;
  return JSON.parse(call!.body.toString()) as { messages: unknown[] };
};

test.each([
  ['claude-opus-4.7', 'anthropic'],
  ['gemini-3.5-flash', 'google'],
] as const)('%s gets the same as from an object', async (model, provider) => {
  for (const image of [url, { url }]) expect((await post(chat(model, image))).status).toBe(200);
  const [plain, object] = scene.simulators[provider].calls.map(({ body }) => body.toString());
  expect(plain).toBe(object);
  expect(plain).toContain(png);
});

test('OpenAI’s model, by its own name: byte for byte, and the refusal is OpenAI’s own', async () => {
  const body = `{"messages":${JSON.stringify(chat('', url).messages)}, "model":"gpt-5.5"}`;
  const answer = await post(body);
  expect([answer.status, scene.simulators.openai.calls[0]?.body.toString()]).toEqual([400, body]);
  expect(await answer.text()).toContain("image_url': expected an object, but got a string instead");
});

test.each(['seeing', 'openai/gpt-5.5'])('%s, which names no model of OpenAI’s: with the object', async (model) => {
  const answer = await post(chat(model, url, { metadata: { image_url: 'kept' } }));
  expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)]);
  expect(sentTo('openai')).toEqual({ ...chat('gpt-5.5', { url }), metadata: { image_url: 'kept' } });
});

test('nothing else is changed, and what only looks like one changes nothing', async () => {
  const detailed = JSON.stringify(chat('seeing', { url, detail: 'low' })).replace('{', '{ ');
  const text = `{ "model":"seeing","messages":[{"role":"user","content":"an \\"image_url\\": \\"x\\" in words"}]}`;
  for (const body of [detailed, text]) {
    scene.simulators.reset();
    expect((await post(body)).status).toBe(200);
    expect(scene.simulators.openai.calls[0]?.body.toString()).toBe(body.replace('seeing', 'gpt-5.5'));
  }
});

test.each([5, null, ['x'], ''])('%j is none, and the field is named', async (image) => {
  const answer = await post(chat('claude-opus-4.7', image));
  expect([answer.status, await answer.text()]).toEqual([
    400,
    expect.stringContaining('messages[0].content[1].image_url'),
  ]);
});
