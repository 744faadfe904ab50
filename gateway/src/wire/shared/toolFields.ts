// Fields of a function that OpenAI's two formats may hold and the neutral form does not. Source:
// https://platform.openai.com/docs/api-reference/responses/create, "tools" (2026-11).

import { pushAll } from '../../core/pushAll';
import type { Json } from '../jsonObject';
import type { AnyTool, Format } from '../neutral';
import { isObject, lostNames, otherFields } from './json';

const known = new Set([
  'type', 'name', 'description', 'parameters', 'input_schema', 'strict', 'cache_control', 'function', 'custom', 'format', 'defer_loading',
]); // prettier-ignore

const idle = {
  allowed_callers: (value: unknown) => Array.isArray(value) && value.every((caller) => caller === 'direct'),
};

/** What is named as dropped of a function: its fields without a neutral form. @param at its path */
export function unknownToolFields(tool: Json, format: Format, at: string): AnyTool[] {
  const inner = isObject(tool['function']) ? tool['function'] : undefined;
  if (inner === undefined && tool['type'] !== 'function' && tool['type'] !== undefined) return [];
  const fields = lostNames(otherFields(tool, known, idle)).map((key) => `${at}.${key}`);
  if (inner !== undefined)
    pushAll(
      fields,
      lostNames(otherFields(inner, known, idle)).map((key) => `${at}.function.${key}`),
    );
  return fields.map((field) => ({ type: 'raw', format, value: undefined, at: field }));
}
