// Encodes the neutral form as a chat completions request.
// Source: https://platform.openai.com/docs/api-reference/chat/create (2026-11).

import type { Target } from '../../../../config/target';
import type { EncodedRequest } from '../codec';
import type { Json } from '../jsonObject';
import type { NeutralRequest, ResponseFormat } from '../neutral';
import { wrapNonObjectSchema } from '../schema/wrapNonObject';
import { type DroppedFields, openDroppedFields } from '../shared/droppedFields';
import { defined } from '../shared/json';
import { isOpenaiReasoner } from '../shared/modelProfiles';
import { nameFor, renamed } from '../shared/names';
import { dropSampling, encodeEffort, encodeEndUser, encodeTier } from '../shared/openaiSettings';
import { encodeMessages } from './encodeMessages';
import { encodeSearch, encodeToolChoice, encodeTools } from './encodeTools';

/** The request for a target. OpenAI itself gets every field; other hosts get none that they may not know. */
export function encodeRequest(request: NeutralRequest, target: Target): EncodedRequest {
  const droppedFields = openDroppedFields(request, 'chat');
  const isOpenai = target.provider === 'openai';
  const { format, wrapped } = wrapNonObjectSchema(request.responseFormat);
  const custom = new Set<string>();
  const tools = encodeTools(request.tools, isOpenai, custom, droppedFields);
  dropUnsupported(request, target, droppedFields);
  if (request.toolChoice?.type === 'webSearch') droppedFields.drop('tool_choice');
  const hasTools = tools !== undefined && tools.length > 0;
  return {
    body: {
      model: target.model,
      messages: encodeMessages(request.messages, isOpenai, droppedFields),
      ...defined({
        ...encodeLimits(request, target, droppedFields),
        user: encodeEndUser(request.endUser, droppedFields),
        tools: hasTools ? tools : undefined,
        tool_choice:
          hasTools && request.toolChoice
            ? encodeToolChoice(request.toolChoice, isOpenai ? request.tools : undefined)
            : undefined,
        parallel_tool_calls: hasTools ? request.parallelTools : undefined,
        web_search_options: encodeSearch(request, target, droppedFields),
        response_format: format && encodeResponseFormat(format),
        reasoning_effort: encodeEffort(request, target, droppedFields),
        verbosity: isOpenaiReasoner(target) ? request.verbosity : undefined,
        service_tier: isOpenai ? encodeTier(request.serviceTier, droppedFields) : undefined,
        prompt_cache_key: isOpenai ? request.promptCacheKey : undefined,
        stream: request.stream ? true : undefined,
        stream_options: request.stream ? { include_usage: true } : undefined,
        ...(request.from === 'chat' ? request.native : {}),
      }),
    },
    dropped: droppedFields.list,
    fixups: { names: renamed('chat', request), custom, answerTool: undefined, wrapped },
  };
}

// ---

function dropUnsupported(request: NeutralRequest, target: Target, droppedFields: DroppedFields): void {
  const isOpenai = target.provider === 'openai';
  const reasoner = isOpenaiReasoner(target);
  if (reasoner) {
    dropSampling(request, droppedFields);
    if (request.frequencyPenalty !== 0) droppedFields.dropIf(request.frequencyPenalty, 'frequency_penalty');
    if (request.presencePenalty !== 0) droppedFields.dropIf(request.presencePenalty, 'presence_penalty');
    droppedFields.dropIf(request.stop, 'stop');
    droppedFields.dropIf(request.topLogprobs, 'logprobs');
  }
  droppedFields.dropIf(request.topK, 'top_k');
  if (!isOpenai) droppedFields.dropIf(request.promptCacheKey, 'prompt_cache_key');
  if (!reasoner) droppedFields.dropIf(request.verbosity, 'verbosity');
  droppedFields.dropIf(request.metadata, 'metadata'); // taken only together with `store`
  if (!isOpenai) droppedFields.dropIf(request.serviceTier, 'service_tier');
}

// The maximum and the sampling settings; reasoning models refuse all but the maximum and the seed.
function encodeLimits(request: NeutralRequest, target: Target, droppedFields: DroppedFields): Record<string, unknown> {
  // Reasoning models refuse max_tokens; hosts other than OpenAI may not know the newer name.
  const maxOutput = {
    [target.provider === 'openai' ? 'max_completion_tokens' : 'max_tokens']:
      request.maxOutput && Math.min(request.maxOutput, target.maxOutput ?? Infinity),
  };
  if (isOpenaiReasoner(target)) return { ...maxOutput, seed: request.seed };
  return {
    ...maxOutput,
    temperature: request.temperature,
    top_p: request.topP,
    frequency_penalty: request.frequencyPenalty,
    presence_penalty: request.presencePenalty,
    stop: encodeStop(request.stop, droppedFields),
    seed: request.seed,
    ...encodeTopLogprobs(request.topLogprobs),
  };
}

function encodeTopLogprobs(count: number | undefined): Json {
  return count === undefined ? {} : { logprobs: true, top_logprobs: count };
}

// The API takes at most four.
function encodeStop(stop: readonly string[] | undefined, droppedFields: DroppedFields): readonly string[] | undefined {
  if (stop === undefined || stop.length === 0) return undefined;
  if (stop.length > 4) droppedFields.drop('stop[4…]');
  return stop.slice(0, 4);
}

function encodeResponseFormat(format: ResponseFormat): Json {
  if (format.type === 'json') return { type: 'json_object' };
  return {
    type: 'json_schema',
    json_schema: {
      name: format.name === undefined ? 'answer' : nameFor('chat', format.name),
      ...defined({ description: format.description }),
      schema: format.schema,
      ...defined({ strict: format.strict }),
    },
  };
}
