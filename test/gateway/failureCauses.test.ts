// What a refusal is of: this request's size, one model, or the whole account. Judged alike with an error status and inside a 200.

import { type Kind } from '../support/translation';
import { fieldsFor, formats, goodAnswer, otherFormat, streamAnswer, useRouteScene } from '../support/routeScene';

const scene = useRouteScene();
const { ask } = scene;

const error = (message: string, more: object = {}) => ({ error: { message, ...more } });
const tooDear = (asked: number, most: number) =>
  error(
    `This request requires more credits, or fewer max_tokens. You requested up to ${asked} tokens, but can only afford ${most}. To increase, visit https://openrouter.ai/settings/credits and upgrade to a paid account`,
    { code: 402, metadata: { provider_name: null } },
  );
const tooMany = (limit: number, asked: number, used = '') =>
  error(
    `Request too large for gpt-4o in organization org-2itOgSdqw0DhUYp0QyLhttLL on tokens per min (TPM): Limit ${limit}, ${used}Requested ${asked}. The input or output tokens must be reduced in order to run successfully. Visit https://platform.openai.com/account/rate-limits to learn more.`,
    { type: 'tokens', param: null, code: 'rate_limit_exceeded' },
  );

/** Who answers the requests of a route, one after another. */
async function answeredBy(count: number, client: Kind = 'chat', kind: Kind = 'chat', stream = false): Promise<string> {
  let who = '';
  for (let i = 0; i < count; i++) {
    const fields = client === kind ? {} : fieldsFor(kind);
    const text = await (await ask(client, `to-${kind}`, stream, fields)).text();
    who += /from (.)/.exec(text)?.[1] ?? '-';
  }
  return who;
}

describe.each([
  ['a maximum that the credit does not cover', 402, tooDear(65_536, 3_395)],
  [
    'a prompt that the credit does not cover',
    402,
    error('Prompt tokens limit exceeded: 230799 > 91442. To increase, visit https://openrouter.ai/settings/credits', {
      code: 402,
    }),
  ],
  ['more tokens than the account has in a minute', 429, tooMany(30_000, 36_278)],
  [
    'the same in Groq’s words',
    413,
    error(
      'Request too large for model `llama-3.3-70b-versatile` in organization `org_01` service tier `on_demand` on tokens per minute (TPM): Limit 12000, Requested 17362, please reduce your message size and try again.',
      { type: 'tokens', code: 'rate_limit_exceeded' },
    ),
  ],
])('%s (%d)', (_name, status, body) => {
  test.each([
    ['with its status', { status, body: JSON.stringify(body), headers: { 'retry-after': '30' } }],
    ['inside a 200', { body: JSON.stringify(body) }],
  ])('%s: the next target answers, and the one that refused does not rest', async (_where, answer) => {
    scene.a.answer = answer;
    scene.b.answer = goodAnswer('chat', 'from B');
    expect(await answeredBy(6)).toBe('BBBBBB');
    expect(await answeredBy(1, 'messages')).toBe('B');
    expect(scene.a.calls).toHaveLength(7);
    expect(scene.gateway.lines.filter(({ kind }) => kind === 'warn')).toEqual([]);
    scene.a.answer = goodAnswer('chat', 'from A');
    expect(await answeredBy(1)).toBe('A');
  });

  test('inside a stream', async () => {
    scene.a.answer = streamAnswer(`data: ${JSON.stringify(body)}\n\n`);
    scene.b.answer = goodAnswer('chat', 'from B');
    expect(await answeredBy(6, 'chat', 'chat', true)).toBe('BBBBBB');
    expect(scene.a.calls).toHaveLength(6);
  });

  test('a client of another wire is told that its request is too large, in words of ours', async () => {
    scene.a.answer = { status, body: JSON.stringify(body), headers: { 'retry-after': '30' } };
    const answer = await ask('messages', 'a-chat/m', false);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([413, null]);
    expect(await answer.text()).toMatch(/request_too_large.*\b(3395|91442|30000|12000)\b/);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'error', error: 'upstream_allowance' });
    const own = await ask('chat', 'a-chat/m', false);
    expect([own.status, await own.json()]).toEqual([status, body]);
  });
});

