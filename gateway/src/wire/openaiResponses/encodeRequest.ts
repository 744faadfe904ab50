// Encodes the neutral form as a Responses request. Source:
// https://platform.openai.com/docs/api-reference/responses/create (2026-11).

import type { Target } from '../../../../config/target';
import type { EncodedRequest } from '../codec';
import type { NeutralRequest, ToolChoice, WebSearchTool } from '../neutral';
import { wantsReasoning } from '../reasoning/effort';
import { wrapNonObjectSchema } from '../schema/wrapNonObject';
import { type DroppedFields, openDroppedFields } from '../shared/droppedFields';
import { defined, restore } from '../shared/json';
import { isOpenaiReasoner } from '../shared/modelProfiles';
import { renamed } from '../shared/names';
import { dropSampling, encodeEffort, encodeEndUser, encodeTier } from '../shared/openaiSettings';
import { searchFor } from '../shared/webSearch';
import { encodeInput, encodeInstructions } from './encodeInput';
import { encodeResponseFormat, encodeToolChoice, encodeTools } from './encodeTools';
import { includeEncryptedReasoning, includeLogprobs, includeSources } from './includes';
import { openToolNaming } from './namespaces';

/** The smallest maximum that the API takes. */
const leastOutput = 16;

/** The request for a target that serves Responses. @throws GatewayError cannot_translate for what only its provider holds */
export function encodeRequest(request: NeutralRequest, target: Target): EncodedRequest {
  const droppedFields = openDroppedFields(request, 'responses');
  const { format, wrapped } = wrapNonObjectSchema(request.responseFormat);
  dropUnsupported(request, target, droppedFields);
  const head = request.messages.findIndex((message) => message.role !== 'system');
  const first = head < 0 ? request.messages.length : head;
  const system = request.messages.slice(0, first);
  const naming = openToolNaming(request.tools);
  const custom = new Set(request.tools?.flatMap((tool) => (tool.type === 'custom' ? [tool.name] : [])));
  const search = searchFor(request, target, 'responses', droppedFields);
  const tools = encodeTools(request.tools ?? [], search, droppedFields);
  const choice = choiceOf(request, search, droppedFields);
  const reasoning = encodeReasoning(request, target, search, droppedFields);
  const text = defined({
    format: format && encodeResponseFormat(format),
    verbosity: isOpenaiReasoner(target) ? request.verbosity : undefined,
  });
  const body = {
    model: target.model,
    input: encodeInput(request.messages.slice(first), naming, droppedFields),
    store: false,
    ...defined({
      instructions: system.length === 0 ? undefined : encodeInstructions(system, droppedFields),
      ...encodeLimits(request, target, search),
      reasoning: Object.keys(reasoning).length > 0 ? reasoning : undefined,
      text: Object.keys(text).length > 0 ? text : undefined,
      tools: tools.length > 0 ? tools : undefined,
      tool_choice: tools.length > 0 && choice !== undefined ? encodeToolChoice(choice, custom, naming) : undefined,
      max_tool_calls: search?.maxUses,
      parallel_tool_calls: tools.length > 0 ? request.parallelTools : undefined,
      metadata: request.metadata,
      user: encodeEndUser(request.endUser, droppedFields),
      prompt_cache_key: request.promptCacheKey,
      service_tier: encodeTier(request.serviceTier, droppedFields),
      stream: request.stream ? true : undefined,
    }),
  };
  return {
    body: restore(body, request.from === 'responses' ? request.native : {}),
    dropped: droppedFields.list,
    fixups: { names: renamed('responses', request), custom: new Set(), answerTool: undefined, wrapped },
  };
}

// ---

function dropUnsupported(request: NeutralRequest, target: Target, droppedFields: DroppedFields): void {
  if (isOpenaiReasoner(target)) {
    dropSampling(request, droppedFields);
    droppedFields.dropIf(request.topLogprobs, 'logprobs');
  } else droppedFields.dropIf(request.verbosity, 'verbosity');
  droppedFields.dropIf(request.topK, 'top_k');
  droppedFields.dropIf(request.frequencyPenalty, 'frequency_penalty');
  droppedFields.dropIf(request.presencePenalty, 'presence_penalty');
  droppedFields.dropIf(request.seed, 'seed');
  droppedFields.dropIf(request.stop, 'stop');
}

// A search that must be made where it cannot be: the model decides.
function choiceOf(
  { toolChoice }: NeutralRequest,
  search: WebSearchTool | undefined,
  droppedFields: DroppedFields,
): ToolChoice | undefined {
  if (toolChoice?.type !== 'webSearch' || search !== undefined) return toolChoice;
  droppedFields.drop('tool_choice');
  return undefined;
}

function encodeLimits(
  request: NeutralRequest,
  target: Target,
  search: WebSearchTool | undefined,
): Record<string, unknown> {
  const maxOutput =
    request.maxOutput && Math.max(leastOutput, Math.min(request.maxOutput, target.maxOutput ?? Infinity));
  // Reasoning models refuse sampling settings. Without `include` their reasoning could not be sent back.
  const sources = search !== undefined && request.from !== 'responses' ? [includeSources] : [];
  if (isOpenaiReasoner(target))
    return { max_output_tokens: maxOutput, include: [includeEncryptedReasoning, ...sources] };
  const include = [...(request.topLogprobs === undefined ? [] : [includeLogprobs]), ...sources];
  return {
    max_output_tokens: maxOutput,
    temperature: request.temperature,
    top_p: request.topP,
    include: include.length > 0 ? include : undefined,
    top_logprobs: request.topLogprobs || undefined,
  };
}

function encodeReasoning(
  request: NeutralRequest,
  target: Target,
  search: WebSearchTool | undefined,
  droppedFields: DroppedFields,
): Record<string, unknown> {
  const effort = encodeEffort(request, target, droppedFields);
  const show = isOpenaiReasoner(target) && wantsReasoning(request.reasoning) && request.reasoning.show;
  // The API refuses a search with this effort. Source: https://github.com/openai/codex/issues/3559 (2026-11).
  const isTooLow = effort === 'minimal' && search !== undefined;
  return defined({ effort: isTooLow ? 'low' : effort, summary: show ? 'auto' : undefined });
}
