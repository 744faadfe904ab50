// Encodes neutral events as a stream of GenerateContentResponses. Source:
// https://ai.google.dev/api/generate-content, "models.streamGenerateContent" (2026-11).

import type { Usage } from '../../core/usage';
import type { EncodeContext, Encoder } from '../codec';
import type { Json } from '../jsonObject';
import type { Opaque, OpenPart, StreamEvent, TokenLogprob, WebSearch } from '../neutral';
import { argsObject, brokenArgs } from '../shared/exactJson';
import type { PlacedCitation } from './grounding';
import { hostedParts } from './hostedParts';
import { encodeLogprobs, encodeSignature, encodeSources, encodeThought, encodeUsage, finishReasons, isGrounded } from './responseParts'; // prettier-ignore

/** An encoder of one stream. */
export function openEncoder(context: EncodeContext): Encoder {
  const lost: string[] = [];
  const states = [newState(context, 0, {}, lost)];
  let state = states[0];
  return {
    push(event) {
      if (event.type === 'answer') {
        state = states[event.index] ??= newState(context, event.index, states[0]?.head ?? {}, lost);
        return '';
      }
      return state === undefined ? '' : encodeEvent(state, event);
    },
    lost,
  };
}

// ---

function newState(context: EncodeContext, index: number, head: Json, lost: string[]): StreamState {
  return {
    context,
    index,
    head,
    open: undefined,
    args: '',
    filled: false,
    usage: undefined,
    pending: undefined,
    searches: [],
    citations: [],
    text: [],
    length: 0,
    partStart: 0,
    logprobs: [],
    lost,
  };
}

interface StreamState {
  readonly context: EncodeContext;
  /** The answer's. */
  readonly index: number;
  /** The fields that every piece repeats. */
  head: Json;
  open: OpenPart | undefined;
  /** Arguments of the open call, so far. */
  args: string;
  /** The open part has had a delta. */
  filled: boolean;
  usage: Usage | undefined;
  /** A signature of the part that follows. */
  pending: Opaque | undefined;
  readonly searches: WebSearch[];
  readonly citations: PlacedCitation[];
  /** The words of the answer, in pieces, where sources may be told by their place in them; and the length of all words. */
  readonly text: string[];
  length: number;
  /** Of the words before the open text. */
  partStart: number;
  /** Of the next delta. */
  logprobs: readonly TokenLogprob[];
  readonly lost: string[];
}

function encodeEvent(state: StreamState, event: Exclude<StreamEvent, { type: 'answer' }>): string {
  switch (event.type) {
    case 'start':
      // A later answer may come before the first one, and has its own start.
      if (state.index === 0 || (event.id !== '' && state.head['responseId'] === undefined))
        state.head = {
          modelVersion: event.model,
          responseId: event.id === '' ? state.context.requestId : event.id,
        };
      return '';
    case 'open': {
      state.partStart = state.length;
      if (event.part.type === 'webSearch') state.searches.push(event.part);
      const before =
        event.part.type === 'reasoning' && state.pending !== undefined
          ? piece(state, [{ text: '', ...takeSignature(state) }])
          : '';
      state.open = event.part;
      state.args = '';
      state.filled = false;
      return before;
    }
    case 'delta':
      return encodeDelta(state, event.text);
    case 'logprobs':
      state.logprobs = event.logprobs;
      return '';
    case 'citation':
      state.citations.push({ citation: event.citation, from: state.partStart, to: state.length });
      return '';
    case 'close':
      return encodeClose(state, event.opaque);
    case 'usage':
      state.usage = event.usage;
      return '';
    case 'finish': {
      const { pending, usage, searches, citations, context } = state;
      const parts = pending === undefined ? [] : [{ text: '', ...takeSignature(state) }];
      const sources = encodeSources(context.request, { searches, citations, text: state.text.join('') });
      const ending = { finishReason: finishReasons[event.reason], ...sources };
      return piece(state, parts, ending, usage === undefined ? {} : { usageMetadata: encodeUsage(usage) });
    }
    case 'lost':
    case 'failure':
      return ''; // the caller writes these, in the same way for every format
  }
}

function piece(state: StreamState, parts: readonly Json[], candidate: Json = {}, response: Json = {}): string {
  const candidates = [{ content: { role: 'model', parts }, ...candidate, index: state.index }];
  return `data: ${JSON.stringify({ candidates, ...response, ...state.head })}\n\n`;
}

function encodeDelta(state: StreamState, text: string): string {
  state.filled = true;
  switch (state.open?.type) {
    case 'toolCall':
      state.args += text; // Gemini sends a call in one piece
      return '';
    case 'reasoning':
      return piece(state, [{ text, thought: true }]);
    default: {
      state.length += text.length;
      if (isGrounded(state.context.request, state.searches)) state.text.push(text);
      const part = { text, ...takeSignature(state) };
      const logprobs = encodeLogprobs(state.logprobs);
      state.logprobs = [];
      return piece(state, [part], logprobs);
    }
  }
}

function encodeClose(state: StreamState, opaque: Opaque | undefined): string {
  const closed = state.open;
  state.open = undefined;
  if (closed?.type === 'toolCall') {
    const call = {
      id: closed.id,
      name: closed.name,
      args: argsObject(state.args, () => state.lost.push(brokenArgs(closed.name))),
    };
    return piece(state, [{ functionCall: call, ...takeSignature(state) }]);
  }
  if (closed?.type !== 'reasoning') return '';
  const hosted = hostedParts(opaque);
  if (hosted !== undefined) return piece(state, hosted);
  if (!state.filled) state.pending = opaque;
  else if (opaque !== undefined) return piece(state, [encodeThought('', opaque)]);
  return '';
}

function takeSignature(state: StreamState): Json {
  const signature = encodeSignature(state.pending);
  state.pending = undefined;
  return signature;
}
