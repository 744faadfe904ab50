// JSON schemas as a provider takes them. Meaning is kept: what can be said in the provider's words is said so, and what
// cannot becomes a sentence of the description, which the model reads.

import { GatewayError } from '../../core/errors';
import type { Json } from '../codec';
import { isObject, listOr } from '../shared/json';

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

// Words under which schemas are changed too: those that are kept, and those that become one of them.
const geminiWalk = new Set([...geminiWords, 'allOf', 'definitions']);
const anthropicWalk = new Set([...anthropicWords, 'oneOf']);

/** A schema in the words of `parametersJsonSchema` and `responseJsonSchema`. */
export function schemaForGemini(schema: unknown): Json {
  const root = isObject(schema) ? schema : {};
  const clean = (value: Json): Json => {
    const { $schema: _schema, definitions, allOf, const: fixed, exclusiveMinimum, exclusiveMaximum, ...kept } = value;
    let out: Record<string, unknown> = { ...kept };
    if (isObject(definitions)) out['$defs'] = { ...definitions, ...(isObject(out['$defs']) ? out['$defs'] : {}) };
    if (typeof out['$ref'] === 'string') out['$ref'] = out['$ref'].replace('#/definitions/', '#/$defs/');
    const parts = listOr(allOf).filter(isObject);
    if (parts.length > 0) out = merged(out, ...parts.map(clean));
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
  return mapSchema(root, clean, geminiWalk);
}

/** A schema as Anthropic's output format takes it: closed objects, no bounds. */
export function schemaForAnthropic(schema: unknown): Json {
  const root = isObject(schema) ? schema : {};
  return mapSchema(
    root,
    (value) => {
      const { oneOf, $schema: _schema, ...kept } = value;
      const out: Record<string, unknown> = { ...kept };
      if (oneOf !== undefined) out['anyOf'] = oneOf;
      const notes: string[] = [];
      if (out['type'] === 'object' || isObject(out['properties'])) out['additionalProperties'] = false;
      if (typeof out['minItems'] === 'number' && out['minItems'] <= 1) notes.push(`At least ${out['minItems']} items.`);
      return described(within(out, anthropicWords, notes), notes);
    },
    anthropicWalk,
  );
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

const listWords = ['anyOf', 'oneOf', 'allOf', 'prefixItems'];
const mapWords = ['properties', '$defs', 'definitions', 'patternProperties'];
const singleWords = ['items', 'additionalProperties', 'not', 'if', 'then', 'else', 'contains', 'propertyNames'];

/** Schemas within one schema that are changed, references followed included: they share what they point at. */
const mostSchemas = 20_000;

// Applies a change to a schema and all schemas in it, the inner ones first.
// What stands under a word that is not kept becomes text, as it was written: to change it first would print a description
// within a description, which doubles with every level.
function mapSchema(
  schema: Json,
  change: (schema: Json) => Json,
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
  const listsOfSchemas = kept === undefined ? listWords : listWords.filter((key) => kept.has(key));
  const singleSchemas = kept === undefined ? singleWords : singleWords.filter((key) => kept.has(key));
  const mapsOfSchemas = kept === undefined ? mapWords : mapWords.filter((key) => kept.has(key));
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
    else if (!key.startsWith('x-') && !silentWords.has(key)) notes.push(noteOf(key, value));
  }
  return out;
}

/** Characters of a keyword's value that a description repeats; a model makes nothing of more. */
const longestNote = 400;

/** A keyword that a provider does not know, as a sentence of the description. */
export function noteOf(key: string, value: unknown): string {
  const text = JSON.stringify(value);
  return `${key}: ${text.length > longestNote ? `${text.slice(0, longestNote)}…` : text}.`;
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

/** What schemas of an object say together; where several say it, the first, but of a field's schema the last. */
export function merged(...schemas: readonly Json[]): Record<string, unknown> {
  const properties = Object.assign({}, ...schemas.map((schema) => schema['properties']).filter(isObject)) as Json;
  const required = [...new Set(schemas.flatMap((schema) => listOr(schema['required'])))];
  return {
    ...(Object.assign({}, ...[...schemas].reverse()) as Json),
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    ...(required.length > 0 ? { required } : {}),
  };
}
