// `weighted` and `fastest` as a client sees them: which target answers, with chance and time in the test's hand.

import type { ServerResponse } from 'node:http';
import { type FakeCall, type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway, type TestGateway } from '../support/gateway';

let fake: FakeUpstream;
let gateway: TestGateway;
let key: string;
let now: number;
let chance: number;
/** Model → milliseconds of the test's clock until it answers, or the status it fails with. */
let behaviour: Record<string, { readonly ms?: number; readonly status?: number; readonly empty?: boolean }>;

const weights = { 'own/a': 1, 'own/b': 2, 'own/c': 5 };

beforeEach(async () => {
  now = Date.UTC(2026, 10, 26, 12);
  chance = 0;
  behaviour = {};
  fake = await startFakeUpstream();
  fake.answer = (call: FakeCall, response: ServerResponse) => {
    const { model } = JSON.parse(call.body.toString()) as { model: string };
    const { ms = 0, status = 200, empty = false } = behaviour[model] ?? {};
    now += ms;
    response.writeHead(status, { 'content-type': 'application/json' });
    const choices = empty ? [] : [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }];
    response.end(JSON.stringify({ id: 'c', choices, usage: { prompt_tokens: 1, completion_tokens: 1 } }));
  };
  const models = [...Object.keys(weights)];
  gateway = await startTestGateway({
    config: `
routes:
  mixed: {strategy: weighted, models: [${models.join(', ')}], weights: ${JSON.stringify(weights)}}
  even: {strategy: weighted, models: [own/a, own/b]}
  quick: {strategy: fastest, models: [${models.join(', ')}]}
providers:
  own: {base_url: "${fake.url}/v1", wire: openai}
`,
    now: () => now,
    random: () => chance,
  });
  key = await gateway.mint();
});
afterEach(async () => {
  await gateway.close();
  await fake.close();
});

/** Asks a route; the targets that were sent to, in turn, and the one that the answer names. */
async function ask(route: string): Promise<{ status: number; sent: string[]; told: string }> {
  fake.calls.length = 0;
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: route, messages: [{ role: 'user', content: 'hi' }] }),
  });
  await answer.text();
  const sent = fake.calls.map((call) => (JSON.parse(call.body.toString()) as { model: string }).model);
  const told = /-> own\/(\w+); strategy=(\w+)/.exec(answer.headers.get('x-ovth-route') ?? '');
  return { status: answer.status, sent, told: `${told?.[1]} by ${told?.[2]}` };
}

describe('weighted', () => {
  // Shares of 1, 2 and 5 of 8: a below 0.125, b below 0.375, c above.
  test.each([
    [0, 'a'],
    [0.1249, 'a'],
    [0.125, 'b'],
    [0.3749, 'b'],
    [0.375, 'c'],
    [0.9999, 'c'],
  ])('chance %d sends to %s', async (value, model) => {
    chance = value;
    expect(await ask('mixed')).toEqual({ status: 200, sent: [model], told: `${model} by weighted` });
  });

  test('in the long run each gets its share', async () => {
    const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
    for (let i = 0; i < 80; i++) {
      chance = (i + 0.5) / 80;
      const [model = ''] = (await ask('mixed')).sent;
      counts[model]!++;
    }
    expect(counts).toEqual({ a: 10, b: 20, c: 50 });
  });

  test('a model without a weight has weight 1', async () => {
    chance = 0.49;
    expect((await ask('even')).sent).toEqual(['a']);
    chance = 0.5;
    expect((await ask('even')).sent).toEqual(['b']);
  });

  test('a failure moves on to the others in their order', async () => {
    chance = 0.9;
    behaviour = { c: { status: 500 }, a: { status: 503 } };
    expect(await ask('mixed')).toEqual({ status: 200, sent: ['c', 'a', 'b'], told: 'b by weighted' });
  });
});

describe('fastest', () => {
  test('measures each target once, and then sends to the one that begins soonest', async () => {
    behaviour = { a: { ms: 300 }, b: { ms: 100 }, c: { ms: 200 } };
    expect((await ask('quick')).sent).toEqual(['a']);
    expect((await ask('quick')).sent).toEqual(['b']);
    expect((await ask('quick')).sent).toEqual(['c']);
    for (let i = 0; i < 3; i++) expect(await ask('quick')).toEqual({ status: 200, sent: ['b'], told: 'b by fastest' });
  });

  test('follows a target that becomes slow', async () => {
    behaviour = { a: { ms: 300 }, b: { ms: 100 }, c: { ms: 200 } };
    for (let i = 0; i < 3; i++) await ask('quick');
    behaviour = { ...behaviour, b: { ms: 1_000 } };
    expect((await ask('quick')).sent).toEqual(['b']); // 100 + 0.2 × 900 = 280 from now on
    expect((await ask('quick')).sent).toEqual(['c']);
  });

  test.each([{ status: 500 }, { empty: true }])('a failure is no speed: %j [L15]', async (failure) => {
    behaviour = { a: { ms: 1, ...failure }, b: { ms: 100 }, c: { ms: 200 } };
    expect((await ask('quick')).sent).toEqual(['a', 'b']);
    expect((await ask('quick')).sent).toEqual(['c']);
    expect((await ask('quick')).sent).toEqual(['b']); // and not the one that fails at once
    now += 10_000;
    expect((await ask('quick')).sent).toEqual(['a', 'b']); // it may be well again
  });
});
