// Custom tools, whose input is plain text, as functions with one text argument: for formats and hosts that only know
// functions. Source: https://platform.openai.com/docs/guides/function-calling#custom-tools (2026-11).

import type { Json } from '../jsonObject';
import type { CustomTool } from '../neutral';
import { defined, isObject, textOr } from './json';

/** The one argument of a function that stands for a custom tool. */
export const customField = 'input';

/** The function that stands for a custom tool; its grammar becomes a sentence of the argument's description. */
export function customAsFunction(name: string, tool: CustomTool): Json {
  const rule =
    tool.grammar === undefined
      ? ''
      : ` It must follow this ${tool.grammar.syntax} grammar:\n${tool.grammar.definition}`;
  return {
    name,
    ...defined({ description: tool.description }),
    parameters: {
      type: 'object',
      properties: {
        [customField]: { type: 'string', description: `The whole input of the tool, as plain text.${rule}` },
      },
      required: [customField],
    },
  };
}

/** A custom tool's input as the arguments (JSON text) of the function that stands for it. */
export function customArgs(input: string): string {
  return JSON.stringify({ [customField]: input });
}

/** The input of a custom tool from the arguments of its function; the arguments themselves where they hold none. */
export function customInput(args: string): string {
  try {
    const value: unknown = JSON.parse(args);
    return isObject(value) && customField in value ? textOr(value[customField]) : args;
  } catch {
    return args;
  }
}
