// An answer grows in translation by no more than four times and 64 KiB, whatever its provider repeats, or is refused by name;
// citations that name their pages by index count as having come, as far as a model's answer has them. A stream of Responses says
// at its end once more what it has said, four times a text; nothing else of it grows more.

import fc from 'fast-check';
import { GatewayError } from '../../gateway/src/core/errors';
import { codecs } from '../../gateway/src/wire';
import { translateResponse } from '../../gateway/src/wire/translateResponse';
import type { Json } from '../../gateway/src/wire/jsonObject';
import type { Format, NeutralRequest } from '../../gateway/src/wire/neutral';
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

const translated = (spoken: Format, to: Format, stream: boolean) => translatedOf(answers[spoken], spoken, to, stream);

/** Of the requests here: what an answer may repeat of them. */
const settingsBytes = 256;

function translatedOf(answer: Json, spoken: Format, to: Format, stream: boolean, asked?: NeutralRequest) {
  const request = asked ?? codecs[to].decodeRequest(requests[to]);
  const bytes = Buffer.from(JSON.stringify(answer));
  const context = { requestId: 'req_1', created: 1_790_000_000, includeUsage: true, request };
  const made = translateResponse({ bytes, spoken, to, stream, fixups: undefined, context });
  const { body, failure, refusal: message } = made;
  if (message !== undefined) throw new GatewayError('upstream_garbage', { message });
  expect(failure).toBeUndefined();
  return { text: Buffer.from(body).toString(), from: bytes.length };
}

/** Bytes that a translation may have: four times its source and 64 KiB, and what the end of a stream of Responses repeats. */
const mostOf = (to: Format, stream: boolean, from: number) => (to === 'responses' && stream ? 8 : 4) * from + 64 * 1024;

/** What the citations of an answer of Gemini's count as having come: an address of ordinary length each, for the first 1,500. */
const citedBytes = (answer: Json) =>
  codecs.generate
    .decodeResponse(answer)
    .flatMap((event) => (event.type === 'citation' ? [event.citation.url.length] : []))
    .slice(0, 1_500)
    .reduce((sum, length) => sum + Math.min(length, 512) + 200, 0);

test.each(pairs)('$spoken to $to (stream: $stream)', ({ spoken, to, stream }) => {
  const { text: got, from } = translated(spoken, to, stream);
  expect(got.length).toBeGreaterThan(text.length);
  const repeated = to === 'responses' && stream ? repeatedIn(got) : 0;
  expect(Buffer.byteLength(got) - repeated).toBeLessThanOrEqual(4 * from + 64 * 1024);
  expect(Buffer.byteLength(got)).toBeLessThanOrEqual(mostOf(to, stream, from));
});

/** The events of a stream of Responses. */
const eventsIn = (stream: string) =>
  stream
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame) => JSON.parse(frame.slice(frame.indexOf('data: ') + 6)) as Json & { type: string });

/**
 * Of the events at the end, the fields that each has by its definition, and that hold what has been told before. Source:
 * https://platform.openai.com/docs/api-reference/responses-streaming (2026-11), where each of them is required.
 */
const repeating: Readonly<Record<string, string>> = {
  'response.output_text.done': 'text',
  'response.refusal.done': 'refusal',
  'response.content_part.done': 'part',
  'response.function_call_arguments.done': 'arguments',
  'response.reasoning_summary_text.done': 'text',
  'response.reasoning_summary_part.done': 'part',
  'response.output_item.done': 'item',
};

function repeatedIn(stream: string): number {
  return eventsIn(stream).reduce((sum, event) => {
    const field = repeating[event.type];
    const again = event.type === 'response.completed' ? (event['response'] as Json)['output'] : field === undefined ? '' : event[field];
    return sum + Buffer.byteLength(JSON.stringify(again)) - 2;
  }, 0);
} // prettier-ignore

describe('a text in a stream of Responses', () => {
  const long = 'word '.repeat(100_000);
  const wholes: Readonly<Record<Exclude<Format, 'responses'>, Json>> = {
    chat: { ...answers.chat, choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: long } }] },
    messages: { ...answers.messages, content: [{ type: 'text', text: long }] },
    generate: { ...answers.generate, candidates: [{ index: 0, finishReason: 'STOP', content: { role: 'model', parts: [{ text: long }] } }] },
  }; // prettier-ignore

  test.each(['chat', 'messages', 'generate'] as const)(
    'is said five times, as its events are defined: %s',
    (spoken) => {
      const { text: got, from } = translatedOf(wholes[spoken], spoken, 'responses', true);
      const saying = eventsIn(got).filter((event) => JSON.stringify(event).includes(long));
      expect(saying.map(({ type }) => type)).toEqual(['response.output_text.delta', 'response.output_text.done', 'response.content_part.done', 'response.output_item.done', 'response.completed']); // prettier-ignore
      expect(saying.map((event) => JSON.stringify(event).split(long).length - 1)).toEqual([1, 1, 1, 1, 1]);
      expect(Buffer.byteLength(got)).toBeLessThanOrEqual(5 * from + 64 * 1024);
    },
  );
});

