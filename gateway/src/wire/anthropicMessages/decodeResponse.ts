// Anthropic answers as neutral events, whole and streamed. Source: Anthropic API reference, "Messages" and "Streaming
// Messages".

import { validCounts, tokenCount, type Usage } from '../../core/usage';
import type { Decoder, Frame, Json } from '../codec';
import { isObject, listOr, objectOr, parseEvent, textOr } from '../shared/json';
import type { FailureKind, FinishReason, StreamEvent } from '../neutral';
import { openEventBuilder, type EventBuilder } from '../shared/eventBuilder';
import { decodeCitations } from './blocks';

const reasons: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'refusal',
  pause_turn: 'pause',
};

// `input_tokens` excludes the cache here. The first event of a stream has input and cache, the last the output.
export function usageIn(value: Json): Partial<Usage> | undefined {
  const usage = isObject(value['usage']) ? value['usage'] : objectOr(value['message'])['usage'];
  if (!isObject(usage)) return undefined;
  const writes = objectOr(usage['cache_creation']);
  const oneHour = tokenCount(writes['ephemeral_1h_input_tokens']);
  const count = (key: string) => (typeof usage[key] === 'number' ? tokenCount(usage[key]) : undefined);
  const allWrites = count('cache_creation_input_tokens');
  const thought = objectOr(usage['output_tokens_details'])['thinking_tokens'];
  return validCounts({
    input: count('input_tokens'),
    cacheRead: count('cache_read_input_tokens'),
    cacheWrite5m: allWrites === undefined ? undefined : Math.max(0, allWrites - oneHour),
    cacheWrite1h: isObject(usage['cache_creation']) ? oneHour : undefined,
    output: count('output_tokens'),
    reasoning: typeof thought === 'number' ? tokenCount(thought) : undefined,
  });
}

export function decodeResponse(body: Json): readonly StreamEvent[] {
  const builder = openEventBuilder();
  const model = textOr(body['model']);
  builder.start(textOr(body['id']), model);
  for (const raw of listOr(body['content'])) {
    const block = objectOr(raw);
    openBlock(builder, block, model);
    if (block['type'] === 'tool_use') builder.args(JSON.stringify(block['input'] ?? {}));
    if (block['type'] === 'thinking') {
      builder.reasoning(textOr(block['thinking']));
      builder.opaqueReasoning({ format: 'messages', model, value: { signature: textOr(block['signature']) } });
    }
    cite(builder, listOr(block['citations']));
    builder.close();
  }
  builder.usage(usageIn(body));
  finish(builder, body);
  builder.done();
  return builder.take();
}

export function openDecoder(): Decoder {
  const builder = openEventBuilder();
  let model = '';
  let type = ''; // of the block being filled
  let signature = '';
  const push = ({ data }: Frame): readonly StreamEvent[] => {
    if (builder.finished) return [];
    const event = parseEvent(data);
    if (event === undefined) return [];
    builder.usage(usageIn(event));
    switch (event['type']) {
      case 'message_start': {
        const message = objectOr(event['message']);
        model = textOr(message['model']);
        builder.start(textOr(message['id']), model);
        break;
      }
      case 'content_block_start': {
        const block = objectOr(event['content_block']);
        type = textOr(block['type']);
        signature = textOr(block['signature']);
        openBlock(builder, block, model);
        if (type === 'thinking') builder.reasoning(textOr(block['thinking']));
        break;
      }
      case 'content_block_delta': {
        const delta = objectOr(event['delta']);
        if (type === 'text') builder.text(textOr(delta['text']));
        else if (type === 'tool_use') builder.args(textOr(delta['partial_json']));
        else if (type === 'thinking') {
          builder.reasoning(textOr(delta['thinking']));
          signature += textOr(delta['signature']);
        }
        if (isObject(delta['citation'])) cite(builder, [delta['citation']]);
        break;
      }
      case 'content_block_stop':
        if (type === 'thinking') builder.opaqueReasoning({ format: 'messages', model, value: { signature } });
        else builder.close();
        type = '';
        break;
      case 'message_delta':
        finish(builder, objectOr(event['delta']));
        break;
      case 'message_stop':
        builder.done();
        break;
      case 'error': {
        const error = objectOr(event['error']);
        builder.failure(failureKind(error), textOr(error['message']));
        break;
      }
    }
    return builder.take();
  };
  // Without message_stop the answer is not complete, whatever was said before.
  return { push, end: () => (builder.close(), builder.take()) };
}

/** What kind of failure an error object of Anthropic's is. */
export function failureKind(error: Json): FailureKind {
  const type = textOr(error['type']);
  if (type === 'overloaded_error') return 'overloaded';
  if (type === 'rate_limit_error') return 'rate_limited';
  if (/prompt is too long/.test(textOr(error['message']))) return 'too_long';
  return type === 'invalid_request_error' ? 'bad_request' : 'other';
}

// ---

function openBlock(builder: EventBuilder, block: Json, model: string): void {
  switch (block['type']) {
    case 'text':
      builder.close(); // two texts in a row are two parts
      return builder.text(textOr(block['text']));
    case 'tool_use':
      return builder.call(textOr(block['id']), textOr(block['name']));
    case 'thinking':
      return;
    case 'redacted_thinking':
      return builder.opaqueReasoning({ format: 'messages', model, value: { data: textOr(block['data']) } });
    default:
      builder.lost(textOr(block['type'], 'block'));
  }
}

// A citation of a document that was sent names no address: no other wire has a place for it.
function cite(builder: EventBuilder, citations: readonly unknown[]): void {
  const read = decodeCitations(citations);
  for (const citation of read) builder.citation(citation);
  if (read.length < citations.length) builder.lost('citation');
}

function finish(builder: EventBuilder, said: Json): void {
  const raw = said['stop_reason'];
  if (typeof raw !== 'string') return;
  const sequence = said['stop_sequence'];
  if (raw === 'refusal') builder.refusal(textOr(objectOr(said['stop_details'])['explanation']));
  builder.finish(reasons[raw] ?? 'other', typeof sequence === 'string' ? sequence : undefined);
}
