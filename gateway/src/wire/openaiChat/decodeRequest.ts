// Decodes a chat completions request. Sources: https://platform.openai.com/docs/api-reference/chat/create; OpenRouter's
// additions from https://openrouter.ai/docs/api-reference/overview and
// https://openrouter.ai/docs/use-cases/reasoning-tokens (2026-11).

import { decodeTopLogprobs } from '../shared/logprobs';
import type { Json } from '../jsonObject';
import { isEffort } from '../reasoning/effort';
import {
  defined,
  isObject,
  needList,
  needObject,
  optionalCount,
  optionalFlag,
  optionalNumber,
  optionalText,
  optionalTexts,
  optionalWithin,
  otherFields,
  wrong,
} from '../shared/json';
import type { NeutralRequest, ResponseFormat, ReasoningOptions } from '../neutral';
import { decodeJsonSchemaFormat } from '../schema/responseFormat';
import { decodeAnswers } from '../shared/settings';
import { decodeAllowed, decodeToolChoice, decodeTools } from './decodeTools';
import { decodeMessage } from './decodeMessages';

const known = new Set([
  'model', 'messages', 'stream', 'stream_options', 'tools', 'tool_choice', 'functions', 'function_call', 'parallel_tool_calls', 'max_tokens',
  'max_completion_tokens', 'temperature', 'top_p', 'top_k', 'frequency_penalty', 'presence_penalty', 'seed', 'stop', 'user',
  'safety_identifier', 'response_format', 'reasoning_effort', 'reasoning', 'thinking', 'include_reasoning', 'verbosity', 'service_tier',
  'prompt_cache_key', 'metadata', 'models', 'provider', 'usage', 'logprobs', 'top_logprobs', 'n', 'web_search_options',
]); // prettier-ignore

// Values that are the default's own, so that nothing is lost without them.
const idle = {
  store: (value: unknown) => value === false,
  prompt_cache_retention: () => true, // a hint: no answer is another for it
  prompt_cache_options: () => true,
  logit_bias: (value: unknown) => isObject(value) && Object.keys(value).length === 0,
  modalities: (value: unknown) => Array.isArray(value) && value.every((item) => item === 'text'),
};

/** @throws GatewayError bad_request naming the field */
export function decodeRequest(body: Json): NeutralRequest {
  const turns = needList(body['messages'], 'messages');
  if (turns.length === 0) wrong('messages', 'a list of at least one message');
  return {
    from: 'chat',
    messages: turns.map((turn, i) => decodeMessage(needObject(turn, `messages[${i}]`), `messages[${i}]`)),
    stream: body['stream'] === true,
    native: otherFields(body, known, idle),
    ...defined({
      tools: decodeTools(body, decodeAllowed(body['tool_choice'])),
      toolChoice: decodeToolChoice(body['tool_choice'] ?? body['function_call']),
      parallelTools: optionalFlag(body['parallel_tool_calls'], 'parallel_tool_calls'),
      responseFormat: decodeResponseFormat(body['response_format']),
      reasoning: decodeReasoning(body),
      maxOutput:
        optionalCount(body['max_completion_tokens'], 'max_completion_tokens') ??
        optionalCount(body['max_tokens'], 'max_tokens'),
      answers: decodeAnswers(body['n'], 'n'),
      temperature: optionalWithin(body['temperature'], 'temperature', 0, 2),
      topP: optionalWithin(body['top_p'], 'top_p', 0, 1),
      topK: optionalNumber(body['top_k'], 'top_k'),
      frequencyPenalty: optionalWithin(body['frequency_penalty'], 'frequency_penalty', -2, 2),
      presencePenalty: optionalWithin(body['presence_penalty'], 'presence_penalty', -2, 2),
      seed: optionalNumber(body['seed'], 'seed'),
      topLogprobs: decodeTopLogprobCount(body),
      stop: optionalTexts(body['stop'], 'stop'),
      verbosity: optionalText(body['verbosity'], 'verbosity'),
      serviceTier: optionalText(body['service_tier'], 'service_tier'),
      promptCacheKey: optionalText(body['prompt_cache_key'], 'prompt_cache_key'),
      metadata: isObject(body['metadata']) && Object.keys(body['metadata']).length > 0 ? body['metadata'] : undefined,
      endUser: optionalText(body['safety_identifier'] ?? body['user'], 'user'),
    }),
  };
}

// ---

function decodeTopLogprobCount(body: Json): number | undefined {
  const count = decodeTopLogprobs(body['top_logprobs'], 'top_logprobs');
  if (optionalFlag(body['logprobs'], 'logprobs') === true) return count ?? 0;
  if (count !== undefined && count > 0) wrong('logprobs', 'true where "top_logprobs" is set');
  return undefined;
}

function decodeResponseFormat(value: unknown): ResponseFormat | undefined {
  if (value === undefined || value === null) return undefined;
  const format = needObject(value, 'response_format');
  switch (format['type']) {
    case 'text':
      return undefined;
    case 'json_object':
      return { type: 'json' };
    case 'json_schema': {
      const at = 'response_format.json_schema';
      return decodeJsonSchemaFormat(needObject(format['json_schema'], at), at);
    }
    default:
      return wrong('response_format.type', 'one of text, json_object, json_schema');
  }
}

function decodeReasoning(body: Json): ReasoningOptions | undefined {
  const wanted = body['reasoning'];
  if (isObject(wanted)) {
    if (wanted['enabled'] === false) return { effort: 'none', show: false };
    const effort = wanted['effort'] ?? undefined;
    if (effort !== undefined && !isEffort(effort))
      wrong('reasoning.effort', 'one of none, minimal, low, medium, high, xhigh, max');
    return {
      show: wanted['exclude'] !== true,
      ...defined({ effort, budget: optionalCount(wanted['max_tokens'], 'reasoning.max_tokens') }),
    };
  }
  const thinking = body['thinking'];
  if (isObject(thinking)) {
    if (thinking['type'] === 'disabled') return { effort: 'none', show: false };
    return { show: true, ...defined({ budget: optionalCount(thinking['budget_tokens'], 'thinking.budget_tokens') }) };
  }
  const effort = body['reasoning_effort'];
  if (effort === undefined || effort === null) return body['include_reasoning'] === true ? { show: true } : undefined;
  if (!isEffort(effort)) wrong('reasoning_effort', 'one of none, minimal, low, medium, high, xhigh, max');
  return effort === 'none' ? { effort, show: false } : { effort, show: true, implied: true };
}
