// As a budget is used up: another route answers, and clients are warned in their own dialect's headers.

import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway, type TestGateway } from '../support/gateway';

const noon = Date.parse('2026-11-26T12:00:00Z');
const message = {
  ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'm', stop_reason: 'end_turn' },
  content: [{ type: 'text', text: 'hi' }],
  usage: { input_tokens: 7, output_tokens: 3 },
};
const completion = {
  ...{ id: 'c', object: 'chat.completion', model: 'm' },
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
};
let now = noon;
let upstream: FakeUpstream;
let gateway: TestGateway;
beforeEach(async () => {
  now = noon;
  upstream = await startFakeUpstream();
  upstream.answer = ({ path }, response) => {
    response.writeHead(200, {
      'content-type': 'application/json',
      'x-ratelimit-remaining-tokens': '77',
      'x-ratelimit-remaining-requests': '77',
      'anthropic-ratelimit-input-tokens-remaining': '77',
      'anthropic-ratelimit-unified-status': 'allowed',
      'x-kept': 'yes',
    });
    response.end(JSON.stringify(path.includes('messages') ? message : completion));
  };
});
afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

const models = {
  large: { context: 9_000, capabilities: ['images'] },
  small: { context: 9_000 },
  tiny: { context: 9_000 },
};
const start = async (routes: object) =>
  (gateway = await startTestGateway({
    config: JSON.stringify({
      routes,
      providers: {
        own: { base_url: `${upstream.url}/v1`, wire: 'openai', models },
        claudish: { base_url: upstream.url, wire: 'anthropic', models: { m: {} } },
      },
    }),
    now: () => now,
  }));
const hi = [{ role: 'user', content: 'hi' }];
const ask = async (key: string, model: string, path = '/v1/chat/completions', messages: unknown = hi) => {
  const answer = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model, max_tokens: 5, messages }),
  });
  const id = answer.headers.get('x-request-id') ?? '';
  await answer.text();
  if (answer.status === 200) await gateway.row(id);
  return answer;
};
const mint = (more: object) => gateway.mint({ label: 'app', ...more });
/** The target of each of so many requests, and what is said of a step. */
const targets = async (key: string, model: string, count: number) => {
  const found: string[] = [];
  for (let i = 0; i < count; i++) {
    const route = (await ask(key, model)).headers.get('x-ovth-route') ?? 'none';
    found.push(`${/-> own\/(\w+)/.exec(route)?.[1]}${/; via.*$/.exec(route)?.[0] ?? ''}`);
  }
  return found;
};
const daily = (requests: number, per = 'day') => ({ quota: { limits: [{ requests, per }] } });

describe('when_budget_used', () => {
  const routes = {
    smart: { models: ['own/large'], when_budget_used: { 50: 'cheap', 90: 'last' } },
    cheap: { models: ['own/small'], when_budget_used: { 80: 'last' } },
    last: { models: ['own/tiny'] },
  };

  test('other routes answer from their percentages on, in a chain, until the budget begins anew', async () => {
    await start(routes);
    const key = await mint(daily(10));
    const cheap = 'small; via=cheap; budget_used=50%';
    const last = 'tiny; via=last; budget_used=80%';
    expect(await targets(key, 'smart', 11)).toEqual([
      ...['large', 'large', 'large', 'large', 'large', cheap, cheap, cheap, last],
      'tiny; via=last; budget_used=90%',
      'undefined',
    ]);
    const { body } = await gateway.admin('GET', '/admin/usage?group_by=route,model');
    expect(body.data.map((row: Record<string, unknown>) => [row['route'], row['model'], row['requests']])).toEqual([
      ['smart', 'large', 5],
      ['smart', 'small', 3],
      ['smart', 'tiny', 2],
    ]);
    now += 86_400_000;
    expect(await targets(key, 'smart', 1)).toEqual(['large']);
  });

  test('neither rates by the minute nor shadow limits nor what is topped up make it step early', async () => {
    await start(routes);
    const limits = [
      { requests: 1, per: 'day', enforce: false },
      { requests: 2, per: 'lifetime' },
    ];
    const { body } = await gateway.admin('POST', '/admin/keys', { label: 'app', rpm: 6, quota: { limits } });
    await gateway.admin('PATCH', `/admin/keys/${body.id}`, { top_up: { requests: 6 } });
    expect(await targets(body.key, 'smart', 5)).toEqual([
      'large',
      'large',
      'large',
      'large',
      expect.stringContaining('cheap'),
    ]);
  });

  test('the route that was asked for goes on where the other has nothing for a request or a key', async () => {
    await start(routes);
    const picture = [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }];
    const key = await mint(daily(2));
    expect(await targets(key, 'smart', 1)).toEqual(['large']);
    const seen = await ask(key, 'smart', undefined, [{ role: 'user', content: picture }]);
    expect(seen.headers.get('x-ovth-route')).toContain('-> own/large');
    const bound = await mint({ ...daily(2), models: ['own/large'] });
    expect(await targets(bound, 'smart', 2)).toEqual(['large', 'large']);
    const routed = await mint({ ...daily(2), routes: ['smart'] }); // it named a route that it may name
    expect(await targets(routed, 'smart', 2)).toEqual(['large', 'small; via=cheap; budget_used=50%']);
  });
});

