// The official SDKs drive the simulators as they drive the providers.
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { startSimulators, type Simulators } from './index';

let simulators: Simulators;
let openai: OpenAI;
let anthropic: Anthropic;
beforeAll(async () => {
  simulators = await startSimulators();
  openai = new OpenAI({ apiKey: simulators.openai.key, baseURL: simulators.openai.baseUrl, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: simulators.anthropic.key, baseURL: simulators.anthropic.baseUrl, maxRetries: 0 });
});
afterEach(() => simulators.reset());
afterAll(() => simulators.close());

const schema = {
  type: 'object' as const,
  properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1, maximum: 9 } },
  required: ['city', 'days'],
};
const QUESTION = 'Use get_weather for the next 3 days in New York';
const ARGUMENTS = { city: 'New York', days: 3 };

describe('the OpenAI SDK', () => {
  const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters: schema } }];

  test('completes, with the dated model and a usage that adds up', async () => {
    const answer = await openai.chat.completions.create({
      model: 'gpt-4o-mini',
      messages: [{ role: 'user', content: 'Hi' }],
    });
    expect(answer.choices[0]?.message.content).toBe('You said: "Hi". This is gpt-4o-mini, simulated, at turn 1.');
    expect(answer.model).toBe('gpt-4o-mini-2024-07-18');
    expect(answer.usage).toMatchObject({ prompt_tokens: 1, completion_tokens: 15, total_tokens: 16 });
    expect(simulators.openai.calls[0]).toMatchObject({
      model: 'gpt-4o-mini',
      stream: false,
      usage: { input: 1, output: 15 },
    });
  });

  test('streams, with usage only when asked for', async () => {
    const request = {
      model: 'gpt-4o',
      messages: [{ role: 'user' as const, content: 'Tell me in 30 words' }],
      stream: true as const,
    };
    let text = '';
    for await (const chunk of await openai.chat.completions.create(request)) {
      expect(chunk).not.toHaveProperty('usage');
      text += chunk.choices[0]?.delta.content ?? '';
    }
    expect(text.split(' ')).toHaveLength(30);
    const chunks = [];
    const counted = { ...request, stream_options: { include_usage: true } };
    for await (const chunk of await openai.chat.completions.create(counted)) chunks.push(chunk);
    expect(chunks[0]?.choices[0]?.delta.role).toBe('assistant');
    expect(chunks.slice(0, -1).map((chunk) => chunk.usage)).toEqual(chunks.slice(1).map(() => null));
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 5 } });
    expect(new Set(chunks.map((chunk) => `${chunk.id} ${chunk.created} ${chunk.system_fingerprint}`)).size).toBe(1);
  });

  test.each([true, false])('runs a tool to its end (stream: %s)', async (stream) => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: QUESTION }];
    const ask = () =>
      stream
        ? openai.chat.completions.stream({ model: 'gpt-4.1', messages, tools }).finalChatCompletion()
        : openai.chat.completions.create({ model: 'gpt-4.1', messages, tools });
    const first = (await ask()).choices[0]!;
    expect(first.finish_reason).toBe('tool_calls');
    const [made] = first.message.tool_calls as OpenAI.ChatCompletionMessageFunctionToolCall[];
    expect([made?.function.name, JSON.parse(made!.function.arguments)]).toEqual(['get_weather', ARGUMENTS]);
    messages.push(first.message, { role: 'tool', tool_call_id: made!.id, content: 'Sunny, 21 degrees' });
    const second = (await ask()).choices[0]!;
    expect(second.finish_reason).toBe('stop');
    expect(second.message.content).toContain('The tool answered: "Sunny, 21 degrees".');
  });

  test('raises its own errors', async () => {
    const ask = (model: string, content: string) =>
      openai.chat.completions.create({ model, messages: [{ role: 'user', content }] });
    await expect(ask('gpt-unknown', 'Hi')).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(ask('gpt-4o', '[[sim: status=429]]')).rejects.toMatchObject({
      code: 'rate_limit_exceeded',
      type: 'requests',
    });
    const stranger = new OpenAI({ apiKey: 'sk-no', baseURL: simulators.openai.baseUrl });
    await expect(stranger.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    const broken = await openai.chat.completions.create({
      model: 'gpt-4o',
      messages: [{ role: 'user', content: '[[sim: error_after=2]]' }],
      stream: true,
    });
    await expect(async () => {
      for await (const _ of broken);
    }).rejects.toThrow('The server had an error');
  });

  test.each([true, false])('runs a tool to its end through responses (stream: %s)', async (stream) => {
    const flat = [{ type: 'function' as const, name: 'get_weather', parameters: schema, strict: false }];
    const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: QUESTION }];
    const ask = () => {
      const request = {
        model: 'gpt-5',
        input,
        tools: flat,
        include: ['reasoning.encrypted_content' as const],
        store: false,
      };
      return stream ? openai.responses.stream(request).finalResponse() : openai.responses.create(request);
    };
    const first = await ask();
    expect(first.output.map((item) => item.type)).toEqual(['reasoning', 'function_call']);
    const made = first.output.find(
      (item) => item.type === 'function_call',
    ) as OpenAI.Responses.ResponseFunctionToolCall;
    expect(JSON.parse(made.arguments)).toEqual(ARGUMENTS);
    const result = { type: 'function_call_output' as const, call_id: made.call_id, output: 'Sunny, 21 degrees' };
    input.push(...(first.output as OpenAI.Responses.ResponseInput), result);
    expect((await ask()).output_text).toContain('The tool answered: "Sunny, 21 degrees".');
  });

  test('embeds', async () => {
    const { data } = await openai.embeddings.create({
      model: 'text-embedding-3-small',
      input: ['a', 'b'],
      dimensions: 16,
    });
    expect(data.map((one) => one.embedding.length)).toEqual([16, 16]);
  });

  test('lists models', async () => {
    const ids = [];
    for await (const model of openai.models.list()) ids.push(model.id);
    expect(ids).toContain('gpt-4o-mini');
    expect((await openai.models.retrieve('gpt-4o-2024-08-06')).owned_by).toBe('system');
    await expect(openai.models.retrieve('gpt-unknown')).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
  });
});

