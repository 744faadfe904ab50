// Every form of a limit, on every subject: what fits is admitted, what does not is refused by name, in dollars as in tokens.

import { say, type Scene, startScene } from '../support/sim';

const chat = '/v1/chat/completions';
/** Five seconds into a minute, for as long as a test takes. */
const now = () => Date.UTC(2026, 10, 27, 10, 0, 5);
let scene: Scene;
afterEach(() => scene.close());

const ask = (text = 'hi', more: object = {}) => ({
  model: 'gpt-5.5',
  max_completion_tokens: 100,
  messages: say(text),
  ...more,
});
const statusOf = async (key: string, body: object = ask()) => (await scene.post(chat, key, body)).status;
const refusal = async (key: string, body: object = ask()) => {
  const answer = await scene.post(chat, key, body);
  const { error } = (await answer.json()) as { error: { message: string; code: string; type: string } };
  return { status: answer.status, headers: Object.fromEntries(answer.headers), ...error };
};
const keysOf = async () => (await scene.gateway.admin('GET', '/admin/keys')).body.data as any[]; // eslint-disable-line @typescript-eslint/no-explicit-any
/** Dollars of an answer that has ended. */
const costOf = async (key: string, body: object) => {
  const answer = await scene.post(chat, key, body);
  expect(answer.status).toBe(200);
  const row = await scene.gateway.row(answer.headers.get('x-request-id') ?? '');
  return row.cost_usd as number;
};

test('dollars a month: what was spent and what is in flight never pass them', async () => {
  scene = await startScene('');
  const probe = await scene.gateway.mint({ label: 'probe' });
  const cost = await costOf(probe, ask('[[sim: usage=1000/100]] hi'));
  expect(cost).toBeGreaterThan(0);
  const key = await scene.gateway.mint({ label: 'payer', quota: { limits: [{ usd: cost * 2.5, per: 'month' }] } });
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push(await statusOf(key, ask('[[sim: usage=1000/100]] hi')));
  expect(statuses).toEqual([200, 200, 200, 429]); // the third was admitted at what it may cost, and cost more than that
  const refused = await refusal(key);
  expect(refused.message).toMatch(
    /^Monthly dollar quota reached for key "payer": \$\d+\.\d{6} of \$\d+\.\d{6} USD spent, this request needs \$/,
  );
  expect(refused.type).toBe('insufficient_quota');
  const [, shown] = await keysOf();
  expect(shown.limits[0]).toMatchObject({ usd: cost * 2.5, per: 'month', enforce: true, remaining: 0 });
});

test('an answer that names no maximum is given the output that the dollars left pay for', async () => {
  scene = await startScene('');
  const key = await scene.gateway.mint({ label: 'small', quota: { limits: [{ usd: 0.01, per: 'day' }] } });
  expect(await statusOf(key, { model: 'gpt-5.5', messages: say('hi') })).toBe(200);
});

test('a long prompt is held at what its model charges for one', async () => {
  scene = await startScene('');
  const key = await scene.gateway.mint({ label: 'reader', quota: { limits: [{ usd: 0.03, per: 'day' }] } });
  const long = 'word '.repeat(120_000); // above 100,000 tokens each costs five times as much
  expect(await statusOf(key, ask(long, { model: 'claude-haiku-5.5' }))).toBe(429);
  expect(await statusOf(key, ask('hi', { model: 'claude-haiku-5.5' }))).toBe(200);
});

test.each<[string, object]>([
  ['/v1/chat/completions', { messages: [{ role: 'user', content: [{ type: 'file', file: { filename: 'a.txt', file_data: 'DATA' } }] }] }],
  ['/v1/responses', { input: [{ role: 'user', content: [{ type: 'input_file', filename: 'a.txt', file_data: 'DATA' }] }] }],
])('a file of text is held at what its text has: %s', async (path, fields) => {
  scene = await startScene('');
  const key = await scene.gateway.mint({ label: 'reader', quota: { daily_tokens: 20_000 } });
  const data = `data:text/plain;base64,${Buffer.from('a line of plain words\n'.repeat(8_000)).toString('base64')}`;
  const body = JSON.stringify({ model: 'gpt-5.5', ...fields }).replace('DATA', data);
  expect((await scene.post(path, key, body)).status).toBe(429);
  expect(scene.simulators.openai.calls).toHaveLength(0);
}); // prettier-ignore

