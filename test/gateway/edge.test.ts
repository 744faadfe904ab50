// The front door: tolerant where clients differ, strict where it matters; and what happens when a client leaves.

import { connect } from 'node:net';
import { masterKey } from '../support/gateway';
import { anthropicCurl } from '../support/guide';
import { say, type Scene, startScene } from '../support/sim';

const chat = '/v1/chat/completions';
let scene: Scene;
let key: string;
beforeAll(async () => {
  scene = await startScene();
  key = await scene.gateway.mint();
});
afterAll(() => scene.close());
beforeEach(() => scene.simulators.reset());

const hi = { model: 'gpt-5.5', messages: say('hi') };

test.each(['application/json', 'application/x-www-form-urlencoded', 'text/plain', undefined])(
  'a body is JSON whatever its content type says: %s [B5]',
  async (type) => {
    const answer = await scene.post(chat, key, JSON.stringify(hi), type === undefined ? {} : { 'content-type': type });
    expect(answer.status).toBe(200);
  },
);

test('a body without any content type (raw socket)', async () => {
  const body = JSON.stringify(hi);
  const text = await new Promise<string>((resolve) => {
    const socket = connect(Number(new URL(scene.gateway.url).port), '127.0.0.1', () =>
      socket.write(
        `POST ${chat} HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      ),
    );
    let got = '';
    socket.on('data', (part) => (got += part.toString()));
    socket.on('close', () => resolve(got));
  });
  expect(text).toMatch(/^HTTP\/1\.1 200/);
});

test.each(['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'])('a key is taken from %s', async (header) => {
  const headers = { [header]: header === 'authorization' ? `Bearer ${key}` : key };
  const answer = await fetch(scene.gateway.url + chat, { method: 'POST', headers, body: JSON.stringify(hi) });
  expect(answer.status).toBe(200);
});

test.each([
  '/v1/v1/chat/completions',
  '/v1/chat/completions/',
  '//v1//chat/completions',
  '/api/v1/chat/completions',
  '/v1/chat/completions?beta=true',
])('%s is understood', async (path) => {
  expect((await scene.post(path, key, hi)).status).toBe(200);
});

test.each(['/anthropic/v1/messages?beta=true', '/v1/messages', '/anthropic/v1/v1/messages/', '/api/v1/messages'])(
  '%s is understood',
  async (path) => {
    expect((await scene.post(path, key, anthropicCurl)).status).toBe(200);
  },
);

describe('models', () => {
  test('need no credential, but a wrong one is refused', async () => {
    const answer = await fetch(`${scene.gateway.url}/v1/models`);
    expect(answer.status).toBe(200);
    const { data } = (await answer.json()) as { data: { id: string }[] };
    expect(data.length).toBeGreaterThanOrEqual(28);
    expect(data.map((row) => row.id)).toEqual(expect.arrayContaining(['auto', 'cheap', 'smart']));
    expect((await fetch(`${scene.gateway.url}/v1/models`, { headers: { authorization: 'Bearer wrong' } })).status).toBe(
      401,
    );
  });

  test('one document has the fields of three APIs', async () => {
    const listed = (await (await fetch(`${scene.gateway.url}/anthropic/v1/models?limit=1000`)).json()) as any; // eslint-disable-line @typescript-eslint/no-explicit-any
    expect(listed).toMatchObject({ object: 'list', has_more: false, first_id: 'auto' });
    for (const row of listed.data) {
      expect(row).toMatchObject({
        object: 'model',
        type: 'model',
        display_name: expect.any(String),
        created: expect.any(Number),
        created_at: expect.stringMatching(/^\d{4}-/),
        context_length: expect.any(Number),
      });
      expect(Number(row.pricing.prompt)).toBeGreaterThan(0);
    }
  });

  test.each(['anthropic/claude-opus-4.7', 'anthropic%2Fclaude-opus-4.7', 'claude-opus-4-7', 'auto'])(
    'one by its name %s',
    async (name) => {
      expect((await fetch(`${scene.gateway.url}/v1/models/${name}`)).status).toBe(200);
    },
  );

  test('routes have names that Claude Code shows, and they answer to them', async () => {
    const { data } = (await (await fetch(`${scene.gateway.url}/anthropic/v1/models?limit=1000`)).json()) as {
      data: { id: string }[];
    };
    expect(data.map(({ id }) => id)).toEqual(expect.arrayContaining(['auto', 'claude-auto']));
    const answer = await scene.post('/anthropic/v1/messages', key, {
      model: 'claude-auto',
      max_tokens: 50,
      messages: say('hi'),
    });
    expect(answer.status).toBe(200);
  });

  test('in the shape of Gemini', async () => {
    const listed = (await (await fetch(`${scene.gateway.url}/v1beta/models`)).json()) as { models: { name: string }[] };
    expect(listed.models.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['models/auto', 'models/gemini-3.5-flash']),
    );
    const one = await (await fetch(`${scene.gateway.url}/v1beta/models/gemini-3.5-flash`)).json();
    expect(one).toMatchObject({ name: 'models/gemini-3.5-flash', outputTokenLimit: 65_536 });
  });

  test('an unknown one is a 404', async () => {
    expect((await fetch(`${scene.gateway.url}/v1/models/nope`)).status).toBe(404);
  });
});

describe('keys', () => {
  const admin = (method: string, path: string, body?: unknown) => scene.gateway.admin(method, path, body);

  test('are shown once, listed without their secret, and stop when revoked [A10]', async () => {
    const { status, body } = await admin('POST', '/admin/keys', { label: 'cursor', quota: { daily_tokens: 100_000 } });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      key: expect.stringMatching(/^ovth_live_[\w-]{49}$/),
      label: 'cursor',
      quota: { daily_tokens: 100_000 },
    });
    const listed = await admin('GET', '/admin/keys');
    expect(JSON.stringify(listed.body)).not.toContain(body.key);
    expect((await scene.post(chat, body.key as string, hi)).status).toBe(200);
    await admin('DELETE', `/admin/keys/${body.id}`);
    expect((await scene.post(chat, body.key as string, hi)).status).toBe(401);
  });

  test('rotate: same id, user and counters, the old secret stops', async () => {
    const { body: first } = await admin('POST', '/admin/keys', { label: 'r', user: 'ada' });
    await scene.post(chat, first.key as string, hi);
    const { body: second } = await admin('POST', `/admin/keys/${first.id}/rotate`);
    expect(second).toMatchObject({ id: first.id, user: 'ada', today: { requests: 1 } });
    expect((await scene.post(chat, first.key as string, hi)).status).toBe(401);
    expect((await scene.post(chat, second.key as string, hi)).status).toBe(200);
  });

  test('change', async () => {
    const { body } = await admin('POST', '/admin/keys', { label: 'c' });
    const changed = await admin('PATCH', `/admin/keys/${body.id}`, { label: 'd', quota: { daily_tokens: 5 } });
    expect(changed.body).toMatchObject({ label: 'd', quota: { daily_tokens: 5 } });
    expect((await scene.post(chat, body.key as string, hi)).status).toBe(429);
    await admin('PATCH', `/admin/keys/${body.id}`, { quota: null });
    expect((await scene.post(chat, body.key as string, hi)).status).toBe(200);
  });

  test.each([
    [{}, 'label'],
    [{ label: '' }, 'label'],
    [{ label: 'x', quota: { daily_tokens: 0 } }, 'quota.daily_tokens'],
    [{ label: 'x', quota: { daily_tokens: 1.5 } }, 'quota.daily_tokens'],
    [{ label: 'x', qouta: {} }, 'qouta'],
  ])('%j is refused, naming %s', async (body, field) => {
    const answer = await admin('POST', '/admin/keys', body);
    expect(answer.status).toBe(400);
    expect(answer.body.error.message).toContain(field);
  });

  test('curl -d sends a form type, and it works', async () => {
    const answer = await fetch(`${scene.gateway.url}/admin/keys`, {
      method: 'POST',
      headers: { authorization: `Bearer ${masterKey}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: '{"label":"cursor","quota":{"daily_tokens":100000}}',
    });
    expect(answer.status).toBe(201);
  });

  test('a 401 comes before a byte of the body is read [A3]', async () => {
    const text = await new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(scene.gateway.url).port), '127.0.0.1', () =>
        socket.write(`POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: wrong\r\ncontent-length: 1000000\r\n\r\n`),
      );
      socket.on('data', (part) => resolve(part.toString()));
    });
    expect(text).toMatch(/^HTTP\/1\.1 401/);
    expect(text).toContain('authentication_error');
  });
});

