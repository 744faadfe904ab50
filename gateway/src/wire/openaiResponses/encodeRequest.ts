// Encodes the neutral form as a Responses request. Source:
// https://platform.openai.com/docs/api-reference/responses/create (2026-11).

import type { Target } from '../../../../config/target';
import type { EncodedRequest } from '../codec';
import type { Effort, NeutralRequest, ToolChoice, WebSearchTool } from '../neutral';
import { wantsReasoning } from '../reasoning/effort';
import { withJsonWord } from '../schema/responseFormat';
import { wrapNonObjectSchema } from '../schema/wrapNonObject';
import { type DroppedFields, openDroppedFields } from '../shared/droppedFields';
import { defined, restore } from '../shared/json';
import { isOpenaiReasoner, samplesAt } from '../shared/modelProfiles';
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
  const droppedFields = openDroppedFields(request, 'responses', target);
  const { format, wrapped } = wrapNonObjectSchema(request.responseFormat);
  const search = searchFor(request, target, 'responses', droppedFields);
  const reasoning = encodeReasoning(request, target, search, droppedFields);
  const samples = samplesAt(target, reasoning.effort);
  dropUnsupported(request, target, samples, droppedFields);
  const head = request.messages.findIndex((message) => message.role !== 'system');
  const first = head < 0 ? request.messages.length : head;
  const system = request.messages.slice(0, first);
  const naming = openToolNaming(request.tools);
  const custom = new Set(request.tools?.flatMap((tool) => (tool.type === 'custom' ? [tool.name] : [])));
  const tools = encodeTools(request.tools ?? [], search, droppedFields);
  const choice = choiceOf(request, search, droppedFields);
  const text = defined({
    format: format && encodeResponseFormat(format),
    verbosity: isOpenaiReasoner(target) ? request.verbosity : undefined,
  });
  const body = {
    model: target.model,
    input: encodeInput(withJsonWord(request, 'responses', droppedFields.repair).slice(first), naming, droppedFields),
    store: false,
    ...defined({
      instructions: system.length === 0 ? undefined : encodeInstructions(system, droppedFields),
      ...encodeLimits(request, target, samples, search),
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
    repaired: droppedFields.repaired,
    fixups: { names: renamed('responses', request), custom: new Set(), answerTool: undefined, wrapped },
  };
}

// ---

function dropUnsupported(
  request: NeutralRequest,
  target: Target,
  samples: boolean,
  droppedFields: DroppedFields,
): void {
  if (!samples) {
    dropSampling(request, droppedFields);
    droppedFields.dropIf(request.topLogprobs, 'logprobs');
  }
  if (!isOpenaiReasoner(target) && request.verbosity !== 'medium') droppedFields.dropIf(request.verbosity, 'verbosity');
  droppedFields.dropIf(request.topK, 'top_k');
  droppedFields.dropIf(request.answers, 'n');
  if (request.frequencyPenalty !== 0) droppedFields.dropIf(request.frequencyPenalty, 'frequency_penalty');
  if (request.presencePenalty !== 0) droppedFields.dropIf(request.presencePenalty, 'presence_penalty');
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
  samples: boolean,
  search: WebSearchTool | undefined,
): Record<string, unknown> {
  const maxOutput =
    request.maxOutput && Math.max(leastOutput, Math.min(request.maxOutput, target.maxOutput ?? Infinity));
  const { temperature, topP, topLogprobs } = request;
  // Without it the reasoning of a model that reasons could not be sent back.
  const include: string[] = isOpenaiReasoner(target) ? [includeEncryptedReasoning] : [];
  if (samples && topLogprobs !== undefined) include.push(includeLogprobs);
  if (search !== undefined && request.from !== 'responses') include.push(includeSources);
  return {
    max_output_tokens: maxOutput,
    include: include.length > 0 ? include : undefined,
    ...(samples ? { temperature, top_p: topP, top_logprobs: topLogprobs || undefined } : {}),
  };
}

function encodeReasoning(
  request: NeutralRequest,
  target: Target,
  search: WebSearchTool | undefined,
  droppedFields: DroppedFields,
): { readonly effort?: Effort; readonly summary?: string } {
  const { reasoning } = request;
  const show = isOpenaiReasoner(target) && wantsReasoning(reasoning) && reasoning.show;
  // Organisations that are not verified are refused summaries (https://github.com/BerriAI/litellm/issues/16032, 2025-10-29).
  const summary = show && reasoning.implied !== true ? 'auto' : undefined;
  const effort = encodeEffort(request, target, droppedFields);
  // The API refuses a search with this effort. Source: https://github.com/openai/codex/issues/3559 (2026-11).
  const isTooLow = effort === 'minimal' && search !== undefined;
  return defined({ effort: isTooLow ? 'low' : effort, summary });
}
