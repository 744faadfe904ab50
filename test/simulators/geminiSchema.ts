// Google's own Schema, which is not JSON Schema: `const`, `additionalProperties`, `$ref` and their like are unknown to it.
import { camel, collect, names, type Unknown } from './geminiNames';
import { complaint, googleInvalid } from './geminiRefusals';
import { isJson, shown } from './wire';

/** Gathers the names in a schema that Google does not know. */
export function collectSchema(schema: unknown, at: string, unknown: Unknown): void {
  if (!isJson(schema)) return;
  const named = camel(schema);
  collect(named, SCHEMA, at, unknown);
  if (Array.isArray(named.type)) throw googleInvalid(notRepeating(at));
  collectSchema(named.items, `${at}.items`, unknown);
  if (Array.isArray(named.anyOf)) named.anyOf.forEach((one, n) => collectSchema(one, `${at}.any_of[${n}]`, unknown));
  if (!isJson(named.properties)) return;
  Object.values(named.properties).forEach((one, n) => collectSchema(one, `${at}.properties[${n}].value`, unknown));
}

/** Refuses what has the right names and makes no sense. */
export function refuseBadSchema(raw: unknown, at: string): void {
  if (!isJson(raw)) return;
  const schema = camel(raw);
  const type = schema.type === undefined ? '' : shown(schema.type).toUpperCase();
  if (type !== '' && !TYPES.has(type)) {
    const proto = 'type.googleapis.com/google.ai.generativelanguage.v1beta.Type';
    throw googleInvalid(`Invalid value at '${at}.type' (${proto}), ${JSON.stringify(schema.type)}`);
  }
  const properties = isJson(schema.properties) ? schema.properties : {};
  if (type === 'ARRAY' && schema.items === undefined) throw complaint(`${at}.items`, 'missing field.');
  if (Array.isArray(schema.enum) && type !== '' && type !== 'STRING')
    throw complaint(`${at}.enum`, 'only allowed for STRING type');
  if (Array.isArray(schema.enum) && schema.enum.includes('')) {
    throw complaint(`${at}.enum[${schema.enum.indexOf('')}]`, 'cannot be empty');
  }
  if (type === 'STRING' && schema.format !== undefined && schema.format !== 'enum' && schema.format !== 'date-time') {
    throw complaint(`${at}.format`, "only 'enum' and 'date-time' are supported for STRING type");
  }
  const required: unknown[] = Array.isArray(schema.required) ? schema.required : [];
  const stray = required.findIndex((name) => !Object.hasOwn(properties, shown(name)));
  if (stray >= 0 && !Array.isArray(schema.anyOf))
    throw complaint(`${at}.required[${stray}]`, 'property is not defined');
  refuseBadSchema(schema.items, `${at}.items`);
  if (Array.isArray(schema.anyOf)) schema.anyOf.forEach((one, n) => refuseBadSchema(one, `${at}.any_of[${n}]`));
  for (const [name, one] of Object.entries(properties)) refuseBadSchema(one, `${at}.properties[${name}]`);
}

// ---

const SCHEMA = names(
  'anyOf default description enum example format items maxItems maxLength maxProperties maximum minItems minLength ' +
    'minProperties minimum nullable pattern properties propertyOrdering required title type',
);
const TYPES = names('TYPE_UNSPECIFIED STRING NUMBER INTEGER BOOLEAN ARRAY OBJECT NULL');

function notRepeating(at: string): string {
  return `Invalid JSON payload received. Unknown name "type" at '${at}': Proto field is not repeating, cannot start list.`;
}
