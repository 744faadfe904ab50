// What OpenAI refuses at /chat/completions and takes at /responses goes there, whatever its client speaks: known of a model by
// the catalogue, of others by their refusal.

import type { ServerResponse } from 'node:http';
import type { Provider } from '../../config/load';
import { openModelRefusals } from '../../gateway/src/upstream/modelRefusals';
import { wrapEnvelope } from '../../gateway/src/wire/reasoning/envelope';
import { type FakeCall, type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { wholeAnswer } from '../support/routeScene';
import { type Fields, useTranslationScene } from '../support/translation';

const scene = useTranslationScene();

const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }];
const called = () => scene.fake.calls.map(({ path }) => path);
const refusal = (status: number, message: string, param: string | null = 'model') => ({
  status,
  body: JSON.stringify({ error: { message, type: 'invalid_request_error', param, code: null } }),
});
const answers = (first?: { status: number; body: string }) => {
  scene.fake.answer = ({ path }, response) => {
    const refused = first !== undefined && path === '/v1/chat/completions';
    const body = refused
      ? first.body
      : JSON.stringify(wholeAnswer(path === '/v1/responses' ? 'responses' : 'chat', 'Hello'));
    response.writeHead(refused ? first.status : 200, { 'content-type': 'application/json' }).end(body);
  };
};

describe('a chat client', () => {
  const byResponses: [string, Fields][] = [
    ['gpt-5.3-codex', {}],
    ['gpt-5.2-pro', {}],
    ['gpt-5.5-pro', {}],
    ['gpt-5.4-pro-2026-03-05', {}],
    ['o3-pro', {}],
    ['gpt-5.4-mini', { tools, reasoning_effort: 'low' }],
    ['gpt-5.4-mini-2026-03-17', { tools, reasoning_effort: 'low' }],
    ['gpt-5.5', { tools, reasoning_effort: 'high' }],
    ['gpt-5.6-luna', { tools }],
    ['gpt-6-sol', { tools }],
    ['gpt-6.2-sol', { tools, reasoning_effort: 'low' }],
    ['gpt-6.2-sol', { tools, reasoning: { effort: 'low' } }],
  ];
  test.each(byResponses)('of openai/%s with %j is answered by /responses', async (model, fields) => {
    answers();
    const answer = await scene.ask('chat', `openai/${model}`, false, fields);
    expect([answer.status, called()]).toEqual([200, ['/v1/responses']]);
    expect(await answer.json()).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { content: 'Hello' } }],
    });
    const sent = scene.sent();
    expect(sent).toMatchObject({ model, input: expect.anything() });
    if (fields['tools'] !== undefined) expect(sent['tools']).toMatchObject([{ type: 'function', name: 'f' }]);
    const effort = fields['reasoning_effort'] ?? (fields['reasoning'] as Fields | undefined)?.['effort'];
    // A summary, which organisations must be verified for, is asked for only where the client names the reasoning.
    if (effort !== undefined)
      expect(sent['reasoning']).toEqual(fields['reasoning'] === undefined ? { effort } : { effort, summary: 'auto' });
  });

  test('of a model by its own id is passed on as it is, and answered by /responses where that is refused', async () => {
    answers();
    await scene.ask('chat', 'gpt-5.6-luna', false, { tools });
    expect(called()).toEqual(['/v1/chat/completions']);
    expect(scene.sent()).toMatchObject({ tools });
    answers(refusal(400, "Function tools with reasoning_effort are not supported for gpt-5.6-luna in /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'.", 'reasoning_effort')); // prettier-ignore
    const answer = await scene.ask('chat', 'gpt-5.6-luna', false, { tools });
    expect(answer.status).toBe(200);
    expect(called().slice(1)).toEqual(['/v1/chat/completions', '/v1/responses']);
    expect(await answer.text()).toContain('Hello');
  });

  const byChat: [string, Fields][] = [
    ['gpt-5.4-mini', {}],
    ['gpt-5.4-mini', { tools }],
    ['gpt-5.4-mini', { reasoning_effort: 'low' }],
    ['gpt-5.4-mini', { tools, reasoning_effort: 'none' }],
    ['gpt-5.4-mini', { tools: [], reasoning_effort: 'low' }],
    ['gpt-6.2-sol', {}],
    ['gpt-6.2-sol', { reasoning_effort: 'low' }],
    ['gpt-6.2-sol', { tools, reasoning_effort: 'none' }],
    ['gpt-4.1', { tools }],
    ['o3', { tools, reasoning_effort: 'low' }],
  ];
  test.each(byChat)('of %s with %j is passed on as it is', async (model, fields) => {
    answers();
    const answer = await scene.ask('chat', model, false, fields);
    expect([answer.status, called()]).toEqual([200, ['/v1/chat/completions']]);
    expect(scene.sent()).toMatchObject(fields);
  });
});