describe.each([
  ['a maximum', 100],
  ['none', undefined],
] as const)('several answers are held as several, with %s', (_name, most) => {
  const gemini = '/v1beta/models/gemini-2.5-flash:generateContent';
  test.each<[string, 'openai' | 'google', (answers: number) => object]>([
    [chat, 'openai', (n) => ({ model: 'gpt-5.5', messages: say(`[[sim: hold=for${n}]] hi`), n, max_completion_tokens: most })],
    [gemini, 'google', (candidateCount) => ({ contents: [{ role: 'user', parts: [{ text: `[[sim: hold=for${candidateCount}]] hi` }] }], generationConfig: { candidateCount, maxOutputTokens: most } })],
  ])('%s', async (path, provider, bodyOf) => {
    scene = await startScene('quota: {default_output_tokens: 100}\n');
    const key = await scene.gateway.mint({ label: 'several', quota: { daily_tokens: 1_000_000 } });
    const held = async (answers: number): Promise<number> => {
      scene.simulators.reset();
      const answer = scene.post(path, key, bodyOf(answers));
      await scene.simulators[provider].waitForStarted(1, 20_000);
      const [{ limits }] = await keysOf();
      scene.simulators.release(`for${answers}`);
      await (await answer).text();
      return limits[0].reserved as number;
    };
    const one = await held(1);
    expect(one).toBeGreaterThan(100);
    expect((await held(3)) - one).toBe(200);
  });
}); // prettier-ignore

test('requests by the minute: refused as a rate, and clients are told to come back', async () => {
  scene = await startScene('', { now });
  const key = await scene.gateway.mint({ label: 'slow', rpm: 2 });
  expect([await statusOf(key), await statusOf(key)]).toEqual([200, 200]);
  const refused = await refusal(key);
  expect(refused).toMatchObject({ status: 429, type: 'rate_limit_exceeded' });
  expect(refused.message).toMatch(/^Minute request limit reached for key "slow": 2 of 2 requests spent/);
  expect(refused.headers).toMatchObject({ 'x-should-retry': 'true', 'x-ratelimit-limit-requests': '2' });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
});

describe('500 requests at once of a key with three limits: exactly what fits is admitted, whichever is the tightest', () => {
  const held = ask('[[sim: hold=gate]] hi');
  const crowd = 500;
  /** Tokens that one of them holds. */
  const needOf = async () => {
    const key = await scene.gateway.mint({ label: 'probe', tpm: 1_000_000 });
    const answer = statusOf(key, ask('[[sim: hold=prob]] hi'));
    await scene.simulators.openai.waitForStarted(1, 20_000);
    const [{ limits }] = await keysOf();
    scene.simulators.release('prob');
    expect(await answer).toBe(200);
    scene.simulators.reset();
    return limits[0].reserved as number;
  };
  /** What the crowd is answered while all that were admitted are in flight, and a few that come after. */
  const statusesOf = async (key: string, fit: number) => {
    const answers = Array.from({ length: crowd }, () => statusOf(key, held));
    let refused = 0;
    for (const answer of answers) void answer.then((status) => (refused += status === 429 ? 1 : 0));
    await scene.simulators.openai.waitForStarted(fit, 20_000);
    while (refused < crowd - fit) await new Promise((resolve) => setImmediate(resolve));
    expect(scene.simulators.openai.counts.started).toBe(fit);
    scene.simulators.release('gate');
    const statuses = await Promise.all(answers);
    const later: number[] = [];
    for (let i = 0; i < 4; i++) later.push(await statusOf(key));
    return [statuses.filter((status) => status === 200).length, later];
  };

  test('rpm', async () => {
    scene = await startScene('', { now });
    const key = await scene.gateway.mint({ label: 'crowd', rpm: 12, tpm: 1_000_000, parallel: 400 });
    expect(await statusesOf(key, 12)).toEqual([12, [429, 429, 429, 429]]);
  });

  test('tpm', async () => {
    scene = await startScene('', { now });
    const need = await needOf();
    const key = await scene.gateway.mint({ label: 'crowd', rpm: 400, tpm: 11 * need + need - 1, parallel: 400 });
    const [admitted] = await statusesOf(key, 11);
    expect(admitted).toBe(11);
  });

  test('parallel', async () => {
    scene = await startScene('', { now });
    const key = await scene.gateway.mint({ label: 'crowd', rpm: 12, tpm: 1_000_000, parallel: 9 });
    expect(await statusesOf(key, 9)).toEqual([9, [200, 200, 200, 429]]); // three more of the minute are left
  });
});

