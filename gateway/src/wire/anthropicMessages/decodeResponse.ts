// Decodes Anthropic messages, whole and streamed. Sources: https://platform.claude.com/docs/en/api/messages and
// https://platform.claude.com/docs/en/build-with-claude/streaming (2026-11).

import { validCounts, searchCount, tokenCount, type Usage } from '../../core/usage';
import type { Decoder } from '../codec';
import type { Json } from '../jsonObject';
import { completion, stopReasons } from './completion';
import { isObject, listOr, objectOr, parseEvent, textOr } from '../shared/json';
import type { StreamEvent } from '../neutral';
import { openEventBuilder, type EventBuilder } from '../shared/eventBuilder';
import { decodeCitations } from '../shared/anthropicBlocks';
import { isSearchCall, openSearches, type Searches, withInput } from './searches';

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
  const searches = objectOr(usage['server_tool_use'])['web_search_requests'];
  const reasoning = objectOr(usage['output_tokens_details'])['thinking_tokens'];
  return validCounts({
    input: count('input_tokens'),
    cacheRead: count('cache_read_input_tokens'),
    cacheWrite5m: allWrites === undefined ? undefined : Math.max(0, allWrites - oneHour),
    cacheWrite1h: isObject(usage['cache_creation']) ? oneHour : undefined,
    output: count('output_tokens'),
    reasoning: typeof reasoning === 'number' ? tokenCount(reasoning) : undefined,
    searches: typeof searches === 'number' ? searchCount(searches) : undefined,
  });
}

/** A whole message as neutral events. */
export function decodeResponse(body: Json): readonly StreamEvent[] {
  const builder = openEventBuilder();
  const model = textOr(body['model']);
  builder.start(textOr(body['id']), model);
  const searches = openSearches(builder);
  for (const raw of listOr(body['content'])) {
    const block = objectOr(raw);
    if (searches.add(block)) continue;
    openBlock(builder, block, model);
    if (block['type'] === 'tool_use') builder.args(JSON.stringify(block['input'] ?? {}));
    if (block['type'] === 'thinking') {
      builder.reasoning(textOr(block['thinking']));
      builder.opaqueReasoning({ format: 'messages', model, value: { signature: textOr(block['signature']) } });
    }
    addCitations(builder, listOr(block['citations']));
    builder.close();
  }
  searches.end();
  builder.usage(usageIn(body));
  decodeStop(builder, body);
  builder.done(completion.failureIn(body, true));
  return builder.take();
}

/** A decoder of one stream. */
export function openDecoder(): Decoder {
  const builder = openEventBuilder();
  const state: StreamState = {
    builder,
    searches: openSearches(builder),
    model: '',
    blockType: '',
    signature: '',
    search: undefined,
  };
  return {
    push: ({ data }) => {
      const event = builder.finished ? undefined : parseEvent(data);
      if (event === undefined) return [];
      decodeEvent(state, event);
      const failure = completion.failureIn(event, false);
      if (failure !== undefined) builder.failure(failure);
      return builder.take();
    },
    // Without message_stop the message is not complete, whatever came before.
    end: () => (builder.close(), builder.take()),
    get ending() {
      return builder.ending;
    },
    get usage() {
      return builder.reported;
    },
    get kept() {
      return state.signature.length + (state.search?.input.length ?? 0) + state.searches.kept;
    },
  };
}

// ---

interface StreamState {
  readonly builder: EventBuilder;
  readonly searches: Searches;
  model: string;
  /** Type of the block being filled. */
  blockType: string;
  /** Signature of the open thinking block, which may come in pieces. */
  signature: string;
  /** The open call of a search, and its input so far, in pieces. */
  search: { readonly block: Json; input: string } | undefined;
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
      if (isSearchCall(block)) {
        builder.close();
        state.search = { block, input: '' };
        return;
      }
      if (state.searches.add(block)) return;
      openBlock(builder, block, state.model);
      if (state.blockType === 'thinking') builder.reasoning(textOr(block['thinking']));
      return;
    }
    case 'content_block_delta':
      return decodeDelta(state, objectOr(event['delta']));
    case 'content_block_stop': {
      const { blockType, model, signature, search } = state;
      if (search !== undefined) state.searches.add(withInput(search));
      state.search = undefined;
      if (blockType === 'thinking') builder.opaqueReasoning({ format: 'messages', model, value: { signature } });
      else builder.close();
      state.blockType = '';
      return;
    }
    case 'message_delta':
      return decodeStop(builder, objectOr(event['delta']));
    case 'message_stop':
      state.searches.end();
      if (!builder.ending && builder.filled) builder.finish('stop'); // some hosts leave the reason out
      return builder.done();
  }
}

function decodeDelta(state: StreamState, delta: Json): void {
  const { builder, blockType } = state;
  if (state.search !== undefined) state.search.input += textOr(delta['partial_json']);
  else if (blockType === 'text') builder.text(textOr(delta['text']));
  else if (blockType === 'tool_use') builder.args(textOr(delta['partial_json']));
  else if (blockType === 'thinking') {
    builder.reasoning(textOr(delta['thinking']));
    state.signature += textOr(delta['signature']);
  }
  if (isObject(delta['citation'])) addCitations(builder, [delta['citation']]);
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
  const reason = stopReasons.get(stopReason);
  if (reason !== undefined) builder.finish(reason, typeof sequence === 'string' ? sequence : undefined);
}
