// The part of JSON Schema that Anthropic's structured outputs and strict tools can hold an answer to.
import Ajv from 'ajv/dist/2020';
import { invalidRequest } from './anthropicRefusals';
import { isJson, shown, type Json } from './wire';

/** Every object is closed, and no constraint is set that the grammar cannot keep. */
export function refuseOpenSchema(schema: unknown, at: string): void {
  if (!isJson(schema)) return;
  const type = shown([schema.type].flat().find((one) => one !== 'null') ?? (isJson(schema.properties) ? 'object' : ''));
  if (type === 'object' && schema.additionalProperties !== false) {
    throw invalidRequest(`${at}: For 'object' type, 'additionalProperties' must be explicitly set to false`);
  }
  const unsupported = (UNSUPPORTED[type] ?? []).filter((name) => name in schema);
  if (unsupported.length > 0) {
    throw invalidRequest(`${at}: For '${type}' type, properties ${unsupported.join(', ')} are not supported`);
  }
  for (const part of partsOf(schema)) refuseOpenSchema(part, at);
}

/** A schema is one of draft 2020-12, whatever it calls itself. */
export function refuseOldSchema(schema: Json, at: string): void {
  ajv ??= new Ajv({ strict: false, logger: false });
  const { $schema: _named, ...rest } = schema;
  if (ajv.validateSchema(rest) === true) return;
  throw invalidRequest(
    `${at}: JSON schema is invalid. It must match JSON Schema draft 2020-12 (https://json-schema.org/draft/2020-12). ` +
      'Learn more about tool use at https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview.',
  );
}

// ---

let ajv: Ajv | undefined;

const NUMBER = ['maximum', 'minimum', 'exclusiveMaximum', 'exclusiveMinimum', 'multipleOf'];
const UNSUPPORTED: Partial<Record<string, readonly string[]>> = {
  integer: NUMBER,
  number: NUMBER,
  string: ['maxLength', 'minLength'],
  array: ['maxItems', 'uniqueItems'],
};

function partsOf(schema: Json): unknown[] {
  const named = ['properties', '$defs', 'definitions'].flatMap((name) => {
    const parts = schema[name];
    return isJson(parts) ? Object.values(parts) : [];
  });
  const listed = ['anyOf', 'allOf'].flatMap((name) => (Array.isArray(schema[name]) ? (schema[name] as unknown[]) : []));
  return [...named, ...listed, schema.items];
}
