// The providers' own machine-readable API descriptions, as validators. Where a description and real traffic disagree,
// the traffic wins, and the relaxation is listed where it is used.

import Ajv2020 from 'ajv/dist/2020';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sharedPath } from './shared';

/** Says what is wrong with a value; an empty list when it is valid. */
export type Validator = (value: unknown) => string[];

interface Discovery {
  schemas: Record<string, Record<string, unknown>>;
}

/**
 * Validators by schema name. Where the descriptions are not on this machine: undefined, with a warning, and a skipped test
 * in the file that asked, so that what its other tests leave out is counted.
 */
export function specs():
  | { openai: (name: string) => Validator; anthropic: (name: string) => Validator; gemini: (name: string) => Validator }
  | undefined {
  const folder = join(sharedPath, 'specs');
  if (!existsSync(folder)) {
    console.warn(`SKIPPED: the API descriptions are not at ${folder}; set OVTH_SHARED to the folder that has them.`);
    test.skip('answers are what the API descriptions say', () => undefined);
    return undefined;
  }
  const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as object;
  const discovery = read('gemini-discovery.json') as Discovery;
  const names = new Set(Object.keys(discovery.schemas));
  return {
    openai: openApi('openai', overlapping(read('openai-openapi.json')) as object, leftOutByOpenai),
    anthropic: openApi('anthropic', read('anthropic-openapi.json'), leftOutByAnthropic),
    gemini: openApi('gemini', {
      components: {
        schemas: Object.fromEntries(
          Object.entries(discovery.schemas).map(([name, schema]) => [name, fromDiscovery(schema, names)]),
        ),
      },
    }),
  };
}

// ---

// Called required, and left out by real answers among the recordings.
const leftOutByOpenai = new Set(['logprobs', 'refusal']);
const leftOutByAnthropic = new Set([
  ...[
    'stop_details',
    'container',
    'citations',
    'caller',
    'cache_creation',
    'inference_geo',
    'server_tool_use',
    'service_tier',
  ],
  ...['output_tokens_details', 'context_management'],
]);

// Its unions are called exclusive and overlap: a recorded Responses request whose message holds a list of parts is both an
// EasyInputMessage and an InputMessage.
function overlapping(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(overlapping);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key === 'oneOf' && Array.isArray(value) ? 'anyOf' : key,
      overlapping(value),
    ]),
  );
}

function openApi(id: string, document: object, leftOut: ReadonlySet<string> = new Set()): (name: string) => Validator {
  const ajv = new Ajv2020({
    strict: false,
    validateFormats: false,
    validateSchema: false,
    discriminator: false,
    allErrors: true,
  });
  ajv.addSchema(mended(document, leftOut) as object, id);
  return (name) => {
    const validate = ajv.compile({ $ref: `${id}#/components/schemas/${name}` });
    return (value) =>
      validate(value) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message ?? ''}`);
  };
}

// OpenAPI 3.0's `nullable`, which some 3.1 documents still carry, in the words of JSON schema; and the relaxations.
function mended(schema: unknown, leftOut: ReadonlySet<string>): unknown {
  if (Array.isArray(schema)) return schema.map((item) => mended(item, leftOut));
  if (typeof schema !== 'object' || schema === null) return schema;
  const { nullable, ...rest } = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, mended(value, leftOut)]),
  ) as Record<string, unknown>;
  if (Array.isArray(rest['required'])) rest['required'] = rest['required'].filter((name) => !leftOut.has(String(name)));
  if (typeof nullable !== 'boolean') return nullable === undefined ? rest : { ...rest, nullable };
  return nullable ? { anyOf: [rest, { type: 'null' }] } : rest;
}

// Google's discovery format is JSON schema but for how it names references; unknown fields are errors here.
function fromDiscovery(schema: unknown, names: ReadonlySet<string>): unknown {
  if (typeof schema !== 'object' || schema === null) return {};
  const { $ref, type, properties, items, additionalProperties, enum: values } = schema as Record<string, unknown>;
  if (typeof $ref === 'string') return names.has($ref) ? { $ref: `#/components/schemas/${$ref}` } : {};
  return {
    ...(type === undefined || type === 'any' ? {} : { type }),
    ...(values === undefined ? {} : { enum: values }),
    ...(items === undefined ? {} : { items: fromDiscovery(items, names) }),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties as object).map(([name, inner]) => [name, fromDiscovery(inner, names)]),
          ),
          additionalProperties: false,
        }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: fromDiscovery(additionalProperties, names) }),
  };
}
