// Narrowing of parsed JSON, with the refusals that name the field.

import { GatewayError } from '../../core/errors';
import type { Json } from '../codec';

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value as an object, or an empty one: for answers, which are read leniently. */
export function objectOr(value: unknown): Json {
  return isObject(value) ? value : {};
}

export function listOr(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOr(value: unknown, otherwise = ''): string {
  return typeof value === 'string' ? value : otherwise;
}

export function countOr(value: unknown, otherwise = 0): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : otherwise;
}

/** @throws GatewayError bad_request naming the field */
export function wrong(field: string, expected: string): never {
  throw new GatewayError('bad_request', { field, message: `"${field}" must be ${expected}.` });
}

export function needList(value: unknown, field: string): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : wrong(field, 'a list');
}

export function needObject(value: unknown, field: string): Json {
  return isObject(value) ? value : wrong(field, 'an object');
}

export function needText(value: unknown, field: string): string {
  return typeof value === 'string' ? value : wrong(field, 'a text');
}

export function optionalNumber(value: unknown, field: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'number' ? value : wrong(field, 'a number');
}

export function optionalCount(value: unknown, field: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
    ? value
    : wrong(field, 'a whole number above 0');
}

/** Parsed JSON, or an empty object when it is none: for tool arguments, which models sometimes leave unfinished. */
export function parseArgs(text: string): Json {
  if (text.trim() === '') return {};
  try {
    return objectOr(JSON.parse(text));
  } catch {
    return {};
  }
}

/** Copies only what is there: keeps absent fields absent. */
export function defined<T extends Record<string, unknown>>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/**
 * The fields of an object that are not in a list of known ones and say something.
 * @param idle values by field that say nothing: what the provider does anyway
 */
export function otherFields(
  body: Json,
  known: ReadonlySet<string>,
  idle: Readonly<Record<string, (value: unknown) => boolean>> = {},
): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(body)) {
    const value = body[key];
    if (known.has(key) || value === null || value === undefined || idle[key]?.(value) === true) continue;
    out[key] = value;
  }
  return out;
}

export function optionalText(value: unknown, field: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  return needText(value, field);
}

export function optionalFlag(value: unknown, field: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'boolean' ? value : wrong(field, 'true or false');
}

/** A text, or a list of texts, as a list. */
export function optionalTexts(value: unknown, field: string): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return [value];
  return needList(value, field).map((text, i) => needText(text, `${field}[${i}]`));
}

/** A number within bounds. */
export function optionalWithin(value: unknown, field: string, least: number, most: number): number | undefined {
  const number = optionalNumber(value, field);
  if (number !== undefined && (number < least || number > most)) wrong(field, `between ${least} and ${most}`);
  return number;
}

/** The JSON object of an event's data; undefined for what is none (comments of some hosts). */
export function parseEvent(data: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(data);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Puts fields back that were set aside under their paths: `a.b` goes into the object `a`. */
export function restore(body: Json, fields: Readonly<Record<string, unknown>>): Json {
  const out: Record<string, unknown> = { ...body };
  for (const [path, value] of Object.entries(fields)) {
    const dot = path.indexOf('.');
    if (dot < 0) out[path] = value;
    else out[path.slice(0, dot)] = restore(objectOr(out[path.slice(0, dot)]), { [path.slice(dot + 1)]: value });
  }
  return out;
}
