// JSON schemas in older dialects, and with keywords of a wrong kind, in the newest. Tools of MCP servers have them, and one
// would fail the whole request: Anthropic refuses an `input_schema` that is not valid by draft 2020-12, OpenAI `items` that
// is a list. Sources: https://json-schema.org/draft/2020-12/release-notes ("items", "definitions"),
// https://json-schema.org/draft-06/json-schema-release-notes ("exclusiveMaximum and exclusiveMinimum"),
// https://json-schema.org/draft/2020-12/meta/validation (2026-11).

import type { Json } from '../jsonObject';
import { isObject, listOr } from '../shared/json';
import { described, mapSchema, noteOf } from './jsonSchema';

/** The schema as draft 2020-12 has it; itself where it is that already. @throws GatewayError cannot_translate where it is too large */
export function repairSchema(schema: Json): Json {
  return isSoundAll(schema) ? schema : mapSchema(schema, repairOne);
}

// ---

type Check = (value: unknown) => boolean;

const isNumber: Check = (value) => typeof value === 'number';
const isCount: Check = (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0;
const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const isSchema: Check = (value) => isObject(value) || typeof value === 'boolean';
const isSchemaList: Check = (value) => Array.isArray(value) && value.length > 0 && value.every(isSchema);
const isSchemaMap: Check = (value) => isObject(value) && Object.values(value).every(isSchema);
const isNameList: Check = (value) =>
  Array.isArray(value) && value.every(isText) && new Set<unknown>(value).size === value.length;
const types = new Set<unknown>(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']);
const isType: Check = (value) => types.has(value) || (isNameList(value) && listOr(value).length > 0 && listOr(value).every((type) => types.has(type))); // prettier-ignore

/** What a keyword's value must be. Source: https://json-schema.org/draft/2020-12/schema and the schemas it refers to. */
const keywords = new Map<string, Check>([
  ['type', isType],
  ['required', isNameList],
  ['enum', Array.isArray],
  ['description', isText],
  ['title', isText],
  ['format', isText],
  ['pattern', isText],
  ['minimum', isNumber],
  ['maximum', isNumber],
  ['exclusiveMinimum', isNumber],
  ['exclusiveMaximum', isNumber],
  ['multipleOf', (value) => typeof value === 'number' && value > 0],
  ['minLength', isCount],
  ['maxLength', isCount],
  ['minItems', isCount],
  ['maxItems', isCount],
  ['minProperties', isCount],
  ['maxProperties', isCount],
  ['uniqueItems', isFlag],
  ['items', isSchema],
  ['prefixItems', isSchemaList],
  ['additionalProperties', isSchema],
  ['properties', isSchemaMap],
  ['patternProperties', isSchemaMap],
  ['$defs', isSchemaMap],
  ['definitions', isSchemaMap],
  ['anyOf', isSchemaList],
  ['oneOf', isSchemaList],
  ['allOf', isSchemaList],
  ['not', isSchema],
  ['if', isSchema],
  ['then', isSchema],
  ['else', isSchema],
  ['contains', isSchema],
  ['propertyNames', isSchema],
  ['examples', Array.isArray],
  ['$schema', isText],
  ['$id', isText],
  ['$ref', isText],
]);

function repairOne(schema: Json): Json {
  if (isSound(schema)) return schema;
  const out: Record<string, unknown> = { ...schema };
  repairMaps(out);
  repairTuple(out);
  repairBounds(out);
  out['type'] = repairType(out['type']);
  if (Array.isArray(out['required'])) out['required'] = [...new Set(out['required'].filter(isText))];
  const notes: string[] = [];
  for (const [key, value] of Object.entries(out)) {
    if (value === undefined || value === null) delete out[key];
    else if (keywords.get(key)?.(value) === false) {
      delete out[key];
      notes.push(noteOf(key, value));
    }
  }
  return described(out, notes);
}

function isSound(schema: Json): boolean {
  for (const key in schema) if (keywords.get(key)?.(schema[key]) === false) return false;
  return !('additionalItems' in schema);
}

// Without a copy, because nearly every schema is sound.
function isSoundAll(schema: Json): boolean {
  if (!isSound(schema)) return false;
  for (const key in schema) {
    const value = schema[key];
    if (typeof value !== 'object' || value === null) continue;
    const check = keywords.get(key);
    if (check === isSchema) {
      if (isObject(value) && !isSoundAll(value)) return false;
    } else if (check === isSchemaList || check === isSchemaMap) {
      for (const inner of Object.values(value)) if (isObject(inner) && !isSoundAll(inner)) return false;
    }
  }
  return true;
}

// One entry that is no schema would cost all others of its map.
function repairMaps(out: Record<string, unknown>): void {
  for (const [key, check] of keywords) {
    const map = out[key];
    if (check !== isSchemaMap || !isObject(map) || isSchemaMap(map)) continue;
    const entries = Object.entries(map).map(([name, value]): [string, unknown] => {
      if (isSchema(value)) return [name, value];
      if (typeof value === 'string' && types.has(value.toLowerCase())) return [name, { type: value.toLowerCase() }];
      return [name, value === null ? {} : described({}, [noteOf(name, value)])];
    });
    out[key] = Object.fromEntries(entries);
  }
}

// A tuple's schemas stood in `items`, and that of the items after them in `additionalItems`.
function repairTuple(out: Record<string, unknown>): void {
  const { items, additionalItems } = out;
  delete out['additionalItems'];
  if (!Array.isArray(items)) return;
  delete out['items'];
  if (items.length > 0) out['prefixItems'] = items as unknown[];
  if (isSchema(additionalItems)) out['items'] = additionalItems;
}

// Draft 4's flags, beside the bound that they are about.
function repairBounds(out: Record<string, unknown>): void {
  for (const [bound, exclusive] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    if (typeof out[exclusive] !== 'boolean') continue;
    if (out[exclusive] && typeof out[bound] === 'number') {
      out[exclusive] = out[bound];
      delete out[bound];
    } else delete out[exclusive];
  }
}

// Types in capitals are Gemini's; `any` is draft 3's, and says nothing.
function repairType(type: unknown): unknown {
  if (typeof type === 'string')
    return types.has(type.toLowerCase()) ? type.toLowerCase() : type === 'any' ? undefined : type;
  if (!Array.isArray(type)) return type;
  const known = [...new Set(type.map((one: unknown) => (typeof one === 'string' ? one.toLowerCase() : one)))];
  return known.length === 0 || known.includes('any') ? undefined : known;
}
