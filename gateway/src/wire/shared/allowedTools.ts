// Tools of which only some may be used, as OpenAI's two formats name them. Source:
// https://platform.openai.com/docs/guides/function-calling, "allowed_tools" (2026-11).

import { type AnyTool, isClientTool } from '../neutral';
import { isObject, needList, needObject, needText, objectOr, wrong } from './json';

/** Full name of a tool that may be used → the field that names it. */
export type AllowedTools = ReadonlyMap<string, string>;

/**
 * The client's own tools that a list names; those that the provider runs have no names.
 * @param at the list's path
 * @param fullName a tool's name in the request, from the name that the list has and the entry
 * @throws GatewayError bad_request naming the field
 */
export function decodeAllowedTools(
  value: unknown,
  at: string,
  fullName: (name: string, entry: Readonly<Record<string, unknown>>) => string = (name) => name,
): AllowedTools {
  const allowed = new Map<string, string>();
  for (const [i, raw] of needList(value, at).entries()) {
    const entry = needObject(raw, `${at}[${i}]`);
    const nested = ['function', 'custom'].find((key) => isObject(entry[key]));
    if (nested === undefined && !ownTypes.has(entry['type'])) continue;
    const field = nested === undefined ? `${at}[${i}].name` : `${at}[${i}].${nested}.name`;
    const name = nested === undefined ? entry['name'] : objectOr(entry[nested])['name'];
    allowed.set(fullName(needText(name, field), entry), field);
  }
  return allowed;
}

/** Refuses a list that names a tool which is not there: without it there may be none. @throws GatewayError bad_request */
export function refuseUnknownTools(tools: readonly AnyTool[], allowed: AllowedTools | undefined): void {
  if (allowed === undefined) return;
  const names = new Set(tools.flatMap((tool) => (isClientTool(tool) ? [tool.name] : [])));
  for (const [name, field] of allowed) if (!names.has(name)) wrong(field, 'the name of one of the tools');
}

// ---

const ownTypes: ReadonlySet<unknown> = new Set([undefined, 'function', 'custom']);