describe('a client that leaves [E3]', () => {
  const leaving = async (body: object, when: (simulatorCalls: Promise<unknown>) => Promise<unknown>) => {
    const abort = new AbortController();
    const answer = scene.post(chat, key, body, {}, abort.signal).then((got) => got.text());
    await when(scene.simulators.openai.waitForStarted(1));
    abort.abort();
    await expect(answer).rejects.toThrow();
    const [call] = await scene.simulators.openai.waitForCalls(1);
    expect(call?.aborted).toBe(true);
    while (scene.gateway.requests.at(-1)?.outcome !== 'client_gone')
      await new Promise((resolve) => setImmediate(resolve));
    const line = scene.gateway.requests.at(-1)!;
    const row = await scene.gateway.row(line.id);
    expect(row).toMatchObject({ outcome: 'client_gone', estimated: true });
    expect(row.input).toBeGreaterThan(0);
    scene.gateway.requests.length = 0;
  };

  test('before headers', () => leaving({ ...hi, messages: say('[[sim: hold=never1]] hi') }, (started) => started));
  test('before headers of a stream', () =>
    leaving({ ...hi, stream: true, messages: say('[[sim: hold=never2]] hi') }, (started) => started));
  test('in the middle of a stream', async () => {
    const abort = new AbortController();
    const answer = await scene.post(
      chat,
      key,
      { ...hi, stream: true, messages: say('[[sim: stall_after=3 chunks=10]] hi') },
      {},
      abort.signal,
    );
    const reader = answer.body!.getReader();
    await reader.read();
    abort.abort();
    const [call] = await scene.simulators.openai.waitForCalls(1);
    expect(call?.aborted).toBe(true);
    while (scene.gateway.requests.at(-1)?.outcome !== 'client_gone')
      await new Promise((resolve) => setImmediate(resolve));
    expect(scene.gateway.requests.at(-1)).toMatchObject({ outcome: 'client_gone', estimated: true });
  });
  test('nothing of it stays reserved', async () => {
    const { body } = await scene.gateway.admin('GET', '/admin/keys');
    for (const row of body.data) expect(row.today.reserved_tokens).toBe(0);
  });
});

