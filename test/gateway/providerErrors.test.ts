// A provider's refusals on another wire: its limits, waits and counts in the words each client looks for.

import { useTranslationScene } from '../support/translation';

const scene = useTranslationScene();
const { ask } = scene;

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
    scene.fake.answer = { status, body: JSON.stringify(body) };
    const answer = await ask(kind, model, false);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toMatch(wanted);
  });
});

describe('waits and limits of a provider', () => {
  test('retry-after and rate limits, in the words of the other side', async () => {
    scene.fake.answer = {
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
    scene.fake.answer = {
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
    scene.fake.answer = {
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
