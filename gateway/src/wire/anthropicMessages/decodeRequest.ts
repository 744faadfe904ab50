// Decodes a request for Anthropic messages. Source: https://platform.claude.com/docs/en/api/messages (2026-11), and the beta
// fields that Claude Code sends.

import type { Json } from '../jsonObject';
import { isEffort } from '../reasoning/effort';
import {
  defined, isBlank, isObject, joinFields, needList, needObject, needText, noFields, objectOr, optionalCount, optionalFlag, optionalNumber, optionalText, optionalTexts,
  optionalWithin, lostNames, otherFields, wrong,
} from '../shared/json'; // prettier-ignore
import type {
  AnyTool, Message, NeutralRequest, Part, ResponseFormat, ReasoningOptions, ToolChoice, WebSearchTool,
} from '../neutral'; // prettier-ignore
import { decodeContent } from '../shared/anthropicBlocks';
import { decodeCache } from '../shared/cacheControl';
import { decodeDomains, decodeLocation } from '../shared/webSearch';
import { isSearchType, searchName } from './searchTool';
import { needArgsSchema } from '../schema/toolSchema';

const known = new Set([
  'model', 'messages', 'system', 'stream', 'tools', 'tool_choice', 'max_tokens', 'temperature', 'top_p', 'top_k', 'stop_sequences', 'metadata',
  'thinking', 'output_config', 'output_format', 'service_tier',
]); // prettier-ignore

// Values that are the default's own, so that nothing is lost without them.
const idle = {
  context_management: (value: unknown) => Object.values(objectOr(value)).every(isBlank),
};

/**
 * @param counting the request is only to be counted, and may lack `max_tokens`
 * @throws GatewayError bad_request naming the field
 */
export function decodeRequest(body: Json, counting = false): NeutralRequest {
  const turns = needList(body['messages'], 'messages');
  if (turns.length === 0) wrong('messages', 'a list of at least one message');
  const maxOutput = optionalCount(body['max_tokens'], 'max_tokens');
  if (maxOutput === undefined && !counting) wrong('max_tokens', 'a whole number above 0 (this API requires it)');
  const output = body['output_config'] === undefined ? {} : needObject(body['output_config'] ?? {}, 'output_config');
  const choice = body['tool_choice'];
  const tools = decodeTools(body['tools']);
  const serial = isObject(choice)
    ? optionalFlag(choice['disable_parallel_tool_use'], 'tool_choice.disable_parallel_tool_use')
    : undefined;
  return {
    from: 'messages',
    messages: [
      ...decodeSystem(body['system']),
      ...turns.map((turn, i) => decodeMessage(needObject(turn, `messages[${i}]`), `messages[${i}]`)),
    ],
    stream: body['stream'] === true,
    native: joinFields(otherFields(body, known, idle), otherOutput(output)),
    ...defined({
      tools,
      toolChoice: decodeToolChoice(choice, tools),
      parallelTools: serial === undefined ? undefined : !serial,
      responseFormat: decodeResponseFormat(output['format'] ?? body['output_format']),
      reasoning: decodeReasoning(body['thinking'], output['effort']),
      maxOutput,
      temperature: optionalWithin(body['temperature'], 'temperature', 0, 1),
      topP: optionalWithin(body['top_p'], 'top_p', 0, 1),
      topK: optionalNumber(body['top_k'], 'top_k'),
      stop: optionalTexts(body['stop_sequences'], 'stop_sequences'),
      serviceTier: optionalText(body['service_tier'], 'service_tier'),
      endUser: optionalText(objectOr(body['metadata'])['user_id'], 'metadata.user_id'),
    }),
  };
}

// ---

const outputFields = new Set(['effort', 'format']);

// The settings of the output without a neutral form, by path.
function otherOutput(output: Json): Record<string, unknown> {
  const others = noFields();
  for (const [key, value] of Object.entries(otherFields(output, outputFields))) others[`output_config.${key}`] = value;
  return others;
}

// Claude Code's first system block names its version and changes with every conversation. It means nothing to another
// provider, and would make that provider's prompt cache miss. Source:
// https://code.claude.com/docs/en/llm-gateway-protocol, "System prompt attribution block" (2026-11).
const attribution = 'x-anthropic-billing-header';

function decodeSystem(system: unknown): Message[] {
  if (system === undefined || system === null || system === '') return [];
  const parts = decodeContent(system, 'system').filter(
    (part, i) => !(i === 0 && part.type === 'text' && part.text.startsWith(attribution)),
  );
  return parts.length === 0 ? [] : [{ role: 'system', parts }];
}

function decodeMessage(message: Json, at: string): Message {
  const role = needText(message['role'], `${at}.role`);
  if (role !== 'user' && role !== 'assistant' && role !== 'system') return wrong(`${at}.role`, 'user or assistant');
  const parts: Part[] = decodeContent(message['content'], `${at}.content`);
  return { role, parts };
}

