// Paths that clients make of a base URL: served where what is meant is plain, else refused with the base URL they need; and
// APIs that are not served, which say so.

import { unservedPaths } from '../../gateway/src/http/unserved';
import { askRaw, produced } from '../support/errorScene';
import { anthropicCurl } from '../support/guide';
import { say, type Scene, startScene } from '../support/sim';

let scene: Scene;
let key: string;
beforeAll(async () => {
  scene = await startScene();
  key = await scene.gateway.mint();
});
afterAll(() => scene.close());

const chat = { model: 'gpt-5.5', messages: say('hi') };
const responses = { model: 'gpt-5.5', input: 'hi' };
const embeddings = { model: 'text-embedding-3-small', input: 'hi' };
const count = { model: anthropicCurl.model, messages: say('hi') };
const generate = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };
const gemini = 'models/gemini-3.5-flash:generateContent';

describe('a base URL without its version, with it twice, or with a whole endpoint', () => {
  test.each([
    ['/chat/completions', chat],
    ['/v1/chat/completions/chat/completions', chat],
    ['/v1/chat/completions/v1/chat/completions', chat],
    ['/chat/completions/chat/completions/', chat],
    ['/v1/v1/v1/chat/completions', chat],
    ['/api/chat/completions', chat],
    ['/api/v1/chat/completions/chat/completions', chat],
    ['/api/v1/cursor/chat/completions', chat],
    ['/responses', responses],
    ['/v1/responses/responses', responses],
    ['/v1/chat/completions/responses', responses],
    ['/api/responses', responses],
    ['/embeddings', embeddings],
    ['/v1/embeddings/v1/embeddings', embeddings],
    ['/messages', anthropicCurl],
    ['/v1/messages/v1/messages', anthropicCurl],
    ['/anthropic/messages', anthropicCurl],
    ['/anthropic/messages?beta=true', anthropicCurl],
    ['/anthropic/v1/messages/v1/messages?beta=true', anthropicCurl],
    ['/anthropic/v1/messages/messages', anthropicCurl],
    ['/api/messages', anthropicCurl],
    ['/messages/count_tokens', count],
    ['/anthropic/messages/count_tokens', count],
    [`/${gemini}`, generate],
    [`/v1/v1beta/${gemini}`, generate],
    [`/v1beta/v1beta/${gemini}`, generate],
    [`/v1beta/v1/${gemini}`, generate],
  ])('POST %s is served', async (path, body) => {
    const { status, text } = await produced(scene.post(path, key, body));
    expect([status, text]).toEqual([200, expect.any(String)]);
  });

  test.each([
    ['/models', 'object', 'list'],
    ['/v1/chat/completions/models', 'object', 'list'],
    ['/anthropic/models', 'object', 'list'],
    ['/api/models', 'object', 'list'],
    ['/models/gpt-5.5', 'object', 'model'],
    ['/anthropic/models/claude-opus-4-7', 'type', 'model'],
    ['/v1/v1beta/models/gemini-3.5-flash', 'name', 'models/gemini-3.5-flash'],
  ])('GET %s is served', async (path, field, value) => {
    const answer = await fetch(scene.gateway.url + path);
    expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ [field]: value })]);
  });

  // What is meant is not plain: the client of one API was given the base URL of another.
  test.each([
    ['/anthropic/v1/chat/completions', 'https://HOST/v1.', 'OpenAI'],
    ['/openai/v1/chat/completions', 'https://HOST/v1.', 'OpenAI'],
    ['/v2/responses', 'https://HOST/v1.', 'OpenAI'],
    ['/openai/embeddings', 'https://HOST/v1.', 'OpenAI'],
    ['/claude/v1/messages', 'https://HOST/anthropic.', 'Anthropic'],
    ['/v1/claude/messages', 'https://HOST/anthropic.', 'Anthropic'],
    ['/google/v1beta/models/gemini-3.5-flash:generateContent', 'https://HOST (without a path).', 'Gemini'],
    ['/v1beta/openai/chat/completions', 'https://HOST/v1.', 'OpenAI'],
    ['/v1beta/later', '…/later', 'Gemini'],
    ['/nothing', 'https://HOST/anthropic for Anthropic', 'OpenRouter'],
  ])('POST %s is a 404 that names %s', async (path, base, api) => {
    const { status, text } = await produced(scene.post(path, key, chat));
    expect(status).toBe(404);
    expect(text).toContain(base);
    expect(text).toContain(api);
  });

  test('the administration has its own path only', async () => {
    for (const path of ['/v1/admin/keys', '/api/admin/keys', '/anthropic/admin/keys', '/admin/v1/keys'])
      expect((await fetch(scene.gateway.url + path)).status).toBe(404);
  });

  test('a very long path costs nothing and is nothing', async () => {
    const path = `/v1${'/chat/completions'.repeat(1_000)}`;
    expect((await scene.post(path, key, chat)).status).toBe(404);
  });
});

