// How many searches Google charges for: from Gemini 3 on each query, before it the prompt that was searched for.
// Source: https://ai.google.dev/gemini-api/docs/google-search, "Pricing" (2026-11).

import { searchCount } from '../../core/usage';
import type { Json } from '../jsonObject';
import { listOr, objectOr, textOr } from '../shared/json';
import { queriesIn } from './grounding';
import { queriesOfCall } from './hostedParts';

/** Those of a response; undefined where it tells of none. */
export function searchesIn(value: Json): number | undefined {
  const asked = listOr(value['candidates']).map((raw) => {
    const { content, groundingMetadata } = objectOr(raw);
    return [...listOr(objectOr(content)['parts']).flatMap(queriesOfCall), ...queriesIn(objectOr(groundingMetadata))];
  });
  return chargedFor(asked, textOr(value['modelVersion']));
}

/**
 * Those of queries; undefined for none. A query that is told twice was made once.
 * @param asked by each candidate, which searches for itself
 */
export function chargedFor(asked: readonly (readonly string[])[], model: string): number | undefined {
  const queries = asked.reduce((sum, one) => sum + new Set(one).size, 0);
  if (queries === 0) return undefined;
  return model.startsWith('gemini-2') ? 1 : searchCount(queries);
}
