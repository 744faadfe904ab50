// Narrowing of parsed JSON, with the refusals that name the field.

import { GatewayError } from '../errors';
import type { Json } from './codec';

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

/** The fields of an object that are not in a list of known ones and carry a value. */
export function leftOver(body: Json, known: ReadonlySet<string>): string[] {
  return Object.keys(body).filter((key) => !known.has(key) && body[key] !== null && body[key] !== undefined);
}
