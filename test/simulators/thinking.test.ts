// Thoughts: how they are asked for, how they come, and that they must come back as they were.
import { call, PROVIDERS, weatherTools } from './caller';
import { startSimulators, type Simulators } from './index';
import { documentsIn } from './shape';
import { checkSeal, sealed } from './signature';
import { specs } from '../support/specs';
import type { Provider } from './wire';

let simulators: Simulators;
beforeAll(async () => void (simulators = await startSimulators()));
afterEach(() => simulators.reset());
afterAll(() => simulators.close());

const known = specs();
const user = (content: unknown) => ({ role: 'user', content });
const assistant = (content: unknown) => ({ role: 'assistant', content });

/** One answer as JSON, with its status. */
async function ask(provider: Provider, prompt: string, body: object, path?: string) {
  const { status, text } = await call(simulators, provider, prompt, { body, ...(path !== undefined && { path }) });
  return { status, text, body: JSON.parse(text) as Answer };
}

test.each(PROVIDERS)('a seal of %s is known by whoever made it, and by no one else', (provider) => {
  const seal = sealed(provider, 'I think');
  expect(checkSeal(provider, seal, 'I think')).toBe('intact');
  expect(checkSeal(provider, seal)).toBe('intact');
  expect(checkSeal(provider, seal, 'I thought')).toBe('altered');
  for (const other of PROVIDERS.filter((one) => one !== provider)) expect(checkSeal(other, seal)).toBe('foreign');
  for (const nonsense of ['', 'gAAAAABo', 'abc', undefined, 5]) expect(checkSeal(provider, nonsense)).toBe('foreign');
});

