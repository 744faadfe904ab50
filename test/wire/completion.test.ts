// What each format takes for content, for an end and for a failure, event by event.

import { codecs } from '../../gateway/src/wire';
import type { Format } from '../../gateway/src/wire/neutral';

const chunk = (delta: object, more: object = {}) => ({ choices: [{ index: 0, delta, finish_reason: null, ...more }] });
const piece = (parts: object[], more: object = {}) => ({
  candidates: [{ content: { role: 'model', parts }, ...more }],
});
const block = (content_block: object) => ({ type: 'content_block_start', index: 0, content_block });
const delta = (fields: object) => ({ type: 'content_block_delta', index: 0, delta: fields });

type Case = [Format, string, object];

describe('content', () => {
  test.each<Case>([
    ['chat', 'text', chunk({ content: 'x' })],
    ['chat', 'text in parts', chunk({ content: [{ type: 'text', text: 'x' }] })],
    ['chat', 'reasoning', chunk({ reasoning_content: 'x' })],
    ['chat', 'a refusal', chunk({ refusal: 'x' })],
    ['chat', 'a call', chunk({ tool_calls: [{ index: 0, function: { name: 'f' } }] })],
    ['chat', 'a second choice', { choices: [{ index: 1, delta: { content: 'x' } }] }],
    ['messages', 'text', delta({ type: 'text_delta', text: 'x' })],
    ['messages', 'reasoning', delta({ type: 'thinking_delta', thinking: 'x' })],
    ['messages', 'arguments', delta({ type: 'input_json_delta', partial_json: '{' })],
    ['messages', 'a call', block({ type: 'tool_use', id: 't', name: 'f', input: {} })],
    ['messages', 'a text that begins whole', block({ type: 'text', text: 'x' })],
    ['responses', 'text', { type: 'response.output_text.delta', delta: 'x' }],
    ['responses', 'reasoning', { type: 'response.reasoning_summary_text.delta', delta: 'x' }],
    ['responses', 'a call', { type: 'response.output_item.added', item: { type: 'function_call', name: 'f' } }],
    ['responses', 'a tool of its own', { type: 'response.output_item.added', item: { type: 'web_search_call' } }],
    ['responses', 'an image', { type: 'response.image_generation_call.partial_image', partial_image_b64: 'x' }],
    ['generate', 'text', piece([{ text: 'x' }])],
    ['generate', 'reasoning', piece([{ text: 'x', thought: true }])],
    ['generate', 'a call', piece([{ functionCall: { name: 'f' } }])],
    ['generate', 'an image', piece([{ inlineData: { data: 'x' } }])],
  ])('%s: %s', (format, _name, event) => expect(codecs[format].hasContent(event as never)).toBe(true));

  test.each<Case>([
    ['chat', 'the role', chunk({ role: 'assistant', content: '' })],
    ['chat', 'no choice', { choices: [] }],
    ['chat', 'nothing', {}],
    ['messages', 'the start', { type: 'message_start', message: { content: [] } }],
    ['messages', 'a ping', { type: 'ping' }],
    ['messages', 'an empty block', block({ type: 'text', text: '' })],
    ['messages', 'an empty delta', delta({ type: 'text_delta', text: '' })],
    ['messages', 'a signature', delta({ type: 'signature_delta', signature: 'x' })],
    ['responses', 'the start', { type: 'response.created', response: { output: [] } }],
    ['responses', 'an empty message', { type: 'response.output_item.added', item: { type: 'message' } }],
    ['responses', 'an empty part', { type: 'response.content_part.added', part: { text: '' } }],
    ['responses', 'an empty delta', { type: 'response.output_text.delta', delta: '' }],
    ['generate', 'an empty text', piece([{ text: '' }])],
    ['generate', 'a signature alone', piece([{ text: '', thoughtSignature: 'x' }])],
    ['generate', 'no part', piece([])],
  ])('%s, none: %s', (format, _name, event) => expect(codecs[format].hasContent(event as never)).toBe(false));
});

