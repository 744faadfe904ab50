// Neutral answers as chat completions, whole and streamed. Source: OpenAI API reference, "The chat completion object";
// `reasoning_content` is what DeepSeek's clients read, `reasoning` and `reasoning_details` what OpenRouter's do.

import type { Usage } from '../../core/usage';
import { encodeOpenaiLogprobs } from '../shared/logprobs';
import type { Encoder, Json, EncodeContext } from '../codec';
import { defined } from '../shared/json';
import type { Citation, FinishReason, NeutralResponse, Opaque, StreamEvent, TokenLogprob } from '../neutral';
import { wrapEnvelope } from '../reasoning/envelope';

const reasonNames: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  refusal: 'content_filter',
  pause: 'stop',
  other: 'stop',
};

export function encodeResponse(response: NeutralResponse, speaker: EncodeContext): Json {
  let content = '';
  let reasoning = '';
  let refusal = '';
  const annotations: Json[] = [];
  const logprobs: Json[] = [];
  const details: Json[] = [];
  const calls: Json[] = [];
  let signature: string | undefined; // Gemini's, of the call that follows
  for (const part of response.parts) {
    switch (part.type) {
      case 'text':
        annotations.push(...(part.citations ?? []).map((citation) => annotationOf(citation, content.length)));
        content += part.text;
        logprobs.push(...encodeOpenaiLogprobs(part.logprobs ?? []));
        break;
      case 'refusal':
        refusal += part.text;
        break;
      case 'reasoning':
        reasoning += part.text;
        details.push(detailOf(part.text, part.opaque, details.length));
        signature = googleSignature(part.opaque);
        break;
      case 'toolCall':
        if (signature !== undefined) details[details.length - 1] = { ...details.at(-1), id: part.id };
        calls.push({ ...callOf(part, speaker), ...extra(signature) });
        signature = undefined;
        break;
    }
  }
  return {
    id: answerId(response.id, speaker),
    object: 'chat.completion',
    created: speaker.created,
    model: response.model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: content === '' && (calls.length > 0 || refusal !== '') ? null : content,
          refusal: refusal === '' ? null : refusal,
          ...(reasoning === '' ? {} : { reasoning_content: reasoning, reasoning }),
          ...(details.length > 0 ? { reasoning_details: details } : {}),
          ...(annotations.length > 0 ? { annotations } : {}),
          ...(calls.length > 0 ? { tool_calls: calls } : {}),
        },
        logprobs: logprobs.length > 0 ? { content: logprobs, refusal: null } : null,
        finish_reason: refusal !== '' && response.reason === 'refusal' ? 'stop' : reasonNames[response.reason],
      },
    ],
    ...(response.usage === undefined ? {} : { usage: encodeUsage(response.usage) }),
  };
}

export function openEncoder(speaker: EncodeContext): Encoder {
  let head: Json = {};
  let usage: Usage | undefined;
  let open: Extract<StreamEvent, { type: 'open' }>['part'] | undefined;
  let calls = -1;
  let argued = false;
  let refused = false;
  let written = 0; // characters of text, and how many there were when the open part began: for where citations stand
  let begun = 0;
  let logprobs: readonly TokenLogprob[] = []; // of the next delta
  let detail = -1;
  let thought = '';
  let pending: { opaque: Opaque; signature: string } | undefined; // Gemini's signature, until its call is named

  const line = (value: Json) => `data: ${JSON.stringify(value)}\n\n`;
  const say = (delta: Json, finish: string | null = null, logprobs: Json | null = null) =>
    line({
      ...head,
      choices: [{ index: 0, delta, logprobs, finish_reason: finish }],
      ...(speaker.includeUsage ? { usage: null } : {}),
    });
  const taken = (): Json | null => {
    if (logprobs.length === 0) return null;
    const content = encodeOpenaiLogprobs(logprobs);
    logprobs = [];
    return { content, refusal: null };
  };
  const release = (id?: string): string => {
    if (pending === undefined) return '';
    const { opaque } = pending;
    pending = undefined;
    return say({ reasoning_details: [{ ...detailOf('', opaque, ++detail), ...defined({ id }) }] });
  };

  const push = (event: StreamEvent): string => {
    switch (event.type) {
      case 'start':
        head = {
          id: answerId(event.id, speaker),
          object: 'chat.completion.chunk',
          created: speaker.created,
          model: event.model,
        };
        return say({ role: 'assistant', content: '', refusal: null });
      case 'open': {
        open = event.part;
        argued = false;
        begun = written;
        if (open.type === 'reasoning') detail++;
        thought = '';
        if (open.type !== 'toolCall') return open.type === 'reasoning' ? '' : release();
        calls++;
        const signature = pending?.signature;
        const released = release(open.id);
        return (
          released +
          say({ tool_calls: [{ index: calls, ...callOf({ ...open, args: '' }, speaker), ...extra(signature) }] })
        );
      }
      case 'delta':
        argued = true;
        switch (open?.type) {
          case 'toolCall': {
            const field = plain(open, speaker)
              ? { custom: { input: event.text } }
              : { function: { arguments: event.text } };
            return say({ tool_calls: [{ index: calls, ...field }] });
          }
          case 'reasoning':
            thought += event.text;
            return say({
              reasoning_content: event.text,
              reasoning: event.text,
              reasoning_details: [
                { type: 'reasoning.text', text: event.text, format: formatNames.chat, index: detail },
              ],
            });
          case 'refusal':
            refused = true;
            return say({ refusal: event.text });
          default:
            written += event.text.length;
            return say({ content: event.text }, null, taken());
        }
      case 'logprobs':
        logprobs = event.logprobs;
        return '';
      case 'citation':
        return say({ annotations: [annotationOf(event.citation, begun)] });
      case 'close': {
        const closed = open;
        open = undefined;
        if (closed?.type === 'toolCall' && !argued && !plain(closed, speaker))
          return say({ tool_calls: [{ index: calls, function: { arguments: '{}' } }] });
        if (closed?.type !== 'reasoning' || event.opaque === undefined) return '';
        const signature = googleSignature(event.opaque);
        if (signature !== undefined && !argued) {
          detail--;
          pending = { opaque: event.opaque, signature };
          return '';
        }
        return say({ reasoning_details: [detailOf('', event.opaque, detail, thought)] });
      }
      case 'usage':
        usage = event.usage;
        return '';
      case 'finish': {
        const reason = refused && event.reason === 'refusal' ? 'stop' : reasonNames[event.reason];
        const last = release() + say({}, reason);
        const counted =
          speaker.includeUsage && usage !== undefined ? line({ ...head, choices: [], usage: encodeUsage(usage) }) : '';
        return `${last}${counted}data: [DONE]\n\n`;
      }
      case 'lost':
      case 'failure':
        return ''; // told by the caller, in words that every format shares
    }
  };
  return { push };
}

