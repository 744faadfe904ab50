// JSON schemas as a provider takes them. A keyword that the provider does not know is replaced by others of the same meaning
// where there are some, and becomes a sentence of the description, which the model reads, elsewhere.

import { GatewayError } from '../../core/errors';
import type { Json } from '../jsonObject';
import { isObject, listOr } from '../shared/json';

// Keywords of Gemini's JSON schema fields. Source: https://ai.google.dev/api/generate-content,
// "GenerationConfig.responseJsonSchema" (2026-11).
const geminiKeywords = new Set([
  'type', 'format', 'title', 'description', 'enum', 'items', 'prefixItems', 'minItems', 'maxItems', 'minimum', 'maximum', 'anyOf', 'oneOf',
  'properties', 'additionalProperties', 'required', 'propertyOrdering', '$ref', '$defs', '$id', '$anchor',
]); // prettier-ignore

// Keywords of Anthropic's structured outputs. Source:
// https://platform.claude.com/docs/en/build-with-claude/structured-outputs, "JSON Schema limitations" (2026-11).
const anthropicKeywords = new Set([
  'type', 'format', 'title', 'description', 'enum', 'const', 'items', 'anyOf', 'allOf', 'properties', 'additionalProperties', 'required',
  'default', '$ref', '$defs', 'definitions',
]); // prettier-ignore

// Keywords whose inner schemas are changed too: those that are kept, and those that become one of them.
const geminiInner = new Set([...geminiKeywords, 'allOf', 'definitions']);
const anthropicInner = new Set([...anthropicKeywords, 'oneOf']);

/** A schema in the keywords of `parametersJsonSchema` and `responseJsonSchema`. @throws GatewayError cannot_translate where it is too large */
export function schemaForGemini(schema: unknown): Json {
  const root = isObject(schema) ? schema : {};
  const clean = (schema: Record<string, unknown>): Json => {
    let out = schema;
    const { definitions, allOf, const: fixed, exclusiveMinimum, exclusiveMaximum } = out;
    remove(out, ['$schema', 'definitions', 'allOf', 'const', 'exclusiveMinimum', 'exclusiveMaximum']);
    if (isObject(definitions)) out['$defs'] = { ...definitions, ...(isObject(out['$defs']) ? out['$defs'] : {}) };
    if (typeof out['$ref'] === 'string') out['$ref'] = out['$ref'].replace('#/definitions/', '#/$defs/');
    const parts = listOr(allOf).filter(isObject);
    if (parts.length > 0) out = merged([out, ...parts.map((part) => clean({ ...part }))]);
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
    return described(within(out, geminiKeywords, notes), notes);
  };
  return mapSchema(root, clean, geminiInner);
}

/** A schema as Anthropic's output format takes it: closed objects, no bounds. @throws GatewayError cannot_translate where it is too large */
export function schemaForAnthropic(schema: unknown): Json {
  const root = isObject(schema) ? schema : {};
  return mapSchema(
    root,
    (out) => {
      const { oneOf } = out;
      remove(out, ['oneOf', '$schema']);
      if (oneOf !== undefined) out['anyOf'] = oneOf;
      const notes: string[] = [];
      if (out['type'] === 'object' || isObject(out['properties'])) out['additionalProperties'] = false;
      if (typeof out['minItems'] === 'number' && out['minItems'] <= 1) notes.push(`At least ${out['minItems']} items.`);
      return described(within(out, anthropicKeywords, notes), notes);
    },
    anthropicInner,
  );
}

// Gemini's own `Schema` has types in capitals, numbers as text and null as a flag.
// Source: https://ai.google.dev/api/generate-content, "Schema" (2026-11).
const numberKeywords = new Set([
  'minItems', 'maxItems', 'minLength', 'maxLength', 'minProperties', 'maxProperties',
]); // prettier-ignore

