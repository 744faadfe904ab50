// The official SDKs as clients of a running gateway, against every provider's wire, streaming and not.

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { say, type Scene, startScene } from '../support/sim';

let scene: Scene;
let openai: OpenAI;
let anthropic: Anthropic;

beforeAll(async () => {
  scene = await startScene('routes: {failing: {models: [gpt-5, claude-opus-4.7]}}\n');
  const key = await scene.gateway.mint();
  openai = new OpenAI({ baseURL: `${scene.gateway.url}/v1`, apiKey: key, maxRetries: 0 });
  anthropic = new Anthropic({ baseURL: `${scene.gateway.url}/anthropic`, apiKey: key, maxRetries: 0 });
});
afterAll(() => scene.close());
beforeEach(() => scene.simulators.reset());

const models = [
  { model: 'gpt-5.5', provider: 'openai' },
  { model: 'claude-sonnet-4.5', provider: 'anthropic' },
  { model: 'gemini-3.5-flash', provider: 'google' },
] as const;

describe.each(models)('$model', ({ model, provider }) => {
  test('openai SDK: an answer', async () => {
    const answer = await openai.chat.completions.create({ model, messages: say('Good morning') });
    expect(answer.object).toBe('chat.completion');
    expect(answer.choices[0]?.message.content).toContain('Good morning');
    expect(answer.choices[0]?.finish_reason).toBe('stop');
    const [call] = scene.simulators[provider].calls;
    expect(answer.usage?.prompt_tokens).toBe(call?.usage?.input);
    expect(answer.usage?.completion_tokens).toBe(call?.usage?.output);
  });

  test('openai SDK: a stream, with its usage', async () => {
    const stream = await openai.chat.completions.create({
      model,
      messages: say('Three paragraphs, please: 3 paragraphs'),
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let reason: string | null | undefined;
    let usage: OpenAI.CompletionUsage | null | undefined;
    const ids = new Set<string>();
    for await (const chunk of stream) {
      ids.add(chunk.id);
      text += chunk.choices[0]?.delta.content ?? '';
      reason = chunk.choices[0]?.finish_reason ?? reason;
      usage = chunk.usage ?? usage;
    }
    const [call] = await scene.simulators[provider].waitForCalls(1);
    expect(text.length).toBeGreaterThan(200);
    expect(reason).toBe('stop');
    expect(ids.size).toBe(1);
    expect(usage).toMatchObject({ prompt_tokens: call?.usage?.input, completion_tokens: call?.usage?.output });
  });

  test('openai SDK: a stream that did not ask for usage sees none', async () => {
    const stream = await openai.chat.completions.create({ model, messages: say('hi'), stream: true });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.every((chunk) => chunk.choices.length === 1)).toBe(true);
    expect(chunks.every((chunk) => chunk.usage === undefined || chunk.usage === null)).toBe(true);
    const line = scene.gateway.requests.at(-1);
    expect(line).toMatchObject({ outcome: 'ok', estimated: false });
    expect(line?.usage.output).toBeGreaterThan(0);
  });

  test('anthropic SDK: an answer', async () => {
    const answer = await anthropic.messages.create({ model, max_tokens: 500, messages: say('Good evening') });
    expect(answer.type).toBe('message');
    expect(answer.content[0]).toMatchObject({ type: 'text', text: expect.stringContaining('Good evening') });
    expect(answer.stop_reason).toBe('end_turn');
    const [call] = scene.simulators[provider].calls;
    expect(answer.usage).toMatchObject({ input_tokens: call?.usage?.input, output_tokens: call?.usage?.output });
  });

  test('anthropic SDK: a stream', async () => {
    const stream = anthropic.messages.stream({ model, max_tokens: 2_000, messages: say('Write 3 paragraphs') });
    const events: string[] = [];
    stream.on('streamEvent', (event) => void events.push(event.type));
    const message = await stream.finalMessage();
    const [call] = await scene.simulators[provider].waitForCalls(1);
    expect(message.content).toHaveLength(1);
    expect(message.usage.output_tokens).toBe(call?.usage?.output);
    expect(message.stop_reason).toBe('end_turn');
    const started = events.filter((type) => type === 'message_start').length;
    expect([started, events[0], events.at(-1)]).toEqual([1, 'message_start', 'message_stop']);
  });

  test.each([1, 3])('a stream cut after %s events is an error to both SDKs, never a clean end [E9]', async (events) => {
    scene.simulators[provider].always({ cutAfter: events, chunks: 8 });
    const chat = async () => {
      for await (const _chunk of await openai.chat.completions.create({ model, messages: say('hi'), stream: true }))
        void _chunk;
    };
    await expect(chat()).rejects.toThrow(OpenAI.APIError);
    const messages = async () => {
      for await (const _event of anthropic.messages.stream({ model, max_tokens: 100, messages: say('hi') }))
        void _event;
    };
    await expect(messages()).rejects.toThrow();
    expect(scene.gateway.requests.at(-1)).toMatchObject({ outcome: 'upstream_died', estimated: true });
    expect(scene.gateway.requests.at(-1)?.usage.input).toBeGreaterThan(0);
  });

  test('a tool loop to its end, on both SDKs', async () => {
    const schema = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] };
    const first = await openai.chat.completions.create({
      model,
      messages: say('Use the tool get_weather for Paris'),
      tools: [
        { type: 'function', function: { name: 'get_weather', description: 'Weather of a city', parameters: schema } },
      ],
    });
    const call = first.choices[0]?.message.tool_calls?.[0];
    if (call?.type !== 'function') throw new Error('no tool was called');
    expect(first.choices[0]?.finish_reason).toBe('tool_calls');
    expect(JSON.parse(call.function.arguments)).toHaveProperty('city');
    const second = await openai.chat.completions.create({
      model,
      messages: [
        ...say('Use the tool get_weather for Paris'),
        first.choices[0]!.message,
        { role: 'tool', tool_call_id: call.id, content: 'rain, 12 degrees' },
      ],
      tools: [{ type: 'function', function: { name: 'get_weather', parameters: schema } }],
    });
    expect(second.choices[0]?.message.content).toContain('rain, 12 degrees');

    const asked = await anthropic.messages.create({
      model,
      max_tokens: 500,
      messages: say('Use the tool get_weather for Rome'),
      tools: [{ name: 'get_weather', input_schema: schema }],
    });
    expect(asked.stop_reason).toBe('tool_use');
    const use = asked.content.find((block) => block.type === 'tool_use');
    if (use === undefined) throw new Error('no tool was used');
    const told = await anthropic.messages.create({
      model,
      max_tokens: 500,
      messages: [
        ...say('Use the tool get_weather for Rome'),
        { role: 'assistant', content: asked.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: use.id, content: 'sun, 30 degrees' }] },
      ],
      tools: [{ name: 'get_weather', input_schema: schema }],
    });
    expect(told.content[0]).toMatchObject({ type: 'text', text: expect.stringContaining('sun, 30 degrees') });
  });

  // It wants the provider to hold the conversation, and sends only what is new until it is told that nobody does.
  test.each([false, true])('anthropic SDK: its tool runner, streamed: %s', async (stream) => {
    const runner = anthropic.beta.messages.toolRunner({
      model,
      max_tokens: 500,
      stream,
      messages: say('Use the tool get_weather for Rome'),
      tools: [
        {
          name: 'get_weather',
          input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
          parse: (input: unknown) => input,
          run: () => 'sun, 30 degrees',
        },
      ],
    });
    const { content } = await runner.runUntilDone();
    expect(content[0]).toMatchObject({ type: 'text', text: expect.stringContaining('sun, 30 degrees') });
  });
});

