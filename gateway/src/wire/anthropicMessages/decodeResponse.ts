// Decodes Anthropic messages, whole and streamed. Sources: https://platform.claude.com/docs/en/api/messages and
// https://platform.claude.com/docs/en/build-with-claude/streaming (2026-11).

import { validCounts, tokenCount, type Usage } from '../../core/usage';
import type { Decoder } from '../codec';
import type { Json } from '../jsonObject';
import { isObject, listOr, lookUp, objectOr, parseEvent, textOr } from '../shared/json';
import type { FailureKind, FinishReason, StreamEvent } from '../neutral';
import { openEventBuilder, type EventBuilder } from '../shared/eventBuilder';
import { decodeCitations } from '../shared/anthropicBlocks';

const stopReasons: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'refusal',
  pause_turn: 'pause',
};

/**
 * The usage in a message or event; undefined where it has none. `input_tokens` excludes the cache here. The first event of
 * a stream has the input and the cache, the last one the output.
 */
export function usageIn(value: Json): Partial<Usage> | undefined {
  const usage = isObject(value['usage']) ? value['usage'] : objectOr(value['message'])['usage'];
  if (!isObject(usage)) return undefined;
  const writes = objectOr(usage['cache_creation']);
  const oneHour = tokenCount(writes['ephemeral_1h_input_tokens']);
  const count = (key: string) => (typeof usage[key] === 'number' ? tokenCount(usage[key]) : undefined);
  const allWrites = count('cache_creation_input_tokens');
  const reasoning = objectOr(usage['output_tokens_details'])['thinking_tokens'];
  return validCounts({
    input: count('input_tokens'),
    cacheRead: count('cache_read_input_tokens'),
    cacheWrite5m: allWrites === undefined ? undefined : Math.max(0, allWrites - oneHour),
    cacheWrite1h: isObject(usage['cache_creation']) ? oneHour : undefined,
    output: count('output_tokens'),
    reasoning: typeof reasoning === 'number' ? tokenCount(reasoning) : undefined,
  });
}

/** A whole message as neutral events. */
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
    addCitations(builder, listOr(block['citations']));
    builder.close();
  }
  builder.usage(usageIn(body));
  decodeStop(builder, body);
  builder.done();
  return builder.take();
}

/** A decoder of one stream. */
export function openDecoder(): Decoder {
  const builder = openEventBuilder();
  const state: StreamState = { builder, model: '', blockType: '', signature: '' };
  return {
    push: ({ data }) => {
      const event = builder.finished ? undefined : parseEvent(data);
      if (event === undefined) return [];
      decodeEvent(state, event);
      return builder.take();
    },
    // Without message_stop the message is not complete, whatever came before.
    end: () => (builder.close(), builder.take()),
  };
}

// ---

interface StreamState {
  readonly builder: EventBuilder;
  model: string;
  /** Type of the block being filled. */
  blockType: string;
  /** Signature of the open thinking block, which may come in pieces. */
  signature: string;
}

function decodeEvent(state: StreamState, event: Json): void {
  const { builder } = state;
  builder.usage(usageIn(event));
  switch (event['type']) {
    case 'message_start': {
      const message = objectOr(event['message']);
      state.model = textOr(message['model']);
      return builder.start(textOr(message['id']), state.model);
    }
    case 'content_block_start': {
      const block = objectOr(event['content_block']);
      state.blockType = textOr(block['type']);
      state.signature = textOr(block['signature']);
      openBlock(builder, block, state.model);
      if (state.blockType === 'thinking') builder.reasoning(textOr(block['thinking']));
      return;
    }
    case 'content_block_delta':
      return decodeDelta(state, objectOr(event['delta']));
    case 'content_block_stop': {
      const { blockType, model, signature } = state;
      if (blockType === 'thinking') builder.opaqueReasoning({ format: 'messages', model, value: { signature } });
      else builder.close();
      state.blockType = '';
      return;
    }
    case 'message_delta':
      return decodeStop(builder, objectOr(event['delta']));
    case 'message_stop':
      return builder.done();
    case 'error': {
      const error = objectOr(event['error']);
      return builder.failure(failureKind(error), textOr(error['message']));
    }
  }
}

function decodeDelta(state: StreamState, delta: Json): void {
  const { builder, blockType } = state;
  if (blockType === 'text') builder.text(textOr(delta['text']));
  else if (blockType === 'tool_use') builder.args(textOr(delta['partial_json']));
  else if (blockType === 'thinking') {
    builder.reasoning(textOr(delta['thinking']));
    state.signature += textOr(delta['signature']);
  }
  if (isObject(delta['citation'])) addCitations(builder, [delta['citation']]);
}

// Source: https://platform.claude.com/docs/en/api/errors (2026-11).
function failureKind(error: Json): FailureKind {
  const type = textOr(error['type']);
  if (type === 'overloaded_error') return 'overloaded';
  if (type === 'rate_limit_error') return 'rate_limited';
  if (/prompt is too long/.test(textOr(error['message']))) return 'too_long';
  return type === 'invalid_request_error' ? 'bad_request' : 'other';
}

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

// A citation of a document that was sent names no URL; no other format has a place for it.
function addCitations(builder: EventBuilder, citations: readonly unknown[]): void {
  const decoded = decodeCitations(citations);
  for (const citation of decoded) builder.citation(citation);
  if (decoded.length < citations.length) builder.lost('citation');
}

// @param message a whole message, or the delta of a `message_delta` event
function decodeStop(builder: EventBuilder, message: Json): void {
  const stopReason = message['stop_reason'];
  if (typeof stopReason !== 'string') return;
  const sequence = message['stop_sequence'];
  if (stopReason === 'refusal') builder.refusal(textOr(objectOr(message['stop_details'])['explanation']));
  builder.finish(lookUp(stopReasons, stopReason) ?? 'other', typeof sequence === 'string' ? sequence : undefined);
}
