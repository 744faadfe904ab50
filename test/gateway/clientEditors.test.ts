// What Cursor, OpenCode, Continue and Aider send, replayed, and what they must get back.

import { eventsIn, type Fields, json, useClientScene } from '../support/clientTraffic';

const scene = useClientScene();
const { sentTo } = scene;

describe('Cursor', () => {
  const patch = {
    type: 'custom',
    name: 'ApplyPatch',
    description: 'Edits files',
    format: { type: 'grammar', syntax: 'lark', definition: 'start: /.+/' },
  };
  const shaped = (model: string, more: Fields = {}): Fields => ({
    model,
    user: 'cursor-user',
    stream: true,
    store: false,
    include: ['reasoning.encrypted_content'],
    reasoning: { effort: 'medium', summary: 'auto' },
    input: [
      { role: 'system', content: 'You edit code.' },
      { role: 'user', content: [{ type: 'input_text', text: 'Use ApplyPatch' }] },
    ],
    tools: [
      patch,
      { type: 'function', name: 'read_file', parameters: { type: 'object', properties: {} }, strict: false },
    ],
    tool_choice: 'auto',
    ...more,
  });

  test.each(['gpt-5.5', 'claude-opus-4.7', 'gemini-3.5-flash'])(
    'the body of Responses at the path of chat, to %s: answered as chat',
    async (model) => {
      const answer = await scene.post('/v1/chat/completions', scene.key, shaped(model));
      const text = await answer.text();
      expect([model, answer.status, text.slice(0, 200)]).toEqual([model, 200, expect.anything()]);
      expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
      const chunks = eventsIn(text);
      expect(chunks.every(({ object }) => object === 'chat.completion.chunk')).toBe(true);
      const calls = chunks.flatMap(
        ({ choices }) => ((choices as { delta: Fields }[])[0]?.delta['tool_calls'] as Fields[] | undefined) ?? [],
      );
      expect(calls[0]).toMatchObject({ index: 0, type: 'function', function: { name: 'ApplyPatch' } });
      expect(calls.every((call) => call['custom'] === undefined)).toBe(true);
    },
  );

  test('and whole', async () => {
    const answer = await json(
      await scene.post('/v1/chat/completions', scene.key, shaped('claude-opus-4.7', { stream: false })),
    );
    expect(answer).toMatchObject({ object: 'chat.completion', choices: [{ finish_reason: 'tool_calls' }] });
  });

  test('tools as Anthropic declares them, in a chat body, for whoever answers to the name', async () => {
    const tools = [{ name: 'read_file', description: 'Reads', input_schema: { type: 'object', properties: {} } }];
    for (const model of ['claude-opus-4.7', 'gpt-5.5']) {
      const answer = await json(
        await scene.post('/v1/chat/completions', scene.key, {
          model,
          tools,
          messages: [{ role: 'user', content: 'Use read_file' }],
        }),
      );
      expect(answer['choices']).toMatchObject([
        { message: { tool_calls: [{ type: 'function', function: { name: 'read_file' } }] } },
      ]);
    }
  });
});

describe('OpenCode, Continue and Aider', () => {
  test('OpenCode: cache marks on parts of a Claude model arrive as Anthropic’s', async () => {
    await json(
      await scene.post('/v1/chat/completions', scene.key, {
        model: 'anthropic/claude-opus-4.7',
        messages: [
          { role: 'system', content: [{ type: 'text', text: 'Be brief', cache_control: { type: 'ephemeral' } }] },
          { role: 'user', content: [{ type: 'text', text: 'hi', cache_control: { type: 'ephemeral' } }] },
        ],
      }),
    );
    expect(sentTo('anthropic')).toMatchObject({
      system: [{ text: 'Be brief', cache_control: { type: 'ephemeral' } }],
      messages: [{ content: [{ text: 'hi', cache_control: { type: 'ephemeral' } }] }],
    });
  });

  test('OpenCode: the older name of the maximum, to a model that refuses it', async () => {
    const asked = { messages: [{ role: 'user', content: 'hi' }], max_tokens: 900, reasoning_effort: 'medium' };
    const answer = await scene.post('/v1/chat/completions', scene.key, { ...asked, model: 'gpt-5.5' });
    expect([answer.status, answer.headers.get('x-ovth-dropped')]).toEqual([200, null]);
    const { max_tokens: maximum, ...rest } = asked;
    const { calls } = scene.simulators.openai;
    expect(calls.map(({ body }) => JSON.parse(body.toString()) as object)).toEqual([
      { ...asked, model: 'gpt-5.5' }, // which OpenAI refuses
      { ...rest, model: 'gpt-5.5', max_completion_tokens: maximum },
    ]);
    const taken = { model: 'gpt-4o', messages: asked.messages, max_tokens: maximum }; // it has no objection
    await json(await scene.post('/v1/chat/completions', scene.key, taken));
    expect(calls.at(-1)?.body.toString()).toBe(JSON.stringify(taken));
  });

  test('Continue: its key in a header of its own, and usage in every stream', async () => {
    const answer = await fetch(`${scene.gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'api-key': scene.key, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'claude-opus-4.7',
        stream: true,
        stream_options: { include_usage: true },
        messages: [{ role: 'user', content: 'hi' }],
      }),
    });
    const last = eventsIn(await answer.text()).at(-1);
    expect(last).toMatchObject({
      choices: [],
      usage: { prompt_tokens: expect.any(Number), total_tokens: expect.any(Number) },
    });
  });

  test.each([
    { reasoning_effort: 'high' },
    { thinking: { type: 'enabled', budget_tokens: 2_048 } },
    { reasoning: { effort: 'high' } },
  ])('Aider: %j makes Claude think', async (more) => {
    const answer = await json(
      await scene.post('/api/v1/chat/completions', scene.key, {
        model: 'anthropic/claude-opus-4.7',
        messages: [{ role: 'user', content: 'hi' }],
        ...more,
      }),
    );
    expect(sentTo('anthropic')).toMatchObject({ thinking: { type: 'adaptive', display: 'summarized' } });
    expect(answer['choices']).toMatchObject([
      { message: { reasoning_content: expect.any(String), reasoning: expect.any(String) } },
    ]);
  });
});