test('parallel: refused while requests are in flight, with what to wait for, and free again when one has ended', async () => {
  scene = await startScene('');
  const key = await scene.gateway.mint({ label: 'one', parallel: 1 });
  const held = statusOf(key, ask('[[sim: hold=gate]] hi'));
  await scene.simulators.openai.waitForStarted(1, 20_000);
  const refused = await refusal(key);
  expect(refused).toMatchObject({
    status: 429,
    message: expect.stringContaining('The key "one" has 1 requests in flight, and may have 1 (parallel).'),
  });
  expect(refused.headers['x-should-retry']).toBe('true');
  scene.simulators.release('gate');
  expect(await held).toBe(200);
  expect(await statusOf(key)).toBe(200);
});

test('a tag is one budget of all keys that carry it, in the configuration as in minted keys', async () => {
  scene = await startScene('quota: {tags: {research: {limits: [{requests: 2, per: lifetime}]}}}\n');
  const first = await scene.gateway.mint({ label: 'a', tags: ['research', 'lab'] });
  const second = await scene.gateway.mint({ label: 'b', tags: ['research'] });
  const other = await scene.gateway.mint({ label: 'c', tags: ['lab'] });
  expect([await statusOf(first), await statusOf(second)]).toEqual([200, 200]);
  const refused = await refusal(first);
  expect(refused.message).toMatch(
    /^Lifetime request quota reached for tag "research" \(key "a"\): 2 of 2 requests spent/,
  );
  expect(await statusOf(other)).toBe(200);
});

test('a shadow limit refuses nothing, books only what it would have admitted, and names whom it would have refused', async () => {
  scene = await startScene('quota: {per_user: false, limits: [{requests: 1, per: day, enforce: false}]}\n');
  const key = await scene.gateway.mint({ label: 'a' });
  const answers = [];
  for (let i = 0; i < 3; i++) answers.push(await scene.post(chat, key, ask()));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  const rows = await Promise.all(answers.map(({ headers }) => scene.gateway.row(headers.get('x-request-id') ?? '')));
  expect(rows.map((row) => row.shadowed)).toEqual([[], ['all requests day shadow'], ['all requests day shadow']]);
  const would = await scene.gateway.admin('GET', '/admin/requests?shadowed=true');
  expect(would.body.data.map(({ id, key: whose }: { id: string; key: string }) => [id, whose])).toEqual(
    [rows[2], rows[1]].map((row) => [row?.id, row?.key]),
  );
  expect((await scene.gateway.admin('GET', '/admin/requests?shadowed=yes')).status).toBe(400);
  const [shown] = await keysOf();
  expect(shown.limits).toEqual([
    expect.objectContaining({ requests: 1, per: 'day', enforce: false, spent: 1, reserved: 0, remaining: 0 }),
  ]);
});

