// Decodes the tools of a generateContent request, and which of them to use. Source:
// https://ai.google.dev/gemini-api/docs/function-calling#function_calling_mode (2026-11).

import type { Json } from '../jsonObject';
import type { AnyTool, ToolChoice, WebSearchTool } from '../neutral';
import { schemaFromGemini } from '../schema/jsonSchema';
import { needArgsSchema } from '../schema/toolSchema';
import { defined, isObject, needList, needObject, needText, noFields, objectOr, optionalText, optionalTexts, lostNames, otherFields, textOr, wrong } from '../shared/json'; // prettier-ignore
import { decodeDomains } from '../shared/webSearch';
import { camelKeys } from './camelKeys';

/** The tools of a request; undefined where it names none. @throws GatewayError bad_request naming the field */
export function decodeTools(value: unknown): AnyTool[] | undefined {
  if (value === undefined || value === null) return undefined;
  const list = isObject(value) ? [value] : needList(value, 'tools');
  return list.flatMap((raw, i): AnyTool[] => {
    const tool = camelKeys(needObject(raw, `tools[${i}]`));
    return Object.entries(tool).flatMap(([kind, content]): AnyTool[] => {
      const at = `tools[${i}].${kind}`;
      if (kind === 'googleSearch') return [decodeSearch(camelKeys(objectOr(content)), at)];
      if (kind !== 'functionDeclarations') return [{ type: 'raw', format: 'generate', value: { [kind]: content }, at }];
      return needList(content, at).flatMap((item, j) => {
        const declaration = camelKeys(needObject(item, `${at}[${j}]`));
        return [decodeFunction(declaration, `${at}[${j}]`), ...unknownFields(declaration, `${at}[${j}]`)];
      });
    });
  });
}

/** What a tool configuration asks for. */
export interface DecodedToolConfig {
  readonly choice?: ToolChoice;
  /** The names of the functions that may be called; absent where it is all. */
  readonly allowed?: ReadonlySet<string>;
  readonly native: Record<string, unknown>;
}

/**
 * The choice of a tool, and what else the tool configuration holds by its path.
 * @throws GatewayError bad_request naming the field
 */
export function decodeToolConfig(value: unknown): DecodedToolConfig {
  const toolConfig = camelKeys(objectOr(value));
  const { functionCallingConfig } = toolConfig;
  const native = noFields();
  for (const [key, other] of Object.entries(toolConfig))
    if (key !== 'functionCallingConfig') native[`toolConfig.${key}`] = other;
  if (functionCallingConfig === undefined || functionCallingConfig === null) return { native };
  const at = 'toolConfig.functionCallingConfig';
  const config = camelKeys(needObject(functionCallingConfig, at));
  const names = optionalTexts(config['allowedFunctionNames'], `${at}.allowedFunctionNames`) ?? [];
  const allowed = names.length === 0 ? undefined : new Set(names);
  const mode = textOr(config['mode'], 'AUTO').toUpperCase();
  switch (mode) {
    case 'VALIDATED':
      return { choice: { type: 'auto' }, native, ...defined({ allowed }) };
    case 'AUTO':
    case 'MODE_UNSPECIFIED':
      return { choice: { type: 'auto' }, native };
    case 'NONE':
      return { choice: { type: 'none' }, native };
    case 'ANY': {
      const [name] = names;
      if (names.length === 1 && name !== undefined) return { choice: { type: 'named', name }, native };
      return { choice: { type: 'required' }, native, ...defined({ allowed }) };
    }
    default:
      return wrong(`${at}.mode`, 'one of AUTO, ANY, NONE, VALIDATED');
  }
}

// ---

const declarationFields = new Set(['name', 'description', 'parameters', 'parametersJsonSchema']);
const idleFields = { behavior: (value: unknown) => value === 'BLOCKING' || value === 'UNSPECIFIED' };

// What a function answers with, and whether the model waits for it, has no place elsewhere.
function unknownFields(declaration: Json, at: string): AnyTool[] {
  return lostNames(otherFields(declaration, declarationFields, idleFields)).map((key) => ({
    type: 'raw',
    format: 'generate',
    value: undefined,
    at: `${at}.${key}`,
  }));
}

const searchFields = new Set(['excludeDomains']);

// Its fields (`timeRangeFilter`, `searchTypes`, and Vertex AI's `excludeDomains`) have no counterpart but the last.
// Source: https://ai.google.dev/api/caching#GoogleSearch (2026-11).
function decodeSearch(content: Json, at: string): WebSearchTool {
  return {
    type: 'webSearch',
    at,
    ...defined({ blockedDomains: decodeDomains(content['excludeDomains'], `${at}.excludeDomains`) }),
    native: { format: 'generate', value: { googleSearch: content } },
    others: lostNames(otherFields(content, searchFields)).map((key) => `${at}.${key}`),
  };
}

function decodeFunction(declaration: Json, at: string): AnyTool {
  const jsonSchema = declaration['parametersJsonSchema'] ?? undefined;
  const geminiSchema = declaration['parameters'] ?? undefined;
  const schema =
    jsonSchema !== undefined
      ? needArgsSchema(jsonSchema, `${at}.parametersJsonSchema`)
      : needArgsSchema(
          geminiSchema && schemaFromGemini(needObject(geminiSchema, `${at}.parameters`)),
          `${at}.parameters`,
        );
  return {
    type: 'function',
    at,
    name: needText(declaration['name'], `${at}.name`),
    schema: Object.keys(schema).length === 0 ? { type: 'object', properties: {} } : schema,
    ...defined({ description: optionalText(declaration['description'], `${at}.description`) }),
  };
}
