// A gateway before two upstreams, A and B, each of which stands for a host of every wire: routes of both, and the same models
// by their own names.

import type { ServerResponse } from 'node:http';
import { type FakeCall, type FakeUpstream, startFakeUpstream } from './fakeUpstream';
import { startTestGateway, type TestGateway } from './gateway';
import { bodies, type Fields, type Kind, paths } from './translation';

/** The routes `to-<format>` have A's and then B's model of that format as targets; `<letter>-<format>/m` is one of them. */
export interface RouteScene {
  readonly gateway: TestGateway;
  readonly a: FakeUpstream;
  readonly b: FakeUpstream;
  readonly key: string;
  /** Milliseconds since 1970, as the gateway takes it to be. */
  now: number;
  readonly ask: (kind: Kind, model: string, stream: boolean, more?: Fields, key?: string) => Promise<Response>;
  /** The row of the last request, when it is in the ledger. */
  lastRow(): Promise<any>; // eslint-disable-line @typescript-eslint/no-explicit-any
}

export const formats = ['chat', 'responses', 'messages', 'generate'] as const satisfies Kind[];

/** The keys that the upstreams are called with. */
export const providerKeys = { A_KEY: 'sk-proj-a-1234567890abcdef', B_KEY: 'sk-proj-b-1234567890abcdef' };

/** Starts it before a file's tests, and forgets calls and failures before each. @param more of the configuration */
export function useRouteScene(more = ''): RouteScene {
  const scene: { gateway?: TestGateway; a?: FakeUpstream; b?: FakeUpstream; key: string; now: number } = {
    key: '',
    now: 0,
  };
  beforeAll(async () => {
    scene.a = await startFakeUpstream();
    scene.b = await startFakeUpstream();
  });
  beforeEach(async () => {
    scene.now = Date.UTC(2026, 10, 26, 12);
    scene.a!.calls.length = 0;
    scene.b!.calls.length = 0;
    scene.gateway = await startTestGateway({
      config: configFor(scene.a!.url, scene.b!.url) + more,
      keys: providerKeys,
      now: () => scene.now,
    });
    scene.key = await scene.gateway.mint();
  });
  afterEach(() => scene.gateway?.close());
  afterAll(async () => {
    await scene.a?.close();
    await scene.b?.close();
  });
  return {
    get gateway() {
      return scene.gateway!;
    },
    get a() {
      return scene.a!;
    },
    get b() {
      return scene.b!;
    },
    get key() {
      return scene.key;
    },
    get now() {
      return scene.now;
    },
    set now(next) {
      scene.now = next;
    },
    ask: (kind, model, stream, fields = {}, key = scene.key) =>
      fetch(scene.gateway!.url + paths(encodeURIComponent(model), stream)[kind], {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(bodies(model, stream, fields)[kind]),
      }),
    async lastRow() {
      while (scene.gateway!.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
      return scene.gateway!.row(scene.gateway!.requests.at(-1)!.id);
    },
  };
}

/** A client of another format than the host's. */
export const otherFormat = (kind: Kind): Kind => (kind === 'messages' ? 'chat' : 'messages');

/** Fields of that client's request with which it is put to the host in this format: Responses has a place for this one only. */
export const fieldsFor = (kind: Kind): Fields =>
  kind === 'responses'
    ? {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'document', source: { type: 'url', url: 'https://host.example/a.pdf' } },
              { type: 'text', text: 'hi' }, // a host without Responses is asked this alone
            ],
          },
        ],
      }
    : {};

/** For the answers of each format, a client of the same one and one of another. */
export const ownAndOther = formats.flatMap((kind) => [
  { kind, client: kind, fields: {} },
  { kind, client: otherFormat(kind), fields: fieldsFor(kind) },
]);

/** A whole answer in a format, whose text is given. */
export const wholeAnswer = (kind: Kind, text: string): object =>
  ({
    chat: {
      id: 'c',
      object: 'chat.completion',
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
    },
    responses: {
      id: 'resp_1',
      object: 'response',
      status: 'completed',
      model: 'm',
      error: null,
      output: [{ type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text }] }],
      usage: { input_tokens: 5, output_tokens: 2, total_tokens: 7 },
    },
    messages: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [{ type: 'text', text }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 5, output_tokens: 2 },
    },
    generate: {
      candidates: [{ content: { role: 'model', parts: [{ text }] }, finishReason: 'STOP', index: 0 }],
      usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 2, totalTokenCount: 7 },
      modelVersion: 'm',
    },
  })[kind];

