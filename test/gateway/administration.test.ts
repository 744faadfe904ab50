// What is administered beside settings: top-ups and overrides, credentials with scopes, and the row that every act leaves.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashKey, mintKey } from '../../config/appKey';
import { type FakeUpstream, startFakeUpstream } from '../support/fakeUpstream';
import { masterKey, startTestGateway, type TestGateway } from '../support/gateway';

const answer = JSON.stringify({
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
});
const hourMs = 3_600_000;
const iso = (at: number) => new Date(at).toISOString();

let upstream: FakeUpstream;
let gateway: TestGateway;
let dataPath: string;
let now: number;
beforeEach(async () => {
  now = Date.parse('2026-11-26T12:00:00Z');
  dataPath = mkdtempSync(join(tmpdir(), 'ovth-test-'));
  upstream = await startFakeUpstream();
  upstream.answer = { body: answer };
});
afterEach(async () => {
  await gateway.close();
  await upstream.close();
  rmSync(dataPath, { recursive: true, force: true });
});

const config = (more: object) =>
  JSON.stringify({ ...more, providers: { own: { base_url: `${upstream.url}/v1`, wire: 'openai' } } });
const start = async (more: object = {}) =>
  (gateway = await startTestGateway({ config: config(more), dataPath, now: () => now }));
const ask = (key: string) =>
  fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'own/m', max_tokens: 5, messages: [{ role: 'user', content: 'hi' }] }),
  });
