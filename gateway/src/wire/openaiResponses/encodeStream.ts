// Encodes neutral events as the event stream of Responses. Source:
// https://platform.openai.com/docs/api-reference/responses-streaming (2026-11).

import { pushAll } from '../../core/pushAll';
import { errorTable, type GatewayError } from '../../core/errors';
import type { Usage } from '../../core/usage';
import type { EncodeContext, Encoder } from '../codec';
import type { Json } from '../jsonObject';
import type { Citation, FailureKind, Opaque, OpenPart, StreamEvent, TokenLogprob } from '../neutral';
import { encodeOpenaiLogprobs } from '../shared/logprobs';
import { openToolNaming, type ToolNaming } from './namespaces';
import { searchItemId } from './searches';
import { encodeStatus, encodeToolUsage, encodeUsage, responseHead, responseId } from './responseHead';
import { contentPart, doneItem, encodeAnnotation, itemId, newItem, partOfItem } from './responseItems';

/** An encoder of one stream; `context.onItem` is called for each item at its end. */
export function openEncoder(context: EncodeContext): Encoder {
  const state: StreamState = {
    context,
    naming: openToolNaming(context.request.tools),
    sequence: 0,
    id: '',
    model: '',
    open: undefined,
    item: '',
    text: [],
    citations: [],
    logprobs: [],
    nextLogprobs: [],
    usage: undefined,
    output: [],
  };
  return {
    push: (event) => encodeEvent(state, event),
    fail: (error) => encodeFailure(state, errorCode(error), error.message),
    get sequence() {
      return state.sequence;
    },
    set sequence(next) {
      state.sequence = next;
      if (next === 0) state.id = ''; // the response is not created, as its client knows it
    },
  };
}

// ---

interface StreamState {
  readonly context: EncodeContext;
  readonly naming: ToolNaming;
  /** Number of the next event. */
  sequence: number;
  id: string;
  model: string;
  open: OpenPart | undefined;
  /** Id of the open item; its text so far, in pieces; and what belongs to the text. */
  item: string;
  text: string[];
  citations: Citation[];
  logprobs: TokenLogprob[];
  /** Of the next delta. */
  nextLogprobs: readonly TokenLogprob[];
  usage: Usage | undefined;
  /** The finished items. */
  readonly output: Json[];
}

const unfinished = { status: 'in_progress', incomplete_details: null, output: [], usage: null, completed_at: null };

function encodeEvent(state: StreamState, event: StreamEvent): string {
  switch (event.type) {
    case 'start':
      state.id = responseId(event.id, state.context);
      state.model = event.model;
      return (
        responseEvent(state, 'response.created', unfinished) + responseEvent(state, 'response.in_progress', unfinished)
      );
    case 'open':
      return encodeOpen(state, event.part);
    case 'delta':
      return encodeDelta(state, event.text);
    case 'logprobs':
      state.nextLogprobs = event.logprobs;
      pushAll(state.logprobs, event.logprobs);
      return '';
    case 'citation':
      state.citations.push(event.citation);
      return frame(state, 'response.output_text.annotation.added', {
        ...partPlace(state),
        annotation_index: state.citations.length - 1,
        annotation: encodeAnnotation(event.citation),
      });
    case 'close':
      return encodeClose(state, event.opaque);
    case 'usage':
      state.usage = event.usage;
      return '';
    case 'finish': {
      const { usage, output, context } = state;
      const status = encodeStatus(event.reason);
      const counted = usage === undefined ? null : encodeUsage(usage);
      const fields = { ...status, output, usage: counted, ...encodeToolUsage(usage), completed_at: context.created };
      return responseEvent(state, `response.${status.status}`, fields);
    }
    case 'failure':
      return encodeFailure(state, failureCodes[event.kind], event.message);
    case 'answer': // clients of this format cannot ask for several
    case 'lost':
      return ''; // the caller writes these, in the same way for every format
  }
}

