// The checks that OpenAI makes alike at all of its doors, and the words of their refusals.
import { imageType, isBase64 } from './image';
import { badRequest } from './openaiRefusals';
import { isJson, shown, typeOf, type Json, type Refusal } from './wire';

/** The body as an object, or the refusal thrown. */
export function parseBody(body: Buffer): Json {
  try {
    const request: unknown = JSON.parse(body.toString());
    if (isJson(request)) return request;
  } catch {
    // the same answer as for JSON of another kind
  }
  throw badRequest(NOT_JSON);
}

export function missing(name: string): Refusal {
  return badRequest(`Missing required parameter: '${name}'.`, name, 'missing_required_parameter');
}

export function wrongType(name: string, expected: string, value: unknown): Refusal {
  const got = /^[aio]/.test(typeOf(value)) ? `an ${typeOf(value)}` : value === null ? 'null' : `a ${typeOf(value)}`;
  return badRequest(`Invalid type for '${name}': expected ${expected}, but got ${got} instead.`, name, 'invalid_type');
}

/** A value that is not among those there are. */
export function wrongValue(name: string, value: unknown, supported: readonly string[]): Refusal {
  const quoted = supported.map((one) => `'${one}'`);
  const last = quoted.at(-1) ?? '';
  const list = quoted.length > 2 ? `${quoted.slice(0, -1).join(', ')}, and ${last}` : quoted.join(' and ');
  return badRequest(`Invalid value: '${shown(value)}'. Supported values are: ${list}.`, name, 'invalid_value');
}

export function tooLongString(name: string, longest: number, length: number): Refusal {
  const message =
    `Invalid '${name}': string too long. Expected a string with maximum length ${longest}, ` +
    `but got a string with length ${length} instead.`;
  return badRequest(message, name, 'string_above_max_length');
}

export function requiredArray(request: Json, name: string): unknown[] {
  const value = request[name];
  if (value === undefined) throw missing(name);
  if (!Array.isArray(value)) throw wrongType(name, 'an array of objects', value);
  if (value.length > 0) return value;
  const expected = 'Expected an array with minimum length 1, but got an empty array instead.';
  throw badRequest(`Invalid '${name}': empty array. ${expected}`, name, 'empty_array');
}

export function between(request: Json, name: string, lowest: number, highest: number): void {
  const value = request[name];
  if (value == null) return;
  if (typeof value !== 'number') throw wrongType(name, 'a decimal', value);
  const kind = Number.isInteger(value) ? 'integer' : 'decimal';
  const side = value < lowest ? 'below minimum' : value > highest ? 'above maximum' : undefined;
  if (!side) return;
  const bound = value < lowest ? `>= ${lowest}` : `<= ${highest}`;
  const message = `Invalid '${name}': ${kind} ${side} value. Expected a value ${bound}, but got ${value} instead.`;
  throw badRequest(
    message,
    name,
    `${kind}_${side.replace('minimum', 'min').replace('maximum', 'max').replace(' ', '_')}_value`,
  );
}

/** The name of a function or of a custom tool. */
export function toolName(name: unknown, at: string): string {
  if (name === undefined) throw missing(at);
  if (typeof name !== 'string' || !/^[a-zA-Z0-9_-]+$/.test(name)) {
    const expected = "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.";
    throw badRequest(`Invalid '${at}': string does not match pattern. ${expected}`, at, 'invalid_value');
  }
  if (name.length > 64) throw tooLongString(at, 64, name.length);
  return name;
}

/**
 * A picture's address: only data is looked at. The words of the refusals are recorded; nothing is fetched here, so the
 * only addresses that cannot be reached are those that never can be.
 */
export function refuseBadImage(url: unknown, at: string): void {
  if (typeof url !== 'string') throw wrongType(at, 'an image URL', url);
  const [, data] = /^data:[^,]*;base64,(.*)$/s.exec(url) ?? [];
  if (data !== undefined && !isBase64(data)) throw badRequest('Invalid base64 image_url.', at, 'invalid_base64');
  if (data !== undefined && imageType(data) === undefined) throw badRequest(NO_IMAGE, null, 'invalid_image_format');
  if (data === undefined && (!/^https?:\/\//.test(url) || /^https?:\/\/[^/]*\.invalid(?:[:/]|$)/.test(url))) {
    throw badRequest(`Error while downloading ${url}.`, null, 'invalid_image_url');
  }
}

/**
 * What a strict schema must be and this one is not: every object closed, and all of its properties required. `what` is
 * as OpenAI calls it, "response_format 'x'" or "function 'f'".
 */
export function refuseLooseSchema(schema: unknown, what: string, param: string, code: string): void {
  const problem = looseness(schema, []);
  if (problem) throw badRequest(`Invalid schema for ${what}: ${problem}`, param, code);
}

// ---

const NOT_JSON =
  "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library " +
  'correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble figuring ' +
  'out how to fix this, please contact us through our help center at help.openai.com.)';

const NO_IMAGE =
  'You uploaded an unsupported image. Please make sure your image has of one the following formats: ' +
  "['png', 'jpeg', 'gif', 'webp'].";

function looseness(schema: unknown, path: readonly string[]): string | undefined {
  if (!isJson(schema)) return undefined;
  const context = `In context=(${path.map((step) => `'${step}'`).join(', ')}${path.length === 1 ? ',' : ''})`;
  if (isJson(schema.properties) || schema.type === 'object') {
    if (schema.additionalProperties !== false)
      return `${context}, 'additionalProperties' is required to be supplied and to be false.`;
    const required: unknown[] = Array.isArray(schema.required) ? schema.required : [];
    const left = Object.keys(schema.properties ?? {}).find((name) => !required.includes(name));
    const must = "'required' is required to be supplied and to be an array including every key in properties.";
    if (left !== undefined) return `${context}, ${must} Missing '${left}'.`;
  }
  const inside: [string[], unknown][] = [
    [['items'], schema.items],
    ...['properties', '$defs'].flatMap((name) => {
      const parts = schema[name];
      return isJson(parts) ? Object.entries(parts).map(([key, one]): [string[], unknown] => [[name, key], one]) : [];
    }),
    ...(Array.isArray(schema.anyOf) ? schema.anyOf : []).map((one: unknown, n): [string[], unknown] => [
      ['anyOf', String(n)],
      one,
    ]),
  ];
  for (const [steps, one] of inside) {
    const problem = looseness(one, [...path, ...steps]);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
