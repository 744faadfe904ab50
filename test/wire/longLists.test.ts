// Lists of any length in requests and answers: they are translated, or refused by name. None is a failure of the gateway's own.

import { GatewayError } from '../../gateway/src/core/errors';
import { codecs } from '../../gateway/src/wire';
import type { Json } from '../../gateway/src/wire/jsonObject';
import type { Format } from '../../gateway/src/wire/neutral';
import { translateResponse } from '../../gateway/src/wire/translateResponse';
import { streamEvents, targets } from './recorded';

/** More than the stack holds as arguments of one call. */
const count = 150_000;
const many = <T>(one: T): T[] => Array.from({ length: count }, () => one);

const chat = (message: Json, more: Json = {}): Json => ({
  id: 'c',
  model: 'm',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'x', ...message }, ...more }],
  usage: { prompt_tokens: 1, completion_tokens: 1 },
});
const responses = (content: readonly Json[]): Json => ({
  id: 'r',
  status: 'completed',
  model: 'm',
  output: [{ type: 'message', id: 'x', role: 'assistant', content }],
});
const generate = (parts: readonly Json[], groundingMetadata: Json = {}): Json => ({
  candidates: [{ index: 0, finishReason: 'STOP', content: { parts }, groundingMetadata }],
});
const logprob = { token: 'x', logprob: -1, bytes: [120], top_logprobs: [] };
const cited = { type: 'url_citation', url: 'u', title: 't', start_index: 0, end_index: 1 };
const text = { type: 'output_text', text: 'x', annotations: [] };

/** What is long, whose answer it is, for whose client, and whether as a stream. */
const answers: readonly [string, Format, Format, boolean, Json][] = [
  ['log probabilities', 'chat', 'responses', true, chat({}, { logprobs: { content: many(logprob) } })],
  ['log probabilities', 'chat', 'generate', false, chat({}, { logprobs: { content: many(logprob) } })],
  ['pieces of reasoning', 'chat', 'messages', false, chat({ reasoning_details: many({ type: 'reasoning.text', text: 'x', index: 0 }) })],
  ['citations', 'responses', 'chat', false, responses([{ ...text, annotations: many(cited) }])],
  ['texts', 'messages', 'generate', false, { id: 'm', type: 'message', role: 'assistant', model: 'm', stop_reason: 'end_turn', content: many({ type: 'text', text: 'x' }) }],
  ['places of one page', 'generate', 'chat', false, generate([{ text: 'x' }], { webSearchQueries: ['q'], groundingChunks: [{ web: { uri: 'u' } }], groundingSupports: [{ segment: { startIndex: 0, endIndex: 1 }, groundingChunkIndices: many(0) }] })],
]; // prettier-ignore

const request = codecs.chat.decodeRequest({ model: 'm', messages: [{ role: 'user', content: 'hi' }], logprobs: true });
const context = { requestId: 'req_1', created: 1, includeUsage: true, request };

test.each(answers)('an answer with very many %s: %s to %s (stream: %s)', (_what, spoken, to, stream, answer) => {
  const bytes = Buffer.from(JSON.stringify(answer));
  try {
    translateResponse({ bytes, spoken, to, stream, fixups: undefined, context });
  } catch (error) {
    expect(error).toBeInstanceOf(GatewayError);
  }
});

test('an event with very many log probabilities', () => {
  const choice = { index: 0, delta: { content: 'x' }, finish_reason: null, logprobs: { content: many(logprob) } };
  const events = streamEvents('chat', `data: ${JSON.stringify({ id: 'c', model: 'm', choices: [choice] })}\n\n`);
  const encoder = codecs.responses.openEncoder(context);
  expect(events.map((event) => encoder.push(event)).join('')).toContain('response.output_text.delta');
});

const asked: readonly [string, Format, Format, Json][] = [
  ['fields of a tool', 'chat', 'messages', { tools: [{ type: 'function', function: { name: 'f', ...Object.fromEntries(many(1).map((_, i) => [`x${i}`, 1])) } }] }],
  ['schemas that all hold', 'chat', 'generate', { tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: { a: { allOf: Array(15_000).fill({}) } } } } }] }],
  ['turns of the model’s', 'responses', 'messages', { input: many({ role: 'assistant', content: 'x' }) }],
  ['parts', 'messages', 'generate', { max_tokens: 9, messages: [{ role: 'user', content: many({ type: 'text', text: 'x' }) }] }],
  ['dots in a field’s name', 'responses', 'responses', { input: 'hi', ['.'.repeat(count)]: 1 }],
  ['dots in a nested field’s name', 'generate', 'generate', { contents: [{ parts: [{ text: 'hi' }] }], generationConfig: { ['.'.repeat(count)]: 1 } }],
]; // prettier-ignore

test.each(asked)('a request with very many %s: %s to %s', (_what, from, to, fields) => {
  const body = { model: 'm', messages: [{ role: 'user', content: 'hi' }], ...fields };
  expect(() => codecs[to].encodeRequest(codecs[from].decodeRequest(body), targets[to])).not.toThrow();
});