function frame(state: StreamState, type: string, fields: Json): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields, sequence_number: state.sequence++ })}\n\n`;
}

function responseEvent(state: StreamState, type: string, fields: Json): string {
  return frame(state, type, { response: { ...responseHead(state.id, state.model, state.context), ...fields } });
}

function itemPlace({ item, output }: StreamState): Json {
  return { item_id: item, output_index: output.length };
}

function partPlace(state: StreamState): Json {
  return { ...itemPlace(state), content_index: 0 };
}

function summaryPlace(state: StreamState): Json {
  return { ...itemPlace(state), summary_index: 0 };
}

function searchEvent(state: StreamState, phase: 'in_progress' | 'searching' | 'completed'): string {
  return frame(state, `response.web_search_call.${phase}`, itemPlace(state));
}

function encodeOpen(state: StreamState, part: OpenPart): string {
  state.open = part;
  state.item = part.type === 'webSearch' ? searchItemId(part) : itemId(part, state.id, state.output.length);
  state.text = [];
  state.citations = [];
  state.logprobs = [];
  const item = newItem(part, state.item, state.naming);
  const added = frame(state, 'response.output_item.added', { output_index: state.output.length, item });
  if (part.type === 'webSearch') return added + searchEvent(state, 'in_progress') + searchEvent(state, 'searching');
  if (part.type === 'reasoning' || part.type === 'toolCall') return added;
  return added + frame(state, 'response.content_part.added', { ...partPlace(state), part: contentPart(part, '', {}) });
}

function encodeDelta(state: StreamState, delta: string): string {
  const isFirst = state.text.length === 0;
  state.text.push(delta);
  switch (state.open?.type) {
    case 'text': {
      const logprobs = encodeOpenaiLogprobs(state.nextLogprobs);
      state.nextLogprobs = [];
      return frame(state, 'response.output_text.delta', { ...partPlace(state), delta, logprobs });
    }
    case 'refusal':
      return frame(state, 'response.refusal.delta', { ...partPlace(state), delta });
    case 'reasoning': {
      const part = { type: 'summary_text', text: '' };
      const added = isFirst
        ? frame(state, 'response.reasoning_summary_part.added', { ...summaryPlace(state), part })
        : '';
      return added + frame(state, 'response.reasoning_summary_text.delta', { ...summaryPlace(state), delta });
    }
    case 'toolCall': {
      const isCustom = state.open.custom === true;
      const type = isCustom ? 'response.custom_tool_call_input.delta' : 'response.function_call_arguments.delta';
      return frame(state, type, { ...itemPlace(state), delta });
    }
    case 'webSearch': // it has no text
    case undefined:
      return '';
  }
}

function encodeClose(state: StreamState, opaque: Opaque | undefined): string {
  const part = state.open;
  if (part === undefined) return '';
  state.open = undefined;
  const { item: id, citations, logprobs } = state;
  const joined = state.text.join('');
  const text = joined === '' && part.type === 'toolCall' && part.custom !== true ? '{}' : joined;
  const partDone = encodePartDone(state, part, text);
  const item = doneItem(part, id, state.naming, { text, details: { citations, logprobs }, opaque });
  state.context.onItem?.(id, partOfItem(part, text, opaque));
  const itemDone = frame(state, 'response.output_item.done', { output_index: state.output.length, item });
  state.output.push(item);
  return partDone + itemDone;
}

function encodePartDone(state: StreamState, part: OpenPart, text: string): string {
  const { citations, logprobs } = state;
  switch (part.type) {
    case 'text':
      return (
        frame(state, 'response.output_text.done', {
          ...partPlace(state),
          text,
          logprobs: encodeOpenaiLogprobs(logprobs),
        }) +
        frame(state, 'response.content_part.done', {
          ...partPlace(state),
          part: contentPart(part, text, { citations, logprobs }),
        })
      );
    case 'refusal':
      return (
        frame(state, 'response.refusal.done', { ...partPlace(state), refusal: text }) +
        frame(state, 'response.content_part.done', { ...partPlace(state), part: contentPart(part, text, {}) })
      );
    case 'reasoning':
      if (text === '') return '';
      return (
        frame(state, 'response.reasoning_summary_text.done', { ...summaryPlace(state), text }) +
        frame(state, 'response.reasoning_summary_part.done', {
          ...summaryPlace(state),
          part: { type: 'summary_text', text },
        })
      );
    case 'webSearch':
      return searchEvent(state, 'completed');
    case 'toolCall':
      if (part.custom === true)
        return frame(state, 'response.custom_tool_call_input.done', { ...itemPlace(state), input: text });
      return frame(state, 'response.function_call_arguments.done', {
        ...itemPlace(state),
        ...state.naming(part.name),
        arguments: text,
      });
  }
}

const failureCodes: Readonly<Record<FailureKind, string>> = {
  rate_limited: 'rate_limit_exceeded',
  overloaded: 'server_error',
  too_long: 'context_length_exceeded',
  bad_request: 'invalid_prompt',
  timed_out: 'server_error',
  allowance: 'context_length_exceeded',
  forbidden: 'server_error',
  credential: 'server_error',
  credit: 'server_error',
  region: 'server_error',
  unknown_model: 'server_error',
  incapable: 'invalid_prompt',
  other: 'server_error',
};

// The same for the gateway's own failures, by their kind; an exhausted quota keeps its name, so that nobody tries again.
function errorCode(error: GatewayError): string {
  if (error.code === 'prompt_too_long') return failureCodes.too_long;
  const { kind } = errorTable[error.code];
  if (kind === 'over_quota') return 'insufficient_quota';
  if (kind === 'rate_limited') return failureCodes.rate_limited;
  return kind === 'invalid' ? failureCodes.bad_request : failureCodes.other;
}

function encodeFailure(state: StreamState, code: string, message: string): string {
  const created = state.id === '' ? responseEvent(state, 'response.created', unfinished) : '';
  const error = { code, message };
  const fields = { ...unfinished, status: 'failed', error, output: state.output };
  return created + responseEvent(state, 'response.failed', fields);
}
