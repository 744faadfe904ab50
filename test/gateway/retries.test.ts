// How often a request is sent: budgets where everything fails, rests and their one probe, and what is never sent twice.

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { openRetryBudgets } from '../../gateway/src/upstream/retryBudget';
import type { FakeCall } from '../support/fakeUpstream';
import { fieldsFor, goodAnswer, useRouteScene, wholeAnswer } from '../support/routeScene';

const scene = useRouteScene('limits: {first_byte_ms: 2000, upstream_connections: 1}\n'); // the one connection is used again
const { ask } = scene;

/** Asks so many times, a few at once, and gives the statuses. */
async function askMany(
  count: number,
  model: string,
  between: () => void = () => undefined,
  atOnce = 20,
): Promise<Set<number>> {
  const statuses = new Set<number>();
  for (let done = 0; done < count; done += atOnce) {
    const answers = await Promise.all(Array.from({ length: atOnce }, () => ask('chat', model, false)));
    for (const answer of answers) {
      statuses.add(answer.status);
      await answer.text();
    }
    between();
  }
  return statuses;
}

const attempts = () => scene.a.calls.length + scene.b.calls.length;

describe('every target fails: upstream attempts stay below 1.25 × requests [F5 F6]', () => {
  test.each([
    ['503', 20, { status: 503, body: '{"error":{"message":"m"}}' }],
    // Some of these wait for as long.
    ['429 with a wait', 200, { status: 429, headers: { 'retry-after': '1' }, body: '{"error":{"message":"m"}}' }],
    ['an error in a 200', 20, { body: '{"choices":[]}' }],
    // Of this no target rests, so that the budget alone bounds it.
    [
      'more than an account may use in a minute',
      20,
      {
        status: 429,
        body: '{"error":{"message":"Request too large for m on tokens per min (TPM): Limit 30000, Requested 36278. Visit us.","type":"tokens","code":"rate_limit_exceeded"}}',
      },
    ],
    ['a dead connection', 20, (_call: FakeCall, response: ServerResponse) => void response.destroy()],
  ])(
    '%s',
    async (_name, atOnce, answer) => {
      scene.a.answer = scene.b.answer = answer;
      const pass = () => (scene.now += 3 * atOnce); // 3 s of the gateway's clock in all
      const statuses = await askMany(1_000, 'to-chat', pass, atOnce);
      expect([...statuses].every((status) => [200, 429, 502, 503].includes(status))).toBe(true);
      expect(attempts()).toBeGreaterThanOrEqual(1_000);
      expect(attempts()).toBeLessThanOrEqual(1_250);
    },
    60_000,
  );

  test.each([1_000, 200_000])(
    'and over a long time at a slow rate, 20 requests in %d ms',
    async (between) => {
      scene.a.answer = scene.b.answer = { status: 503, body: '{}' };
      await askMany(1_000, 'to-chat', () => (scene.now += between));
      expect(attempts()).toBeLessThanOrEqual(1_250);
    },
    60_000,
  );

  test('and at one request in 30 s, each of which finds both targets rested', async () => {
    scene.a.answer = scene.b.answer = { status: 503, body: '{}' };
    await askMany(1_000, 'to-chat', () => (scene.now += 30_000), 1);
    expect(attempts()).toBeLessThanOrEqual(1_250);
    scene.b.answer = goodAnswer('chat', 'from B');
    expect(await askMany(20, 'to-chat', () => (scene.now += 30_000), 1)).toContain(200);
    scene.a.calls.length = 0;
    expect(await askMany(100, 'to-chat', () => (scene.now += 30_000), 1)).toEqual(new Set([200]));
    expect(scene.a.calls.length).toBeGreaterThan(20); // it is tried again and again, and each time B answers
  }, 60_000);
});