describe('what is not served says so, without a credential', () => {
  const shapes: Record<string, (text: string) => unknown> = {
    openai: (message) => ({ error: { message, type: 'invalid_request_error', param: null, code: 'not_built' } }),
    anthropic: (message) => ({
      type: 'error',
      error: { type: 'invalid_request_error', message },
      request_id: expect.any(String),
    }),
    gemini: (message) => ({ error: { code: 501, message, status: 'UNIMPLEMENTED' } }),
    openrouter: (message) => ({ error: { code: 501, message, metadata: { error_type: 'not_built' } } }),
    ollama: (message) => ({ error: message }),
  };
  test.each(unservedPaths.map(({ path, dialect, what }) => [path, dialect, what]))(
    '%s, to a client of %s: %s',
    async (path, dialect, what) => {
      for (const method of ['GET', 'POST', 'DELETE']) {
        const answer = await fetch(scene.gateway.url + path.replace('*', 'some-id'), {
          method,
          ...(method === 'POST' ? { body: '{}' } : {}),
        });
        const message = expect.stringContaining(`serves no ${what}`) as unknown as string;
        expect([answer.status, await answer.json()]).toEqual([501, shapes[dialect]!(message)]);
      }
    },
  );

  test('also without its version', async () => {
    for (const path of ['/images/generations', '/audio/speech', '/rerank', '/v1/v1/moderations', '/files'])
      expect((await scene.post(path, key, {})).status).toBe(501);
  });

  test.each([
    ['/upload/v1alpha/files', 'gemini'],
    ['/upload/v1/files', 'gemini'],
    ['/api/v1/responses/resp_1', 'openrouter'],
    ['/api/responses/resp_1', 'openrouter'],
    ['/v1alpha/files/f-1', 'gemini'],
    ['/v1/responses/resp_1', 'openai'],
    ['/responses/resp_1/input_items', 'openai'],
    ['/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent', 'gemini'],
  ])('%s, by the path that was asked and without its query', async (path, dialect) => {
    const { status, text } = await produced(scene.post(`${path}?key=a-secret&alt=sse`, key, {}));
    const message = expect.stringMatching(new RegExp(`there is nothing at POST ${path}\\.`)) as unknown as string;
    expect([status, JSON.parse(text)]).toEqual([501, shapes[dialect]!(message)]);
    expect(text).not.toContain('secret');
  });

  test('a long one by its beginning', async () => {
    const { status, text } = await produced(scene.post(`/v1/files/${'x'.repeat(5_000)}`, key, {}));
    expect([status, text]).toEqual([501, expect.stringContaining(`/v1/files/${'x'.repeat(190)}.`)]);
  });

  test('embeddings by Google’s own method name the path that makes them', async () => {
    const { status, text } = await produced(scene.post('/v1beta/models/gemini-embedding-001:embedContent', key, {}));
    expect([status, text]).toEqual([501, expect.stringContaining('/v1/embeddings')]);
  });
});

test.each(['/v1alpha', '/v1', '/v1beta/v1alpha', ''])('%s is a version of Gemini’s API, or none', async (version) => {
  const path = `${version}/models/gemini-3.5-flash:generateContent`;
  expect((await scene.post(path, key, { contents: [{ parts: [{ text: 'hi' }] }] })).status).toBe(200);
});

describe('a WebSocket on /v1/responses', () => {
  const probe = (method: string, path: string, more = '') =>
    askRaw(
      scene.gateway.url,
      `${method} ${path} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n${more}\r\n`,
    );
  test.each(['/v1/responses', '/responses', '/api/v1/responses', '/v1/responses?x=1'])(
    '%s is refused at once, with the status that clients understand',
    async (path) => {
      const { status, headers, text } = await probe(
        'GET',
        path,
        'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
      );
      expect([status, headers.get('connection')]).toEqual([426, 'close']);
      expect(JSON.parse(text)).toMatchObject({ error: { code: 'upgrade_required' } });
    },
  );

  test('a GET that asks for none is still the wrong method', async () => {
    const answer = await fetch(`${scene.gateway.url}/v1/responses`);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  });

  // Java's HttpClient offers HTTP/2 with every request over plain HTTP; who cannot goes on without (RFC 9110 section 7.8).
  test('another protocol that is offered is no reason to refuse', async () => {
    const body = JSON.stringify(responses);
    const { status } = await askRaw(
      scene.gateway.url,
      `POST /v1/responses HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\ncontent-length: ${body.length}\r\n\r\n${body}`.replace(
        'connection: Upgrade',
        'connection: close, Upgrade',
      ),
    );
    expect(status).toBe(200);
  });
});
