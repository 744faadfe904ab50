// Every row of the error table, produced through a running gateway by real requests, in the dialect of whoever called.

import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { type Dialect, errorBody, streamError } from '../../gateway/src/core/errorBody';
import { type ErrorCode, errorKinds, errorTable, GatewayError } from '../../gateway/src/core/errors';
import {
  askRaw,
  type ClientDialect,
  type ErrorScene,
  produced,
  type Produced,
  requestOf,
  startErrorScene,
} from '../support/errorScene';
import { masterKey } from '../support/gateway';
import { say, type Scene, startScene } from '../support/sim';

const chat = '/v1/chat/completions';
const hi = { model: 'gpt-5.5', messages: say('hi') };

let scene: Scene; // before the simulators
let odd: ErrorScene; // with tight limits, before a fake upstream

beforeAll(async () => {
  scene = await startScene('');
  odd = await startErrorScene();
});
afterAll(async () => {
  for (const other of [hosted, elsewhere]) await (await other)?.close();
  await scene.close();
  await odd.close();
});

const clientDialects = ['openai', 'responses', 'anthropic', 'gemini', 'openrouter'] as const satisfies ClientDialect[];
const dialects: readonly (ClientDialect | 'admin')[] = [...clientDialects, 'admin'];

// ---- how each code is provoked

type Provoke = (dialect: ClientDialect) => Promise<Produced>;

const admin = (method: string, path: string, body?: string, credential: string = masterKey, headers = {}) =>
  produced(
    fetch(odd.gateway.url + path, {
      method,
      headers: { authorization: `Bearer ${credential}`, ...headers },
      ...(body === undefined ? {} : { body }),
    }),
  );
const wrongKey = 'ovth_live_wrong';
async function revokedKey(): Promise<string> {
  const { body } = await odd.gateway.admin('POST', '/admin/keys', { label: 'gone' });
  await odd.gateway.admin('DELETE', `/admin/keys/${body.id}`);
  return body.key as string;
}
const expiredKey = () => odd.gateway.mint({ label: 'old', expires_at: '2020-01-01T00:00:00Z' });
// Gateways that are open to some names and addresses only.
let hosted: Promise<Scene> | undefined;
let elsewhere: Promise<Scene> | undefined;
const nested = `[${'['.repeat(20)}${']'.repeat(20)}]`;
const status =
  (code: number, error: object = { message: 'No.' }): Provoke =>
  (dialect) =>
    odd.askForeign(dialect, { status: code, body: JSON.stringify({ type: 'error', error }) });

// Another process holds the ledger for longer than the gateway waits for its turn: once, for all dialects together.
let locked: Promise<Record<ClientDialect, Produced>> | undefined;
function whileLocked(): Promise<Record<ClientDialect, Produced>> {
  locked ??= (async () => {
    const roomy = await startErrorScene({ in_flight: 9, in_flight_per_key: 9, body_ms: 60_000, headers_ms: 60_000 });
    const other = new DatabaseSync(join(roomy.gateway.dataPath, 'ledger.db'));
    other.exec('begin immediate');
    const answers = await Promise.all(clientDialects.map((dialect) => roomy.ask(dialect, 'own/m')));
    other.exec('rollback');
    other.close();
    await roomy.close();
    return Object.fromEntries(clientDialects.map((dialect, i) => [dialect, answers[i]!])) as Record<
      ClientDialect,
      Produced
    >;
  })();
  return locked;
}