describe('warnings', () => {
  const unified = (headers: Headers) =>
    Object.fromEntries([...headers].filter(([name]) => name.startsWith('anthropic-ratelimit-unified-')));

  test('stand in words from 75 % on, and in the headers of Anthropic’s subscriptions for its clients', async () => {
    await start({});
    const key = await mint(daily(20));
    for (let i = 0; i < 15; i++) expect((await ask(key, 'own/small')).headers.get('x-ovth-budget')).toBeNull();
    const chat = await ask(key, 'own/small');
    expect(chat.headers.get('x-ovth-budget')).toBe(
      '75% of the daily request quota for key "app" is spent: 15 of 20; it resets at 2026-11-27T00:00:00.000Z',
    );
    expect(unified(chat.headers)).toEqual({});
    const reset = String(Date.parse('2026-11-27T00:00:00Z') / 1_000);
    const expected = (part: string, threshold: string) => ({
      'anthropic-ratelimit-unified-status': 'allowed_warning',
      'anthropic-ratelimit-unified-reset': reset,
      'anthropic-ratelimit-unified-representative-claim': 'five_hour',
      'anthropic-ratelimit-unified-5h-utilization': part,
      'anthropic-ratelimit-unified-5h-reset': reset,
      'anthropic-ratelimit-unified-5h-surpassed-threshold': threshold,
    });
    for (const model of ['own/small', 'claudish/m'])
      expect(unified((await ask(key, model, '/anthropic/v1/messages')).headers)).toMatchObject({
        ...expected('x', '0.75'),
        'anthropic-ratelimit-unified-5h-utilization': expect.stringMatching(/^0\.8/),
      });
    await ask(key, 'own/small');
    expect(unified((await ask(key, 'claudish/m', '/anthropic/v1/messages')).headers)).toEqual(expected('0.95', '0.95'));
    const refused = await ask(key, 'claudish/m', '/anthropic/v1/messages');
    expect([refused.status, unified(refused.headers)]).toEqual([
      429,
      { ...expected('1', '0.95'), 'anthropic-ratelimit-unified-status': 'rejected' },
    ]);
    expect(unified((await ask(key, 'own/small')).headers)).toEqual({});
  });

  test('tell a longer budget as seven days, and one that never resets in words alone', async () => {
    await start({});
    const monthly = await mint(daily(1, 'month'));
    const { body } = await gateway.admin('GET', '/admin/keys');
    const until = new Date(now + 3_600_000).toISOString();
    await ask(monthly, 'own/small');
    await gateway.admin('PATCH', `/admin/keys/${body.data[0].id}`, { override: { requests: 1, until } });
    await gateway.admin('PATCH', `/admin/keys/${body.data[0].id}`, { override: { requests: 2, until } });
    expect(unified((await ask(monthly, 'claudish/m', '/anthropic/v1/messages')).headers)).toEqual({}); // half of it
    await gateway.admin('PATCH', `/admin/keys/${body.data[0].id}`, { override: { requests: 3, until } });
    expect((await ask(monthly, 'claudish/m', '/anthropic/v1/messages')).headers.get('x-ovth-budget')).toBeNull();
    await gateway.admin('PATCH', `/admin/keys/${body.data[0].id}`, { override: { requests: 4, until } });
    expect(unified((await ask(monthly, 'claudish/m', '/anthropic/v1/messages')).headers)).toMatchObject({
      'anthropic-ratelimit-unified-representative-claim': 'seven_day',
      'anthropic-ratelimit-unified-7d-utilization': '0.75',
    });
    const pot = await mint(daily(4, 'lifetime'));
    for (let i = 0; i < 3; i++) await ask(pot, 'own/small');
    const { headers } = await ask(pot, 'claudish/m', '/anthropic/v1/messages');
    expect([headers.get('x-ovth-budget'), unified(headers)]).toEqual([
      '75% of the lifetime request quota for key "app" is spent: 3 of 4',
      {},
    ]);
  });

  test('a provider’s own limits never stand beside ours, and cross where there are none', async () => {
    await start({});
    const theirs = (headers: Headers) => [...headers].filter(([, value]) => value === '77').map(([name]) => name);
    for (const [model, path] of [
      ['own/small', '/v1/chat/completions'],
      ['claudish/m', '/anthropic/v1/messages'],
      ['claudish/m', '/v1/chat/completions'],
    ] as const) {
      const free = await ask(await mint({}), model, path);
      expect(theirs(free.headers)).not.toEqual([]);
      const limited = await ask(await mint({ quota: { daily_tokens: 5_000 } }), model, path);
      expect(theirs(limited.headers)).toEqual([]);
      expect(limited.headers.get('x-ratelimit-limit-tokens')).toBe('5000');
      expect(limited.headers.get('anthropic-ratelimit-tokens-limit')).toBe(path.includes('messages') ? '5000' : null);
      expect(unified(limited.headers)).toEqual({});
      expect(limited.headers.get('x-kept')).toBe(
        path.includes('anthropic') === model.includes('claudish') ? 'yes' : null,
      );
    }
  });
});

test('a request that is larger than a whole minute is refused by name, and not told to come back', async () => {
  await start({});
  const key = await mint({ tpm: 4 });
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'own/small', max_tokens: 500, messages: hi }),
  });
  const { error } = (await answer.json()) as { error: { code: string; message: string } };
  expect([answer.status, answer.headers.get('x-should-retry'), answer.headers.get('retry-after'), error.code]).toEqual([
    400,
    'false',
    null,
    'larger_than_limit',
  ]);
  expect(error.message).toMatch(
    /^This request needs 5\d\d tokens, and the limit of the key "app" is 4 a minute \(tpm\): /,
  );
});
