// Media of types that some models take and others do not: another target of a route, or a refusal that names the type. In an
// earlier turn they are left out and named, so that a conversation goes on.

import { models as catalogue } from '../../config/catalogue';
import { catalogueTarget } from '../../config/target';
import { unshownMedium } from '../../gateway/src/wire/shared/shownMedia';
import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { wholeAnswer } from '../support/routeScene';
import { bodies, type Fields, type Kind, paths } from '../support/translation';

let fake: FakeUpstream;
let gateway: TestGateway;
let key: string;
beforeAll(async () => {
  fake = await startFakeUpstream();
  gateway = await startTestGateway({
    config: `
routes:
  seeing: {models: [claude-sonnet-5, gpt-5.5, gemini-3.5-flash]}
  blind: {models: [claude-sonnet-5, gpt-5.5]}
  openai: {models: [gpt-5.5]}
  claude: {models: [claude-sonnet-5]}
  google: {models: [gemini-3.5-flash]}
providers:
  openai: {base_url: "${fake.url}/v1"}
  anthropic: {base_url: "${fake.url}"}
  google: {base_url: "${fake.url}"}
  own: {base_url: "${fake.url}/v1", wire: openai}
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
  fake.answer = ({ path }, response) => {
    const kind: Kind = path.includes('/models/') ? 'generate' : path.endsWith('/messages') ? 'messages' : path.endsWith('/responses') ? 'responses' : 'chat'; // prettier-ignore
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(wholeAnswer(kind, 'ok')));
  };
});
const ask = (kind: Kind, model: string, fields: Fields) =>
  fetch(gateway.url + paths(encodeURIComponent(model), false)[kind], {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(bodies(model, false, fields)[kind]),
  });

const bytes: Readonly<Record<string, string>> = {
  'image/heic': Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1').toString('base64'),
  'image/bmp': Buffer.from('BM\x9a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0', 'latin1').toString('base64'),
  'image/gif': Buffer.from('GIF89a\x01\0\x01\0\0\0\0', 'latin1').toString('base64'),
  'image/png': 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'audio/wav': Buffer.from('RIFF\x24\0\0\0WAVEfmt ', 'latin1').toString('base64'),
  'video/mp4': Buffer.from('\0\0\0\x18ftypmp42', 'latin1').toString('base64'),
};
// What a Gemini client sends, which is translated to all others; and a chat client, for Gemini.
const inline = (type: string) => ({ inlineData: { mimeType: type, data: bytes[type] } });
const asked = (type: string, ...more: object[]) => ({ contents: [{ role: 'user', parts: [...more, inline(type)] }] });
const image = (type: string) => ({ type: 'image_url', image_url: { url: `data:${type};base64,${bytes[type]}` } });

test.each<[string, string]>([
  ['gpt-5.5', 'image/heic'],
  ['gpt-5.5', 'image/bmp'],
  ['claude-sonnet-5', 'image/heic'],
  ['claude-sonnet-5', 'image/bmp'],
])('%s is asked about no %s: the refusal names it', async (model, type) => {
  const answer = await ask('generate', model, asked(type, { text: 'What is this?' }));
  expect([answer.status, fake.calls.length]).toEqual([400, 0]);
  expect(await answer.text()).toContain(type);
});

test.each([
  ['image/gif', 'gemini-3.5-flash'],
  ['image/bmp', 'gemini-3.5-flash'],
])('nor about %s %s', async (type, model) => {
  const content = [{ type: 'text', text: 'What is this?' }, image(type)];
  const answer = await ask('chat', model, { messages: [{ role: 'user', content }] });
  expect([answer.status, fake.calls.length]).toEqual([400, 0]);
  expect(await answer.text()).toContain(type);
});

test('a route goes on to a target that takes it, or refuses by name', async () => {
  const messages = [{ role: 'user', content: [{ type: 'text', text: 'What is this?' }, image('image/heic')] }];
  const seen = await ask('messages', 'seeing', {
    messages: [
      {
        role: 'user',
        content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: bytes['image/png'] } }],
      },
    ],
  });
  expect(seen.headers.get('x-ovth-route')).toContain('claude-sonnet-5');
  const heic = await ask('generate', 'seeing', asked('image/heic', { text: 'What is this?' }));
  expect([heic.status, heic.headers.get('x-ovth-route')]).toEqual([
    200,
    expect.stringContaining('google/gemini-3.5-flash') as string,
  ]);
  fake.calls.length = 0;
  const refused = await ask('generate', 'blind', asked('image/heic', { text: 'What is this?' }));
  expect([refused.status, fake.calls.length]).toEqual([400, 0]);
  expect(await refused.text()).toContain('image/heic');
  // Of a host with OpenAI's API nothing is known.
  const own = await ask('generate', 'own/m', asked('image/heic', { text: 'What is this?' }));
  expect([own.status, messages.length]).toEqual([200, 1]);
});

test('in an earlier turn it is left out, and named', async () => {
  const contents = [
    { role: 'user', parts: [{ text: 'Look' }, inline('image/heic')] },
    { role: 'model', parts: [{ text: 'Yes' }] },
    { role: 'user', parts: [{ text: 'And now?' }] },
  ];
  for (const model of ['gpt-5.5', 'claude-sonnet-5']) {
    const answer = await ask('generate', model, { contents });
    expect([answer.status, answer.headers.get('x-ovth-dropped')]).toEqual([200, 'image/heic']);
    expect(fake.calls.at(-1)!.body.includes('heic')).toBe(false);
  }
});

test.each([
  ['claude-sonnet-5', 'audio/wav', 'audio'],
  ['claude-sonnet-5', 'video/mp4', 'video'],
  ['claude-sonnet-5', 'image/bmp', 'image/bmp'],
  ['gpt-5.5', 'video/mp4', 'video'],
])('%s, of which nothing but %s is asked, is told the medium', async (model, type, name) => {
  const answer = await ask('generate', model, asked(type));
  expect([answer.status, fake.calls.length]).toEqual([400, 0]);
  expect(await answer.text()).toContain(`\\"${name}\\"`);
  const beside = await ask('generate', model, asked(type, { text: '' }));
  expect([beside.status, await beside.text()]).toEqual([400, expect.stringContaining(`\\"${name}\\"`)]);
});

test('of the models in the catalogue, each takes the common types, and only Google the iPhone’s', () => {
  for (const row of catalogue.filter(({ kind }) => kind === 'chat')) {
    const format = { anthropic: 'messages', openai: 'chat', google: 'generate' }[row.provider] as Kind;
    const takes = (mime: string) =>
      unshownMedium({ type: 'media', kind: 'image', mime, data: 'AA==' }, format, catalogueTarget(row, row.id)) ===
      undefined;
    const types = ['image/jpeg', 'image/jpg', 'image/png', 'image/webp', 'image/gif', 'image/heic', 'image/tiff'];
    const isGoogles = row.provider === 'google';
    expect(types.map(takes)).toEqual([true, true, true, true, !isGoogles, isGoogles, false]);
  }
});

describe('on its own wire', () => {
  const text = 'What is this?';
  const url = (type: string) => `data:${type};base64,${bytes[type]}`;
  const fieldsOf: Readonly<Record<Kind, (type: string) => object[]>> = {
    chat: (type) => [{ type: 'text', text }, image(type)],
    responses: (type) => [{ type: 'input_text', text }, { type: 'input_image', image_url: url(type) }],
    messages: (type) => [
      { type: 'text', text },
      { type: 'image', source: { type: 'base64', media_type: type, data: bytes[type] } },
    ],
    generate: (type) => [{ text }, inline(type)],
  };
  const turn = (kind: Kind, parts: object[]) =>
    kind === 'generate' ? { role: 'user', parts } : { role: 'user', content: parts };
  const answer = (kind: Kind) =>
    kind === 'generate' ? { role: 'model', parts: [{ text: 'Yes' }] } : { role: 'assistant', content: 'Yes' };
  const list: Readonly<Record<Kind, string>> = { chat: 'messages', responses: 'input', messages: 'messages', generate: 'contents' }; // prettier-ignore
  const rows: readonly [Kind, string, string, string, string][] = [
    ['chat', 'openai', 'gpt-5.5', 'image/heic', 'image/png'],
    ['responses', 'openai', 'gpt-5.5', 'image/bmp', 'image/gif'],
    ['messages', 'claude', 'claude-sonnet-5', 'image/heic', 'image/gif'],
    ['generate', 'google', 'gemini-3.5-flash', 'image/gif', 'image/heic'],
  ];

  test.each(rows)('%s by the route %s to %s: %s is refused by name, and %s passes', async (kind, route, _model, type, taken) => {
    const refused = await ask(kind, route, { [list[kind]]: [turn(kind, fieldsOf[kind](type))] });
    expect([refused.status, fake.calls.length]).toEqual([400, 0]);
    expect(await refused.text()).toContain(type);
    const passed = await ask(kind, route, { [list[kind]]: [turn(kind, fieldsOf[kind](taken))] });
    expect([passed.status, passed.headers.get('x-ovth-dropped')]).toEqual([200, null]);
    expect(fake.calls[0]!.body.includes(bytes[taken]!)).toBe(true);
  });

  test.each(rows)('%s by the route %s to %s: %s of an earlier turn is left out, and named', async (kind, route, _model, type) => {
    const turns = [turn(kind, fieldsOf[kind](type)), answer(kind), turn(kind, fieldsOf[kind]('image/png'))];
    const sent = await ask(kind, route, { [list[kind]]: turns });
    expect([sent.status, sent.headers.get('x-ovth-dropped')]).toEqual([200, type]);
    expect(fake.calls[0]!.body.includes(bytes[type]!)).toBe(false);
    expect(fake.calls[0]!.body.includes(bytes['image/png']!)).toBe(true);
  });

  test.each(rows)('%s, with %s or exactly %s: %s named exactly is sent as it is', async (kind, _route, model, type) => {
    const turns = [turn(kind, fieldsOf[kind](type))];
    const answered = await ask(kind, model, { [list[kind]]: turns });
    expect(answered.status).toBe(200);
    expect(JSON.parse(fake.calls[0]!.body.toString())).toEqual(bodies(model, false, { [list[kind]]: turns })[kind]);
  });
}); // prettier-ignore
