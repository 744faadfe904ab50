// Neutral answers as Anthropic messages, whole and streamed. Source: Anthropic API reference, "Messages" and "Streaming
// Messages".

import { noUsage, type Usage } from '../../money';
import type { Encoder, Json, Speaker } from '../codec';
import { parseArgs } from '../json';
import type { FinishReason, NeutralResponse, Opaque, OpenPart, StreamEvent } from '../neutral';
import { seal } from '../seal';

const reasonNames: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  refusal: 'refusal',
  pause: 'pause_turn',
  other: 'end_turn',
};

export function writeAnswer(response: NeutralResponse, speaker: Speaker): Json {
  return {
    ...message(response.id, response.model, speaker),
    content: withoutClosingSeals(response.parts).map((part): Json => {
      switch (part.type) {
        case 'text':
        case 'refusal':
          return { type: 'text', text: part.text, citations: null };
        case 'reasoning':
          return { type: 'thinking', thinking: part.text, signature: seal(part.opaque) };
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
    usage: writeUsage(response.usage ?? noUsage),
  };
}

export function openEncoder(speaker: Speaker): Encoder {
  const say = (type: string, rest: Json) => `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
  let index = -1;
  let open: OpenPart | undefined;
  let shown = false; // something of the open block went out
  let usage: Usage = noUsage;
  let held: (Opaque | undefined)[] = []; // seals without words, until it is known that something follows
  const start = (part: OpenPart) => say('content_block_start', { index: ++index, content_block: emptyBlock(part) });
  const stop = (part: OpenPart | undefined, opaque: Opaque | undefined) => {
    const delta = { type: 'signature_delta', signature: seal(opaque) };
    const sealed = part?.type === 'reasoning' ? say('content_block_delta', { index, delta }) : '';
    return sealed + say('content_block_stop', { index });
  };
  const release = () => {
    const thought: OpenPart = { type: 'reasoning' };
    const blocks = held.map((opaque) => start(thought) + stop(thought, opaque)).join('');
    held = [];
    return blocks;
  };
  const push = (event: StreamEvent): string => {
    switch (event.type) {
      case 'start':
        return say('message_start', {
          message: {
            ...message(event.id, event.model, speaker),
            content: [],
            ...ending(undefined, undefined),
            usage: writeUsage(usage),
          },
        });
      case 'open':
        open = event.part;
        shown = open.type !== 'reasoning';
        return shown ? release() + start(open) : '';
      case 'delta': {
        const before = shown || open === undefined ? '' : release() + start(open);
        shown = true;
        return before + say('content_block_delta', { index, delta: deltaOf(open, event.text) });
      }
      case 'close': {
        const of = open;
        open = undefined;
        if (shown) return stop(of, event.opaque);
        held.push(event.opaque);
        return '';
      }
      case 'usage':
        usage = event.usage;
        return '';
      case 'finish': {
        const delta = { container: null, ...ending(event.reason, event.stopSequence) };
        const alone = index < 0 ? release() : '';
        return alone + say('message_delta', { delta, usage: writeUsage(usage) }) + say('message_stop', {});
      }
      case 'citation': // an Anthropic citation names a place in a document it was given; there is none
      case 'lost':
      case 'failure':
        return ''; // told by the caller, in words that every format shares
    }
  };
  return { push };
}

// ---

// Gemini seals its last words too. As a block after them, that would be an answer without words for clients that show the
// last block (Claude Code with -p does); Gemini does not ask for it back.
function withoutClosingSeals(parts: NeutralResponse['parts']): NeutralResponse['parts'] {
  const last = parts.findLastIndex((part) => part.type !== 'reasoning' || part.text !== '');
  return last < 0 ? parts : parts.slice(0, last + 1);
}

function message(id: string, model: string, speaker: Speaker): Json {
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

function writeUsage(usage: Usage): Json {
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
