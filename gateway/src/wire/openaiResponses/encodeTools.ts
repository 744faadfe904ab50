// Encodes tools and the response format for Responses. Source:
// https://platform.openai.com/docs/api-reference/responses/create, "tools" and "text" (2026-11).

import type { Json } from '../jsonObject';
import type { AnyTool, ResponseFormat, ToolChoice, WebSearchTool } from '../neutral';
import { argsSchema } from '../schema/toolSchema';
import type { DroppedFields } from '../shared/droppedFields';
import { defined } from '../shared/json';
import { nameFor } from '../shared/names';
import { encodeStrict } from '../shared/openaiSettings';
import { encodeLocation } from '../shared/webSearch';
import { searchType } from './searchTool';
import { groupTools, type ToolNaming } from './namespaces';

/** The tools of a request. @param search the web search, where the target has it */
export function encodeTools(
  tools: readonly AnyTool[],
  search: WebSearchTool | undefined,
  droppedFields: DroppedFields,
): Json[] {
  return groupTools(tools, (tool) => {
    if (tool.type !== 'webSearch') return encodeTool(tool, droppedFields);
    return tool === search ? [encodeSearch(tool)] : [];
  });
}

/** The format of the response's text. */
export function encodeResponseFormat(format: ResponseFormat): Json {
  if (format.type === 'json') return { type: 'json_object' };
  return {
    type: 'json_schema',
    name: format.name === undefined ? 'answer' : nameFor('responses', format.name),
    ...defined({ description: format.description }),
    schema: format.schema,
    ...defined({ strict: format.strict }),
  };
}

/** @param custom names of the custom tools */
export function encodeToolChoice(choice: ToolChoice, custom: ReadonlySet<string>, naming: ToolNaming): unknown {
  if (choice.type === 'webSearch') return { type: searchType };
  if (choice.type !== 'named') return choice.type;
  return { type: custom.has(choice.name) ? 'custom' : 'function', ...encodeToolName(choice.name, naming) };
}

/** A tool's name as the API takes it, with the group that it was declared in. */
export function encodeToolName(name: string, naming: ToolNaming): Json {
  const fields = naming(name);
  return 'namespace' in fields ? fields : { name: nameFor('responses', name) };
}

// ---

function encodeSearch(tool: WebSearchTool): Json {
  if (tool.native.format === 'responses') return tool.native.value as Json;
  const filters = defined({ allowed_domains: tool.allowedDomains, blocked_domains: tool.blockedDomains });
  return {
    type: searchType,
    ...defined({
      filters: Object.keys(filters).length > 0 ? filters : undefined,
      user_location: encodeLocation(tool.userLocation),
      search_context_size: tool.contextSize,
    }),
  };
}

function encodeTool(tool: Exclude<AnyTool, WebSearchTool>, droppedFields: DroppedFields): Json[] {
  if (tool.type === 'raw') {
    if (tool.format === 'responses' && tool.value !== undefined) return [tool.value as Json];
    droppedFields.drop(tool.at);
    return [];
  }
  const name = nameFor('responses', tool.name);
  const description = defined({ description: tool.description });
  if (tool.type === 'custom') {
    const format = tool.grammar === undefined ? { type: 'text' } : { type: 'grammar', ...tool.grammar };
    return [{ type: 'custom', name, ...description, format }];
  }
  if (tool.cache !== undefined) droppedFields.drop('cache_control');
  // Where `strict` is absent, the API turns the schema into its strict subset.
  const parameters = argsSchema(tool.schema);
  const strict = encodeStrict(tool.strict, parameters, droppedFields) === true;
  return [{ type: 'function', name, ...description, parameters, strict }];
}
