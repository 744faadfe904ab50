// Reports of the administration: who spent what on which model, and which requests that were.

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
    'key,key_label,user,requests,errors,input_tokens,cache_read_tokens,cache_write_tokens,output_tokens,reasoning_tokens,searches,tokens,raw_tokens,cost_usd',
  );
  expect(first).toMatch(/^key_[^,]+,'=1\+1,"a ""b"", c",1,0,10,0,0,5,5,0,15,15,0\.\d+$/);
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
    expect.stringContaining('"form": is not known here; there are group_by, from, to, format.'),
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
    expect.stringContaining('"from": must lie at most 100 days before "to" where sessions are asked for.'),
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
