// What Google's own tools leave in an answer of a model that may call functions beside them: each call and each result is a
// part, which every later turn must repeat as it was, signature and all. In the neutral form they are opaque reasoning; what
// a search asked is told beside it. Source: https://ai.google.dev/gemini-api/docs/tool-combination (2026-11).

import type { Json } from '../jsonObject';
import type { Opaque } from '../neutral';
import { isObject, listOr, objectOr, textOr } from '../shared/json';

/** Whether a part is the call of a tool that Google has run, or its result. */
export function isHostedPart(part: Json): boolean {
  return isObject(part['toolCall']) || isObject(part['toolResponse']);
}

/** The queries of a part that is the call of a search; none for any other. Google leaves some empty. */
export function queriesOfCall(part: unknown): string[] {
  const call = objectOr(objectOr(part)['toolCall']);
  if (!/^GOOGLE_SEARCH/.test(textOr(call['toolType']))) return [];
  return listOr(objectOr(call['args'])['queries'])
    .map((query) => textOr(query))
    .filter((query) => query !== '');
}

/** Whether a part is the call of a search, or its result. */
export function isSearchPart(part: Json): boolean {
  const { toolCall, toolResponse } = part;
  return /^GOOGLE_SEARCH/.test(textOr(objectOr(toolCall ?? toolResponse)['toolType']));
}

/** Parts as what only Google understands. */
export function opaqueParts(parts: readonly Json[]): Opaque {
  return { format: 'generate', value: { parts } };
}

/** The parts in an opaque value; undefined where it is another one. */
export function hostedParts(opaque: Opaque | undefined): readonly Json[] | undefined {
  if (opaque?.format !== 'generate' || !isObject(opaque.value)) return undefined;
  const parts = opaque.value['parts'];
  return Array.isArray(parts) ? parts.filter(isObject) : undefined;
}