const statuses = async (key: string, count: number) => {
  const all: number[] = [];
  for (let i = 0; i < count; i++) {
    const reply = await ask(key);
    await reply.text();
    all.push(reply.status);
  }
  return all;
};
const keysOf = async () => (await gateway.admin('GET', '/admin/keys')).body.data as any[]; // eslint-disable-line @typescript-eslint/no-explicit-any
const change = (id: string, body: object) => gateway.admin('PATCH', `/admin/keys/${id}`, body);
const acts = async (query = '') => (await gateway.admin('GET', `/admin/audit${query}`)).body.data as any[]; // eslint-disable-line @typescript-eslint/no-explicit-any
/** Asks the administration with a credential of one's own. */
const askAdmin = async (credential: string, method: string, path: string, body?: object, more: object = {}) => {
  const reply = await fetch(gateway.url + path, {
    method,
    headers: { 'x-api-key': credential, ...more },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: reply.status, body: (await reply.json()) as any }; // eslint-disable-line @typescript-eslint/no-explicit-any
};

test('a minted key shows what is left of the limits that it shares, as the list does', async () => {
  await start({ quota: { daily_tokens: 1_000 } });
  const mint = async (label: string) =>
    (await gateway.admin('POST', '/admin/keys', { label, user: 'ada', quota: { daily_tokens: 100 } })).body;
  const first = await mint('first');
  expect(await statuses(first.key, 2)).toEqual([200, 200]);
  const { key: _secret, ...second } = await mint('second');
  expect(second.limits).toEqual([
    expect.objectContaining({ whose: 'key "second"', remaining: 100 }),
    expect.objectContaining({ whose: 'user "ada" (key "second")', remaining: 980 }),
  ]);
  expect((await keysOf()).find(({ label }) => label === 'second')).toEqual(second);
});

describe('a pot', () => {
  const pot = (requests: number) => ({ quota: { limits: [{ requests, per: 'lifetime' }] } });

  test('of a declared key is topped up over reloads, restarts and generations, and nothing is reset', async () => {
    const [first, second] = [mintKey(), mintKey()];
    const declared = (secret: string, more: object) => ({ keys: { app: { sha256: hashKey(secret), ...more } } });
    await start(declared(first, pot(2)));
    expect(await statuses(first, 3)).toEqual([200, 200, 429]);
    const [{ id }] = await keysOf();
    const { status, body } = await change(id, { top_up: { requests: 1 } });
    expect([status, body.limits]).toEqual([
      200,
      [expect.objectContaining({ requests: 2, per: 'lifetime', spent: 2, topped_up: 1, remaining: 1 })],
    ]);
    expect(await statuses(first, 2)).toEqual([200, 429]);
    await gateway.reload(config(declared(second, { ...pot(2), generation: 2, grace_hours: 0 })));
    await change(id, { top_up: { requests: 1 } });
    await gateway.close();
    await start(declared(second, { ...pot(3), generation: 2, grace_hours: 0 }));
    expect((await keysOf())[0].limits[0]).toMatchObject({ requests: 3, topped_up: 2, spent: 3, remaining: 2 });
    expect(await statuses(second, 3)).toEqual([200, 200, 429]);
  });

  test('a refusal and the headers name what there is in all', async () => {
    await start();
    const { body } = await gateway.admin('POST', '/admin/keys', { label: 'app', ...pot(1) });
    await change(body.id, { top_up: { requests: 1 } });
    const reply = await ask(body.key);
    await reply.text();
    expect(reply.headers.get('x-ratelimit-limit-requests')).toBe('2');
    await statuses(body.key, 1);
    expect(((await (await ask(body.key)).json()) as any).error.message).toContain('2 of 2 requests spent'); // eslint-disable-line @typescript-eslint/no-explicit-any
  });

  test('is the user’s where the key has none, in dollars as in requests', async () => {
    await start({
      quota: {
        users: {
          ada: {
            limits: [
              { usd: 1, per: 'lifetime' },
              { requests: 1, per: 'lifetime' },
            ],
          },
        },
      },
    });
    const { body } = await gateway.admin('POST', '/admin/keys', { label: 'app', user: 'ada' });
    const { body: after } = await change(body.id, { top_up: { usd: 0.5, requests: 2 } });
    expect(after.limits).toEqual([
      expect.objectContaining({ usd: 1, topped_up: 0.5, remaining: 1.5 }),
      expect.objectContaining({ requests: 1, topped_up: 2, remaining: 3 }),
    ]);
  });

  describe('with an Idempotency-Key', () => {
    const changeOnce = (id: string, idempotencyKey: string, body: object) =>
      askAdmin(masterKey, 'PATCH', `/admin/keys/${id}`, body, { 'idempotency-key': idempotencyKey });
    const mintPot = async () => {
      await start();
      return (await gateway.admin('POST', '/admin/keys', { label: 'app', ...pot(1) })).body.id as string;
    };

    test('is topped up once, however often that is asked for, and answers as the first time', async () => {
      const id = await mintPot();
      const add = { top_up: { requests: 5 }, note: 'paid' };
      const first = await changeOnce(id, 'invoice 7', add);
      expect([first.status, first.body.limits[0]]).toEqual([200, expect.objectContaining({ topped_up: 5 })]);
      expect(await changeOnce(id, '"invoice 7"', add)).toEqual(first); // as the draft writes it
      await gateway.close();
      await start();
      expect(await Promise.all([1, 2, 3].map(() => changeOnce(id, 'invoice 7', add)))).toEqual([first, first, first]);
      const together = await Promise.all([1, 2, 3, 4].map(() => changeOnce(id, 'invoice 8', add)));
      expect(together.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      expect((await keysOf())[0].limits[0]).toMatchObject({ requests: 1, topped_up: 10 });
      expect((await acts(`?subject=${id}`)).map(({ action }) => action)).toEqual([
        'key.change',
        'key.change',
        'key.mint',
      ]);
      for (const without of [add, add]) await change(id, without);
      expect((await keysOf())[0].limits[0]).toMatchObject({ topped_up: 20 });
    });

    test('is answered for what was done, also where it could not be done now', async () => {
      const id = await mintPot();
      const once = { top_up: { requests: 5 } };
      await changeOnce(id, 'i1', once);
      await change(id, { quota: null });
      expect((await changeOnce(id, 'i1', once)).status).toBe(200);
      expect((await changeOnce(id, 'i2', once)).status).toBe(400);
    });

    test('is refused with another body or for another key, and changes nothing', async () => {
      const id = await mintPot();
      now += 1_000;
      const { body: other } = await gateway.admin('POST', '/admin/keys', { label: 'other', ...pot(1) });
      await changeOnce(id, 'i1', { top_up: { requests: 5 } });
      for (const [whose, asked] of [
        [id, { top_up: { requests: 6 } }],
        [id, { top_up: { requests: 5 }, note: 'x' }],
        [other.id, { top_up: { requests: 5 } }],
      ] as const) {
        const { status, body } = await changeOnce(whose, 'i1', asked);
        expect([status, body.error.code, body.error.param]).toEqual([422, 'idempotency_key_reused', 'Idempotency-Key']);
      }
      expect((await keysOf()).map(({ note, limits }) => [note, limits[0].topped_up])).toEqual([
        [null, 5],
        [null, undefined],
      ]);
      const both = await Promise.all([7, 8].map((requests) => changeOnce(id, 'i2', { top_up: { requests } })));
      expect(both.map(({ status }) => status).sort()).toEqual([200, 422]);
    });

    test('is remembered where it found nothing to change: what others changed since stays', async () => {
      const id = await mintPot();
      await changeOnce(id, 'i1', { override: null });
      expect((await acts())[0]).toMatchObject({ action: 'key.change', subject: id, before: {}, after: {} });
      await change(id, { override: { requests: 9, until: iso(now + hourMs) } });
      const again = await changeOnce(id, 'i1', { override: null });
      expect([again.status, again.body.limits[0]]).toEqual([
        200,
        expect.objectContaining({ override: expect.objectContaining({ requests: 9 }) as unknown }),
      ]);
      expect((await changeOnce(id, 'i1', { note: 'x' })).status).toBe(422);
    });

    test('that was refused may be sent again when it is right', async () => {
      const id = await mintPot();
      expect((await changeOnce(id, 'i1', { top_up: { usd: 5 } })).status).toBe(400);
      expect((await changeOnce(id, 'i1', { top_up: { requests: 5 } })).status).toBe(200);
    });

    test('that is no key is refused by name', async () => {
      const id = await mintPot();
      for (const bad of ['', '""', 'x'.repeat(256), 'schlüssel']) {
        const { status, body } = await changeOnce(id, bad, { top_up: { requests: 5 } });
        expect([status, body.error.param]).toEqual([400, 'Idempotency-Key']);
      }
      expect((await keysOf())[0].limits[0]).not.toHaveProperty('topped_up');
    });
  });

  test('that is not there is refused by name, and nothing is changed', async () => {
    await start();
    const { body } = await gateway.admin('POST', '/admin/keys', { label: 'app', quota: { daily_tokens: 5 } });
    for (const bad of [{ top_up: { usd: 5 } }, { top_up: { tokens: 5 } }, { top_up: {} }, { top_up: { usd: -1 } }]) {
      const { status, body: refused } = await change(body.id, { label: 'renamed', ...bad });
      expect([status, refused.error.param]).toEqual([400, expect.stringContaining('top_up')]);
    }
    expect(await keysOf()).toMatchObject([{ label: 'app' }]);
  });
});

test('a key of what does not exist, or that has expired, is made and warned of', async () => {
  await start({ routes: { cheap: { models: ['own/m'] } } });
  const mint = async (more: object) => (await gateway.admin('POST', '/admin/keys', { label: 'app', ...more })).body;
  const wrong = { routes: ['cheap', 'cheep'], models: ['own/m', 'gtp-5.5'], expires_at: iso(now) };
  const warnings = [
    expect.stringMatching(/^models\[1\]: "gtp-5.5" is not a known model\. Nearest: gpt-5.5/),
    expect.stringMatching(/^routes\[1\]: "cheep" is not a route\. Did you mean "cheap"\?/),
    'expires_at: has passed; the key works no more.',
  ];
  const made = await mint(wrong);
  expect(made.warnings).toEqual(warnings);
  expect((await change(made.id, { routes: ['cheep'] })).body.warnings).toEqual([expect.stringContaining('"cheep"')]);
  expect((await change(made.id, { note: 'x' })).body).not.toHaveProperty('warnings');
  const right = { routes: ['cheap'], models: ['own/m', 'gpt-5.5'], expires_at: iso(now + 1) };
  expect(await mint(right)).not.toHaveProperty('warnings');
});

describe('an override', () => {
  const daily = (requests: number) => ({ quota: { limits: [{ requests, per: 'day' }] } });

  test('holds until its moment, for a declared key too, and is replaced or ended before it', async () => {
    const secret = mintKey();
    await start({ keys: { app: { sha256: hashKey(secret), ...daily(1) } } });
    expect(await statuses(secret, 2)).toEqual([200, 429]);
    const [{ id }] = await keysOf();
    const until = iso(now + hourMs);
    const { body } = await change(id, { override: { requests: 3, until } });
    expect(body.limits[0]).toMatchObject({ requests: 1, override: { requests: 3, until }, remaining: 2 });
    await gateway.close();
    await start({ keys: { app: { sha256: hashKey(secret), ...daily(1), user: undefined } } });
    expect(await statuses(secret, 1)).toEqual([200]);
    now += hourMs;
    expect(await statuses(secret, 1)).toEqual([429]);
    expect((await keysOf())[0].limits[0]).not.toHaveProperty('override');
    await change(id, { override: { requests: 9, per: 'day', until: iso(now + hourMs) } });
    expect(await statuses(secret, 1)).toEqual([200]);
    const { body: ended } = await change(id, { override: null });
    expect(ended.limits[0]).not.toHaveProperty('override');
    expect(await statuses(secret, 1)).toEqual([429]);
  });

  test('names the limit that is meant where there are several, and a moment to come', async () => {
    await start();
    const quota = { limits: [{ usd: 1, per: 'day' }, { usd: 9, per: 'month' }] }; // prettier-ignore
    const { body } = await gateway.admin('POST', '/admin/keys', { label: 'app', quota, rpm: 7 });
    const until = iso(now + hourMs);
    const refused = async (override: object) => (await change(body.id, { override })).body.error;
    expect((await refused({ usd: 5, until })).message).toContain('usd is limited per day, month');
    expect((await refused({ tokens: 5, until })).message).toContain('there is no limit of tokens to override');
    expect((await refused({ usd: 5, per: 'day', until: iso(now) })).param).toBe('override.until');
    expect((await refused({ usd: 5, tokens: 5, until })).message).toContain('exactly one of');
    const { body: after } = await change(body.id, { override: { usd: 5, per: 'month', until } });
    expect(after.limits.map((each: object) => 'override' in each)).toEqual([false, true, false]);
  });

  test('of a limit for each user holds for the key that is a user by itself', async () => {
    await start({ quota: { limits: [{ requests: 1, per: 'day' }] } });
    const { body } = await gateway.admin('POST', '/admin/keys', { label: 'app' });
    await change(body.id, { override: { requests: 2, until: iso(now + hourMs) } });
    expect(await statuses(body.key, 3)).toEqual([200, 200, 429]);
    const other = await gateway.mint({ label: 'other' });
    expect(await statuses(other, 2)).toEqual([200, 429]);
  });
});

describe('the audit', () => {
  test('tells who did what, from where, and what it changed; pages reach its beginning', async () => {
    const secret = mintKey();
    await start({ keys: { declared: { sha256: hashKey(secret), note: 'the build server' } } });
    const { body: minted } = await gateway.admin('POST', '/admin/keys', {
      label: 'app',
      tags: ['lab'],
      quota: { limits: [{ usd: 2, per: 'lifetime' }] },
    });
    now += 1_000;
    await change(minted.id, { label: 'other', note: 'ada’s', top_up: { usd: 0.5 } });
    const { body: rotated } = await gateway.admin('POST', `/admin/keys/${minted.id}/rotate`, { grace_hours: 1 });
    await gateway.admin('DELETE', `/admin/keys/${minted.id}`);
    await gateway.admin('DELETE', `/admin/keys/${minted.id}`); // changes nothing
    await change(minted.id, { top_up: { usd: 'five' } }); // is refused
    const all = await acts();
    expect(all.map(({ action }) => action)).toEqual([
      'key.revoke',
      'key.rotate',
      'key.change',
      'key.mint',
      'key.configure',
    ]);
    const [revoke, , changed, mint, configured] = all;
    expect(mint).toMatchObject({
      ...{ object: 'act', at: iso(now - 1_000), credential: 'master', address: '127.0.0.1', subject: minted.id },
      before: null,
      after: { label: 'app', tags: ['lab'], limits: [{ usd: 2, per: 'lifetime', enforce: true }] },
    });
    const pot = `key:${minted.id} usd lifetime`;
    expect(changed).toMatchObject({
      before: { label: 'app', note: null, limits_changed: { [pot]: { topped_up: 0, override: null } } },
      after: { label: 'other', note: 'ada’s', limits_changed: { [pot]: { topped_up: 0.5, override: null } } },
    });
    expect(revoke).toMatchObject({ before: { revoked_at: null }, after: { revoked_at: iso(now) } });
    expect(configured).toMatchObject({
      credential: 'configuration',
      address: null,
      after: { note: 'the build server' },
    });
    const text = JSON.stringify(all);
    for (const each of [secret, minted.key, rotated.key])
      for (const form of [each, hashKey(each)]) expect(text).not.toContain(form);

    const { body: first } = await gateway.admin('GET', `/admin/audit?subject=${minted.id}&limit=3`);
    expect([first.data.length, first.has_more]).toEqual([3, true]);
    const { body: last } = await gateway.admin(
      'GET',
      `/admin/audit?subject=${minted.id}&limit=3&cursor=${first.next_cursor}`,
    );
    expect([last.data.map(({ action }: { action: string }) => action), last.next_cursor]).toEqual([['key.mint'], null]);
    expect((await gateway.admin('GET', '/admin/audit?who=me')).status).toBe(400);
  });
});

describe('a credential', () => {
  const mint = async (scopes: string[], more: object = {}) =>
    (await gateway.admin('POST', '/admin/credentials', { label: 'helper', scopes, ...more })).body;

  test('does what its scopes say, and its acts bear its name', async () => {
    await start();
    const reader = await mint(['read']);
    const keeper = await mint(['keys']);
    expect(reader.credential).toMatch(/^ovth_admin_.{43}$/);
    for (const path of ['/admin/usage', '/admin/requests', '/admin/keys', '/admin/audit', '/admin/credentials'])
      expect((await askAdmin(reader.credential, 'GET', path)).status).toBe(200);
    const { status, body } = await askAdmin(reader.credential, 'POST', '/admin/keys', { label: 'app' });
    expect([status, body.error.code, body.error.message]).toEqual([
      403,
      'scope_needed',
      'The credential "helper" may not do this: it has read, and this takes keys.',
    ]);
    const { body: key } = await askAdmin(keeper.credential, 'POST', '/admin/keys', { label: 'app' });
    expect((await acts())[0]).toMatchObject({ credential: keeper.id, action: 'key.mint', subject: key.id });
    expect((await askAdmin(keeper.credential, 'GET', '/admin/keys')).status).toBe(200);
    expect((await askAdmin(keeper.credential, 'GET', '/admin/usage')).status).toBe(403);
    for (const each of [reader, keeper]) {
      const made = await askAdmin(each.credential, 'POST', '/admin/credentials', { label: 'x', scopes: ['read'] });
      expect([made.status, made.body.error.code]).toEqual([403, 'master_key_needed']);
      expect((await ask(each.credential)).status).toBe(401); // not for inference
    }
    expect((await askAdmin(key.key, 'GET', '/admin/keys')).status).toBe(403);
    expect((await askAdmin(`ovth_admin_${'x'.repeat(43)}`, 'GET', '/admin/keys')).status).toBe(401);
    expect(JSON.stringify(await acts())).not.toContain(hashKey(reader.credential));
  });

  test('ends when it is revoked, or at its moment; restarts keep it', async () => {
    await start();
    const [lasting, brief] = [await mint(['read']), await mint(['read'], { expires_at: iso(now + hourMs) })];
    await gateway.close();
    await start();
    const use = async (each: { credential: string }) => (await askAdmin(each.credential, 'GET', '/admin/keys')).status;
    expect([await use(lasting), await use(brief)]).toEqual([200, 200]);
    now += hourMs;
    expect([await use(lasting), await use(brief)]).toEqual([200, 401]);
    const { body } = await gateway.admin('DELETE', `/admin/credentials/${lasting.id}`);
    expect(body).toMatchObject({ id: lasting.id, revoked_at: iso(now), scopes: ['read'] });
    expect(await use(lasting)).toBe(401);
    expect((await gateway.admin('DELETE', '/admin/credentials/cred_9')).status).toBe(404);
    const { body: list } = await gateway.admin('GET', '/admin/credentials');
    expect(list.data).toHaveLength(2);
    expect(JSON.stringify(list)).not.toContain('ovth_admin_');
  });

  test('may be declared by its hash, and goes with the declaration', async () => {
    const own = 'a credential of my own, of any form';
    await start({ credentials: { page: { scopes: ['read'], sha256: hashKey(own) } } });
    expect((await askAdmin(own, 'GET', '/admin/keys')).status).toBe(200);
    expect((await askAdmin(own, 'POST', '/admin/keys', { label: 'x' })).status).toBe(403);
    await gateway.reload(config({ credentials: { page: { scopes: ['keys'], sha256: hashKey(own) } } }));
    expect((await askAdmin(own, 'POST', '/admin/keys', { label: 'x' })).status).toBe(201);
    expect((await acts())[0]).toMatchObject({ credential: 'config:page' });
    await gateway.reload(config({ credentials: { page: { scopes: ['read'], sha256: hashKey(masterKey) } } }));
    expect((await askAdmin(masterKey, 'POST', '/admin/keys', { label: 'y' })).status).toBe(201); // stays the master key
    await gateway.reload(config({}));
    expect((await askAdmin(own, 'GET', '/admin/keys')).status).toBe(401);
    expect((await askAdmin(masterKey, 'GET', '/admin/keys')).status).toBe(200);
  });
});

test('a key shows its note, when it was used last, and that its old secret still is', async () => {
  await start();
  const { body: key } = await gateway.admin('POST', '/admin/keys', { label: 'app', note: '  the laptop ' });
  expect(key).toMatchObject({ note: 'the laptop', last_used_at: null, old_secret_used_at: null });
  await statuses(key.key, 1);
  expect(await keysOf()).toMatchObject([{ last_used_at: iso(now), old_secret_used_at: null }]);
  const { body: next } = await gateway.admin('POST', `/admin/keys/${key.id}/rotate`, { grace_hours: 2 });
  now += 90_000;
  await statuses(next.key, 1);
  expect(await keysOf()).toMatchObject([{ last_used_at: iso(now - 30_000), old_secret_used_at: null }]);
  await statuses(key.key, 1);
  expect(await keysOf()).toMatchObject([{ old_secret_used_at: iso(now - 30_000) }]);
  expect((await change(key.id, { note: null })).body.note).toBeNull();
});
