// Decodes the tools of a Responses request, and which of them to use. Source:
// https://platform.openai.com/docs/api-reference/responses/create, "tools" and "tool_choice" (2026-11).

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
import { allowedOf, type AnyTool, isClientTool, type ToolChoice, type WebSearchTool } from '../neutral';
import { decodeContextSize, decodeDomains, decodeLocation } from '../shared/webSearch';
import { fullName } from './namespaces';
import { isSearchType } from './searchTool';
import { type AllowedTools, decodeAllowedTools, refuseUnknownTools } from '../shared/allowedTools';
import { needArgsSchema } from '../schema/toolSchema';
import { unknownToolFields } from '../shared/toolFields';

/**
 * The tools of a request; undefined where it names none.
 * @param allowed where only some may be used
 * @throws GatewayError bad_request naming the field
 */
export function decodeTools(value: unknown, allowed: AllowedTools | undefined): AnyTool[] | undefined {
  if (value === undefined || value === null) return undefined;
  const tools = needList(value, 'tools').flatMap((raw, i) => {
    const tool = needObject(raw, `tools[${i}]`);
    const at = `tools[${i}]`;
    if (tool['type'] === 'namespace') return decodeNamespace(tool, at);
    return [decodeTool(tool, at), ...unknownToolFields(tool, 'responses', at)];
  });
  refuseUnknownTools(tools, allowed);
  return allowedOf(tools, allowed);
}

/** Which tools may and must be used. @throws GatewayError bad_request naming the field */
export function decodeToolChoice(value: unknown): DecodedChoice {
  if (value === undefined || value === null) return { native: {} };
  if (value === 'auto' || value === 'none' || value === 'required') return { choice: { type: value }, native: {} };
  const choice = needObject(value, 'tool_choice');
  switch (choice['type']) {
    case 'function':
    case 'custom': {
      const name = needText(choice['name'] ?? objectOr(choice['function'])['name'], 'tool_choice.name');
      return { choice: { type: 'named', name: fullName(choice['namespace'], name) }, native: {} };
    }
    case 'allowed_tools': {
      const mode = choice['mode'];
      if (mode !== 'auto' && mode !== 'required') wrong('tool_choice.mode', '"auto" or "required"');
      const allowed = decodeAllowedTools(choice['tools'], 'tool_choice.tools', (name, { namespace }) =>
        fullName(namespace, name),
      );
      return { choice: { type: mode }, allowed, native: {} };
    }
    default:
      if (isSearchType(choice['type'])) return { choice: { type: 'webSearch' }, native: {} };
      return typeof choice['type'] === 'string'
        ? { native: { tool_choice: choice } }
        : wrong('tool_choice', 'auto, none, required or a named tool');
  }
}

// ---

function decodeNamespace(group: Json, at: string): AnyTool[] {
  const name = needText(group['name'], `${at}.name`);
  const description = defined({ description: optionalText(group['description'], `${at}.description`) });
  return needList(group['tools'], `${at}.tools`).map((raw, i) => {
    const tool = decodeTool(needObject(raw, `${at}.tools[${i}]`), `${at}.tools[${i}]`);
    if (!isClientTool(tool)) return { type: 'raw', format: 'responses', value: undefined, at: tool.at };
    return { ...tool, name: fullName(name, tool.name), namespace: { name, ...description, tool: tool.name } };
  });
}

function decodeTool(tool: Json, at: string): AnyTool {
  // Some clients send the spelling of chat completions (`function`) or Anthropic's (`input_schema`) to this path.
  const nested = objectOr(tool['function']);
  const fn = Object.keys(nested).length > 0 ? nested : tool;
  const type = tool['type'] ?? (isObject(tool['input_schema']) ? 'function' : undefined);
  switch (type) {
    case 'function':
      return {
        type: 'function',
        at,
        name: needText(fn['name'], `${at}.name`),
        schema: needArgsSchema(fn['parameters'] ?? fn['input_schema'], `${at}.parameters`),
        ...defined({
          description: optionalText(fn['description'], `${at}.description`),
          strict: optionalFlag(fn['strict'], `${at}.strict`),
        }),
      };
    case 'custom': {
      const format = objectOr(tool['format']);
      return {
        type: 'custom',
        at,
        name: needText(tool['name'], `${at}.name`),
        ...defined({
          description: optionalText(tool['description'], `${at}.description`),
          grammar:
            format['type'] === 'grammar'
              ? { syntax: textOr(format['syntax']), definition: textOr(format['definition']) }
              : undefined,
        }),
      };
    }
    default:
      if (isSearchType(type)) return decodeSearch(tool, at);
      return typeof type === 'string'
        ? { type: 'raw', format: 'responses', value: tool, at }
        : wrong(`${at}.type`, 'a text such as "function"');
  }
}

const searchFields = new Set(['type', 'filters', 'user_location', 'search_context_size']);

// Values that are the default's own, so that nothing is lost without them. Codex sends both fields.
const idleSearch = {
  external_web_access: (value: unknown) => value === true,
  search_content_types: (value: unknown) => Array.isArray(value) && value.every((item) => item === 'text'),
};

// Its versions take the same fields. Source: https://developers.openai.com/api/docs/guides/tools-web-search (2026-11).
function decodeSearch(tool: Json, at: string): WebSearchTool {
  const filters = objectOr(tool['filters']);
  return {
    type: 'webSearch',
    at,
    ...defined({
      allowedDomains: decodeDomains(filters['allowed_domains'], `${at}.filters.allowed_domains`),
      blockedDomains: decodeDomains(filters['blocked_domains'], `${at}.filters.blocked_domains`),
      userLocation: decodeLocation(tool['user_location'], `${at}.user_location`),
      contextSize: decodeContextSize(tool['search_context_size'], `${at}.search_context_size`),
    }),
    native: { format: 'responses', value: tool },
    others: lostNames(otherFields(tool, searchFields, idleSearch)).map((key) => `${at}.${key}`),
  };
}

interface DecodedChoice {
  readonly choice?: ToolChoice;
  /** The only tools that may be used. */
  readonly allowed?: AllowedTools;
  /** A choice without a neutral form, by its field. */
  readonly native: Record<string, unknown>;
}