describe('a client of another wire', () => {
  test.each<[string, Fields, string]>([
    ['gpt-5.3-codex', {}, '/v1/responses'],
    [
      'gpt-6.2-sol',
      { thinking: { type: 'disabled' }, tools: [{ name: 'f', input_schema: { type: 'object' } }] },
      '/v1/chat/completions',
    ],
    ['gpt-6.2-sol', { tools: [{ name: 'f', input_schema: { type: 'object' } }] }, '/v1/responses'],
    ['gpt-6.2-sol', {}, '/v1/chat/completions'],
  ])('of %s with %j', async (model, fields, path) => {
    answers();
    const answer = await scene.ask('messages', model, false, fields);
    expect([answer.status, called()]).toEqual([200, [path]]);
    expect(await answer.json()).toMatchObject({ content: [{ type: 'text', text: 'Hello' }] });
  });
});

describe('a model that the catalogue does not know', () => {
  let models = 0;
  let model: string; // another in each test, for what is learnt of one stays
  beforeEach(() => {
    model = `o3-deep-research-${++models}`;
  });
  const refusals = [
    refusal(404, 'This model is only supported in v1/responses and not in v1/chat/completions.'),
    refusal(
      404,
      'This is not a chat model and thus not supported in the v1/chat/completions endpoint. Did you mean to use v1/completions?',
    ),
    refusal(
      400,
      "Function tools with reasoning_effort are not supported for gpt-9 in /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'.",
      'reasoning_effort',
    ),
  ];
  test.each(refusals.flatMap((each) => (['chat', 'messages'] as const).map((client) => ({ client, ...each }))))(
    'is asked there after $body ($client client)',
    async ({ client, status, body }) => {
      answers({ status, body });
      const answer = await scene.ask(client, `openai/${model}`, false);
      expect([answer.status, called()]).toEqual([200, ['/v1/chat/completions', '/v1/responses']]);
      expect(await answer.text()).toContain('Hello');
      expect(scene.sent(1)).toMatchObject({ model });
    },
  );

  test.each([
    refusal(400, 'Invalid value: This model is only supported in v1/responses'),
    refusal(404, 'The model `o3-deep-research` does not exist or you do not have access to it.'),
    refusal(400, 'Thought signature is not valid'),
  ])('is not asked there after $body, which its own client is told', async ({ status, body }) => {
    answers({ status, body });
    const answer = await scene.ask('chat', `openai/${model}`, false);
    expect([answer.status, await answer.text(), called()]).toEqual([status, body, ['/v1/chat/completions']]);
  });

  test('is asked once at each path where both refuse', async () => {
    const { status, body } = refusals[0]!;
    scene.fake.answer = { status, body };
    expect((await scene.ask('chat', `openai/${model}`, false)).status).toBe(404);
    expect(called()).toEqual(['/v1/chat/completions', '/v1/responses']);
  });
});

test('refused as chat, and then for its reasoning: what was done stays done, and the request is answered', async () => {
  scene.fake.answer = ({ path, body }, response) => {
    const refused =
      path === '/v1/chat/completions'
        ? refusal(404, 'This model is only supported in v1/responses and not in v1/chat/completions.')
        : body.includes('"encrypted_content":"bad"')
          ? refusal(
              400,
              'The encrypted content for item rs_1 could not be verified. Code: invalid_encrypted_content',
              null,
            )
          : undefined;
    const text = refused?.body ?? JSON.stringify(wholeAnswer('responses', 'Hello'));
    response.writeHead(refused?.status ?? 200, { 'content-type': 'application/json' }).end(text);
  };
  const opaque = wrapEnvelope({
    format: 'responses',
    value: { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'bad' },
  });
  const messages = [
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: 'Hello', reasoning_details: [{ type: 'reasoning.encrypted', data: opaque }] },
    { role: 'user', content: 'go on' },
  ];
  const answer = await scene.ask('chat', 'openai/o9-new', false, { messages });
  expect([answer.status, called()]).toEqual([200, ['/v1/chat/completions', '/v1/responses', '/v1/responses']]);
});

