// What a translation owes beyond words: life signs, honest ends, the provider's waits and limits, sealed thoughts that
// come back, and the other ways of asking for a form of answer. Against an upstream whose every byte is known.

import type { ServerResponse } from 'node:http';
import { startFakeUpstream, type FakeAnswer, type FakeCall, type FakeUpstream } from '../support/fakeUpstream';
import { startTestGateway, type TestGateway } from '../support/gateway';

type Fields = Record<string, unknown>;
type Kind = 'chat' | 'responses' | 'messages' | 'generate';

let fake: FakeUpstream;
let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  fake = await startFakeUpstream();
  gateway = await startTestGateway({
    config: `
routes:
  strict: {models: [gemini-3.5-flash], strict: true}
  claudes: {models: [claude-opus-4.7, claude-sonnet-4.6]}
  mixed: {models: [claude-opus-4.7, gemini-3.5-flash, gpt-4.1], strict: true}
providers:
  openai: {base_url: "${fake.url}/v1"}
  anthropic: {base_url: "${fake.url}"}
  google: {base_url: "${fake.url}"}
limits: {keep_alive_ms: 100}
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

const paths = (model: string, stream: boolean): Record<Kind, string> => ({
  chat: '/v1/chat/completions',
  responses: '/v1/responses',
  messages: '/v1/messages',
  generate: `/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
});
const bodies = (model: string, stream: boolean, more: Fields = {}): Record<Kind, Fields> => ({
  chat: { model, stream, messages: [{ role: 'user', content: 'hi' }], ...more },
  responses: { model, stream, input: 'hi', ...more },
  messages: { model, stream, max_tokens: 4_000, messages: [{ role: 'user', content: 'hi' }], ...more },
  generate: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }], ...more },
});
const ask = (kind: Kind, model: string, stream: boolean, more: Fields = {}, headers: Record<string, string> = {}) =>
  fetch(gateway.url + paths(model, stream)[kind], {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(bodies(model, stream, more)[kind]),
  });
const sent = (n = 0): Fields => JSON.parse(fake.calls[n]?.body.toString() ?? '{}') as Fields;
const events = (...list: unknown[]) => list.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
const sse = { 'content-type': 'text/event-stream' };

const geminiText = (text: string, more: Fields = {}) => ({
  candidates: [{ content: { role: 'model', parts: [{ text }] }, index: 0, ...more }],
  usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 2, totalTokenCount: 7 },
  modelVersion: 'gemini-3.5-flash',
  responseId: 'r1',
});
const claude = (content: unknown[], more: Fields = {}) => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-opus-4-7',
  content,
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 5, output_tokens: 2 },
  ...more,
});

/** Reads a stream until it holds a text. */
async function until(answer: Response, text: string): Promise<string> {
  let got = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    got += decoder.decode(chunk, { stream: true });
    if (got.includes(text)) return got;
  }
  return got;
}

describe('a silent upstream', () => {
  const frames: Record<Kind, string> = {
    chat: ': keep-alive\n\n',
    responses: ': keep-alive\n\n',
    messages: 'event: ping\ndata: {"type":"ping"}\n\n',
    generate: 'data: {}\n\n',
  };
  const models: Record<Kind, string> = {
    chat: 'gemini-3.5-flash',
    responses: 'gemini-3.5-flash',
    messages: 'gemini-3.5-flash',
    generate: 'gpt-4.1',
  };

  test.each(['chat', 'responses', 'messages', 'generate'] as const)(
    '%s: a life sign, and then the answer',
    async (kind) => {
      let release: (() => void) | undefined;
      fake.answer = (_call: FakeCall, response: ServerResponse) => {
        response.writeHead(200, sse);
        response.flushHeaders();
        release = () => {
          response.end(
            kind === 'generate'
              ? events({
                  id: 'c',
                  model: 'gpt-4.1',
                  choices: [{ index: 0, delta: { content: 'Hello' }, finish_reason: 'stop' }],
                }) + 'data: [DONE]\n\n'
              : events(geminiText('Hello', { finishReason: 'STOP' })),
          );
        };
      };
      const answer = await ask(kind, models[kind], true);
      expect(answer.status).toBe(200);
      const reader = answer.body?.getReader();
      let got = '';
      while (!got.includes(frames[kind])) got += Buffer.from((await reader?.read())?.value ?? []).toString();
      release?.();
      for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read())
        got += Buffer.from(piece.value).toString();
      expect(got).toContain('Hello');
    },
  );
});

