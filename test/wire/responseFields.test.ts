// A Response has every field that clients check, whatever it was made of. The list:
// https://github.com/openresponses/openresponses/blob/main/schema/components/schemas/ResponseResource.json, "required" (2026-11),
// but for `user`, which OpenAI's own description lets be a text alone, and OpenAI leaves empty.

import { codecs } from '../../gateway/src/wire';
import { fold } from '../../gateway/src/wire/fold';
import type { StreamEvent } from '../../gateway/src/wire/neutral';
import { formats } from './recorded';

const required = [
  'id', 'object', 'created_at', 'completed_at', 'status', 'incomplete_details', 'model', 'previous_response_id', 'instructions',
  'output', 'error', 'tools', 'tool_choice', 'truncation', 'parallel_tool_calls', 'text', 'top_p', 'presence_penalty',
  'frequency_penalty', 'top_logprobs', 'temperature', 'reasoning', 'usage', 'max_output_tokens', 'max_tool_calls', 'store',
  'background', 'service_tier', 'metadata', 'safety_identifier', 'prompt_cache_key',
]; // prettier-ignore

const answer: StreamEvent[] = [
  { type: 'start', id: 'x1', model: 'm' },
  { type: 'open', part: { type: 'text' } },
  { type: 'delta', text: 'Hi' },
  { type: 'close' },
  { type: 'usage', usage: { input: 5, output: 2, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 } },
  { type: 'finish', reason: 'stop' },
];

test.each(formats)('asked in %s', (from) => {
  const request = { from, native: {}, stream: true, messages: [], endUser: 'somebody' };
  const context = { requestId: 'req_1', created: 1, includeUsage: true, request };
  const whole = codecs.responses.encodeResponse(fold(answer), context);
  const encoder = codecs.responses.openEncoder(context);
  const events = answer
    .map((event) => encoder.push(event))
    .join('')
    .split('\n')
    .flatMap((line) => (line.startsWith('data: ') ? [JSON.parse(line.slice(6)) as { response?: object }] : []));
  const told = events.flatMap(({ response }) => (response === undefined ? [] : [response]));
  expect(told).toHaveLength(3); // created, in progress, completed
  for (const response of [whole, ...told])
    expect(required.filter((field) => !Object.hasOwn(response, field))).toEqual([]);
});
