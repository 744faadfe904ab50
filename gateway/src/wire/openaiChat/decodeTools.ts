// Decodes the tools of a chat completions request, and which of them to use. Source:
// https://platform.openai.com/docs/api-reference/chat/create, "tools" and the older "functions" (2026-11).

import type { Json } from '../jsonObject';
import {
  defined,
  isObject,
  needList,
  needObject,
  needText,
  objectOr,
  optionalFlag,
  optionalText,
  lostNames,
  otherFields,
  textOr,
  wrong,
} from '../shared/json';
import { type AllowedTools, decodeAllowedTools, refuseUnknownTools } from '../shared/allowedTools';
import { decodeCache } from '../shared/cacheControl';
import { allowedOf, type AnyTool, type ToolChoice, type WebSearchTool } from '../neutral';
import { decodeContextSize, decodeLocation } from '../shared/webSearch';
import { needArgsSchema } from '../schema/toolSchema';
import { unknownToolFields } from '../shared/toolFields';

/**
 * The tools of a request body; undefined where it names none.
 * @param allowed where only some may be used
 * @throws GatewayError bad_request naming the field
 */
export function decodeTools(body: Json, allowed: AllowedTools | undefined): AnyTool[] | undefined {
  const all = decodeDeclared(body);
  if (all !== undefined) refuseUnknownTools(all, allowed);
  const declared = all === undefined ? undefined : allowedOf(all, allowed);
  const options = body['web_search_options'];
  if (options === undefined || options === null) return declared;
  return [...(declared ?? []), decodeSearch(needObject(options, 'web_search_options'))];
}

/** The tools that may be used; undefined where it is all. @throws GatewayError bad_request naming the field */
export function decodeAllowed(value: unknown): AllowedTools | undefined {
  const choice = objectOr(value);
  if (choice['type'] !== 'allowed_tools') return undefined;
  return decodeAllowedTools(objectOr(choice['allowed_tools'])['tools'], 'tool_choice.allowed_tools.tools');
}

/** Which tool to use; undefined where the model is to decide. @throws GatewayError bad_request */
export function decodeToolChoice(value: unknown): ToolChoice | undefined {
  if (value === undefined || value === null) return undefined;
  if (value === 'auto' || value === 'none' || value === 'required') return { type: value };
  const choice = objectOr(value);
  // Anthropic's spelling, which some clients send to this path.
  if (choice['type'] === 'auto' || choice['type'] === 'none') return { type: choice['type'] };
  if (choice['type'] === 'any') return { type: 'required' };
  if (choice['type'] === 'allowed_tools') {
    const mode = objectOr(choice['allowed_tools'])['mode'];
    return mode === 'auto' || mode === 'required'
      ? { type: mode }
      : wrong('tool_choice.allowed_tools.mode', '"auto" or "required"');
  }
  const name = objectOr(choice['function'])['name'] ?? objectOr(choice['custom'])['name'] ?? choice['name'];
  return typeof name === 'string'
    ? { type: 'named', name }
    : wrong('tool_choice', 'auto, none, required or a named function');
}

// ---

const searchFields = new Set(['search_context_size', 'user_location']);

// Source: https://platform.openai.com/docs/api-reference/chat/create, "web_search_options" (2026-11).
function decodeSearch(options: Json): WebSearchTool {
  const at = 'web_search_options';
  const location = objectOr(options['user_location']);
  return {
    type: 'webSearch',
    at,
    ...defined({
      userLocation: decodeLocation(location['approximate'] ?? location, `${at}.user_location`),
      contextSize: decodeContextSize(options['search_context_size'], `${at}.search_context_size`),
    }),
    native: { format: 'chat', value: options },
    others: lostNames(otherFields(options, searchFields)).map((key) => `${at}.${key}`),
  };
}

function decodeDeclared(body: Json): AnyTool[] | undefined {
  const functions = body['functions'];
  if (functions !== undefined && functions !== null)
    return needList(functions, 'functions').map((raw, i) =>
      decodeFunction(needObject(raw, `functions[${i}]`), `functions[${i}]`),
    );
  const tools = body['tools'];
  if (tools === undefined || tools === null) return undefined;
  return needList(tools, 'tools').flatMap((raw, i): AnyTool[] => {
    const tool = needObject(raw, `tools[${i}]`);
    const at = `tools[${i}]`;
    return [decodeTool(tool, at), ...unknownToolFields(tool, 'chat', at)];
  });
}

function decodeTool(tool: Json, at: string): AnyTool {
  if (isObject(tool['function']))
    return { ...decodeFunction(tool['function'], `${at}.function`), at, ...decodeCache(tool['cache_control'], at) };
  // Flat tools, as Responses and Anthropic have them: some clients send those to this path.
  if (tool['type'] === 'function' || isObject(tool['input_schema'])) return decodeFunction(tool, at);
  if (tool['type'] === 'custom') {
    const custom = isObject(tool['custom']) ? tool['custom'] : tool;
    const grammar = objectOr(custom['format']);
    const inner = isObject(grammar['grammar']) ? grammar['grammar'] : grammar;
    return {
      type: 'custom',
      at,
      name: needText(custom['name'], `${at}.custom.name`),
      ...defined({
        description: optionalText(custom['description'], `${at}.custom.description`),
        grammar:
          grammar['type'] === 'grammar'
            ? { syntax: textOr(inner['syntax']), definition: textOr(inner['definition']) }
            : undefined,
      }),
    };
  }
  return typeof tool['type'] === 'string'
    ? { type: 'raw', format: 'chat', value: tool, at }
    : wrong(`${at}.type`, '"function" or "custom"');
}

function decodeFunction(fn: Json, at: string): AnyTool {
  return {
    type: 'function',
    at,
    name: needText(fn['name'], `${at}.name`),
    schema: needArgsSchema(fn['parameters'] ?? fn['input_schema'], `${at}.parameters`),
    ...defined({
      description: optionalText(fn['description'], `${at}.description`),
      strict: optionalFlag(fn['strict'], `${at}.strict`),
    }),
    ...decodeCache(fn['cache_control'], `${at}.cache_control`),
  };
}