describe('an upstream that dies in mid-stream', () => {
  test.each([
    ['chat', /data: \{"error":\{[^\n]*"code":"upstream_died"/, '[DONE]'],
    ['responses', /event: response\.failed\n[^]*event: error\n/, 'response.completed'],
    ['messages', /event: error\ndata: \{"type":"error"/, 'message_stop'],
    ['generate', /data: \{"error":\{"code":502/, '"finishReason"'],
  ] as const)('%s: an error, and no clean end', async (kind, error, end) => {
    fake.answer = (_call: FakeCall, response: ServerResponse) => {
      response.writeHead(200, sse);
      const first =
        kind === 'generate'
          ? events({ id: 'c', model: 'gpt-4.1', choices: [{ index: 0, delta: { content: 'Hello' } }] })
          : events(geminiText('Hello'));
      response.write(first, () => response.destroy());
    };
    const text = await (await ask(kind, kind === 'generate' ? 'gpt-4.1' : 'gemini-3.5-flash', true)).text();
    expect(text).toContain('Hello');
    expect(text).toMatch(error);
    expect(text).not.toContain(end);
  });
});

describe("Gemini's stream as one JSON list", () => {
  const list = (model: string) =>
    fetch(`${gateway.url}/v1beta/models/${model}:streamGenerateContent`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'hi' }] }] }),
    });
  const ways: Record<
    string,
    { model: string; headers: Record<string, string>; pieces: readonly string[]; end: string }
  > = {
    'on its own wire': {
      model: 'gemini-3.5-flash',
      headers: { 'content-type': 'application/json; charset=UTF-8' },
      pieces: [
        `[${JSON.stringify(geminiText('Hel"}]lo'))}\n`,
        `,\r\n${JSON.stringify(geminiText('you', { finishReason: 'STOP' }))}`,
      ],
      end: '\n]\n',
    },
    translated: {
      model: 'gpt-4.1',
      headers: sse,
      pieces: [
        events({ id: 'c', model: 'gpt-4.1', choices: [{ index: 0, delta: { content: 'Hel"}]lo' } }] }),
        events({
          id: 'c',
          model: 'gpt-4.1',
          choices: [{ index: 0, delta: { content: 'you' }, finish_reason: 'stop' }],
        }),
      ],
      end: 'data: [DONE]\n\n',
    },
  };
  const words = (json: string) =>
    (JSON.parse(json) as { candidates?: { content: { parts: { text?: string }[] } }[] }[]).map(
      ({ candidates }) => candidates?.[0]?.content.parts[0]?.text,
    );

  test.each(Object.entries(ways))('%s: piece by piece', async (_name, { model, headers, pieces, end }) => {
    let release: (() => void) | undefined;
    fake.answer = (_call: FakeCall, response: ServerResponse) => {
      response.writeHead(200, headers).write(pieces[0]);
      release = () => response.end(`${pieces[1]}${end}`);
    };
    const answer = await list(model);
    expect(answer.headers.get('content-type')).toContain('application/json');
    const reader = answer.body?.getReader();
    let got = '';
    while (!got.includes('lo')) got += Buffer.from((await reader?.read())?.value ?? []).toString();
    expect(words(`${got}]`)).toEqual(['Hel"}]lo']); // it came before the rest was sent
    release?.();
    for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read())
      got += Buffer.from(piece.value).toString();
    expect(words(got).filter((text) => text !== undefined && text !== '')).toEqual(['Hel"}]lo', 'you']);
    if (model.startsWith('gemini')) expect(got).toBe(pieces.join('') + end);
  });

  test.each(Object.entries(ways))(
    '%s: a death in the middle is its last piece',
    async (_name, { model, headers, pieces }) => {
      fake.answer = (_call: FakeCall, response: ServerResponse) => {
        response.writeHead(200, headers);
        response.write(`${pieces[0]}${pieces[1]?.slice(0, 30)}`, () => response.destroy());
      };
      const told = JSON.parse(await (await list(model)).text()) as { error?: { code: number } }[];
      expect(JSON.stringify(told[0])).toContain('lo');
      expect(told.at(-1)?.error).toMatchObject({ code: 502 });
      expect(JSON.stringify(told)).not.toContain('finishReason');
    },
  );
});

