// Encodes neutral events as a stream of chat completion chunks. Source:
// https://platform.openai.com/docs/api-reference/chat/streaming (2026-11).

import type { Usage } from '../../core/usage';
import type { EncodeContext, Encoder } from '../codec';
import type { Json } from '../jsonObject';
import type { Opaque, OpenPart, StreamEvent, TokenLogprob } from '../neutral';
import { defined } from '../shared/json';
import { encodeOpenaiLogprobs } from '../shared/logprobs';
import {
  detailFormats,
  encodeAnnotation,
  encodeCall,
  encodeDetail,
  encodeFinishReason,
  encodeUsage,
  geminiExtra,
  geminiSignature,
  isCustomCall,
  responseId,
} from './responseParts';

/** An encoder of one stream. */
export function openEncoder(context: EncodeContext): Encoder {
  const states = [newState(context, 0, {})];
  let state = states[0];
  return {
    push(event) {
      if (event.type === 'answer') {
        state = states[event.index] ??= newState(context, event.index, states[0]?.head ?? {});
        return '';
      }
      return state === undefined ? '' : encodeEvent(state, event);
    },
  };
}

// ---

function newState(context: EncodeContext, index: number, head: Json): StreamState {
  return {
    context,
    index,
    head,
    usage: undefined,
    open: undefined,
    filled: false,
    calls: -1,
    refused: false,
    textLength: 0,
    partStart: 0,
    logprobs: [],
    detail: -1,
    reasoning: '',
    pending: undefined,
  };
}

interface StreamState {
  readonly context: EncodeContext;
  /** The answer's. */
  readonly index: number;
  /** The fields that every chunk repeats. */
  head: Json;
  usage: Usage | undefined;
  open: OpenPart | undefined;
  /** The open part has had a delta. */
  filled: boolean;
  /** Index of the last call. */
  calls: number;
  refused: boolean;
  /** Characters of text so far, and before the open part: citations count from the beginning of the message. */
  textLength: number;
  partStart: number;
  /** Of the next delta. */
  logprobs: readonly TokenLogprob[];
  /** Index of the last of `reasoning_details`. */
  detail: number;
  /** Text of the open reasoning. */
  reasoning: string;
  /** Gemini's signature of a call, until the call's name is known. */
  pending: { readonly opaque: Opaque; readonly signature: string } | undefined;
}

function encodeEvent(state: StreamState, event: Exclude<StreamEvent, { type: 'answer' }>): string {
  switch (event.type) {
    case 'start':
      if (state.index === 0)
        state.head = {
          id: responseId(event.id, state.context),
          object: 'chat.completion.chunk',
          created: state.context.created,
          model: event.model,
        };
      return chunk(state, { role: 'assistant', content: '', refusal: null });
    case 'open':
      return encodeOpen(state, event.part);
    case 'delta':
      return encodeDelta(state, event.text);
    case 'logprobs':
      state.logprobs = event.logprobs;
      return '';
    case 'citation':
      return chunk(state, { annotations: [encodeAnnotation(event.citation, state.partStart)] });
    case 'close':
      return encodeClose(state, event.opaque);
    case 'usage':
      state.usage = event.usage;
      return '';
    case 'finish': {
      const { context, usage, head } = state;
      const last = releasePending(state) + chunk(state, {}, encodeFinishReason(event.reason, state.refused));
      if (state.index > 0) return last; // the first answer finishes last
      const counted =
        context.includeUsage && usage !== undefined ? line({ ...head, choices: [], usage: encodeUsage(usage) }) : '';
      return `${last}${counted}data: [DONE]\n\n`;
    }
    case 'lost':
    case 'failure':
      return ''; // the caller writes these, in the same way for every format
  }
}

function line(value: Json): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

function chunk(state: StreamState, delta: Json, finish: string | null = null, logprobs: Json | null = null): string {
  return line({
    ...state.head,
    choices: [{ index: state.index, delta, logprobs, finish_reason: finish }],
    ...(state.context.includeUsage ? { usage: null } : {}),
  });
}

function encodeOpen(state: StreamState, part: OpenPart): string {
  state.open = part;
  state.filled = false;
  state.partStart = state.textLength;
  state.reasoning = '';
  // The format has no place for a search; what it found stands in the annotations.
  if (part.type === 'webSearch') return '';
  if (part.type === 'reasoning') {
    state.detail++;
    return '';
  }
  if (part.type !== 'toolCall') return releasePending(state);
  state.calls++;
  const signature = state.pending?.signature;
  const released = releasePending(state, part.id);
  const call = { index: state.calls, ...encodeCall({ ...part, args: '' }, state.context), ...geminiExtra(signature) };
  return released + chunk(state, { tool_calls: [call] });
}

function encodeDelta(state: StreamState, text: string): string {
  const { open, context, calls: index } = state;
  state.filled = true;
  switch (open?.type) {
    case 'toolCall': {
      const field = isCustomCall(open, context) ? { custom: { input: text } } : { function: { arguments: text } };
      return chunk(state, { tool_calls: [{ index, ...field }] });
    }
    case 'reasoning': {
      state.reasoning += text;
      const detail = { type: 'reasoning.text', text, format: detailFormats.chat, index: state.detail };
      return chunk(state, { reasoning_content: text, reasoning: text, reasoning_details: [detail] });
    }
    case 'refusal':
      state.refused = true;
      return chunk(state, { refusal: text });
    default:
      state.textLength += text.length;
      return chunk(state, { content: text }, null, takeLogprobs(state));
  }
}

function encodeClose(state: StreamState, opaque: Opaque | undefined): string {
  const closed = state.open;
  state.open = undefined;
  if (closed?.type === 'toolCall' && !state.filled && !isCustomCall(closed, state.context))
    return chunk(state, { tool_calls: [{ index: state.calls, function: { arguments: '{}' } }] });
  if (closed?.type !== 'reasoning' || opaque === undefined) return '';
  const signature = geminiSignature(opaque);
  if (signature !== undefined && !state.filled) {
    state.detail--;
    state.pending = { opaque, signature };
    return '';
  }
  return chunk(state, { reasoning_details: [encodeDetail('', opaque, state.detail, state.reasoning)] });
}

function takeLogprobs(state: StreamState): Json | null {
  if (state.logprobs.length === 0) return null;
  const content = encodeOpenaiLogprobs(state.logprobs);
  state.logprobs = [];
  return { content, refusal: null };
}

// The detail that holds a pending signature. @param id of the call that it belongs to
function releasePending(state: StreamState, id?: string): string {
  if (state.pending === undefined) return '';
  const { opaque } = state.pending;
  state.pending = undefined;
  return chunk(state, { reasoning_details: [{ ...encodeDetail('', opaque, ++state.detail), ...defined({ id }) }] });
}
