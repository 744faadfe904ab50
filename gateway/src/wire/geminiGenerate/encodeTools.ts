// Encodes tools for generateContent, and which of them to use. Source:
// https://ai.google.dev/gemini-api/docs/function-calling#function_calling_mode (2026-11).

import type { Target } from '../../../../config/target';
import type { Json } from '../jsonObject';
import { type AnyTool, type CustomTool, isClientTool, type NeutralRequest, type Tool, type ToolChoice, type WebSearchTool } from '../neutral'; // prettier-ignore
import { schemaForGemini } from '../schema/jsonSchema';
import { argsSchema } from '../schema/toolSchema';
import { customAsFunction } from '../shared/customTools';
import type { DroppedFields } from '../shared/droppedFields';
import { defined } from '../shared/json';
import { combinesSearch, isGemini3 } from '../shared/modelProfiles';
import { nameFor } from '../shared/names';
import { searchFor } from '../shared/webSearch';
import { hostedParts } from './hostedParts';

/**
 * The web search, where it can be declared: before Gemini 3 the API refuses it beside functions, and beside a JSON response.
 * Sources: https://ai.google.dev/gemini-api/docs/tool-combination, https://github.com/csells/dartantic/issues/96 (2026-11).
 */
export function encodeSearch(
  request: NeutralRequest,
  target: Target,
  droppedFields: DroppedFields,
): WebSearchTool | undefined {
  const search = searchFor(request, target, 'generate', droppedFields);
  if (search === undefined || request.from === 'generate') return search;
  if (request.toolChoice?.type === 'none') return undefined; // it could not be held back otherwise
  const isJsonAlone = request.responseFormat !== undefined && !isGemini3(target);
  const isAlone = request.tools?.some(isClientTool) === true && !combinesSearch(target);
  if (!isAlone && !isJsonAlone) return search;
  droppedFields.drop(search.at);
  return undefined;
}

/**
 * @param search the web search, where it is declared
 * @param declaration one more function to declare, before the others
 * @param custom gets the names of custom tools, which all become functions
 */
export function encodeTools(
  tools: readonly AnyTool[] | undefined,
  search: WebSearchTool | undefined,
  declaration: Json | undefined,
  custom: Set<string>,
  droppedFields: DroppedFields,
): Json[] {
  const declarations: Json[] = declaration === undefined ? [] : [declaration];
  const native: Json[] = []; // Google's own tools
  for (const tool of tools ?? []) {
    if (tool.type === 'webSearch') {
      if (tool === search)
        native.push(tool.native.format === 'generate' ? (tool.native.value as Json) : { googleSearch: {} });
      continue;
    }
    if (tool.type === 'raw') {
      if (tool.format === 'generate' && tool.value !== undefined) native.push(tool.value as Json);
      else droppedFields.drop(tool.at);
      continue;
    }
    declarations.push(encodeDeclaration(tool, custom, droppedFields));
  }
  return [...(declarations.length > 0 ? [{ functionDeclarations: declarations }] : []), ...native];
}

/**
 * The tool configuration; undefined where there is nothing to say.
 * @param circulates the answer is to hold what Google's own tools do, which is demanded where they stand beside functions
 */
export function encodeToolConfig(
  choice: ToolChoice | undefined,
  tools: readonly AnyTool[] | undefined,
  circulates: boolean,
  droppedFields: DroppedFields,
): Json | undefined {
  const calling = encodeCalling(choice, tools, circulates, droppedFields);
  if (!circulates) return calling;
  return { ...calling, includeServerSideToolInvocations: true };
}

/** Whether Google's own tools and the client's functions are declared together, or have been in earlier turns. */
export function circulates(request: NeutralRequest, search: WebSearchTool | undefined, target: Target): boolean {
  if (search === undefined || !combinesSearch(target)) return false;
  if (request.tools?.some(isClientTool) === true) return true;
  return request.messages.some(({ parts }) =>
    parts.some((part) => part.type === 'reasoning' && hostedParts(part.opaque) !== undefined),
  );
}

// ---

// The mode is left out where the model is to decide, and no tool is strict. Beside Google's own tools it is VALIDATED: AUTO
// is refused there.
function encodeCalling(
  choice: ToolChoice | undefined,
  tools: readonly AnyTool[] | undefined,
  circulates: boolean,
  droppedFields: DroppedFields,
): Json | undefined {
  if (choice?.type === 'webSearch' || (choice?.type === 'required' && tools?.some(isClientTool) === false)) {
    droppedFields.drop('tool_choice'); // the API can demand functions alone
    return circulates ? { functionCallingConfig: { mode: 'VALIDATED' } } : undefined;
  }
  const strict = tools?.some((tool) => tool.type === 'function' && tool.strict === true) === true;
  switch (choice?.type) {
    case undefined:
    case 'auto':
      // Gemini has a mode in place of a flag for arguments that are held to their schema.
      if (strict || circulates) return { functionCallingConfig: { mode: 'VALIDATED' } };
      return choice === undefined ? undefined : { functionCallingConfig: { mode: 'AUTO' } };
    case 'none':
      return { functionCallingConfig: { mode: 'NONE' } };
    case 'required':
      return { functionCallingConfig: { mode: 'ANY' } };
    case 'named':
      return { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: [nameFor('generate', choice.name)] } };
  }
}

function encodeDeclaration(tool: Tool | CustomTool, custom: Set<string>, droppedFields: DroppedFields): Json {
  const name = nameFor('generate', tool.name);
  if (tool.type === 'custom') {
    custom.add(tool.name);
    const { parameters, ...rest } = customAsFunction(name, tool);
    return { ...rest, parametersJsonSchema: parameters };
  }
  if (tool.cache !== undefined) droppedFields.drop('cache_control');
  return {
    name,
    ...defined({ description: tool.description }),
    parametersJsonSchema: schemaForGemini(argsSchema(tool.schema)),
  };
}