/** Answers that say something once and mean it many times, by what grows. */
const growing: readonly { readonly what: string; readonly spoken: Format; readonly answer: Json }[] = [
  {
    what: 'a long address that many places stand on',
    spoken: 'generate',
    answer: { ...answers.generate, candidates: [{ index: 0, finishReason: 'STOP', content: { role: 'model', parts: [{ text: 'hello' }] }, groundingMetadata: { webSearchQueries: ['q'], groundingChunks: [{ web: { uri: `https://a.example/${'u'.repeat(20_000)}` } }], groundingSupports: many(() => ({ segment: { startIndex: 0, endIndex: 3 }, groundingChunkIndices: [0] })) } }] },
  },
  {
    what: 'a long address that stands for all of the text, again and again in one place',
    spoken: 'generate',
    answer: { ...answers.generate, candidates: [{ index: 0, finishReason: 'STOP', content: { role: 'model', parts: [{ text: 'hello' }] }, groundingMetadata: { webSearchQueries: ['q'], groundingChunks: [{ web: { uri: `https://a.example/${'u'.repeat(20_000)}` } }], groundingSupports: [{ groundingChunkIndices: many(() => 0) }] } }] },
  },
]; // prettier-ignore

describe.each(growing)('$what', ({ spoken, answer }) => {
  test.each(formats.filter((to) => to !== spoken && to !== 'generate'))('is refused by name: %s', (to) => {
    for (const stream of [false, true]) {
      const translate = () => translatedOf(answer, spoken, to, stream);
      expect(translate).toThrow(expect.objectContaining({ code: 'upstream_garbage' }));
      expect(translate).toThrow(
        /^The provider's answer of \d+ bytes would have at least \d+ in this format, and may have \d+ there/,
      );
    }
  });
});

/**
 * An answer as Google gives it: each sentence names some pages by their index, and each address is one of Google's own, which
 * leads to the page. @param perSentence how many pages it names
 */
function groundedAnswer(sentences: number, perSentence: number, pages: number, addressLength: number): Json {
  const sentence = 'The quick brown fox jumps over the lazy dog, and runs into the forest. '.repeat(2).slice(0, 120);
  const redirect = 'https://vertexaisearch.cloud.google.com/grounding-api-redirect/';
  const groundingMetadata = {
    webSearchQueries: ['foxes', 'dogs'],
    groundingChunks: Array.from({ length: pages }, (_, i) => ({ web: { uri: `${redirect}${i}_`.padEnd(addressLength, 'AUZIYQ'), title: 'example.com' } })),
    groundingSupports: Array.from({ length: sentences }, (_, i) => ({
      segment: { startIndex: i * sentence.length, endIndex: (i + 1) * sentence.length, text: sentence },
      groundingChunkIndices: Array.from({ length: perSentence }, (__, k) => (i + k) % pages),
    })),
  };
  const content = { role: 'model', parts: [{ text: sentence.repeat(sentences) }] };
  return { ...answers.generate, modelVersion: 'gemini-3.5-flash', candidates: [{ index: 0, finishReason: 'STOP', content, groundingMetadata }] };
} // prettier-ignore