describe('what a refusal has shown of a model', () => {
  let now = Date.UTC(2026, 10, 26, 12);
  let gateway: TestGateway;
  let fake: FakeUpstream;
  let key: string;
  const calls = () => fake.calls.map(({ path, headers }) => `${path} ${headers.authorization?.slice(-5)}`);
  // Refuses as OpenAI does; everything else is answered.
  const respond = ({ path, body }: FakeCall, response: ServerResponse) => {
    const asked = JSON.parse(body.toString()) as Fields;
    const inChat = path === '/v1/chat/completions';
    const refused = inChat
      ? asked['model'] === 'gpt-5.3-codex'
        ? refusal(404, 'This model is only supported in v1/responses and not in v1/chat/completions.')
        : asked['tools'] !== undefined && asked['model'] !== 'gpt-5'
          ? refusal(400, `Function tools with reasoning_effort are not supported for ${String(asked['model'])} in /v1/chat/completions. Please use /v1/responses instead.`, 'reasoning_effort')
          : asked['max_tokens'] !== undefined
            ? refusal(400, "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", 'max_tokens')
            : undefined
      : undefined; // prettier-ignore
    const text = refused?.body ?? JSON.stringify(wholeAnswer(inChat ? 'chat' : 'responses', 'Hello'));
    response.writeHead(refused?.status ?? 200, { 'content-type': 'application/json' }).end(text);
  };
  beforeEach(async () => {
    fake = await startFakeUpstream();
    fake.answer = respond;
    gateway = await startTestGateway({
      config: `
providers:
  openai: {base_url: "${fake.url}/v1"}
  other: {base_url: "${fake.url}/v1", wire: openai, responses: true, api_key_env: OTHER_KEY}
`,
      keys: { OPENAI_API_KEY: 'sk-proj-1234567890-first', OTHER_KEY: 'sk-proj-1234567890-other' },
      now: () => now,
    });
    key = await gateway.mint();
  });
  afterEach(async () => {
    await gateway.close();
    await fake.close();
  });
  const post = async (model: string, more: Fields = {}) => {
    const before = fake.calls.length;
    const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }], ...more }, null, 1);
    const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body,
    });
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('Hello')]);
    return {
      body,
      paths: calls().slice(before),
      sent: fake.calls.slice(before).map(({ body: own }) => own.toString()),
    };
  };
  const [chat, responses] = ['/v1/chat/completions first', '/v1/responses first'];

  test('of one named exactly is done at once the next time, for this account, and is tried again after an hour', async () => {
    const first = await post('gpt-5.3-codex');
    expect([first.paths, first.sent[0]]).toEqual([[chat, responses], first.body]);
    expect((await post('gpt-5.3-codex')).paths).toEqual([responses]);
    expect((await post('other/gpt-5.3-codex')).paths).toEqual(['/v1/chat/completions other', '/v1/responses other']);
    now += 61 * 60_000;
    expect((await post('gpt-5.3-codex')).paths).toEqual([chat, responses]);
    now -= 3 * 60 * 60_000; // a clock that was set back
    expect((await post('gpt-5.3-codex')).paths).toEqual([chat, responses]);
  });

  test('of its tools holds for requests with tools, and where an effort was named for those with one', async () => {
    expect((await post('gpt-5.6-luna', { tools })).paths).toEqual([chat, responses]);
    expect((await post('gpt-5.6-luna', { tools })).paths).toEqual([responses]);
    expect((await post('gpt-5.6-luna')).paths).toEqual([chat]);
    expect((await post('gpt-5.4-mini', { tools, reasoning_effort: 'low' })).paths).toEqual([chat, responses]);
    expect((await post('gpt-5.4-mini', { tools, reasoning_effort: 'high' })).paths).toEqual([responses]);
    fake.answer = { body: JSON.stringify(wholeAnswer('chat', 'Hello')) };
    const plain = await post('gpt-5.4-mini', { tools });
    expect([plain.paths, plain.sent]).toEqual([[chat], [plain.body]]);
  });

  test('of the older name of the maximum is said by the newer one, and not a byte beside it', async () => {
    const newer = (body: string) => body.replace('"max_tokens"', '"max_completion_tokens"');
    const first = await post('gpt-5', { max_tokens: 900 });
    expect(first.sent).toEqual([first.body, newer(first.body)]);
    const next = await post('gpt-5', { max_tokens: 800, tools });
    expect(next.sent).toEqual([newer(next.body)]);
    const both = await post('gpt-5', { max_completion_tokens: 700 });
    expect(both.sent).toEqual([both.body]);
  });

  test('of the newer name is told as it is', async () => {
    const { status, body } = refusal(400, "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", 'max_tokens'); // prettier-ignore
    fake.answer = { status, body };
    const asked = { model: 'gpt-5', messages: [{ role: 'user', content: 'hi' }], max_tokens: 9 };
    const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify(asked),
    });
    expect([answer.status, await answer.text(), fake.calls.length]).toEqual([400, body, 2]);
  });
});

test('of ever new models is forgotten, the oldest first', () => {
  const refusals = openModelRefusals();
  const provider = { baseUrl: 'https://a.example', accounts: [{ name: 'a' }] } as unknown as Provider;
  for (let i = 0; i < 1_200; i++) refusals.add(provider, `m${i}`, { chat: 'all' }, 1);
  expect([0, 199, 200, 1_199].map((i) => refusals.of(provider, `m${i}`, 2).chat)).toEqual([
    undefined,
    undefined,
    'all',
    'all',
  ]);
});
