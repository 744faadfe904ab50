// JSON schemas as a provider takes them. Meaning is kept: what can be said in the provider's words is said so, and what
// cannot becomes a sentence of the description, which the model reads.

import type { Json } from './codec';
import { isObject, listOr } from './json';

// Keywords of Gemini's JSON schema fields. Source: Gemini API reference, "GenerationConfig.responseJsonSchema".
const geminiWords = new Set([
  'type', 'format', 'title', 'description', 'enum', 'items', 'prefixItems', 'minItems', 'maxItems', 'minimum', 'maximum', 'anyOf', 'oneOf',
  'properties', 'additionalProperties', 'required', 'propertyOrdering', '$ref', '$defs', '$id', '$anchor',
]); // prettier-ignore

// Keywords of Anthropic's structured outputs. Source: Anthropic, "Structured outputs: JSON Schema limitations".
const anthropicWords = new Set([
  'type', 'format', 'title', 'description', 'enum', 'const', 'items', 'anyOf', 'allOf', 'properties', 'additionalProperties', 'required',
  'default', '$ref', '$defs', 'definitions',
]); // prettier-ignore

/** A schema in the words of `parametersJsonSchema` and `responseJsonSchema`. */
export function schemaForGemini(schema: unknown): Json {
  const root = isObject(schema) ? schema : {};
  const clean = (value: Json): Json => {
    const { $schema: _schema, definitions, allOf, const: fixed, exclusiveMinimum, exclusiveMaximum, ...kept } = value;
    let out: Record<string, unknown> = { ...kept };
    if (isObject(definitions)) out['$defs'] = { ...definitions, ...(isObject(out['$defs']) ? out['$defs'] : {}) };
    if (typeof out['$ref'] === 'string') out['$ref'] = out['$ref'].replace('#/definitions/', '#/$defs/');
    for (const part of listOr(allOf)) if (isObject(part)) out = merged(out, clean(part));
    if (fixed !== undefined) out['enum'] = [fixed];
    const notes: string[] = [];
    const whole = out['type'] === 'integer';
    if (typeof exclusiveMinimum === 'number') {
      if (whole) out['minimum'] = exclusiveMinimum + 1;
      else notes.push(`Must be above ${exclusiveMinimum}.`);
    }
    if (typeof exclusiveMaximum === 'number') {
      if (whole) out['maximum'] = exclusiveMaximum - 1;
      else notes.push(`Must be below ${exclusiveMaximum}.`);
    }
    return described(within(out, geminiWords, notes), notes);
  };
  return mapSchema(root, clean);
}

/** A schema as Anthropic's output format takes it: closed objects, no bounds. */
export function schemaForAnthropic(schema: unknown): Json {
  const root = isObject(schema) ? schema : {};
  return mapSchema(root, (value) => {
    const { oneOf, $schema: _schema, ...kept } = value;
    const out: Record<string, unknown> = { ...kept };
    if (oneOf !== undefined) out['anyOf'] = oneOf;
    const notes: string[] = [];
    if (out['type'] === 'object' || isObject(out['properties'])) out['additionalProperties'] = false;
    if (typeof out['minItems'] === 'number' && out['minItems'] <= 1) notes.push(`At least ${out['minItems']} items.`);
    return described(within(out, anthropicWords, notes), notes);
  });
}

// Gemini's own Schema type writes types in capitals, numbers as text and null apart.
const numberWords = new Set([
  'minItems', 'maxItems', 'minLength', 'maxLength', 'minProperties', 'maxProperties',
]); // prettier-ignore

/** Gemini's own `Schema` as JSON schema. */
export function schemaFromGemini(schema: unknown): Json {
  return mapSchema(isObject(schema) ? schema : {}, (value) => {
    const { nullable, example, propertyOrdering: _order, ...kept } = value;
    const out: Record<string, unknown> = { ...kept };
    if (typeof out['type'] === 'string') out['type'] = out['type'].toLowerCase();
    for (const word of numberWords) if (typeof out[word] === 'string') out[word] = Number(out[word]);
    if (nullable === true && typeof out['type'] === 'string') {
      out['type'] = [out['type'], 'null'];
      if (Array.isArray(out['enum']) && !out['enum'].includes(null))
        out['enum'] = [...(out['enum'] as unknown[]), null];
    }
    if (example !== undefined) out['examples'] = [example];
    return out;
  });
}

// ---

const listsOfSchemas = ['anyOf', 'oneOf', 'allOf', 'prefixItems'];
const mapsOfSchemas = ['properties', '$defs', 'definitions', 'patternProperties'];
const singleSchemas = ['items', 'additionalProperties', 'not', 'if', 'then', 'else', 'contains', 'propertyNames'];

// Applies a change to a schema and all schemas in it, the inner ones first.
function mapSchema(schema: Json, change: (schema: Json) => Json): Json {
  const out: Record<string, unknown> = { ...schema };
  const inner = (value: unknown): unknown => (isObject(value) ? mapSchema(value, change) : value);
  for (const key of listsOfSchemas) if (Array.isArray(out[key])) out[key] = (out[key] as unknown[]).map(inner);
  for (const key of singleSchemas) if (isObject(out[key])) out[key] = inner(out[key]);
  for (const key of mapsOfSchemas) {
    const map = out[key];
    if (isObject(map)) out[key] = Object.fromEntries(Object.entries(map).map(([name, value]) => [name, inner(value)]));
  }
  return change(out);
}

/** Whether something holds for a schema and all schemas in it. */
export function everySchema(schema: Json, holds: (schema: Json) => boolean): boolean {
  let all = true;
  mapSchema(schema, (inner) => {
    all &&= holds(inner);
    return inner;
  });
  return all;
}

function within(schema: Json, words: ReadonlySet<string>, notes: string[]): Json {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (words.has(key)) out[key] = value;
    else if (!key.startsWith('x-') && !silentWords.has(key)) notes.push(`${key}: ${JSON.stringify(value)}.`);
  }
  return out;
}

// They say nothing about which values are right.
const silentWords = new Set([
  '$schema',
  '$comment',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  'example',
  'strict',
]);

/** A schema whose description ends with these sentences. */
export function described(schema: Json, notes: readonly string[]): Json {
  if (notes.length === 0) return schema;
  const said = typeof schema['description'] === 'string' ? `${schema['description']} ` : '';
  return { ...schema, description: `${said}${notes.join(' ')}` };
}

/** What two schemas of an object say together; where both say it, the first. */
export function merged(a: Json, b: Json): Record<string, unknown> {
  const properties = {
    ...(isObject(a['properties']) ? a['properties'] : {}),
    ...(isObject(b['properties']) ? b['properties'] : {}),
  };
  const required = [...new Set([...listOr(a['required']), ...listOr(b['required'])])];
  return {
    ...b,
    ...a,
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    ...(required.length > 0 ? { required } : {}),
  };
}
