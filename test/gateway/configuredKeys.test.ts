// Keys that the configuration declares by their hash: of any form, renamed, replaced with a grace, revoked for good.

import { hashKey, mintKey } from '../../config/appKey';
import { ConfigError } from '../../config/problems';
import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { startTestGateway, type TestGateway } from '../support/gateway';

const answer = JSON.stringify({
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
});
const hourMs = 3_600_000;

let upstream: FakeUpstream;
let gateway: TestGateway;
let now: number;
beforeEach(async () => {
  now = Date.parse('2026-11-26T12:00:00Z');
  upstream = await startFakeUpstream();
  upstream.answer = { body: answer };
});
afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

type Keys = Record<string, object>;
const config = (keys: Keys) =>
  JSON.stringify({ keys, providers: { own: { base_url: `${upstream.url}/v1`, wire: 'openai' } } });
const start = async (keys: Keys) => (gateway = await startTestGateway({ config: config(keys), now: () => now }));
const ask = async (key: string, headers: Record<string, string> = { authorization: `Bearer ${key}` }) => {
  const body = JSON.stringify({ model: 'own/m', messages: [{ role: 'user', content: 'hi' }] });
  const reply = await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers, body });
  await reply.text();
  return reply;
};
const status = async (key: string) => (await ask(key)).status;
const shown = async (label: string) => {
  const { body } = await gateway.admin('GET', '/admin/keys');
  return (body.data as any[]).filter((row) => row.label === label); // eslint-disable-line @typescript-eslint/no-explicit-any
};
const failures = () => gateway.lines.filter(({ kind }) => kind === 'error');
const declared = (secret: string, more: object = {}) => ({ sha256: hashKey(secret), ...more });

const own = 'a key of my own, which I know by heart';
const [first, second, third] = [mintKey(), mintKey(), mintKey()];

test('a key of any form of 32 characters or more works in every header; shorter ones and other ones do not', async () => {
  const exact = 'x'.repeat(32);
  const short = 'x'.repeat(31);
  const alike = `ovth_live_${'x'.repeat(22)}`; // begins as ours do, and has no checksum
  await start({
    mine: declared(own),
    exact: declared(exact),
    short: declared(short),
    alike: declared(alike),
    short_alike: declared(alike.slice(0, -1)),
    shorter_alike: declared('ovth_live_x'),
  });
  for (const headers of [{ authorization: `Bearer ${own}` }, { 'x-api-key': own }, { 'api-key': own }])
    expect((await ask('', headers as unknown as Record<string, string>)).status).toBe(200);
  expect(await status(exact)).toBe(200);
  expect(await status(alike)).toBe(200);
  for (const wrong of [short, 'ovth_live_x', alike.slice(0, -1), `${own}.`, `${alike}x`])
    expect(await status(wrong)).toBe(401);
  expect((await shown('mine'))[0].today.tokens).toBe(30);
});

test('a renamed key keeps secret, counters and id; it may be renamed again, and its first label is free', async () => {
  await start({ laptop: declared(own) });
  const [{ id }] = await shown('laptop');
  await status(own);
  await gateway.reload(config({ desk: declared(own, { renamed_from: 'laptop' }) }));
  expect(await status(own)).toBe(200);
  expect(await shown('laptop')).toEqual([]);
  expect(await shown('desk')).toMatchObject([{ id, today: { tokens: 20 }, revoked_at: null }]);
  await gateway.reload(config({ desk: declared(own), laptop: declared(first) }));
  expect((await shown('desk'))[0].id).toBe(id);
  const [other] = await shown('laptop');
  expect(other).toMatchObject({ today: { tokens: 0 }, revoked_at: null });
  expect(other.id).not.toBe(id);
  await gateway.reload(config({ office: declared(own, { renamed_from: 'desk' }), laptop: declared(first) }));
  expect(await shown('office')).toMatchObject([{ id, today: { tokens: 20 } }]);
  expect([await status(own), await status(first)]).toEqual([200, 200]);
  expect(failures()).toEqual([]);
});

test('a rename that is taken back finds its key again', async () => {
  await start({ laptop: declared(own) });
  const [{ id }] = await shown('laptop');
  await gateway.reload(config({ desk: declared(own, { renamed_from: 'laptop' }) }));
  await gateway.reload(config({ laptop: declared(own) }));
  expect(await shown('laptop')).toMatchObject([{ id, revoked_at: null }]);
  expect(await status(own)).toBe(200);
});

