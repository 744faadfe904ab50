// Encodes the neutral form as a generateContent request. Source: https://ai.google.dev/api/generate-content (2026-11).

import type { Target } from '../../../../config/target';
import type { EncodedRequest } from '../codec';
import type { Json } from '../jsonObject';
import { isClientTool, type NeutralRequest, type ToolChoice } from '../neutral';
import { budgetOf, effortOf, nearestEffort, wantsReasoning } from '../reasoning/effort';
import { schemaForGemini, withDescription } from '../schema/jsonSchema';
import { type DroppedFields, openDroppedFields } from '../shared/droppedFields';
import { defined, lookUp, restore } from '../shared/json';
import { geminiProfile, isGemini3 } from '../shared/modelProfiles';
import { renamed } from '../shared/names';
import { encodeContents } from './encodeContents';
import { circulates, encodeSearch, encodeToolConfig, encodeTools } from './encodeTools';

/** @throws GatewayError cannot_translate for a conversation of nothing but empty turns, and what only its provider holds */
export function encodeRequest(request: NeutralRequest, target: Target): EncodedRequest {
  const droppedFields = openDroppedFields(request, 'generate', target);
  const custom = new Set<string>();
  const gemini3 = isGemini3(target);
  const search = encodeSearch(request, target, droppedFields);
  const circulating = circulates(request, search, target);
  const takesHosted = circulating || request.from === 'generate';
  const { system, contents } = encodeContents(request, { gemini3, takesHosted }, droppedFields);
  const format = encodeResponseFormat(request, gemini3);
  const tools = encodeTools(request.tools, search, format.declaration, custom, droppedFields);
  dropUnsupported(request, droppedFields);
  const config = defined({ ...encodeConfig(request, target, droppedFields), ...format.config });
  const body = {
    contents,
    ...defined({
      systemInstruction: system.length === 0 ? undefined : { parts: system },
      generationConfig: Object.keys(config).length === 0 ? undefined : config,
      tools: tools.length === 0 ? undefined : tools,
      toolConfig:
        tools.length === 0
          ? undefined
          : encodeToolConfig(format.choice ?? request.toolChoice, request.tools, circulating, droppedFields),
      serviceTier: encodeTier(request.serviceTier, droppedFields),
    }),
  };
  return {
    body: restore(body, request.from === 'generate' ? request.native : {}),
    dropped: droppedFields.list,
    repaired: droppedFields.repaired,
    fixups: { names: renamed('generate', request), custom, answerTool: format.answerTool },
  };
}

// ---

function dropUnsupported(request: NeutralRequest, droppedFields: DroppedFields): void {
  if (request.verbosity !== 'medium') droppedFields.dropIf(request.verbosity, 'verbosity');
  droppedFields.dropIf(request.metadata, 'metadata');
  droppedFields.dropIf(request.endUser, 'user');
  if (request.parallelTools === false) droppedFields.drop('parallel_tool_calls');
  // No Gemini model takes these (shared/profileRows.ts).
  if (request.frequencyPenalty !== 0) droppedFields.dropIf(request.frequencyPenalty, 'frequency_penalty');
  if (request.presencePenalty !== 0) droppedFields.dropIf(request.presencePenalty, 'presence_penalty');
  droppedFields.dropIf(request.topLogprobs, 'logprobs');
}

function encodeConfig(request: NeutralRequest, target: Target, droppedFields: DroppedFields): Record<string, unknown> {
  return {
    maxOutputTokens: request.maxOutput && Math.min(request.maxOutput, target.maxOutput ?? Infinity),
    candidateCount: encodeAnswers(request.answers, droppedFields),
    temperature: request.temperature,
    topP: request.topP,
    topK: request.topK,
    seed: request.seed,
    stopSequences: encodeStop(request.stop, droppedFields),
    thinkingConfig: encodeReasoning(request, target, droppedFields),
  };
}