describe('the budget of a route [F6]', () => {
  const takes = (budgets: ReturnType<typeof openRetryBudgets>, route: string, now: number): number => {
    for (let count = 0; ; count++) if (!budgets.take(route, now)) return count;
  };

  test.each([
    [0, 10],
    [1, 11],
    [5, 11],
    [50, 20],
    [1_000, 210],
  ])('after %d requests of its last 10 s: %d', (requests, most) => {
    const budgets = openRetryBudgets();
    for (let i = 0; i < requests; i++) budgets.sent('r', 1_000_000 + 9 * i); // within 9 s
    expect([takes(budgets, 'r', 1_009_000), takes(budgets, 'r', 1_009_900)]).toEqual([most, 0]);
    expect(takes(budgets, 'other', 1_009_000)).toBe(10);
  });

  test('forgets what is older, second by second', () => {
    const budgets = openRetryBudgets();
    for (let second = 0; second < 10; second++) for (let i = 0; i < 10; i++) budgets.sent('r', second * 1_000);
    expect(takes(budgets, 'r', 9_999)).toBe(30);
    expect(takes(budgets, 'r', 14_000)).toBe(0); // what was taken at 9 s still counts
    expect(takes(budgets, 'r', 19_000)).toBe(10);
  });

  test('further attempts that failed as well count until five requests have been sent for each', () => {
    const budgets = openRetryBudgets();
    for (let n = 0; n < 10; n++) {
      expect(budgets.take('r', n * 60_000)).toBe(true);
      budgets.failed('r');
    }
    expect(budgets.take('r', 700_000)).toBe(false);
    for (let n = 0; n < 5; n++) budgets.sent('r', 800_000);
    expect(takes(budgets, 'r', 900_000)).toBe(10); // none of these has failed yet
  });

  test('many that fail at once are over when the outage is', () => {
    const budgets = openRetryBudgets();
    for (let n = 0; n < 1_000; n++) budgets.sent('r', 1_000);
    expect(takes(budgets, 'r', 2_000)).toBe(210);
    for (let n = 0; n < 210; n++) budgets.failed('r');
    for (let n = 0; n < 6; n++) budgets.sent('r', 100_000);
    expect(takes(budgets, 'r', 100_000)).toBe(12);
  });

  test('gets back what was not needed, and is no worse for a clock that is set back', () => {
    const budgets = openRetryBudgets();
    expect(takes(budgets, 'r', 1_000_000)).toBe(10);
    budgets.giveBack('r');
    expect(takes(budgets, 'r', 1_003_000)).toBe(1);
    expect(takes(budgets, 'r', 500_000)).toBe(10);
  });
});

test('after a burst of failures the other target is asked again as soon as it is well', async () => {
  const release: (() => void)[] = [];
  const slow503 = (_call: FakeCall, response: ServerResponse) =>
    void release.push(() => response.writeHead(503).end('{}'));
  scene.a.answer = scene.b.answer = slow503;
  const many = Array.from({ length: 250 }, () => ask('chat', 'to-chat', false).then((answer) => answer.text()));
  await scene.a.arrived(1); // of one connection at a time
  const drain = setInterval(() => release.splice(0).forEach((answer) => answer()), 1);
  await Promise.all(many);
  clearInterval(drain);
  scene.a.answer = { status: 503, body: '{}' };
  scene.b.answer = goodAnswer('chat', 'from B');
  scene.now += 600_000;
  const after = await askMany(20, 'to-chat', () => (scene.now += 120_000), 1);
  expect(after).toEqual(new Set([200]));
});

test('of a target that fails two times in three, and so never rests, a fifth of the requests and ten move on [F6]', async () => {
  scene.a.answer = (call, response) => {
    if (scene.a.calls.length % 3 === 0) return goodAnswer('chat', 'from A')(call, response);
    response.writeHead(500).end('{}');
  };
  scene.b.answer = goodAnswer('chat', 'from B');
  for (let i = 0; i < 300; i++) await (await ask('chat', 'to-chat', false)).text();
  expect([scene.a.calls.length, scene.b.calls.length]).toEqual([300, 70]);
  scene.now += 10_000; // none of these is of the last ten seconds
  for (let i = 0; i < 30; i++) await (await ask('chat', 'to-chat', false)).text();
  expect(scene.b.calls.length).toBe(70 + 16);
});

test('failover goes on while few fail', async () => {
  scene.a.answer = (call, response) => {
    if (scene.a.calls.length % 10 > 0) return goodAnswer('chat', 'from A')(call, response);
    response.writeHead(500).end('{}');
  };
  scene.b.answer = goodAnswer('chat', 'from B');
  expect(await askMany(200, 'to-chat', () => (scene.now += 100))).toEqual(new Set([200]));
});