test('headers: anthropic-* and unknown ones cross, credentials and cookies do not [A8]', async () => {
  await scene.post('/v1/messages', key, anthropicCurl, {
    'anthropic-beta': 'a-2026,b-2026',
    'x-unknown': 'kept',
    cookie: 'no=1',
    'x-forwarded-for': '1.2.3.4',
    'x-goog-api-key': key,
  });
  const [call] = scene.simulators.anthropic.calls;
  expect(call?.headers).toMatchObject({
    'anthropic-beta': 'a-2026,b-2026',
    'x-unknown': 'kept',
    'x-api-key': scene.simulators.anthropic.key,
  });
  expect(JSON.stringify(call?.headers)).not.toContain(key);
  expect(call?.headers).not.toHaveProperty('cookie');
  expect(call?.headers).not.toHaveProperty('x-forwarded-for');
});

test('operations', async () => {
  expect((await fetch(`${scene.gateway.url}/livez`)).status).toBe(200);
  expect(await (await fetch(`${scene.gateway.url}/readyz`)).json()).toMatchObject({ status: 'ok' });
});

test.each([
  'openai-organization',
  'openai-project',
  'chatgpt-account-id',
  'x-goog-user-project',
  'anthropic-organization-id',
  'anthropic-workspace-id',
  'anthropic-user-profile-id',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
])(
  // prettier-ignore
  'who is billed is not the client’s to say: %s [L11]',
  async (header) => {
    await scene.post(chat, key, hi, { [header]: 'somebody-else' });
    expect(JSON.stringify(scene.simulators.openai.calls.at(-1)?.headers ?? 'none')).not.toContain('somebody-else');
  },
);

test('the other headers of each API are open lists', async () => {
  const open = {
    'openai-beta': 'responses=v1',
    'openai-future': '1',
    'anthropic-beta': 'a-2026,b-2026',
    'anthropic-future': '2',
    'x-goog-api-client': 'gl-node/26',
    'x-goog-future': '3',
    'x-stainless-retry-count': '0',
    'x-stainless-future': '4',
  };
  await scene.post(chat, key, hi, open);
  expect(scene.simulators.openai.calls.at(-1)?.headers).toMatchObject(open);
});
