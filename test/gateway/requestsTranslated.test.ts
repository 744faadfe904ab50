// Other ways to ask for the same answer: forms, grammars, names, hosts without Responses, what is dropped or refused.

import type { ServerResponse } from 'node:http';
import type { FakeCall } from '../support/fakeUpstream';
import {
  bodies,
  claude,
  events,
  type Fields,
  geminiText,
  paths,
  sse,
  useTranslationScene,
} from '../support/translation';

const scene = useTranslationScene();
const { ask, sent } = scene;

test("the maximum's older name is changed for a reasoning model of OpenAI's that was chosen, and not a byte beside it", async () => {
  const answered =
    '{"id":"c1", "object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}]}';
  scene.fake.answer = { body: answered };
  const body =
    '{ "x_new" : [1,  2],\n "messages":[{"role":"user","content":"say \\"max_tokens\\": 5"}], "max_tokens" : 900 ,"model":"openai/gpt-5.5"}';
  const post = (text: string) =>
    fetch(`${scene.gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${scene.key}` },
      body: text,
    });
  expect(await (await post(body)).text()).toBe(answered);
  expect(scene.fake.calls[0]?.body.toString()).toBe(
    body.replace('"max_tokens" : 900', '"max_completion_tokens" : 900').replace('openai/', ''),
  );
  await post(body.replace('gpt-5.5', 'gpt-4o'));
  expect(scene.fake.calls[1]?.body.toString()).toBe(body.replace('openai/gpt-5.5', 'gpt-4o')); // it has no objection
});

