// Encodes neutral events as the event stream of an Anthropic message. Source:
// https://platform.claude.com/docs/en/build-with-claude/streaming (2026-11).

import { noUsage, type Usage } from '../../core/usage';
import type { EncodeContext, Encoder } from '../codec';
import type { Json } from '../jsonObject';
import type { OpenPart, StreamEvent, WebSearch } from '../neutral';
import { wrapEnvelope } from '../reasoning/envelope';
import { encodeCitation, encodeSearch, encodeStop, encodeUsage, messageHead } from './responseParts';

/** An encoder of one stream. */
export function openEncoder(context: EncodeContext): Encoder {
  const state: StreamState = { context, index: -1, open: undefined, usage: noUsage };
  return { push: (event) => encodeEvent(state, event) };
}

// ---

interface StreamState {
  readonly context: EncodeContext;
  /** Index of the last block. */
  index: number;
  open: OpenPart | undefined;
  usage: Usage;
}

function encodeEvent(state: StreamState, event: StreamEvent): string {
  switch (event.type) {
    case 'start': {
      const head = messageHead(event.id, event.model, state.context);
      const stop = encodeStop(undefined, undefined);
      return frame('message_start', { message: { ...head, content: [], ...stop, usage: encodeUsage(state.usage) } });
    }
    case 'open':
      if (event.part.type === 'webSearch') return encodeSearchBlocks(state, event.part);
      state.index++;
      state.open = event.part;
      return frame('content_block_start', { index: state.index, content_block: emptyBlock(event.part) });
    case 'delta':
      return blockDelta(state, encodeDelta(state.open, event.text));
    case 'close': {
      if (state.open === undefined) return ''; // of a search, whose blocks are closed
      const signature =
        state.open?.type === 'reasoning'
          ? blockDelta(state, { type: 'signature_delta', signature: wrapEnvelope(event.opaque) })
          : '';
      state.open = undefined;
      return signature + frame('content_block_stop', { index: state.index });
    }
    case 'usage':
      state.usage = event.usage;
      return '';
    case 'finish': {
      const delta = { container: null, ...encodeStop(event.reason, event.stopSequence) };
      return frame('message_delta', { delta, usage: encodeUsage(state.usage) }) + frame('message_stop', {});
    }
    case 'citation':
      return blockDelta(state, { type: 'citations_delta', citation: encodeCitation(event.citation) });
    case 'logprobs': // clients of this format cannot ask for them
    case 'answer': // and for several answers
    case 'lost':
    case 'failure':
      return ''; // the caller writes these, in the same way for every format
  }
}

function frame(type: string, fields: Json): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

function blockDelta({ index }: StreamState, delta: Json): string {
  return frame('content_block_delta', { index, delta });
}

function encodeSearchBlocks(state: StreamState, search: WebSearch): string {
  const { call, input, result } = encodeSearch(search);
  state.index++;
  const called =
    frame('content_block_start', { index: state.index, content_block: call }) +
    blockDelta(state, { type: 'input_json_delta', partial_json: JSON.stringify(input) }) +
    frame('content_block_stop', { index: state.index });
  state.index++;
  const found = frame('content_block_start', { index: state.index, content_block: result });
  return called + found + frame('content_block_stop', { index: state.index });
}

function emptyBlock(part: Exclude<OpenPart, WebSearch>): Json {
  switch (part.type) {
    case 'toolCall':
      return { type: 'tool_use', id: part.id, name: part.name, input: {}, caller: { type: 'direct' } };
    case 'reasoning':
      return { type: 'thinking', thinking: '', signature: '' };
    case 'text':
    case 'refusal':
      return { type: 'text', text: '', citations: null };
  }
}

function encodeDelta(part: OpenPart | undefined, text: string): Json {
  if (part?.type === 'toolCall') return { type: 'input_json_delta', partial_json: text };
  return part?.type === 'reasoning' ? { type: 'thinking_delta', thinking: text } : { type: 'text_delta', text };
}