test.each([
  ['an account that can afford nothing', 402, tooDear(32_000, 0)],
  ['any other 402', 402, error('Insufficient credits. Add more using https://openrouter.ai/settings/credits')],
  [
    'a rate that others have used up too',
    429,
    error(
      'Rate limit reached for gpt-4o in organization org-1 on tokens per min (TPM): Limit 30000, Used 29000, Requested 5000. Please try again in 8s.',
      { type: 'tokens', code: 'rate_limit_exceeded' },
    ),
  ],
])('%s rests', async (_name, status, body) => {
  scene.a.answer = { status, body: JSON.stringify(body), headers: { 'retry-after': '30' } };
  scene.b.answer = goodAnswer('chat', 'from B');
  expect(await answeredBy(3)).toBe('BBB');
  expect(scene.a.calls).toHaveLength(1);
});

// Of each format: what may not be done with one model, and what is wrong with the whole account.
const refusals: Record<Kind, { model: [number, object]; account: [number, object] }> = {
  chat: {
    model: [403, error('You are not allowed to sample from this model', { code: 403 })],
    account: [401, error('Incorrect API key provided', { code: 'invalid_api_key' })],
  },
  responses: {
    model: [403, error('You are not allowed to sample from this model', { type: 'permission_error' })],
    account: [403, error('Country not supported', { code: 'unsupported_country_region_territory' })],
  },
  messages: {
    model: [403, { type: 'error', ...error('No access to this model', { type: 'permission_error' }) }],
    account: [401, { type: 'error', ...error('invalid x-api-key', { type: 'authentication_error' }) }],
  },
  generate: {
    model: [403, error('The caller does not have permission', { code: 403, status: 'PERMISSION_DENIED' })],
    account: [
      403,
      error('Your API key was reported as leaked. Please use another API key.', {
        code: 403,
        status: 'PERMISSION_DENIED',
      }),
    ],
  },
};

describe.each(formats.flatMap((kind) => [kind, otherFormat(kind)].map((client) => ({ kind, client }))))(
  'a refusal of $kind to a $client client rests the same, inside a 200 as with its status:',
  ({ kind, client }) => {
    const restAfter = async (answer: object) => {
      scene.a.answer = answer as never;
      scene.b.answer = goodAnswer(kind, 'from B');
      expect(await answeredBy(3, client, kind)).toBe('BBB');
      expect(scene.a.calls).toHaveLength(1);
      return scene.gateway.lines
        .filter(({ kind: level }) => level === 'warn')
        .map(({ fields }) => [fields['name'], fields['code']]);
    };

    test.each([true, false])('of one model, that target (with its status: %s)', async (told) => {
      const [status, body] = refusals[kind].model;
      const rests = await restAfter({ body: JSON.stringify(body), ...(told ? { status } : {}) });
      expect(rests).toEqual([[`a-${kind}/m default`, 'upstream_forbidden']]);
    });

    test.each([true, false])('of its key or region, the account (with its status: %s)', async (told) => {
      const [status, body] = refusals[kind].account;
      const rests = await restAfter({ body: JSON.stringify(body), ...(told ? { status } : {}) });
      expect(rests).toEqual([[`a-${kind} default`, 'upstream_credential']]);
    });
  },
);

test.each([
  [{ type: 'error', ...error('model: m', { type: 'not_found_error' }) }, 'messages'],
  [error('The model `m` does not exist', { code: 'model_not_found', type: 'invalid_request_error' }), 'chat'],
] as const)('a model that is not there, inside a 200: %j', async (body, kind) => {
  scene.a.answer = { body: JSON.stringify(body) };
  scene.b.answer = goodAnswer(kind, 'from B');
  expect(await answeredBy(3, kind, kind)).toBe('BBB');
  expect(scene.a.calls).toHaveLength(1);
});

