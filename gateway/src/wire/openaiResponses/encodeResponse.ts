// Neutral answers as OpenAI Responses, whole and streamed. Source: OpenAI API reference, "The response object" and
// "Streaming events".

import type { Usage } from '../../core/usage';
import { encodeOpenaiLogprobs } from '../shared/logprobs';
import type { Encoder, Json, EncodeContext } from '../codec';
import { openDroppedFields } from '../shared/droppedFields';
import type {
  Citation,
  FailureKind,
  FinishReason,
  NeutralResponse,
  Opaque,
  OpenPart,
  Part,
  StreamEvent,
  Text,
  TokenLogprob,
} from '../neutral';
import { wrapEnvelope } from '../reasoning/envelope';
import { openNaming } from './namespaces';
import { encodeResponseFormat, encodeToolChoice, encodeTools } from './encodeRequest';

export function encodeResponse(response: NeutralResponse, speaker: EncodeContext): Json {
  const id = answerId(response.id, speaker);
  const naming = openNaming(speaker.request.tools);
  const output = response.parts.map((part, index) => {
    const opaque = part.type === 'reasoning' ? part.opaque : undefined;
    const text = part.type === 'toolCall' ? part.args : part.text;
    speaker.onItem?.(itemId(part, id, index), part);
    return doneItem(part, itemId(part, id, index), naming, text, part.type === 'text' ? part : {}, opaque);
  });
  return {
    ...head(id, response.model, speaker),
    ...ending(response.reason),
    output,
    usage: response.usage === undefined ? null : encodeUsage(response.usage),
  };
}