describe('a target that failed five times in a row', () => {
  const rest = async () => {
    scene.a.answer = { status: 500, body: '{}' };
    scene.b.answer = goodAnswer('chat', 'from B');
    for (let i = 0; i < 5; i++) await (await ask('chat', 'to-chat', false)).text();
    expect(scene.a.calls).toHaveLength(5);
    scene.a.calls.length = 0;
  };

  test('rests, and then one request at a time finds out whether it is well [F8]', async () => {
    await rest();
    await askMany(20, 'to-chat');
    expect(scene.a.calls).toHaveLength(0);
    scene.now += 10_000;
    let release: () => void = () => undefined;
    scene.a.answer = (_call, response) => {
      release = () => response.end(JSON.stringify(wholeAnswer('chat', 'from A')));
    };
    const probe = ask('chat', 'to-chat', false);
    await scene.a.arrived(1);
    await askMany(20, 'to-chat');
    expect(scene.a.calls).toHaveLength(1);
    release();
    expect(await (await probe).text()).toContain('from A');
    scene.a.answer = goodAnswer('chat', 'from A');
    await askMany(20, 'to-chat');
    expect(scene.a.calls).toHaveLength(21);
  });

  test('one at a time also where many ask at once', async () => {
    await rest();
    scene.now += 10_000;
    scene.a.answer = { status: 500, body: '{}' };
    expect(await askMany(20, 'to-chat')).toEqual(new Set([200]));
    expect(scene.a.calls).toHaveLength(1);
    await askMany(20, 'to-chat'); // the probe failed: it rests again
    expect(scene.a.calls).toHaveLength(1);
  });

  test('a client that is over its quota, or leaves, does not keep it from being tried', async () => {
    await rest();
    scene.now += 10_000;
    const poor = await scene.gateway.mint({ label: 'poor', quota: { daily_tokens: 1 } });
    const body = JSON.stringify({ model: 'to-chat', messages: [{ role: 'user', content: 'hi' }] });
    const post = (key: string, signal?: AbortSignal) =>
      fetch(`${scene.gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body,
        ...(signal === undefined ? {} : { signal }),
      });
    expect((await post(poor)).status).toBe(429);
    const leave = new AbortController();
    scene.a.answer = () => undefined;
    const left = post(scene.key, leave.signal);
    await scene.a.arrived(1);
    leave.abort();
    await expect(left).rejects.toThrow();
    await scene.lastRow();
    scene.a.answer = goodAnswer('chat', 'from A');
    expect(await (await ask('chat', 'to-chat', false)).text()).toContain('from A');
  });

  test('a key that ends while it is tried does not keep it from being tried again', async () => {
    await rest();
    scene.now += 10_000;
    const { body: ending } = await scene.gateway.admin('POST', '/admin/keys', { label: 'ending' });
    scene.a.answer = () => undefined;
    const cut = fetch(`${scene.gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ending.key}` },
      body: JSON.stringify({ model: 'to-chat', messages: [{ role: 'user', content: 'hi' }] }),
    });
    await scene.a.arrived(1);
    await scene.gateway.admin('DELETE', `/admin/keys/${ending.id}`);
    expect((await cut).status).toBe(401);
    scene.a.answer = goodAnswer('chat', 'from A');
    expect(await (await ask('chat', 'to-chat', false)).text()).toContain('from A');
  });

  test('is well again at once where the clock was far ahead and is set back', async () => {
    scene.now += 400 * 24 * 3_600_000;
    await rest();
    scene.now -= 400 * 24 * 3_600_000;
    scene.a.answer = goodAnswer('chat', 'from A');
    expect(await (await ask('chat', 'to-chat', false)).text()).toContain('from A');
  });
});

test('where all rest, the one that is the first to be well again is asked, and no other', async () => {
  scene.a.answer = { status: 402, body: '{}' }; // for a minute
  scene.b.answer = { status: 429, headers: { 'retry-after': '20' }, body: '{}' };
  await (await ask('chat', 'to-chat', false)).text();
  expect([scene.a.calls.length, scene.b.calls.length]).toEqual([1, 1]);
  for (let i = 0; i < 3; i++) expect((await ask('chat', 'to-chat', false)).status).toBe(429);
  expect([scene.a.calls.length, scene.b.calls.length]).toEqual([1, 4]);
});

describe('retry-after has a bounded sense in every form [F5]', () => {
  const date = (seconds: number) => new Date(Date.UTC(2026, 10, 26, 12) + seconds * 1_000).toUTCString();
  // The header, the seconds that A rests, and what a client of another wire is told.
  test.each([
    ['0', 1, '1'],
    ['-5', 1, '1'],
    ['0.2', 1, '1'],
    ['7', 7, '7'],
    ['1000000000', 60, '86400'],
    [date(30), 30, date(30)],
    [date(-30), 1, date(-30)],
    [date(86_400 * 365), 60, date(86_400 * 365)],
  ])('%s', async (header, seconds, told) => {
    scene.a.answer = { status: 429, headers: { 'retry-after': header }, body: '{"error":{"message":"m"}}' };
    expect((await ask('messages', 'a-chat/m', false)).headers.get('retry-after')).toBe(told);
    scene.b.answer = goodAnswer('chat', 'from B');
    scene.a.answer = goodAnswer('chat', 'from A');
    const who = async () => (/from (.)/.exec(await (await ask('chat', 'to-chat', false)).text()) ?? [])[1];
    expect(await who()).toBe('B');
    scene.now += seconds * 1_000 - 1;
    expect(await who()).toBe('B');
    scene.now += 1;
    expect(await who()).toBe('A');
  });

  test.each(['soon', ''])('"%s" is none', async (header) => {
    scene.a.answer = { status: 429, headers: { 'retry-after': header }, body: '{"error":{"message":"m"}}' };
    expect((await ask('messages', 'a-chat/m', false)).headers.get('retry-after')).toBeNull();
    scene.a.answer = goodAnswer('chat', 'from A');
    expect(await (await ask('chat', 'to-chat', false)).text()).toContain('from A');
  });

  test('OpenAI’s milliseconds', async () => {
    scene.a.answer = { status: 429, headers: { 'retry-after-ms': '1500' }, body: '{"error":{"message":"m"}}' };
    expect((await ask('messages', 'a-chat/m', false)).headers.get('retry-after')).toBe('2');
  });
});

describe('a connection that was used before and breaks', () => {
  const warm = async () => {
    scene.a.answer = goodAnswer('chat', 'warm');
    await (await ask('chat', 'a-chat/m', false)).text();
    scene.a.calls.length = 0;
  };
  const reset = (ms: number) => (_call: FakeCall, response: ServerResponse) => {
    if (ms === 0) (response.socket as Socket).resetAndDestroy();
    else setTimeout(() => (response.socket as Socket).resetAndDestroy(), ms);
  };

  test.each(['a-chat/m', 'to-chat'])(
    'long after the request was sent: it is not sent again (%s) [F4]',
    async (model) => {
      await warm();
      scene.a.answer = reset(600);
      scene.b.answer = goodAnswer('chat', 'from B');
      expect((await ask('chat', model, false)).status).toBe(502);
      expect([scene.a.calls.length, scene.b.calls.length]).toEqual([1, 0]);
    },
  );

  test('as soon as it is used: it was closed before, and the request is sent once more [F12]', async () => {
    await warm();
    let first = true;
    scene.a.answer = (call, response) => {
      if (!first) return goodAnswer('chat', 'again')(call, response);
      first = false;
      reset(0)(call, response);
    };
    const got = await ask('chat', 'a-chat/m', false);
    expect([got.status, await got.text()]).toEqual([200, expect.stringContaining('again')]);
  });

  test('a new connection that breaks is not used for the same again; another target is [F1]', async () => {
    scene.a.answer = reset(0);
    scene.b.answer = goodAnswer('chat', 'from B');
    expect(await (await ask('chat', 'to-chat', false)).text()).toContain('from B');
    expect(scene.a.calls).toHaveLength(1);
  });

  test('a provider that stays silent is not sent to again, nor is another [F2]', async () => {
    scene.a.answer = () => undefined;
    scene.b.answer = goodAnswer('chat', 'from B');
    expect((await ask('chat', 'to-chat', false)).status).toBe(504);
    expect([scene.a.calls.length, scene.b.calls.length]).toEqual([1, 0]);
  });
});

describe('a host is taken to have no Responses', () => {
  const paths = async (refusal: { status: number; body: string }) => {
    scene.a.answer = (call, response) => {
      if (call.path === '/v1/responses') return void response.writeHead(refusal.status).end(refusal.body);
      return goodAnswer('chat', 'by chat')(call, response);
    };
    scene.a.calls.length = 0;
    await (await ask('messages', 'a-responses/m', false, fieldsFor('responses'))).text();
    return scene.a.calls.map(({ path }) => path);
  };
  const noPath = { status: 404, body: '{"error":{"message":"Invalid URL (POST /v1/responses)"}}' };

  test.each([
    noPath,
    { status: 404, body: '404 page not found' },
    { status: 404, body: '' },
    { status: 404, body: '{"detail":"Not Found"}' },
  ])('after %j, for an hour', async (refusal) => {
    expect(await paths(refusal)).toEqual(['/v1/responses', '/v1/chat/completions']);
    expect(await paths(refusal)).toEqual(['/v1/chat/completions']);
    scene.now += 3_600_000;
    expect(await paths(refusal)).toEqual(['/v1/responses', '/v1/chat/completions']);
  });

  test.each([
    { status: 404, body: '{"error":{"code":"model_not_found","message":"The model `m` does not exist"}}' },
    { status: 404, body: '{"error":{"message":"Item with id rs_1 not found."}}' },
    { status: 400, body: '{"error":{"message":"Invalid URL"}}' },
    { status: 500, body: '' },
  ])('not after %j', async (refusal) => {
    for (let i = 0; i < 2; i++) expect(await paths(refusal)).toEqual(['/v1/responses']);
  });
});