test('a dearer target is asked only where the dollars left pay for it', async () => {
  scene = await startScene('routes: {pair: {models: [gpt-5.4-mini, claude-opus-4.7]}}\n');
  const body = ask('[[sim: status=503 only=openai]] hi', { model: 'pair' });
  const poor = await scene.gateway.mint({ label: 'poor', quota: { limits: [{ usd: 0.001, per: 'day' }] } });
  expect(await statusOf(poor, body)).toBe(503);
  expect(scene.simulators.anthropic.calls).toHaveLength(0);
  const rich = await scene.gateway.mint({ label: 'rich', quota: { limits: [{ usd: 1, per: 'day' }] } });
  expect(await statusOf(rich, body)).toBe(200);
  expect(scene.simulators.anthropic.calls).toHaveLength(1);
});

describe('what a key may use', () => {
  const config = 'routes: {cheap: {models: [gpt-5.4-mini, claude-haiku-4.5]}, smart: {models: [gpt-5.5]}}\n';

  test('its routes alone, and no model by its own name', async () => {
    scene = await startScene(config);
    const key = await scene.gateway.mint({ label: 'intern', routes: ['cheap'] });
    expect(await statusOf(key, ask('hi', { model: 'cheap' }))).toBe(200);
    expect(await refusal(key, ask('hi', { model: 'smart' }))).toMatchObject({
      status: 403,
      message: 'Key "intern" may not use the route "smart", only the routes cheap.',
    });
    expect(await refusal(key)).toMatchObject({
      status: 403,
      message: 'Key "intern" may not use "gpt-5.5" by its own name, only the routes cheap.',
    });
  });

  test('its models, by any of their names, and what a route has of them', async () => {
    scene = await startScene(config);
    const key = await scene.gateway.mint({ label: 'mini', models: ['claude-haiku-4.5'] });
    const answer = await scene.post(chat, key, ask('hi', { model: 'cheap' }));
    expect([answer.status, answer.headers.get('x-ovth-route')]).toEqual([
      200,
      expect.stringContaining('claude-haiku-4'),
    ]);
    expect(await statusOf(key, ask('hi', { model: 'anthropic/claude-haiku-4.5' }))).toBe(200);
    expect(await refusal(key)).toMatchObject({
      status: 403,
      message: 'Key "mini" may not use "gpt-5.5", only the models claude-haiku-4.5.',
    });
    const old = await scene.gateway.mint({ label: 'old', models: ['claude-opus-4-1'] }); // retired: a successor answers
    expect(await statusOf(old, ask('hi', { model: 'claude-opus-4-1' }))).toBe(200);
    expect(await refusal(key, ask('hi', { model: 'smart' }))).toMatchObject({
      status: 403,
      message: 'Key "mini" may not use any model of the route "smart", only the models claude-haiku-4.5.',
    });
  });
});

test('a change keeps what it does not name, and the list shows settings as they are written', async () => {
  scene = await startScene('');
  const settings = {
    quota: { daily_tokens: 500, limits: [{ usd: 1.5, per: 'month', enforce: true }] },
    tags: ['lab'], models: ['gpt-5.5'], routes: null, rpm: 5, tpm: null, parallel: 3,
  }; // prettier-ignore
  await scene.gateway.mint({
    label: 'a',
    quota: settings.quota,
    tags: ['lab'],
    models: ['gpt-5.5'],
    rpm: 5,
    parallel: 3,
  });
  const [{ id, ...shown }] = await keysOf();
  expect(shown).toMatchObject(settings);
  const change = async (body: object) => (await scene.gateway.admin('PATCH', `/admin/keys/${id}`, body)).body;
  expect(await change({ quota: { limits: [{ requests: 9, per: 'week' }] } })).toMatchObject({
    ...settings,
    quota: { limits: [{ requests: 9, per: 'week', enforce: true }] },
  });
  expect(await change({ rpm: null, tpm: 800, tags: null, models: null, parallel: null })).toMatchObject({
    quota: { limits: [{ requests: 9, per: 'week', enforce: true }] },
    tags: [], models: null, rpm: null, tpm: 800, parallel: null,
  }); // prettier-ignore
  expect(await change({ quota: { limits: [{ tokens: 900, per: 'minute' }] } })).toMatchObject({
    error: {
      message: expect.stringContaining('"quota.limits": must not limit the same per minute as the key\'s tpm;'),
    },
  });
  expect(await change({ quota: null })).toMatchObject({ quota: null, tpm: 800 });
  await change({ quota: { limits: [{ requests: 9, per: 'minute' }] } });
  expect(await change({ rpm: 5 })).toMatchObject({
    error: {
      message: expect.stringContaining('"rpm": must not limit the same per minute as the key\'s quota.limits;'),
    },
  });
});

