// Narrows parsed JSON: leniently for responses (`…Or`), and for requests with refusals that name the field (`need…`,
// `optional…`).

import { GatewayError } from '../../core/errors';
import { parseLoose } from '../../core/looseJson';
import type { Json } from '../jsonObject';

/** Whether a value is a JSON object, as opposed to a list or null. */
export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value, or an empty object where it is none. */
export function objectOr(value: unknown): Json {
  return isObject(value) ? value : emptyObject;
}

/** The value, or an empty list where it is none. */
export function listOr(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : emptyList;
}

// Made once: a streamed event is asked for a dozen fields that it has not.
const emptyObject: Json = Object.freeze({});
const emptyList: readonly unknown[] = Object.freeze([]);

/** The value, or another text where it is none. */
export function textOr(value: unknown, otherwise = ''): string {
  return typeof value === 'string' ? value : otherwise;
}

/** The value, or another number where it is no whole number from 0 on. */
export function countOr(value: unknown, otherwise = 0): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : otherwise;
}

/** Refuses a field. @param expected goes on after "must be". @throws GatewayError bad_request naming the field */
export function wrong(field: string, expected: string): never {
  throw new GatewayError('bad_request', { field, message: `"${field}" must be ${expected}.` });
}

/** @throws GatewayError bad_request naming the field */
export function needList(value: unknown, field: string): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : wrong(field, 'a list');
}

/** @throws GatewayError bad_request naming the field */
export function needObject(value: unknown, field: string): Json {
  return isObject(value) ? value : wrong(field, 'an object');
}

/** @throws GatewayError bad_request naming the field */
export function needText(value: unknown, field: string): string {
  return typeof value === 'string' ? value : wrong(field, 'a text');
}

/** A number; undefined where it is absent or null. @throws GatewayError bad_request naming the field */
export function optionalNumber(value: unknown, field: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'number' ? value : wrong(field, 'a number');
}

/** A whole number above 0; undefined where it is absent or null. @throws GatewayError bad_request naming the field */
export function optionalCount(value: unknown, field: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
    ? value
    : wrong(field, 'a whole number above 0');
}

/** A copy without the fields that are undefined. */
export function defined<T extends Record<string, unknown>>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** A row of a table by a name that comes from outside: `constructor` and the like, which every object has, are none. */
export function lookUp<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** The named fields of an object, in that order; absent ones stay absent. */
export function pick(object: Json, names: readonly string[]): Json {
  return Object.fromEntries(names.flatMap((name) => (object[name] === undefined ? [] : [[name, object[name]]])));
}

/** Whether a value says nothing: it is absent, null, or a list or an object without anything in it. */
export function isBlank(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value === null || value === undefined;
  for (const _key in value) return false;
  return true;
}

/**
 * The fields of several objects in one, whose names may be a client's own; those of a later one stand for an earlier one's.
 */
export function joinFields(...objects: readonly Json[]): Record<string, unknown> {
  const all = noFields();
  for (const object of objects) for (const name of Object.keys(object)) all[name] = object[name];
  return all;
}

/**
 * An object to be filled with fields whose names may be a client's own: without a prototype `__proto__` is one like any other,
 * and a thousand made-up names are no class of objects to the engine, which would take 20 ms to learn it.
 */
export function noFields(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}

/**
 * The fields of an object that are neither known, absent, null nor idle. A blank one is among them: it is put back for its own
 * format, whose provider it may tell something.
 * @param idle by field, whether a value is the default's own, so that nothing is lost without it
 */
export function otherFields(
  body: Json,
  known: ReadonlySet<string>,
  idle: Readonly<Record<string, (value: unknown) => boolean>> = {},
): Record<string, unknown> {
  const others = noFields();
  for (const [key, value] of Object.entries(body))
    if (!known.has(key) && value !== null && value !== undefined && lookUp(idle, key)?.(value) !== true)
      others[key] = value;
  return others;
}

/** The names of the fields that are lost with those that `otherFields` finds: of all but the blank ones. */
export function lostNames(fields: Json): string[] {
  return Object.keys(fields).filter((name) => !isBlank(fields[name]));
}

/** A text; undefined where it is absent or null. @throws GatewayError bad_request naming the field */
export function optionalText(value: unknown, field: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  return needText(value, field);
}

/** True or false; undefined where it is absent or null. @throws GatewayError bad_request naming the field */
export function optionalFlag(value: unknown, field: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'boolean' ? value : wrong(field, 'true or false');
}

/** A text, or a list of texts, as a list; undefined where it is absent, null or empty. @throws GatewayError bad_request */
export function optionalTexts(value: unknown, field: string): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return [value];
  const texts = needList(value, field).map((text, i) => needText(text, `${field}[${i}]`));
  return texts.length === 0 ? undefined : texts;
}

/** A number within bounds; undefined where it is absent or null. @throws GatewayError bad_request naming the field */
export function optionalWithin(value: unknown, field: string, least: number, most: number): number | undefined {
  const number = optionalNumber(value, field);
  if (number !== undefined && (number < least || number > most)) wrong(field, `between ${least} and ${most}`);
  return number;
}

/** The JSON object in an event's data; undefined where there is none, as in the comments of some hosts. */
export function parseEvent(data: string): Json | undefined {
  try {
    const value: unknown = parseLoose(data);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Objects within one another whose unknown fields are set aside by path: `generationConfig.thinkingConfig` are two. */
const deepest = 3;

/**
 * The body with fields put back that were set aside by path: `a.b` goes into the object `a`. A dot further down belongs to a
 * name: names are a client's own, and may be nothing but dots.
 */
export function restore(body: Json, fields: Readonly<Record<string, unknown>>, depth = deepest): Json {
  const out = joinFields(body);
  const within = new Map<string, Record<string, unknown>>();
  for (const [path, value] of Object.entries(fields)) {
    const dot = depth === 0 ? -1 : path.indexOf('.');
    const name = dot < 0 ? path : path.slice(0, dot);
    if (dot < 0) out[name] = value;
    else {
      if (!(name in out)) out[name] = {}; // its place among the others
      const inner = within.get(name) ?? noFields();
      inner[path.slice(dot + 1)] = value;
      within.set(name, inner);
    }
  }
  for (const [name, inner] of within) out[name] = restore(objectOr(out[name]), inner, depth - 1);
  return out;
}
