// The names of fields as a proto JSON parser sees them: camelCase or snake_case, and none that it does not know.
import type { Json } from './wire';

/** Names that a message does not have, and which message that is. */
export type Unknown = { name: string; at: string }[];

export function names(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}

/** The same object with its own names in camelCase. */
export function camel(value: Json): Json {
  const entries = Object.entries(value);
  if (entries.every(([name]) => !name.includes('_', 1))) return value;
  const rename = (name: string) =>
    name.startsWith('x_') ? name : name.replace(/(?<!^)_(\w)/g, (_, c: string) => c.toUpperCase());
  return Object.fromEntries(entries.map(([name, one]) => [rename(name), one]));
}

/** Gathers the names that are not known. Those that begin with x_ stand for fields that came after the lists. */
export function collect(value: Json, known: ReadonlySet<string>, at: string, unknown: Unknown): void {
  for (const name of Object.keys(value)) if (!known.has(name) && !name.startsWith('x_')) unknown.push({ name, at });
}