describe('an end', () => {
  test.each<Case>([
    ['chat', 'a reason', chunk({}, { finish_reason: 'stop' })],
    ['messages', 'its event', { type: 'message_stop' }],
    ['responses', 'its event', { type: 'response.completed', response: {} }],
    ['generate', 'a reason', piece([], { finishReason: 'STOP' })],
    ['generate', 'a blocked prompt', { promptFeedback: { blockReason: 'SAFETY' } }],
  ])('%s: %s', (format, _name, event) => expect(codecs[format].isEnd(event as never)).toBe(true));

  test.each<Case>([
    ['chat', 'words of it in a text', chunk({ content: '"finish_reason":"stop" [DONE]' })],
    ['chat', 'an empty reason', chunk({}, { finish_reason: '' })],
    ['messages', 'a reason without its event', { type: 'message_delta', delta: { stop_reason: 'end_turn' } }],
    ['messages', 'words of it in arguments', block({ type: 'tool_use', name: 'f', input: { type: 'message_stop' } })],
    ['responses', 'words of it in an item', { type: 'x', item: { args: { type: 'response.completed' } } }],
    ['generate', 'words of it in arguments', piece([{ functionCall: { name: 'f', args: { finishReason: 'STOP' } } }])],
  ])('%s, none: %s', (format, _name, event) => expect(codecs[format].isEnd(event as never)).toBe(false));
});

describe('the kind of a failure', () => {
  const anthropic = (type: string, message = 'm') => ({ type: 'error', error: { type, message } });
  const google = (status: string, message = 'm') => ({ error: { status, message } });
  test.each<[Format, object, string]>([
    ['chat', { error: { code: 429 } }, 'rate_limited'],
    ['chat', { error: { code: '503' } }, 'overloaded'],
    ['chat', { error: { code: 402 } }, 'credit'],
    ['chat', { error: { code: 401 } }, 'credential'],
    ['chat', { error: { code: 504 } }, 'timed_out'],
    ['chat', { error: { code: 'insufficient_quota' } }, 'credit'],
    ['chat', { error: { code: 'context_length_exceeded' } }, 'too_long'],
    ['chat', { error: { type: 'invalid_request_error', code: null } }, 'bad_request'],
    ['chat', { error: { type: 'server_error', message: 'invalid_request' } }, 'other'],
    ['chat', { choices: [{ index: 0, finish_reason: 'network_error' }] }, 'other'],
    ['messages', anthropic('overloaded_error'), 'overloaded'],
    ['messages', anthropic('billing_error'), 'credit'],
    ['messages', anthropic('api_error'), 'other'],
    ['messages', anthropic('invalid_request_error', 'prompt is too long: 9 tokens > 5 maximum'), 'too_long'],
    ['messages', { type: 'message_delta', delta: { stop_reason: 'exploded' } }, 'other'],
    ['responses', { type: 'error', code: 'rate_limit_exceeded', message: 'm' }, 'rate_limited'],
    ['responses', { type: 'error', error: { code: 'server_error' } }, 'other'],
    ['responses', { type: 'response.failed', response: { error: { code: 'invalid_image' } } }, 'bad_request'],
    ['responses', { type: 'response.failed', response: {} }, 'other'],
    ['responses', { type: 'response.cancelled', response: { status: 'cancelled' } }, 'other'],
    ['responses', { type: 'response.completed', response: { status: 'in_progress' } }, 'other'],
    ['responses', { type: 'response.completed', response: { status: 'exploded' } }, 'other'],
    ['generate', google('RESOURCE_EXHAUSTED'), 'rate_limited'],
    ['generate', google('INVALID_ARGUMENT', 'API key not valid.'), 'credential'],
    ['generate', google('INTERNAL'), 'other'],
  ])('%s %j: %s', (format, event, kind) => {
    expect(codecs[format].failureIn(event as never, false)?.kind).toBe(kind);
  });

  test.each<Case>([
    ['chat', 'an error that is null', { error: null, choices: [] }],
    [
      'responses',
      'an error that is null',
      { type: 'response.completed', response: { status: 'completed', error: null } },
    ],
    ['responses', 'no status beside its name', { type: 'response.completed', response: {} }],
    ['responses', 'a response that is fetched later', { type: 'response.queued', response: { status: 'queued' } }],
    ['messages', 'a stop that is null', { type: 'message_delta', delta: { stop_reason: null } }],
    ['generate', 'usage alone', { usageMetadata: { promptTokenCount: 1 } }],
  ])('%s, none: %s', (format, _name, event) => {
    expect(codecs[format].failureIn(event as never, false)).toBeUndefined();
  });
});