describe('Anthropic', () => {
  const enabled = {
    model: 'claude-sonnet-4-5',
    max_tokens: 4_000,
    thinking: { type: 'enabled', budget_tokens: 2_000 },
  };
  const adaptive = { model: 'claude-opus-4-6', max_tokens: 4_000, thinking: { type: 'adaptive' } };
  const tools = weatherTools('anthropic', 'get_weather');
  const question = user('Use get_weather for Oslo');
  const results = (content: Block[]) =>
    user(
      content
        .filter((one) => one.type === 'tool_use')
        .map((one) => ({ type: 'tool_result', tool_use_id: one.id, content: 'Sunny' })),
    );

  test.each([enabled, adaptive])('thinks, and signs it, streamed or not: %j', async (body) => {
    const { body: whole } = await ask('anthropic', 'Hello', body);
    expect(whole.content!.map((one) => one.type)).toEqual(['thinking', 'text']);
    expect(whole.usage!.output_tokens_details!.thinking_tokens).toBeGreaterThan(0);
    if (known) expect(known.anthropic('Message')(whole)).toEqual([]);
    const { text } = await call(simulators, 'anthropic', 'Hello', { stream: true, body });
    const events = documentsIn(text) as MessageEvent[];
    const deltas = events.flatMap((event) => (event.index === 0 && event.delta ? [event.delta] : []));
    expect(deltas.map((delta) => delta.thinking ?? '').join('')).toBe(whole.content![0]!.thinking);
    expect(deltas.at(-1)).toEqual({ type: 'signature_delta', signature: whole.content![0]!.signature });
    if (known)
      for (const event of events)
        if (event.type !== 'ping') expect(known.anthropic('MessageStreamEvent')(event)).toEqual([]);
  });

  test('thinks harder with more effort, within its limit', async () => {
    const words = async (body: object) =>
      (await ask('anthropic', 'Hello', { ...adaptive, ...body })).body.content![0]!.thinking!.split(' ').length;
    expect(await words({ output_config: { effort: 'max' } })).toBeGreaterThan(
      await words({ output_config: { effort: 'low' } }),
    );
    const cut = await ask('anthropic', 'Hello', { ...adaptive, max_tokens: 5 });
    expect(cut.body).toMatchObject({ stop_reason: 'max_tokens', usage: { output_tokens: 5 } });
    expect(cut.body.content!.map((one) => one.type)).toEqual(['thinking']);
  });

  test('hides its thoughts when it is told, or redacts them, and takes them back', async () => {
    const hidden = { ...adaptive, thinking: { type: 'adaptive', display: 'omitted' }, ...tools };
    for (const [prompt, body, type] of [
      ['Use get_weather', hidden, 'thinking'],
      ['Use get_weather [[sim: redacted]]', { ...adaptive, ...tools }, 'redacted_thinking'],
    ] as const) {
      const { content } = (await ask('anthropic', prompt, body)).body;
      expect(content![0]!.type).toBe(type);
      expect(content![0]!.thinking ?? '').toBe('');
      const messages = [user('Use get_weather'), assistant(content), results(content!)];
      expect((await ask('anthropic', '', { ...body, messages })).status).toBe(200);
    }
  });

  test('wants its thoughts back in a loop of tools, as they were', async () => {
    const body = { ...enabled, ...tools };
    const { content } = (await ask('anthropic', 'Use get_weather for Oslo', body)).body;
    const loop = (first: unknown[]) => ({ ...body, messages: [question, assistant(first), results(content!)] });
    const good = await ask('anthropic', '', loop(content!));
    expect(good.text).toContain('Sunny');
    const [thought, ...rest] = content!;
    const refused = async (first: unknown[]) => (await ask('anthropic', '', loop(first))).body.error?.message;
    expect(await refused(rest)).toMatch(
      /^messages\.1\.content\.0\.type: Expected `thinking` or `redacted_thinking`, but found `text`/,
    );
    expect(await refused([{ ...thought, signature: 'EqQBCgIYAhIkMDAwMA==' }, ...rest])).toBe(
      'messages.1.content.0: Invalid `signature` in `thinking` block',
    );
    expect(await refused([{ ...thought, thinking: 'Something else' }, ...rest])).toContain('cannot be modified');
    expect(await refused([{ ...thought, signature: undefined }, ...rest])).toBe(
      'messages.1.content.0.thinking.signature: Field required',
    );
    expect(await refused([{ type: 'redacted_thinking', data: 'abcd' }, ...rest])).toContain(
      'Invalid `data` in `redacted_thinking` block',
    );
    // Without thinking the thoughts may be missing.
    expect((await ask('anthropic', '', { ...loop(rest), thinking: undefined })).status).toBe(200);
  });

  test.each<[object, string]>([
    [{ ...enabled, thinking: { type: 'enabled' } }, 'thinking.enabled.budget_tokens: Field required'],
    [{ ...enabled, thinking: { type: 'enabled', budget_tokens: 100 } }, 'greater than or equal to 1024'],
    [{ ...enabled, max_tokens: 2_000 }, '`max_tokens` must be greater than `thinking.budget_tokens`'],
    [{ ...enabled, temperature: 0.5 }, '`temperature` may only be set to 1 when thinking is enabled'],
    [{ ...enabled, top_k: 5 }, '`top_k` must be unset'],
    [{ ...enabled, thinking: { type: 'auto' } }, "Input tag 'auto' found using 'type'"],
    [
      { ...enabled, ...tools, tool_choice: { type: 'any' } },
      'Thinking may not be enabled when tool_choice forces tool use.',
    ],
    [{ ...adaptive, model: 'claude-haiku-4-5' }, 'adaptive thinking is not supported on this model'],
    [{ ...adaptive, output_config: { effort: 'huge' } }, "output_config.effort: Input should be 'low'"],
    [{ model: 'claude-haiku-4-5', output_config: { effort: 'low' } }, 'does not support the effort parameter'],
    [{ ...enabled, model: 'claude-3-haiku-20240307' }, 'does not support thinking'],
    [{ ...enabled, model: 'claude-opus-4-7' }, 'is not supported for this model. Use'],
    [{ model: 'claude-opus-4-7', temperature: 0 }, '`temperature` is deprecated for this model.'],
    [
      { model: 'claude-opus-4-6', messages: [user('x'), assistant('So')] },
      'does not support assistant message prefill',
    ],
  ])('refuses %j', async (body, message) => {
    const answer = await ask('anthropic', 'Hello', body);
    expect([answer.status, answer.body.error?.message]).toEqual([400, expect.stringContaining(message)]);
  });
});