test('a client that leaves a translated stream ends the upstream call', async () => {
  fake.answer = (_call: FakeCall, response: ServerResponse) => {
    response.writeHead(200, sse);
    response.write(events(geminiText('Hello')));
  };
  const leave = new AbortController();
  const answer = await fetch(`${gateway.url}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify(bodies('gemini-3.5-flash', true).messages),
    signal: leave.signal,
  });
  await until(answer, 'Hello').catch(() => undefined);
  leave.abort();
  await expect(fake.calls[0]?.closed).resolves.toBe('gone');
});

describe('a prompt that is too long, in the words each client looks for', () => {
  const words = {
    anthropic: {
      status: 400,
      body: {
        type: 'error',
        error: { type: 'invalid_request_error', message: 'prompt is too long: 250000 tokens > 200000 maximum' },
      },
    },
    openai: {
      status: 400,
      body: {
        error: {
          message:
            "This model's maximum context length is 200000 tokens. However, your messages resulted in 250000 tokens.",
          type: 'invalid_request_error',
          param: 'messages',
          code: 'context_length_exceeded',
        },
      },
    },
    google: {
      status: 400,
      body: {
        error: {
          code: 400,
          message: 'The input token count (250000) exceeds the maximum number of tokens allowed (200000).',
          status: 'INVALID_ARGUMENT',
        },
      },
    },
  };
  test.each([
    ['chat', 'claude-opus-4.7', words.anthropic, /"code":"context_length_exceeded"/],
    ['chat', 'gemini-3.5-flash', words.google, /maximum context length is 200000 tokens.*250000/],
    ['responses', 'claude-opus-4.7', words.anthropic, /"code":"context_length_exceeded"/],
    ['messages', 'gpt-4.1', words.openai, /prompt is too long: 250000 tokens > 200000 maximum/],
    ['messages', 'gemini-3.5-flash', words.google, /prompt is too long: 250000 tokens > 200000 maximum/],
    [
      'generate',
      'claude-opus-4.7',
      words.anthropic,
      /input token count \(250000\) exceeds the maximum number of tokens allowed \(200000\)/,
    ],
    ['generate', 'gpt-4.1', words.openai, /input token count \(250000\) exceeds/],
  ] as const)('%s from %s', async (kind, model, { status, body }, wanted) => {
    fake.answer = { status, body: JSON.stringify(body) };
    const answer = await ask(kind, model, false);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toMatch(wanted);
  });
});

describe('waits and limits of a provider', () => {
  test('retry-after and rate limits, in the words of the other side', async () => {
    fake.answer = {
      status: 429,
      headers: {
        'retry-after': '17',
        'anthropic-ratelimit-requests-remaining': '3',
        'anthropic-ratelimit-requests-reset': '2026-01-01T00:00:00Z',
      },
      body: '{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}',
    };
    const answer = await ask('chat', 'claude-opus-4.7', false);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '17']);
    expect(await answer.text()).toContain('rate_limit_exceeded');
    fake.answer = {
      headers: { 'x-ratelimit-remaining-tokens': '900' },
      body: JSON.stringify({
        id: 'c',
        model: 'gpt-4.1',
        choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }],
      }),
    };
    expect((await ask('messages', 'gpt-4.1', false)).headers.get('anthropic-ratelimit-tokens-remaining')).toBe('900');
  });

  test("Google's wait stands in its error, and becomes a header", async () => {
    fake.answer = {
      status: 429,
      body: JSON.stringify({
        error: {
          code: 429,
          message: 'quota',
          status: 'RESOURCE_EXHAUSTED',
          details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '33.2s' }],
        },
      }),
    };
    expect((await ask('messages', 'gemini-3.6-flash', false)).headers.get('retry-after')).toBe('34');
  });
});

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
    fake.answer = { body: JSON.stringify(call('c2ln')) };
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
    key = await gateway.mint();
    await ask('chat', 'gemini-3.7-flash', false, { tools: tools.chat, messages });
    expect(geminiParts(2).find((part) => part['functionCall'] !== undefined)).toMatchObject({
      thoughtSignature: 'skip_thought_signature_validator',
    });
  });

  test('Claude thought before it spoke, and its words came before the call', async () => {
    const thought = { type: 'thinking', thinking: 'Hm.', signature: 'c2ln' };
    const words = { type: 'text', text: 'Let me look.' };
    const use = { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} };
    fake.answer = {
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

  test('a client that sends them back: to their maker unwrapped, to another provider not at all', async () => {
    fake.answer = { body: JSON.stringify(call('b3Ro')) };
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
    fake.answer = { body: JSON.stringify(claude([{ type: 'text', text: 'ok' }])) };
    await ask('messages', 'claude-opus-4.7', false, { ...thinking, messages });
    const [, assistant] = sent(2)['messages'] as { content: Fields[] }[];
    expect(assistant?.content.map(({ type }) => type)).toEqual(['tool_use']);
    expect(sent(2)['model']).toBe('claude-opus-4-7');
  });

  test("Anthropic's signatures reach a chat client and return to the model that made them", async () => {
    fake.answer = {
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
      fake.answer = (_call, response) => {
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
      fake.answer = {
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
      expect(fake.calls).toHaveLength(3);
      expect(JSON.stringify(sent(1))).toContain('EqQB');
      expect(JSON.stringify(sent(2))).not.toContain('EqQB');
      expect((sent(2)['messages'] as Fields[])[1]).toEqual({ role: 'assistant', content: 'hello' });
    });

    test('Gemini, through the vault; a second refusal is told', async () => {
      fake.answer = { body: JSON.stringify(call('c2ln')) };
      await ask('chat', 'gemini-3.7-flash', false, { tools: tools.chat });
      const messages = [
        { role: 'user', content: 'hi' },
        { role: 'assistant', tool_calls: [{ id: 'fc1', type: 'function', function: { name: 'weather', arguments: '{}' } }] },
        { role: 'tool', tool_call_id: 'fc1', content: 'rain' },
      ]; // prettier-ignore
      fake.answer = { status: 400, body: JSON.stringify({ error: { message: 'Corrupted thought signature.' } }) };
      const answer = await ask('chat', 'gemini-3.7-flash', false, { tools: tools.chat, messages });
      expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('Corrupted')]);
      expect(fake.calls).toHaveLength(3);
      expect(geminiParts(2).find((part) => part['functionCall'] !== undefined)).toMatchObject({
        thoughtSignature: 'skip_thought_signature_validator',
      });
    });

    test('another refusal is not asked again', async () => {
      refusing('max_tokens: 99999999 > 64000', answered);
      const answer = await ask('chat', 'claude-opus-4.7', false, { messages: [{ role: 'user', content: 'hi' }] });
      expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('99999999')]);
      expect(fake.calls).toHaveLength(1);
    });

    test('on their own wire: told to who named the model, mended where a route changed it', async () => {
      refusing(invalid, answered);
      const told = await ask('messages', 'claude-opus-4.7', false, { messages: thought('forged') });
      expect([told.status, await told.json()]).toEqual([400, { error: { message: invalid } }]);
      expect(fake.calls).toHaveLength(1);
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
  fake.answer = {
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
  fake.answer = { body: JSON.stringify(claude([{ type: 'text', text: 'ok' }])) };
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

test("the maximum's older name is changed for OpenAI's reasoning models, and not a byte beside it", async () => {
  const answered =
    '{"id":"c1", "object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}]}';
  fake.answer = { body: answered };
  const body =
    '{ "x_new" : [1,  2],\n "messages":[{"role":"user","content":"say \\"max_tokens\\": 5"}], "max_tokens" : 900 ,"model":"gpt-5.5"}';
  const post = (text: string) =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: text,
    });
  expect(await (await post(body)).text()).toBe(answered);
  expect(fake.calls[0]?.body.toString()).toBe(body.replace('"max_tokens" : 900', '"max_completion_tokens" : 900'));
  await post(body.replace('gpt-5.5', 'gpt-4o'));
  expect(fake.calls[1]?.body.toString()).toBe(body.replace('gpt-5.5', 'gpt-4o')); // it has no objection
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
    fake.answer = { body: JSON.stringify(claude([use], { stop_reason: 'tool_use' })) };
    const whole = (await (await ask('chat', 'claude-haiku-4.5', false, asked)).json()) as { choices: Fields[] };
    expect(sent()['tool_choice']).toEqual({ type: 'tool', name: 'answer' });
    expect(whole.choices[0]).toMatchObject({ message: { content: '{"city":"Oslo"}' }, finish_reason: 'stop' });
    fake.answer = {
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
    fake.answer = { body: JSON.stringify(claude([{ type: 'text', text: '{"city":"Oslo"}' }])) };
    await ask('chat', 'claude-opus-4.8', false, {
      response_format: { type: 'json_schema', json_schema: { name: 'p', schema } },
    });
    expect(sent()['output_config']).toEqual({ format: { type: 'json_schema', schema } });
  });

  test('a grammar tool on a wire without: its input comes back as it was meant', async () => {
    fake.answer = {
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
    fake.answer = (call: FakeCall, response: ServerResponse) => {
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
    fake.answer = (call: FakeCall, response: ServerResponse) => {
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
    fake.answer = { body: JSON.stringify(geminiText('x', { finishReason: 'STOP' })) };
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
    fake.answer = (_call: FakeCall, response: ServerResponse) => {
      response.writeHead(200, sse);
      response.write(stream); // and no end: some providers keep the connection for a moment
    };
    gateway.requests.length = 0;
    const abort = new AbortController();
    const answer = await fetch(gateway.url + paths(model, true).chat, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify(bodies(model, true).chat),
      signal: abort.signal,
    });
    const reader = answer.body!.getReader();
    for (let text = ''; !text.includes('[DONE]');) text += Buffer.from((await reader.read()).value ?? []).toString();
    abort.abort();
    while (gateway.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const [line] = gateway.requests;
    expect(line).toMatchObject({ outcome: 'ok', status: 200, estimated: false, usage: { input: 5, output: 2 } });
    expect(line?.failure).toBeUndefined();
  });

  test('a target that cannot carry the request is passed over, in the first place and after a failure', async () => {
    fake.answer = (call: FakeCall, response: ServerResponse) => {
      const chat = call.path.endsWith('/chat/completions');
      const choices = [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }];
      response.writeHead(chat ? 200 : 529, { 'content-type': 'application/json' });
      response.end(JSON.stringify(chat ? { id: 'c', object: 'chat.completion', model: 'gpt-4.1', choices } : {}));
    };
    const biased = await ask('chat', 'mixed', false, { logit_bias: { '1': 2 } });
    expect([biased.status, fake.calls.map(({ path }) => path)]).toEqual([200, ['/v1/chat/completions']]);
    const threaded = await ask('messages', 'mixed', false, { thread: { id: 'th_1' } });
    expect([threaded.status, fake.calls.slice(1).map(({ path }) => path)]).toEqual([529, ['/v1/messages']]);
  });

  test('a prompt that Gemini blocks, and an answer it cuts off, are refusals', async () => {
    fake.answer = {
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
    fake.answer = { headers: sse, body: events(geminiText('Half'), geminiText('', { finishReason: 'SAFETY' })) };
    const text = await (await ask('chat', 'gemini-3.5-flash', true)).text();
    expect(text).toContain('Half');
    expect(text).toContain('"finish_reason":"content_filter"');
  });
});

describe('counting and embedding', () => {
  const question = {
    messages: [{ role: 'user', content: 'hi' }],
    tools: [{ name: 'f', input_schema: { type: 'object' } }],
    system: 'Be brief',
  };
  const count = (model: string) =>
    fetch(`${gateway.url}/anthropic/v1/messages/count_tokens?beta=true`, {
      method: 'POST',
      headers: { 'x-api-key': key },
      body: JSON.stringify({ model, ...question }),
    });

  test("the provider's own counter, in its own words", async () => {
    fake.answer = { body: '{"input_tokens": 41}' };
    expect(await (await count('claude-opus-4.7')).json()).toEqual({ input_tokens: 41 });
    expect(sent()).toEqual({ model: 'claude-opus-4-7', ...question });
    fake.answer = { body: '{"totalTokens": 42}' };
    const gemini = await count('gemini-3.5-flash');
    expect([await gemini.json(), gemini.headers.get('x-ovth-tokens')]).toEqual([{ input_tokens: 42 }, 'counted']);
    expect(fake.calls[1]?.path).toBe('/v1beta/models/gemini-3.5-flash:countTokens');
    expect(sent(1)['generateContentRequest']).toMatchObject({
      systemInstruction: { parts: [{ text: 'Be brief' }] },
      tools: [expect.anything()],
    });
  });

  test('an estimate where there is no counter, marked as one', async () => {
    fake.answer = { status: 404, body: '{}' };
    const got = await count('gpt-5.5');
    expect([got.status, got.headers.get('x-ovth-tokens')]).toEqual([200, 'estimated']);
    expect(((await got.json()) as { input_tokens: number }).input_tokens).toBeGreaterThan(5);
  });

  test('embeddings from OpenAI as they are, from Gemini translated', async () => {
    const embed = (body: object) =>
      fetch(`${gateway.url}/v1/embeddings`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: JSON.stringify(body),
      });
    const own =
      '{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1,0]}],"model":"text-embedding-3-small","usage":{"prompt_tokens":3,"total_tokens":3}}';
    fake.answer = { body: own };
    const plain = await embed({ model: 'openai/text-embedding-3-small', input: 'hi' });
    expect(await plain.text()).toBe(own);
    expect(sent()).toEqual({ model: 'text-embedding-3-small', input: 'hi' });
    expect(await gateway.row(plain.headers.get('x-request-id') ?? '')).toMatchObject({
      input: 3,
      output: 0,
      estimated: false,
    });
    fake.answer = { body: '{"embeddings":[{"values":[1,0.5]},{"values":[0,1]}]}' };
    const packed = await embed({
      model: 'gemini-embedding-001',
      input: ['a', 'b'],
      dimensions: 2,
      encoding_format: 'base64',
    });
    const { data } = (await packed.json()) as { data: { embedding: string }[] };
    expect(
      data.map(({ embedding }) => [...new Float32Array(Uint8Array.from(Buffer.from(embedding, 'base64')).buffer)]),
    ).toEqual([
      [1, 0.5],
      [0, 1],
    ]);
    expect(sent(1)['requests']).toEqual(
      ['a', 'b'].map((text) => ({
        model: 'models/gemini-embedding-001',
        content: { parts: [{ text }] },
        outputDimensionality: 2,
      })),
    );
    const tokens = await embed({ model: 'gemini-embedding-001', input: [[1, 2]] });
    expect([tokens.status, await tokens.text()]).toEqual([400, expect.stringContaining('input[0]')]);
    expect((await embed({ model: 'claude-opus-4.7', input: 'x' })).status).toBe(400);
  });
});
