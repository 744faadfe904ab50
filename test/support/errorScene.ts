// A gateway with tight limits before an upstream that answers what it is told to, and the same request in every dialect.

import { connect } from 'node:net';
import type { Dialect } from '../../gateway/src/core/errorBody';
import { type FakeUpstream, type Script, startFakeUpstream } from './fakeUpstream';
import { startTestGateway, type TestGateway } from './gateway';

/** The dialects of inference; `admin` has paths of its own, and of Ollama's API nothing is served. */
export type ClientDialect = Exclude<Dialect, 'admin' | 'ollama'>;

/** An answer as a test looks at it. */
export interface Produced {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface ErrorScene {
  readonly gateway: TestGateway;
  readonly fake: FakeUpstream;
  readonly key: string;
  /** A request of a dialect. @param credential the scene's key when absent, none when null */
  ask(dialect: ClientDialect, model: string, more?: object, options?: AskOptions): Promise<Produced>;
  /** The same, of a model on another wire than the dialect's, so that a refusal is translated. */
  askForeign(dialect: ClientDialect, script: Script): Promise<Produced>;
  /** Does something while the upstream holds one request of each key. */
  whileHeld(keys: readonly string[], work: () => Promise<Produced>): Promise<Produced>;
  close(): Promise<void>;
}

export interface AskOptions {
  readonly credential?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent instead of the JSON body. */
  readonly body?: string;
}

const hi = [{ role: 'user', content: 'hi' }];

/** The path and the smallest body of a dialect. */
export function requestOf(dialect: ClientDialect, model: string): { path: string; body: object } {
  switch (dialect) {
    case 'openai':
      return { path: '/v1/chat/completions', body: { model, messages: hi } };
    case 'openrouter':
      return { path: '/api/v1/chat/completions', body: { model, messages: hi } };
    case 'responses':
      return { path: '/v1/responses', body: { model, input: 'hi' } };
    case 'anthropic':
      return { path: '/anthropic/v1/messages', body: { model, max_tokens: 9, messages: hi } };
    case 'gemini':
      return {
        path: `/v1beta/models/${model}:generateContent`,
        body: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
      };
  }
}

/** A model whose wire is not the dialect's. */
export function foreignModel(dialect: ClientDialect): string {
  return dialect === 'openai' || dialect === 'openrouter' ? 'claudish/m' : 'own/m';
}

export async function produced(answer: Response | Promise<Response>): Promise<Produced> {
  const got = await answer;
  return { status: got.status, headers: got.headers, text: await got.text() };
}

/** Raw bytes to a server, and all that comes back until it closes, as an answer. */
export function askRaw(url: string, bytes: string): Promise<Produced> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes));
    let got = '';
    socket.on('data', (part) => (got += part.toString()));
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', text = ''] = got.split('\r\n\r\n');
      const [line = '', ...fields] = head.split('\r\n');
      const headers = new Headers(fields.map((field) => field.split(/: (.*)/s, 2) as [string, string]));
      resolve({ status: Number(line.split(' ')[1]), headers, text });
    });
  });
}

/** The scene's limits, tight enough to be crossed. */
const tight = {
  body_bytes: 8_192,
  in_flight: 3,
  in_flight_per_key: 2,
  first_byte_ms: 1_000,
  body_ms: 1_000,
  headers_ms: 1_000,
  json_depth: 8,
};

/** @param limits instead of some of the tight ones */
export async function startErrorScene(limits: Readonly<Record<string, number>> = {}): Promise<ErrorScene> {
  const fake = await startFakeUpstream();
  const gateway = await startTestGateway({
    config: `
routes:
  small: {models: [own/small]}
  strict: {models: [own/m], strict: true}
  strict-claudish: {models: [claudish/m], strict: true}
providers:
  own: {base_url: "${fake.url}/v1", wire: openai, models: {small: {context: 1000, max_output: 100, input: 1, output: 2, capabilities: []}}}
  dead: {base_url: "http://127.0.0.1:9", wire: openai}
  claudish: {base_url: "${fake.url}", wire: anthropic}
limits: ${JSON.stringify({ ...tight, ...limits })}
`,
    keys: { OPENAI_API_KEY: 'sk-x' },
  });
  const key = await gateway.mint();
  const ask: ErrorScene['ask'] = (dialect, model, more = {}, options = {}) => {
    const { path, body } = requestOf(dialect, model);
    const { credential = key, headers = {}, body: raw } = options;
    return produced(
      fetch(gateway.url + path, {
        method: 'POST',
        headers: { ...(credential === null ? {} : { authorization: `Bearer ${credential}` }), ...headers },
        body: raw ?? JSON.stringify({ ...body, ...more }),
      }),
    );
  };
  return {
    gateway,
    fake,
    key,
    ask,
    askForeign(dialect, script) {
      fake.answer = script;
      return ask(dialect, foreignModel(dialect));
    },
    async whileHeld(keys, work) {
      let release: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (release = resolve));
      fake.calls.length = 0;
      fake.answer = async (_call, response) => {
        await gate;
        response.end('{}');
      };
      const held = keys.map((one) => ask('openai', 'own/m', {}, { credential: one }));
      await fake.arrived(keys.length);
      try {
        return await work();
      } finally {
        release();
        await Promise.all(held);
      }
    },
    close: async () => {
      await gateway.close();
      await fake.close();
    },
  };
}
