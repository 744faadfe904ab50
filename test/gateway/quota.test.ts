// Budgets: admission is exact under any concurrency, settlement happens once, and a refusal says all it should.

import { countedTokens } from '../../gateway/src/accounting/pricing';
import { say, type Scene, startScene } from '../support/sim';
import { guideConfig } from '../support/guide';

const chat = '/v1/chat/completions';
let scene: Scene;
afterEach(() => scene.close());

/** Input tokens the gateway estimates for this body: the bytes over three. */
const inputOf = (body: object) => Math.ceil(Buffer.byteLength(JSON.stringify(body)) / 3);

test('500 requests at once against a budget for 10: exactly 10 are admitted [G1]', async () => {
  scene = await startScene('');
  const body = { model: 'gpt-5.5', max_completion_tokens: 100, messages: say('[[sim: hold=gate]] hi') };
  const need = inputOf(body) + 100;
  const key = await scene.gateway.mint({ label: 'crowd', quota: { daily_tokens: need * 10 + need - 1 } });
  const answers = Array.from({ length: 500 }, () => scene.post(chat, key, body));
  // The upstream answers only after all 500 are decided: 490 refusals are in, 10 are waiting.
  let refused = 0;
  for (const answer of answers) void answer.then(({ status }) => (refused += status === 429 ? 1 : 0));
  await scene.simulators.openai.waitForStarted(10, 20_000);
  while (refused < 490) await new Promise((resolve) => setImmediate(resolve));
  scene.simulators.release('gate');
  const statuses = (await Promise.all(answers)).map((answer) => answer.status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(10);
  expect(statuses.filter((status) => status === 429)).toHaveLength(490);
  expect(scene.simulators.openai.calls).toHaveLength(10);
  const { body: keys } = await scene.gateway.admin('GET', '/admin/keys');
  expect(keys.data[0].today).toMatchObject({ requests: 10, reserved_tokens: 0 });
});

test('over quota: 429 in the client’s dialect, naming key, limit and reset, not to be retried', async () => {
  scene = await startScene('');
  const key = await scene.gateway.mint({ label: 'tiny', quota: { daily_tokens: 50 } });
  const openai = await scene.post(chat, key, { model: 'gpt-5.5', max_completion_tokens: 100, messages: say('hi') });
  expect(openai.status).toBe(429);
  expect(Number(openai.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(Object.fromEntries(openai.headers)).toMatchObject({
    'x-should-retry': 'false',
    'x-ratelimit-limit-tokens': '50',
    'x-ratelimit-remaining-tokens': '50',
  });
  const { error } = (await openai.json()) as any; // eslint-disable-line @typescript-eslint/no-explicit-any
  expect(error).toMatchObject({ type: 'insufficient_quota', code: 'insufficient_quota' });
  expect(error.message).toMatch(/key "tiny".*of 50 tokens.*resets at \d{4}-\d\d-\d\dT00:00:00/);
  const anthropic = await scene.post('/v1/messages', key, {
    model: 'claude-opus-4.7',
    max_tokens: 100,
    messages: say('hi'),
  });
  expect(anthropic.status).toBe(429);
  expect(await anthropic.json()).toMatchObject({ type: 'error', error: { type: 'billing_error' } });
});

test('the guide’s first curl, with a key of 100,000 tokens a day and no maximum in the body', async () => {
  scene = await startScene(guideConfig);
  const key = await scene.gateway.mint({ label: 'cursor', quota: { daily_tokens: 100_000 } });
  const answer = await scene.post(chat, key, '{"model":"auto","messages":[{"role":"user","content":"hi"}]}');
  expect(answer.status).toBe(200);
  expect(Number(answer.headers.get('x-ratelimit-remaining-tokens'))).toBeGreaterThan(90_000);
});

test('one request straight after the other: what is left counts those that have ended, and what fits is admitted', async () => {
  scene = await startScene('');
  const amount = 100_000;
  const body = { model: 'gpt-5.5', max_completion_tokens: 100, messages: say('[[sim: usage=7/3]] hi') };
  const key = await scene.gateway.mint({ label: 'loop', quota: { daily_tokens: amount } });
  const left: number[] = [];
  for (let i = 0; i < 30; i++) {
    const answer = await scene.post(chat, key, body);
    left.push(Number(answer.headers.get('x-ratelimit-remaining-tokens')));
    await answer.text();
  }
  const held = amount - left[0]!;
  expect(held).toBeGreaterThan(100);
  expect(left).toEqual(left.map((_, i) => amount - held - 10 * i));
  // Nearly all that is left: there is room for it only once the last one has given back what it held.
  const rest = { ...body, max_completion_tokens: amount - 300 - held + 40 };
  const nearlyAll = await scene.post(chat, key, rest);
  expect(nearlyAll.status).toBe(200);
  expect(Number(nearlyAll.headers.get('x-ratelimit-remaining-tokens'))).toBeLessThan(held - 10);
});

test('without a maximum, less is reserved when less is left', async () => {
  scene = await startScene('');
  const body = { model: 'gpt-5.5', messages: say('hi') };
  const key = await scene.gateway.mint({ label: 'rest', quota: { daily_tokens: inputOf(body) + 100 } });
  expect((await scene.post(chat, key, body)).status).toBe(200);
});

test('per_user: keys of one user share a budget, others have their own', async () => {
  scene = await startScene('quota: {daily_tokens: 1000, per_user: true, users: {eve: {daily_tokens: 10}}}\n');
  const spend = { model: 'gpt-5.5', max_completion_tokens: 500, messages: say('[[sim: usage=700/200]] hi') };
  const first = await scene.gateway.mint({ label: 'a', user: 'ada' });
  const second = await scene.gateway.mint({ label: 'b', user: 'ada' });
  const other = await scene.gateway.mint({ label: 'c', user: 'bob' });
  const lone = await scene.gateway.mint({ label: 'd' });
  const low = await scene.gateway.mint({ label: 'e', user: 'eve' });
  expect((await scene.post(chat, first, spend)).status).toBe(200);
  const refused = await scene.post(chat, second, spend);
  expect(refused.status).toBe(429);
  expect(await refused.text()).toContain('user \\"ada\\"');
  expect((await scene.post(chat, other, spend)).status).toBe(200);
  expect((await scene.post(chat, lone, spend)).status).toBe(200);
  expect((await scene.post(chat, lone, spend)).status).toBe(429);
  expect((await scene.post(chat, low, spend)).status).toBe(429);
});

test('per_user: false is one pool, and it starts from what was spent before it was set', async () => {
  scene = await startScene('');
  const spend = { model: 'gpt-5.5', max_completion_tokens: 500, messages: say('[[sim: usage=400/200]] hi') };
  const first = await scene.gateway.mint({ label: 'a' });
  const second = await scene.gateway.mint({ label: 'b' });
  expect((await scene.post(chat, first, spend)).status).toBe(200);
  const providers = scene.gateway.running.config.settings.providers;
  await scene.gateway.reload(`quota: {daily_tokens: 1000, per_user: false}\nproviders: ${JSON.stringify(providers)}`);
  expect((await scene.post(chat, second, spend)).status).toBe(429);
});

test('an end-user id in the body opens no fresh budget, and is recorded', async () => {
  scene = await startScene('');
  const key = await scene.gateway.mint({ label: 'app', quota: { daily_tokens: 1_000 } });
  const body = (user: string) => ({
    model: 'gpt-5.5',
    user,
    max_completion_tokens: 500,
    messages: say('[[sim: usage=600/200]] hi'),
  });
  const answer = await scene.post(chat, key, body('u1'));
  expect(answer.status).toBe(200);
  expect(await scene.gateway.row(answer.headers.get('x-request-id') ?? '')).toMatchObject({ end_user: 'u1' });
  expect((await scene.post(chat, key, body('u2'))).status).toBe(429);
});

test('what the provider charged is booked even above what was reserved, and blocks the next request [G2]', async () => {
  scene = await startScene('');
  const key = await scene.gateway.mint({ label: 'over', quota: { daily_tokens: 1_000 } });
  const body = { model: 'gpt-5.5', max_completion_tokens: 50, messages: say('[[sim: usage=9000/10]] hi') };
  const answer = await scene.post(chat, key, body);
  expect(await scene.gateway.row(answer.headers.get('x-request-id') ?? '')).toMatchObject({
    input: 9000,
    output: 10,
    tokens: 9010,
    estimated: false,
  });
  expect((await scene.post(chat, key, body)).status).toBe(429);
});

test('an error answer costs nothing', async () => {
  scene = await startScene('');
  const key = await scene.gateway.mint({ label: 'free' });
  const answer = await scene.post(chat, key, { model: 'gpt-5.5', messages: say('[[sim: status=500]] hi') });
  expect(answer.status).toBe(500);
  expect(await scene.gateway.row(answer.headers.get('x-request-id') ?? '')).toMatchObject({
    tokens: 0,
    outcome: 'error',
    status: 500,
  });
});

test('a stream that passes its reservation takes more, and ends with the quota error when there is no more', async () => {
  scene = await startScene('quota: {default_output_tokens: 50}\n');
  const body = {
    model: 'gpt-5.5',
    stream: true,
    messages: say('[[sim: chunks=400]] Tell me a long story of 3000 words'),
  };
  const rich = await scene.gateway.mint({ label: 'rich', quota: { daily_tokens: 1_000_000 } });
  const whole = await (await scene.post(chat, rich, body)).text();
  expect(whole).toContain('data: [DONE]');
  const poor = await scene.gateway.mint({ label: 'poor', quota: { daily_tokens: inputOf(body) + 120 } });
  const cut = await scene.post(chat, poor, body);
  const text = await cut.text();
  expect(text).not.toContain('[DONE]');
  expect(text).toContain('insufficient_quota');
  expect(await scene.gateway.row(cut.headers.get('x-request-id') ?? '')).toMatchObject({
    outcome: 'over_quota',
    estimated: true,
  });
});

test('budgets reset at midnight UTC, and a request belongs to the day it was admitted in [G7]', async () => {
  let now = Date.UTC(2026, 10, 23, 23, 59, 59, 500);
  scene = await startScene('', { now: () => now });
  const key = await scene.gateway.mint({ label: 'late', quota: { daily_tokens: 1_000 } });
  const body = { model: 'gpt-5.5', max_completion_tokens: 500, messages: say('[[sim: usage=800/100 hold=night]] hi') };
  const before = scene.post(chat, key, body);
  await scene.simulators.openai.waitForStarted(1);
  now += 1_000;
  scene.simulators.release('night');
  const answered = await before;
  expect(answered.status).toBe(200);
  expect(await scene.gateway.row(answered.headers.get('x-request-id') ?? '')).toMatchObject({
    started_at: expect.stringMatching(/^2026-11-23T23:59:59/),
  });
  expect((await scene.post(chat, key, body)).status).toBe(200);
  expect((await scene.post(chat, key, body)).status).toBe(429);
});

test('a cached read counts a tenth, or one when counted raw; both figures are shown', async () => {
  scene = await startScene('');
  const key = await scene.gateway.mint({ label: 'cache' });
  const usage = { input: 100, cacheRead: 1_005, cacheWrite5m: 10, cacheWrite1h: 0, output: 50, reasoning: 0 };
  expect([countedTokens(usage, 'weighted'), countedTokens(usage, 'raw')]).toEqual([100 + 101 + 10 + 50, 1_165]);
  const answer = await scene.post(chat, key, { model: 'gpt-5.5', messages: say('hi') });
  expect(await scene.gateway.row(answer.headers.get('x-request-id') ?? '')).toMatchObject({
    tokens: expect.any(Number),
    raw_tokens: expect.any(Number),
  });
});
