// The fields of a response around its items, which whole and streamed responses share. Source:
// https://platform.openai.com/docs/api-reference/responses/object; which fields clients check for:
// https://github.com/openresponses/openresponses, schema/components/schemas/ResponseResource.json, "required" (2026-11).

import type { Usage } from '../../core/usage';
import type { EncodeContext } from '../codec';
import type { Json } from '../jsonObject';
import type { FinishReason } from '../neutral';
import { openDroppedFields } from '../shared/droppedFields';
import { encodeResponseFormat, encodeToolChoice, encodeTools } from './encodeTools';
import { openToolNaming } from './namespaces';

/** The response's id, with the prefix that clients expect. */
export function responseId(id: string, context: EncodeContext): string {
  const known = id === '' ? context.requestId : id;
  return known.startsWith('resp_') ? known : `resp_${known}`;
}

/** The fields of a completed response without items; it repeats the settings of its request. */
export function responseHead(id: string, model: string, context: EncodeContext): Json {
  const { request } = context;
  const { endUser } = request;
  const droppedFields = openDroppedFields({ ...request, native: {} }, 'responses');
  const custom = new Set(request.tools?.flatMap((tool) => (tool.type === 'custom' ? [tool.name] : [])));
  const naming = openToolNaming(request.tools);
  return {
    id,
    object: 'response',
    created_at: context.created,
    completed_at: context.created,
    status: 'completed',
    background: false,
    error: null,
    frequency_penalty: request.frequencyPenalty ?? 0,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: request.maxOutput ?? null,
    max_tool_calls: null,
    metadata: request.metadata ?? {},
    model,
    parallel_tool_calls: request.parallelTools ?? true,
    presence_penalty: request.presencePenalty ?? 0,
    previous_response_id: null,
    prompt_cache_key: request.promptCacheKey ?? null,
    reasoning: { effort: request.reasoning?.effort ?? null, summary: null },
    safety_identifier: endUser !== undefined && endUser.length <= 64 ? endUser : null,
    service_tier: 'default',
    store: false,
    temperature: request.temperature ?? 1,
    text: {
      format: request.responseFormat === undefined ? { type: 'text' } : encodeResponseFormat(request.responseFormat),
    },
    tool_choice: request.toolChoice === undefined ? 'auto' : encodeToolChoice(request.toolChoice, custom, naming),
    tools: encodeTools(
      request.tools ?? [],
      request.tools?.find((tool) => tool.type === 'webSearch'),
      droppedFields,
    ),
    top_logprobs: request.topLogprobs ?? 0,
    top_p: request.topP ?? 1,
    truncation: 'disabled',
  };
}

/** The fields that say how a response ended. */
export function encodeStatus(reason: FinishReason): { status: string; incomplete_details: Json | null } {
  if (reason === 'length') return { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
  if (reason === 'refusal') return { status: 'incomplete', incomplete_details: { reason: 'content_filter' } };
  return { status: 'completed', incomplete_details: null };
}

/** Token counts; everything cached is part of `input_tokens` here. */
export function encodeUsage(usage: Usage): Json {
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

/** The searches that were charged for, as a field to be spread; no field where there were none. */
export function encodeToolUsage(usage: Usage | undefined): Json {
  const searches = usage?.searches ?? 0;
  return searches === 0 ? {} : { tool_usage: { web_search: { num_requests: searches } } };
}