const data = (...list: unknown[]) => list.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
const named = (...list: { type: string }[]) =>
  list.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');

/** The events of a stream in a format: before its content, with its content, and at its end. */
export const streamParts = (kind: Kind, text: string): { preamble: string; content: string; end: string } => {
  switch (kind) {
    case 'chat': {
      const chunk = (delta: object, finish: string | null = null) => ({
        id: 'c',
        object: 'chat.completion.chunk',
        model: 'm',
        choices: [{ index: 0, delta, finish_reason: finish }],
      });
      return {
        preamble: data(chunk({ role: 'assistant', content: '' })),
        content: data(chunk({ content: text })),
        end: `${data(chunk({}, 'stop'))}data: [DONE]\n\n`,
      };
    }
    case 'responses': {
      const response = { ...wholeAnswer('responses', text), status: 'in_progress', output: [], usage: null };
      return {
        preamble: named({ type: 'response.created', response, sequence_number: 0 } as never),
        content: named(
          { type: 'response.output_item.added', sequence_number: 1, item: { type: 'message' } } as never,
          { type: 'response.content_part.added', sequence_number: 2, part: { type: 'output_text', text: '' } } as never,
          { type: 'response.output_text.delta', sequence_number: 3, delta: text } as never,
        ),
        end: named({
          type: 'response.completed',
          sequence_number: 4,
          response: wholeAnswer('responses', text),
        } as never),
      };
    }
    case 'messages':
      return {
        preamble: named({ type: 'message_start', message: { ...wholeAnswer('messages', ''), content: [] } } as never),
        content: named(
          { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } } as never,
          { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } } as never,
        ),
        end: named(
          { type: 'content_block_stop', index: 0 } as never,
          { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } } as never,
          { type: 'message_stop' },
        ),
      };
    case 'generate':
      return {
        preamble: data({ candidates: [{ content: { role: 'model', parts: [{ text: '' }] }, index: 0 }] }),
        content: data({ candidates: [{ content: { role: 'model', parts: [{ text }] }, index: 0 }] }),
        end: data({
          candidates: [{ content: { role: 'model', parts: [] }, finishReason: 'STOP', index: 0 }],
          usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 2, totalTokenCount: 7 },
        }),
      };
  }
};

/** A whole stream in a format. */
export const streamOf = (kind: Kind, text: string): string => Object.values(streamParts(kind, text)).join('');

/** A good answer of the format, as the request asks for it. */
export const goodAnswer =
  (kind: Kind, text: string) =>
  (call: FakeCall, response: ServerResponse): void => {
    const streamed = /stream"?:true|streamGenerate/.test(call.path + call.body.toString());
    response.writeHead(200, { 'content-type': streamed ? 'text/event-stream' : 'application/json' });
    response.end(streamed ? streamOf(kind, text) : JSON.stringify(wholeAnswer(kind, text)));
  };

/** An answer with events. */
export const streamAnswer = (body: string, slice?: number) => ({
  headers: { 'content-type': 'text/event-stream' },
  body,
  ...(slice === undefined ? {} : { slice }),
});

// ---

const wires: Record<Kind, { wire: string; path: string; more?: string }> = {
  chat: { wire: 'openai', path: '/v1' },
  responses: { wire: 'openai', path: '/v1', more: ', responses: true' },
  messages: { wire: 'anthropic', path: '' },
  generate: { wire: 'gemini', path: '' },
};

function configFor(a: string, b: string): string {
  const routes = formats.map((kind) => `  to-${kind}: {models: [a-${kind}/m, b-${kind}/m]}`).join('\n');
  const hosts = formats.flatMap((kind) => {
    const { wire, path, more = '' } = wires[kind];
    const host = (letter: string, url: string, context: number) =>
      `  ${letter}-${kind}: {base_url: "${url}${path}", wire: ${wire}, api_key_env: ${letter.toUpperCase()}_KEY${more}, models: {m: {context: ${context}, max_output: 8000, capabilities: [tools, images, pdf, json_schema, reasoning]}}}`;
    return [host('a', a, 100_000), host('b', b, 200_000)];
  });
  return `routes:\n${routes}\nproviders:\n${hosts.join('\n')}\n`;
}