const unknownPaths: Record<ClientDialect | 'admin', string> = {
  openai: '/v1/nothing',
  responses: '/v2/responses',
  anthropic: '/anthropic/v1/nothing',
  gemini: '/v1beta/nothing',
  openrouter: '/api/v1/nothing',
  admin: '/admin/nothing',
};
const pathsOfOtherMethod: Record<ClientDialect, string> = {
  openai: chat,
  responses: '/v1/responses',
  anthropic: '/anthropic/v1/messages',
  gemini: '/v1beta/models',
  openrouter: '/api/v1/chat/completions',
};
const unbuiltPaths: Record<ClientDialect, [method: string, path: string]> = {
  openai: ['POST', '/v1/images/generations'],
  responses: ['POST', '/v1/files'],
  anthropic: ['POST', '/anthropic/v1/messages/batches'],
  gemini: ['POST', '/v1beta/cachedContents'],
  openrouter: ['GET', '/api/v1/credits'],
};
// A field that the other wire has no place for.
const untranslatable: Record<ClientDialect, [route: string, fields: object]> = {
  openai: ['strict-claudish', { logit_bias: { '1': 2 } }],
  openrouter: ['strict-claudish', { logit_bias: { '1': 2 } }],
  responses: ['strict-claudish', { truncation: 'auto' }],
  anthropic: ['strict', { top_k: 3 }],
  gemini: ['strict', { generationConfig: { topK: 3 } }],
};