describe('a status that no request causes is not the client’s mistake', () => {
  const told: readonly (readonly [number, object, number, string])[] = [
    ...[405, 407, 421, 425, 444, 460, 463, 499].map((status): [number, object, number, string] => [status, error('m'), 502, 'upstream_error']),
    [405, { detail: 'Method Not Allowed' }, 502, 'upstream_error'],
    [424, { error: 'Request failed during generation: Server error: CUDA error', error_type: 'generation' }, 502, 'upstream_error'],
    [498, error('capacity_exceeded'), 503, 'upstream_overloaded'],
  ]; // prettier-ignore
  test.each(told)('%d %j', async (status, body, shown, code) => {
    scene.a.answer = { status, body: JSON.stringify(body) };
    scene.b.answer = goodAnswer('chat', 'from B');
    expect(await answeredBy(1)).toBe('B');
    expect(await answeredBy(1, 'messages')).toBe('B');
    const answer = await ask('messages', 'a-chat/m', false);
    expect(answer.status).toBe(shown);
    await answer.text();
    expect(await scene.lastRow()).toMatchObject({ outcome: 'error', error: code });
  });

  // 407 is not among them: `fetch` takes it for a failure of its own proxy.
  test.each(told.filter(([status]) => status !== 407))(
    '%d %j is told as it is on its own wire',
    async (status, body) => {
      scene.a.answer = { status, body: JSON.stringify(body) };
      const own = await ask('chat', 'a-chat/m', false);
      expect([own.status, await own.json()]).toEqual([status, body]);
    },
  );

  test.each([400, 409, 415, 418, 422, 424, 431])('%d still is', async (status) => {
    scene.a.answer = { status, body: JSON.stringify(error('m')) };
    scene.b.answer = goodAnswer('chat', 'from B');
    expect(await answeredBy(6)).toBe('------');
    expect([scene.a.calls.length, scene.b.calls.length]).toEqual([6, 0]);
  });
});

