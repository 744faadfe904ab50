// How OpenAI prints its documents and counts its tokens.
import type { Json, Reply, Usage } from './wire';

/** OpenAI prints its documents over many lines. */
export function openaiDocument(status: number, body: unknown): Reply {
  const pieces = [`${JSON.stringify(body, null, 2)}\n`];
  return { status, contentType: 'application/json', pieces, streamed: false };
}

/** The chat's words for tokens; DeepSeek has two more. */
export function chatUsage(usage: Usage, deepseek: boolean): Json {
  const cached = usage.cached ?? 0;
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning ?? 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
    ...(deepseek && { prompt_cache_hit_tokens: cached, prompt_cache_miss_tokens: usage.input - cached }),
  };
}

/** The responses' words for them. */
export function responseUsage(usage: Usage): Json {
  return {
    input_tokens: usage.input,
    input_tokens_details: { cache_write_tokens: usage.written ?? 0, cached_tokens: usage.cached ?? 0 },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
    total_tokens: usage.input + usage.output,
  };
}