describe('the Anthropic SDK', () => {
  const tools = [{ name: 'get_weather', input_schema: schema }];

  test.each([true, false])('answers (stream: %s)', async (stream) => {
    const request = {
      model: 'claude-haiku-4-5',
      max_tokens: 100,
      messages: [{ role: 'user' as const, content: 'Hi' }],
    };
    const answer = await (stream
      ? anthropic.messages.stream(request).finalMessage()
      : anthropic.messages.create(request));
    expect(answer.content).toMatchObject([
      { type: 'text', text: 'You said: "Hi". This is claude-haiku-4-5, simulated, at turn 1.' },
    ]);
    expect(answer).toMatchObject({ model: 'claude-haiku-4-5-20251001', stop_reason: 'end_turn', stop_sequence: null });
    expect(answer.usage).toMatchObject({ input_tokens: 1, output_tokens: 16 });
  });

  test.each([true, false])('runs a tool to its end (stream: %s)', async (stream) => {
    const messages: Anthropic.MessageParam[] = [{ role: 'user', content: QUESTION }];
    const request = { model: 'claude-sonnet-4-6', max_tokens: 1_000, messages, tools };
    const ask = () => (stream ? anthropic.messages.stream(request).finalMessage() : anthropic.messages.create(request));
    const first = await ask();
    expect(first.stop_reason).toBe('tool_use');
    const use = first.content.find((block) => block.type === 'tool_use')!;
    expect(use).toMatchObject({ name: 'get_weather', input: ARGUMENTS });
    messages.push({ role: 'assistant', content: first.content });
    messages.push({
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: use.id, content: 'Sunny, 21 degrees' }],
    });
    const second = await ask();
    expect(second.content).toMatchObject([
      { text: expect.stringContaining('The tool answered: "Sunny, 21 degrees".') },
    ]);
  });

  test('raises its own errors', async () => {
    const ask = (model: string, content: string) =>
      anthropic.messages.create({ model, max_tokens: 10, messages: [{ role: 'user', content }] });
    await expect(ask('claude-unknown', 'Hi')).rejects.toBeInstanceOf(Anthropic.NotFoundError);
    await expect(ask('claude-haiku-4-5', '[[sim: status=529]]')).rejects.toMatchObject({
      status: 529,
      type: 'overloaded_error',
    });
    const request = {
      model: 'claude-haiku-4-5',
      max_tokens: 10,
      messages: [{ role: 'user' as const, content: '[[sim: error_after=2]]' }],
    };
    await expect(anthropic.messages.stream(request).finalMessage()).rejects.toThrow('Overloaded');
  });

  test.each([true, false])('brings its thoughts back to the end of a tool (stream: %s)', async (stream) => {
    const messages: Anthropic.MessageParam[] = [{ role: 'user', content: QUESTION }];
    const thinking = { type: 'enabled' as const, budget_tokens: 1_024 };
    const request = { model: 'claude-haiku-4-5', max_tokens: 3_000, messages, tools, thinking };
    const ask = () => (stream ? anthropic.messages.stream(request).finalMessage() : anthropic.messages.create(request));
    const first = await ask();
    expect(first.content.map((block) => block.type)).toEqual(['thinking', 'text', 'tool_use']);
    const use = first.content.find((block) => block.type === 'tool_use')!;
    const result = { type: 'tool_result' as const, tool_use_id: use.id, content: 'Sunny' };
    messages.push({ role: 'assistant', content: first.content }, { role: 'user', content: [result] });
    expect((await ask()).content.map((block) => block.type)).toEqual(['text']);
    const { max_tokens: _, ...counted } = request;
    expect((await anthropic.messages.countTokens(counted)).input_tokens).toBeGreaterThan(20);
  });

  test('lists models', async () => {
    const ids = [];
    for await (const model of anthropic.models.list({ limit: 2 })) ids.push(model.id);
    expect(ids).toContain('claude-3-haiku-20240307');
    expect(new Set(ids).size).toBe(ids.length);
    expect((await anthropic.models.retrieve('claude-haiku-4-5')).id).toBe('claude-haiku-4-5-20251001');
  });
});
