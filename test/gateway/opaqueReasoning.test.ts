// Signed and encrypted reasoning, and findings of searches: back to the wire that made them, and nowhere else.

import type { FakeAnswer } from '../support/fakeUpstream';
import { claude, type Fields, geminiText, useTranslationScene } from '../support/translation';

const scene = useTranslationScene();
const { ask, sent } = scene;

describe('sealed thoughts', () => {
  const call = (signature: string) => ({
    ...geminiText(''),
    candidates: [
      {
        content: {
          role: 'model',
          parts: [{ functionCall: { id: 'fc1', name: 'weather', args: {} }, thoughtSignature: signature }],
        },
        finishReason: 'STOP',
        index: 0,
      },
    ],
  });
  const tools = {
    chat: [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }],
    messages: [{ name: 'weather', input_schema: { type: 'object', properties: {} } }],
  };
  const geminiParts = (n: number) => (sent(n)['contents'] as { parts: Fields[] }[]).flatMap(({ parts }) => parts);

  test('a client that keeps only the call: the vault puts them back', async () => {
    scene.fake.answer = { body: JSON.stringify(call('c2ln')) };
    const first = (await (await ask('chat', 'gemini-3.7-flash', false, { tools: tools.chat })).json()) as {
      choices: { message: { tool_calls: { id: string }[] } }[];
    };
    const id = first.choices[0]?.message.tool_calls[0]?.id;
    expect(id).toBe('fc1');
    const messages = [
      { role: 'user', content: 'hi' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id, type: 'function', function: { name: 'weather', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: id, content: 'rain' },
    ];
    await ask('chat', 'gemini-3.7-flash', false, { tools: tools.chat, messages });
    expect(geminiParts(1).find((part) => part['functionCall'] !== undefined)).toMatchObject({
      thoughtSignature: 'c2ln',
    });
    // Another key's calls are not this key's.
    scene.key = await scene.gateway.mint();
    await ask('chat', 'gemini-3.7-flash', false, { tools: tools.chat, messages });
    expect(geminiParts(2).find((part) => part['functionCall'] !== undefined)).toMatchObject({
      thoughtSignature: 'skip_thought_signature_validator',
    });
  });

  test('a client that joins thoughts, and their seals, into one', async () => {
    const answer = call('c2ln');
    answer.candidates[0]!.content.parts.unshift({ text: 'Hm.', thought: true } as never);
    scene.fake.answer = { body: JSON.stringify(answer) };
    const thinking = { type: 'enabled', budget_tokens: 1_024 };
    const first = (await (
      await ask('messages', 'gemini-3.7-flash', false, { tools: tools.messages, thinking, max_tokens: 4_000 })
    ).json()) as { content: Fields[] };
    expect(first.content.map(({ type }) => type)).toEqual(['thinking', 'thinking', 'tool_use']);
    const [one, other, use] = first.content;
    const signature = `${String(one!['signature'])}${String(other!['signature'])}`;
    scene.key = await scene.gateway.mint(); // nothing is known of its earlier turns
    const messages = [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: [{ type: 'thinking', thinking: 'Hm.', signature }, use] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: use!['id'], content: 'rain' }] },
    ];
    await ask('messages', 'gemini-3.7-flash', false, { tools: tools.messages, messages });
    expect(geminiParts(1).find((part) => part['functionCall'] !== undefined)).toMatchObject({
      thoughtSignature: 'c2ln',
    });
  });

  test('Claude thought before it spoke, and its words came before the call', async () => {
    const thought = { type: 'thinking', thinking: 'Hm.', signature: 'c2ln' };
    const words = { type: 'text', text: 'Let me look.' };
    const use = { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} };
    scene.fake.answer = {
      body: JSON.stringify(claude([thought, words, use], { model: 'claude-haiku-4-5', stop_reason: 'tool_use' })),
    };
    const asked = { tools: tools.chat, reasoning_effort: 'low', max_tokens: 4_000 };
    const first = (await (await ask('chat', 'claude-haiku-4-5', false, asked)).json()) as {
      choices: { message: { content: string; tool_calls: { id: string }[] } }[];
    };
    const { content, tool_calls } = first.choices[0]!.message;
    const messages = [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content, tool_calls },
      { role: 'tool', tool_call_id: tool_calls[0]?.id, content: 'rain' },
    ];
    await ask('chat', 'claude-haiku-4-5', false, { ...asked, messages });
    expect((sent(1)['messages'] as Fields[])[1]?.['content']).toEqual([thought, words, use]);
  });

  // Claude's thoughts come before its words, and OpenAI refuses a reasoning item that nothing follows.
  test('a Gemini client returns them on the words that they came before', async () => {
    const thought = { type: 'thinking', thinking: '', signature: 'c2ln' };
    const words = { type: 'text', text: 'Rain.' };
    scene.fake.answer = { body: JSON.stringify(claude([thought, words], { model: 'claude-opus-4-7' })) };
    const thinks = { generationConfig: { thinkingConfig: { thinkingLevel: 'low' } } };
    const first = (await (await ask('generate', 'claude-opus-4-7', false, thinks)).json()) as {
      candidates: { content: { parts: Fields[] } }[];
    };
    const { parts } = first.candidates[0]!.content;
    expect(parts).toEqual([{ text: 'Rain.', thoughtSignature: expect.any(String) }]);
    const contents = [
      { role: 'user', parts: [{ text: 'hi' }] },
      { role: 'model', parts },
      { role: 'user', parts: [{ text: 'And now?' }] },
    ];
    await ask('generate', 'claude-opus-4-7', false, { ...thinks, contents });
    expect((sent(1)['messages'] as Fields[])[1]?.['content']).toEqual([thought, words]);
  });

  test('a client that sends them back: to their maker unwrapped, to another provider not at all', async () => {
    scene.fake.answer = { body: JSON.stringify(call('b3Ro')) };
    const thinking = { thinking: { type: 'adaptive' }, tools: tools.messages };
    const first = (await (await ask('messages', 'gemini-3.7-flash', false, thinking)).json()) as { content: Fields[] };
    expect(first.content.map(({ type }) => type)).toEqual(['thinking', 'tool_use']);
    const messages = [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: first.content },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: first.content[1]?.['id'], content: 'rain' }] },
    ];
    await ask('messages', 'gemini-3.7-flash', false, { ...thinking, messages });
    expect(geminiParts(1).find((part) => part['functionCall'] !== undefined)).toMatchObject({
      thoughtSignature: 'b3Ro',
    });
    scene.fake.answer = { body: JSON.stringify(claude([{ type: 'text', text: 'ok' }])) };
    await ask('messages', 'claude-opus-4.7', false, { ...thinking, messages });
    const [, assistant] = sent(2)['messages'] as { content: Fields[] }[];
    expect(assistant?.content.map(({ type }) => type)).toEqual(['tool_use']);
    expect(sent(2)['model']).toBe('claude-opus-4-7');
  });

  test("Anthropic's signatures reach a chat client and return to the model that made them", async () => {
    scene.fake.answer = {
      body: JSON.stringify(
        claude(
          [
            { type: 'thinking', thinking: 'Hm', signature: 'EqQB' },
            { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} },
          ],
          { stop_reason: 'tool_use' },
        ),
      ),
    };
    const first = (await (
      await ask('chat', 'claude-opus-4.7', false, { tools: tools.chat, reasoning_effort: 'high' })
    ).json()) as { choices: { message: Fields }[] };
    const message = first.choices[0]?.message ?? {};
    expect(message).toMatchObject({ reasoning_content: 'Hm', reasoning: 'Hm' });
    const messages = [
      { role: 'user', content: 'hi' },
      message,
      { role: 'tool', tool_call_id: 'toolu_1', content: 'rain' },
    ];
    await ask('chat', 'claude-opus-4.7', false, { tools: tools.chat, reasoning_effort: 'high', messages });
    const [, assistant] = sent(1)['messages'] as { content: Fields[] }[];
    expect(assistant?.content[0]).toEqual({ type: 'thinking', thinking: 'Hm', signature: 'EqQB' });
  });

  describe('that their maker refuses', () => {
    const refusing = (words: string, then: object) => {
      const answers: FakeAnswer[] = [{ status: 400, body: JSON.stringify({ error: { message: words } }) }];
      scene.fake.answer = (_call, response) => {
        const { status = 200, body } = answers.shift() ?? { body: JSON.stringify(then) };
        response.writeHead(status, { 'content-type': 'application/json' }).end(body);
      };
    };
    const thought = (signature: string) => [
      { role: 'user', content: 'hi' },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm', signature },
          { type: 'text', text: 'hello' },
        ],
      },
      { role: 'user', content: 'go on' },
    ];
    const invalid = 'messages.1.content.0: Invalid `signature` in `thinking` block';
    const answered = claude([{ type: 'text', text: 'ok' }]);

    test('are taken out, and the rest is asked once more', async () => {
      scene.fake.answer = {
        body: JSON.stringify(
          claude([
            { type: 'thinking', thinking: 'Hm', signature: 'EqQB' },
            { type: 'text', text: 'hello' },
          ]),
        ),
      };
      const thinking = { reasoning_effort: 'high' };
      const first = (await (await ask('chat', 'claude-opus-4.7', false, thinking)).json()) as {
        choices: { message: Fields }[];
      };
      const messages = [
        { role: 'user', content: 'hi' },
        first.choices[0]?.message ?? {},
        { role: 'user', content: 'go on' },
      ];
      refusing(invalid, answered);
      const answer = await ask('chat', 'claude-opus-4.7', false, { ...thinking, messages });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('x-ovth-dropped')).toContain('reasoning');
      expect(scene.fake.calls).toHaveLength(3);
      expect(JSON.stringify(sent(1))).toContain('EqQB');
      expect(JSON.stringify(sent(2))).not.toContain('EqQB');
      expect((sent(2)['messages'] as Fields[])[1]).toEqual({ role: 'assistant', content: 'hello' });
    });

    test('Gemini, through the vault; a second refusal is told', async () => {
      scene.fake.answer = { body: JSON.stringify(call('c2ln')) };
      await ask('chat', 'gemini-3.7-flash', false, { tools: tools.chat });
      const messages = [
        { role: 'user', content: 'hi' },
        { role: 'assistant', tool_calls: [{ id: 'fc1', type: 'function', function: { name: 'weather', arguments: '{}' } }] },
        { role: 'tool', tool_call_id: 'fc1', content: 'rain' },
      ]; // prettier-ignore
      scene.fake.answer = { status: 400, body: JSON.stringify({ error: { message: 'Corrupted thought signature.' } }) };
      const answer = await ask('chat', 'gemini-3.7-flash', false, { tools: tools.chat, messages });
      expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('Corrupted')]);
      expect(scene.fake.calls).toHaveLength(3);
      expect(geminiParts(2).find((part) => part['functionCall'] !== undefined)).toMatchObject({
        thoughtSignature: 'skip_thought_signature_validator',
      });
    });

    test('another refusal is not asked again', async () => {
      refusing('max_tokens: 99999999 > 64000', answered);
      const answer = await ask('chat', 'claude-opus-4.7', false, { messages: [{ role: 'user', content: 'hi' }] });
      expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('99999999')]);
      expect(scene.fake.calls).toHaveLength(1);
    });

    test('on their own wire: told to who named the model, mended where a route changed it', async () => {
      refusing(invalid, answered);
      const told = await ask('messages', 'claude-opus-4.7', false, { messages: thought('forged') });
      expect([told.status, await told.json()]).toEqual([400, { error: { message: invalid } }]);
      expect(scene.fake.calls).toHaveLength(1);
      refusing(invalid, answered);
      const mended = await ask('messages', 'claudes', false, { messages: thought('forged') });
      expect([mended.status, await mended.json()]).toEqual([200, expect.objectContaining({ type: 'message' })]);
      expect(JSON.stringify(sent(1))).toContain('forged');
      expect(JSON.stringify(sent(2))).not.toContain('forged');
      expect(sent(2)).toMatchObject({ model: 'claude-opus-4-7', max_tokens: 4_000 });
    });
  });
});