export function openEncoder(speaker: EncodeContext): Encoder {
  let sequence = 0;
  let id = '';
  let model = '';
  let open: OpenPart | undefined;
  let item = ''; // id of the open one
  let text: string[] = [];
  let citations: Citation[] = [];
  let logprobs: TokenLogprob[] = []; // of the open text, and those of the next delta
  let next: readonly TokenLogprob[] = [];
  let usage: Usage | undefined;
  const output: Json[] = [];
  const naming = openNaming(speaker.request.tools);

  const say = (type: string, rest: Json) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...rest, sequence_number: sequence++ })}\n\n`;
  const at = () => ({ item_id: item, output_index: output.length });
  const part = () => ({ ...at(), content_index: 0 });
  const response = (rest: Json): Json => ({ response: { ...head(id, model, speaker), ...rest } });
  const empty = { status: 'in_progress', incomplete_details: null, output: [], usage: null, completed_at: null };

  const begin = (of: OpenPart): string => {
    open = of;
    item = itemId(of, id, output.length);
    text = [];
    citations = [];
    logprobs = [];
    const added = say('response.output_item.added', { output_index: output.length, item: newItem(of, item, naming) });
    switch (of.type) {
      case 'text':
      case 'refusal':
        return added + say('response.content_part.added', { ...part(), part: contentPart(of, '', {}) });
      case 'reasoning':
      case 'toolCall':
        return added;
    }
  };
  const taken = (): Json[] => {
    const told = encodeOpenaiLogprobs(next);
    next = [];
    return told;
  };
  const grow = (delta: string): string => {
    const first = text.length === 0;
    text.push(delta);
    switch (open?.type) {
      case 'text':
        return say('response.output_text.delta', { ...part(), delta, logprobs: taken() });
      case 'refusal':
        return say('response.refusal.delta', { ...part(), delta });
      case 'reasoning': {
        const opened = first
          ? say('response.reasoning_summary_part.added', {
              ...at(),
              summary_index: 0,
              part: { type: 'summary_text', text: '' },
            })
          : '';
        return opened + say('response.reasoning_summary_text.delta', { ...at(), summary_index: 0, delta });
      }
      case 'toolCall':
        return open.custom === true
          ? say('response.custom_tool_call_input.delta', { ...at(), delta })
          : say('response.function_call_arguments.delta', { ...at(), delta });
      case undefined:
        return '';
    }
  };
  const finishPart = (of: OpenPart, whole: string): string => {
    switch (of.type) {
      case 'text':
        return (
          say('response.output_text.done', { ...part(), text: whole, logprobs: encodeOpenaiLogprobs(logprobs) }) +
          say('response.content_part.done', { ...part(), part: contentPart(of, whole, { citations, logprobs }) })
        );
      case 'refusal':
        return (
          say('response.refusal.done', { ...part(), refusal: whole }) +
          say('response.content_part.done', { ...part(), part: contentPart(of, whole, {}) })
        );
      case 'reasoning':
        if (whole === '') return '';
        return (
          say('response.reasoning_summary_text.done', { ...at(), summary_index: 0, text: whole }) +
          say('response.reasoning_summary_part.done', {
            ...at(),
            summary_index: 0,
            part: { type: 'summary_text', text: whole },
          })
        );
      case 'toolCall':
        return of.custom === true
          ? say('response.custom_tool_call_input.done', { ...at(), input: whole })
          : say('response.function_call_arguments.done', { ...at(), ...naming(of.name), arguments: whole });
    }
  };
  const end = (opaque: Opaque | undefined): string => {
    if (open === undefined) return '';
    const of = open;
    open = undefined;
    const joined = text.join('');
    const whole = joined === '' && of.type === 'toolCall' && of.custom !== true ? '{}' : joined;
    const done = finishPart(of, whole);
    const made = doneItem(of, item, naming, whole, { citations, logprobs }, opaque);
    speaker.onItem?.(item, partOf(of, whole, opaque));
    const told = done + say('response.output_item.done', { output_index: output.length, item: made });
    output.push(made);
    return told;
  };

  const push = (event: StreamEvent): string => {
    switch (event.type) {
      case 'start':
        id = answerId(event.id, speaker);
        model = event.model;
        return say('response.created', response(empty)) + say('response.in_progress', response(empty));
      case 'open':
        return begin(event.part);
      case 'delta':
        return grow(event.text);
      case 'logprobs':
        next = event.logprobs;
        logprobs.push(...next);
        return '';
      case 'citation': {
        citations.push(event.citation);
        const annotation = annotationOf(event.citation);
        return say('response.output_text.annotation.added', {
          ...part(),
          annotation_index: citations.length - 1,
          annotation,
        });
      }
      case 'close':
        return end(event.opaque);
      case 'usage':
        usage = event.usage;
        return '';
      case 'finish': {
        const last = ending(event.reason);
        const counted = usage === undefined ? null : encodeUsage(usage);
        return say(
          `response.${last.status}`,
          response({ ...last, output, usage: counted, completed_at: speaker.created }),
        );
      }
      case 'failure': {
        const error = { code: failureCodes[event.kind], message: event.message };
        const before = id === '' ? say('response.created', response(empty)) : '';
        return before + say('response.failed', response({ ...empty, status: 'failed', error, output }));
      }
      case 'lost':
        return ''; // told by the caller, in words that every format shares
    }
  };
  return { push };
}

// ---

type Naming = ReturnType<typeof openNaming>;

const failureCodes: Readonly<Record<FailureKind, string>> = {
  rate_limited: 'rate_limit_exceeded',
  overloaded: 'server_error',
  too_long: 'context_length_exceeded',
  bad_request: 'invalid_prompt',
  other: 'server_error',
};

function answerId(id: string, speaker: EncodeContext): string {
  const own = id === '' ? speaker.requestId : id;
  return own.startsWith('resp_') ? own : `resp_${own}`;
}

function itemId(
  part: { readonly type: OpenPart['type']; readonly custom?: boolean },
  id: string,
  index: number,
): string {
  const prefix = { text: 'msg', refusal: 'msg', reasoning: 'rs', toolCall: part.custom === true ? 'ctc' : 'fc' }[
    part.type
  ];
  return `${prefix}_${id.slice('resp_'.length)}_${index}`;
}

function ending(reason: FinishReason): { status: string; incomplete_details: Json | null } {
  if (reason === 'length') return { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
  if (reason === 'refusal') return { status: 'incomplete', incomplete_details: { reason: 'content_filter' } };
  return { status: 'completed', incomplete_details: null };
}

// An answer repeats the settings it was made with.
function head(id: string, model: string, speaker: EncodeContext): Json {
  const { request } = speaker;
  const droppedFields = openDroppedFields({ ...request, native: {} }, 'responses');
  const custom = new Set(request.tools?.flatMap((tool) => (tool.type === 'custom' ? [tool.name] : [])));
  const naming = openNaming(request.tools);
  return {
    id,
    object: 'response',
    created_at: speaker.created,
    completed_at: speaker.created,
    status: 'completed',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: request.maxOutput ?? null,
    max_tool_calls: null,
    metadata: request.metadata ?? {},
    model,
    parallel_tool_calls: request.parallelTools ?? true,
    previous_response_id: null,
    reasoning: { effort: request.reasoning?.effort ?? null, summary: null },
    service_tier: 'default',
    store: false,
    temperature: request.temperature ?? 1,
    text: {
      format: request.responseFormat === undefined ? { type: 'text' } : encodeResponseFormat(request.responseFormat),
    },
    tool_choice: request.toolChoice === undefined ? 'auto' : encodeToolChoice(request.toolChoice, custom, naming),
    tools: encodeTools(request.tools ?? [], droppedFields),
    top_logprobs: request.topLogprobs ?? 0,
    top_p: request.topP ?? 1,
    truncation: 'disabled',
  };
}

function newItem(part: OpenPart, id: string, naming: Naming): Json {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return { id, type: 'message', status: 'in_progress', role: 'assistant', content: [] };
    case 'reasoning':
      return { id, type: 'reasoning', summary: [] };
    case 'toolCall':
      return part.custom === true
        ? { id, type: 'custom_tool_call', status: 'in_progress', call_id: part.id, ...naming(part.name), input: '' }
        : { id, type: 'function_call', status: 'in_progress', call_id: part.id, ...naming(part.name), arguments: '' };
  }
}

function doneItem(
  part: OpenPart,
  id: string,
  naming: Naming,
  text: string,
  about: About,
  opaque: Opaque | undefined,
): Json {
  const item = newItem(part, id, naming);
  switch (part.type) {
    case 'text':
    case 'refusal':
      return { ...item, status: 'completed', content: [contentPart(part, text, about)] };
    case 'reasoning':
      return {
        ...item,
        summary: text === '' ? [] : [{ type: 'summary_text', text }],
        // Also where nothing is sealed: else nobody could tell it from a thought that OpenAI has stored, which refuses it.
        encrypted_content: wrapEnvelope(opaque),
      };
    case 'toolCall':
      return {
        ...item,
        status: 'completed',
        ...(part.custom === true ? { input: text } : { arguments: text === '' ? '{}' : text }),
      };
  }
}

/** What is told of a text beside its words. */
type About = Pick<Text, 'citations' | 'logprobs'>;

function contentPart(part: { readonly type: 'text' | 'refusal' }, text: string, about: About): Json {
  if (part.type === 'refusal') return { type: 'refusal', refusal: text };
  return {
    type: 'output_text',
    text,
    annotations: (about.citations ?? []).map(annotationOf),
    logprobs: encodeOpenaiLogprobs(about.logprobs ?? []),
  };
}

function partOf(of: OpenPart, text: string, opaque: Opaque | undefined): Part {
  if (of.type === 'toolCall') return { ...of, args: text };
  return of.type === 'reasoning'
    ? { type: 'reasoning', text, ...(opaque === undefined ? {} : { opaque }) }
    : { type: of.type, text };
}

function annotationOf(citation: Citation): Json {
  return {
    type: 'url_citation',
    url: citation.url,
    title: citation.title ?? citation.url,
    start_index: citation.start ?? 0,
    end_index: citation.end ?? 0,
  };
}

function encodeUsage(usage: Usage): Json {
  const input = usage.input + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: usage.cacheRead,
      cache_write_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
    },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning },
    total_tokens: input + usage.output,
  };
}
