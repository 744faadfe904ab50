// Every row of the error table, produced once through a running gateway, in the dialect of whoever called.

import { connect } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { errorBody, streamError } from '../../gateway/src/core/errorBody';
import { type ErrorCode, errorTable, GatewayError } from '../../gateway/src/core/errors';
import { openConcurrency } from '../../gateway/src/http/concurrency';
import { startFakeUpstream, type FakeUpstream } from '../support/fakeUpstream';
import { masterKey, startTestGateway, type TestGateway } from '../support/gateway';
import { say, type Scene, startScene } from '../support/sim';

const chat = '/v1/chat/completions';
const hi = { model: 'gpt-5.5', messages: say('hi') };

let scene: Scene;
let key: string;
let fake: FakeUpstream;
let odd: TestGateway; // in front of the fake upstream, with tight limits
let oddKey: string;

beforeAll(async () => {
  scene = await startScene(`routes:
  strict: {models: [gemini-3.5-flash], strict: true}
`);
  key = await scene.gateway.mint();
  fake = await startFakeUpstream();
  odd = await startTestGateway({
    config: `
routes: {small: {models: [own/m]}}
providers:
  own: {base_url: "${fake.url}/v1", wire: openai, models: {m: {context: 1000, max_output: 100, input: 1, output: 2, capabilities: []}}}
  dead: {base_url: "http://127.0.0.1:9", wire: openai}
  claudish: {base_url: "${fake.url}", wire: anthropic}
limits: {body_bytes: 4096, in_flight: 3, in_flight_per_key: 2, first_byte_ms: 1000, body_ms: 1000, headers_ms: 1000, json_depth: 8}
`,
    keys: { OPENAI_API_KEY: 'sk-x' },
  });
  oddKey = await odd.mint();
});
afterAll(async () => {
  await scene.close();
  await odd.close();
  await fake.close();
});

const oddPost = (body: object | string, credential = oddKey, headers: Record<string, string> = {}) =>
  fetch(odd.url + chat, {
    method: 'POST',
    headers: { authorization: `Bearer ${credential}`, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const ownHi = { model: 'own/m', messages: say('hi') };

/** Raw bytes to the gateway, and all that comes back until it closes. */
function raw(url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text));
    let got = '';
    socket.on('data', (part) => (got += part.toString()));
    socket.on('close', () => resolve(got));
    socket.on('error', reject);
  });
}

async function statusAndBody(answer: Response | Promise<Response>) {
  const got = await answer;
  return { status: got.status, text: await got.text() };
}

const rawAnswer = async (url: string, text: string) => {
  const got = await raw(url, text);
  return { status: Number(got.split(' ')[1]), text: got };
};

type Produced = { status: number; text: string };
const thrown = (work: () => void): Produced => {
  try {
    work();
  } catch (error) {
    if (error instanceof GatewayError) return { status: error.status, text: errorBody('openai', error, 'r') };
  }
  throw new Error('nothing was thrown');
};

/** Fills the places of a key, or of the whole gateway, with requests that the upstream holds. */
async function whileHeld(keys: string[], work: () => Promise<Produced>): Promise<Produced> {
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  fake.calls.length = 0;
  fake.answer = async (_call, response) => {
    await gate;
    response.end('{}');
  };
  const held = keys.map((one) => oddPost(ownHi, one).then((answer) => answer.text()));
  await fake.arrived(keys.length);
  try {
    return await work();
  } finally {
    release();
    await Promise.all(held);
  }
}