/** Gemini's own `Schema` as JSON schema. @throws GatewayError cannot_translate where it is too large */
export function schemaFromGemini(schema: unknown): Json {
  return mapSchema(isObject(schema) ? schema : {}, (out) => {
    const { nullable, example, propertyOrdering } = out;
    remove(out, ['nullable', 'example', 'propertyOrdering']);
    if (isObject(out['properties'])) out['properties'] = inOrder(out['properties'], listOr(propertyOrdering));
    if (typeof out['type'] === 'string') out['type'] = out['type'].toLowerCase();
    for (const key of numberKeywords) if (typeof out[key] === 'string') out[key] = Number(out[key]);
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

function remove(schema: Record<string, unknown>, names: readonly string[]): void {
  for (const name of names) if (name in schema) delete schema[name];
}

// Elsewhere the order of the properties is that in which they stand.
function inOrder(properties: Json, names: readonly unknown[]): Json {
  const known = names.filter((name): name is string => typeof name === 'string' && Object.hasOwn(properties, name));
  return Object.fromEntries(
    [...new Set([...known, ...Object.keys(properties)])].map((name) => [name, properties[name]]),
  );
}

const listKeywords = ['anyOf', 'oneOf', 'allOf', 'prefixItems', 'items'];
const mapKeywords = ['properties', '$defs', 'definitions', 'patternProperties'];
const singleKeywords = ['items', 'additionalProperties', 'not', 'if', 'then', 'else', 'contains', 'propertyNames'];

/** The most inner schemas of one schema; a reference that was followed counts again. */
const mostSchemas = 20_000;

/**
 * Applies a change to a schema and all schemas in it, the inner ones first. What stands under a keyword that is not kept
 * becomes text unchanged: a change would first put descriptions into its descriptions, which double at every level.
 * @param change gets a copy of each, which it may change
 * @param kept the keywords to look into; without, all
 * @throws GatewayError cannot_translate where it holds too many
 */
export function mapSchema(
  schema: Json,
  change: (schema: Record<string, unknown>) => Json,
  kept?: ReadonlySet<string>,
  budget = { left: mostSchemas },
): Json {
  if (--budget.left < 0)
    throw new GatewayError('cannot_translate', {
      field: 'tools',
      message: `A JSON schema holds more than ${mostSchemas} schemas once its references are followed; make it smaller.`,
    });
  const out: Record<string, unknown> = { ...schema };
  const inner = (value: unknown): unknown => (isObject(value) ? mapSchema(value, change, kept, budget) : value);
  const listsOfSchemas = kept === undefined ? listKeywords : listKeywords.filter((key) => kept.has(key));
  const singleSchemas = kept === undefined ? singleKeywords : singleKeywords.filter((key) => kept.has(key));
  const mapsOfSchemas = kept === undefined ? mapKeywords : mapKeywords.filter((key) => kept.has(key));
  for (const key of listsOfSchemas) if (Array.isArray(out[key])) out[key] = (out[key] as unknown[]).map(inner);
  for (const key of singleSchemas) if (isObject(out[key])) out[key] = inner(out[key]);
  for (const key of mapsOfSchemas) {
    const map = out[key];
    if (isObject(map)) out[key] = Object.fromEntries(Object.entries(map).map(([name, value]) => [name, inner(value)]));
  }
  return change(out);
}

/** Whether a condition holds for a schema and all schemas in it. */
export function everySchema(schema: Json, holds: (schema: Json) => boolean): boolean {
  let all = true;
  mapSchema(schema, (inner) => {
    all &&= holds(inner);
    return inner;
  });
  return all;
}

function within(schema: Json, keywords: ReadonlySet<string>, notes: string[]): Json {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (keywords.has(key)) out[key] = value;
    else if (!key.startsWith('x-') && !silentKeywords.has(key)) notes.push(noteOf(key, value));
  }
  return out;
}

/** The most characters of a keyword's value that a description repeats. */
const longestNote = 400;

/** A keyword and its value as a sentence of the description. */
export function noteOf(key: string, value: unknown): string {
  const text = JSON.stringify(value);
  return `${key}: ${text.length > longestNote ? `${text.slice(0, longestNote)}…` : text}.`;
}

// Keywords that do not restrict values.
const silentKeywords = new Set([
  '$schema',
  '$comment',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  'example',
  'strict',
]);

/** The schema with sentences added to its description. */
export function described(schema: Json, notes: readonly string[]): Json {
  if (notes.length === 0) return schema;
  const before = typeof schema['description'] === 'string' ? `${schema['description']} ` : '';
  return { ...schema, description: `${before}${notes.join(' ')}` };
}

/** The schema with what is said of it elsewhere, where the target has no place for that; its own words come first. */
export function withDescription(schema: Json, about: string | undefined): Json {
  return about === undefined || schema['description'] === about ? schema : described(schema, [about]);
}

/** Several schemas of one object as one. Of a keyword in several the first one's value holds, of a property the last. */
export function merged(schemas: readonly Json[]): Record<string, unknown> {
  const properties: Record<string, unknown> = {};
  const all: Record<string, unknown> = {};
  for (const schema of schemas) if (isObject(schema['properties'])) Object.assign(properties, schema['properties']);
  for (const schema of schemas.toReversed()) Object.assign(all, schema);
  const required = [...new Set(schemas.flatMap((schema) => listOr(schema['required'])))];
  return {
    ...all,
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    ...(required.length > 0 ? { required } : {}),
  };
}
