// An answer grows in translation by no more than four times and 64 KB, whatever its provider repeats: citations that each stand
// for all of a long text, in whatever order.

import { codecs } from '../../gateway/src/wire';
import { translateResponse } from '../../gateway/src/wire/translateResponse';
import type { Json } from '../../gateway/src/wire/jsonObject';
import type { Format } from '../../gateway/src/wire/neutral';
import { formats } from './recorded';

const text = 'wörd '.repeat(20_000);
const count = 2_000;
const many = <T>(one: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => one(i));
const url = (i: number) => `https://a.example/${i}`;

const answers: Readonly<Record<Format, Json>> = {
  chat: {
    id: 'c', object: 'chat.completion', model: 'm', usage: { prompt_tokens: 5, completion_tokens: 2 },
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: text, annotations: many((i) => ({ type: 'url_citation', url_citation: { url: url(i), title: 't', ...(i % 2 === 0 && { start_index: text.length - i - 1, end_index: text.length }) } })) } }],
  },
  responses: {
    id: 'r', object: 'response', status: 'completed', model: 'm', usage: { input_tokens: 5, output_tokens: 2 },
    output: [{ type: 'message', id: 'x', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text, annotations: many((i) => ({ type: 'url_citation', url: url(i), title: 't', start_index: i, end_index: text.length - i })) }] }],
  },
  messages: {
    id: 'm', type: 'message', role: 'assistant', model: 'm', stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 5, output_tokens: 2 },
    content: [{ type: 'text', text, citations: many((i) => ({ type: 'web_search_result_location', url: url(i), title: 't', encrypted_index: 'x', cited_text: 'y' })) }],
  },
  generate: {
    usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 2, totalTokenCount: 7 },
    candidates: [{ index: 0, finishReason: 'STOP', content: { role: 'model', parts: [{ text }] }, groundingMetadata: { webSearchQueries: ['q'], groundingChunks: many((i) => ({ web: { uri: url(i), title: 't' } })), groundingSupports: many((i) => ({ segment: { startIndex: 0, endIndex: Buffer.byteLength(text) - 6 * i }, groundingChunkIndices: [i] })) } }],
  },
}; // prettier-ignore

const pairs = formats.flatMap((spoken) =>
  formats.flatMap((to) => [false, true].flatMap((stream) => (spoken === to ? [] : [{ spoken, to, stream }]))),
);

const user = { role: 'user', content: 'hi' };
const requests: Readonly<Record<Format, Json>> = {
  chat: { model: 'm', messages: [user], web_search_options: {} },
  responses: { model: 'm', input: 'hi', tools: [{ type: 'web_search' }] },
  messages: { model: 'm', max_tokens: 9, messages: [user], tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
  generate: { contents: [{ parts: [{ text: 'hi' }] }], tools: [{ googleSearch: {} }] },
}; // prettier-ignore

const translated = (spoken: Format, to: Format, stream: boolean) => {
  const request = codecs[to].decodeRequest(requests[to]);
  const bytes = Buffer.from(JSON.stringify(answers[spoken]));
  const context = { requestId: 'req_1', created: 1_790_000_000, includeUsage: true, request };
  const { body, failure } = translateResponse({ bytes, spoken, to, stream, fixups: undefined, context });
  expect(failure).toBeUndefined();
  return { text: Buffer.from(body).toString(), from: bytes.length };
};

test.each(pairs)('$spoken to $to (stream: $stream)', ({ spoken, to, stream }) => {
  const { text: got, from } = translated(spoken, to, stream);
  expect(got.length).toBeGreaterThan(text.length);
  // Of a Responses stream the API itself wants all of it five times: in pieces, and whole in four events at its end.
  const times = to === 'responses' && stream ? 6 : 4;
  expect(Buffer.byteLength(got)).toBeLessThanOrEqual(times * from + 64 * 1024);
});

test.each(['chat', 'responses', 'messages'] as const)('%s to Gemini tells where each stands', (spoken) => {
  const { text: got } = translated(spoken, 'generate', false);
  const { candidates } = JSON.parse(got) as { candidates: { groundingMetadata: { groundingSupports: Support[] } }[] };
  const supports = candidates[0]!.groundingMetadata.groundingSupports;
  expect(supports).toHaveLength(count);
  const bytes = Buffer.from(text);
  for (const { segment } of supports) {
    const { startIndex, endIndex, text: words } = segment;
    expect(endIndex).toBeGreaterThan(startIndex);
    if (words !== undefined) expect(bytes.toString('utf8', startIndex, endIndex)).toBe(words);
  }
  expect(supports.some(({ segment }) => segment.text !== undefined)).toBe(true);
});

test('Gemini’s places of a text in any order are its places', () => {
  const { text: got } = translated('generate', 'responses', false);
  const { output } = JSON.parse(got) as { output: { content?: { annotations: { end_index: number }[] }[] }[] };
  const annotations = output.flatMap(({ content }) => content?.flatMap((part) => part.annotations) ?? []);
  expect(annotations.length).toBeGreaterThan(900);
  for (const { end_index: end } of annotations) {
    expect(end).toBeLessThanOrEqual(text.length);
    expect(text.length - end).toBeLessThanOrEqual(5 * count);
  }
});

interface Support {
  readonly segment: { readonly startIndex: number; readonly endIndex: number; readonly text?: string };
}