// B holds 200,000 tokens, and A is said to hold fewer.
describe('a prompt that is too long, in each provider’s words, goes to a larger target', () => {
  test.each([
    ['prompt is too long: 150000 tokens > 100000 maximum'],
    ["This model's maximum context length is 100000 tokens. However, your messages resulted in 150000 tokens. Please reduce the length of the messages."],
    ["This endpoint's maximum context length is 100000 tokens. However, you requested about 150000 tokens"],
    ["'max_tokens' or 'max_completion_tokens' is too large: 5000. This model's maximum context length is 4096 tokens and your request has 100 input tokens"],
    ['The input token count (150000) exceeds the maximum number of tokens allowed (100000).'],
    ['Your input exceeds the context window of this model. Please adjust your input and try again.'],
    ['input length and `max_tokens` exceed context limit: 88240 + 21333 > 100000, decrease input length or `max_tokens` and try again'],
    ["This model's maximum prompt length is 131072 but the request contains 136973 tokens."],
    ['Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length'],
    ['Please reduce the length of the messages or completion.'],
    ['Please reduce the length of the messages or completion. Current length is 42328 while limit is 40000'],
    ['the request exceeds the available context size. try increasing the context size or enable context shift'],
    ['request (40000 tokens) exceeds the available context size (32768 tokens), try increasing it'],
    ['Requested tokens (2100) exceed context window of 2048'],
    ['Input is too long for requested model.'],
    ['The prompt is too long: 33000, model maximum context length: 32768'],
    ['Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097. Given: 5000 `inputs` tokens and 100 `max_new_tokens`'],
    ['The decoder prompt (length 17772) is longer than the maximum model length of 16384.'],
    ['The prompt (total length 25938) is too long to fit into the model (context length 4096).'],
    ["The input (40000 tokens) is longer than the model's context length (32768 tokens)."],
    ["Requested token count exceeds the model's maximum context length of 32768 tokens. You requested a total of 40000 tokens: 39000 tokens from the input messages and 1000 tokens for the completion."],
    ['too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000'],
    ['Range of input length should be [1, 30720]'],
    ['Input tokens exceed the configured limit of 172000 tokens. Your messages resulted in 173000 tokens. Please reduce the length of the messages.'],
  ])('%s', async (words) => {
    scene.b.answer = goodAnswer('chat', 'from B');
    const body = JSON.stringify(error(words, { type: 'invalid_request_error', code: 400 }));
    for (const answer of [{ status: 400, body }, { status: 422, body }, { body }]) {
      scene.a.answer = answer;
      expect(await answeredBy(1)).toBe('B');
      expect(await answeredBy(1, 'messages')).toBe('B');
    }
    scene.a.answer = streamAnswer(`data: ${body}\n\n`);
    expect(await answeredBy(1, 'messages', 'chat', true)).toBe('B');
    expect(scene.a.calls).toHaveLength(7); // nobody rests for it
    scene.a.answer = { body };
    expect((await ask('messages', 'a-chat/m', false)).status).toBe(400);
    expect(await scene.lastRow()).toMatchObject({ outcome: 'error', error: 'prompt_too_long' });
  }); // prettier-ignore

  test.each([200, 400, 500])('llama.cpp’s own type and counts (%d)', async (status) => {
    const body = error('m', { code: 400, type: 'exceed_context_size_error', n_prompt_tokens: 140_000, n_ctx: 90_000 });
    scene.a.answer = { status, body: JSON.stringify(body) };
    scene.b.answer = goodAnswer('chat', 'from B');
    expect(await answeredBy(1, 'messages')).toBe('B');
    const told = await (await ask('messages', 'a-chat/m', false)).text();
    if (status >= 400) expect(told).toContain('prompt is too long: 140000 tokens > 90000 maximum');
  });

  test.each<Kind>(['messages', 'generate', 'responses'])('inside a 200 of %s', async (kind) => {
    const words: Record<string, object> = {
      messages: { type: 'error', ...error('input length and `max_tokens` exceed context limit: 88240 + 21333 > 100000', { type: 'invalid_request_error' }) },
      generate: error('The input token count (150000) exceeds the maximum number of tokens allowed (100000).', { status: 'INVALID_ARGUMENT', code: 400 }),
      responses: { status: 'failed', ...error('Your input exceeds the context window of this model.', { code: 'invalid_prompt' }) },
    };
    scene.a.answer = { body: JSON.stringify(words[kind]) };
    scene.b.answer = goodAnswer(kind, 'from B');
    for (const client of [kind, otherFormat(kind)]) expect(await answeredBy(1, client, kind)).toBe('B');
  }); // prettier-ignore
});

