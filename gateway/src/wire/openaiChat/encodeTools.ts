// Encodes tools for chat completions, and which of them to use. Source:
// https://platform.openai.com/docs/api-reference/chat/create, "tools" (2026-11).

import type { Target } from '../../../../config/target';
import type { Json } from '../jsonObject';
import type { AnyTool, NeutralRequest, ToolChoice, WebSearchTool } from '../neutral';
import { argsSchema } from '../schema/toolSchema';
import { customAsFunction } from '../shared/customTools';
import type { DroppedFields } from '../shared/droppedFields';
import { defined } from '../shared/json';
import { searchesInChat } from '../shared/modelProfiles';
import { nameFor } from '../shared/names';
import { encodeStrict } from '../shared/openaiSettings';
import { searchFor } from '../shared/webSearch';

/** The options of a web search; undefined where there is none, and where the model takes none here. */
export function encodeSearch(request: NeutralRequest, target: Target, droppedFields: DroppedFields): unknown {
  const takes = searchesInChat(target);
  const search = searchFor(request, takes ? target : { ...target, capabilities: none }, 'chat', droppedFields);
  if (search === undefined) return undefined;
  if (search.native.format === 'chat') return search.native.value;
  return defined({
    search_context_size: search.contextSize,
    user_location: search.userLocation && { type: 'approximate', approximate: search.userLocation },
  });
}

const none: Target['capabilities'] = new Set();

/**
 * @param isOpenai the target is OpenAI itself, which knows custom tools
 * @param custom gets the names of custom tools that become functions
 */
export function encodeTools(
  tools: readonly AnyTool[] | undefined,
  isOpenai: boolean,
  custom: Set<string>,
  droppedFields: DroppedFields,
): Json[] | undefined {
  return tools?.flatMap((tool) => (tool.type === 'webSearch' ? [] : encodeTool(tool, isOpenai, custom, droppedFields)));
}

/** @param tools where custom tools are sent as such: those declared */
export function encodeToolChoice(choice: ToolChoice, tools: readonly AnyTool[] | undefined): unknown {
  if (choice.type === 'webSearch') return undefined; // the format has none: the model decides
  if (choice.type !== 'named') return choice.type;
  const name = nameFor('chat', choice.name);
  const custom = tools?.some((tool) => tool.type === 'custom' && tool.name === choice.name) === true;
  return custom ? { type: 'custom', custom: { name } } : { type: 'function', function: { name } };
}

// ---

function encodeTool(
  tool: Exclude<AnyTool, WebSearchTool>,
  isOpenai: boolean,
  custom: Set<string>,
  droppedFields: DroppedFields,
): Json[] {
  if (tool.type === 'raw') {
    if (tool.format === 'chat' && tool.value !== undefined) return [tool.value as Json];
    droppedFields.drop(tool.at);
    return [];
  }
  const name = nameFor('chat', tool.name);
  if (tool.type === 'custom') {
    if (!isOpenai) {
      custom.add(tool.name);
      return [{ type: 'function', function: customAsFunction(name, tool) }];
    }
    const format = tool.grammar === undefined ? { type: 'text' } : { type: 'grammar', grammar: tool.grammar };
    return [{ type: 'custom', custom: { name, ...defined({ description: tool.description }), format } }];
  }
  if (tool.cache !== undefined) droppedFields.drop('cache_control');
  const parameters = argsSchema(tool.schema);
  return [
    {
      type: 'function',
      function: {
        name,
        ...defined({ description: tool.description }),
        parameters,
        ...defined({ strict: encodeStrict(tool.strict, parameters, droppedFields) }),
      },
    },
  ];
}