describe('errors raise the SDKs’ own types', () => {
  test('a wrong key', async () => {
    await expect(
      new OpenAI({ baseURL: `${scene.gateway.url}/v1`, apiKey: 'sk-wrong' }).models.list(),
    ).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    await expect(
      new Anthropic({ baseURL: `${scene.gateway.url}/anthropic`, apiKey: 'nope', maxRetries: 0 }).messages.create({
        model: 'claude-opus-4.7',
        max_tokens: 5,
        messages: say('hi'),
      }),
    ).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
  });

  test('an unknown model names the nearest', async () => {
    await expect(openai.chat.completions.create({ model: 'gpt-55', messages: say('hi') })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
      message: expect.stringMatching(/gpt-5\.5/),
    });
    await expect(
      anthropic.messages.create({ model: 'claude-hiku', max_tokens: 5, messages: say('hi') }),
    ).rejects.toBeInstanceOf(Anthropic.NotFoundError);
  });

  test('a provider’s rate limit, on the same wire and on another', async () => {
    scene.simulators.openai.always({ status: 429, retryAfter: 2 });
    await expect(openai.chat.completions.create({ model: 'gpt-5.5', messages: say('hi') })).rejects.toBeInstanceOf(
      OpenAI.RateLimitError,
    );
    await expect(
      anthropic.messages.create({ model: 'gpt-5.5', max_tokens: 50, messages: say('hi') }),
    ).rejects.toMatchObject({ status: 429, error: { error: { type: 'rate_limit_error' } } });
  });

  test('failover goes to the next target before the first byte [F1]', async () => {
    scene.simulators.openai.always({ status: 503 });
    const answer = await openai.chat.completions
      .create({ model: 'failing', messages: say('Still there?') })
      .withResponse();
    expect(answer.data.choices[0]?.message.content).toContain('Still there?');
    expect(answer.response.headers.get('x-ovth-route')).toMatch(/^failing -> anthropic\/claude-opus-4-7;.*attempt=2/);
    expect([scene.simulators.openai.calls.length, scene.simulators.anthropic.calls.length]).toEqual([1, 1]);
  });

  test('a client’s own mistake never fails over [F7]', async () => {
    await expect(
      openai.chat.completions.create({
        model: 'failing',
        messages: say('hi'),
        stream_options: { include_usage: true }, // without a stream
      }),
    ).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    expect(scene.simulators.anthropic.calls).toHaveLength(0);
  });
});