describe.each(formats.filter((to) => to !== 'generate'))('what a search has found is told with its addresses: %s', (to) => {
  test.each([
    [60, 4, 20, 340],
    [100, 6, 30, 240],
    [150, 6, 30, 340],
    [60, 10, 40, 340],
    [150, 6, 30, 150],
  ])('%d sentences that each name %d of %d pages, of %d characters', (sentences, perSentence, pages, addressLength) => {
    const answer = groundedAnswer(sentences, perSentence, pages, addressLength);
    for (const stream of [false, true]) {
      const { text: got } = translatedOf(answer, 'generate', to, stream);
      expect(got.split('grounding-api-redirect').length - 1).toBeGreaterThanOrEqual(sentences * perSentence);
    }
  });

  test('a million of them are refused all the same', () => {
    const answer = groundedAnswer(1, 1_000_000, 30, 340);
    for (const stream of [false, true])
      expect(() => translatedOf(answer, 'generate', to, stream)).toThrow(/The provider's answer of \d+ bytes/);
  });
}); // prettier-ignore

test('many small calls are refused where they grow too much, and some hundred are not', () => {
  const call = { functionCall: { name: 'f' } };
  const answer = (calls: number) => ({ ...answers.generate, candidates: [{ index: 0, finishReason: 'STOP', content: { parts: Array(calls).fill(call) } }] }); // prettier-ignore
  for (const { to, stream } of pairs.filter(({ spoken }) => spoken === 'generate')) {
    expect(() => translatedOf(answer(64), 'generate', to, stream)).not.toThrow();
    if (stream) expect(() => translatedOf(answer(20_000), 'generate', to, true)).toThrow(GatewayError);
  }
});

test('what an answer repeats of its request is no growth', () => {
  const tools = [{ type: 'function', name: 'f', description: 'd'.repeat(300_000), parameters: { type: 'object' } }];
  const request = codecs.responses.decodeRequest({ model: 'm', input: 'hi', tools });
  const answer = { ...answers.messages, content: [{ type: 'text', text: 'hello' }] };
  for (const stream of [false, true])
    expect(translatedOf(answer, 'messages', 'responses', stream, request).text).toContain('hello');
});

test('queries and pages that a search has found are told once, in time that grows with the answer', () => {
  const queries = Array.from({ length: 20_000 }, (_, i) => `q${i}`);
  const parts = [...queries.slice(0, 500).flatMap((query) => [{ toolCall: { toolType: 'GOOGLE_SEARCH_WEB', args: { queries: [query] } } }, { functionCall: { name: 'f' } }])]; // prettier-ignore
  const groundingMetadata = { webSearchQueries: queries, groundingChunks: many((i) => ({ web: { uri: url(i) } })) };
  const candidates = [{ index: 0, finishReason: 'STOP', content: { parts }, groundingMetadata }];
  const events = codecs.generate.decodeResponse({ ...answers.generate, candidates });
  const searches = events.flatMap((event) => (event.type === 'open' && event.part.type === 'webSearch' ? [event.part] : []));
  expect(searches.flatMap((search) => search.queries)).toEqual(queries);
  expect(searches.flatMap((search) => search.results?.map((page) => page.url) ?? [])).toEqual(many(url));
}); // prettier-ignore

describe('of made-up answers [L2]', () => {
  const runs = { numRuns: 100, interruptAfterTimeLimit: 4_000, markInterruptAsFailure: false } as const;
  const size = fc.integer({ min: 0, max: 120 });
  const long = fc
    .tuple(fc.constantFrom('u', '"\\', '\n', 'ü', '世'), fc.integer({ min: 1, max: 1_000 }))
    .map(([piece, times]) => piece.repeat(times));
  const times = <T>(one: fc.Arbitrary<T>) =>
    fc.tuple(one, size).map(([value, count]) => Array.from({ length: count }, () => value));
  const candidate = fc.record({
    content: fc.record({ parts: fc.tuple(times(fc.oneof(
      fc.record({ text: long }),
      fc.record({ text: long, thought: fc.constant(true), thoughtSignature: long }),
      fc.record({ functionCall: fc.record({ name: long, args: fc.record({ a: long }) }) }),
      fc.record({ toolCall: fc.record({ toolType: fc.constant('GOOGLE_SEARCH_WEB'), args: fc.record({ queries: times(long) }) }) }),
    )), times(fc.record({ text: fc.constant('x') }))).map((lists) => lists.flat()) }),
    finishReason: fc.constant('STOP'),
    groundingMetadata: fc.record({
      webSearchQueries: times(long),
      groundingChunks: times(fc.record({ web: fc.record({ uri: long }, { requiredKeys: ['uri'] }) })),
      groundingSupports: times(fc.record({ segment: fc.record({ startIndex: size, endIndex: size }), groundingChunkIndices: times(size) })),
    }),
  }); // prettier-ignore
  const answer = fc.record({ responseId: long, modelVersion: long, candidates: fc.tuple(candidate) });

  test('each is translated within its bounds or refused by name', () => {
    fc.assert(
      fc.property(answer, fc.constantFrom(...formats.filter((to) => to !== 'generate')), fc.boolean(), (made, to, stream) => {
        try {
          const { text: got, from } = translatedOf(made, 'generate', to, stream);
          expect(Buffer.byteLength(got)).toBeLessThanOrEqual(mostOf(to, stream, from + settingsBytes + citedBytes(made)));
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error;
          expect(error.code).toBe('upstream_garbage');
        }
      }),
      runs,
    ); // prettier-ignore
  });
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