test('a whole answer says what it cost, as the ledger books it', async () => {
  scene = await startScene('');
  const key = await scene.gateway.mint({ label: 'a' });
  const said = async (path: string, body: object) => {
    const answer = await scene.post(path, key, body);
    await answer.text();
    const row = await scene.gateway.row(answer.headers.get('x-request-id') ?? '');
    return [answer.headers.get('x-ovth-cost-usd'), row.cost_usd.toFixed(9)];
  };
  const [same, booked] = await said(chat, ask('[[sim: usage=1000/200]] hi'));
  expect(same).toBe(booked);
  expect(Number(same)).toBeGreaterThan(0);
  const [translated, bookedToo] = await said('/v1/messages', { model: 'gpt-5.5', max_tokens: 90, messages: say('hi') });
  expect(translated).toBe(bookedToo);
  const [streamed] = await said(chat, ask('hi', { stream: true }));
  expect(streamed).toBeNull();
  const [failed] = await said(chat, ask('[[sim: status=400]] hi'));
  expect(failed).toBeNull();
});

describe('lists of models', () => {
  const config = 'routes: {cheap: {models: [gpt-5.4-mini, claude-haiku-5.5]}, smart: {models: [gpt-5.5]}}\n';
  const paths = { '/v1/models': 'id', '/anthropic/v1/models': 'id', '/v1beta/models': 'name', '/api/v1/models': 'id' };
  const list = async (path: string, key?: string) => {
    const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const answer = (await (await fetch(scene.gateway.url + path, { headers })).json()) as any; // eslint-disable-line @typescript-eslint/no-explicit-any
    const field = paths[path as keyof typeof paths];
    return (answer.data ?? answer.models).map((row: Record<string, string>) =>
      row[field]!.replace('models/', ''),
    ) as string[];
  };

  test.each(Object.keys(paths))(
    '%s names what the key that asks may use, and all to whoever sends none',
    async (path) => {
      scene = await startScene(config);
      const all = await list(path);
      expect(all).toEqual(expect.arrayContaining(['cheap', 'smart', 'gpt-5.5']));
      expect(await list(path, await scene.gateway.mint())).toEqual(all);
      const own = (names: string[]) =>
        names.filter((name) => !name.startsWith('claude-smart') && !name.startsWith('claude-cheap'));
      const routed = await scene.gateway.mint({ label: 'routed', routes: ['cheap'] });
      expect(own(await list(path, routed))).toEqual(['cheap']);
      const bound = await scene.gateway.mint({ label: 'bound', models: ['claude-haiku-5.5', 'gpt-5.5'] });
      expect(own(await list(path, bound)).sort()).toEqual(['cheap', 'claude-haiku-5-5', 'gpt-5.5', 'smart']);
      const both = await scene.gateway.mint({ label: 'both', routes: ['cheap'], models: ['claude-haiku-5.5'] });
      expect(own(await list(path, both)).sort()).toEqual(['cheap', 'claude-haiku-5-5']);
    },
  );

  test('one model that a key may not use is refused as its requests would be', async () => {
    scene = await startScene(config);
    const key = await scene.gateway.mint({ label: 'routed', routes: ['cheap'] });
    const one = async (name: string) =>
      (await fetch(`${scene.gateway.url}/v1/models/${name}`, { headers: { authorization: `Bearer ${key}` } })).status;
    expect([await one('cheap'), await one('smart'), await one('gpt-5.5'), await one('nothing')]).toEqual([
      200, 403, 403, 404,
    ]);
  });
});