test("a search's findings reach a client of Anthropic's, and are taken out of what it sends back", async () => {
  scene.fake.answer = {
    body: JSON.stringify({
      candidates: [
        {
          content: { role: 'model', parts: [{ text: 'It rains.' }] },
          finishReason: 'STOP',
          index: 0,
          groundingMetadata: {
            groundingChunks: [{ web: { uri: 'https://weather.example/', title: 'Weather' } }],
            groundingSupports: [
              { segment: { startIndex: 0, endIndex: 9, text: 'It rains.' }, groundingChunkIndices: [0] },
            ],
          },
        },
      ],
    }),
  };
  const first = (await (await ask('messages', 'gemini-3.5-flash', false)).json()) as { content: Fields[] };
  expect(first.content).toEqual([
    {
      type: 'text',
      text: 'It rains.',
      citations: [
        {
          type: 'web_search_result_location',
          url: 'https://weather.example/',
          title: 'Weather',
          cited_text: '',
          encrypted_index: expect.any(String) as string,
        },
      ],
    },
  ]);
  scene.fake.answer = { body: JSON.stringify(claude([{ type: 'text', text: 'ok' }])) };
  const messages = [
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: first.content },
    { role: 'user', content: 'sure?' },
  ];
  await ask('messages', 'claude-opus-4.7', false, { messages });
  expect((sent(1)['messages'] as Fields[])[1]).toEqual({
    role: 'assistant',
    content: [{ type: 'text', text: 'It rains.' }],
  });
});
