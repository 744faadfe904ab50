// Reading single settings of a request body, where the rest of the body is not decoded. OpenAI's are those of
// https://platform.openai.com/docs/api-reference/chat/create, "response_format" and "reasoning_effort" (2026-11).

import type { Capability } from '../../../../config/catalogue';
import type { SettingReader } from '../formatFacts';
import { isObject, optionalCount } from './json';

/** A whole number above 0; undefined for anything else, which the provider itself will refuse. */
export function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 ? value : undefined;
}

/** How many answers are asked for, where it is more than one. @throws GatewayError bad_request naming the field */
export function decodeAnswers(value: unknown, at: string): number | undefined {
  const count = optionalCount(value, at);
  return count === 1 ? undefined : count;
}

/** The first of several fields that holds a whole number above 0. */
export function firstCount(setting: SettingReader, names: readonly string[]): number | undefined {
  for (const name of names) {
    const count = countOf(setting(name));
    if (count !== undefined) return count;
  }
  return undefined;
}

/** A field of an object; undefined where the value is no object. */
export function inner(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

/** Whether an OpenAI response format asks for a JSON schema. */
export function isSchemaFormat(format: unknown): boolean {
  return inner(format, 'type') === 'json_schema';
}

/** Whether an OpenAI reasoning effort needs a model that reasons. */
export function isReasoningEffort(effort: unknown): boolean {
  return typeof effort === 'string' && effort !== 'none' && effort !== 'minimal';
}

/** The capabilities whose condition holds, in the order given. */
export function needed(conditions: readonly (readonly [Capability, boolean])[]): Capability[] {
  return conditions.flatMap(([capability, holds]) => (holds ? [capability] : []));
}
