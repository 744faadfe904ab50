// The official SDKs raise on every failure in a stream, after the text that came before it: written in one piece or in many.

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { Kind } from '../support/translation';
import { streamAnswer, streamParts, useRouteScene } from '../support/routeScene';

const scene = useRouteScene();

const failures: Record<Kind, string[]> = {
  chat: [
    'data: {"error":{"message":"m","code":503}}\n\n',
    'data: {"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error","error":{"code":502,"message":"m"}}]}\n\n',
  ],
  responses: [
    'event: error\ndata: {"type":"error","code":"server_error","message":"m","param":null,"sequence_number":4}\n\n',
    'event: response.failed\ndata: {"type":"response.failed","sequence_number":4,"response":{"status":"failed","error":{"code":"server_error","message":"m"}}}\n\n',
  ],
  messages: ['event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"m"}}\n\n'],
  generate: [
    'data: {"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}\n\n',
    'data: {"candidates":[{"content":{"role":"model"},"finishReason":"MALFORMED_FUNCTION_CALL"}]}\n\n',
  ],
};
const deaths = (kind: Kind) => [...failures[kind], streamParts(kind, '').end.slice(0, 30), ''];

/** Reads a stream of an SDK: its text, and what it raised. */
type Reader = (model: string, pieces: string[]) => Promise<void>;

const readers: Record<string, Reader> = {
  async 'chat completions'(model, pieces) {
    const openai = new OpenAI({ baseURL: `${scene.gateway.url}/v1`, apiKey: scene.key, maxRetries: 0 });
    const stream = await openai.chat.completions.create({
      model,
      stream: true,
      messages: [{ role: 'user', content: 'hi' }],
    });
    for await (const chunk of stream) pieces.push(chunk.choices[0]?.delta.content ?? '');
  },
  async responses(model, pieces) {
    const openai = new OpenAI({ baseURL: `${scene.gateway.url}/v1`, apiKey: scene.key, maxRetries: 0 });
    for await (const event of await openai.responses.create({ model, stream: true, input: 'hi' })) {
      if (event.type === 'response.output_text.delta') pieces.push(event.delta);
      if (event.type === 'response.failed') throw new Error(event.response.error?.code); // as its users do
    }
  },
  async messages(model, pieces) {
    const anthropic = new Anthropic({ baseURL: `${scene.gateway.url}/anthropic`, apiKey: scene.key, maxRetries: 0 });
    for await (const event of anthropic.messages.stream({
      model,
      max_tokens: 100,
      messages: [{ role: 'user', content: 'hi' }],
    }))
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') pieces.push(event.delta.text);
  },
};

// On its own wire a provider's end is its own: OpenAI's SDK takes a chunk that finishes with `error` for an answer.
const cases = Object.keys(readers).flatMap((sdk) =>
  (['chat', 'responses', 'messages', 'generate'] as const)
    .filter((kind) => kind !== 'responses' || sdk === 'responses')
    .flatMap((kind) => deaths(kind).map((death, i) => ({ sdk, kind, death, i })))
    .filter(({ kind, death }) => sdk !== 'chat completions' || kind !== 'chat' || !death.includes('"finish_reason"')),
);

test.each(cases)('$sdk from $kind, failure $i', async ({ sdk, kind, death }) => {
  const { preamble, content } = streamParts(kind, 'Hello');
  for (const slice of [undefined, 5]) {
    scene.a.answer = streamAnswer(preamble + content + death, slice);
    const pieces: string[] = [];
    await expect(readers[sdk]!(`a-${kind}/m`, pieces)).rejects.toThrow();
    expect(pieces.join('')).toBe('Hello');
  }
});
