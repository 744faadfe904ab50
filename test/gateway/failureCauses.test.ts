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