type AdminCode = 'master_key_needed' | 'scope_needed' | 'admin_elsewhere' | 'idempotency_key_reused';
const inference: Record<Exclude<ErrorCode, AdminCode>, Provoke> = {
  no_credential: (dialect) => odd.ask(dialect, 'own/m', {}, { credential: null }),
  invalid_key: (dialect) => odd.ask(dialect, 'own/m', {}, { credential: wrongKey }),
  revoked_key: async (dialect) => odd.ask(dialect, 'own/m', {}, { credential: await revokedKey() }),
  expired_key: async (dialect) => odd.ask(dialect, 'own/m', {}, { credential: await expiredKey() }),
  too_many_wrong_keys: async (dialect) => {
    const credential = wrongKey;
    // Addresses of proxies that are trusted are as good as connections: this one is used up.
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    for (let i = 0; i < 30; i++) await odd.ask('openai', 'own/m', {}, { credential, headers });
    return odd.ask(dialect, 'own/m', {}, { credential, headers });
  },
  unknown_host: async (dialect) => {
    hosted ??= startScene('http: {hosts: [gateway.example]}\n');
    const { path } = requestOf(dialect, 'own/m');
    const { hostname, port } = new URL((await hosted).gateway.url);
    return askRaw(
      `http://${hostname}:${port}`,
      `POST ${path} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
    );
  },
  master_key_refused: (dialect) => odd.ask(dialect, 'own/m', {}, { credential: masterKey }),
  not_found: (dialect) => produced(fetch(odd.gateway.url + unknownPaths[dialect])),
  method_not_allowed: (dialect) => produced(fetch(odd.gateway.url + pathsOfOtherMethod[dialect], { method: 'PUT' })),
  unknown_origin: (dialect) => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    return produced(fetch(odd.gateway.url + requestOf(dialect, 'own/m').path, { method: 'OPTIONS', headers }));
  },
  upgrade_required: () =>
    askRaw(
      odd.gateway.url,
      'GET /v1/responses HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    ),
  not_built: (dialect) => {
    const [method, path] = unbuiltPaths[dialect];
    return produced(fetch(odd.gateway.url + path, { method, ...(method === 'POST' ? { body: '{}' } : {}) }));
  },
  bad_request: (dialect) => odd.ask(dialect, 'own/m', { messages: 5, input: 5, contents: 5, model: 5 }),
  bad_json: (dialect) => odd.ask(dialect, 'own/m', {}, { body: '{"model": "own/m", ' }),
  too_complex: (dialect) => {
    const list = `"messages":${nested},"input":${nested},"contents":${nested}`;
    return odd.ask(dialect, 'own/m', {}, { body: `{"model":"own/m","max_tokens":9,${list}}` });
  },
  body_too_large: (dialect) => odd.ask(dialect, 'own/m', { padding: 'x'.repeat(9_000) }),
  encoded_body: (dialect) => odd.ask(dialect, 'own/m', {}, { headers: { 'content-encoding': 'compress' } }),
  request_timeout: () =>
    askRaw(
      odd.gateway.url,
      `POST ${chat} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${odd.key}\r\ncontent-length: 100\r\n\r\n{`,
    ),
  headers_too_large: () =>
    askRaw(odd.gateway.url, `GET /livez HTTP/1.1\r\nhost: x\r\nx-long: ${'y'.repeat(40_000)}\r\n\r\n`),
  unknown_model: (dialect) => odd.ask(dialect, 'gtp-5.5'),
  no_capable_target: (dialect) => odd.ask(dialect, 'small', { padding: 'x'.repeat(6_000) }),
  cannot_translate: (dialect) => odd.ask(dialect, ...untranslatable[dialect]),
  cannot_thread: (dialect) => odd.ask(dialect, 'own/m', { thread: { type: 'create' } }),
  prompt_too_long: status(400, {
    type: 'invalid_request_error',
    message: 'prompt is too long: 250000 tokens > 200000 maximum',
  }),
  over_quota: async (dialect) => {
    const credential = await odd.gateway.mint({ label: 'poor', quota: { daily_tokens: 1 } });
    return odd.ask(dialect, 'own/m', {}, { credential });
  },
  over_rate: async (dialect) => {
    const credential = await odd.gateway.mint({ label: 'slow', rpm: 1 });
    await odd.ask('openai', 'own/m', {}, { credential });
    return odd.ask(dialect, 'own/m', {}, { credential });
  },
  larger_than_limit: async (dialect) => {
    const credential = await odd.gateway.mint({ label: 'small', tpm: 1 });
    return odd.ask(dialect, 'own/m', {}, { credential });
  },
  not_allowed: async (dialect) => {
    const credential = await odd.gateway.mint({ label: 'intern', routes: ['auto'] });
    return odd.ask(dialect, 'own/m', {}, { credential });
  },
  too_many_of_key: (dialect) => odd.whileHeld([odd.key, odd.key], () => odd.ask(dialect, 'own/m')),
  overloaded: async (dialect) => {
    const other = await odd.gateway.mint();
    return odd.whileHeld([odd.key, odd.key, other], () => odd.ask(dialect, 'own/m', {}, { credential: other }));
  },
  // What a gateway that stops could not end in its time.
  draining: async (dialect) => {
    const ending = await startErrorScene({ drain_ms: 1 });
    ending.fake.answer = () => undefined;
    const answer = ending.ask(dialect, 'own/m');
    await ending.fake.arrived(1);
    await ending.close();
    return answer;
  },
  storage_failed: async (dialect) => (await whileLocked())[dialect],
  // No request is known to provoke it: a part of ours is broken from inside.
  internal: async (dialect) => {
    const broken = jest.spyOn(odd.gateway.running.config.routes, 'get').mockImplementation(() => {
      throw new Error('a fault of ours');
    });
    const answer = await odd.ask(dialect, 'own/m');
    broken.mockRestore();
    return answer;
  },
  provider_absent: (dialect) => odd.ask(dialect, 'claude-opus-4.7'),
  upstream_unreachable: (dialect) => odd.ask(dialect, 'dead/m'),
  upstream_timeout: (dialect) => odd.askForeign(dialect, () => undefined),
  upstream_error: status(500),
  upstream_overloaded: status(503),
  upstream_rate_limited: status(429),
  upstream_allowance: status(402, {
    message:
      'This request requires more credits, or fewer max_tokens. You requested up to 65536 tokens, but can only afford 3395.',
  }),
  upstream_forbidden: status(403),
  upstream_credential: status(401),
  upstream_garbage: (dialect) => odd.askForeign(dialect, { body: '<html>', headers: { 'content-type': 'text/html' } }),
  upstream_died: (dialect) =>
    odd.askForeign(dialect, (_call, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      response.write('{"id":');
      setImmediate(() => response.destroy());
    }),
};

const administration: Partial<Record<ErrorCode, () => Promise<Produced>>> = {
  no_credential: () => produced(fetch(`${odd.gateway.url}/admin/keys`)),
  invalid_key: () => admin('GET', '/admin/keys', undefined, wrongKey),
  revoked_key: async () => admin('GET', '/admin/keys', undefined, await revokedKey()),
  expired_key: async () => admin('GET', '/admin/keys', undefined, await expiredKey()),
  admin_elsewhere: async () => {
    elsewhere ??= startScene('http: {admin_cidrs: [203.0.113.0/24]}\n');
    return produced(
      fetch(`${(await elsewhere).gateway.url}/admin/keys`, { headers: { authorization: `Bearer ${masterKey}` } }),
    );
  },
  master_key_needed: () => admin('GET', '/admin/keys', undefined, odd.key),
  scope_needed: async () => {
    const { body } = await odd.gateway.admin('POST', '/admin/credentials', { label: 'reader', scopes: ['read'] });
    return admin('POST', '/admin/keys', '{"label":"x"}', body.credential as string);
  },
  not_found: () => admin('GET', '/admin/keys/nobody'),
  bad_request: () => admin('POST', '/admin/keys', '{"label":5}'),
  bad_json: () => admin('POST', '/admin/keys', '{"label":'),
  idempotency_key_reused: async () => {
    const { body } = await odd.gateway.admin('POST', '/admin/keys', { label: 'app' });
    const change = (note: string) =>
      admin('PATCH', `/admin/keys/${body.id}`, JSON.stringify({ note }), masterKey, { 'idempotency-key': 'i1' });
    await change('one');
    return change('two');
  },
  body_too_large: () => admin('POST', '/admin/keys', JSON.stringify({ label: 'x'.repeat(70_000) })),
  encoded_body: () => admin('POST', '/admin/keys', '{}', masterKey, { 'content-encoding': 'compress' }),
  unknown_origin: () => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    return produced(fetch(`${odd.gateway.url}/admin/keys`, { method: 'OPTIONS', headers }));
  },
};

/** Codes that a dialect cannot meet, and why. Every other pair is tested. */
const onlyIn: Partial<Record<ErrorCode, { dialects: readonly (ClientDialect | 'admin')[]; why: string }>> = {
  master_key_needed: { dialects: ['admin'], why: 'only the administration takes the master key' },
  scope_needed: { dialects: ['admin'], why: 'only the administration takes credentials with scopes' },
  idempotency_key_reused: { dialects: ['admin'], why: 'only acts of the administration are known again' },
  admin_elsewhere: { dialects: ['admin'], why: 'only the administration is kept to addresses' },
  upgrade_required: { dialects: ['responses'], why: 'only Codex looks for a WebSocket' },
  cannot_thread: { dialects: ['anthropic'], why: 'only Anthropic has threads' },
  request_timeout: { dialects: ['openai'], why: 'nothing is known of a request that did not arrive' },
  headers_too_large: { dialects: ['openai'], why: 'nothing is known of a request whose headers were not read' },
};

// ---- what every failure looks like

const openaiCodes: Partial<Record<ErrorCode, string>> = {
  no_credential: 'invalid_api_key',
  invalid_key: 'invalid_api_key',
  revoked_key: 'invalid_api_key',
  expired_key: 'invalid_api_key',
  too_many_wrong_keys: 'rate_limit_exceeded',
  unknown_model: 'model_not_found',
  over_quota: 'insufficient_quota',
  over_rate: 'rate_limit_exceeded',
  too_many_of_key: 'rate_limit_exceeded',
  upstream_rate_limited: 'rate_limit_exceeded',
  prompt_too_long: 'context_length_exceeded',
};

/** Codes of connections: written to the socket by hand, without the headers of an answer. */
const ofConnections: readonly ErrorCode[] = ['request_timeout', 'headers_too_large'];

function expectedBody(code: ErrorCode, dialect: Dialect, requestId: string | null): object {
  const row = errorTable[code];
  const words = errorKinds[row.kind];
  const message = expect.stringMatching(/\w/) as string;
  const name = openaiCodes[code] ?? code;
  switch (dialect) {
    case 'anthropic':
      return { type: 'error', error: { type: words.anthropic, message }, request_id: requestId };
    case 'gemini':
      return { error: { code: row.status, message, status: words.gemini } };
    case 'openrouter':
      return { error: { code: row.status, message, metadata: { error_type: name } } };
    default:
      return { error: { message, type: words.openai, code: name } };
  }
}

const pairs = (Object.keys(errorTable) as ErrorCode[]).flatMap((code) =>
  (onlyIn[code]?.dialects ?? dialects).map((dialect): [ErrorCode, ClientDialect | 'admin'] => [code, dialect]),
);
const provokable = (code: ErrorCode, dialect: ClientDialect | 'admin') =>
  dialect !== 'admin' || administration[code] !== undefined;

test.each(pairs.filter((pair) => provokable(...pair)))(
  '%s in the dialect %s [B9 B10 D1 D2 D4]',
  async (code, dialect) => {
    const answer = await (dialect === 'admin'
      ? administration[code]!()
      : inference[code as keyof typeof inference](dialect));
    const { status, headers, text } = answer;
    expect([status, text]).toEqual([errorTable[code].status, expect.any(String)]);
    expect(headers.get('content-type')).toContain('application/json');
    expect(JSON.parse(text)).toMatchObject(expectedBody(code, dialect, headers.get('x-request-id')));
    if (ofConnections.includes(code)) expect(headers.get('connection')).toBe('close');
    else expect(headers.get('x-should-retry')).toBe(String(errorTable[code].retryable));
  },
  90_000,
);

test('the administration has no other failures than these', () => {
  // Those of the way to a provider, of quotas and of places, which it does not take; of the rest, each with its reason.
  const others = pairs.filter(([code, dialect]) => !provokable(code, dialect)).map(([code]) => code);
  expect(others.filter((code) => !/^(upstream|provider)_|_model$|quota|_target$|^cannot_|^prompt_/.test(code))).toEqual(
    [
      'too_many_wrong_keys',
      'master_key_refused',
      'method_not_allowed',
      'unknown_host',
      'not_built',
      'too_complex',
      'not_allowed',
      'larger_than_limit',
      'over_rate',
      'too_many_of_key',
      'overloaded',
      'draining',
      'storage_failed',
      'internal',
    ],
  );
});

test('a thread is refused in words by which Anthropic’s tool runners go on without', async () => {
  expect((await inference.cannot_thread('anthropic')).text).toContain('"error_code":"thread_unsupported_request"');
});

test('a secret of the request never comes back in an error or a log line [A6]', async () => {
  const canary = 'ovth_live_canarycanarycanarycanarycanarycanarycana';
  const answer = await scene.post(chat, canary, hi);
  expect(await answer.text()).not.toContain('canary');
  expect(JSON.stringify(scene.gateway.lines)).not.toContain('canary');
  expect(JSON.stringify(scene.gateway.lines)).not.toContain(scene.simulators.openai.key);
});

describe('the dialects', () => {
  const error = new GatewayError('over_quota', { message: 'Used up.' });
  test('each has its own shape', () => {
    expect(JSON.parse(errorBody('openai', error, 'r'))).toEqual({
      error: { message: 'Used up.', type: 'insufficient_quota', param: null, code: 'insufficient_quota' },
    });
    expect(JSON.parse(errorBody('anthropic', error, 'r'))).toEqual({
      type: 'error',
      error: { type: 'billing_error', message: 'Used up.' },
      request_id: 'r',
    });
    expect(JSON.parse(errorBody('gemini', error, 'r'))).toEqual({
      error: { code: 429, message: 'Used up.', status: 'RESOURCE_EXHAUSTED' },
    });
    expect(JSON.parse(errorBody('openrouter', error, 'r'))).toEqual({
      error: { code: 429, message: 'Used up.', metadata: { error_type: 'insufficient_quota' } },
    });
  });
  test('a stream ends with an error event and no clean end', () => {
    expect(streamError('anthropic', error, 'r')).toMatch(/^event: error\ndata: \{"type":"error".*\}\n\n$/);
    expect(streamError('openai', error, 'r')).toMatch(/^data: \{"error".*\}\n\n$/);
    expect(streamError('responses', error, 'r')).toMatch(/^event: error\ndata: \{"type":"error".*\}\n\n$/);
  });
});
