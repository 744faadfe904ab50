// Reports of the administration: who spent what on which model, and which requests that were.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { masterKey } from '../support/gateway';
import { say, type Scene, startScene } from '../support/sim';

const chat = '/v1/chat/completions';
let scene: Scene;
afterEach(() => scene.close());

const report = async (query: string) => (await scene.gateway.admin('GET', `/admin/usage?${query}`)).body;
const spend = async (key: string, model: string, usage: string) => {
  const answer = await scene.post(chat, key, {
    model,
    max_completion_tokens: 50,
    messages: say(`[[sim: usage=${usage}]] hi`),
  });
  expect(answer.status).toBe(200);
  await answer.text();
};

test('sums by key, model and day add up to the total, and to the rows', async () => {
  scene = await startScene('');
  const ada = await scene.gateway.mint({ label: 'laptop', user: 'ada', tags: ['lab', 'red'] });
  const bob = await scene.gateway.mint({ label: '=1+1', user: 'bob' });
  await spend(ada, 'gpt-5.5', '1000/100');
  await spend(ada, 'claude-opus-4.7', '2000/200');
  await spend(bob, 'gpt-5.5', '500/50');
  const byKey = await report('group_by=key,model');
  expect(byKey.object).toBe('list');
  expect(byKey.data).toHaveLength(3);
  expect(byKey.data[0]).toMatchObject({ key_label: 'laptop', model: expect.any(String), requests: 1 });
  expect(byKey.total).toMatchObject({ requests: 3, errors: 0, input_tokens: 3_500, output_tokens: 350 });
  const rows = (await scene.gateway.admin('GET', '/admin/requests')).body.data as { cost_usd: number }[];
  const cost = rows.reduce((sum, row) => sum + row.cost_usd, 0);
  expect(byKey.total.cost_usd).toBeCloseTo(cost, 9);
  const sum = (list: { cost_usd: number }[]) => list.reduce((total, each) => total + each.cost_usd, 0);
  expect(sum(byKey.data)).toBeCloseTo(cost, 9);
  expect((await report('group_by=tag')).data.map((group: { tag: string | null; requests: number }) => [group.tag, group.requests])).toEqual([
    [null, 1], ['lab', 2], ['red', 2],
  ]); // prettier-ignore
  expect((await report('group_by=key,tag')).data).toHaveLength(3);
  expect((await report('group_by=user&from=2001-01-01&to=2001-02-01')).data).toEqual([]);
  expect(await report('')).toMatchObject({ data: [{ requests: 3 }], total: { requests: 3 } });
});

