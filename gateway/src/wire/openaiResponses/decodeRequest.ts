// Decodes a Responses request. Source: https://platform.openai.com/docs/api-reference/responses/create (2026-11). More is
// taken than that page lists, because Codex and Cursor send other items too.

import { decodeTopLogprobs } from '../shared/logprobs';
import type { Json } from '../jsonObject';
import { isEffort } from '../reasoning/effort';
import {
  defined,
  isObject,
  joinFields,
  listOr,
  needObject,
  noFields,
  optionalCount,
  optionalFlag,
  optionalText,
  optionalWithin,
  otherFields,
  wrong,
} from '../shared/json';
import {
  type AnyTool,
  isClientTool,
  type NeutralRequest,
  type ResponseFormat,
  type ReasoningOptions,
} from '../neutral';
import { decodeJsonSchemaFormat } from '../schema/responseFormat';
import { decodeInput, decodeInstructions } from './decodeItems';
import { decodeToolChoice, decodeTools } from './decodeTools';
import { includeEncryptedReasoning, includeLogprobs, includeSources } from './includes';

const known = new Set([
  'model', 'input', 'instructions', 'stream', 'stream_options', 'tools', 'tool_choice', 'parallel_tool_calls', 'max_output_tokens', 'temperature',
  'top_p', 'text', 'reasoning', 'metadata', 'user', 'safety_identifier', 'prompt_cache_key', 'service_tier', 'models', 'provider', 'messages',
  'top_logprobs', 'max_tool_calls',
]); // prettier-ignore

// Values that are the default's own, or that are asked for in any case, so that nothing is lost without them.
const idle = {
  store: (value: unknown) => value === false,
  prompt_cache_retention: () => true, // hints: no answer is another for them
  prompt_cache_options: () => true,
  client_metadata: () => true, // Codex sends its installation's id
  background: (value: unknown) => value === false,
  truncation: (value: unknown) => value === 'disabled',
  include: (value: unknown) =>
    Array.isArray(value) &&
    value.every((item) => item === includeEncryptedReasoning || item === includeLogprobs || item === includeSources),
};

/** @throws GatewayError bad_request naming the field */
export function decodeRequest(body: Json): NeutralRequest {
  const text = body['text'] === undefined ? {} : needObject(body['text'] ?? {}, 'text');
  const { choice, allowed, native } = decodeToolChoice(body['tool_choice']);
  const declared = decodeTools(body['tools'], allowed);
  const tools = withMaxUses(declared, body['max_tool_calls']);
  return {
    from: 'responses',
    messages: [...decodeInstructions(body['instructions']), ...decodeInput(body['input'])],
    stream: body['stream'] === true,
    native: joinFields(
      otherFields(body, known, idle),
      tools === declared ? defined({ max_tool_calls: body['max_tool_calls'] ?? undefined }) : {},
      native,
      otherWithin(body['reasoning'], 'reasoning', reasoningFields),
      otherWithin(body['text'], 'text', textFields),
    ),
    ...defined({
      tools,
      toolChoice: choice,
      parallelTools: optionalFlag(body['parallel_tool_calls'], 'parallel_tool_calls'),
      responseFormat: decodeResponseFormat(text['format']),
      verbosity: optionalText(text['verbosity'], 'text.verbosity'),
      reasoning: decodeReasoning(body['reasoning']),
      maxOutput: optionalCount(body['max_output_tokens'], 'max_output_tokens'),
      temperature: optionalWithin(body['temperature'], 'temperature', 0, 2),
      topP: optionalWithin(body['top_p'], 'top_p', 0, 1),
      topLogprobs: decodeTopLogprobCount(body),
      serviceTier: optionalText(body['service_tier'], 'service_tier'),
      promptCacheKey: optionalText(body['prompt_cache_key'], 'prompt_cache_key'),
      metadata: isObject(body['metadata']) && Object.keys(body['metadata']).length > 0 ? body['metadata'] : undefined,
      endUser: optionalText(body['safety_identifier'] ?? body['user'], 'user'),
    }),
  };
}

// ---

const reasoningFields = new Set(['effort', 'summary', 'generate_summary']);
const textFields = new Set(['format', 'verbosity']);

// The unknown fields within an object, by path.
function otherWithin(value: unknown, at: string, names: ReadonlySet<string>): Record<string, unknown> {
  const within = noFields();
  if (isObject(value))
    for (const [key, other] of Object.entries(otherFields(value, names))) within[`${at}.${key}`] = other;
  return within;
}

// The most calls of tools that OpenAI runs itself: of the web search, where it is the only one.
function withMaxUses(tools: AnyTool[] | undefined, value: unknown): AnyTool[] | undefined {
  const hosted = tools?.filter((tool) => !isClientTool(tool)) ?? [];
  const [search] = hosted;
  const maxUses = optionalCount(value, 'max_tool_calls');
  if (maxUses === undefined || hosted.length !== 1 || search?.type !== 'webSearch') return tools;
  return tools?.map((tool) => (tool === search ? { ...search, maxUses } : tool));
}

function decodeTopLogprobCount(body: Json): number | undefined {
  const count = decodeTopLogprobs(body['top_logprobs'], 'top_logprobs');
  if (count !== undefined && count > 0) return count;
  return listOr(body['include']).includes(includeLogprobs) ? 0 : undefined;
}

function decodeResponseFormat(value: unknown): ResponseFormat | undefined {
  if (value === undefined || value === null) return undefined;
  const format = needObject(value, 'text.format');
  switch (format['type']) {
    case 'text':
      return undefined;
    case 'json_object':
      return { type: 'json' };
    case 'json_schema':
      needObject(format['schema'], 'text.format.schema');
      return decodeJsonSchemaFormat(format, 'text.format');
    default:
      return wrong('text.format.type', 'one of text, json_object, json_schema');
  }
}

function decodeReasoning(value: unknown): ReasoningOptions | undefined {
  if (value === undefined || value === null) return undefined;
  const wanted = needObject(value, 'reasoning');
  const effort = wanted['effort'] ?? undefined;
  if (effort !== undefined && !isEffort(effort))
    wrong('reasoning.effort', 'one of none, minimal, low, medium, high, xhigh, max');
  const summary = wanted['summary'] ?? wanted['generate_summary'] ?? undefined;
  if (effort === undefined && summary === undefined) return undefined;
  return { show: summary !== undefined && effort !== 'none', ...defined({ effort }) };
}
