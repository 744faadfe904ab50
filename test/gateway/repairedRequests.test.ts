// Broken histories through the gateway: repaired and named on another wire, byte for byte on their own; and a summary of
// reasoning that an account is refused.

import type { FakeAnswer } from '../support/fakeUpstream';
import { bodies, claude, type Fields, geminiText, useTranslationScene } from '../support/translation';

const scene = useTranslationScene();
const { ask, sent } = scene;

const interrupted = [
  { role: 'user', content: 'List them' },
  {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'c1', type: 'function', function: { name: 'ls', arguments: '{"id":1234567890123456789}' } }],
  },
  { role: 'user', content: 'stop!' },
];

test('a call without a result is told to Claude as one, and named', async () => {
  scene.fake.answer = { body: JSON.stringify(claude([{ type: 'text', text: 'Yes' }])) };
  const answer = await ask('chat', 'claude-opus-4-7', false, { messages: interrupted });
  expect([answer.status, answer.headers.get('x-ovth-repaired')]).toEqual([200, 'missing-result']);
  expect(scene.fake.calls[0]?.body.toString()).toContain('"input":{"id":1234567890123456789}');
  expect((sent()['messages'] as Fields[])[2]).toMatchObject({
    role: 'user',
    content: [
      { type: 'tool_result', tool_use_id: 'c1', is_error: true },
      { type: 'text', text: 'stop!' },
    ],
  });
});

test('on its own wire the same history passes byte for byte', async () => {
  scene.fake.answer = { body: '{"choices":[{"message":{"content":"Yes"},"finish_reason":"stop"}]}' };
  const answer = await ask('chat', 'gpt-4.1', false, { messages: interrupted });
  expect([answer.status, answer.headers.get('x-ovth-repaired')]).toEqual([200, null]);
  expect(scene.fake.calls[0]?.body.toString()).toBe(
    JSON.stringify(bodies('gpt-4.1', false, { messages: interrupted }).chat),
  );
});

test('a strict route takes defaults, hints and repairs', async () => {
  scene.fake.answer = { body: JSON.stringify(geminiText('Yes', { finishReason: 'STOP' })) };
  const more = { messages: interrupted, prompt_cache_key: 'k', frequency_penalty: 0, metadata: {} };
  const answer = await ask('chat', 'strict', false, more);
  expect([answer.status, answer.headers.get('x-ovth-dropped')]).toEqual([200, null]);
  expect(answer.headers.get('x-ovth-repaired')).toBe('missing-result');
});

describe('the summary of reasoning', () => {
  const refusal: FakeAnswer = {
    status: 400,
    body: JSON.stringify({
      error: {
        message: 'Your organization must be verified to generate reasoning summaries. Please go to: https://…',
        type: 'invalid_request_error',
        param: 'reasoning.summary',
        code: 'unsupported_value',
      },
    }),
  };
  const done: FakeAnswer = {
    body: JSON.stringify({
      id: 'resp_1',
      status: 'completed',
      model: 'gpt-5.5',
      output: [{ type: 'message', content: [{ type: 'output_text', text: 'Yes' }] }],
      usage: { input_tokens: 3, output_tokens: 1 },
    }),
  };
  const asked = { thinking: { type: 'enabled', budget_tokens: 2_000 } };
  const play = ({ status = 200, body }: FakeAnswer) =>
    new Response(body as string, { status, headers: { 'content-type': 'application/json' } });

  test('is asked for once, left out for an account that is refused it, and not asked for again', async () => {
    scene.fake.answer = async (call, response) => {
      const { reasoning } = JSON.parse(call.body.toString()) as { reasoning?: Fields };
      const answer = play(reasoning?.['summary'] === undefined ? done : refusal);
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(await answer.text());
    };
    const first = await ask('messages', 'gpt-5.5', false, asked);
    expect([first.status, first.headers.get('x-ovth-dropped')]).toEqual([200, 'reasoning.summary']);
    expect(scene.fake.calls.map(({ path }) => path)).toEqual(['/v1/responses', '/v1/responses']);
    expect([sent(0)['reasoning'], sent(1)['reasoning']]).toEqual([
      { effort: 'low', summary: 'auto' },
      { effort: 'low' },
    ]);
    const second = await ask('messages', 'gpt-5.5', false, asked);
    expect(second.status).toBe(200);
    expect(scene.fake.calls).toHaveLength(3);
    expect(sent(2)['reasoning']).toEqual({ effort: 'low' });
  });
});
