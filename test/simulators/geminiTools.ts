// The tools of a request to Google: function declarations, and which of them may be called.
import type { Conversation, Tool } from './answer';
import { camel } from './geminiNames';
import { complaint, googleInvalid } from './geminiRefusals';
import { isThird } from './geminiThinking';
import { isJson, shown, type Json } from './wire';

export interface Declared {
  declaration: Json;
  at: string;
}

/** The functions of all tools; Google's own tools have none. */
export function declarations(tools: unknown): Declared[] {
  if (!Array.isArray(tools)) return [];
  const seen = new Set<unknown>();
  return tools.flatMap((tool: unknown, n) => {
    const list: unknown = isJson(tool) ? camel(tool).functionDeclarations : undefined;
    if (!Array.isArray(list)) return [];
    return list.map((one: unknown, m) => {
      const declaration = isJson(one) ? camel(one) : {};
      const at = `tools[${n}].function_declarations[${m}]`;
      if (typeof declaration.name !== 'string' || !/^[a-zA-Z_][\w.:-]{0,127}$/.test(declaration.name))
        throw badName(at);
      if (seen.has(declaration.name)) throw googleInvalid(`Duplicate function declaration found: ${declaration.name}`);
      seen.add(declaration.name);
      if (declaration.parameters !== undefined && declaration.parametersJsonSchema !== undefined)
        throw complaint(`${at}.parameters`, 'only one of parameters and parameters_json_schema can be set');
      return { declaration, at };
    });
  });
}

export function toolOf(declaration: Json): Tool {
  return { name: String(declaration.name), schema: declaration.parametersJsonSchema ?? declaration.parameters };
}

/** The mode of calling, or Google's refusal thrown. */
export function toolChoice(raw: unknown, declared: readonly Declared[]): Conversation['toolChoice'] {
  const config = isJson(raw) ? camel(raw).functionCallingConfig : undefined;
  if (!isJson(config)) return { type: 'auto' };
  const { mode = 'AUTO', allowedFunctionNames } = camel(config);
  if (!MODES.includes(shown(mode))) {
    const proto = 'type.googleapis.com/google.ai.generativelanguage.v1beta.FunctionCallingConfig.Mode';
    throw googleInvalid(`Invalid value at 'tool_config.function_calling_config.mode' (${proto}), "${shown(mode)}"`);
  }
  const type = mode === 'NONE' ? 'none' : mode === 'ANY' ? 'any' : 'auto';
  if (type !== 'none' && mode === 'ANY' && declared.length === 0)
    throw googleInvalid('Function calling config is set without function_declarations.');
  if (!Array.isArray(allowedFunctionNames)) return { type };
  if (mode === 'AUTO' && allowedFunctionNames.length > 0)
    throw googleInvalid('Allowed function names should only be set when function calling mode is ANY or VALIDATED.');
  const stranger: unknown = allowedFunctionNames.find((name) => !declared.some((one) => one.declaration.name === name));
  if (stranger !== undefined)
    throw complaint(
      'tool_config.function_calling_config.allowed_function_names',
      `function ${shown(stranger)} is not declared`,
    );
  return { type, names: allowedFunctionNames as string[] };
}

/**
 * Whether a Google Search is at hand; Google's refusal thrown where it stands beside functions. Older models:
 * https://github.com/symfony/ai/issues/803; from Gemini 3 on: https://github.com/langchain-ai/langchainjs/issues/10675 and
 * https://ai.google.dev/gemini-api/docs/tool-combination (2026-11).
 */
export function googleSearching(request: Json, hasFunctions: boolean, model: string): Conversation['searching'] {
  const tools: unknown[] = Array.isArray(request.tools) ? request.tools : [];
  if (!tools.some((tool) => isJson(tool) && camel(tool).googleSearch !== undefined)) return undefined;
  if (hasFunctions && !isThird(model)) throw googleInvalid('Tool use with function calling is unsupported');
  const mime = isJson(request.generationConfig) ? camel(request.generationConfig).responseMimeType : undefined;
  if (mime === 'application/json' && !isThird(model))
    throw googleInvalid("Tool use with a response mime type: 'application/json' is unsupported");
  const config = isJson(request.toolConfig) ? camel(request.toolConfig) : {};
  if (hasFunctions && config.includeServerSideToolInvocations !== true)
    throw googleInvalid(
      'Please enable tool_config.include_server_side_tool_invocations to use Built-in tools with Function calling.',
    );
  return 'auto';
}

// ---

const MODES = ['MODE_UNSPECIFIED', 'AUTO', 'ANY', 'NONE', 'VALIDATED'];

function badName(at: string) {
  const must =
    'Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 128.';
  return complaint(`${at}.name`, `Invalid function name. ${must}`);
}
