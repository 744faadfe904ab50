// Encodes the neutral form as a chat completions request.
// Source: https://platform.openai.com/docs/api-reference/chat/create (2026-11).

import type { Target } from '../../../../config/target';
import type { EncodedRequest } from '../codec';
import type { Json } from '../jsonObject';
import type { NeutralRequest, ResponseFormat } from '../neutral';
import { withJsonWord } from '../schema/responseFormat';
import { wrapNonObjectSchema } from '../schema/wrapNonObject';
import { type DroppedFields, openDroppedFields } from '../shared/droppedFields';
import { defined, joinFields } from '../shared/json';
import { isOpenaiReasoner, samplesAt } from '../shared/modelProfiles';
import { nameFor, renamed } from '../shared/names';
import { dropSampling, encodeEffort, encodeEndUser, encodeTier } from '../shared/openaiSettings';
import { encodeMessages } from './encodeMessages';
import { encodeSearch, encodeToolChoice, encodeTools } from './encodeTools';
import { foreign } from './mend';

/** The request for a target. OpenAI itself gets every field; other hosts get none that they may not know. */
export function encodeRequest(request: NeutralRequest, target: Target): EncodedRequest {
  const droppedFields = openDroppedFields(request, 'chat', target);
  const isOpenai = target.provider === 'openai';
  const { format, wrapped } = wrapNonObjectSchema(request.responseFormat);
  const custom = new Set<string>();
  const tools = encodeTools(request.tools, isOpenai, custom, droppedFields);
  const effort = encodeEffort(request, target, droppedFields);
  const samples = samplesAt(target, effort);
  dropUnsupported(request, target, samples, droppedFields);
  const hasTools = tools !== undefined && tools.length > 0;
  const demandsNone = request.toolChoice?.type === 'required' && !hasTools && (request.tools ?? []).length > 0;
  if (demandsNone || request.toolChoice?.type === 'webSearch') droppedFields.drop('tool_choice');
  const body = {
    model: target.model,
    messages: encodeMessages(
      isOpenai ? withJsonWord(request, 'chat', droppedFields.repair) : request.messages,
      isOpenai,
      droppedFields,
    ),
    ...defined({
      ...encodeLimits(request, target, samples, droppedFields),
      n: request.answers,
      user: encodeEndUser(request.endUser, droppedFields),
      tools: hasTools ? tools : undefined,
      tool_choice:
        hasTools && request.toolChoice
          ? encodeToolChoice(request.toolChoice, isOpenai ? request.tools : undefined)
          : undefined,
      parallel_tool_calls: hasTools ? request.parallelTools : undefined,
      web_search_options: encodeSearch(request, target, droppedFields),
      response_format: format && encodeResponseFormat(format),
      reasoning_effort: effort,
      verbosity: isOpenaiReasoner(target) ? request.verbosity : undefined,
      service_tier: isOpenai ? encodeTier(request.serviceTier, droppedFields) : undefined,
      prompt_cache_key: isOpenai ? request.promptCacheKey : undefined,
      stream: request.stream ? true : undefined,
      stream_options: request.stream ? { include_usage: true } : undefined,
    }),
  };
  const native = request.from === 'chat' ? nativeFields(request.native, target, droppedFields) : {};
  return {
    body: joinFields(body, native),
    dropped: droppedFields.list,
    repaired: droppedFields.repaired,
    fixups: { names: renamed('chat', request), custom, answerTool: undefined, wrapped },
  };
}

// ---

// Fields without a neutral form, but for those that OpenAI refuses.
function nativeFields(native: NeutralRequest['native'], target: Target, droppedFields: DroppedFields): Json {
  if (target.provider !== 'openai') return native;
  const refused = new Set<string>(isOpenaiReasoner(target) ? [...foreign, 'logit_bias'] : foreign);
  const kept = joinFields(native);
  for (const name of refused) {
    droppedFields.dropIf(kept[name], name);
    delete kept[name];
  }
  return kept;
}

function dropUnsupported(
  request: NeutralRequest,
  target: Target,
  samples: boolean,
  droppedFields: DroppedFields,
): void {
  const isOpenai = target.provider === 'openai';
  const reasoner = isOpenaiReasoner(target);
  if (!samples) {
    dropSampling(request, droppedFields);
    droppedFields.dropIf(request.topLogprobs, 'logprobs');
  }
  if (reasoner) {
    if (request.frequencyPenalty !== 0) droppedFields.dropIf(request.frequencyPenalty, 'frequency_penalty');
    if (request.presencePenalty !== 0) droppedFields.dropIf(request.presencePenalty, 'presence_penalty');
    droppedFields.dropIf(request.stop, 'stop');
  }
  droppedFields.dropIf(request.topK, 'top_k');
  if (!reasoner && request.verbosity !== 'medium') droppedFields.dropIf(request.verbosity, 'verbosity');
  droppedFields.dropIf(request.metadata, 'metadata'); // taken only together with `store`
  if (!isOpenai && request.serviceTier !== 'auto' && request.serviceTier !== 'default')
    droppedFields.dropIf(request.serviceTier, 'service_tier');
}

// The maximum and the sampling settings; reasoning models refuse penalties and `stop`, and while they reason all but the
// maximum and the seed.
function encodeLimits(
  request: NeutralRequest,
  target: Target,
  samples: boolean,
  droppedFields: DroppedFields,
): Record<string, unknown> {
  // Reasoning models refuse max_tokens; hosts other than OpenAI may not know the newer name.
  const maxOutput = {
    [target.provider === 'openai' ? 'max_completion_tokens' : 'max_tokens']:
      request.maxOutput && Math.min(request.maxOutput, target.maxOutput ?? Infinity),
  };
  const { temperature, topP, topLogprobs, seed } = request;
  const sampling = samples ? { temperature, top_p: topP, ...encodeTopLogprobs(topLogprobs) } : {};
  if (isOpenaiReasoner(target)) return { ...maxOutput, ...sampling, seed };
  return {
    ...maxOutput,
    ...sampling,
    frequency_penalty: request.frequencyPenalty,
    presence_penalty: request.presencePenalty,
    stop: encodeStop(request.stop, droppedFields),
    seed,
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