// ---

function answerId(id: string, speaker: EncodeContext): string {
  const own = id === '' ? speaker.requestId : id;
  return own.startsWith('chatcmpl-') ? own : `chatcmpl-${own}`;
}

// A custom tool's call is shown as one to those who declared it here; to others (Cursor) as a function with the plain
// input as its arguments.
function plain(call: { readonly custom?: boolean }, speaker: EncodeContext): boolean {
  return call.custom === true && speaker.request.from === 'chat';
}

function callOf(call: { id: string; name: string; args: string; custom?: boolean }, speaker: EncodeContext): Json {
  if (plain(call, speaker)) return { id: call.id, type: 'custom', custom: { name: call.name, input: call.args } };
  return { id: call.id, type: 'function', function: { name: call.name, arguments: call.args } };
}

function annotationOf(citation: Citation, offset: number): Json {
  return {
    type: 'url_citation',
    url_citation: {
      url: citation.url,
      title: citation.title ?? citation.url,
      start_index: (citation.start ?? 0) + offset,
      end_index: (citation.end ?? 0) + offset,
    },
  };
}

// OpenRouter's names for whose sealed form it is.
const formatNames = {
  messages: 'anthropic-claude-v1',
  responses: 'openai-responses-v1',
  generate: 'google-gemini-v1',
  chat: 'unknown',
} as const;

// @param sealed the text of a thought that came before in pieces: OpenAI's own SDK keeps but the last of them
function detailOf(text: string, opaque: Opaque | undefined, index: number, sealed?: string): Json {
  if (opaque === undefined) return { type: 'reasoning.text', text, format: formatNames.chat, index };
  const format = formatNames[opaque.format];
  if (text === '' && opaque.format !== 'messages')
    return { type: 'reasoning.encrypted', data: wrapEnvelope(opaque), format, index };
  return { type: 'reasoning.text', text, signature: wrapEnvelope(opaque, sealed), format, index };
}

function googleSignature(opaque: Opaque | undefined): string | undefined {
  return opaque?.format === 'generate' && typeof opaque.value === 'string' ? opaque.value : undefined;
}

// Google's own place for it on its chat-shaped API; some clients keep it.
function extra(signature: string | undefined): Json {
  return signature === undefined ? {} : { extra_content: { google: { thought_signature: signature } } };
}

function encodeUsage(usage: Usage): Json {
  const prompt = usage.input + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
  return {
    prompt_tokens: prompt,
    completion_tokens: usage.output,
    total_tokens: prompt + usage.output,
    prompt_tokens_details: {
      cached_tokens: usage.cacheRead,
      cache_write_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
      ...defined({ audio_tokens: usage.inputAudio }),
    },
    completion_tokens_details: { reasoning_tokens: usage.reasoning },
  };
}