test('without renamed_from another label is another key, and the old one ends', async () => {
  await start({ laptop: declared(own) });
  const [{ id }] = await shown('laptop');
  await status(own);
  await gateway.reload(config({ desk: declared(own) }));
  expect(failures()).toEqual([]);
  expect(await status(own)).toBe(200);
  const [desk] = await shown('desk');
  expect(desk.id).not.toBe(id);
  expect(desk.today.tokens).toBe(10);
  expect((await shown('laptop'))[0]).toMatchObject({ id, revoked_at: expect.any(String), today: { tokens: 10 } });
});

test('two keys may change secrets with each other', async () => {
  await start({ a: declared(first), b: declared(second) });
  const [{ id }] = await shown('a');
  await gateway.reload(config({ a: declared(second), b: declared(first) }));
  expect(failures()).toEqual([]);
  expect(await status(second)).toBe(200);
  const row = await gateway.row(gateway.requests[0]!.id);
  expect(row.key_id ?? row.key).toBe(id);
});

test('a hash that a minted key has is refused by name, and the old configuration goes on', async () => {
  await start({ a: declared(first) });
  const minted = await gateway.mint({ label: 'cursor' });
  await gateway.reload(config({ b: declared(minted) }));
  const warned = gateway.lines.find(({ kind }) => kind === 'warn')?.fields['problems'];
  expect(warned).toEqual([expect.stringMatching(/^keys\.b\.sha256: is the hash of the key "cursor" \(key_/)]);
  expect([await status(first), await status(minted)]).toEqual([200, 200]);
});

test('a raised generation gives a new secret; the old one goes on for its grace, and its use is marked', async () => {
  await start({ app: declared(first) });
  const [{ id }] = await shown('app');
  await gateway.reload(config({ app: declared(second, { generation: 2, grace_hours: 1 }) }));
  const until = new Date(now + hourMs).toISOString();
  const [old, fresh] = [await ask(first), await ask(second)];
  expect([old.status, old.headers.get('x-ovth-old-key')]).toEqual([200, until]);
  expect([fresh.status, fresh.headers.get('x-ovth-old-key')]).toEqual([200, null]);
  expect(await shown('app')).toMatchObject([{ id, old_secret_until: until, today: { tokens: 20 } }]);
  // Reloads change nothing of it; less grace ends it earlier.
  now += hourMs / 2;
  await gateway.reload(config({ app: declared(second, { generation: 2, grace_hours: 1, user: 'ada' }) }));
  expect((await ask(first)).headers.get('x-ovth-old-key')).toBe(until);
  now += hourMs / 2;
  expect([await status(first), await status(second)]).toEqual([401, 200]);
  expect((await shown('app'))[0].old_secret_until).toBeNull();
  await gateway.reload(config({ app: declared(second, { generation: 2, grace_hours: 100 }) }));
  expect([await status(first), await status(second)]).toEqual([401, 200]);
});

test('grace is a day by default; with 0, and for a hash that is replaced without a generation, there is none', async () => {
  await start({ app: declared(first) });
  await gateway.reload(config({ app: declared(second, { generation: 2 }) }));
  expect((await shown('app'))[0].old_secret_until).toBe(new Date(now + 24 * hourMs).toISOString());
  await gateway.reload(config({ app: declared(third, { generation: 3, grace_hours: 0 }) }));
  expect([await status(first), await status(second), await status(third)]).toEqual([401, 401, 200]);
  await gateway.reload(config({ app: declared(own, { generation: 3 }) }));
  expect([await status(third), await status(own)]).toEqual([401, 200]);
});

test('a declared key is revoked through the API until its generation is raised, over reloads, restarts and other processes', async () => {
  await start({ app: declared(first), other: declared(third) });
  const [{ id }] = await shown('app');
  expect((await gateway.admin('DELETE', `/admin/keys/${id}`)).body.revoked_at).not.toBeNull();
  expect(await status(first)).toBe(401);
  await gateway.reload(config({ app: declared(first, { user: 'ada' }) }));
  expect(await status(first)).toBe(401);
  expect((await shown('app'))[0]).toMatchObject({ user: 'ada', revoked_at: expect.any(String) });
  const { dataPath } = gateway;
  const beside = await startTestGateway({ config: config({ app: declared(first) }), now: () => now, dataPath });
  const row = (await beside.admin('GET', `/admin/keys/${id}`)).body;
  expect(row.revoked_at).not.toBeNull();
  await beside.close();
  // Out of the configuration and in again.
  await gateway.reload(config({ other: declared(third) }));
  await gateway.reload(config({ app: declared(first), other: declared(third) }));
  expect([await status(first), await status(third)]).toEqual([401, 200]);
  // A new secret, whose predecessor was revoked and gets no grace.
  await gateway.reload(config({ app: declared(second, { generation: 2 }) }));
  expect([await status(first), await status(second)]).toEqual([401, 200]);
  expect((await shown('app'))[0]).toMatchObject({ id, revoked_at: null, old_secret_until: null });
});

test('one that left the configuration returns with it, but not once it is revoked', async () => {
  await start({ app: declared(first), other: declared(third) });
  const [{ id }] = await shown('app');
  await gateway.reload(config({ other: declared(third) }));
  expect(await status(first)).toBe(401);
  await gateway.reload(config({ app: declared(first), other: declared(third) }));
  expect([await status(first), (await shown('app'))[0].id]).toEqual([200, id]);
  await gateway.reload(config({ other: declared(third) }));
  await gateway.admin('DELETE', `/admin/keys/${id}`);
  await gateway.reload(config({ app: declared(first), other: declared(third) }));
  expect(await status(first)).toBe(401);
});

test('a declared key is neither changed nor rotated through the API, which says where', async () => {
  await start({ app: declared(first) });
  const [{ id }] = await shown('app');
  for (const call of [
    gateway.admin('PATCH', `/admin/keys/${id}`, { user: 'ada' }),
    gateway.admin('POST', `/admin/keys/${id}/rotate`),
  ]) {
    const { status: refused, body } = await call;
    expect([refused, body.error.message]).toEqual([400, expect.stringContaining('raise keys.app.generation')]);
  }
});

test('a minted key is rotated with the grace that is asked for, none by default', async () => {
  await start({});
  const { body: key } = await gateway.admin('POST', '/admin/keys', { label: 'app' });
  const rotate = (body?: object) => gateway.admin('POST', `/admin/keys/${key.id}/rotate`, body);
  const { body: next } = await rotate({ grace_hours: 2 });
  const until = new Date(now + 2 * hourMs).toISOString();
  expect(next).toMatchObject({ id: key.id, old_secret_until: until });
  expect((await ask(key.key)).headers.get('x-ovth-old-key')).toBe(until);
  expect((await ask(next.key)).headers.get('x-ovth-old-key')).toBeNull();
  now += 2 * hourMs;
  expect([await status(key.key), await status(next.key)]).toEqual([401, 200]);
  const { body: last } = await rotate();
  expect([await status(next.key), await status(last.key), last.old_secret_until]).toEqual([401, 200, null]);
  for (const bad of [{ grace_hours: -1 }, { grace_hours: 2_161 }, { hours: 1 }]) {
    const { status: refused, body } = await rotate(bad);
    expect([refused, body.error.message]).toEqual([400, expect.stringContaining('{"grace_hours":24}')]);
  }
});

test('configurations that cannot be told apart are refused at load', async () => {
  await start({});
  const refused = async (keys: Keys) => {
    const other = startTestGateway({ config: config(keys) });
    const error: unknown = await other.then(
      async (running) => running.close(),
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  };
  expect(await refused({ a: declared(first), b: declared(first) })).toMatch(
    /^keys\.b\.sha256: is the hash of keys\.a too/,
  );
  expect(await refused({ a: declared(first), b: declared(second, { renamed_from: 'a' }) })).toMatch(
    /^keys\.b\.renamed_from: names keys\.a, which is still there/,
  );
  expect(await refused({ a: declared(first, { renamed_from: 'a' }) })).toMatch(/renamed_from: is its own label/);
  expect(
    await refused({ a: declared(first, { renamed_from: 'x' }), b: declared(second, { renamed_from: 'x' }) }),
  ).toMatch(/^keys\.b\.renamed_from: "x" is what keys\.a was renamed from already/);
  expect(await refused({ a: declared('a-master-key-for-tests-that-is-long-enough') })).toMatch(
    /^keys\.a\.sha256: is the hash of the master key/,
  );
});
