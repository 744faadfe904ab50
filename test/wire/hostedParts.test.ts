// What Google's own tools leave in an answer with functions beside them, in the forms that the simulator does not take: several
// at once, in pieces, of other tools, and without what was found.

import { codecs } from '../../gateway/src/wire';
import { fold } from '../../gateway/src/wire/fold';
import type { Json } from '../../gateway/src/wire/jsonObject';
import { streamEvents, targets } from './recorded';

// As recorded in https://github.com/pydantic/pydantic-ai/pull/4848 (2026-05), but for the length of signatures.
const call = (id: string, ...queries: string[]) => ({
  thoughtSignature: `call-${id}`,
  toolCall: { toolType: 'GOOGLE_SEARCH_WEB', args: { queries }, id },
});
const response = (id: string) => ({
  thoughtSignature: `response-${id}`,
  toolResponse: { toolType: 'GOOGLE_SEARCH_WEB', response: { search_suggestions: '<div>' }, id },
});
const fetched = { toolCall: { toolType: 'URL_CONTEXT', args: { urls: ['https://a.example'] }, id: 'u1' } };
const use = { functionCall: { id: 'f1', name: 'ls', args: {} }, thoughtSignature: 'call-f1' };
const grounding = {
  webSearchQueries: ['two', 'three'],
  groundingChunks: [{ web: { uri: 'https://a.example', title: 'A' } }],
};
const piece = (parts: readonly Json[], candidate: Json = {}): Json => ({
  candidates: [{ index: 0, content: { role: 'model', parts }, ...candidate }],
  usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 2 },
  modelVersion: 'gemini-3.5-flash',
  responseId: 'r1',
});
const streamed = (pieces: readonly Json[]) =>
  fold(streamEvents('generate', pieces.map((one) => `data: ${JSON.stringify(one)}\n\n`).join('')));
const native = (...parts: Json[]) => ({
  type: 'reasoning',
  text: '',
  opaque: { format: 'generate', value: { parts } },
});

test('searches in pieces, before a call', () => {
  const parts = [call('a', 'one', ''), response('a'), call('b', 'two', 'one'), response('b'), use];
  const whole = fold(codecs.generate.decodeResponse(piece(parts, { finishReason: 'STOP' })));
  const inPieces = streamed([...parts.map((part) => piece([part])), piece([], { finishReason: 'STOP' })]);
  for (const answer of [whole, inPieces]) {
    expect(answer.parts).toEqual([
      native(...parts.slice(0, 4)),
      { type: 'webSearch', id: 'search_r1', queries: ['one', 'two'], charged: 2 },
      { type: 'reasoning', text: '', opaque: { format: 'generate', value: 'call-f1' } },
      { type: 'toolCall', id: 'f1', name: 'ls', args: '{}' },
    ]);
    expect([answer.usage?.searches, answer.lost, answer.reason]).toEqual([2, [], 'tool_calls']);
  }
});

test('what was found comes at the end of a stream, and a query that is told twice was made once', () => {
  const answer = streamed([
    piece([call('a', 'one', 'two')]),
    piece([response('a')]),
    piece([{ text: 'So.' }]),
    piece([], { finishReason: 'STOP', groundingMetadata: grounding }),
  ]);
  expect(answer.parts.map(({ type }) => type)).toEqual(['reasoning', 'text', 'webSearch']);
  expect(answer.parts[2]).toMatchObject({ queries: ['one', 'two', 'three'], results: [{ url: 'https://a.example' }] });
  expect(answer.usage?.searches).toBe(3);
});

test('what was found after a call is told once more, with its pages', () => {
  const answer = streamed([piece([call('a', 'one'), response('a'), use]), piece([], { finishReason: 'STOP', groundingMetadata: grounding })]); // prettier-ignore
  const found = answer.parts.filter((part) => part.type === 'webSearch');
  expect(found.map(({ id, results, charged }) => [id, results?.length, charged])).toEqual([
    ['search_r1', undefined, undefined],
    ['search_r1_more', 1, 2],
  ]);
  expect(answer.usage?.searches).toBe(3);
});

test("another tool of Google's is lost by its name, and comes back", () => {
  const answer = fold(codecs.generate.decodeResponse(piece([fetched, { text: 'So.' }], { finishReason: 'STOP' })));
  expect([answer.parts[0], answer.lost, answer.usage?.searches]).toEqual([native(fetched), ['toolCall'], undefined]);
});

describe('in a history', () => {
  const contents = [
    { role: 'user', parts: [{ text: 'Hi' }] },
    { role: 'model', parts: [call('a', 'one'), response('a'), use] },
    { role: 'user', parts: [{ functionResponse: { id: 'f1', name: 'ls', response: { output: 'x' } } }] },
  ];
  const functions = { functionDeclarations: [{ name: 'ls' }] };

  test('they stay as they are in their own format', () => {
    const request = codecs.generate.decodeRequest({ contents, tools: [functions, { googleSearch: {} }] });
    const { body, dropped } = codecs.generate.encodeRequest(request, targets.generate);
    expect([body['contents'], dropped]).toEqual([contents, []]);
  });

  test.each(['chat', 'responses', 'messages'] as const)('they are words to %s', (to) => {
    const request = codecs.generate.decodeRequest({ contents, tools: [functions] });
    const text = JSON.stringify(codecs[to].encodeRequest(request, targets[to]).body);
    expect(text).toContain('Searched the web for \\"one\\".');
    expect(text).not.toMatch(/toolCall|GOOGLE_SEARCH|search_suggestions/);
  });
});