const toolFields = new Set([
  'type', 'name', 'description', 'input_schema', 'cache_control', 'strict', 'eager_input_streaming', 'defer_loading',
]); // prettier-ignore

// Who may call a tool is no loss where it is the model itself, as everywhere.
const idleToolFields = {
  allowed_callers: (value: unknown) => Array.isArray(value) && value.every((caller) => caller === 'direct'),
};

function decodeTools(value: unknown): AnyTool[] | undefined {
  if (value === undefined || value === null) return undefined;
  return needList(value, 'tools').flatMap((raw, i): AnyTool[] => {
    const at = `tools[${i}]`;
    const tool = needObject(raw, at);
    const type = tool['type'] ?? 'custom';
    if (isSearchType(type)) return [decodeSearch(tool, at)];
    if (type !== 'custom') return [{ type: 'raw', format: 'messages', value: tool, at }];
    const schema = tool['input_schema'] ?? {};
    return [
      {
        type: 'function',
        at,
        name: needText(tool['name'], `${at}.name`),
        schema: needArgsSchema(needObject(schema, `${at}.input_schema`), `${at}.input_schema`),
        ...defined({
          description: optionalText(tool['description'], `${at}.description`),
          strict: optionalFlag(tool['strict'], `${at}.strict`),
        }),
        ...decodeCache(tool['cache_control'], `${at}.cache_control`),
      },
      ...lostNames(otherFields(tool, toolFields, idleToolFields)).map((key): AnyTool => ({
        type: 'raw',
        format: 'messages',
        value: undefined,
        at: `${at}.${key}`,
      })),
    ];
  });
}

const searchFields = new Set([
  'type',
  'name',
  'max_uses',
  'allowed_domains',
  'blocked_domains',
  'user_location',
  'strict',
]);

// Its versions differ in what they do beside searching. Source:
// https://platform.claude.com/docs/en/build-with-claude/tool-use/web-search-tool (2026-11).
function decodeSearch(tool: Json, at: string): WebSearchTool {
  return {
    type: 'webSearch',
    at,
    ...defined({
      allowedDomains: decodeDomains(tool['allowed_domains'], `${at}.allowed_domains`),
      blockedDomains: decodeDomains(tool['blocked_domains'], `${at}.blocked_domains`),
      maxUses: optionalCount(tool['max_uses'], `${at}.max_uses`),
      userLocation: decodeLocation(tool['user_location'], `${at}.user_location`),
    }),
    native: { format: 'messages', value: tool },
    others: lostNames(otherFields(tool, searchFields)).map((key) => `${at}.${key}`),
  };
}

function decodeToolChoice(value: unknown, tools: readonly AnyTool[] | undefined): ToolChoice | undefined {
  if (value === undefined || value === null) return undefined;
  const choice = needObject(value, 'tool_choice');
  switch (choice['type']) {
    case 'auto':
    case 'none':
      return { type: choice['type'] };
    case 'any':
      return { type: 'required' };
    case 'tool':
      if (choice['name'] === searchName && tools?.some((tool) => tool.type === 'webSearch') === true)
        return { type: 'webSearch' };
      return { type: 'named', name: needText(choice['name'], 'tool_choice.name') };
    default:
      return wrong('tool_choice.type', 'one of auto, any, tool, none');
  }
}

function decodeResponseFormat(value: unknown): ResponseFormat | undefined {
  if (value === undefined || value === null) return undefined;
  const format = needObject(value, 'output_config.format');
  if (format['type'] !== 'json_schema') wrong('output_config.format.type', '"json_schema"');
  return { type: 'schema', schema: needObject(format['schema'], 'output_config.format.schema') };
}

function decodeReasoning(value: unknown, effort: unknown): ReasoningOptions | undefined {
  if (effort !== undefined && effort !== null && !isEffort(effort))
    wrong('output_config.effort', 'one of low, medium, high, xhigh, max');
  const level = defined({ effort: isEffort(effort) ? effort : undefined });
  if (value === undefined || value === null)
    return effort === undefined || effort === null ? undefined : { ...level, show: false };
  const thinking = needObject(value, 'thinking');
  const show = thinking['display'] !== 'omitted';
  switch (thinking['type']) {
    case 'disabled':
    case 'between_tools': // https://platform.claude.com/docs/en/models/sonnet-5-5/migration-guide (2026-11)
      return { effort: 'none', show: false };
    case 'adaptive':
      return { ...level, show };
    case 'enabled': {
      const budget = optionalCount(thinking['budget_tokens'], 'thinking.budget_tokens');
      if (budget === undefined) wrong('thinking.budget_tokens', 'a whole number above 0');
      return { ...level, budget, show };
    }
    default:
      return wrong('thinking.type', 'one of enabled, adaptive, disabled, between_tools');
  }
}
