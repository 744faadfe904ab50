// Gemini's searches are booked alike however its answer passes: whole, too large to be parsed, as a stream of either form, and
// translated.

import { openJsonArrayTap, openUsageTap } from '../../gateway/src/pipeline/usageTap';
import { answerFacts, codecs } from '../../gateway/src/wire';
import { inspectAnswer, usageAtEnd } from '../../gateway/src/wire/inspectAnswer';
import type { Json } from '../../gateway/src/wire/jsonObject';
import type { StreamEvent } from '../../gateway/src/wire/neutral';

const queries = (count: number) => Array.from({ length: count }, (_, i) => i.toString(36));
const counts = { promptTokenCount: 11, candidatesTokenCount: 400, totalTokenCount: 411 };
const billing = (...billedToolCalls: readonly object[]) => ({ usageMetadata: { ...counts, billedToolCalls } });
const billed = (successfulToolCallCount: unknown) => billing({ tool: 'GOOGLE_SEARCH', successfulToolCallCount });

const answer = (searches: number, more: Json = {}): Json => ({
  candidates: [
    {
      index: 0,
      content: { role: 'model', parts: [{ text: 'word' }] },
      finishReason: 'STOP',
      groundingMetadata: { webSearchQueries: queries(searches) },
    },
  ],
  usageMetadata: counts,
  modelVersion: 'gemini-3-pro',
  ...more,
});

/** Searches that each path books. */
const paths: Readonly<Record<string, (value: Json) => number | undefined>> = {
  whole: (value) => inspectAnswer({ format: 'generate', bytes: bytesOf(value) }).usage?.searches,
  large: (value) => largeOf(bytesOf(value), 1_000),
  'large, where its model comes first': ({ modelVersion, ...rest }) => largeOf(bytesOf({ modelVersion, filler: 'x'.repeat(1_000), ...rest }), 7), // prettier-ignore
  'stream (SSE)': (value) => {
    const tap = openUsageTap({ codec: answerFacts.generate, answers: 1, hideUsage: false, eventLimit: 1e7 });
    tap.feed(Buffer.from(pieces(value).map((piece) => `data: ${JSON.stringify(piece)}\n\n`).join(''))); // prettier-ignore
    tap.rest();
    return tap.usage?.searches;
  },
  'stream (JSON list)': (value) => {
    const tap = openJsonArrayTap({ codec: answerFacts.generate, answers: 1, eventLimit: 1e7 });
    tap.feed(bytesOf(pieces(value)));
    tap.rest();
    return tap.usage?.searches;
  },
  translated: (value) => searchesOf(codecs.generate.decodeResponse(value)),
  'translated stream': (value) => {
    const decoder = codecs.generate.openDecoder();
    const events = pieces(value).flatMap((piece) => decoder.push({ event: undefined, data: JSON.stringify(piece) }));
    const all = [...events, ...decoder.end()];
    expect(decoder.searches).toBe(searchesOf(all) ?? 0);
    return searchesOf(all);
  },
};

const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value));

/** An answer in two pieces: what it has found, then the same with what is billed. */
const pieces = (value: Json) => [{ ...value, usageMetadata: counts, candidates: withoutEnd(value) }, value];
const withoutEnd = ({ candidates }: Json) =>
  (candidates as object[]).map((candidate) => ({ ...candidate, finishReason: undefined }));

// As a large answer is passed on: in chunks, of which only the end is kept.
function largeOf(bytes: Buffer, chunk: number): number | undefined {
  const counter = answerFacts.generate.searches!.openCounter();
  for (let at = 0; at < bytes.length; at += chunk) counter.add(bytes.subarray(at, at + chunk));
  return usageAtEnd('generate', bytes.subarray(-500), counter)?.searches;
}

const searchesOf = (events: readonly StreamEvent[]) =>
  events.flatMap((event) => (event.type === 'usage' ? [event.usage.searches] : [])).at(-1);

const cases: readonly (readonly [string, Json, number])[] = [
  ['no query', answer(0), 0],
  ['three queries', answer(3), 3],
  ['three of a model that is charged by the prompt', answer(3, { modelVersion: 'gemini-2.5-pro' }), 1],
  ['three of such a model by its whole name', answer(3, { modelVersion: 'models/gemini-2.5-pro' }), 1],
  ['three of such a model of Vertex', answer(3, { modelVersion: 'publishers/google/models/gemini-2.0-flash-001' }), 1],
  ['three of a model by its whole name', answer(3, { modelVersion: 'models/gemini-3-pro' }), 3],
  ['as many as are believed', answer(10_500), 10_000],
  ['two billed', answer(3, billed(2)), 2],
  ['none billed', answer(3, billed(0)), 0],
  ['none billed, by a count that is left out', answer(3, billed(undefined)), 0],
  ['another tool billed', answer(3, billing({ tool: 'URL_CONTEXT', successfulToolCallCount: 2 })), 0],
  ['what is no count', answer(3, billed(-1)), 3],
  ['more billed than are believed', answer(3, billed(20_000)), 3],
  ['more billed in all than are believed', answer(3, billing(...[1, 2].map(() => ({ tool: 'google_search', successfulToolCallCount: 9_000 })))), 10_000],
  ['three billed of a model that is charged by the prompt', answer(3, { ...billed(3), modelVersion: 'gemini-2.5-pro' }), 1],
]; // prettier-ignore

describe.each(cases)('%s', (_what, value, searches) => {
  test.each(Object.keys(paths))('%s', (path) => {
    expect(paths[path]!(value) ?? 0).toBe(searches);
  });
});