describe('other ways to the same answer', () => {
  const schema = {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  };

  test('a JSON answer from a model without: a tool it must call, unwrapped again, streamed too', async () => {
    const asked = { response_format: { type: 'json_object' } };
    const use = { type: 'tool_use', id: 'toolu_1', name: 'answer', input: { city: 'Oslo' } };
    scene.fake.answer = { body: JSON.stringify(claude([use], { stop_reason: 'tool_use' })) };
    const whole = (await (await ask('chat', 'claude-haiku-4.5', false, asked)).json()) as { choices: Fields[] };
    expect(sent()['tool_choice']).toEqual({ type: 'tool', name: 'answer' });
    expect(whole.choices[0]).toMatchObject({ message: { content: '{"city":"Oslo"}' }, finish_reason: 'stop' });
    scene.fake.answer = {
      headers: sse,
      body: events(
        { type: 'message_start', message: claude([]) },
        { type: 'content_block_start', index: 0, content_block: { ...use, input: {} } },
        { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{"city":' } },
        { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '"Oslo"}' } },
        { type: 'content_block_stop', index: 0 },
        { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 9 } },
        { type: 'message_stop' },
      ),
    };
    const text = await (await ask('chat', 'claude-haiku-4.5', true, asked)).text();
    const deltas = text
      .split('\n')
      .filter((line) => line.startsWith('data: {'))
      .map((line) => JSON.parse(line.slice(6)) as { choices: { delta: Fields; finish_reason: string | null }[] });
    expect(deltas.map(({ choices }) => (choices[0]?.delta['content'] as string | undefined) ?? '').join('')).toBe(
      '{"city":"Oslo"}',
    );
    expect(deltas.at(-1)?.choices[0]?.finish_reason).toBe('stop');
  });

  test('a schema goes by itself where the model takes one', async () => {
    scene.fake.answer = { body: JSON.stringify(claude([{ type: 'text', text: '{"city":"Oslo"}' }])) };
    await ask('chat', 'claude-opus-4.8', false, {
      response_format: { type: 'json_schema', json_schema: { name: 'p', schema } },
    });
    expect(sent()['output_config']).toEqual({ format: { type: 'json_schema', schema } });
  });

  test('a grammar tool on a wire without: its input comes back as it was meant', async () => {
    scene.fake.answer = {
      body: JSON.stringify(
        claude([{ type: 'tool_use', id: 'toolu_1', name: 'apply_patch', input: { input: '*** Begin Patch' } }], {
          stop_reason: 'tool_use',
        }),
      ),
    };
    const custom = {
      tools: [
        { type: 'custom', name: 'apply_patch', format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' } },
      ],
    };
    const answer = (await (await ask('responses', 'claude-opus-4.7', false, custom)).json()) as { output: Fields[] };
    expect(answer.output).toEqual([
      expect.objectContaining({
        type: 'custom_tool_call',
        call_id: 'toolu_1',
        name: 'apply_patch',
        input: '*** Begin Patch',
      }),
    ]);
  });

  test('tool names a wire refuses are mapped, and mapped back', async () => {
    const name = `mcp__files__${'read_'.repeat(20)}`;
    scene.fake.answer = (call: FakeCall, response: ServerResponse) => {
      const { tools } = JSON.parse(call.body.toString()) as { tools: { function: { name: string } }[] };
      const given = tools[0]?.function.name ?? '';
      expect(given).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
      response.end(
        JSON.stringify({
          id: 'c',
          model: 'gpt-4.1',
          choices: [
            {
              index: 0,
              message: {
                role: 'assistant',
                content: null,
                tool_calls: [{ id: 'c1', type: 'function', function: { name: given, arguments: '' } }],
              },
              finish_reason: 'tool_calls',
            },
          ],
        }),
      );
    };
    const answer = (await (
      await ask('messages', 'gpt-4.1', false, { tools: [{ name, input_schema: { type: 'object' } }] })
    ).json()) as { content: Fields[] };
    expect(answer.content[0]).toMatchObject({ type: 'tool_use', name, input: {} });
  });

  test('a host without Responses is spoken to in chat, and is remembered', async () => {
    const seen: string[] = [];
    scene.fake.answer = (call: FakeCall, response: ServerResponse) => {
      seen.push(call.path);
      if (call.path.endsWith('/responses'))
        return void response.writeHead(404).end('{"error":{"message":"no such path"}}');
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          id: 'c',
          model: 'gpt-5.5',
          choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }],
        }),
      );
    };
    const loop = { tools: [{ name: 'f', input_schema: { type: 'object' } }] };
    expect((await ask('messages', 'gpt-5.5', false, loop)).status).toBe(200);
    expect((await ask('messages', 'gpt-5.5', false, loop)).status).toBe(200);
    expect(seen).toEqual(['/v1/responses', '/v1/chat/completions', '/v1/chat/completions']);
  });

  test('what is dropped is named; a strict route refuses it', async () => {
    scene.fake.answer = { body: JSON.stringify(geminiText('x', { finishReason: 'STOP' })) };
    const loose = await ask('chat', 'gemini-3.5-flash', false, { logit_bias: { '1': 2 }, user: 'u1' });
    expect(loose.headers.get('x-ovth-dropped')).toBe('logit_bias, user');
    const strict = await ask('chat', 'strict', false, { logit_bias: { '1': 2 } });
    expect([strict.status, await strict.text()]).toEqual([400, expect.stringContaining('logit_bias')]);
  });

  test.each<[string, string, string]>([
    [
      'on its own wire',
      'gpt-4.1',
      events({
        id: 'c',
        model: 'gpt-4.1',
        choices: [{ index: 0, delta: { content: 'Hello' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
      }) + 'data: [DONE]\n\n',
    ],
    [
      'on another',
      'claude-haiku-4.5',
      events(
        { type: 'message_start', message: { id: 'msg_1', model: 'claude-haiku-4-5', usage: { input_tokens: 5 } } },
        { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } },
        { type: 'content_block_stop', index: 0 },
        { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } },
        { type: 'message_stop' },
      ),
    ],
  ])('who hangs up on the last event has had a whole answer, %s', async (_name, model, stream) => {
    scene.fake.answer = (_call: FakeCall, response: ServerResponse) => {
      response.writeHead(200, sse);
      response.write(stream); // and no end: some providers keep the connection for a moment
    };
    scene.gateway.requests.length = 0;
    const abort = new AbortController();
    const answer = await fetch(scene.gateway.url + paths(model, true).chat, {
      method: 'POST',
      headers: { authorization: `Bearer ${scene.key}` },
      body: JSON.stringify(bodies(model, true).chat),
      signal: abort.signal,
    });
    const reader = answer.body!.getReader();
    for (let text = ''; !text.includes('[DONE]');) text += Buffer.from((await reader.read()).value ?? []).toString();
    abort.abort();
    while (scene.gateway.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const [line] = scene.gateway.requests;
    expect(line).toMatchObject({ outcome: 'ok', status: 200, estimated: false, usage: { input: 5, output: 2 } });
    expect(line?.failure).toBeUndefined();
  });

  test('a target that cannot carry the request is passed over, in the first place and after a failure', async () => {
    scene.fake.answer = (call: FakeCall, response: ServerResponse) => {
      const chat = call.path.endsWith('/chat/completions');
      const choices = [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }];
      response.writeHead(chat ? 200 : 529, { 'content-type': 'application/json' });
      response.end(JSON.stringify(chat ? { id: 'c', object: 'chat.completion', model: 'gpt-4.1', choices } : {}));
    };
    const biased = await ask('chat', 'mixed', false, { logit_bias: { '1': 2 } });
    expect([biased.status, scene.fake.calls.map(({ path }) => path)]).toEqual([200, ['/v1/chat/completions']]);
    const threaded = await ask('messages', 'mixed', false, { thread: { id: 'th_1' } });
    expect([threaded.status, scene.fake.calls.slice(1).map(({ path }) => path)]).toEqual([529, ['/v1/messages']]);
  });

  test('a prompt that Gemini blocks, and an answer it cuts off, are refusals', async () => {
    scene.fake.answer = {
      body: JSON.stringify({
        promptFeedback: { blockReason: 'SAFETY' },
        usageMetadata: { promptTokenCount: 4 },
        modelVersion: 'g',
      }),
    };
    expect(await (await ask('messages', 'gemini-3.5-flash', false)).json()).toMatchObject({
      content: [],
      stop_reason: 'refusal',
    });
    scene.fake.answer = { headers: sse, body: events(geminiText('Half'), geminiText('', { finishReason: 'SAFETY' })) };
    const text = await (await ask('chat', 'gemini-3.5-flash', true)).text();
    expect(text).toContain('Half');
    expect(text).toContain('"finish_reason":"content_filter"');
  });
});
