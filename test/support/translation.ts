// A gateway before one upstream that stands for all three providers, whose every byte a test decides; and what is sent to
// it and read from it in every format.

import { startFakeUpstream, type FakeUpstream } from './fakeUpstream';
import { startTestGateway, type TestGateway } from './gateway';

export type Fields = Record<string, unknown>;
export type Kind = 'chat' | 'responses' | 'messages' | 'generate';

/** What a test of translations works with. Filled before the first test of its file. */
export interface TranslationScene {
  readonly fake: FakeUpstream;
  readonly gateway: TestGateway;
  key: string;
  /** A request in a format. */
  readonly ask: (
    kind: Kind,
    model: string,
    stream: boolean,
    more?: Fields,
    headers?: Record<string, string>,
  ) => Promise<Response>;
  /** The n-th body that the upstream was sent. */
  readonly sent: (n?: number) => Fields;
}

/** Starts gateway and upstream before a file's tests, and ends them after; forgets the calls before each. */
export function useTranslationScene(): TranslationScene {
  const scene: { fake?: FakeUpstream; gateway?: TestGateway; key: string } = { key: '' };
  beforeAll(async () => {
    const fake = (scene.fake = await startFakeUpstream());
    scene.gateway = await startTestGateway({ config: configFor(fake.url) });
    scene.key = await scene.gateway.mint();
  });
  afterAll(async () => {
    await scene.gateway?.close();
    await scene.fake?.close();
  });
  beforeEach(() => {
    scene.fake!.calls.length = 0;
  });
  return {
    get fake() {
      return scene.fake!;
    },
    get gateway() {
      return scene.gateway!;
    },
    get key() {
      return scene.key;
    },
    set key(next) {
      scene.key = next;
    },
    ask: (kind, model, stream, more = {}, headers = {}) =>
      fetch(scene.gateway!.url + paths(model, stream)[kind], {
        method: 'POST',
        headers: { authorization: `Bearer ${scene.key}`, 'content-type': 'application/json', ...headers },
        body: JSON.stringify(bodies(model, stream, more)[kind]),
      }),
    sent: (n = 0) => JSON.parse(scene.fake!.calls[n]?.body.toString() ?? '{}') as Fields,
  };
}

/** The path of a request in each format. */
export const paths = (model: string, stream: boolean): Record<Kind, string> => ({
  chat: '/v1/chat/completions',
  responses: '/v1/responses',
  messages: '/v1/messages',
  generate: `/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
});
/** The smallest request in each format. */
export const bodies = (model: string, stream: boolean, more: Fields = {}): Record<Kind, Fields> => ({
  chat: { model, stream, messages: [{ role: 'user', content: 'hi' }], ...more },
  responses: { model, stream, input: 'hi', ...more },
  messages: { model, stream, max_tokens: 4_000, messages: [{ role: 'user', content: 'hi' }], ...more },
  generate: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }], ...more },
});
/** Events as a provider streams them. */
export const events = (...list: unknown[]) => list.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
export const sse = { 'content-type': 'text/event-stream' };

/** An answer of Gemini, or one event of its stream. */
export const geminiText = (text: string, more: Fields = {}) => ({
  candidates: [{ content: { role: 'model', parts: [{ text }] }, index: 0, ...more }],
  usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 2, totalTokenCount: 7 },
  modelVersion: 'gemini-3.5-flash',
  responseId: 'r1',
});
/** An answer of Claude. */
export const claude = (content: unknown[], more: Fields = {}) => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-opus-4-7',
  content,
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 5, output_tokens: 2 },
  ...more,
});

/** Reads a stream until it holds a text. */
export async function until(answer: Response, text: string): Promise<string> {
  let got = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    got += decoder.decode(chunk, { stream: true });
    if (got.includes(text)) return got;
  }
  return got;
}

// ---

const configFor = (url: string) => `
routes:
  strict: {models: [gemini-3.5-flash], strict: true}
  claudes: {models: [claude-opus-4.7, claude-sonnet-4.6]}
  mixed: {models: [claude-opus-4.7, gemini-3.5-flash, gpt-4.1], strict: true}
providers:
  openai: {base_url: "${url}/v1"}
  anthropic: {base_url: "${url}"}
  google: {base_url: "${url}"}
limits: {keep_alive_ms: 100}
`;
