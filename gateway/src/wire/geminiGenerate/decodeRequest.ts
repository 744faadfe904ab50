// Decodes a generateContent request. Source: https://ai.google.dev/api/generate-content (2026-11). Google's servers take
// its fields in camelCase and in snake_case.

import { decodeTopLogprobs } from '../shared/logprobs';
import type { Json } from '../jsonObject';
import { defined, isObject, joinFields, lookUp, needList, needObject, noFields, optionalCount, optionalFlag, optionalNumber, optionalText, optionalTexts, textOr, wrong } from '../shared/json'; // prettier-ignore
import {
  allowedOf,
  type Effort,
  isClientTool,
  type NeutralRequest,
  type ReasoningOptions,
  type ResponseFormat,
} from '../neutral';
import { schemaFromGemini } from '../schema/jsonSchema';
import { decodeAnswers } from '../shared/settings';
import { camelKeys } from './camelKeys';
import { decodeContents } from './decodeContents';
import { decodeToolConfig, decodeTools } from './decodeTools';

/** @throws GatewayError bad_request naming the field */
export function decodeRequest(raw: Json): NeutralRequest {
  const body = camelKeys(raw);
  // Google's servers read one object as a list of it, and its own examples have it so.
  const contents = isObject(body['contents']) ? [body['contents']] : needList(body['contents'], 'contents');
  if (contents.length === 0) wrong('contents', 'a list of at least one content');
  const config = camelKeys(
    body['generationConfig'] === undefined ? {} : needObject(body['generationConfig'], 'generationConfig'),
  );
  const toolConfig = decodeToolConfig(body['toolConfig']);
  const declared = decodeTools(body['tools']);
  const tools = declared === undefined ? undefined : allowedOf(declared, toolConfig.allowed);
  if (declared?.some(isClientTool) === true && tools?.some(isClientTool) !== true)
    wrong('toolConfig.functionCallingConfig.allowedFunctionNames', 'a list of names of declared functions');
  return {
    from: 'generate',
    messages: decodeContents(body['systemInstruction'], contents),
    stream: false, // the path says whether it is one
    native: joinFields(
      leftOver(body, known, ''),
      leftOver(config, knownConfig, 'generationConfig.'),
      toolConfig.native,
    ),
    ...defined({
      tools,
      toolChoice: toolConfig.choice,
      responseFormat: decodeResponseFormat(config),
      reasoning: decodeReasoning(config['thinkingConfig']),
      maxOutput: optionalCount(config['maxOutputTokens'], 'generationConfig.maxOutputTokens'),
      answers: decodeAnswers(config['candidateCount'], 'generationConfig.candidateCount'),
      temperature: optionalNumber(config['temperature'], 'generationConfig.temperature'),
      topP: optionalNumber(config['topP'], 'generationConfig.topP'),
      topK: optionalNumber(config['topK'], 'generationConfig.topK'),
      frequencyPenalty: optionalNumber(config['frequencyPenalty'], 'generationConfig.frequencyPenalty'),
      presencePenalty: optionalNumber(config['presencePenalty'], 'generationConfig.presencePenalty'),
      seed: optionalNumber(config['seed'], 'generationConfig.seed'),
      topLogprobs:
        optionalFlag(config['responseLogprobs'], 'generationConfig.responseLogprobs') === true
          ? (decodeTopLogprobs(config['logprobs'], 'generationConfig.logprobs') ?? 0)
          : undefined,
      stop: optionalTexts(config['stopSequences'], 'generationConfig.stopSequences'),
      serviceTier: optionalText(body['serviceTier'], 'serviceTier'),
    }),
  };
}

// ---

const known = new Set([
  'contents', 'systemInstruction', 'generationConfig', 'tools', 'toolConfig', 'model', 'serviceTier',
]); // prettier-ignore

const knownConfig = new Set([
  'temperature', 'topP', 'topK', 'maxOutputTokens', 'stopSequences', 'frequencyPenalty', 'presencePenalty', 'seed', 'responseMimeType',
  'responseSchema', 'responseJsonSchema', '_responseJsonSchema', 'thinkingConfig',
  'responseLogprobs', 'logprobs', 'candidateCount',
]); // prettier-ignore

function leftOver(object: Json, names: ReadonlySet<string>, prefix: string): Record<string, unknown> {
  const out = noFields();
  for (const [key, value] of Object.entries(object)) {
    if (names.has(key) || value === null || value === undefined || isIdle(key, value)) continue;
    out[prefix + key] = value;
  }
  return out;
}

// Values that are the default's own, so that nothing is lost without them.
function isIdle(key: string, value: unknown): boolean {
  if (key === 'responseModalities') return Array.isArray(value) && value.every((item) => item === 'TEXT');
  if (key === 'mediaResolution') return value === 'MEDIA_RESOLUTION_UNSPECIFIED';
  return key === 'enableEnhancedCivicAnswers' && value === false;
}

function decodeResponseFormat(config: Json): ResponseFormat | undefined {
  const mime = config['responseMimeType'];
  const schema = config['responseJsonSchema'] ?? config['_responseJsonSchema'];
  if (isObject(schema)) return { type: 'schema', schema };
  if (isObject(config['responseSchema'])) return { type: 'schema', schema: schemaFromGemini(config['responseSchema']) };
  if (mime === undefined || mime === null || mime === 'text/plain') return undefined;
  if (mime === 'application/json') return { type: 'json' };
  return wrong('generationConfig.responseMimeType', 'text/plain or application/json');
}

const levels: Readonly<Record<string, Effort>> = { MINIMAL: 'minimal', LOW: 'low', MEDIUM: 'medium', HIGH: 'high' };

function decodeReasoning(value: unknown): ReasoningOptions | undefined {
  if (value === undefined || value === null) return undefined;
  const config = camelKeys(needObject(value, 'generationConfig.thinkingConfig'));
  const show = optionalFlag(config['includeThoughts'], 'generationConfig.thinkingConfig.includeThoughts') === true;
  const budget = optionalNumber(config['thinkingBudget'], 'generationConfig.thinkingConfig.thinkingBudget');
  const effort = lookUp(levels, textOr(config['thinkingLevel']).toUpperCase());
  if (budget === 0) return { effort: 'none', show: false };
  return { show, ...defined({ effort, budget: budget !== undefined && budget > 0 ? budget : undefined }) };
}