test('as CSV, without formulas for a spreadsheet', async () => {
  scene = await startScene('');
  await spend(await scene.gateway.mint({ label: '=1+1', user: 'a "b", c' }), 'gpt-5.5', '10/5');
  const answer = await fetch(`${scene.gateway.url}/admin/usage?group_by=key,user&format=csv`, {
    headers: { authorization: `Bearer ${masterKey}` },
  });
  expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  const [head, first, end] = (await answer.text()).split('\r\n');
  expect(head).toBe(
    'key,key_label,user,requests,errors,input_tokens,cache_read_tokens,cache_write_tokens,output_tokens,reasoning_tokens,searches,tokens,raw_tokens,cost_usd,openrouter_usd,uncached_usd,dearest_usd',
  );
  expect(first).toMatch(/^key_[^,]+,'=1\+1,"a ""b"", c",1,0,10,0,0,5,5,0,15,15(,0\.\d+){4}$/);
  expect(end).toBe('');
});

test('what is asked wrongly is named', async () => {
  scene = await startScene('');
  const refusal = async (path: string) => {
    const { status, body } = await scene.gateway.admin('GET', path);
    return [status, body.error.message];
  };
  expect(await refusal('/admin/usage?group_by=kee')).toEqual([
    400,
    expect.stringContaining('"group_by": "kee" is no group; there are key, user, tag,'),
  ]);
  expect(await refusal('/admin/usage?form=csv')).toEqual([
    400,
    expect.stringContaining('"form": is not known here; there are group_by, from, to, format, key, user, session.'),
  ]);
  expect(await refusal('/admin/usage?from=yesterday')).toEqual([
    400,
    expect.stringContaining('"from": must be a date such as 2026-11-01'),
  ]);
  expect(await refusal('/admin/usage?from=2026-11-02&to=2026-11-01')).toEqual([
    400,
    expect.stringContaining('"to": must be later than "from".'),
  ]);
  expect(await refusal('/admin/usage?group_by=session&from=2026-01-01&to=2026-11-01')).toEqual([
    400,
    expect.stringContaining('"from": must lie at most 100 days before "to" where sessions or addresses are asked for.'),
  ]);
  expect(await refusal('/admin/requests?limit=5000')).toEqual([
    400,
    expect.stringContaining('"limit": must be a whole number from 1 to 1000.'),
  ]);
});

test('requests are found by what they have, in pages', async () => {
  scene = await startScene('');
  const [one, other] = [
    await scene.gateway.mint({ label: 'a', user: 'ada' }),
    await scene.gateway.mint({ label: 'b' }),
  ];
  for (let i = 0; i < 3; i++) await spend(one, 'gpt-5.5', '10/5');
  await spend(other, 'claude-opus-4.7', '10/5');
  const list = async (query: string) => (await scene.gateway.admin('GET', `/admin/requests?${query}`)).body;
  expect((await list('user=ada')).data).toHaveLength(3);
  expect((await list('user=ada&status=500')).data).toEqual([]);
  const first = await list('user=ada&limit=2');
  expect(first).toMatchObject({ has_more: true, data: [{ user: 'ada' }, { user: 'ada' }] });
  const second = await list(`user=ada&limit=2&cursor=${first.next_cursor}`);
  expect(second.data).toHaveLength(1);
  expect(second).toMatchObject({ has_more: false, next_cursor: null });
});

describe('what it would have cost', () => {
  const routes = `routes:
  auto: {models: [claude-haiku-4.5, claude-opus-4.7, gpt-5.5]}
costs: {box_usd_per_month: 5.49}
`;
  interface Compared {
    id: string;
    rates: string;
    cost_usd: number;
    cost_parts: Record<'input_usd' | 'cache_read_usd' | 'cache_write_usd' | 'output_usd' | 'searches_usd' | 'other_usd', number>;
    input: number;
    cache_read: number;
    cache_write_5m: number;
    output: number;
    would_have_cost: { openrouter_usd: number; uncached_usd: number; dearest: { target: string; rates: string } | null; dearest_usd: number };
  } // prettier-ignore

  test('is in each row, can be computed again from it, and adds up to the report', async () => {
    scene = await startScene(routes);
    const key = await scene.gateway.mint({ label: 'laptop' });
    await spend(key, 'auto', '1000/100');
    await spend(key, 'auto', '5000/10');
    await spend(key, 'gpt-5.5', '2000/200');
    // Written to the cache by the first, read by the second.
    const system = [{ type: 'text', text: 'a word and another '.repeat(400), cache_control: { type: 'ephemeral' } }];
    for (let i = 0; i < 2; i++)
      await (
        await scene.post('/anthropic/v1/messages', key, { model: 'auto', max_tokens: 50, system, messages: say('hi') })
      ).text();
    const listed = (await scene.gateway.admin('GET', '/admin/requests')).body;
    const rows = listed.data as Compared[];
    expect(rows).toHaveLength(5);
    const fee = { percent: 5.5, source: expect.stringContaining('openrouter.ai') as unknown, date: '2026-08-11' };
    expect(listed.openrouter).toEqual(fee);
    expect((await scene.gateway.admin('GET', `/admin/requests/${rows[0]!.id}`)).body).toEqual({
      ...rows[0],
      priced_at: {
        [rows[0]!.rates]: listed.priced_at[rows[0]!.rates] as unknown,
        ...(rows[0]!.would_have_cost.dearest === null
          ? {}
          : {
              [rows[0]!.would_have_cost.dearest.rates]: listed.priced_at[
                rows[0]!.would_have_cost.dearest.rates
              ] as unknown,
            }),
      },
      openrouter: fee,
    });
    const db = new DatabaseSync(join(scene.gateway.dataPath, 'ledger.db'), { readOnly: true });
    // The ledger's own, to be sure that the answer's are those.
    const rates = Object.fromEntries(
      (db.prepare('select id, json from rates').all() as { id: string; json: string }[]).map(({ id, json }) => [
        id,
        JSON.parse(json).base,
      ]),
    ) as Record<string, { input: number; output: number; cache_read: number; cache_write_5m: number }>;
    db.close();
    for (const row of rows) {
      const own = rates[row.rates]!;
      const tokens = row.input + row.cache_read + row.cache_write_5m;
      const { openrouter_usd, uncached_usd, dearest, dearest_usd } = row.would_have_cost;
      expect(uncached_usd).toBeCloseTo((tokens * own.input + row.output * own.output) / 1e9, 9);
      expect(openrouter_usd).toBeCloseTo(row.cost_usd * 1.055, 8);
      const { cost_parts: parts } = row;
      expect(listed.priced_at[row.rates].base).toEqual(own);
      expect(parts.input_usd).toBeCloseTo((row.input * own.input) / 1e9, 9);
      expect(parts.cache_read_usd).toBeCloseTo((row.cache_read * own.cache_read) / 1e9, 9);
      expect(parts.cache_write_usd).toBeCloseTo((row.cache_write_5m * own.cache_write_5m) / 1e9, 9);
      expect(parts.output_usd).toBeCloseTo((row.output * own.output) / 1e9, 9);
      expect(Object.values(parts).reduce((sum, part) => sum + part)).toBeCloseTo(row.cost_usd, 9);
      expect([parts.searches_usd, parts.other_usd]).toEqual([0, 0]);
      const there = dearest === null ? own : rates[dearest.rates]!;
      expect(dearest_usd).toBeCloseTo((row.input * there.input + row.cache_read * there.cache_read + row.cache_write_5m * there.cache_write_5m + row.output * there.output) / 1e9, 9); // prettier-ignore
      expect(dearest_usd).toBeGreaterThanOrEqual(row.cost_usd);
    }
    expect(rows[2]!.would_have_cost.dearest).toBeNull(); // a model named by itself
    expect(rows[4]!.would_have_cost).toMatchObject({ dearest: { target: expect.stringMatching(/opus|gpt/) } });
    expect(rows[4]!.would_have_cost.dearest_usd).toBeGreaterThan(rows[4]!.cost_usd);
    expect([rows[0]!.cache_read > 1_000, rows[1]!.cache_write_5m > 1_000]).toEqual([true, true]);
    expect(rows[0]!.would_have_cost.uncached_usd).toBeGreaterThan(rows[0]!.cost_usd);
    const { total, openrouter, box } = await report('group_by=month');
    const sum = (of: (row: Compared) => number) => rows.reduce((all, row) => all + of(row), 0);
    expect(total.cost_usd).toBeCloseTo(
      sum((row) => row.cost_usd),
      9,
    );
    expect(total.uncached_usd).toBeCloseTo(
      sum((row) => row.would_have_cost.uncached_usd),
      9,
    );
    expect(total.dearest_usd).toBeCloseTo(
      sum((row) => row.would_have_cost.dearest_usd),
      9,
    );
    expect(total.openrouter_usd).toBeCloseTo(total.cost_usd * 1.055, 8);
    expect(openrouter).toEqual({ percent: 5.5, source: expect.stringContaining('openrouter.ai'), date: expect.stringMatching(/^2026-/) }); // prettier-ignore
    expect(box).toEqual([{ month: expect.stringMatching(/^\d{4}-\d\d$/), usd: 5.49 }]);
    expect((await report('from=2026-01-15&to=2026-04-01')).box.map(({ month }: { month: string }) => month)).toEqual(['2026-01', '2026-02', '2026-03']); // prettier-ignore
  });
});

describe('sessions', () => {
  const ask = (key: string, headers: Record<string, string>, more: object = {}) =>
    scene.post(chat, key, { model: 'gpt-5.5', messages: say('[[sim: usage=10/5]] hi'), ...more }, headers).then((answer) => answer.text()); // prettier-ignore

  test('are what clients name in headers and bodies, the most explicit first', async () => {
    scene = await startScene('');
    const key = await scene.gateway.mint({ label: 'laptop' });
    const named = async (headers: Record<string, string>, more?: object) => {
      await ask(key, headers, more);
      return (await scene.gateway.admin('GET', '/admin/requests?limit=1')).body.data[0].session;
    };
    expect(await named({})).toBeNull();
    expect(await named({ 'x-claude-code-session-id': 'claude' })).toBe('claude');
    expect(await named({ 'session-id': 'codex' }, { prompt_cache_key: 'key' })).toBe('codex');
    expect(await named({ 'x-session-affinity': 'ses_1' })).toBe('ses_1');
    expect(await named({}, { prompt_cache_key: 'key' })).toBe('key');
    expect(await named({}, { session_id: 'body', prompt_cache_key: 'key' })).toBe('body');
    expect(await named({ 'x-session-id': 'header' }, { session_id: 'body' })).toBe('header');
    expect(await named({ 'x-session-id': 's'.repeat(5_000) })).toBe('s'.repeat(256));
    expect(await named({}, { session_id: 7, prompt_cache_key: '' })).toBeNull();
  });

  test('are summed, and filtered by', async () => {
    scene = await startScene('');
    const key = await scene.gateway.mint({ label: 'laptop', user: 'ada', tags: ['a', 'b'] });
    for (const session of ['one', 'two', 'one']) await ask(key, { 'x-session-id': session });
    await ask(key, {});
    const groups = (body: { data: Record<string, unknown>[] }) =>
      body.data.map(({ session, requests }) => [session, requests]);
    expect(groups(await report('group_by=session'))).toEqual([[null, 1], ['one', 2], ['two', 1]]); // prettier-ignore
    expect((await report('group_by=model&session=one')).total.requests).toBe(2);
    expect((await report('group_by=tag&session=one')).data).toMatchObject([{ tag: 'a', requests: 2 }, { tag: 'b', requests: 2 }]); // prettier-ignore
    expect((await report('group_by=model&user=ada')).total.requests).toBe(4);
    expect((await report('user=bob')).total.requests).toBe(0);
    expect((await scene.gateway.admin('GET', '/admin/requests?session=one')).body.data).toHaveLength(2);
  });
});

test('what a leaked key did since a moment is one view: where from, with which models, for how much', async () => {
  scene = await startScene('http: {trusted_proxies: ["127.0.0.0/8"]}\n');
  const key = await scene.gateway.mint({ label: 'leaked' });
  const other = await scene.gateway.mint({ label: 'other' });
  const from = (address: string, used: string, model: string) =>
    scene.post(chat, used, { model, messages: say('[[sim: usage=1000/100]] hi') }, { 'x-forwarded-for': address, 'user-agent': 'curl/8' }).then((answer) => answer.text()); // prettier-ignore
  await from('203.0.113.5', key, 'gpt-5.5');
  await from('203.0.113.5', key, 'claude-opus-4.7');
  await from('198.51.100.7', key, 'gpt-5.5');
  await from('198.51.100.7', other, 'gpt-5.5');
  const { id } = (await scene.gateway.admin('GET', '/admin/keys')).body.data.find(({ label }: { label: string }) => label === 'leaked'); // prettier-ignore
  const { body } = await scene.gateway.admin('GET', `/admin/keys/${id}/activity?since=${new Date(scene.gateway.now() - 3_600_000).toISOString()}`); // prettier-ignore
  expect(body).toMatchObject({
    object: 'key_activity',
    key_label: 'leaked',
    total: { requests: 3, input_tokens: 3_000 },
  });
  expect(
    body.by_address.map((each: Record<string, unknown>) => [each['address'], each['client'], each['requests']]),
  ).toEqual([
    ['203.0.113.5', 'curl', 2],
    ['198.51.100.7', 'curl', 1],
  ]);
  expect(body.by_model.map(({ model }: { model: string }) => model)).toHaveLength(2);
  const cost = body.by_model.reduce((sum: number, each: { cost_usd: number }) => sum + each.cost_usd, 0);
  expect(cost).toBeCloseTo(body.total.cost_usd, 9);
  const later = await scene.gateway.admin('GET', `/admin/keys/${id}/activity?since=2099-01-01`);
  expect(later.body).toMatchObject({ total: { requests: 0 }, by_address: [], first_hour: null });
  expect((await scene.gateway.admin('GET', `/admin/keys/${id}/activity?since=2001-01-01`)).status).toBe(400);
});