describe('Google', () => {
  const path = (model: string) => `/v1beta/models/${model}:generateContent`;
  const thinking = (config: object) => ({ generationConfig: { thinkingConfig: config } });

  test('counts its thoughts apart, and tells them to whom asks', async () => {
    const { body } = await ask('google', 'Hello', thinking({ thinkingBudget: 2_000, includeThoughts: true }));
    const usage = body.usageMetadata!;
    expect(body.candidates![0]!.content.parts!.map((part) => part.thought)).toEqual([true, undefined]);
    expect(usage.totalTokenCount).toBe(
      usage.promptTokenCount + usage.candidatesTokenCount! + usage.thoughtsTokenCount!,
    );
    const silent = (await ask('google', 'Hello', thinking({ thinkingBudget: 2_000 }))).body;
    expect(silent.candidates![0]!.content.parts).toHaveLength(1);
    expect(silent.usageMetadata).toEqual(usage);
    expect(
      (await ask('google', 'Hello', thinking({ thinkingBudget: 0 }))).body.usageMetadata!.thoughtsTokenCount,
    ).toBeUndefined();
    if (known) expect(known.gemini('GenerateContentResponse')(body)).toEqual([]);
    const streamed = await call(simulators, 'google', 'Hello', {
      stream: true,
      body: thinking({ includeThoughts: true }),
    });
    const parts = (documentsIn(streamed.text) as Answer[]).flatMap((one) => one.candidates![0]!.content.parts ?? []);
    expect(parts.filter((part) => part.thought).length).toBeGreaterThan(1);
  });

  test.each<[string, object, string]>([
    ['gemini-2.5-pro', { thinkingBudget: 0 }, 'Budget 0 is invalid. This model only works in thinking mode.'],
    ['gemini-2.5-flash', { thinkingLevel: 'LOW' }, 'Thinking level is not supported for this model.'],
    ['gemini-2.5-flash', { thinkingBudget: 99_999 }, 'The thinking budget 99999 is invalid.'],
    [
      'gemini-3.5-flash',
      { thinkingLevel: 'LOW', thinkingBudget: 5 },
      'only set only one of thinking budget and thinking level',
    ],
    [
      'gemini-3.5-flash',
      { thinkingLevel: 'HUGE' },
      "Invalid value at 'generation_config.thinking_config.thinking_level'",
    ],
    ['gemini-2.0-flash', { includeThoughts: true }, 'Thinking is not supported'],
    ['gemini-2.5-flash', { effort: 'low' }, "at 'generation_config.thinking_config'"],
  ])('%s refuses %j', async (model, config, message) => {
    const answer = await ask('google', 'Hello', thinking(config), path(model));
    expect([answer.status, answer.body.error?.message]).toEqual([400, expect.stringContaining(message)]);
  });

  test('of the third generation wants the calls of the current turn signed', async () => {
    const tools = weatherTools('google', 'get_weather');
    const model = path('gemini-3.5-flash');
    const first = (await ask('google', 'Use get_weather', tools, model)).body.candidates![0]!.content;
    const contents = (signature: string | undefined, ...after: object[]) => [
      { role: 'user', parts: [{ text: 'Use get_weather' }] },
      { role: 'model', parts: first.parts!.map((part) => ({ ...part, thoughtSignature: signature })) },
      { role: 'user', parts: [{ functionResponse: { name: 'get_weather', response: { weather: 'Sunny' } } }] },
      ...after,
    ];
    const go = (list: object[], at = model) => ask('google', '', { ...tools, contents: list }, at);
    expect((await go(contents(first.parts![0]!.thoughtSignature))).text).toContain('Sunny');
    expect((await go(contents('skip_thought_signature_validator'))).status).toBe(200);
    const unsigned = await go(contents(undefined));
    expect(unsigned.body.error?.message).toMatch(
      /^Function call is missing a thought_signature in functionCall parts\..*`default_api:get_weather` , position 2\./,
    );
    expect((await go(contents('c2lnbmVkIGVsc2V3aGVyZQ=='))).body.error?.message).toBe('Corrupted thought signature.');
    expect((await go(contents('not base64!'))).body.error?.message).toContain('Base64 decoding failed');
    const over = [
      { role: 'model', parts: [{ text: 'Sunny' }] },
      { role: 'user', parts: [{ text: 'Thanks' }] },
    ];
    expect((await go(contents(undefined, ...over))).status).toBe(200);
    expect((await go(contents(undefined), path('gemini-2.5-flash'))).status).toBe(200);
  });
});

