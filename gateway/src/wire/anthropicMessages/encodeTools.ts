// Encodes tools for Anthropic messages, and which of them to use. Source:
// https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview (2026-11).

import type { Json } from '../jsonObject';
import { type AnyTool, isClientTool, type NeutralRequest, type ToolChoice, type WebSearchTool } from '../neutral';
import { schemaForAnthropic } from '../schema/jsonSchema';
import { argsSchema } from '../schema/toolSchema';
import { encodeCache } from '../shared/cacheControl';
import { customAsFunction } from '../shared/customTools';
import type { DroppedFields } from '../shared/droppedFields';
import { defined } from '../shared/json';
import type { ClaudeProfile } from '../shared/profileRows';
import { nameFor } from '../shared/names';
import { encodeLocation } from '../shared/webSearch';
import { searchName, searchType } from './searchTool';

/**
 * The request without a search whose only name one of the client's own tools has ("Tool names must be unique"): the client can
 * search by itself. The search is named.
 */
export function withFreeName(request: NeutralRequest, droppedFields: DroppedFields): NeutralRequest {
  const { tools = [] } = request;
  if (!tools.some((tool) => isClientTool(tool) && nameFor('messages', tool.name) === searchName)) return request;
  const isTaken = (tool: AnyTool) => tool.type === 'webSearch' && tool.native.format !== 'messages';
  for (const tool of tools) if (tool.type === 'webSearch' && isTaken(tool)) droppedFields.drop(tool.at);
  return { ...request, tools: tools.filter((tool) => !isTaken(tool)) };
}

/**
 * The request's tools.
 * @param search the web search, where the target has it
 * @param custom gets the names of custom tools, which all become functions
 */
export function encodeTools(
  request: NeutralRequest,
  search: WebSearchTool | undefined,
  profile: ClaudeProfile,
  custom: Set<string>,
  droppedFields: DroppedFields,
): Json[] {
  const tools =
    request.tools?.flatMap((tool) => {
      if (tool.type !== 'webSearch') return encodeTool(tool, profile, custom, droppedFields);
      return tool === search ? [encodeSearch(tool, droppedFields)] : [];
    }) ?? [];
  if (tools.length > 0) return tools;
  // The API refuses calls in the history of a request without tools: they are declared by name.
  const called = new Set(
    request.messages.flatMap((message) =>
      message.parts.flatMap((part) => (part.type === 'toolCall' ? [part.name] : [])),
    ),
  );
  return [...called].map((name) => ({
    name: nameFor('messages', name),
    input_schema: { type: 'object', properties: {} },
  }));
}

/**
 * Which tool to use, and whether several at once; undefined where the model is to decide.
 * @param formatChoice the choice that the response format demands, which comes before the client's
 * @param search the web search, where the target has it
 */
export function encodeToolChoice(
  request: NeutralRequest,
  formatChoice: ToolChoice | undefined,
  search: WebSearchTool | undefined,
  profile: ClaudeProfile,
  hasTools: boolean,
  droppedFields: DroppedFields,
): Json | undefined {
  if (!hasTools) return undefined;
  const declared = (request.tools ?? []).length > 0;
  let choice: ToolChoice | undefined = formatChoice ?? (declared ? request.toolChoice : { type: 'none' });
  const isForced = choice?.type === 'required' || choice?.type === 'named' || choice?.type === 'webSearch';
  if ((isForced && !profile.forcedTool) || (choice?.type === 'webSearch' && search === undefined)) {
    droppedFields.drop('tool_choice');
    choice = { type: 'auto' };
  }
  const serial = request.parallelTools === false;
  if (choice === undefined) return serial ? { type: 'auto', disable_parallel_tool_use: true } : undefined;
  if (choice.type === 'none') return { type: 'none' };
  return {
    ...encodeChoice(choice),
    ...(serial ? { disable_parallel_tool_use: true } : {}),
  };
}

// ---

function encodeChoice(choice: ToolChoice): Json {
  switch (choice.type) {
    case 'named':
      return { type: 'tool', name: nameFor('messages', choice.name) };
    case 'webSearch':
      return { type: 'tool', name: searchName };
    default:
      return { type: choice.type === 'required' ? 'any' : 'auto' };
  }
}

// The API takes one of the two lists of domains.
function encodeSearch(tool: WebSearchTool, droppedFields: DroppedFields): Json {
  if (tool.native.format === 'messages') return tool.native.value as Json;
  const both = tool.allowedDomains !== undefined && tool.blockedDomains !== undefined;
  if (both) droppedFields.drop(`${tool.at}.blocked_domains`);
  return {
    type: searchType,
    name: searchName,
    ...defined({
      max_uses: tool.maxUses,
      allowed_domains: tool.allowedDomains,
      blocked_domains: both ? undefined : tool.blockedDomains,
      user_location: encodeLocation(tool.userLocation),
    }),
  };
}

function encodeTool(
  tool: Exclude<AnyTool, WebSearchTool>,
  profile: ClaudeProfile,
  custom: Set<string>,
  droppedFields: DroppedFields,
): Json[] {
  if (tool.type === 'raw') {
    if (tool.format === 'messages' && tool.value !== undefined) return [tool.value as Json];
    droppedFields.drop(tool.at);
    return [];
  }
  const name = nameFor('messages', tool.name);
  if (tool.type === 'custom') {
    custom.add(tool.name);
    const { parameters, ...rest } = customAsFunction(name, tool);
    return [{ ...rest, input_schema: parameters }];
  }
  const strict = tool.strict === true && profile.schema;
  if (tool.strict === true && !strict) droppedFields.drop('strict');
  const schema = argsSchema(tool.schema);
  return [
    {
      name,
      ...defined({ description: tool.description }),
      input_schema: strict ? schemaForAnthropic(schema) : schema, // strict tools have the limits of structured outputs
      ...(strict ? { strict } : {}),
      ...encodeCache(tool.cache),
    },
  ];
}
