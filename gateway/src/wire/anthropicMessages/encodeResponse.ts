// Neutral answers as Anthropic messages, whole and streamed. Source: Anthropic API reference, "Messages" and "Streaming
// Messages".

import { noUsage, type Usage } from '../../core/usage';
import type { Encoder, Json, EncodeContext } from '../codec';
import { parseArgs } from '../shared/json';
import type { Citation, FinishReason, NeutralResponse, OpenPart, StreamEvent } from '../neutral';
import { wrapEnvelope } from '../reasoning/envelope';

const reasonNames: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  refusal: 'refusal',
  pause: 'pause_turn',
  other: 'end_turn',
};

export function encodeResponse(response: NeutralResponse, speaker: EncodeContext): Json {
  return {
    ...message(response.id, response.model, speaker),
    content: response.parts.map((part): Json => {
      switch (part.type) {
        case 'text':
          return { type: 'text', text: part.text, citations: part.citations?.map(citationOf) ?? null };
        case 'refusal':
          return { type: 'text', text: part.text, citations: null };
        case 'reasoning':
          return { type: 'thinking', thinking: part.text, signature: wrapEnvelope(part.opaque) };
        case 'toolCall':
          return {
            type: 'tool_use',
            id: part.id,
            name: part.name,
            input: parseArgs(part.args),
            caller: { type: 'direct' },
          };
      }
    }),
    ...ending(response.reason, response.stopSequence),
    usage: encodeUsage(response.usage ?? noUsage),
  };
}

export function openEncoder(speaker: EncodeContext): Encoder {
  const say = (type: string, rest: Json) => `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
  let index = -1;
  let open: OpenPart | undefined;
  let usage: Usage = noUsage;
  const push = (event: StreamEvent): string => {
    switch (event.type) {
      case 'start':
        return say('message_start', {
          message: {
            ...message(event.id, event.model, speaker),
            content: [],
            ...ending(undefined, undefined),
            usage: encodeUsage(usage),
          },
        });
      case 'open':
        index++;
        open = event.part;
        return say('content_block_start', { index, content_block: emptyBlock(open) });
      case 'delta':
        return say('content_block_delta', { index, delta: deltaOf(open, event.text) });
      case 'close': {
        const sealed =
          open?.type === 'reasoning'
            ? say('content_block_delta', {
                index,
                delta: { type: 'signature_delta', signature: wrapEnvelope(event.opaque) },
              })
            : '';
        open = undefined;
        return sealed + say('content_block_stop', { index });
      }
      case 'usage':
        usage = event.usage;
        return '';
      case 'finish': {
        const delta = { container: null, ...ending(event.reason, event.stopSequence) };
        return say('message_delta', { delta, usage: encodeUsage(usage) }) + say('message_stop', {});
      }
      case 'citation':
        return say('content_block_delta', {
          index,
          delta: { type: 'citations_delta', citation: citationOf(event.citation) },
        });
      case 'logprobs': // its clients cannot ask for them
      case 'lost':
      case 'failure':
        return ''; // told by the caller, in words that every format shares
    }
  };
  return { push };
}

// ---

function message(id: string, model: string, speaker: EncodeContext): Json {
  const own = id === '' ? speaker.requestId : id;
  return {
    id: own.startsWith('msg_') ? own : `msg_${own}`,
    type: 'message',
    role: 'assistant',
    model,
    container: null,
  };
}

function ending(reason: FinishReason | undefined, stopSequence: string | undefined): Json {
  return {
    stop_reason: reason === undefined ? null : stopSequence === undefined ? reasonNames[reason] : 'stop_sequence',
    stop_sequence: stopSequence ?? null,
    stop_details: reason === 'refusal' ? { type: 'refusal', category: null, explanation: null } : null,
  };
}

function emptyBlock(part: OpenPart): Json {
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

function deltaOf(part: OpenPart | undefined, text: string): Json {
  if (part?.type === 'toolCall') return { type: 'input_json_delta', partial_json: text };
  return part?.type === 'reasoning' ? { type: 'thinking_delta', thinking: text } : { type: 'text_delta', text };
}

// As what Claude's own search found. The words it stands on are not told on other wires; the sealed index would be needed
// to send it back, and is an empty envelope of ours, which is taken out again.
function citationOf({ url, title }: Citation): Json {
  return {
    type: 'web_search_result_location',
    url,
    title: title ?? null,
    cited_text: '',
    encrypted_index: wrapEnvelope(undefined),
  };
}

function encodeUsage(usage: Usage): Json {
  return {
    input_tokens: usage.input,
    cache_creation_input_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
    cache_read_input_tokens: usage.cacheRead,
    cache_creation: {
      ephemeral_5m_input_tokens: usage.cacheWrite5m,
      ephemeral_1h_input_tokens: usage.cacheWrite1h,
    },
    output_tokens: usage.output,
    output_tokens_details: { thinking_tokens: usage.reasoning },
    server_tool_use: null,
    service_tier: null,
    inference_geo: null,
  };
}
