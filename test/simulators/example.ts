// A plausible value for a JSON schema, its strings and numbers taken from what the user said.
import { matching } from './pattern';
import type { Json } from './wire';
import { isJson } from './wire';

/** A value that the schema accepts. The same schema and prompt always give the same value. */
export function example(schema: unknown, prompt: string): unknown {
  return valueOf(schema, { root: schema, strings: stringsIn(prompt), numbers: numbersIn(prompt), prompt, depth: 0 });
}

/** The words that a free text is made of: what was quoted, or else all that was said. */
export function stringFrom(prompt: string): string {
  return stringsIn(prompt)[0] ?? '';
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

/** Deeper than this a value ends as soon as its schema lets it: schemas may refer to themselves. */
const DEEPEST = 8;

function valueOf(raw: unknown, source: Source): unknown {
  const schema = resolve(raw, source);
  if ('const' in schema) return schema.const;
  if (Array.isArray(schema.enum)) return chooseFrom(schema.enum, source.prompt);
  if ('default' in schema) return schema.default;
  switch (typeName(schema, source)) {
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

/** The schema with its references followed, its parts laid together, and one of its alternatives taken. */
function resolve(raw: unknown, source: Source, steps = 0): Json {
  if (!isJson(raw) || steps > 20) return {};
  const { $ref, allOf, anyOf, oneOf, ...own } = raw;
  let schema = own;
  const lay = (part: unknown) => (schema = laidOver(schema, resolve(part, source, steps + 1)));
  if (typeof $ref === 'string') lay(targetOf($ref, source));
  if (Array.isArray(allOf)) allOf.forEach(lay);
  const options = anyOf ?? oneOf;
  if (Array.isArray(options)) {
    const ends = (option: unknown) => typeName(option, source) === 'null';
    const deep = source.depth >= DEEPEST ? options.find(ends) : undefined;
    lay(deep ?? options.find((option) => !ends(option)) ?? options[0]);
  }
  return schema;
}

function laidOver(under: Json, over: Json): Json {
  const both = { ...under, ...over };
  if (isJson(under.properties) && isJson(over.properties))
    both.properties = { ...under.properties, ...over.properties };
  if (Array.isArray(under.required) && Array.isArray(over.required)) {
    both.required = [...new Set<unknown>([...(under.required as unknown[]), ...(over.required as unknown[])])];
  }
  return both;
}

function targetOf(reference: string, source: Source): unknown {
  const steps = reference.split('/').slice(1);
  const plain = (step: string) => decodeURIComponent(step).replace(/~1/g, '/').replace(/~0/g, '~');
  return steps.reduce<unknown>((at, step) => (isJson(at) ? at[plain(step)] : undefined), source.root);
}

/** Lower case, because Gemini's schemas say STRING; the first of several, because a type may be a list. */
function typeName(schema: unknown, source: Source): string {
  if (!isJson(schema)) return 'object';
  const types = [schema.type].flat().filter((one) => typeof one === 'string');
  const deep = source.depth >= DEEPEST && types.includes('null');
  const type = deep ? 'null' : (types.find((one) => one !== 'null') ?? types[0]);
  if (type !== undefined) return type.toLowerCase();
  if ('items' in schema || 'prefixItems' in schema) return 'array';
  if ('pattern' in schema || 'minLength' in schema || 'maxLength' in schema) return 'string';
  return 'minimum' in schema || 'maximum' in schema ? 'number' : 'object';
}

function objectFor(schema: Json, source: Source): Json {
  const value: Json = {};
  const properties = isJson(schema.properties) ? schema.properties : {};
  const required: unknown[] = Array.isArray(schema.required) ? schema.required : [];
  if (source.depth >= 2 * DEEPEST) return value;
  const names = required.filter((name) => typeof name === 'string');
  const fewest = boundOf(schema.minProperties) ?? 0;
  for (const name of Object.keys(properties)) if (names.length < fewest && !names.includes(name)) names.push(name);
  source.depth++;
  for (const name of names) value[name] = valueOf(properties[name], source);
  source.depth--;
  return value;
}

function arrayFor(schema: Json, source: Source): unknown[] {
  const fewest = boundOf(schema.minItems) ?? 0;
  const first: unknown[] = Array.isArray(schema.prefixItems) ? schema.prefixItems : [];
  if (source.depth >= DEEPEST && fewest === 0) return [];
  const length = Math.min(Math.max(1, fewest, first.length), boundOf(schema.maxItems) ?? Infinity);
  source.depth++;
  const value = Array.from({ length }, (_, n) => {
    const item = valueOf(first[n] ?? schema.items, source);
    return n > 0 && schema.uniqueItems === true ? apart(item, n, resolve(schema.items, source)) : item;
  });
  source.depth--;
  return value;
}

/** The same item again, changed so that it differs from the ones before. */
function apart(item: unknown, n: number, schema: Json): unknown {
  if (Array.isArray(schema.enum)) return schema.enum[n % schema.enum.length];
  if (typeof item === 'number') return item + n * (boundOf(schema.multipleOf) ?? 1);
  return typeof item === 'string' ? `${item} ${n + 1}` : item;
}

function stringFor(schema: Json, source: Source): string {
  const format = typeof schema.format === 'string' ? FORMATS[schema.format] : undefined;
  if (format !== undefined) return format;
  const [first = 'example'] = source.strings;
  if (source.strings.length > 1) source.strings.shift();
  const shortest = boundOf(schema.minLength) ?? 0;
  const longest = boundOf(schema.maxLength) ?? Infinity;
  const said = first.padEnd(shortest, '.').slice(0, longest);
  if (typeof schema.pattern !== 'string' || new RegExp(schema.pattern, 'u').test(said)) return said;
  return matching(schema.pattern);
}

function numberFor(schema: Json, source: Source): number {
  const whole = typeName(schema, source) === 'integer';
  const step = boundOf(schema.multipleOf) ?? (whole ? 1 : undefined);
  const above = boundOf(schema.exclusiveMinimum);
  const below = boundOf(schema.exclusiveMaximum);
  const nudge = step ?? (above !== undefined && below !== undefined ? (below - above) / 2 : 1);
  const lowest = boundOf(schema.minimum) ?? (above === undefined ? -Infinity : above + nudge);
  const highest = boundOf(schema.maximum) ?? (below === undefined ? Infinity : below - nudge);
  const fits = (n: number) => n >= lowest && n <= highest && (step === undefined || Number.isInteger(n / step));
  const at = source.numbers.findIndex(fits);
  if (at >= 0) return source.numbers.splice(at, 1)[0] ?? 1;
  const near = Math.min(highest, Math.max(lowest, 1));
  if (step === undefined) return near;
  const up = Math.ceil(near / step) * step;
  return up <= highest ? up : Math.floor(near / step) * step;
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
