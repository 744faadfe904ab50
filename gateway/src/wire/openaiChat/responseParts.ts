// The parts of a chat completion that whole and streamed responses share. Sources:
// https://platform.openai.com/docs/api-reference/chat/object; `reasoning_content` is DeepSeek's field
// (https://api-docs.deepseek.com/guides/reasoning_model), `reasoning` and `reasoning_details` are OpenRouter's
// (https://openrouter.ai/docs/use-cases/reasoning-tokens) (2026-11).

import type { Usage } from '../../core/usage';
import type { EncodeContext } from '../codec';
import type { Json } from '../jsonObject';
import type { Citation, FinishReason, Opaque } from '../neutral';
import { wrapEnvelope } from '../reasoning/envelope';
import { defined } from '../shared/json';

const finishReasons: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  refusal: 'content_filter',
  pause: 'stop',
  other: 'stop',
};

/** @param refused the response holds the model's own refusal, after which OpenAI says `stop` */
export function encodeFinishReason(reason: FinishReason, refused: boolean): string {
  return refused && reason === 'refusal' ? 'stop' : finishReasons[reason];
}

/** The response's id, with the prefix that clients expect. */
export function responseId(id: string, context: EncodeContext): string {
  const known = id === '' ? context.requestId : id;
  return known.startsWith('chatcmpl-') ? known : `chatcmpl-${known}`;
}

/**
 * Whether a call is encoded as one of a custom tool: for clients that declared it in this format. Others (Cursor, which
 * sends Responses bodies here) get a function whose arguments are the plain input.
 */
export function isCustomCall(call: { readonly custom?: boolean }, context: EncodeContext): boolean {
  return call.custom === true && context.request.from === 'chat';
}

/** A tool call as an item of `tool_calls`. @param call `args` is JSON text, or a custom tool's plain input */
export function encodeCall(
  call: { id: string; name: string; args: string; custom?: boolean },
  context: EncodeContext,
): Json {
  if (isCustomCall(call, context))
    return { id: call.id, type: 'custom', custom: { name: call.name, input: call.args } };
  return { id: call.id, type: 'function', function: { name: call.name, arguments: call.args } };
}

/** @param offset characters of the message before the text that the citation stands in */
export function encodeAnnotation(citation: Citation, offset: number): Json {
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

/** OpenRouter's names for the provider that an opaque value comes from. */
export const detailFormats = {
  messages: 'anthropic-claude-v1',
  responses: 'openai-responses-v1',
  generate: 'google-gemini-v1',
  chat: 'unknown',
} as const;

/**
 * One of OpenRouter's `reasoning_details`.
 * @param streamedText the reasoning's text, where it was streamed before: OpenAI's own SDK keeps only the last piece
 */
export function encodeDetail(text: string, opaque: Opaque | undefined, index: number, streamedText?: string): Json {
  if (opaque === undefined) return { type: 'reasoning.text', text, format: detailFormats.chat, index };
  const format = detailFormats[opaque.format];
  if (text === '' && opaque.format !== 'messages')
    return { type: 'reasoning.encrypted', data: wrapEnvelope(opaque), format, index };
  return { type: 'reasoning.text', text, signature: wrapEnvelope(opaque, streamedText), format, index };
}

/** Gemini's signature of the call that follows; undefined where the opaque value is no such signature. */
export function geminiSignature(opaque: Opaque | undefined): string | undefined {
  return opaque?.format === 'generate' && typeof opaque.value === 'string' ? opaque.value : undefined;
}

/**
 * A signature in the field of a call where Google's OpenAI-compatible API puts it; some clients keep it.
 * Source: https://ai.google.dev/gemini-api/docs/thought-signatures (2026-11).
 */
export function geminiExtra(signature: string | undefined): Json {
  return signature === undefined ? {} : { extra_content: { google: { thought_signature: signature } } };
}

/** Token counts; everything cached is part of `prompt_tokens` here. Searches are counted in OpenRouter's field. */
export function encodeUsage(usage: Usage): Json {
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
    ...((usage.searches ?? 0) > 0 ? { server_tool_use: { web_search_requests: usage.searches } } : {}),
  };
}
