// A plausible value for a JSON schema, its strings and numbers taken from what the user said.
import type { Json } from './wire';
import { isJson } from './wire';

/** A value that the schema accepts. The same schema and prompt always give the same value. */
export function example(schema: unknown, prompt: string): unknown {
  return valueOf(schema, { root: schema, strings: stringsIn(prompt), numbers: numbersIn(prompt), prompt, depth: 0 });
}

// ---

interface Source {
  root: unknown;
  /** taken from the front, the last one stays */
  strings: string[];
  numbers: number[];
  prompt: string;
  depth: number;
}

const DEEPEST = 8;

function valueOf(raw: unknown, source: Source): unknown {
  const schema = resolve(raw, source);
  if ('const' in schema) return schema.const;
  if (Array.isArray(schema.enum)) return chooseFrom(schema.enum, source.prompt);
  const options = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(options))
    return valueOf(
      options.find((option) => typeName(option) !== 'null'),
      source,
    );
  if (Array.isArray(schema.allOf)) return valueOf(Object.assign({}, ...(schema.allOf as Json[])), source);
  if ('default' in schema) return schema.default;
  switch (typeName(schema)) {
    case 'string':
      return stringFor(schema, source);
    case 'integer':
    case 'number':
      return numberFor(schema, source);
    case 'boolean':
      return true;
    case 'array':
      return arrayFor(schema, source);
    case 'null':
      return null;
    default:
      return objectFor(schema, source);
  }
}

function resolve(schema: unknown, source: Source): Json {
  if (!isJson(schema)) return {};
  if (typeof schema.$ref !== 'string') return schema;
  const steps = schema.$ref.split('/').slice(1);
  const target = steps.reduce<unknown>((at, step) => (isJson(at) ? at[step] : undefined), source.root);
  return isJson(target) && target !== schema ? target : {};
}

/** Lower case, because Gemini's schemas say STRING; the first of several, because a type may be a list. */
function typeName(schema: unknown): string {
  if (!isJson(schema)) return 'object';
  const type: unknown = Array.isArray(schema.type) ? schema.type.find((one) => one !== 'null') : schema.type;
  return typeof type === 'string' ? type.toLowerCase() : 'object';
}

function objectFor(schema: Json, source: Source): Json {
  const value: Json = {};
  if (source.depth >= DEEPEST || !isJson(schema.properties)) return value;
  const required = Array.isArray(schema.required) ? schema.required : [];
  for (const name of required) {
    if (typeof name !== 'string') continue;
    source.depth++;
    value[name] = valueOf(schema.properties[name], source);
    source.depth--;
  }
  return value;
}

function arrayFor(schema: Json, source: Source): unknown[] {
  if (source.depth >= DEEPEST) return [];
  source.depth++;
  const length = Math.max(1, boundOf(schema.minItems) ?? 1);
  const value = Array.from({ length }, () => valueOf(schema.items, source));
  source.depth--;
  return value;
}

function stringFor(schema: Json, source: Source): string {
  const format = typeof schema.format === 'string' ? FORMATS[schema.format] : undefined;
  if (format !== undefined) return format;
  const [first = 'example'] = source.strings;
  if (source.strings.length > 1) source.strings.shift();
  const shortest = boundOf(schema.minLength) ?? 0;
  const longest = boundOf(schema.maxLength) ?? Infinity;
  return first.padEnd(shortest, '.').slice(0, longest);
}

function numberFor(schema: Json, source: Source): number {
  const lowest = boundOf(schema.minimum) ?? -Infinity;
  const highest = boundOf(schema.maximum) ?? Infinity;
  const whole = typeName(schema) === 'integer';
  const at = source.numbers.findIndex((n) => n >= lowest && n <= highest && (!whole || Number.isInteger(n)));
  if (at >= 0) return source.numbers.splice(at, 1)[0] ?? 1;
  return Math.min(highest, Math.max(lowest, 1));
}

function chooseFrom(values: readonly unknown[], prompt: string): unknown {
  const said = prompt.toLowerCase();
  return values.find((value) => typeof value === 'string' && said.includes(value.toLowerCase())) ?? values[0];
}

function boundOf(value: unknown): number | undefined {
  // Gemini's discovery document spells int64 as a string, and so do some clients.
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** Quoted words first, then names (capitals not at the start of a sentence), then the whole prompt. */
function stringsIn(prompt: string): string[] {
  const quoted = [...prompt.matchAll(/"([^"]+)"|“([^”]+)”|'([^']+)'(?!\w)/g)].map((m) => m[1] ?? m[2] ?? m[3] ?? '');
  const named = [...prompt.matchAll(/(?<=[a-z,] )\p{Lu}[\p{L}\d]*(?: \p{Lu}[\p{L}\d]*)*/gu)].map((m) => m[0]);
  return [...quoted, ...named, prompt.replace(/\s+/g, ' ').trim().slice(0, 60) || 'example'];
}

function numbersIn(prompt: string): number[] {
  return [...prompt.matchAll(/(?<![\w.])-?\d{1,9}(?:\.\d{1,6})?(?![\w])/g)].map((m) => Number(m[0]));
}

const FORMATS: Partial<Record<string, string>> = {
  date: '2026-01-31',
  time: '12:00:00Z',
  'date-time': '2026-01-31T12:00:00Z',
  duration: 'PT1H',
  email: 'someone@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  uuid: '11111111-1111-4111-8111-111111111111',
};
