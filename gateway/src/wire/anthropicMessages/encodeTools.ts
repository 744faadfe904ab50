// Encodes tools for Anthropic messages, and which of them to use. Source:
// https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview (2026-11).

import type { Json } from '../jsonObject';
import type { AnyTool, NeutralRequest, ToolChoice } from '../neutral';
import { schemaForAnthropic } from '../schema/jsonSchema';
import { argsSchema } from '../schema/toolSchema';
import { encodeCache } from '../shared/cacheControl';
import { customAsFunction } from '../shared/customTools';
import type { DroppedFields } from '../shared/droppedFields';
import { defined } from '../shared/json';
import type { ClaudeProfile } from '../shared/profileRows';
import { nameFor } from '../shared/names';

/** The request's tools. @param custom gets the names of custom tools, which all become functions */
export function encodeTools(
  request: NeutralRequest,
  profile: ClaudeProfile,
  custom: Set<string>,
  droppedFields: DroppedFields,
): Json[] {
  const tools = request.tools?.flatMap((tool) => encodeTool(tool, profile, custom, droppedFields)) ?? [];
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
 */
export function encodeToolChoice(
  request: NeutralRequest,
  formatChoice: ToolChoice | undefined,
  profile: ClaudeProfile,
  hasTools: boolean,
  droppedFields: DroppedFields,
): Json | undefined {
  if (!hasTools) return undefined;
  const declared = (request.tools ?? []).length > 0;
  let choice: ToolChoice | undefined = formatChoice ?? (declared ? request.toolChoice : { type: 'none' });
  if ((choice?.type === 'required' || choice?.type === 'named') && !profile.forcedTool) {
    droppedFields.drop('tool_choice');
    choice = { type: 'auto' };
  }
  const serial = request.parallelTools === false;
  if (choice === undefined) return serial ? { type: 'auto', disable_parallel_tool_use: true } : undefined;
  if (choice.type === 'none') return { type: 'none' };
  return {
    ...(choice.type === 'named'
      ? { type: 'tool', name: nameFor('messages', choice.name) }
      : { type: choice.type === 'required' ? 'any' : 'auto' }),
    ...(serial ? { disable_parallel_tool_use: true } : {}),
  };
}

// ---

function encodeTool(tool: AnyTool, profile: ClaudeProfile, custom: Set<string>, droppedFields: DroppedFields): Json[] {
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