interface EncodedFormat {
  readonly config?: Json;
  /** A function to declare beside the client's tools. */
  readonly declaration?: Json;
  readonly choice?: ToolChoice;
  readonly answerTool?: string;
}

// Before Gemini 3 the API refuses a JSON response together with functions. Then the response is asked for as the arguments
// of a function. Source: https://ai.google.dev/gemini-api/docs/json-mode (2026-11).
function encodeResponseFormat(request: NeutralRequest, gemini3: boolean): EncodedFormat {
  const format = request.responseFormat;
  if (format === undefined) return {};
  const about = format.type === 'schema' ? format.description : undefined;
  const schema = format.type === 'schema' ? withDescription(schemaForGemini(format.schema), about) : undefined;
  const hasTools = request.tools?.some(isClientTool) === true && request.toolChoice?.type !== 'none';
  if (gemini3 || !hasTools)
    return { config: { responseMimeType: 'application/json', ...defined({ responseJsonSchema: schema }) } };
  const isTaken = request.tools?.some((tool) => isClientTool(tool) && tool.name === 'answer') === true;
  const name = isTaken ? 'structured_answer' : 'answer';
  return {
    declaration: {
      name,
      description: about ?? 'Gives the answer in the form that is asked for.',
      parametersJsonSchema: schema ?? { type: 'object' },
    },
    choice: { type: 'required' },
    answerTool: name,
  };
}

const noBudget = { least: 1, most: 24_576, off: true };

// Source: https://ai.google.dev/gemini-api/docs/thinking#thinking-levels (2026-11).
function encodeReasoning(request: NeutralRequest, target: Target, droppedFields: DroppedFields): Json | undefined {
  const wanted = request.reasoning;
  if (wanted === undefined) return undefined;
  if (!target.capabilities.has('reasoning')) {
    if (wantsReasoning(wanted)) droppedFields.drop('reasoning');
    return undefined;
  }
  const show = wanted.show ? { includeThoughts: true } : {};
  const { levels, budget = noBudget } = geminiProfile(target);
  if (levels.length > 0) {
    const effort = effortOf(wanted);
    const level = effort === undefined ? {} : { thinkingLevel: nearestEffort(effort, levels).toUpperCase() };
    if (effort === 'none') droppedFields.drop('reasoning'); // it cannot be switched off: the lowest level is sent
    const config = { ...show, ...level };
    return Object.keys(config).length > 0 ? config : undefined;
  }
  if (!wantsReasoning(wanted)) return { thinkingBudget: budget.off ? 0 : budget.least };
  const room = Math.min(request.maxOutput ?? target.maxOutput ?? 65_536, budget.most);
  const modelDecides = wanted.effort === undefined && wanted.budget === undefined;
  return { ...show, thinkingBudget: modelDecides ? -1 : Math.min(budgetOf(wanted, room), budget.most) };
}

// The API gives at most eight. Source: https://ai.google.dev/api/generate-content, "candidateCount" (2026-11).
function encodeAnswers(answers: number | undefined, droppedFields: DroppedFields): number | undefined {
  if (answers === undefined || answers <= 8) return answers;
  droppedFields.drop('n');
  return 8;
}

// The API takes at most five.
function encodeStop(stop: readonly string[] | undefined, droppedFields: DroppedFields): readonly string[] | undefined {
  if (stop === undefined || stop.length === 0) return undefined;
  if (stop.length > 5) droppedFields.drop('stop[5…]');
  return stop.slice(0, 5);
}

const tiers: Readonly<Record<string, string>> = {
  standard: 'standard',
  default: 'standard',
  flex: 'flex',
  priority: 'priority',
};

function encodeTier(tier: string | undefined, droppedFields: DroppedFields): string | undefined {
  if (tier === undefined || tier === 'auto') return undefined;
  const known = lookUp(tiers, tier);
  if (known === undefined) droppedFields.drop('service_tier');
  return known;
}