const cases: Record<ErrorCode, () => Promise<Produced> | Produced> = {
  no_credential: () => statusAndBody(fetch(scene.gateway.url + chat, { method: 'POST', body: '{}' })),
  invalid_key: () => statusAndBody(scene.post(chat, 'ovth_live_wrong', hi)),
  revoked_key: async () => {
    const { body } = await scene.gateway.admin('POST', '/admin/keys', { label: 'gone' });
    await scene.gateway.admin('DELETE', `/admin/keys/${body.id}`);
    return statusAndBody(scene.post(chat, body.key as string, hi));
  },
  master_key_refused: () => statusAndBody(scene.post(chat, masterKey, hi)),
  master_key_needed: () => statusAndBody(fetch(`${scene.gateway.url}/admin/keys`, { headers: { 'x-api-key': key } })),
  not_found: () => statusAndBody(fetch(`${scene.gateway.url}/v1/nothing`)),
  method_not_allowed: () => statusAndBody(fetch(scene.gateway.url + chat)),
  not_built: () => statusAndBody(scene.post('/v1/completions', key, { model: 'gpt-5.5', prompt: 'x' })),
  bad_request: () => statusAndBody(scene.post(chat, key, { messages: say('hi') })),
  bad_json: () => statusAndBody(scene.post(chat, key, '{"model": "gpt-5.5", ')),
  too_complex: () => statusAndBody(oddPost(`{"model":"own/m","messages":${'['.repeat(20)}${']'.repeat(20)}}`)),
  body_too_large: () => statusAndBody(oddPost({ ...ownHi, padding: 'x'.repeat(5_000) })),
  encoded_body: () => statusAndBody(oddPost(ownHi, oddKey, { 'content-encoding': 'gzip' })),
  request_timeout: () =>
    rawAnswer(
      odd.url,
      `POST ${chat} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${oddKey}\r\ncontent-length: 100\r\n\r\n{`,
    ),
  headers_too_large: () =>
    rawAnswer(scene.gateway.url, `GET /livez HTTP/1.1\r\nhost: x\r\nx-long: ${'y'.repeat(40_000)}\r\n\r\n`),
  unknown_model: () => statusAndBody(scene.post(chat, key, { ...hi, model: 'gtp-5.5' })),
  no_capable_target: () =>
    statusAndBody(
      oddPost({ ...ownHi, model: 'small', tools: [{ type: 'function', function: { name: 'f', parameters: {} } }] }),
    ),
  prompt_too_long: () => {
    const told = {
      error: { type: 'invalid_request_error', message: 'prompt is too long: 250000 tokens > 200000 maximum' },
    };
    fake.answer = (_call, response) => {
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ type: 'error', ...told }));
      return Promise.resolve();
    };
    return statusAndBody(oddPost({ ...ownHi, model: 'claudish/m' }));
  },
  cannot_translate: () => statusAndBody(scene.post(chat, key, { ...hi, model: 'strict', logit_bias: { '1': 2 } })),
  cannot_thread: () =>
    statusAndBody(scene.post('/anthropic/v1/messages', key, { ...hi, max_tokens: 9, thread: { type: 'create' } })),
  over_quota: async () =>
    statusAndBody(scene.post(chat, await scene.gateway.mint({ label: 'q', quota: { daily_tokens: 1 } }), hi)),
  too_many_of_key: () => whileHeld([oddKey, oddKey], () => statusAndBody(oddPost(ownHi))),
  overloaded: async () => {
    const other = await odd.mint();
    return whileHeld([oddKey, oddKey, other], () => statusAndBody(oddPost(ownHi, other)));
  },
  draining: () =>
    thrown(() => {
      const flight = openConcurrency();
      flight.draining = true;
      flight.acquire('k', { in_flight: 1, in_flight_per_key: 1 });
    }),
  storage_failed: async () => {
    const other = new DatabaseSync(join(scene.gateway.dataPath, 'ledger.db'));
    other.exec('begin immediate'); // longer than the gateway waits for its turn
    const answer = await statusAndBody(scene.post(chat, key, hi));
    other.exec('rollback');
    other.close();
    return answer;
  },
  internal: async () => {
    const { config } = odd.running;
    const broken = jest.spyOn(config.routes, 'get').mockImplementation(() => {
      throw new Error('a fault of ours');
    });
    const answer = await statusAndBody(oddPost(ownHi));
    broken.mockRestore();
    return answer;
  },
  provider_absent: () => statusAndBody(oddPost({ ...ownHi, model: 'claude-opus-4.7' })),
  upstream_unreachable: () => statusAndBody(oddPost({ ...ownHi, model: 'dead/m' })),
  upstream_timeout: () => {
    fake.answer = () => undefined;
    return statusAndBody(oddPost(ownHi));
  },
  upstream_error: () =>
    statusAndBody(scene.post(chat, key, { model: 'gemini-3.5-flash', messages: say('[[sim: status=500]] hi') })),
  upstream_overloaded: () =>
    statusAndBody(scene.post(chat, key, { model: 'claude-opus-4.7', messages: say('[[sim: status=529]] hi') })),
  upstream_rate_limited: () =>
    statusAndBody(scene.post(chat, key, { model: 'claude-opus-4.7', messages: say('[[sim: status=429]] hi') })),
  upstream_credential: () =>
    statusAndBody(scene.post(chat, key, { model: 'claude-opus-4.7', messages: say('[[sim: status=401]] hi') })),
  upstream_garbage: () => {
    fake.answer = { body: '<html>', headers: { 'content-type': 'text/html' } };
    return statusAndBody(oddPost(ownHi));
  },
  upstream_died: () => {
    fake.answer = (_call, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      response.write('{"id":');
      setImmediate(() => response.destroy());
    };
    return statusAndBody(oddPost(ownHi));
  },
};

test.each(Object.keys(cases) as ErrorCode[])(
  '%s',
  async (code) => {
    const { status, text } = await cases[code]();
    expect(status).toBe(errorTable[code].status);
    const aliases: Partial<Record<ErrorCode, string>> = {
      no_credential: 'invalid_api_key',
      invalid_key: 'invalid_api_key',
      revoked_key: 'invalid_api_key',
      unknown_model: 'model_not_found',
      over_quota: 'insufficient_quota',
      too_many_of_key: 'rate_limit_exceeded',
      upstream_rate_limited: 'rate_limit_exceeded',
      prompt_too_long: 'context_length_exceeded',
      cannot_thread: 'thread_unsupported_request',
    };
    expect(text).toContain(`code":"${aliases[code] ?? code}"`);
  },
  20_000,
);

test('a secret of the request never comes back in an error or a log line', async () => {
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
