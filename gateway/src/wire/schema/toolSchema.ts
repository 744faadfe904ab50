// The schema of a tool's arguments. Every provider demands an object at its root, and most refuse alternatives there
// (Anthropic: "input_schema does not support oneOf, allOf, or anyOf at the top level"; OpenAI the same, and `enum` and
// `not`). Tools of MCP servers have such schemas, and one of them would fail the whole request. Sources:
// https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview,
// https://platform.openai.com/docs/guides/function-calling (2026-11).

import type { Json } from '../jsonObject';
import { isObject, listOr, needList, needObject, needText, wrong } from '../shared/json';
import { described, everySchema, merged, noteOf } from './jsonSchema';

/**
 * A tool's schema of its arguments, checked as far as every provider checks it.
 * @throws GatewayError bad_request naming the field
 */
export function needArgsSchema(value: unknown, at: string): Json {
  if (value === undefined || value === null) return { type: 'object', properties: {} };
  const schema = needObject(value, at);
  const { type, properties, required } = schema;
  // Gemini's spelling and draft 3's stand in the schemas of some MCP servers; they are repaired later.
  const spelt = typeof type === 'string' ? type.toLowerCase() : type;
  const isObjectType =
    spelt === undefined || spelt === 'object' || spelt === 'any' || (Array.isArray(type) && type.includes('object'));
  if (!isObjectType) wrong(`${at}.type`, '"object"');
  if (properties !== undefined && properties !== null) needObject(properties, `${at}.properties`);
  if (required !== undefined && required !== null)
    needList(required, `${at}.required`).forEach((name, i) => needText(name, `${at}.required[${i}]`));
  return schema;
}

/**
 * The schema with a plain object at its root. Alternatives there become one object that has the properties of all of them,
 * requires what all require, and names the rest in its description. The tool itself still checks its arguments.
 */
export function argsSchema(schema: unknown): Json {
  if (!isObject(schema) || Object.keys(schema).length === 0) return { type: 'object', properties: {} };
  const root = flat(schema, { root: schema, left: mostReferences });
  return root['type'] === 'object' ? root : { ...root, type: 'object' };
}

/**
 * Whether OpenAI takes a schema as strict: every object closed, all of its properties required. Source:
 * https://platform.openai.com/docs/guides/structured-outputs, "Supported schemas" (2026-11).
 */
export function isStrictForOpenai(schema: Json): boolean {
  return everySchema(schema, (inner) => {
    if (inner['type'] !== 'object' && !isObject(inner['properties'])) return true;
    const names = Object.keys(isObject(inner['properties']) ? inner['properties'] : {});
    const required = listOr(inner['required']);
    return inner['additionalProperties'] === false && names.every((name) => required.includes(name));
  });
}

// ---

/** The most alternatives that a description lists. */
const mostForms = 40;
/** The most references that are followed for one schema: they may form circles. */
const mostReferences = 64;

interface References {
  readonly root: Json;
  /** How many more are followed. */
  left: number;
}

function flat(schema: Json, references: References): Json {
  const { $ref, allOf, anyOf, oneOf, not, enum: values, const: value, ...plain } = schema;
  const target = pointedAt($ref, references);
  let out: Json = target === undefined && $ref !== undefined ? { ...plain, $ref } : plain;
  const inner = (part: Json) => flat(part, references);
  const parts = listOr(allOf).filter(isObject).map(inner);
  if (target !== undefined || parts.length > 0)
    out = merged([out, ...(target === undefined ? [] : [inner(target)]), ...parts]);
  const notes: string[] = [];
  for (const [alternatives, quantity] of [
    [anyOf, 'At least one'],
    [oneOf, 'Exactly one'],
  ] as const) {
    const forms = listOr(alternatives).filter(isObject).map(inner).filter(mayBeObject);
    if (forms.length === 0) continue;
    const common = commonOf(forms);
    const listed = forms.slice(0, mostForms).map((form) => describeForm(form, common));
    const more = forms.length > mostForms ? `; and ${forms.length - mostForms} others` : '';
    if (forms.length > 1 && listed.every((text) => text !== ''))
      notes.push(`${quantity} of these is given: ${listed.join('; ')}${more}.`);
    out = united(out, forms, common);
  }
  for (const [keyword, given] of Object.entries({ not, enum: values, const: value }))
    if (given !== undefined) notes.push(noteOf(keyword, given));
  return described(out, notes);
}

function pointedAt(ref: unknown, references: References): Json | undefined {
  if (typeof ref !== 'string' || !ref.startsWith('#/') || references.left-- <= 0) return undefined;
  let found: unknown = references.root;
  for (const step of ref.slice(2).split('/'))
    found = isObject(found) ? found[step.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
  return isObject(found) ? found : undefined;
}

function mayBeObject({ type }: Json): boolean {
  return type === undefined || type === 'object' || (Array.isArray(type) && type.includes('object'));
}

function fieldsOf(schema: Json): Json {
  return isObject(schema['properties']) ? schema['properties'] : {};
}

// One object for several alternatives. A property that the root has stays as it is there; one with different schemas in
// the alternatives takes any of them.
function united(root: Json, forms: readonly Json[], common: ReadonlySet<unknown>): Json {
  const properties: Record<string, unknown> = { ...fieldsOf(root) };
  const found = new Map<string, unknown[]>();
  for (const [name, schema] of forms.flatMap((form) => Object.entries(fieldsOf(form)))) {
    const schemas = found.get(name);
    if (schemas === undefined) found.set(name, [schema]);
    else schemas.push(schema);
  }
  for (const [name, schemas] of found) if (!(name in properties)) properties[name] = anyOfThese(schemas);
  const required = [...new Set([...listOr(root['required']), ...common])];
  const closed = forms.every((form) => form['additionalProperties'] === false);
  return {
    ...(closed ? { additionalProperties: false } : {}),
    ...root,
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    ...(required.length > 0 ? { required } : {}),
  };
}

// The names that every alternative requires.
function commonOf(forms: readonly Json[]): ReadonlySet<unknown> {
  const times = new Map<unknown, number>();
  for (const form of forms)
    for (const name of new Set(listOr(form['required']))) times.set(name, (times.get(name) ?? 0) + 1);
  return new Set([...times].filter(([, count]) => count === forms.length).map(([name]) => name));
}

function anyOfThese(schemas: readonly unknown[]): unknown {
  if (schemas.length === 1) return schemas[0];
  const distinct = [...new Map(schemas.map((schema) => [JSON.stringify(schema), schema])).values()];
  if (distinct.length === 1) return distinct[0];
  const fixed = distinct.map((schema) => (isObject(schema) ? schema['const'] : undefined));
  const types = new Set(fixed.map((value) => typeof value));
  return types.size === 1 && types.has('string') ? { type: 'string', enum: fixed } : { anyOf: distinct };
}

// What distinguishes an alternative from the others: the properties that it alone requires, and those with a fixed value.
function describeForm(form: Json, common: ReadonlySet<unknown>): string {
  const fixed = Object.entries(fieldsOf(form)).flatMap(([name, schema]) =>
    isObject(schema) && schema['const'] !== undefined ? [[name, JSON.stringify(schema['const'])] as const] : [],
  );
  const values = new Map(fixed);
  const required = listOr(form['required']).filter((name) => typeof name === 'string' && !common.has(name)) as string[];
  return [...new Set([...values.keys(), ...required])]
    .map((name) => (values.has(name) ? `${name} = ${values.get(name)}` : name))
    .join(' and ');
}