describe('OpenAI', () => {
  test('thinks as hard as it is told, and only counts it', async () => {
    const reasoning = async (body: object) => {
      const { body: answer } = await ask('openai', 'Hello', body);
      return answer.usage!.completion_tokens_details!.reasoning_tokens;
    };
    expect(await reasoning({ model: 'gpt-4o' })).toBe(0);
    expect(await reasoning({ model: 'gpt-5.2' })).toBe(0);
    expect(await reasoning({ model: 'gpt-5', reasoning_effort: 'high' })).toBeGreaterThan(
      await reasoning({ model: 'gpt-5' }),
    );
    const cut = await ask('openai', 'Hello', { model: 'gpt-5', max_completion_tokens: 5 });
    expect(cut.body).toMatchObject({
      choices: [{ message: { content: '' }, finish_reason: 'length' }],
      usage: { completion_tokens: 5 },
    });
    expect((await ask('openai', 'Hello', { reasoning_effort: 'low' })).status).toBe(400);
    expect((await ask('openai', 'Hello', { model: 'o3', reasoning_effort: 'huge' })).body.error?.message).toContain(
      "Invalid value: 'huge'",
    );
  });

  test.each([
    ['deepseek-reasoner', 'Hello'],
    ['gpt-4o', 'Hello [[sim: reasoning_content think=20]]'],
  ])('%s sends what it thinks: %s', async (model, prompt) => {
    const { body } = await ask('openai', prompt, { model });
    const thought = body.choices![0]!.message.reasoning_content;
    expect(thought).toContain('The user says');
    const { text } = await call(simulators, 'openai', prompt, { stream: true, body: { model } });
    const deltas = (documentsIn(text) as Chunk[]).map((chunk) => chunk.choices[0]?.delta ?? {});
    expect(deltas.map((delta) => delta.reasoning_content ?? '').join('')).toBe(thought);
    const last = deltas.findLastIndex((delta) => delta.reasoning_content);
    expect(deltas.findIndex((delta) => delta.content)).toBeGreaterThan(last);
  });
});

// ---

interface Block {
  type: string;
  id?: string;
  thinking?: string;
  signature?: string;
}

interface MessageEvent {
  type: string;
  index?: number;
  delta?: Block;
}

/** As much of the three answers as has to do with thoughts. */
interface Answer {
  content?: Block[];
  usage?: {
    output_tokens_details?: { thinking_tokens: number };
    completion_tokens_details?: { reasoning_tokens: number };
  };
  candidates?: { content: { parts?: { text?: string; thought?: boolean; thoughtSignature?: string }[] } }[];
  usageMetadata?: {
    promptTokenCount: number;
    candidatesTokenCount?: number;
    thoughtsTokenCount?: number;
    totalTokenCount: number;
  };
  choices?: { message: { reasoning_content?: string } }[];
  error?: { message: string };
}

interface Chunk {
  choices: { delta: { content?: string; reasoning_content?: string } }[];
}
