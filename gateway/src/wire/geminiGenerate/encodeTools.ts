// Encodes tools for generateContent, and which of them to use. Source:
// https://ai.google.dev/gemini-api/docs/function-calling#function_calling_mode (2026-11).

import type { Json } from '../jsonObject';
import type { AnyTool, ToolChoice } from '../neutral';
import { schemaForGemini } from '../schema/jsonSchema';
import { argsSchema } from '../schema/toolSchema';
import { customAsFunction } from '../shared/customTools';
import type { DroppedFields } from '../shared/droppedFields';
import { defined } from '../shared/json';
import { nameFor } from '../shared/names';

/**
 * @param declaration one more function to declare, before the others
 * @param custom gets the names of custom tools, which all become functions
 */
export function encodeTools(
  tools: readonly AnyTool[] | undefined,
  declaration: Json | undefined,
  custom: Set<string>,
  droppedFields: DroppedFields,
): Json[] {
  const declarations: Json[] = declaration === undefined ? [] : [declaration];
  const native: Json[] = []; // Google's own tools
  for (const tool of tools ?? []) {
    if (tool.type === 'raw') {
      if (tool.format === 'generate' && tool.value !== undefined) native.push(tool.value as Json);
      else droppedFields.drop(tool.at);
      continue;
    }
    declarations.push(encodeDeclaration(tool, custom, droppedFields));
  }
  return [...(declarations.length > 0 ? [{ functionDeclarations: declarations }] : []), ...native];
}

/** The tool configuration; undefined where the model is to decide, and no tool is strict. */
export function encodeToolConfig(
  choice: ToolChoice | undefined,
  tools: readonly AnyTool[] | undefined,
): Json | undefined {
  const strict = tools?.some((tool) => tool.type === 'function' && tool.strict === true) === true;
  switch (choice?.type) {
    case undefined:
    case 'auto':
      // Gemini has a mode in place of a flag for arguments that are held to their schema.
      if (strict) return { functionCallingConfig: { mode: 'VALIDATED' } };
      return choice === undefined ? undefined : { functionCallingConfig: { mode: 'AUTO' } };
    case 'none':
      return { functionCallingConfig: { mode: 'NONE' } };
    case 'required':
      return { functionCallingConfig: { mode: 'ANY' } };
    case 'named':
      return { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: [nameFor('generate', choice.name)] } };
  }
}

// ---

function encodeDeclaration(
  tool: Exclude<AnyTool, { type: 'raw' }>,
  custom: Set<string>,
  droppedFields: DroppedFields,
): Json {
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
