// Folds the events of a response into the response.

import { pushAll } from '../core/pushAll';
import type { Citation, NeutralResponse, Opaque, OpenPart, StreamEvent, TokenLogprob } from './neutral';

/** A response from its events; a whole response and its stream are decoded by the same code this way. */
export function fold(events: Iterable<StreamEvent>): NeutralResponse {
  const state: FoldState = {
    parts: [],
    lost: [],
    open: undefined,
    text: [],
    citations: [],
    logprobs: [],
    response: {
      id: '',
      model: '',
      usage: undefined,
      reason: 'other',
      stopSequence: undefined,
      failure: undefined,
    },
  };
  for (const event of events) foldEvent(state, event);
  return { ...state.response, parts: state.parts, lost: state.lost };
}

// ---

interface FoldState {
  readonly parts: NeutralResponse['parts'][number][];
  readonly lost: string[];
  response: Omit<NeutralResponse, 'parts' | 'lost'>;
  /** The open part, and what has come of it. */
  open: OpenPart | undefined;
  text: string[];
  citations: Citation[];
  logprobs: TokenLogprob[];
}

function foldEvent(state: FoldState, event: StreamEvent): void {
  switch (event.type) {
    case 'start':
      state.response = { ...state.response, id: event.id, model: event.model };
      break;
    case 'open':
      state.open = event.part;
      state.text = [];
      state.citations = [];
      state.logprobs = [];
      break;
    case 'delta':
      state.text.push(event.text);
      break;
    case 'citation':
      state.citations.push(event.citation);
      break;
    case 'logprobs':
      pushAll(state.logprobs, event.logprobs);
      break;
    case 'close':
      if (state.open !== undefined) state.parts.push(wholePart(state, state.open, event.opaque));
      state.open = undefined;
      break;
    case 'usage':
      state.response = { ...state.response, usage: event.usage };
      break;
    case 'finish':
      state.response = { ...state.response, reason: event.reason, stopSequence: event.stopSequence };
      break;
    case 'failure':
      state.response = { ...state.response, failure: event };
      break;
    case 'lost':
      state.lost.push(event.what);
      break;
    case 'answer':
      break; // several answers are folded one by one
  }
}

function wholePart(
  { text: pieces, citations, logprobs }: FoldState,
  open: OpenPart,
  opaque: Opaque | undefined,
): NeutralResponse['parts'][number] {
  const text = pieces.join('');
  switch (open.type) {
    case 'text':
      return {
        type: 'text',
        text,
        ...(citations.length > 0 ? { citations } : {}),
        ...(logprobs.length > 0 ? { logprobs } : {}),
      };
    case 'refusal':
      return { type: 'refusal', text };
    case 'reasoning':
      return { type: 'reasoning', text, ...(opaque === undefined ? {} : { opaque }) };
    case 'toolCall':
      return { ...open, args: text };
    case 'webSearch':
      return open;
  }
}
