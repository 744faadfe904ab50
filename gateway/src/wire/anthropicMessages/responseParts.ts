// The parts of an Anthropic message that whole and streamed responses share. Source:
// https://platform.claude.com/docs/en/api/messages (2026-11).

import type { Usage } from '../../core/usage';
import type { EncodeContext } from '../codec';
import type { Json } from '../jsonObject';
import type { Citation, FinishReason, WebSearch } from '../neutral';
import { wrapEnvelope } from '../reasoning/envelope';
import { ourSearchId } from '../shared/webSearch';

const stopReasons: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  refusal: 'refusal',
  pause: 'pause_turn',
  other: 'end_turn',
};

/** The first fields of a message; its id gets the prefix that clients expect. */
export function messageHead(id: string, model: string, context: EncodeContext): Json {
  const known = id === '' ? context.requestId : id;
  return {
    id: known.startsWith('msg_') ? known : `msg_${known}`,
    type: 'message',
    role: 'assistant',
    model,
    container: null,
  };
}

/** The fields that say why a message ended. @param reason undefined while it goes on */
export function encodeStop(reason: FinishReason | undefined, stopSequence: string | undefined): Json {
  return {
    stop_reason: reason === undefined ? null : stopSequence === undefined ? stopReasons[reason] : 'stop_sequence',
    stop_sequence: stopSequence ?? null,
    stop_details: reason === 'refusal' ? { type: 'refusal', category: null, explanation: null } : null,
  };
}

/**
 * A citation as one of Claude's web search. Other formats do not name the text that it stands on. The index, which clients
 * send back, is an empty envelope of ours, and is taken out again.
 */
export function encodeCitation({ url, title }: Citation): Json {
  return {
    type: 'web_search_result_location',
    url,
    title: title ?? null,
    cited_text: '',
    encrypted_index: wrapEnvelope(undefined),
  };
}

/**
 * A search as the call and its result. What another provider has found has no encrypted form: it stands as an empty
 * envelope of ours, and goes back to Anthropic as words.
 */
export function encodeSearch(search: WebSearch): { call: Json; input: Json; result: Json } {
  const id = ourSearchId('srvtoolu_', search.id);
  const caller = { type: 'direct' };
  const found = (search.results ?? []).map(({ url, title, pageAge }) => ({
    type: 'web_search_result',
    url,
    title: title ?? url,
    encrypted_content: wrapEnvelope(undefined),
    page_age: pageAge ?? null,
  }));
  return {
    call: { type: 'server_tool_use', id, name: 'web_search', input: {}, caller },
    input: { query: search.queries.join('; ') },
    result: {
      type: 'web_search_tool_result',
      tool_use_id: id,
      content: search.error === undefined ? found : { type: 'web_search_tool_result_error', error_code: 'unavailable' },
      caller,
    },
  };
}

/** Token counts; `input_tokens` excludes everything cached here. */
export function encodeUsage(usage: Usage): Json {
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
    server_tool_use:
      usage.searches === undefined || usage.searches === 0
        ? null
        : { web_search_requests: usage.searches, web_fetch_requests: 0 },
    service_tier: null,
    inference_geo: null,
  };
}