describe('the operator’s trouble in each provider’s words', () => {
  const rests: readonly (readonly [number, object, string, string])[] = [
    [400, { code: 'Client specified an invalid argument', error: 'Incorrect API key provided: xa***. You can obtain an API key from https://console.x.ai.' }, 'a-chat default', 'upstream_credential'],
    [400, error('Organization has been restricted. Please reach out to support if you believe this was in error.', { type: 'invalid_request_error', code: 'organization_restricted' }), 'a-chat default', 'upstream_credential'],
    [400, { type: 'error', ...error('This organization has been disabled.', { type: 'invalid_request_error' }) }, 'a-chat default', 'upstream_credential'],
    [400, { type: 'error', ...error('You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.', { type: 'invalid_request_error' }) }, 'a-chat default', 'upstream_credential'],
    [403, error('Key limit exceeded (total limit). Manage it using https://openrouter.ai/settings/keys', { code: 403 }), 'a-chat default', 'upstream_credential'],
    [403, { code: 'The caller does not have permission', error: 'Your team 1f-2 has either used all available credits or reached its monthly spending limit.' }, 'a-chat default', 'upstream_credential'],
    [404, error('This model models/gemini-2.5-flash is no longer available to new users. Please update your code to use a newer model.', { code: 404, status: 'NOT_FOUND' }), 'a-chat/m default', 'unknown_model'],
    [404, error('Publisher Model `projects/p/models/x` was not found or your project does not have access to it.', { code: 404 }), 'a-chat/m default', 'unknown_model'],
    [400, error('This model version is deprecated.', { type: 'invalid_request_error' }), 'a-chat/m default', 'unknown_model'],
    [400, error('google/gemini-2.0-pro-exp-02-05:free is not a valid model ID', { code: 400 }), 'a-chat/m default', 'unknown_model'],
    [410, { status: 410, title: 'Gone', detail: "The model 'm' has reached its end of life and is no longer available." }, 'a-chat/m default', 'unknown_model'],
  ]; // prettier-ignore
  test.each(rests)('%d %j', async (status, body, name, code) => {
    scene.a.answer = { status, body: JSON.stringify(body) };
    scene.b.answer = goodAnswer('chat', 'from B');
    expect(await answeredBy(3, 'messages')).toBe('BBB');
    expect(scene.a.calls).toHaveLength(1);
    expect(scene.gateway.lines.filter(({ kind }) => kind === 'warn').map(({ fields }) => [fields['name'], fields['code']])).toEqual([[name, code]]); // prettier-ignore
  });

  test.each([
    ['models', ['bogus/x'], 'bogus/x is not a valid model ID'],
    ['provider', { only: ['bogus'] }, 'No allowed providers are available for the selected model.'],
  ])(
    'a model or host that the request names itself in `%s` is no failure of the target’s',
    async (name, value, words) => {
      scene.a.answer = { status: 400, body: JSON.stringify(error(words, { code: 400 })) };
      scene.b.answer = goodAnswer('chat', 'from B');
      for (let i = 0; i < 6; i++)
        expect(await (await ask('chat', 'to-chat', false, { [name]: value })).text()).toContain('from B');
      scene.a.answer = goodAnswer('chat', 'from A');
      expect(await answeredBy(1)).toBe('A');
    },
  );

  test.each([
    [404, 'No endpoints found that support tool use. To learn more about provider routing, visit: https://openrouter.ai/docs'],
    [404, "No endpoints found that support the provided 'tool_choice' value."],
    [404, 'No endpoints found that support image input'],
    [400, 'registry.ollama.ai/library/llama3:8b does not support tools'],
    [400, 'smollm2:360m does not support thinking'],
  ])('what a target cannot do, another may, and it does not rest: %d %s', async (status, words) => {
    const body = JSON.stringify(error(words, { code: status }));
    scene.b.answer = goodAnswer('chat', 'from B');
    for (const answer of [{ status, body }, { body }, streamAnswer(`data: ${body}\n\n`)]) {
      scene.a.answer = answer;
      expect(await answeredBy(3, 'messages', 'chat', !('status' in answer))).toBe('BBB');
    }
    expect(scene.a.calls).toHaveLength(9);
    scene.a.answer = { status, body };
    const told = await ask('messages', 'a-chat/m', false);
    expect([told.status, await told.text()]).toEqual([400, expect.stringContaining(words)]);
    scene.a.answer = goodAnswer('chat', 'from A');
    expect(await answeredBy(1)).toBe('A');
  }); // prettier-ignore

  test.each([
    'This model no longer supports prefill: the conversation must end with a user message.',
    'This model does not support assistant message prefill.',
    '`temperature` is deprecated for this model.',
    'Invalid value: This organization has been disabled.',
    'Invalid value: You have reached your specified API usage limits.',
    'messages.0.content: "x is not a valid model ID"',
  ])('what a client caused, or wrote, is not: %s', async (words) => {
    scene.a.answer = { status: 400, body: JSON.stringify(error(words, { type: 'invalid_request_error' })) };
    scene.b.answer = goodAnswer('chat', 'from B');
    expect(await answeredBy(6)).toBe('------');
    expect(scene.b.calls).toHaveLength(0);
  });
});
